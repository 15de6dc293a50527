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

/// Appends a value for eyes, in quotes where its end could not be seen otherwise: no value can pose as another field.
pub(crate) fn value(text: &str, out: &mut String) {
    if is_in_quotes(text) || !(text.is_empty() || text.contains(ends_a_value)) {
        return readable(text, out);
    }
    out.push('"');
    for part in text.split_inclusive(['"', '\\']) {
        let quoted = part.strip_suffix(['"', '\\']);
        let plain = quoted.unwrap_or(part);
        readable(plain, out);
        if quoted.is_some() {
            out.push('\\');
            out.push_str(&part[plain.len()..]);
        }
    }
    out.push('"');
}

/// Tells whether a text has quotes already that end where it does: so a text looks whose `Debug` is logged.
fn is_in_quotes(text: &str) -> bool {
    let inside = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    let mut is_escaped = false;
    let mut ends_early = |c| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    };
    inside.is_some_and(|inside| !inside.contains(&mut ends_early)) && !is_escaped
}

/// What stands after a value or around it, or in what is written instead of a character.
fn ends_a_value(c: char) -> bool {
    is_hostile(c) || c.is_whitespace() || matches!(c, '"' | '\\' | '=' | '{' | '}')
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

    #[test]
    fn a_value_is_in_quotes_where_its_end_could_not_be_seen() {
        for (text, written) in [
            ("plain", "plain"),
            ("", r#""""#),
            ("two words", r#""two words""#),
            ("x level=ERROR", r#""x level=ERROR""#),
            (r#"x" level="ERROR"#, r#""x\" level=\"ERROR""#),
            ("x} other{a", r#""x} other{a""#),
            ("no\u{a0}break", "\"no\u{a0}break\""),
            (r"C:\n", r#""C:\\n""#),
            ("\n", r#""\n""#),
            ("a\u{1b}[31m", r#""a\u{1b}[31m""#),
            // What `Debug` has put in quotes.
            (r#""two words""#, r#""two words""#),
            (r#""a \"b\" c\\""#, r#""a \"b\" c\\""#),
            (r#""a" b="c""#, r#""\"a\" b=\"c\"""#),
            (r#""a\""#, r#""\"a\\\"""#),
            ("\"", r#""\"""#),
        ] {
            let mut out = String::new();
            value(text, &mut out);
            assert_eq!(out, written, "{text:?}");
        }
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
