//! What a feature brings into the tree of a service.

use std::collections::BTreeSet;
use std::process::Command;

/// The names of all crates that the library is built of, with these features.
fn tree(features: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package=radiosonde", "--prefix=none"])
        .args(["--edges=normal,build", "--no-default-features"])
        .arg(format!("--features={features}"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.split(' ').next());
    names.map(ToOwned::to_owned).collect()
}

#[test]
fn without_error_reports_there_is_no_trace_of_them_in_the_tree() {
    let others = "axum,derive,otlp,process,runtime,slo,tls";
    let without = tree(others);
    let with = tree(&format!("{others},sentry"));
    assert!(without.is_subset(&with));
    let added: Vec<_> = with.difference(&without).map(String::as_str).collect();
    // None of Sentry's own crates.
    if cfg!(target_os = "linux") {
        assert_eq!(added, SYMBOLS);
    } else {
        assert!(
            !added.iter().any(|name| name.starts_with("sentry")),
            "{added:?}"
        );
    }
}

#[test]
fn with_few_features_or_none_there_is_no_trace_of_them_either() {
    for features in ["", "axum"] {
        let names = tree(features);
        assert!(names.contains("radiosonde"), "{names:?}");
        let is_theirs = |name: &&String| name.starts_with("sentry") || SYMBOLS.contains(&&***name);
        let theirs: Vec<_> = names.iter().filter(is_theirs).collect();
        assert!(theirs.is_empty(), "with `{features}`: {theirs:?}");
    }
}

/// What looks up the symbols of a stack, and comes last.
const SYMBOLS: [&str; 6] = [
    "addr2line",
    "backtrace",
    "gimli",
    "object",
    "rustc-demangle",
    "thread-priority",
];
