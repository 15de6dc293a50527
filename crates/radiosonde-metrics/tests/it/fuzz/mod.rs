//! The fuzz targets, on a stable compiler: with bytes by chance, and with the seeds.

mod exposition;
#[cfg(feature = "slo")]
mod snapshot;

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

#[cfg(feature = "slo")]
#[test]
fn bytes_by_chance_are_no_past_or_one_that_makes_sense() {
    for seed in 0..500 {
        let mut random = fastrand::Rng::with_seed(seed);
        let length = random.usize(..200);
        // Small numbers, which lengths and counts may be.
        let bytes: Vec<_> = iter::repeat_with(|| random.u8(..) >> random.u8(..8))
            .take(length)
            .collect();
        snapshot::run(&bytes);
    }
}

#[cfg(feature = "slo")]
#[test]
fn every_seed_is_a_past_or_refused() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/snapshot");
    let seeds: Vec<_> = fs::read_dir(seeds).unwrap().collect();
    assert!(seeds.len() >= 3, "{seeds:?}");
    for seed in seeds {
        let seed = seed.unwrap().path();
        println!("{}", seed.display());
        snapshot::run(&fs::read(seed).unwrap());
    }
}
