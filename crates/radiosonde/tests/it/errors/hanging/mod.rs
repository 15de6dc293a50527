//! A Sentry that accepts and never answers: what it costs the service, which is nothing.
//!
//! The counts are small, so that the tests are quick, and no more is asserted of how long things take than that nothing hangs. With
//! counts of their own, which is what the figures in `docs/reliability.md` are from, the budgets are asserted as well:
//!
//! ```sh
//! RADIOSONDE_TEST_PANICS=1000 cargo nextest run -p radiosonde --all-features --release --no-capture hanging
//! ```

mod asked;
mod child_of;
mod figures;
mod neighbours;
mod times;
