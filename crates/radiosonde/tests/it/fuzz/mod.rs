//! The fuzz target of the headers that carry traces, on a stable compiler: with bytes by chance, and with the seeds.

mod propagation;

use std::path::Path;
use std::{fs, iter};

#[test]
fn headers_by_chance_do_no_harm() {
    let alphabet =
        b"0123456789abcdef-:=,;%\n \t\xff4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let length = random.usize(..400);
        let byte = || alphabet[random.usize(..alphabet.len())];
        let bytes: Vec<_> = iter::repeat_with(byte).take(length).collect();
        propagation::run(&bytes);
    }
}

#[test]
fn every_seed_does_no_harm() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/propagation");
    let mut count = 0;
    for seed in fs::read_dir(seeds).unwrap() {
        let seed = seed.unwrap().path();
        println!("{}", seed.display());
        propagation::run(&fs::read(seed).unwrap());
        count += 1;
    }
    assert!(count >= 8, "{count}");
}
