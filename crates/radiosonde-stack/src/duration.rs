//! Durations, as Prometheus and Alertmanager write them.

use std::time::Duration;

/// Writes a duration in its largest whole unit, down to the millisecond.
pub(crate) fn written(duration: Duration) -> String {
    let millis = duration.as_millis();
    let whole = UNITS.iter().find(|(unit, _)| millis.is_multiple_of(*unit));
    match whole {
        Some((unit, letter)) if millis > 0 => format!("{}{letter}", millis / unit),
        _ => format!("{millis}ms"),
    }
}

/// Reads what Prometheus writes with one unit, such as `10m`.
pub(crate) fn read(text: &str) -> Option<Duration> {
    let (unit, _) = text.char_indices().find(|(_, c)| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let (millis, _) = UNITS.iter().find(|(_, letter)| *letter == unit)?;
    let millis = u64::try_from(*millis).ok()?;
    Some(Duration::from_millis(number.parse::<u64>().ok()? * millis))
}

const UNITS: [(u128, &str); 4] = [
    (86_400_000, "d"),
    (3_600_000, "h"),
    (60_000, "m"),
    (1_000, "s"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        for text in ["30s", "5m", "25h", "30d"] {
            assert_eq!(read(text).map(written).as_deref(), Some(text));
        }
        assert_eq!(["", "5", "m", "5x"].map(read), [None; 4]);
    }

    #[test]
    fn the_largest_whole_unit_is_taken() {
        for (seconds, expected) in [
            (0.0, "0ms"),
            (0.2, "200ms"),
            (30.0, "30s"),
            (90.0, "90s"),
            (300.0, "5m"),
            (90_000.0, "25h"),
            (2_592_000.0, "30d"),
        ] {
            assert_eq!(written(Duration::from_secs_f64(seconds)), expected);
        }
    }
}
