//! Methods and targets.

use super::{HostileRequest, Target};

pub(super) fn requests() -> Vec<HostileRequest> {
    let mut all = methods();
    all.extend(targets());
    all
}

fn methods() -> Vec<HostileRequest> {
    let mut all = Vec::new();
    for method in [
        "get",
        "Get",
        "_OTHER",
        "HEAD",
        "OPTIONS",
        "TRACE",
        "CONNECT",
        "PRI",
        "BREW",
        "0",
        "!#$%&'*+-.^_`|~",
        "G\u{e9}T",
        "GET\"",
        "GET{}",
        "GET\t",
        "\u{1}",
    ] {
        all.push(HostileRequest::with_method(method.escape_debug(), method));
    }
    for length in [1, 16, 128, 1_000, 10_000] {
        all.push(HostileRequest::with_method(
            format!("{length} characters"),
            "M".repeat(length),
        ));
    }
    all
}

fn targets() -> Vec<HostileRequest> {
    let mut all = Vec::new();
    for more in [
        "/",
        "//",
        "/.",
        "/./",
        "/..",
        "/../..",
        "%00",
        "%0a",
        "%0d%0a",
        "%2f",
        "%2F..%2f",
        "%",
        "%4",
        "%zz",
        "%c0%af",
        "%ff",
        ";a=b",
        "?",
        "??",
        "?a",
        "?=",
        "?a=b&a=c",
        "?a[]=b",
        "?\"",
        "?%00",
        "?{id}",
        "{id}",
        "\"",
        "\\",
        "|",
        "^",
        "`",
        "<>",
        "#a",
        "*",
        ":80",
        "@a",
        "?a=/b?c",
        "\u{e4}",
        "\u{1f388}",
    ] {
        let target = Target::PathThen(more.as_bytes().to_vec());
        all.push(HostileRequest::with_target(
            format!("and {}", more.escape_debug()),
            target,
        ));
    }
    for parameters in [100, 10_000] {
        let target = format!("?{}", "a=b&".repeat(parameters)).into_bytes();
        all.push(HostileRequest::with_target(
            format!("{parameters} parameters"),
            Target::PathThen(target),
        ));
    }
    for length in [1_000, 65_000, 66_000, 400_000] {
        let target = format!("/{}", "p".repeat(length)).into_bytes();
        all.push(HostileRequest::with_target(
            format!("{length} bytes"),
            Target::PathThen(target),
        ));
    }
    for target in [
        "*",
        "http://a/",
        "http://a",
        "http://user:secret@a:1/b",
        "https://[::1]/",
        "http://",
        "http:",
        "a:1",
        "//a/b",
        "///",
        "/./",
        "/../",
        "/%2e%2e/",
        "/health/%00",
        "/health/\"",
        "/health/{check}",
        "/{id}",
        "",
        "a",
        "?",
        "/ /",
        "/\0",
        "/\t",
        "/\u{ff}",
    ] {
        let name = format!("elsewhere, {}", target.escape_debug());
        all.push(HostileRequest::with_target(
            name,
            Target::Other(target.as_bytes().to_vec()),
        ));
    }
    let overlong = Target::Other(vec![b'/', 0xc0, 0xaf, 0xe0, 0x80, 0xaf]);
    all.push(HostileRequest::with_target("overlong UTF-8", overlong));
    all
}
