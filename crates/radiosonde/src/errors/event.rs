//! An event, as Sentry takes it.
//!
//! The names of the members, and what they mean, are those of Sentry's description of
//! [event payloads](https://develop.sentry.dev/sdk/data-model/event-payloads/). What is empty is left out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Level;
use super::breadcrumbs::Breadcrumb;
use super::user::UserFields;

/// Something that happened, with all that is known of it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Event {
    #[serde(rename = "event_id")]
    pub(super) id: String,
    #[serde(serialize_with = "seconds")]
    pub(super) timestamp: SystemTime,
    platform: &'static str,
    #[serde(serialize_with = "word")]
    pub(super) level: Level,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logger: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) transaction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) release: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dist: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) environment: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fingerprint: Vec<String>,
    /// Errors and their causes, the innermost cause first.
    #[serde(skip_serializing_if = "Values::is_empty")]
    pub(super) exception: Values<Exception>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request: Option<Request>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<UserFields>,
    /// What happened before, oldest first.
    #[serde(skip_serializing_if = "Values::is_empty")]
    pub(super) breadcrumbs: Values<Breadcrumb>,
    #[serde(skip_serializing_if = "Contexts::is_empty")]
    pub(super) contexts: Contexts,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) extra: BTreeMap<String, Value>,
    sdk: Sdk,
}

impl Event {
    /// Starts an event that happens now.
    pub(super) fn new(level: Level) -> Self {
        Self {
            id: format!("{:032x}", fastrand::u128(1..)),
            timestamp: SystemTime::now(),
            platform: "native",
            level,
            logger: None,
            message: None,
            transaction: None,
            server_name: None,
            release: None,
            dist: None,
            environment: None,
            fingerprint: Vec::new(),
            exception: Values::default(),
            request: None,
            user: None,
            breadcrumbs: Values::default(),
            contexts: Contexts::default(),
            tags: BTreeMap::new(),
            extra: BTreeMap::new(),
            sdk: Sdk::default(),
        }
    }
}

/// A list, as Sentry wraps it.
#[derive(Debug, Clone)]
pub(super) struct Values<T>(pub(super) Vec<T>);

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Values<T> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Serialize> Serialize for Values<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("values", &self.0)])
    }
}

/// An error or a panic.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Exception {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mechanism: Option<Mechanism>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stacktrace: Option<Stacktrace>,
}

/// How an exception came to be reported.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Mechanism {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// Whether the service went on as it had meant to.
    pub(super) handled: bool,
}

/// Where an exception happened: the outermost frame first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Stacktrace {
    pub(super) frames: Vec<Frame>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Frame {
    pub(super) function: Cow<'static, str>,
    /// The crate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) package: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) filename: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) abs_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lineno: Option<u32>,
    pub(super) instruction_addr: String,
    /// Whether it is code of the service, and not of what it is built on.
    pub(super) in_app: bool,
}

/// What the service was asked for.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Request {
    pub(super) method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) query_string: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
}

/// What the event belongs to.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Contexts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trace: Option<Trace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response: Option<Response>,
}

impl Contexts {
    fn is_empty(&self) -> bool {
        self.trace.is_none() && self.response.is_none()
    }
}

/// The span in which it happened.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Trace {
    #[serde(rename = "trace_id")]
    pub(super) id: String,
    pub(super) span_id: String,
    pub(super) data: TraceData,
}

/// What else is known of the span.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TraceData {
    /// Whether the trace is kept, so that it is worth looking for.
    pub(super) sampled: bool,
}

/// What the service answered.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Response {
    pub(super) status_code: u16,
}

/// Who wrote the event.
#[derive(Debug, Clone, Serialize)]
struct Sdk {
    name: &'static str,
    version: &'static str,
}

impl Default for Sdk {
    fn default() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

pub(super) fn seconds<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    serializer.serialize_f64(since.as_secs_f64())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
pub(super) fn word<S: Serializer>(level: &Level, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(level.as_str())
}
