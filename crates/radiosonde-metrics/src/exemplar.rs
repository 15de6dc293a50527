//! Exemplars: of each bucket of a histogram, one value and the trace in which it was recorded.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::cells::Version;
use crate::sync::AtomicU64;
use crate::sync::Ordering::Relaxed;

/// The ids of a sampled span: one that is recorded, and that a reader of metrics may look up.
///
/// # Examples
///
/// ```
/// use radiosonde_metrics::SampledSpan;
///
/// let span = SampledSpan::new([0xab; 16], [0xcd; 8]);
/// assert_eq!(span.span_id(), "cdcdcdcdcdcdcdcd");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SampledSpan {
    trace_id: [u8; 16],
    span_id: [u8; 8],
}

impl SampledSpan {
    /// Takes the ids as W3C Trace Context has them, in network order.
    #[must_use]
    pub const fn new(trace_id: [u8; 16], span_id: [u8; 8]) -> Self {
        Self { trace_id, span_id }
    }

    /// Returns the id of the trace as 32 digits in hexadecimal.
    #[must_use]
    pub fn trace_id(&self) -> String {
        hex(&self.trace_id)
    }

    /// Returns the id of the span as 16 digits in hexadecimal.
    #[must_use]
    pub fn span_id(&self) -> String {
        hex(&self.span_id)
    }

    /// Returns the bytes of both ids, that of the trace first.
    #[must_use]
    pub const fn to_bytes(&self) -> ([u8; 16], [u8; 8]) {
        (self.trace_id, self.span_id)
    }
}

/// A value that was recorded in a sampled span.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Exemplar {
    /// The value.
    pub value: f64,
    /// When it was recorded.
    pub time: SystemTime,
    /// Where it was recorded.
    pub span: SampledSpan,
}

impl Exemplar {
    /// Appends its labels as OpenMetrics spells them: 63 characters of names and values, of 128 that it allows.
    pub(crate) fn labels(&self, text: &mut String) {
        let Self { span, .. } = self;
        for (before, bytes) in [
            ("{trace_id=\"", &span.trace_id[..]),
            ("\",span_id=\"", &span.span_id[..]),
        ] {
            text.push_str(before);
            push_hex(bytes, text);
        }
        text.push_str("\"}");
    }
}

/// The labels of an exemplar, which Grafana knows by these names.
pub(crate) const TRACE_ID: &str = "trace_id";
pub(crate) const SPAN_ID: &str = "span_id";

/// A recent exemplar of each bucket.
#[derive(Debug)]
pub(crate) struct Exemplars(Box<[Slot]>);

impl Exemplars {
    /// Makes room for so many. No more is needed when they come.
    pub(crate) fn new(buckets: usize) -> Self {
        Self((0..buckets).map(|_| Slot::default()).collect())
    }

    /// Keeps a value as the exemplar of its bucket, unless one was kept a moment ago.
    pub(crate) fn offer(&self, bucket: usize, value: f64, span: SampledSpan) {
        self.offer_at(SystemTime::now(), bucket, value, span);
    }

    fn offer_at(&self, time: SystemTime, bucket: usize, value: f64, span: SampledSpan) {
        // Past the last there are buckets that share.
        self.0[bucket % self.0.len()].offer(value, nanoseconds(time), span);
    }

    /// Returns the exemplar of each bucket.
    pub(crate) fn read(&self) -> Vec<Option<Exemplar>> {
        self.0.iter().map(Slot::read).collect()
    }
}

/// Where an exemplar is kept. Any thread may write it.
#[derive(Debug)]
struct Slot {
    version: Version,
    /// The bits of an `f64`.
    value: AtomicU64,
    /// Nanoseconds since 1970.
    time: AtomicU64,
    trace: [AtomicU64; 2],
    span: AtomicU64,
}

impl Slot {
    /// Lets go where one of the same moment is kept, or being kept: threads that record should not meet here.
    fn offer(&self, value: f64, time: u64, span: SampledSpan) {
        // Not a difference: a clock that was set back is another moment, too.
        if time.abs_diff(self.time.load(Relaxed)) < MOMENT {
            return;
        }
        let trace = u128::from_be_bytes(span.trace_id);
        #[expect(clippy::cast_possible_truncation, reason = "it is taken apart")]
        let [high, low] = [(trace >> 64) as u64, trace as u64];
        self.version.try_write(|| {
            self.value.store(value.to_bits(), Relaxed);
            self.time.store(time, Relaxed);
            self.trace[0].store(high, Relaxed);
            self.trace[1].store(low, Relaxed);
            self.span.store(u64::from_be_bytes(span.span_id), Relaxed);
        });
    }

    fn read(&self) -> Option<Exemplar> {
        (!self.version.is_untouched()).then(|| self.version.read(|| self.copy()))
    }

    /// Reads everything, at the risk of reading it torn.
    fn copy(&self) -> Exemplar {
        let [high, low] = [&self.trace[0], &self.trace[1]].map(|word| word.load(Relaxed));
        let trace = u128::from(high) << 64 | u128::from(low);
        let span = self.span.load(Relaxed);
        Exemplar {
            value: f64::from_bits(self.value.load(Relaxed)),
            time: UNIX_EPOCH + Duration::from_nanos(self.time.load(Relaxed)),
            span: SampledSpan::new(trace.to_be_bytes(), span.to_be_bytes()),
        }
    }
}

impl Default for Slot {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            version: Version::default(),
            value: zero(),
            time: zero(),
            trace: [zero(), zero()],
            span: zero(),
        }
    }
}

/// So often an exemplar is replaced at most: 100 ms, in nanoseconds.
const MOMENT: u64 = 100_000_000;

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    push_hex(bytes, &mut text);
    text
}

fn push_hex(bytes: &[u8], text: &mut String) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 0xf)]);
    }
}

/// A clock before 1970 reads as 1970; one after 2554 as 2554.
fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn span(byte: u8) -> SampledSpan {
        SampledSpan::new([byte; 16], [byte; 8])
    }

    #[test]
    fn each_bucket_keeps_one_of_the_last_moment() {
        let exemplars = Exemplars::new(3);
        let start = SystemTime::now();
        let offer = |after: u64, bucket, value, byte| {
            exemplars.offer_at(
                start + Duration::from_millis(after),
                bucket,
                value,
                span(byte),
            );
        };
        offer(0, 0, 1.0, 1);
        offer(0, 2, 5.0, 2);
        offer(99, 2, 6.0, 3);
        let read = exemplars.read();
        assert_eq!(read[0].map(|first| first.value), Some(1.0));
        assert_eq!(read[1], None);
        assert_eq!(read[2].map(|last| last.value), Some(5.0));

        offer(100, 2, 7.0, 0xfe);
        let last = exemplars.read()[2].unwrap();
        assert_eq!((last.value, last.span), (7.0, span(0xfe)));
        assert_eq!(last.time, start + Duration::from_millis(100));
    }

    #[test]
    fn labels_are_what_the_standard_allows_and_no_more() {
        let exemplar = Exemplar {
            value: 1.0,
            time: UNIX_EPOCH,
            span: SampledSpan::new([0xab; 16], [0x0d; 8]),
        };
        let mut text = String::new();
        exemplar.labels(&mut text);
        let trace_id = "ab".repeat(16);
        assert_eq!(
            text,
            format!("{{trace_id=\"{trace_id}\",span_id=\"0d0d0d0d0d0d0d0d\"}}")
        );
        // The standard counts names and values, without what stands around them.
        let counted = text.chars().filter(|c| !"{}=\",".contains(*c)).count();
        assert!(counted <= 128, "{counted}");
    }
}
