//! Which characters a line may hold.

use std::fmt::Write as _;

/// Appends `text` as the inside of a JSON string.
pub(crate) fn json(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hostile(c) => {
                // All of them lie in the basic plane. Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

/// Appends `text` for eyes.
pub(crate) fn readable(text: &str, out: &mut String) {
    for c in text.chars() {
        if is_hostile(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
}

/// Control characters, those that end a line, and those that change the direction of what follows.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_escape_sequence_loses_its_power() {
        let mut out = String::new();
        readable("a\u{1b}[31mb\nc\u{202e}d\u{61c} é", &mut out);
        assert_eq!(out, r"a\u{1b}[31mb\nc\u{202e}d\u{61c} é");
    }

    proptest! {
        #[test]
        fn a_json_string_reads_as_what_was_written(text in any::<String>()) {
            let mut out = String::from("\"");
            json(&text, &mut out);
            out.push('"');
            prop_assert!(!out.chars().any(is_hostile));
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
