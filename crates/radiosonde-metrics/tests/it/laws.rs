//! What holds for every recording, whatever its names, labels and values.

use proptest::prelude::*;
use radiosonde_metrics::Registry;
use radiosonde_testkit::recordings::{Change, Recording};
use radiosonde_testkit::strict::{Format, parse};

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c._-]{0,3}",
        "(wait|wait_sum|wait_count|le|__x|quantile)",
        ".{0,4}"
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..1_000_u64).prop_map(Change::Increment),
        any::<f64>().prop_map(Change::Set),
        prop_oneof![any::<f64>(), 0.0..20.0].prop_map(Change::Record),
    ]
}

fn labels() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((name(), ".{0,6}"), 0..4)
}

proptest! {
    #[test]
    fn every_text_is_one_that_a_scraper_takes(
        recordings in prop::collection::vec((name(), labels(), change()), 0..40),
    ) {
        let registry = Registry::new();
        for (name, labels, change) in recordings {
            let labels = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            Recording::new(&name, labels, change).play(&registry);
        }
        let text = registry.render();
        let families = parse(Format::Text, &text);
        prop_assert!(families.is_ok(), "{:?}\n{}", families, text);
    }

    #[test]
    fn the_count_of_a_histogram_is_its_last_bucket(values in prop::collection::vec(any::<f64>(), 0..200)) {
        let registry = Registry::new();
        let finite = values.iter().filter(|value| value.is_finite()).count();
        let is_recorded = !values.is_empty();
        for value in values {
            Recording::new("took", [], Change::Record(value)).play(&registry);
        }
        let text = registry.render();
        if is_recorded {
            let bucket = format!("took_bucket{{le=\"+Inf\"}} {finite}\n");
            let count = format!("took_count {finite}\n");
            prop_assert!(text.contains(&bucket) && text.contains(&count), "{}", text);
        }
    }
}
