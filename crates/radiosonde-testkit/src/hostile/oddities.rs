//! Those that somebody thought of: a header a line, in `oddities.txt`.

use super::HostileRequest;

pub(super) fn requests() -> Vec<HostileRequest> {
    let lines = include_str!("oddities.txt").lines();
    let entries = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    entries.map(request).collect()
}

/// Reads `name: value`, with `\xNN` for bytes that an editor would not keep.
fn request(line: &str) -> HostileRequest {
    let (header, value) = line
        .split_once(": ")
        .unwrap_or_else(|| panic!("`{line}` is no header"));
    let headers = [(header.as_bytes().to_vec(), unescaped(value))];
    HostileRequest::with_headers(format!("oddity {line}"), headers)
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        let byte = u8::from_str_radix(digits, 16);
        bytes.push(byte.unwrap_or_else(|_| panic!("`{digits}` in `{text}` is no byte")));
        bytes.extend(rest.bytes());
    }
    bytes
}
