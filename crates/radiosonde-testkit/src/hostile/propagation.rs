//! The headers that carry a trace from one service to the next.

use super::HostileRequest;

pub(super) fn requests() -> Vec<HostileRequest> {
    [
        traceparents(),
        tracestates(),
        baggage(),
        others(),
        b3(),
        b3_in_several_headers(),
        jaeger(),
    ]
    .concat()
}

fn traceparents() -> Vec<HostileRequest> {
    let hostile =
        |name: &str, value: &[u8]| HostileRequest::with_header(name, "traceparent", value);
    let mut all = vec![
        hostile("empty", b""),
        hostile("spaces", b"   "),
        hostile("one character short", &VALID.as_bytes()[..54]),
        hostile("one character long", format!("{VALID}0").as_bytes()),
        hostile("upper case", VALID.to_ascii_uppercase().as_bytes()),
        hostile(
            "trace id of zeros",
            parent("00", ZEROS, SPAN, "01").as_bytes(),
        ),
        hostile(
            "span id of zeros",
            parent("00", TRACE, &ZEROS[..16], "01").as_bytes(),
        ),
        hostile("no dashes", VALID.replace('-', "").as_bytes()),
        hostile("spaces for dashes", VALID.replace('-', " ").as_bytes()),
        hostile("joined by a comma", format!("{VALID}, {VALID}").as_bytes()),
        hostile("padded with tabs", format!("\t{VALID}\t").as_bytes()),
        hostile("not ASCII", "00-ä".repeat(14).as_bytes()),
        hostile("not UTF-8", &[0xff; 55]),
    ];
    for version in [
        "00", "01", "02", "0f", "cc", "fe", "ff", "FF", "0", "000", "zz",
    ] {
        let value = parent(version, TRACE, SPAN, "01");
        all.push(hostile(&format!("version {version}"), value.as_bytes()));
        let more = format!("{value}-more");
        all.push(hostile(
            &format!("version {version} and more"),
            more.as_bytes(),
        ));
    }
    for flags in ["00", "02", "03", "ff", "100", "0", "xx", "-1", "0x"] {
        let value = parent("00", TRACE, SPAN, flags);
        all.push(hostile(&format!("flags {flags}"), value.as_bytes()));
    }
    // A byte that is no digit, at each place.
    for place in 0..VALID.len() {
        for byte in [b'g', b'"'] {
            let mut value = VALID.as_bytes().to_vec();
            value[place] = byte;
            let name = format!("{:?} at {place}", char::from(byte));
            all.push(hostile(&name, &value));
        }
    }
    for dashes in [3, 4, 5, 1_000, 100_000] {
        all.push(hostile(&format!("{dashes} dashes"), &b"-".repeat(dashes)));
    }
    for length in LENGTHS {
        let value = VALID.as_bytes().iter().copied().cycle().take(length);
        let value: Vec<_> = value.collect();
        all.push(hostile(&format!("{length} bytes"), &value));
    }
    for times in [2, 3, 50] {
        let headers = vec![("traceparent", VALID); times];
        all.push(HostileRequest::with_headers(
            format!("traceparent: {times} times"),
            headers,
        ));
    }
    all
}

