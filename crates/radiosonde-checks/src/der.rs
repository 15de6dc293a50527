//! As much of X.509 as it takes to know when a certificate ends.
//!
//! RFC 5280, section 4.1, in the encoding of X.690: an element is a tag, a length and that many bytes.

use std::time::{Duration, SystemTime};

/// Returns the end of a certificate's validity; none if the bytes are no certificate, or it ended before 1970.
pub(crate) fn not_after(certificate: &[u8]) -> Option<SystemTime> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (mut fields, _) = element(certificate, SEQUENCE)?;
    // The version is left out where it is the first.
    if let Some((_, rest)) = element(fields, VERSION) {
        fields = rest;
    }
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        // The serial number, how it is signed, by whom.
        (_, fields) = element(fields, tag)?;
    }
    let (validity, _) = element(fields, SEQUENCE)?;
    let (_, validity) = any_element(validity)?;
    let (tag, time, _) = tagged(validity)?;
    let text = std::str::from_utf8(time).ok()?;
    match tag {
        UTC_TIME => {
            let (year, rest) = number(text, 2)?;
            let century = if year < 50 { 2000 } else { 1900 };
            moment(century + year, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = number(text, 4)?;
            moment(year, rest)
        }
        _ => None,
    }
}

/// Reads month, day, hour, minute and second, in UTC.
fn moment(year: u64, text: &str) -> Option<SystemTime> {
    let mut parts = [0; 5];
    let mut rest = text;
    for part in &mut parts {
        (*part, rest) = number(rest, 2)?;
    }
    let [month, day, hour, minute, second] = parts;
    let is_valid = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60
        && rest == "Z"
        && year >= 1970;
    if !is_valid {
        return None;
    }
    let seconds = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// Counts days from 1970 on, in years that begin with March, so that a leap day is the last of one.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let (year, months) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days_before_month = (153 * months + 2) / 5;
    let days_before_year = year * 365 + year / 4 - year / 100 + year / 400;
    days_before_year + days_before_month + day - 1 - BEFORE_1970
}

fn number(text: &str, digits: usize) -> Option<(u64, &str)> {
    let (number, rest) = text.split_at_checked(digits)?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    Some((number.parse().ok().filter(|_| is_number)?, rest))
}

/// Returns what an element with this tag holds, and what comes after it.
fn element(bytes: &[u8], expected: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = tagged(bytes)?;
    (tag == expected).then_some((content, rest))
}

fn any_element(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, content, rest) = tagged(bytes)?;
    Some((content, rest))
}

fn tagged(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, bytes) = bytes.split_first()?;
    let (first, mut bytes) = bytes.split_first()?;
    let mut length = usize::from(*first);
    if *first >= 0x80 {
        let (digits, rest) = bytes.split_at_checked(usize::from(*first & 0x7f))?;
        if digits.is_empty() || digits.len() > 4 {
            return None;
        }
        let push = |length, digit: &u8| length << 8 | usize::from(*digit);
        length = digits.iter().fold(0, push);
        bytes = rest;
    }
    let (content, rest) = bytes.split_at_checked(length)?;
    Some((*tag, content, rest))
}

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The days from the first of March of the year 0 to the beginning of 1970.
const BEFORE_1970: u64 = 719_468;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(year: u64, rest: &str) -> Option<u64> {
        let time = moment(year, rest)?;
        Some(
            time.duration_since(SystemTime::UNIX_EPOCH)
                .unwrap()
                .as_secs(),
        )
    }

    #[test]
    fn moments_are_those_of_the_calendar() {
        assert_eq!(seconds(1970, "0101000000Z"), Some(0));
        assert_eq!(seconds(2000, "0229000000Z"), Some(951_782_400));
        assert_eq!(seconds(2026, "1128060000Z"), Some(1_795_845_600));
        assert_eq!(seconds(9999, "1231235959Z"), Some(253_402_300_799));
        for wrong in [
            "",
            "0101000000",
            "1301000000Z",
            "0132000000Z",
            "01010000+1Z",
            "0101240000Z",
        ] {
            assert_eq!(seconds(2026, wrong), None, "{wrong}");
        }
        assert_eq!(seconds(1969, "1231235959Z"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_certificate_or_not(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = not_after(&bytes);
            // The beginning of one, so that more of it is read.
            let _ = not_after(&[&[0x30, 0x82, 0x01, 0x00, 0x30, 0x81, 0x80, 0x02, 0x01, 0x01][..], &bytes].concat());
        }
    }
}
