//! Calls of gRPC, and requests that pretend to be some.

use super::{HostileRequest, Target};

pub(super) fn requests() -> Vec<HostileRequest> {
    let mut all = Vec::new();
    for kind in KINDS {
        let name = format!("content-type: {}", kind.escape_ascii());
        all.push(HostileRequest::with_headers(
            name,
            [("content-type", *kind)],
        ));
        let name = format!("posted {}", kind.escape_ascii());
        all.push(call(&name, &[("content-type", kind)]));
    }
    let long = format!("application/grpc+{}", "p".repeat(65_536));
    all.push(call("of a long kind", &[("content-type", long.as_bytes())]));
    let twice = [("content-type", GRPC), ("content-type", b"text/html")];
    all.push(call("of two kinds", &twice));
    for timeout in [
        "",
        "1",
        "H",
        "0n",
        "-1S",
        "+1S",
        "1x",
        "1 S",
        "99999999H",
        "999999999H",
        "1e9S",
        "\u{661}S",
    ] {
        let name = format!("grpc-timeout: {timeout}");
        let timeout = ("grpc-timeout", timeout.as_bytes());
        all.push(call(&name, &[("content-type", GRPC), timeout]));
    }
    for (header, value) in [
        ("grpc-encoding", "gzip, evil"),
        ("grpc-accept-encoding", ",,,"),
        ("grpc-status", "0"),
        ("grpc-status", "99999999999"),
        ("grpc-message", "%00%0a%ff%"),
        ("grpc-trace-bin", "===="),
        ("grpc-tags-bin", "not base64"),
        ("grpc-previous-rpc-attempts", "-1"),
        ("te", "trailers, deflate;q=9"),
        ("trailer", "grpc-status, content-length"),
    ] {
        let name = format!("{header}: {value}");
        let header = (header, value.as_bytes());
        all.push(call(&name, &[("content-type", GRPC), header]));
    }
    all.extend(METHODS.iter().map(|method| of_method(method)));
    for length in [200, 60_000] {
        let method = format!("/a.B/{}", "m".repeat(length));
        all.push(of_method(&method));
    }
    all
}

/// A call of what the test says.
fn call(name: &str, headers: &[(&str, &[u8])]) -> HostileRequest {
    let te = [("te", &b"trailers"[..])];
    let headers = te.iter().chain(headers).copied();
    HostileRequest {
        method: b"POST".to_vec(),
        ..HostileRequest::with_headers(format!("call: {name}"), headers)
    }
}

/// A call of what there is not.
fn of_method(method: &str) -> HostileRequest {
    let shown = method.chars().take(20).collect::<String>();
    let name = format!("of {}, {} long", shown.escape_debug(), method.len());
    HostileRequest {
        target: Target::Other(method.as_bytes().to_vec()),
        ..call(&name, &[("content-type", GRPC)])
    }
}

const GRPC: &[u8] = b"application/grpc";

/// What begins like calls do, and is none, or is one that nobody makes.
const KINDS: &[&[u8]] = &[
    GRPC,
    b"application/grpc+proto",
    b"application/grpc+json; charset=\"\\\"",
    b"application/grpc;",
    b"application/grpc+",
    b"application/grpc+\xff\xfe",
    b"application/grpc\x01",
    b"application/grpc ",
    b"application/grpc, application/grpc",
    b"application/grpcx",
    b"application/grpc-web",
    b"application/grpc-web-text+proto",
    b"APPLICATION/GRPC",
    b"Application/gRPC+Proto",
];

/// Names that a label should not get.
const METHODS: &[&str] = &[
    "/a/b",
    "/shop.Orders/Forged",
    "/shop.Orders/",
    "//Get",
    "/shop.Orders/Get/Get",
    "/shop.Orders/Get?a=b",
    "/shop.Orders/Get\"} 1",
    "/shop.Orders/%47et",
    "/shop..Orders/Get",
    "/./Get",
    "/_OTHER/_OTHER",
    "/_OTHER",
    "/\u{e4}.\u{f6}/Get",
    "http://a/shop.Orders/Elsewhere",
    "*",
];
