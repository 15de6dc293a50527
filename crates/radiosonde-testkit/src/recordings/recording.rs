//! One recording.

use metrics::{Key, Label, Level, Metadata, Recorder, Unit};

/// One thing that code says to a recorder.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Recording {
    /// The name of the metric, as code spells it.
    pub name: String,
    /// The labels, as code spells and orders them. A description has no use for them.
    pub labels: Vec<(String, String)>,
    /// What is said.
    pub change: Change,
}

/// What is said to a recorder of one series, or of one name.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a test that forgets one must not compile"
)]
pub enum Change {
    /// Adds to a counter.
    Increment(u64),
    /// Raises a counter.
    Absolute(u64),
    /// Sets a gauge.
    Set(f64),
    /// Adds to a gauge.
    Add(f64),
    /// Takes from a gauge.
    Subtract(f64),
    /// Records into a histogram.
    Record(f64),
    /// Describes a metric of this kind, which is in seconds or has no unit.
    Describe(Kind, bool, String),
}

/// The kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "the facade has these three")]
pub enum Kind {
    /// A counter.
    Counter,
    /// A gauge.
    Gauge,
    /// A histogram.
    Histogram,
}

impl Recording {
    /// Makes a recording.
    pub fn new<'a>(
        name: &str,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
        change: Change,
    ) -> Self {
        let labels = labels.into_iter();
        Self {
            name: name.to_owned(),
            labels: labels
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            change,
        }
    }

    /// Says it to a recorder, which is asked for the instrument each time, as a macro does it.
    pub fn play(&self, recorder: &dyn Recorder) {
        let labels = self.labels.iter();
        let labels: Vec<_> = labels
            .map(|(name, value)| Label::new(name.clone(), value.clone()))
            .collect();
        let key = Key::from_parts(self.name.clone(), labels);
        let counter = || recorder.register_counter(&key, &METADATA);
        let gauge = || recorder.register_gauge(&key, &METADATA);
        match &self.change {
            Change::Increment(count) => counter().increment(*count),
            Change::Absolute(total) => counter().absolute(*total),
            Change::Set(value) => gauge().set(*value),
            Change::Add(value) => gauge().increment(*value),
            Change::Subtract(value) => gauge().decrement(*value),
            Change::Record(value) => recorder.register_histogram(&key, &METADATA).record(*value),
            Change::Describe(kind, in_seconds, help) => {
                let (name, help) = (self.name.clone().into(), help.clone().into());
                let unit = in_seconds.then_some(Unit::Seconds);
                match kind {
                    Kind::Counter => recorder.describe_counter(name, unit, help),
                    Kind::Gauge => recorder.describe_gauge(name, unit, help),
                    Kind::Histogram => recorder.describe_histogram(name, unit, help),
                }
            }
        }
    }
}

impl Change {
    /// Returns the kind of the metric that this is said of.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Increment(_) | Self::Absolute(_) => Kind::Counter,
            Self::Set(_) | Self::Add(_) | Self::Subtract(_) => Kind::Gauge,
            Self::Record(_) => Kind::Histogram,
            Self::Describe(kind, ..) => *kind,
        }
    }
}

impl Kind {
    /// Returns the type as the text has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

static METADATA: Metadata<'static> = Metadata::new("testkit", Level::INFO, None);
