//! Whatever a file holds, it is no past of error budgets, or one that makes sense.

#![no_main]

// The tests of the crate run the same, on a stable compiler.
#[path = "../../crates/radiosonde-metrics/tests/it/fuzz/snapshot.rs"]
mod snapshot;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| snapshot::run(bytes));
