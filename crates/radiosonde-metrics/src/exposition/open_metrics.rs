//! OpenMetrics, version 1.0.

use std::fmt::Write as _;

use radiosonde_catalog::Kind;

use super::sample::{samples, stamp};
use crate::canonical::{escape, unit_in};
use crate::family::{Families, Family, is_free};

pub(crate) fn render(families: &Families, text: &mut String) {
    for (name, family) in families {
        render_family(name, family, families, text);
    }
    text.push_str("# EOF\n");
}

fn render_family(name: &str, family: &Family, families: &Families, text: &mut String) {
    let Some(kind) = family.kind else {
        return; // described, and never recorded
    };
    let spelled = Spelled::of(name, kind, families);
    // Writing to a `String` cannot fail; that goes for every `write!` here.
    let _ = writeln!(text, "# TYPE {} {}", spelled.family, spelled.kind);
    if let Some(unit) = unit_in(spelled.family, family.unit) {
        let _ = writeln!(text, "# UNIT {} {unit}", spelled.family);
    }
    if !family.help.is_empty() {
        let _ = write!(text, "# HELP {} ", spelled.family);
        escape(&family.help, true, text);
        text.push('\n');
    }
    for (labels, series) in &family.series {
        samples(name, labels, &series.instrument, true, text);
        if let Some(created) = &spelled.created {
            stamp(created, labels, series.created, text);
        }
    }
}

/// How a family is spelled here.
struct Spelled<'a> {
    family: &'a str,
    kind: &'static str,
    /// The name of the samples that say when a series began, where there may be such.
    created: Option<String>,
}

impl<'a> Spelled<'a> {
    fn of(name: &'a str, kind: Kind, families: &Families) -> Self {
        let taken = |name: &str| {
            families
                .get(name)
                .is_some_and(|family| family.kind.is_some())
        };
        let created = |family: &str| format!("{family}_created");
        // What another family calls its samples, or may: its parts, or when its series began.
        let is_part = |family: &str| {
            let of_counter = family.strip_suffix("_created");
            of_counter.is_some_and(|counter| taken(&format!("{counter}_total")))
                || !is_free(families, family, kind)
        };
        let family = match kind {
            Kind::Counter => name.strip_suffix("_total").filter(|family| {
                let free = !taken(family) && !taken(&created(family)) && !is_part(family);
                free && !family.is_empty()
            }),
            _ => Some(name),
        };
        // A counter that cannot be called one keeps its name, and says nothing of its kind.
        let Some(family) = family else {
            return Self {
                family: name,
                kind: "unknown",
                created: None,
            };
        };
        let has_created = matches!(kind, Kind::Counter | Kind::Histogram);
        Self {
            family,
            kind: kind.as_str(),
            created: has_created.then(|| created(family)),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use radiosonde_catalog::HTTP_REQUEST_DURATION;

    use crate::{Exposition, Registry};

    /// Renders, without the registry's own families, and with the time of creation as `<now>`.
    fn rendered(record: impl FnOnce(&Registry)) -> String {
        let registry = Registry::new();
        metrics::with_local_recorder(&registry, || record(&registry));
        let text = String::from_utf8(registry.render_as(Exposition::OpenMetrics)).expect("a text");
        let now = |line: &str| match line.split_once(' ') {
            Some((series, created)) if series.contains("_created") => {
                assert!(
                    created.parse::<f64>().is_ok_and(|created| created > 1.7e9),
                    "{line}"
                );
                format!("{series} <now>\n")
            }
            _ => format!("{line}\n"),
        };
        text.lines()
            .filter(|line| !line.contains("radiosonde_"))
            .map(now)
            .collect()
    }

    #[test]
    fn counters_lose_their_suffix_in_the_family_and_keep_it_in_the_sample() {
        let text = rendered(|_| {
            metrics::describe_counter!("orders_total", "Orders \"as they came\".");
            metrics::counter!("orders_total", "kind" => "b").increment(2);
        });
        let expected = r#"# TYPE orders counter
# HELP orders Orders \"as they came\".
orders_total{kind="b"} 2
orders_created{kind="b"} <now>
# EOF
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn a_counter_that_cannot_be_spelled_as_one_keeps_its_name() {
        let text = rendered(|_| {
            metrics::counter!("hits").increment(1);
            metrics::counter!("jobs_total").increment(2);
            metrics::gauge!("jobs").set(3.0);
        });
        let expected = "# TYPE hits unknown\nhits 1\n# TYPE jobs gauge\njobs 3\n# TYPE jobs_total unknown\njobs_total 2\n# EOF\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_counter_that_would_be_called_like_a_part_of_another_metric_keeps_its_name() {
        let text = rendered(|_| {
            metrics::histogram!("wait").record(1.0);
            metrics::counter!("wait_count_total").increment(1);
        });
        let lines = "# TYPE wait_count_total unknown\nwait_count_total 1\n";
        assert!(text.contains(lines), "{text}");
    }

    #[test]
    fn units_are_named_where_the_name_ends_in_them() {
        let text = rendered(|registry| {
            registry
                .histogram(&HTTP_REQUEST_DURATION, &["GET", "/", "200"])
                .record(0.003);
            metrics::describe_gauge!("size_bytes", metrics::Unit::Bytes, "");
            metrics::gauge!("size_bytes").set(1.0);
            metrics::describe_gauge!("megabytes", metrics::Unit::Bytes, "");
            metrics::gauge!("megabytes").set(1.0);
        });
        assert!(
            text.contains("# UNIT http_request_duration_seconds seconds\n"),
            "{text}"
        );
        assert!(text.contains("http_request_duration_seconds_bucket{method=\"GET\",route=\"/\",status=\"200\",le=\"0.005\"} 1\n"));
        assert!(
            text.contains("# UNIT size_bytes bytes\n") && !text.contains("# UNIT megabytes"),
            "{text}"
        );
    }
}
