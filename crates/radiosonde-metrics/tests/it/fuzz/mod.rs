//! The fuzz target of the encoder, on a stable compiler: with bytes by chance, and with the seeds.

mod exposition;

use std::path::Path;
use std::{fs, iter, panic};

#[test]
fn bytes_by_chance_make_texts_that_a_scraper_takes() {
    for seed in 0..2_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let length = random.usize(..600);
        let bytes: Vec<_> = iter::repeat_with(|| random.u8(..)).take(length).collect();
        let passed = panic::catch_unwind(|| exposition::run(&bytes)).is_ok();
        assert!(passed, "a seed that shows it: {bytes:?}");
    }
}

#[test]
fn every_seed_makes_texts_that_a_scraper_takes() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/exposition");
    let seeds = fs::read_dir(seeds).unwrap();
    let mut seeds: Vec<_> = seeds.map(|seed| seed.unwrap().path()).collect();
    seeds.sort();
    assert!(seeds.len() >= 8, "{seeds:?}");
    for seed in seeds {
        println!("{}", seed.display());
        exposition::run(&fs::read(seed).unwrap());
    }
}
