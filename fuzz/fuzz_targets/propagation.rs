//! Whatever headers a request comes with, it is served, and what goes out with its calls is well formed.

#![no_main]

// The tests of the crate run the same, on a stable compiler.
#[path = "../../crates/radiosonde/tests/it/fuzz/propagation.rs"]
mod propagation;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| propagation::run(bytes));
