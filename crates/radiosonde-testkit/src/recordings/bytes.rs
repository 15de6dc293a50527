//! From bytes to recordings.
//!
//! Bytes are taken from the front, one for each choice, so that a file of them can be written by hand: what is said, the
//! name, how many labels, their names and values, and the value. Names are mostly of [`STEMS`] and [`ENDS`], texts of
//! [`FRAGMENTS`], because bytes by chance seldom say the same twice.

use arbitrary::{Result, Unstructured};

use super::{Change, Kind, Recording};

/// What names of metrics start with.
pub const STEMS: [&str; 3] = ["wait", "jobs", "a"];

/// What names of metrics go on with: what one format or the other gives a meaning to.
pub const ENDS: [&str; 8] = [
    "", "", "_total", "_sum", "_count", "_bucket", "_created", "_seconds",
];

/// What texts are made of: labels that collide or are reserved, and what has to be escaped.
pub const FRAGMENTS: [&str; 24] = [
    "a",
    "b",
    "",
    "a.b",
    "a_b",
    "a-b",
    "le",
    "quantile",
    "__name__",
    "otel_metric_overflow",
    "2xx",
    ":",
    "größe",
    "\u{1F388}\u{202e}",
    "\"",
    "\\",
    "\n",
    "\\n",
    "},x=\"1\" 2",
    "# EOF\n",
    "\r\u{0}",
    " ",
    "_",
    "x",
];

/// Values at which numbers are spelled or counted in another way.
pub const NUMBERS: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    0.005,
    0.25,
    10.0,
    10.000_000_000_000_002,
    -1.5,
    0.1,
    1e21,
    5e-324,
    f64::MAX,
    f64::MIN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

/// Reads recordings from any bytes, 200 at most.
#[must_use]
pub fn from_bytes(bytes: &[u8]) -> Vec<Recording> {
    let mut bytes = Unstructured::new(bytes);
    let mut recordings = Vec::new();
    while !bytes.is_empty() && recordings.len() < MAX_RECORDINGS {
        // Past the end, everything is zero, so the last one is whole, too.
        recordings.extend(recording(&mut bytes));
    }
    recordings
}

fn recording(bytes: &mut Unstructured<'_>) -> Result<Recording> {
    let choice = bytes.int_in_range(0..=6_u8)?;
    let name = name(bytes)?;
    let labels = (0..bytes.int_in_range(0..=3_u8)?)
        .map(|_| Ok((text(bytes)?, text(bytes)?)))
        .collect::<Result<_>>()?;
    let change = match choice {
        0 => Change::Increment(count(bytes)?),
        1 => Change::Absolute(count(bytes)?),
        2 => Change::Set(number(bytes)?),
        3 => Change::Add(number(bytes)?),
        4 => Change::Subtract(number(bytes)?),
        5 => Change::Record(number(bytes)?),
        _ => {
            let kind = *bytes.choose(&[Kind::Counter, Kind::Gauge, Kind::Histogram])?;
            Change::Describe(kind, bytes.ratio(1, 2)?, text(bytes)?)
        }
    };
    Ok(Recording {
        name,
        labels,
        change,
    })
}

/// Takes a stem with two ends, or any text.
fn name(bytes: &mut Unstructured<'_>) -> Result<String> {
    Ok(match bytes.int_in_range(0..=7_u8)? {
        0..=5 => [
            *bytes.choose(&STEMS)?,
            *bytes.choose(&ENDS)?,
            *bytes.choose(&ENDS)?,
        ]
        .concat(),
        _ => text(bytes)?,
    })
}

/// Takes a fragment, two in a row, or text that the bytes spell out behind its length.
fn text(bytes: &mut Unstructured<'_>) -> Result<String> {
    Ok(match bytes.int_in_range(0..=7_u8)? {
        0..=4 => (*bytes.choose(&FRAGMENTS)?).to_owned(),
        5 | 6 => [*bytes.choose(&FRAGMENTS)?, *bytes.choose(&FRAGMENTS)?].concat(),
        _ => {
            let length = usize::from(bytes.arbitrary::<u8>()?).min(bytes.len());
            String::from_utf8_lossy(bytes.bytes(length)?).into_owned()
        }
    })
}

fn count(bytes: &mut Unstructured<'_>) -> Result<u64> {
    match bytes.int_in_range(0..=7_u8)? {
        0 => bytes.arbitrary(),
        _ => bytes.arbitrary::<u8>().map(u64::from),
    }
}

fn number(bytes: &mut Unstructured<'_>) -> Result<f64> {
    match bytes.int_in_range(0..=3_u8)? {
        0 => bytes.arbitrary(),
        1 => bytes
            .arbitrary::<u8>()
            .map(|number| f64::from(number) / 16.0),
        _ => bytes.choose(&NUMBERS).copied(),
    }
}

/// Fewer than any budget of series, so that what a text lacks was refused.
const MAX_RECORDINGS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_from_the_front() {
        let bytes = [
            &[0, 0, 1, 2, 0, 1, 0, 0, 7, 3][..], // counter `jobs_total`, one label `a` with three bytes
            b"x\\y",
            &[1, 5],                          // by 5
            &[6, 0, 1, 2, 0, 0, 0, 0, 0, 21], // described as a counter in seconds: a space
        ];
        let expected = [
            Recording::new("jobs_total", [("a", "x\\y")], Change::Increment(5)),
            Recording::new(
                "jobs_total",
                [],
                Change::Describe(Kind::Counter, true, " ".to_owned()),
            ),
        ];
        assert_eq!(from_bytes(&bytes.concat()), expected);
    }

    #[test]
    fn any_bytes_are_recordings_and_not_too_many() {
        assert_eq!(from_bytes(&[]), []);
        assert_eq!(from_bytes(&[0]).len(), 1);
        assert_eq!(from_bytes(&vec![0; 100_000]).len(), MAX_RECORDINGS);
    }
}
