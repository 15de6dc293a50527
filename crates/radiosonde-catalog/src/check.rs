//! What a metric has to be, checked while it is compiled.
//!
//! Every function here panics, which in a constant is a compile error. A message in a constant cannot name the culprit, but
//! the compiler points at it; the message says what to do.

use crate::{Kind, Unit};

/// Checks the name of a metric.
pub(crate) const fn name(name: &str, kind: Kind) {
    assert!(
        is_word(name, b""),
        "the name of a metric has letters, digits and `_`, and does not start with a digit: rename it"
    );
    let total = ends_in_word(name, "total");
    if matches!(kind, Kind::Counter) {
        assert!(
            total,
            "the name of a counter ends in `_total`: append it, or make it a gauge"
        );
    } else {
        assert!(
            !total,
            "a name in `_total` is that of a counter: make it one, or rename it"
        );
    }
}

/// Checks that the name says the unit.
pub(crate) const fn unit(name: &str, unit: Unit) {
    let word = unit.prometheus();
    let before_total = if ends_in_word(name, "total") {
        name.split_at(name.len() - "_total".len()).0
    } else {
        name
    };
    assert!(
        word.is_empty() || ends_in_word(before_total, word),
        "a name ends in its unit, before `_total`: append `_seconds`, `_bytes` or `_ratio`"
    );
}

/// Checks the keys of labels.
pub(crate) const fn labels(labels: &[&str]) {
    let mut index = 0;
    while index < labels.len() {
        label(labels[index]);
        index += 1;
    }
    assert!(
        are_distinct(labels),
        "two labels of a metric have the same key: give one of them another"
    );
}

/// Checks the key of one label.
const fn label(key: &str) {
    assert!(
        is_word(key, b""),
        "the key of a label has letters, digits and `_`, and does not start with a digit: rename it"
    );
    let is_reserved = is_one_of(key, &["le", "quantile", "otel_metric_overflow"]);
    let is_internal = key.len() >= 2 && is_one_of(key.split_at(2).0, &["__"]);
    assert!(
        !is_reserved && !is_internal,
        "`le`, `quantile`, `otel_metric_overflow` and what starts with `__` are reserved: rename the label"
    );
    assert!(
        !is_one_of(key, &["job", "instance"]),
        "Prometheus sets the labels `job` and `instance` itself: rename the label, such as to `job_name`"
    );
}

/// Checks the keys of labels in their other spelling.
pub(crate) const fn otel_labels(otel_labels: &[&str], labels: &[&str]) {
    assert!(
        otel_labels.len() == labels.len(),
        "a metric has one OpenTelemetry key for each label: set as many, after `with_labels`"
    );
    let mut index = 0;
    while index < otel_labels.len() {
        assert!(
            starts_with_letter(otel_labels[index]) && is_word(otel_labels[index], b"."),
            "an OpenTelemetry key has letters, digits, `_` and `.`, and starts with a letter: rename it"
        );
        index += 1;
    }
    assert!(
        are_distinct(otel_labels),
        "two labels of a metric have the same OpenTelemetry key: give one of them another"
    );
}

/// Checks a name in its other spelling.
pub(crate) const fn otel_name(name: &str) {
    assert!(
        starts_with_letter(name) && is_word(name, b".-/"),
        "an OpenTelemetry name has letters, digits, `_`, `.`, `-` and `/`, and starts with a letter: rename it"
    );
}

/// Checks what a metric says.
pub(crate) const fn help(help: &str) {
    let bytes = help.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        assert!(
            bytes[index] != b'\n' && bytes[index] != b'\r',
            "the help text of a metric stands on one line: take the line breaks out"
        );
        index += 1;
    }
}

/// Checks the bounds of a histogram.
pub(crate) const fn bounds(bounds: &[f64]) {
    assert!(
        !bounds.is_empty(),
        "a histogram has at least one bound: give the upper limits of its buckets"
    );
    let mut index = 0;
    while index < bounds.len() {
        assert!(
            bounds[index].is_finite(),
            "the bounds of a histogram are finite: leave `+Inf` out, it is implied"
        );
        assert!(
            index == 0 || bounds[index - 1] < bounds[index],
            "the bounds of a histogram ascend: sort them, and name each once"
        );
        index += 1;
    }
}

/// Tells whether a name has more than this word, and has it last.
pub(crate) const fn ends_in_word(name: &str, word: &str) -> bool {
    let (name, word) = (name.as_bytes(), word.as_bytes());
    if name.len() < word.len() + 2 {
        return false;
    }
    let (before, last) = name.split_at(name.len() - word.len());
    before[before.len() - 1] == b'_' && are_equal(last, word)
}

/// Tells whether a text is not empty, has letters, digits, `_` and these characters, and does not start with a digit.
const fn is_word(text: &str, also: &[u8]) -> bool {
    let bytes = text.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        let byte = bytes[index];
        if !(byte.is_ascii_alphanumeric() || byte == b'_' || has(also, byte)) {
            return false;
        }
        index += 1;
    }
    !bytes.is_empty() && !bytes[0].is_ascii_digit()
}

