//! Lists of pairs, as some headers are.

use memchr::{memchr, memchr_iter};

/// Yields the members of a list, one after the other.
pub(super) fn members(list: &str) -> impl Iterator<Item = &str> {
    let mut begin = 0;
    let ends = memchr_iter(b',', list.as_bytes()).chain([list.len()]);
    ends.map(move |end| {
        let member = &list[begin..end];
        begin = end + 1;
        member
    })
}

/// Splits at the first of these characters, which is ASCII.
pub(super) fn split_once(text: &str, at: u8) -> Option<(&str, &str)> {
    let at = memchr(at, text.as_bytes())?;
    Some((&text[..at], &text[at + 1..]))
}

/// Returns the list without what comes after so many members.
pub(super) fn cut(list: &str, members: usize) -> &str {
    let end = memchr_iter(b',', list.as_bytes()).nth(members - 1);
    &list[..end.unwrap_or(list.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_one_member_more_than_commas_and_may_be_cut() {
        for (list, first_two) in [
            ("", ""),
            ("a", "a"),
            ("a,b", "a,b"),
            ("a,b,", "a,b"),
            (",,c", ","),
        ] {
            let found: Vec<_> = members(list).collect();
            let expected: Vec<_> = list.split(',').collect();
            assert_eq!(found, expected);
            assert_eq!(cut(list, 2), first_two);
        }
    }
}