fn tracestates() -> Vec<HostileRequest> {
    let hostile = |name: String, value: String| {
        let headers = [("traceparent", VALID.to_owned()), ("tracestate", value)];
        HostileRequest::with_headers(format!("tracestate: {name}"), headers)
    };
    let mut all = Vec::new();
    for members in [0, 1, 31, 32, 33, 100, 10_000] {
        let value: Vec<_> = (0..members).map(|n| format!("k{n}=v")).collect();
        all.push(hostile(format!("{members} members"), value.join(",")));
    }
    for (name, value) in [
        ("empty members", ",,,,"),
        ("a member without a value", "a"),
        ("a member without a key", "=b"),
        ("equals signs in a value", "a=b=c=d"),
        ("a comma in quotes", "a=\"b,c\""),
        ("the same key twice", "a=1,a=2"),
        ("a tenant", "tenant@system=1"),
        ("two tenants", "a@b@c=1"),
        ("a key that begins with a digit", "0a=1"),
        ("upper case", "A=1"),
        ("padding", "\t a=1 \t, \t b=2"),
        ("a space within a value", "a=b c"),
        ("a value that ends in a space", "a=b ,c=d"),
        ("not ASCII", "ä=ö"),
        ("percent escapes", "a=%00%0a"),
        ("quotes and backslashes", r#"a=\"\\"\n"#),
    ] {
        all.push(hostile(name.to_owned(), value.to_owned()));
    }
    for length in [240, 241, 255, 256, 257, 1_000] {
        let text = "k".repeat(length);
        all.push(hostile(format!("a key of {length}"), format!("{text}=v")));
        all.push(hostile(format!("a value of {length}"), format!("k={text}")));
    }
    for length in LENGTHS {
        all.push(hostile(
            format!("{length} bytes"),
            "a=b,".repeat(length / 4),
        ));
    }
    let twice = [
        ("traceparent", VALID),
        ("tracestate", "a=1"),
        ("tracestate", "b=2"),
    ];
    all.push(HostileRequest::with_headers("tracestate: twice", twice));
    let alone = [("tracestate", "a=1")];
    all.push(HostileRequest::with_headers("tracestate: alone", alone));
    all
}

fn baggage() -> Vec<HostileRequest> {
    let hostile = |name: &str, value: String| HostileRequest::with_header(name, "baggage", value);
    let mut all = Vec::new();
    for members in [1, 64, 65, 180, 181, 2_000] {
        let value: Vec<_> = (0..members).map(|n| format!("k{n}=v{n}")).collect();
        all.push(hostile(&format!("{members} members"), value.join(",")));
    }
    let escaped = (0..64).map(|n| format!("key{n}={}", "%20".repeat(30)));
    let escaped: Vec<_> = escaped.collect();
    all.push(hostile("64 escaped members", escaped.join(",")));
    for length in [4_095, 4_096, 4_097, 8_191, 8_192, 8_193] {
        let value = format!("k={}", "v".repeat(length - 2));
        all.push(hostile(&format!("{length} bytes in one member"), value));
    }
    for (name, value) in [
        ("empty", ""),
        ("empty members", ",,,"),
        ("no value", "a"),
        ("no key", "=a"),
        ("an escape that is cut short", "a=%"),
        ("an escape that is cut short by one", "a=%4"),
        ("an escape of no digits", "a=%zz"),
        ("an escaped zero", "a=%00"),
        ("an escaped line", "a=%0d%0aset-cookie:%20a=b"),
        ("an escape that is no UTF-8", "a=%ff%fe"),
        ("an overlong escape", "a=%c0%af"),
        ("an escaped percent", "a=%2525"),
        ("properties", "a=1;p;q=2;;=;"),
        ("many properties", "a=1;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p"),
        ("UTF-8 in percent form", "a=%f0%9f%8e%88"),
        ("UTF-8", "a=\u{1f388}"),
        ("the same key twice", "a=1,a=2"),
        ("quotes", r#"a="b,c""#),
        ("a key with spaces", "a b=c"),
    ] {
        all.push(hostile(name, value.to_owned()));
    }
    for length in LENGTHS {
        all.push(hostile(
            &format!("{length} bytes"),
            "a=b,".repeat(length / 4),
        ));
    }
    all
}

/// The formats that others propagate in, some of which may be read too.
fn others() -> Vec<HostileRequest> {
    let mut all = Vec::new();
    for header in [
        "b3",
        "x-b3-traceid",
        "x-b3-spanid",
        "x-b3-sampled",
        "x-b3-flags",
        "uber-trace-id",
        "sentry-trace",
        "x-amzn-trace-id",
    ] {
        for (name, value) in [
            ("empty", String::new()),
            ("zeros", ZEROS.to_owned()),
            ("dashes", "-".repeat(1_000)),
            ("colons", ":".repeat(1_000)),
            ("a trace", format!("{TRACE}-{SPAN}-1-{SPAN}")),
            ("too long", TRACE.repeat(100)),
            ("not ASCII", "ä".repeat(16)),
        ] {
            all.push(HostileRequest::with_header(name, header, value));
        }
    }
    all
}

fn b3() -> Vec<HostileRequest> {
    let hostile = |value: String| HostileRequest::with_header(&value.clone(), "b3", value);
    let mut all = Vec::new();
    for decision in ["1", "0", "d", "D", "true", "2", "-1", "", " ", "1 ", "ä"] {
        all.push(hostile(decision.to_owned()));
        all.push(hostile(format!("{TRACE}-{SPAN}-{decision}")));
    }
    for value in [
        format!("{TRACE}-{SPAN}"),
        format!("{SPAN}-{SPAN}-1"),
        format!("{TRACE}-{SPAN}-1-{SPAN}-{SPAN}"),
        format!("{TRACE}-{SPAN}-1-"),
        format!("{ZEROS}-{SPAN}-1"),
        format!("{TRACE}-{}-1", &ZEROS[..16]),
        format!("{TRACE}--1"),
        format!("-{SPAN}-1"),
        format!("{}-{SPAN}-1", TRACE.to_uppercase()),
        format!("{}-{SPAN}-1", &TRACE[1..]),
        format!("+{}-{SPAN}-1", &TRACE[1..]),
    ] {
        all.push(hostile(value));
    }
    for length in LENGTHS {
        let name = format!("{length} bytes");
        let value = format!("{TRACE}-{SPAN}-1-").repeat(length / 52);
        all.push(HostileRequest::with_header(&name, "b3", value));
    }
    let twice = vec![("b3", format!("{TRACE}-{SPAN}-1")); 2];
    all.push(HostileRequest::with_headers("b3: twice", twice));
    all
}

fn b3_in_several_headers() -> Vec<HostileRequest> {
    let hostile = |name: &str, trace: &str, span: &str, more: &[(&str, &str)]| {
        let ids = [("x-b3-traceid", trace), ("x-b3-spanid", span)];
        let headers = ids.iter().chain(more).copied();
        HostileRequest::with_headers(format!("x-b3: {name}"), headers)
    };
    let mut all = Vec::new();
    for decision in ["1", "0", "true", "True", "d", "2", "", "ä"] {
        for header in ["x-b3-sampled", "x-b3-flags"] {
            let name = format!("{header} {decision}");
            all.push(hostile(&name, TRACE, SPAN, &[(header, decision)]));
        }
    }
    let contradiction = [("x-b3-sampled", "0"), ("x-b3-flags", "1")];
    all.push(hostile("both ways", TRACE, SPAN, &contradiction));
    let too_long = TRACE.repeat(LENGTHS[1] / 32);
    for (name, trace, span) in [
        ("a short trace id", SPAN, SPAN),
        ("a trace id of zeros", ZEROS, SPAN),
        ("a span id of zeros", TRACE, &ZEROS[..16]),
        ("a trace id for a span id", TRACE, TRACE),
        ("no digits", "trace", "span"),
        ("a long trace id", &too_long, SPAN),
        ("a long span id", TRACE, &too_long),
    ] {
        all.push(hostile(name, trace, span, &[]));
    }
    let twice = [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)];
    all.push(hostile("twice", TRACE, SPAN, &twice));
    let parents = [("x-b3-parentspanid", SPAN); 50];
    all.push(hostile("fifty parents", TRACE, SPAN, &parents));
    all
}

fn jaeger() -> Vec<HostileRequest> {
    let hostile =
        |name: &str, value: String| HostileRequest::with_header(name, "uber-trace-id", value);
    let mut all = Vec::new();
    for flags in [
        "0",
        "1",
        "2",
        "3",
        "ff",
        "fffffffffffffffff",
        "-1",
        "x",
        "",
        "+1",
    ] {
        let value = format!("{TRACE}:{SPAN}:0:{flags}");
        all.push(hostile(&format!("flags {flags}"), value));
    }
    for (name, value) in [
        ("escaped", format!("{TRACE}%3A{SPAN}%3a0%3A1")),
        ("escaped twice", format!("{TRACE}%253A{SPAN}%253A0%253A1")),
        (
            "an escape that is cut short",
            format!("{TRACE}:{SPAN}:0:1%3"),
        ),
        ("nothing but escapes", "%3A".repeat(30)),
        ("zeros left out", "1:2:0:1".to_owned()),
        ("a trace id of zeros", format!("0:{SPAN}:0:1")),
        ("a span id of zeros", format!("{TRACE}:0:0:1")),
        ("one part too many", format!("{TRACE}:{SPAN}:0:1:1")),
        ("one part too few", format!("{TRACE}:{SPAN}:0")),
        ("a long trace id", format!("{TRACE}0:{SPAN}:0:1")),
        ("a long span id", format!("{TRACE}:{SPAN}0:0:1")),
    ] {
        all.push(hostile(name, value));
    }
    for length in LENGTHS {
        let value = format!("{TRACE}:{SPAN}:0:1,").repeat(length / 54);
        all.push(hostile(&format!("{length} bytes"), value));
    }
    let twice = vec![("uber-trace-id", format!("{TRACE}:{SPAN}:0:1")); 2];
    all.push(HostileRequest::with_headers("uber-trace-id: twice", twice));
    let baggage = (0..80).map(|n| (format!("uberctx-k{n}"), "v"));
    all.push(HostileRequest::with_headers("baggage of Jaeger", baggage));
    all
}

fn parent(version: &str, trace: &str, span: &str, flags: &str) -> String {
    format!("{version}-{trace}-{span}-{flags}")
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";
const ZEROS: &str = "00000000000000000000000000000000";
const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Lengths at and around what servers take in all.
const LENGTHS: [usize; 4] = [8_192, 65_536, 200_000, 400_000];