const fn starts_with_letter(text: &str) -> bool {
    !text.is_empty() && text.as_bytes()[0].is_ascii_alphabetic()
}

const fn are_distinct(texts: &[&str]) -> bool {
    let mut index = 0;
    while index < texts.len() {
        let (before, _) = texts.split_at(index);
        if is_one_of(texts[index], before) {
            return false;
        }
        index += 1;
    }
    true
}

const fn is_one_of(text: &str, texts: &[&str]) -> bool {
    let mut index = 0;
    while index < texts.len() {
        if are_equal(text.as_bytes(), texts[index].as_bytes()) {
            return true;
        }
        index += 1;
    }
    false
}

const fn are_equal(a: &[u8], b: &[u8]) -> bool {
    let mut index = 0;
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index == a.len() && index == b.len()
}

const fn has(bytes: &[u8], byte: u8) -> bool {
    let mut index = 0;
    while index < bytes.len() {
        if bytes[index] == byte {
            return true;
        }
        index += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use std::panic::{UnwindSafe, catch_unwind};

    use crate::{Metric, Unit};

    fn refusal(make: impl FnOnce() -> Metric + UnwindSafe) -> String {
        let panic = catch_unwind(make).expect_err("the metric was accepted");
        (*panic.downcast_ref::<&str>().expect("a message")).to_owned()
    }

    #[test]
    fn a_name_that_breaks_a_rule_is_refused_with_what_to_do() {
        for name in ["", "9_total", "orders-paid_total", "größe_total"] {
            assert!(refusal(|| Metric::counter(name)).contains("does not start with a digit"));
        }
        for name in ["orders", "total", "_total", "orderstotal"] {
            assert!(
                refusal(|| Metric::counter(name)).contains("append it"),
                "{name}"
            );
        }
        assert!(refusal(|| Metric::gauge("orders_total")).contains("that of a counter"));
    }

    #[test]
    fn a_name_without_its_unit_is_refused() {
        for name in ["wait", "seconds", "waitseconds"] {
            let gauge = Metric::gauge(name);
            assert!(refusal(move || gauge.with_unit(Unit::Seconds)).contains("ends in its unit"));
        }
        let busy = Metric::counter("busy_seconds_total").with_unit(Unit::Seconds);
        assert_eq!((busy.unit(), busy.otel_name()), (Unit::Seconds, "busy"));
        assert_eq!(
            Metric::gauge("depth").with_unit(Unit::Count).otel_name(),
            "depth"
        );
    }

    #[test]
    fn labels_that_would_break_a_scrape_are_refused() {
        let refusal = |labels| refusal(move || Metric::gauge("depth").with_labels(labels));
        assert!(refusal(&["queue", "le"]).contains("are reserved"));
        assert!(refusal(&["__name__"]).contains("are reserved"));
        assert!(refusal(&["job"]).contains("`job_name`"));
        assert!(refusal(&["a", "b", "a"]).contains("the same key"));
        assert!(refusal(&["queue.name"]).contains("letters, digits and `_`"));
        assert!(refusal(&[""]).contains("letters, digits and `_`"));
    }

    #[test]
    fn the_other_spelling_of_labels_goes_with_them() {
        let depth = Metric::gauge("depth").with_labels(&["queue", "state"]);
        assert_eq!(depth.otel_labels(), ["queue", "state"]);
        let refusal = |labels| refusal(move || depth.with_otel_labels(labels));
        assert!(refusal(&["queue.name"]).contains("after `with_labels`"));
        assert!(refusal(&["queue.name", "queue.name"]).contains("the same OpenTelemetry key"));
        assert!(refusal(&["queue.name", "_state"]).contains("starts with a letter"));
        let depth = depth.with_otel_labels(&["queue.name", "queue.state"]);
        assert_eq!(depth.otel_labels(), ["queue.name", "queue.state"]);
        let fewer = std::panic::catch_unwind(move || depth.with_labels(&["queue"]));
        assert!(fewer.is_err());
    }

    #[test]
    fn bounds_that_no_histogram_can_have_are_refused() {
        let refusal = |bounds| refusal(move || Metric::histogram("wait", bounds));
        assert!(refusal(&[]).contains("at least one"));
        assert!(refusal(&[1.0, f64::INFINITY]).contains("leave `+Inf` out"));
        assert!(refusal(&[f64::NAN]).contains("finite"));
        assert!(refusal(&[1.0, 1.0]).contains("ascend"));
    }

    #[test]
    fn what_would_break_the_hash_is_refused() {
        let depth = Metric::gauge("depth");
        assert!(refusal(move || depth.with_help("Two\nlines.")).contains("one line"));
        assert!(refusal(move || depth.with_otel_name("a b")).contains("starts with a letter"));
        assert!(refusal(move || depth.with_otel_name(".a")).contains("starts with a letter"));
        assert_eq!(depth.with_otel_name("a.b-c/d_1").otel_name(), "a.b-c/d_1");
    }
}
