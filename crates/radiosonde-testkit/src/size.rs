//! How much a test does: enough for every merge, or all that was promised.

use std::env;

/// The variable that asks for the full size, when it is `1`.
pub const FULL_SIZE: &str = "RADIOSONDE_TEST_FULL_SIZE";

/// Returns `quick`, or `full` where the variable [`FULL_SIZE`] is `1`.
///
/// Tests whose claim is a number, such as a million requests, run at a hundredth of it on every merge.
///
/// # Examples
///
/// ```
/// let requests = radiosonde_testkit::size(10_000, 1_000_000);
/// assert!(requests == 10_000 || requests == 1_000_000);
/// ```
#[must_use]
pub fn size(quick: usize, full: usize) -> usize {
    let asked = env::var_os(FULL_SIZE).is_some_and(|value| value == "1");
    if asked { full } else { quick }
}
