//! What real servers answered, kept as text, so that they answer the same again.
//!
//! A file begins with lines of `#`, which say what was asked, whom, and when. A line of `===` begins an answer, or several
//! that belong together, and says what they are.

/// What a file has under this title.
pub(crate) fn section<'a>(file: &'a str, title: &str) -> &'a str {
    let mut sections = file
        .split("\n=== ")
        .filter_map(|section| section.split_once('\n'));
    let found = sections.find(|(other, _)| *other == title);
    found.unwrap_or_else(|| panic!("{title} was recorded")).1
}
