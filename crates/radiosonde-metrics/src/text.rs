//! The Prometheus text format, version 0.0.4.

use std::fmt::{self, Display, Write as _};

use crate::Histogram;
use crate::canonical::escape;
use crate::cells::Distribution;
use crate::registry::{Families, Family, Instrument};

/// The media type of [`Registry::render`](crate::Registry::render).
pub const TEXT_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the samples of a histogram end in.
pub(crate) const HISTOGRAM_PARTS: [&str; 3] = ["_bucket", "_sum", "_count"];

pub(crate) fn render(families: &Families) -> String {
    let mut text = String::new();
    for (name, family) in families {
        render_family(name, family, &mut text);
    }
    text
}

fn render_family(name: &str, family: &Family, text: &mut String) {
    let Some(kind) = family.kind else {
        return; // described, and never recorded
    };
    if !family.help.is_empty() {
        text.push_str("# HELP ");
        text.push_str(name);
        text.push(' ');
        escape(&family.help, false, text);
        text.push('\n');
    }
    // Writing to a `String` cannot fail; that goes for every `write!` here.
    let _ = writeln!(text, "# TYPE {name} {}", kind.as_str());
    for (labels, instrument) in &family.series {
        match instrument {
            Instrument::Counter(counter) => sample(name, "", labels, counter.value(), text),
            Instrument::Gauge(gauge) => sample(name, "", labels, Real(gauge.value()), text),
            Instrument::UpDownCounter(counter) => sample(name, "", labels, counter.value(), text),
            Instrument::Histogram(histogram) => render_histogram(name, labels, histogram, text),
        }
    }
}

fn render_histogram(name: &str, labels: &str, histogram: &Histogram, text: &mut String) {
    let Distribution { buckets, sum } = histogram.read();
    let comma = if labels.is_empty() { "" } else { "," };
    let limits = histogram.limits().iter().copied().chain([f64::INFINITY]);
    let mut count = 0;
    for (limit, values) in limits.zip(buckets) {
        count += values;
        let _ = writeln!(
            text,
            "{name}_bucket{{{labels}{comma}le=\"{}\"}} {count}",
            Limit(limit)
        );
    }
    sample(name, "_sum", labels, Real(sum), text);
    sample(name, "_count", labels, count, text);
}

fn sample(name: &str, part: &str, labels: &str, value: impl Display, text: &mut String) {
    let _ = match labels {
        "" => writeln!(text, "{name}{part} {value}"),
        labels => writeln!(text, "{name}{part}{{{labels}}} {value}"),
    };
}

/// A value, spelled as Go spells it where Rust does not.
struct Real(f64);

impl Display for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            f64::INFINITY => f.write_str("+Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            value => write!(f, "{value}"),
        }
    }
}

/// A limit of a bucket. It always has a fraction, `le="1.0"`, as Prometheus 3 stores it.
struct Limit(f64);

impl Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_finite() {
            write!(f, "{:?}", self.0)
        } else {
            Real(self.0).fmt(f)
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use crate::{Bounds, Registry, RegistryOptions};

    #[test]
    fn a_registry_renders_in_the_order_of_names_and_labels() {
        let options =
            RegistryOptions::new().bounds("wait_seconds", Bounds::new([0.25, 1.0]).unwrap());
        let registry = Registry::with_options(options);
        metrics::with_local_recorder(&registry, || {
            metrics::describe_counter!("orders_total", "Orders,\nas they came \\ in.");
            metrics::counter!("orders_total", "kind" => "b").increment(2);
            metrics::counter!("orders_total", "kind" => "a\"\\\n").increment(1);
            metrics::gauge!("depth").set(f64::NEG_INFINITY);
            metrics::gauge!("level").set(1.5);
            let wait = metrics::histogram!("wait_seconds", "queue" => "in");
            for seconds in [0.25, 0.5, 3.0] {
                wait.record(seconds);
            }
        });
        let text = registry.render();
        let (mine, own): (Vec<_>, Vec<_>) =
            text.lines().partition(|line| !line.contains("radiosonde_"));
        let expected = r#"# TYPE depth gauge
depth -Inf
# TYPE level gauge
level 1.5
# HELP orders_total Orders,\nas they came \\ in.
# TYPE orders_total counter
orders_total{kind="a\"\\\n"} 1
orders_total{kind="b"} 2
# TYPE wait_seconds histogram
wait_seconds_bucket{queue="in",le="0.25"} 1
wait_seconds_bucket{queue="in",le="1.0"} 2
wait_seconds_bucket{queue="in",le="+Inf"} 3
wait_seconds_sum{queue="in"} 3.75
wait_seconds_count{queue="in"} 3"#;
        assert_eq!(mine.join("\n"), expected);
        assert!(own.contains(&"radiosonde_series 5"), "{own:?}");
    }
}
