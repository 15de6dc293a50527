//! Tests that are done over each protocol, in a child that exports by it.

use std::thread;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use radiosonde::Sonde;
use radiosonde_testkit::fault::Mode;
#[cfg(feature = "otlp-grpc")]
use radiosonde_testkit::fault::grpc;
use tower::ServiceExt as _;

use crate::child::{self, printed};

/// A protocol of OTLP, and what a collector says in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    #[cfg(feature = "otlp-grpc")]
    Grpc,
}

impl Protocol {
    pub(super) const ALL: &[Self] = &[
        Self::Http,
        #[cfg(feature = "otlp-grpc")]
        Self::Grpc,
    ];

    /// Returns the one that this child exports by.
    pub(super) fn of_child() -> Self {
        let name = std::env::var(PROTOCOL).unwrap();
        let mut all = Self::ALL.iter().copied();
        all.find(|protocol| protocol.name() == name).unwrap()
    }

    /// Returns its name in variables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Http => "http/protobuf",
            #[cfg(feature = "otlp-grpc")]
            Self::Grpc => "grpc",
        }
    }

    /// Returns where spans are sent.
    pub(super) fn traces(self) -> &'static str {
        match self {
            Self::Http => "/v1/traces",
            #[cfg(feature = "otlp-grpc")]
            Self::Grpc => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        }
    }

    /// Returns where log records are sent.
    pub(super) fn logs(self) -> &'static str {
        match self {
            Self::Http => "/v1/logs",
            #[cfg(feature = "otlp-grpc")]
            Self::Grpc => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        }
    }

    /// Takes whatever comes.
    pub(super) fn takes(self) -> Mode {
        match self {
            Self::Http => Mode::status(200),
            #[cfg(feature = "otlp-grpc")]
            Self::Grpc => grpc::status("0"),
        }
    }

    /// Takes nothing for the moment.
    pub(super) fn is_unavailable(self) -> Mode {
        match self {
            Self::Http => Mode::status(503),
            #[cfg(feature = "otlp-grpc")]
            Self::Grpc => grpc::status("14"),
        }
    }

    /// Takes nothing for so many seconds, because it was sent too much.
    pub(super) fn throttles(self, seconds: u64) -> Mode {
        match self {
            Self::Http => Mode::throttle(429, seconds),
            #[cfg(feature = "otlp-grpc")]
            Self::Grpc => grpc::throttle("8", seconds),
        }
    }

    /// Is unavailable for so many seconds.
    pub(super) fn pauses(self, seconds: u64) -> Mode {
        match self {
            Self::Http => Mode::throttle(503, seconds),
            #[cfg(feature = "otlp-grpc")]
            Self::Grpc => grpc::throttle("14", seconds),
        }
    }

    /// Takes what comes, and says this.
    pub(super) fn says(self, message: &[u8]) -> Mode {
        match self {
            Self::Http => Mode::answer("application/x-protobuf", message),
            #[cfg(feature = "otlp-grpc")]
            Self::Grpc => grpc::message(message),
        }
    }
}

/// Runs a test again, in a child for each protocol with these variables. Returns the protocol where this is the child.
pub(super) fn in_children(test: &str, variables: &[(&str, &str)]) -> Option<Protocol> {
    if child::is_child() {
        return Some(Protocol::of_child());
    }
    // What they do is wait.
    thread::scope(|scope| {
        for protocol in Protocol::ALL {
            let variables = [variables, &[(PROTOCOL, protocol.name())]].concat();
            scope.spawn(move || printed(&child::run(test, &variables)));
        }
    });
    None
}

/// Answers so many requests with a service.
pub(super) async fn serve(sonde: &Sonde, requests: u64) {
    let app = Router::new()
        .route("/", get(async || ""))
        .layer(sonde.layer());
    for _ in 0..requests {
        let answered = app.clone().oneshot(Request::new(Body::empty())).await;
        drop(answered.unwrap());
    }
}

pub(super) const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
