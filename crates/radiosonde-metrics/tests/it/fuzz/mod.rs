//! The fuzz target of the encoder, on a stable compiler: with bytes by chance, and with the seeds.

mod exposition;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn bytes_by_chance_make_texts_that_a_scraper_takes(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        exposition::run(&bytes);
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
