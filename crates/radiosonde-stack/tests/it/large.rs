//! A large tree, as the command writes it.
//!
//! The time is printed, and is to be read on a quiet machine from a release build: `cargo test --release -p radiosonde-stack
//! --all-features --test it a_large_tree -- --nocapture`. The limit here only tells that nothing is quadratic.

#![cfg(feature = "cli")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use radiosonde_catalog::Catalogue;
use radiosonde_catalog::objective::{Objective, Objectives};

/// Ten services with fifty routes and ten objectives each, of which one is about each route.
#[test]
fn a_large_tree_is_written_quickly() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("ops");
    let mut command = Command::new(env!("CARGO_BIN_EXE_radiosonde"));
    command.args(["stack", "--out"]).arg(&out);
    for number in 0..10 {
        let file = directory.path().join(format!("{number}.json"));
        fs::write(&file, catalogue()).unwrap();
        command.arg(format!("--from=service-{number}={}", file.display()));
    }
    let runs = if cfg!(debug_assertions) { 1 } else { 3 };
    let times = (0..runs).map(|_| {
        let start = Instant::now();
        let output = command.output().unwrap();
        let took = start.elapsed();
        assert!(output.status.success(), "{output:?}");
        took
    });
    let quickest = times.min().unwrap();
    let (files, bytes) = size(&out);
    println!(
        "ten catalogues read, {files} files of {bytes} bytes rendered and written in {quickest:?}, the quickest of {runs}"
    );
    assert!(files > 400, "{files}");
    assert!(quickest < Duration::from_mins(5), "{quickest:?}");
}

fn catalogue() -> String {
    let routes: Vec<_> = (0..50).map(|route| format!("/routes/{route}")).collect();
    let objectives = (0..10).map(|index| match index {
        0 => Objective::availability("each", 99.5).for_each(routes.clone()),
        index => Objective::availability(format!("api-{index}"), 99.9),
    });
    let objectives = Objectives::new(objectives).unwrap();
    Catalogue::new().with_objectives(objectives).json()
}

/// How many files there are below a directory, and how many bytes are in them.
fn size(directory: &Path) -> (usize, u64) {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries.fold((0, 0), |(files, bytes), entry| {
        let metadata = entry.metadata().unwrap();
        let (more, larger) = if metadata.is_dir() {
            size(&entry.path())
        } else {
            (1, metadata.len())
        };
        (files + more, bytes + larger)
    })
}
