//! What the stock exporter spoils, one test each, so that we notice when it stops.
//!
//! In each test its lines stand first, and ours second.

use radiosonde_testkit::recordings::{Change, Kind, Recording};
use radiosonde_testkit::strict::{Format, parse};

use super::{ours, theirs};

const BOUNDS: [f64; 1] = [1.0];

fn count<'a>(name: &str, labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Recording {
    Recording::new(name, labels, Change::Increment(1))
}

fn wait(name: &str, value: f64) -> Recording {
    Recording::new(name, [], Change::Record(value))
}

/// Returns the lines of both texts in their alphabetical order, without comments and our own metrics.
fn both(recordings: &[Recording]) -> [Vec<String>; 2] {
    [theirs(recordings, &BOUNDS), ours(recordings, &BOUNDS)].map(|text| {
        let is_sample = |line: &&str| !line.is_empty() && !line.starts_with('#');
        let lines = text.split('\n').filter(is_sample);
        let lines = lines.filter(|line| !line.starts_with("radiosonde_"));
        let mut lines: Vec<_> = lines.map(str::to_owned).collect();
        lines.sort();
        lines
    })
}

/// Asserts that our text is one that a scraper takes, and that we have counted what we refused, for this reason.
fn assert_refused(recordings: &[Recording], reason: &str) {
    let text = ours(recordings, &BOUNDS);
    parse(Format::Text, &text).unwrap();
    let line = format!("radiosonde_metrics_refused_total{{reason=\"{reason}\"}} 1\n");
    assert!(text.contains(&line), "{text}");
}

fn assert_broken(recordings: &[Recording]) {
    let text = theirs(recordings, &BOUNDS);
    assert!(parse(Format::Text, &text).is_err(), "{text}");
}

#[test]
fn numbers_are_spelled_otherwise_and_are_the_same() {
    let recordings = [
        Recording::new("a", [], Change::Set(f64::INFINITY)),
        wait("wait", 0.5),
    ];
    let expected = [
        [
            "a inf",
            "wait_bucket{le=\"+Inf\"} 1",
            "wait_bucket{le=\"1\"} 1",
            "wait_count 1",
            "wait_sum 0.5",
        ],
        [
            "a +Inf",
            "wait_bucket{le=\"+Inf\"} 1",
            "wait_bucket{le=\"1.0\"} 1",
            "wait_count 1",
            "wait_sum 0.5",
        ],
    ];
    assert_eq!(both(&recordings), expected);
}

#[test]
fn a_digit_at_the_start_is_lost() {
    let recordings = [count("2xx", [("3rd", "x")])];
    assert_eq!(
        both(&recordings),
        [["_xx{_rd=\"x\"} 1"], ["_2xx{_3rd=\"x\"} 1"]]
    );
}

#[test]
fn of_names_that_are_spelled_alike_one_is_lost() {
    let [theirs, ours] = both(&[count("a.b", []), count("a_b", [])]);
    assert_eq!(theirs, ["a_b 1"]);
    assert_eq!(ours, ["a_b 2"]);
}

#[test]
fn series_whose_labels_are_spelled_alike_stand_twice() {
    let recordings = [count("a", [("x.y", "1")]), count("a", [("x_y", "1")])];
    assert_broken(&recordings);
    let [theirs, ours] = both(&recordings);
    assert_eq!(theirs, ["a{x_y=\"1\"} 1", "a{x_y=\"1\"} 1"]);
    assert_eq!(ours, ["a{x_y=\"1\"} 2"]);
}

#[test]
fn labels_that_are_spelled_alike_stand_twice_in_one_series() {
    let recordings = [count("a", [("x.y", "1"), ("x_y", "2")])];
    assert_broken(&recordings);
    assert_refused(&recordings, "duplicate_label");
    assert_eq!(
        both(&recordings),
        [vec!["a{x_y=\"1\",x_y=\"2\"} 1".to_owned()], vec![]]
    );
}

#[test]
fn the_last_of_two_equal_labels_is_taken() {
    let recordings = [count("a", [("x", "1"), ("x", "2")])];
    assert_refused(&recordings, "duplicate_label");
    assert_eq!(both(&recordings), [vec!["a{x=\"2\"} 1".to_owned()], vec![]]);
}

#[test]
fn a_label_with_the_name_of_a_limit_stands_beside_it() {
    let recordings = [Recording::new("wait", [("le", "x")], Change::Record(0.5))];
    assert_broken(&recordings);
    assert_refused(&recordings, "reserved_label");
    let [theirs, ours] = both(&recordings);
    assert!(
        theirs.contains(&"wait_bucket{le=\"x\",le=\"1\"} 1".to_owned()),
        "{theirs:?}"
    );
    assert!(ours.is_empty());
}

#[test]
fn labels_that_are_reserved_are_written() {
    for name in ["le", "quantile", "__name__", "otel_metric_overflow"] {
        let recordings = [count("a", [(name, "x")])];
        assert_refused(&recordings, "reserved_label");
        assert_eq!(
            both(&recordings),
            [vec![format!("a{{{name}=\"x\"}} 1")], vec![]]
        );
    }
}

