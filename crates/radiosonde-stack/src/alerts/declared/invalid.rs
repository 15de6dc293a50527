//! What can be wrong with such an alert.

/// Why an alert that was set cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAlert {
    /// A name that cannot be one of a page and a label.
    #[error("`{}` is no name of an alert: take letters and digits, and a letter first", .alert.escape_debug())]
    #[non_exhaustive]
    Name {
        /// The name.
        alert: String,
    },
    /// A name that another alert has.
    #[error("there is an alert `{alert}` already, and each has a page: give yours another name")]
    #[non_exhaustive]
    Taken {
        /// The name.
        alert: String,
    },
    /// A metric that the service does not have.
    #[error(
        "alert `{alert}` watches `{metric}`, which its service does not have: mend the name, or declare the metric"
    )]
    #[non_exhaustive]
    NoMetric {
        /// The alert.
        alert: String,
        /// The metric.
        metric: String,
    },
    /// A label that the metric does not have.
    #[error(
        "alert `{alert}` asks for the label `{label}`, which `{metric}` does not have: mend the name"
    )]
    #[non_exhaustive]
    NoLabel {
        /// The alert.
        alert: String,
        /// The metric.
        metric: String,
        /// The label.
        label: String,
    },
    /// A condition that makes no sense of a metric of its kind.
    #[error(
        "alert `{alert}` cannot ask for `{when}` of `{metric}`: rates, spikes, shares and `stopped` are of counters, values \
         and ages of gauges, `slower_than` of histograms"
    )]
    #[non_exhaustive]
    Kind {
        /// The alert.
        alert: String,
        /// The metric.
        metric: String,
        /// The condition.
        when: &'static str,
    },
    /// A limit that cannot be passed, or is missing.
    #[error(
        "alert `{alert}` could never fire: `{when}` takes a `limit` that values can pass in both directions; `share_above` one \
         between 0 and 1 and the `labels` of the part; `stopped` takes none"
    )]
    #[non_exhaustive]
    Limit {
        /// The alert.
        alert: String,
        /// The condition.
        when: &'static str,
    },
    /// A limit on a percentile that the bounds of the histogram cannot decide.
    #[error(
        "alert `{alert}` would say nothing: its `limit` is {limit}, and the bounds of `{metric}` decide from {least} to below \
         {most}; set one between them, or give the histogram other bounds"
    )]
    #[non_exhaustive]
    Undecided {
        /// The alert.
        alert: String,
        /// The histogram.
        metric: String,
        /// The limit.
        limit: f64,
        /// The least that its bounds decide.
        least: f64,
        /// From where on they do not.
        most: f64,
    },
    /// A histogram that the Prometheus does not keep.
    #[error(
        "alert `{alert}` watches `{metric}`, whose buckets follow its values: Prometheus 2 keeps no such histogram unless a \
         feature is switched on; write for `--target prometheus3`, or give the histogram bounds"
    )]
    #[non_exhaustive]
    Native {
        /// The alert.
        alert: String,
        /// The histogram.
        metric: String,
    },
    /// A part and its whole that are told apart by the same label.
    #[error(
        "alert `{alert}` asks for the label `{label}` in `labels` and in `by`: of the series with that value the share is \
         always 1, so take it out of `by`"
    )]
    #[non_exhaustive]
    WholePart {
        /// The alert.
        alert: String,
        /// The label.
        label: String,
    },
    /// A hold that is too long for the condition.
    #[error(
        "alert `{alert}` cannot hold for {hold} seconds: {}, so give at most {longest} in `hold_seconds`",
        ends(*.longest)
    )]
    #[non_exhaustive]
    Hold {
        /// The alert.
        alert: String,
        /// How long it was to be, in seconds.
        hold: u32,
        /// The longest that can be, in seconds.
        longest: u32,
    },
}

/// Why nothing may hold for longer.
fn ends(longest: u32) -> &'static str {
    if longest == LONGEST_STOPPED {
        "an hour after it has stopped, nothing says any more that it ever grew"
    } else {
        "nobody would be told in time"
    }
}

/// In seconds: what stopped is told for an hour, from ten minutes after it stopped on.
pub(super) const LONGEST_STOPPED: u32 = 45 * 60;
