//! Headers that end in a log line, a span or an error report.

use super::HostileRequest;

pub(super) fn requests() -> Vec<HostileRequest> {
    let mut all = Vec::new();
    for header in HEADERS {
        for (name, value) in values() {
            all.push(HostileRequest::with_header(name, header, value));
        }
    }
    for count in [99, 100, 101, 1_000] {
        let headers = (0..count).map(|n| (format!("x-{n}"), "v"));
        all.push(HostileRequest::with_headers(
            format!("{count} headers"),
            headers,
        ));
    }
    for count in [10, 90] {
        for header in ["cookie", "forwarded"] {
            let headers = vec![(header, "a=b"); count];
            all.push(HostileRequest::with_headers(
                format!("{header}: {count} times"),
                headers,
            ));
        }
    }
    for length in [1, 256, 4_096, 65_535, 70_000] {
        let headers = [("n".repeat(length), "v")];
        all.push(HostileRequest::with_headers(
            format!("a name of {length}"),
            headers,
        ));
    }
    // Each byte within a value: servers refuse some of them.
    for byte in (0..=u8::MAX)
        .filter(|byte| !b"\r\n".contains(byte))
        .step_by(3)
    {
        let value = [b'a', byte, b'b'];
        let name = format!("the byte {byte:#04x}");
        all.push(HostileRequest::with_header(&name, "x-request-id", value));
    }
    all
}

/// Values that are hostile wherever they end.
fn values() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("empty", Vec::new()),
        ("a control character", text("a\u{1}b")),
        ("a tab", text("a\tb")),
        ("a zero", text("a\0b")),
        ("a delete", text("a\u{7f}b")),
        ("ANSI", text("\u{1b}[2J\u{1b}[31mred")),
        ("C1 controls", text("\u{9b}31m")),
        ("bidi marks", text("\u{202e}gnp.exe\u{2066}")),
        ("a line separator", text("a\u{2028}b\u{85}c")),
        ("not UTF-8", vec![0xff, 0xfe, 0xc0, 0xaf]),
        ("quotes", text(r#"""''``"#)),
        ("backslashes", text(r"\\\n\r\t\0\x41\u0041\")),
        ("quotes and backslashes", text(r#"\"\\"\\\"}{"#)),
        ("JSON", text(r#"","level":"error","x":""#)),
        ("labels", text(r#"a"} 1 # {x="y"#)),
        ("a template", text("{{.}} ${jndi:ldap://a/b} %n%n%s")),
        ("SQL", text("' OR 1=1; --")),
        ("a script", text("<script>alert(1)</script>")),
        ("percent escapes", text("%00%0d%0a%ff")),
        (
            "an emoji and its joiners",
            text("\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}"),
        ),
        ("4 KiB", vec![b'v'; 4_096]),
        ("64 KiB", vec![b'v'; 65_536]),
        ("64 KiB of quotes", vec![b'"'; 65_536]),
    ]
}

const HEADERS: [&str; 9] = [
    "x-request-id",
    "user-agent",
    "host",
    "forwarded",
    "x-forwarded-for",
    "authorization",
    "cookie",
    "accept",
    "accept-encoding",
];
