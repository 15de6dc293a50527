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
    let digit = DIGITS[usize::from(byte)];
    (digit < NO_DIGIT).then_some(digit)
}

/// What each byte is worth as a digit. To look is quicker than to compare, where there are thousands.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 16 {
        digits[b"0123456789abcdef"[digit as usize] as usize] = digit;
        digits[b"0123456789ABCDEF"[digit as usize] as usize] = digit;
        digit += 1;
    }
    digits
};

const NO_DIGIT: u8 = 16;

/// Reads a number of at most 16 digits, in either case.
pub(super) fn short(digits: &str) -> Option<u64> {
    number(digits)?.try_into().ok()
}
