//! Receivers of OTLP, and the spans and metrics that they got.
//!
//! A [`Collector`] is Rotel, which accepts, reads and forwards; a [`Sink`] decodes with the official Python messages and
//! shows the result. A collector forwards to a sink of its own, so that what a test sees has been understood by both.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;

use crate::server::Server;
use crate::{http, launch, tools};

/// A running collector for traces, metrics and logs over OTLP, by HTTP and gRPC.
#[derive(Debug)]
pub struct Collector {
    addr: SocketAddr,
    grpc: SocketAddr,
    _server: Server,
    sink: Sink,
}

impl Collector {
    /// Starts the collector, and the sink behind it, on free loopback ports.
    ///
    /// # Panics
    ///
    /// Panics when one of them is not installed or does not start.
    #[must_use]
    pub fn start() -> Self {
        let program = tools::program("rotel-agent");
        let sink = Sink::start();
        let (server, [addr, grpc]) = Server::with_ports(
            "rotel",
            |_, [http, grpc]| {
                let mut command = launch::command(&program);
                command
                    .arg("start")
                    .arg(format!("--otlp-http-endpoint={http}"))
                    .arg(format!("--otlp-grpc-endpoint={grpc}"))
                    .args(["--exporter=otlp", "--otlp-exporter-protocol=http"])
                    .arg(format!("--otlp-exporter-endpoint={}", sink.endpoint()))
                    .args(["--disable-batching", "--debug-log=traces"]);
                command
            },
            |[http, _]| http::get(http, "/", &[]).is_ok(),
        );
        Self {
            addr,
            grpc,
            _server: server,
            sink,
        }
    }

    /// Returns the URL to send to, for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Returns the URL to send to over gRPC.
    #[must_use]
    pub fn grpc_endpoint(&self) -> String {
        format!("http://{}", self.grpc)
    }

    /// Returns every log record that came through so far, oldest first, as [`spans`](Self::spans) does.
    ///
    /// # Panics
    ///
    /// Panics when the sink does not answer.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.sink.records()
    }

    /// Returns every span that came through so far, oldest first.
    ///
    /// The collector answers before it forwards, so a span that it has accepted may be a moment away.
    ///
    /// # Panics
    ///
    /// Panics when the sink does not answer.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.sink.spans()
    }

    /// Returns every point of a metric that came through so far, oldest first, as [`spans`](Self::spans) does.
    ///
    /// # Panics
    ///
    /// Panics when the sink does not answer.
    #[must_use]
    pub fn points(&self) -> Vec<Point> {
        self.sink.points()
    }
}

/// A running decoder of traces, metrics and logs over OTLP/HTTP, in protobuf.
#[derive(Debug)]
pub struct Sink {
    addr: SocketAddr,
    _server: Server,
}

impl Sink {
    /// Starts a sink on a free loopback port.
    ///
    /// # Panics
    ///
    /// Panics when Python or its packages are missing, or it does not start.
    #[must_use]
    pub fn start() -> Self {
        let (server, addr) = Server::python(
            "otlp-sink",
            "opentelemetry.proto.collector.trace.v1.trace_service_pb2",
            include_str!("../python/otlp_sink.py"),
        );
        Self {
            addr,
            _server: server,
        }
    }

    /// Returns the URL to send to, for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Returns every span received so far, oldest first.
    ///
    /// # Panics
    ///
    /// Panics when the sink does not answer.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.received("/spans", Span::from_json)
    }

    /// Returns every point of a metric received so far, oldest first.
    ///
    /// # Panics
    ///
    /// Panics when the sink does not answer.
    #[must_use]
    pub fn points(&self) -> Vec<Point> {
        self.received("/points", Point::from_json)
    }

    /// Returns every log record received so far, oldest first.
    ///
    /// # Panics
    ///
    /// Panics when the sink does not answer.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.received("/records", Record::from_json)
    }

    fn received<T>(&self, page: &str, read: fn(&Value) -> T) -> Vec<T> {
        let response = http::get(self.addr, page, &[]).expect("the sink answers");
        let items = response.json();
        items.as_array().into_iter().flatten().map(read).collect()
    }
}

