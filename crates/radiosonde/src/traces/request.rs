//! What the span of a server says of its request when that arrives.

use std::borrow::Cow;
use std::net::IpAddr;

use http::header;
use opentelemetry::KeyValue;
use radiosonde_tower::Arrival;

use super::attributes::{bounded, captured, method_name, of_method, version};
use super::call;
use super::forwarded::Forwarded;
use super::query;
use crate::config::SpanOptions;

/// Returns the name of the span: method and route, and never the path.
pub(super) fn name(request: &Arrival<'_>) -> Cow<'static, str> {
    if let Some(method) = request.grpc_method() {
        return call::name(method).into();
    }
    let method = method_name(request.method_label());
    match request.route() {
        "" => method.into(),
        route => [method, " ", route].concat().into(),
    }
}

/// Returns the attributes of a request under its route, which is empty when none matched.
pub(super) fn attributes(
    request: &Arrival<'_>,
    route: &'static str,
    options: &SpanOptions,
) -> Vec<KeyValue> {
    let forwarded = if options.public_edge {
        Forwarded::default()
    } else {
        Forwarded::read(request.headers())
    };
    let mut attributes = of_method(request.method_label(), request.method());
    if request.grpc_method().is_some() {
        attributes.push(call::system());
    }
    attributes.push(KeyValue::new("url.path", bounded(request.uri().path())));
    // The query is left out unless it is asked for: it may hold secrets.
    if options.query
        && let Some(query) = request.uri().query()
    {
        attributes.push(KeyValue::new("url.query", query::redacted(query)));
    }
    let scheme = forwarded.scheme.unwrap_or_else(|| scheme(request));
    attributes.push(KeyValue::new("url.scheme", scheme));
    if !route.is_empty() {
        attributes.push(KeyValue::new("http.route", route));
    }
    if let Some(version) = version(request.version()) {
        attributes.push(KeyValue::new("network.protocol.version", version));
    }
    if let Some(agent) = text(request, &header::USER_AGENT) {
        attributes.push(KeyValue::new("user_agent.original", bounded(agent)));
    }
    if let Some((address, port)) = server(request, &forwarded) {
        attributes.push(KeyValue::new("server.address", bounded(address)));
        attributes.extend(port.map(|port| KeyValue::new("server.port", i64::from(port))));
    }
    if !options.omit_client {
        client(request, forwarded.client, &mut attributes);
    }
    attributes.extend(captured(&options.headers, request.headers()));
    attributes
}

/// Adds who asks, and what the connection comes from.
fn client(request: &Arrival<'_>, forwarded: Option<IpAddr>, attributes: &mut Vec<KeyValue>) {
    let peer = peer(request);
    let client = forwarded.or(peer.map(|(address, _)| address));
    let address = |name, address: IpAddr| KeyValue::new(name, address.to_string());
    attributes.extend(client.map(|client| address("client.address", client)));
    if let Some((peer, port)) = peer {
        attributes.push(address("network.peer.address", peer));
        attributes.push(KeyValue::new("network.peer.port", i64::from(port)));
    }
}

/// Returns the other end of the connection, where whoever serves has left it.
#[cfg(feature = "axum")]
fn peer(request: &Arrival<'_>) -> Option<(IpAddr, u16)> {
    use axum::extract::ConnectInfo;
    use std::net::SocketAddr;
    let ConnectInfo(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    // A socket of version 6 that takes connections of version 4 spells their addresses in its own way.
    Some((peer.ip().to_canonical(), peer.port()))
}

#[cfg(not(feature = "axum"))]
fn peer(_: &Arrival<'_>) -> Option<(IpAddr, u16)> {
    None
}

fn scheme(request: &Arrival<'_>) -> &'static str {
    match request.uri().scheme_str() {
        Some("https") => "https",
        _ => "http",
    }
}

/// Returns the host that the client meant, and the port if it named one.
fn server<'a>(request: &Arrival<'a>, forwarded: &Forwarded<'a>) -> Option<(&'a str, Option<u16>)> {
    let of_target = || request.uri().authority().map(http::uri::Authority::as_str);
    let host = forwarded.host.or_else(of_target);
    let host = host.or_else(|| text(request, &header::HOST))?;
    // Credentials may stand before it.
    let host = split_last(host, b'@').map_or(host, |(_, host)| host);
    let (name, port) = match split_last(host, b':') {
        // An address of version 6 has colons of its own, and stands in brackets.
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
        _ => (host, None),
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    (!name.is_empty()).then_some((name, port))
}

/// Splits a text at the last place of an ASCII character. Hosts are short: looking at each of their bytes takes a third of what a search made for
/// long texts does.
fn split_last(text: &str, at: u8) -> Option<(&str, &str)> {
    let place = text.bytes().rposition(|byte| byte == at)?;
    Some((&text[..place], &text[place + 1..]))
}

fn text<'a>(request: &Arrival<'a>, name: &header::HeaderName) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}
