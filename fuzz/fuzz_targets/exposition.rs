//! Whatever is recorded, the texts are such that a scraper takes them, and say what was recorded.

#![no_main]

// The tests of the crate run the same, on a stable compiler.
#[path = "../../crates/radiosonde-metrics/tests/it/fuzz/exposition.rs"]
mod exposition;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| exposition::run(bytes));
