//! Whatever stands around a secret, it is found where it is told by its name, its place or its shape.

#![no_main]

// Neither is public: both are built here as well, alone.
#[path = "../../crates/radiosonde/src/errors/scrub/mod.rs"]
mod scrub;
#[path = "../../crates/radiosonde/src/errors/scrub_fuzz.rs"]
mod scrub_fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scrub_fuzz::run(bytes));
