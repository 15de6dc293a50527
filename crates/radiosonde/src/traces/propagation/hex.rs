//! Numbers in hexadecimal.

/// Reads a number of at most 32 digits, in either case.
pub(super) fn number(digits: &str) -> Option<u128> {
    if digits.is_empty() || digits.len() > 32 {
        return None;
    }
    digits.bytes().try_fold(0, |number: u128, byte| {
        Some(number << 4 | u128::from(digit(byte)?))
    })
}

/// Reads a byte of two digits, in either case.
pub(super) fn byte(high: u8, low: u8) -> Option<u8> {
    Some(digit(high)? << 4 | digit(low)?)
}

/// Reads one digit, in either case.
fn digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ => return None,
    })
}

/// Reads a number of at most 16 digits, in either case.
pub(super) fn short(digits: &str) -> Option<u64> {
    number(digits)?.try_into().ok()
}
