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