#[test]
fn what_has_no_name_is_written() {
    for (recording, line) in [
        (count("", []), " 1"),
        (count("a", [("", "x")]), "a{=\"x\"} 1"),
    ] {
        let recordings = [recording];
        assert_broken(&recordings);
        assert_refused(&recordings, "empty_name");
        assert_eq!(both(&recordings), [vec![line.to_owned()], vec![]]);
    }
}

#[test]
fn a_label_without_a_value_makes_a_series() {
    let recordings = [count("a", [("x", "")]), count("a", [])];
    assert_eq!(both(&recordings), [vec!["a 1", "a{x=\"\"} 1"], vec!["a 2"]]);
}

#[test]
fn backslashes_are_lost_or_moved() {
    for (value, theirs, ours) in [
        (r"a\\b", r#"a{x="a\\b"} 1"#, r#"a{x="a\\\\b"} 1"#),
        ("a\\\"b", r#"a{x="a\"b"} 1"#, r#"a{x="a\\\"b"} 1"#),
        ("a\\\nb", r#"a{x="a\n\\b"} 1"#, r#"a{x="a\\\nb"} 1"#),
        // One before anything else, and one at the end, stay.
        (r"a\b\", r#"a{x="a\\b\\"} 1"#, r#"a{x="a\\b\\"} 1"#),
    ] {
        assert_eq!(both(&[count("a", [("x", value)])]), [[theirs], [ours]]);
    }
}

#[test]
fn a_name_has_a_family_for_each_kind() {
    let recordings = [count("a", []), Recording::new("a", [], Change::Set(2.0))];
    assert_broken(&recordings);
    assert_refused(&recordings, "name_taken");
    assert_eq!(both(&recordings), [vec!["a 1", "a 2"], vec!["a 1"]]);
}

#[test]
fn the_parts_of_a_histogram_stand_beside_metrics_that_are_called_so() {
    let recordings = [wait("a", 0.5), count("a_count", [])];
    assert_broken(&recordings);
    assert_refused(&recordings, "name_taken");
    let [theirs, ours] = both(&recordings);
    let counts = |lines: &[String]| lines.iter().filter(|line| *line == "a_count 1").count();
    assert_eq!((counts(&theirs), counts(&ours)), (2, 1));
}

#[test]
fn what_only_open_metrics_takes_for_a_part_is_written() {
    let recordings = [wait("a", 0.5), count("a_created", [])];
    assert_refused(&recordings, "name_taken");
    let [theirs, ours] = both(&recordings);
    assert_eq!((theirs.len(), ours.len()), (5, 4));
}

#[test]
fn the_suffix_of_a_part_is_left_out_where_the_name_has_it() {
    let recordings = [wait("a_sum", 0.5)];
    assert_broken(&recordings);
    let [theirs, ours] = both(&recordings);
    assert!(theirs.contains(&"a_sum 0.5".to_owned()), "{theirs:?}");
    assert!(ours.contains(&"a_sum_sum 0.5".to_owned()), "{ours:?}");
}

#[test]
fn what_is_not_a_number_stays_in_a_sum() {
    for value in [f64::NAN, f64::INFINITY] {
        let recordings = [wait("a", value), wait("a", 0.5)];
        assert_refused(&recordings, "not_a_number");
        let [theirs, ours] = both(&recordings);
        assert!(theirs.contains(&format!("a_sum {value}")), "{theirs:?}");
        assert!(ours.contains(&"a_sum 0.5".to_owned()), "{ours:?}");
    }
}

#[test]
fn what_is_not_a_number_stays_in_a_gauge() {
    for spoiled in [Change::Set(f64::NAN), Change::Add(f64::NAN)] {
        let set = Recording::new("a", [], Change::Set(2.0));
        let add = Recording::new("a", [], Change::Add(1.0));
        let recordings = [set, Recording::new("a", [], spoiled), add];
        assert_refused(&recordings, "not_a_number");
        assert_eq!(both(&recordings), [["a NaN"], ["a 3"]]);
    }
    // Infinity can be set, and changes nothing that is not infinite already.
    let set = Recording::new("a", [], Change::Set(2.0));
    let recordings = [
        set,
        Recording::new("a", [], Change::Subtract(f64::INFINITY)),
    ];
    assert_refused(&recordings, "not_a_number");
    assert_eq!(both(&recordings), [["a -inf"], ["a 2"]]);
}

#[test]
fn the_last_description_counts() {
    let describe = |help: &str| {
        Recording::new(
            "a",
            [],
            Change::Describe(Kind::Counter, false, help.to_owned()),
        )
    };
    let recordings = [describe("First."), describe("Last."), count("a", [])];
    assert!(theirs(&recordings, &BOUNDS).contains("# HELP a Last.\n"));
    assert!(ours(&recordings, &BOUNDS).contains("# HELP a First.\n"));
}

#[test]
fn from_64_values_on_a_sum_is_added_up_in_another_order() {
    let values = [vec![1e16], vec![0.0; 63], vec![-1e16, 1.0]].concat();
    let recordings: Vec<_> = values.into_iter().map(|value| wait("a", value)).collect();
    let [theirs, ours] = both(&recordings);
    assert!(theirs.contains(&"a_sum 0".to_owned()), "{theirs:?}");
    assert!(ours.contains(&"a_sum 1".to_owned()), "{ours:?}");
}
