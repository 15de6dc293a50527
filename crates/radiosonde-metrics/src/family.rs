//! What a registry holds: families of series.

use std::collections::{BTreeMap, btree_map};
use std::sync::Arc;
use std::time::SystemTime;

use radiosonde_catalog::Kind;

use crate::canonical::Refusal;
use crate::{Counter, Gauge, Histogram, UpDownCounter};

/// The families by name, which is the order of the text. A copy shares them: one that gets a series while somebody reads it
/// is copied for whoever comes later.
pub(crate) type Families = BTreeMap<String, Arc<Family>>;

/// The series of one name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Family {
    pub(crate) kind: Option<Kind>,
    pub(crate) help: String,
    /// Its unit, as OpenTelemetry writes it; empty where none is known.
    pub(crate) unit: &'static str,
    /// The series by their labels, which is the order of the text.
    pub(crate) series: BTreeMap<Arc<str>, Series>,
}

/// One instrument, and since when there is one.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) instrument: Instrument,
    pub(crate) created: SystemTime,
}

impl Series {
    pub(crate) fn new(instrument: Instrument) -> Self {
        Self {
            instrument,
            created: SystemTime::now(),
        }
    }
}

/// One instrument of any kind.
#[derive(Debug, Clone)]
pub(crate) enum Instrument {
    Counter(Counter),
    Gauge(Gauge),
    UpDownCounter(UpDownCounter),
    Histogram(Histogram),
}

impl Instrument {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Counter(_) => Kind::Counter,
            Self::Gauge(_) => Kind::Gauge,
            Self::UpDownCounter(_) => Kind::UpDownCounter,
            Self::Histogram(_) => Kind::Histogram,
        }
    }
}

/// Finds or makes the family of this name, which is spelled already, to change it.
pub(crate) fn family(families: &mut Families, name: String) -> Result<&mut Family, Refusal> {
    let full = families.len() >= MAX_FAMILIES;
    let family = match families.entry(name) {
        btree_map::Entry::Occupied(entry) => entry.into_mut(),
        btree_map::Entry::Vacant(_) if full => return Err(Refusal::TooManyMetrics),
        btree_map::Entry::Vacant(entry) => entry.insert(Arc::default()),
    };
    Ok(Arc::make_mut(family))
}

/// Tells whether an instrument of this kind may have this name.
pub(crate) fn is_free(families: &Families, name: &str, kind: Kind) -> bool {
    let kind_of = |name: &str| families.get(name).and_then(|family| family.kind);
    let is_part = |suffix: &&str| {
        let whole = name.strip_suffix(suffix);
        whole.is_some_and(|whole| kind_of(whole) == Some(Kind::Histogram))
    };
    let has_part = |suffix: &&str| kind_of(&format!("{name}{suffix}")).is_some();
    kind_of(name).is_none_or(|taken| taken == kind)
        && !HISTOGRAM_PARTS.iter().any(is_part)
        && !(kind == Kind::Histogram && HISTOGRAM_PARTS.iter().any(has_part))
}

/// Beyond this many names the rest is refused: each has an overflow series, and names may come from data.
const MAX_FAMILIES: usize = 2_000;

/// What the samples of a histogram end in, in either format. No other metric may be called so.
const HISTOGRAM_PARTS: [&str; 4] = ["_bucket", "_sum", "_count", "_created"];