/// A log record, as the decoder understood it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Record {
    /// What logged it.
    pub scope: String,
    /// How severe it is, from 1 to 24.
    pub severity: u64,
    /// The same as a word.
    pub severity_text: String,
    /// The message.
    pub body: Value,
    /// The id of its trace, in hexadecimal; empty for none.
    pub trace_id: String,
    /// The id of its span, in hexadecimal; empty for none.
    pub span_id: String,
    /// When it was logged, in nanoseconds since 1970.
    pub time: u64,
    /// Its attributes.
    pub attributes: BTreeMap<String, Value>,
    /// The attributes of what logged it, such as `service.name`.
    pub resource: BTreeMap<String, Value>,
}

impl Record {
    fn from_json(record: &Value) -> Self {
        Self {
            scope: text(&record["scope"]),
            severity: record["severity"].as_u64().unwrap_or_default(),
            severity_text: text(&record["severity_text"]),
            body: record["body"].clone(),
            trace_id: text(&record["trace_id"]),
            span_id: text(&record["span_id"]),
            time: record["time"].as_u64().unwrap_or_default(),
            attributes: map(&record["attributes"]),
            resource: map(&record["resource"]),
        }
    }
}

/// A span, as the decoder understood it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Span {
    /// Its name.
    pub name: String,
    /// Its kind: `server`, `client`, `internal`, `producer`, `consumer` or `unspecified`.
    pub kind: String,
    /// The id of its trace, in hexadecimal.
    pub trace_id: String,
    /// Its own id, in hexadecimal.
    pub span_id: String,
    /// The id of its parent, in hexadecimal, unless it is a root.
    pub parent_span_id: Option<String>,
    /// Its attributes.
    pub attributes: BTreeMap<String, Value>,
    /// Its status: `unset`, `ok` or `error`.
    pub status: String,
    /// What the status says beyond its code; empty for nothing.
    pub status_message: String,
    /// The attributes of what made the span, such as `service.name`.
    pub resource: BTreeMap<String, Value>,
}

impl Span {
    fn from_json(span: &Value) -> Self {
        Self {
            name: text(&span["name"]),
            kind: text(&span["kind"]),
            trace_id: text(&span["trace_id"]),
            span_id: text(&span["span_id"]),
            parent_span_id: Some(text(&span["parent_span_id"])).filter(|id| !id.is_empty()),
            attributes: map(&span["attributes"]),
            status: text(&span["status"]),
            status_message: text(&span["status_message"]),
            resource: map(&span["resource"]),
        }
    }
}

/// A point of a metric, as the decoder understood it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// The name of the metric.
    pub name: String,
    /// The unit of the metric.
    pub unit: String,
    /// What the metric says.
    pub description: String,
    /// What the metric is: `sum`, `gauge`, `histogram` or `exponential_histogram`.
    pub kind: String,
    /// Whether a sum only grows.
    pub monotonic: bool,
    /// What a sum or a histogram covers: `cumulative` or `delta`; empty for a gauge.
    pub temporality: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, Value>,
    /// Since when it counts, in nanoseconds since 1970.
    pub started: u64,
    /// When it was read, in nanoseconds since 1970.
    pub time: u64,
    /// A number or, of a histogram, an object: `count`, `sum`, `buckets`, and `bounds` or `scale`, `zeros` and `offset`.
    pub value: Value,
    /// Its exemplars: objects of `trace_id`, `span_id` and `value`.
    pub exemplars: Vec<Value>,
    /// The attributes of what recorded it, such as `service.name`.
    pub resource: BTreeMap<String, Value>,
}

impl Point {
    fn from_json(point: &Value) -> Self {
        Self {
            name: text(&point["name"]),
            unit: text(&point["unit"]),
            description: text(&point["description"]),
            kind: text(&point["kind"]),
            monotonic: point["monotonic"] == true,
            temporality: text(&point["temporality"]),
            attributes: map(&point["attributes"]),
            started: point["started"].as_u64().unwrap_or_default(),
            time: point["time"].as_u64().unwrap_or_default(),
            value: point["value"].clone(),
            exemplars: point["exemplars"].as_array().cloned().unwrap_or_default(),
            resource: map(&point["resource"]),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn map(value: &Value) -> BTreeMap<String, Value> {
    let fields = value.as_object().into_iter().flatten();
    fields
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
