//! What values are counted in, as Grafana calls it.

use radiosonde_catalog as catalog;

use crate::MetricUnit;

/// The unit of the values of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Things, and what has no unit.
    Count,
    /// Requests per second.
    Requests,
    /// Things per second.
    PerSecond,
    Seconds,
    Bytes,
    BytesPerSecond,
    /// A share from 0 to 1, shown in per cent.
    Ratio,
}

impl Unit {
    /// Returns the unit of the values of a metric.
    pub(crate) fn of(unit: catalog::Unit) -> Self {
        match unit {
            catalog::Unit::Seconds => Self::Seconds,
            catalog::Unit::Bytes => Self::Bytes,
            catalog::Unit::Ratio => Self::Ratio,
            _ => Self::Count,
        }
    }

    /// Returns the unit of the values of a metric that a service declares.
    pub(crate) fn declared(unit: MetricUnit) -> Self {
        match unit {
            MetricUnit::Count => Self::Count,
            MetricUnit::Seconds => Self::Seconds,
            MetricUnit::Bytes => Self::Bytes,
            MetricUnit::Ratio => Self::Ratio,
        }
    }

    /// Returns the unit of its rate per second.
    pub(crate) fn per_second(self) -> Self {
        match self {
            Self::Bytes => Self::BytesPerSecond,
            // Seconds per second are a share: of one processor, of one worker.
            Self::Seconds => Self::Ratio,
            Self::Count => Self::PerSecond,
            other => other,
        }
    }

    /// Returns its identifier in Grafana.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Count => "short",
            Self::Requests => "reqps",
            Self::PerSecond => "cps",
            Self::Seconds => "s",
            Self::Bytes => "bytes",
            Self::BytesPerSecond => "Bps",
            Self::Ratio => "percentunit",
        }
    }
}
