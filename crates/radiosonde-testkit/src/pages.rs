//! Pages of the reference, which are made from code and compared with what is committed.

use std::{env, fs};

use crate::scratch;

/// Compares a page below `docs/reference/` with what it should say. Where `RADIOSONDE_WRITE_DOCS` is set, writes it first.
///
/// # Panics
///
/// Panics when it says something else, with a message that says what to do.
#[track_caller]
pub fn compare(name: &str, page: &str) {
    let path = scratch::workspace().join("docs/reference").join(name);
    if env::var_os("RADIOSONDE_WRITE_DOCS").is_some() {
        fs::write(&path, page).expect("the pages of the reference can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written,
        page,
        "run the test with RADIOSONDE_WRITE_DOCS=1 and commit {}",
        path.display()
    );
}
