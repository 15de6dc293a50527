//! Lists of pairs, as some headers are. They are ASCII, and so taken apart as bytes.

use memchr::{memchr, memchr_iter};

/// Yields the members of a list, one after the other.
pub(super) fn members(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut begin = 0;
    let ends = memchr_iter(b',', list).chain([list.len()]);
    ends.map(move |end| {
        let member = &list[begin..end];
        begin = end + 1;
        member
    })
}

/// Splits at the first of these bytes.
pub(super) fn split_once(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr(at, bytes)?;
    Some((&bytes[..at], &bytes[at + 1..]))
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
            let found: Vec<_> = members(list.as_bytes()).collect();
            let expected: Vec<_> = list.split(',').map(str::as_bytes).collect();
            assert_eq!(found, expected);
            assert_eq!(cut(list, 2), first_two);
        }
    }
}
