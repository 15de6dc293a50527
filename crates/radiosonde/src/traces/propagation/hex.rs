//! Numbers in hexadecimal.

/// Reads a number of at most 32 digits, in either case.
pub(super) fn number(digits: &str) -> Option<u128> {
    if digits.is_empty() || digits.len() > 32 {
        return None;
    }
    let digit = |number: u128, digit: u8| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            b'A'..=b'F' => digit - b'A' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    };
    digits.bytes().try_fold(0, digit)
}

/// Reads a number of at most 16 digits, in either case.
pub(super) fn short(digits: &str) -> Option<u64> {
    number(digits)?.try_into().ok()
}
