//! The Prometheus text format, version 0.0.4.

use std::fmt::Write as _;

use super::sample::samples;
use crate::canonical::escape;
use crate::family::{Families, Family};

pub(crate) fn render(families: &Families, text: &mut String) {
    for (name, family) in families {
        render_family(name, family, text);
    }
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
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "# TYPE {name} {}", kind.as_str());
    for (labels, series) in &family.series {
        samples(name, labels, &series.instrument, false, text);
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
