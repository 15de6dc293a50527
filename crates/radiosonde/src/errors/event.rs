//! An event, as Sentry takes it.
//!
//! The names of the members, and what they mean, are those of Sentry's description of
//! [event payloads](https://develop.sentry.dev/sdk/data-model/event-payloads/). What is empty is left out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanId, TraceId};
use serde::{Serialize, Serializer};

use super::Level;
use super::breadcrumbs::Breadcrumb;
use super::fields::Fields;
use super::frame::Frame;
use super::panic::PanickedAt;
use super::user::UserFields;

/// Something that happened, with all that is known of it, but for the [`Deployment`](super::deployment::Deployment).
#[derive(Debug, Clone, Serialize)]
pub(super) struct Event {
    #[serde(serialize_with = "seconds")]
    pub(super) timestamp: SystemTime,
    #[serde(serialize_with = "word")]
    pub(super) level: Level,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logger: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) transaction: Option<String>,
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
    #[serde(skip_serializing_if = "Fields::is_empty")]
    pub(super) extra: Fields,
    /// Where it panicked, if it did. It is written out when the report is prepared.
    #[serde(skip)]
    pub(super) panicked_at: Option<PanickedAt>,
}

impl Event {
    /// Starts an event that happens now.
    pub(super) fn new(level: Level) -> Self {
        Self {
            timestamp: SystemTime::now(),
            level,
            logger: None,
            message: None,
            transaction: None,
            fingerprint: Vec::new(),
            exception: Values::default(),
            request: None,
            user: None,
            breadcrumbs: Values::default(),
            contexts: Contexts::default(),
            tags: BTreeMap::new(),
            extra: Fields::default(),
            panicked_at: None,
        }
    }
}

impl Event {
    /// Returns about how many bytes it takes: its texts, its fields, and what was logged before.
    pub(super) fn weight(&self) -> usize {
        let exceptions = self.exception.0.iter();
        let exceptions = exceptions.map(|of| size_of_val(of) + of.kind.len() + of.value.len());
        let breadcrumbs = self.breadcrumbs.0.iter().map(Breadcrumb::weight);
        let request = self.request.as_ref().map_or(0, Request::weight);
        let user = self.user.as_ref().map_or(0, UserFields::weight);
        size_of::<Self>()
            + self.message.as_ref().map_or(0, String::len)
            + exceptions.sum::<usize>()
            + breadcrumbs.sum::<usize>()
            + weight_of_texts(&self.tags)
            + request
            + user
            + self.extra.weight()
            + self.panicked_at.as_ref().map_or(0, PanickedAt::weight)
    }
}

/// What an event goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventId(u128);

impl EventId {
    /// Makes one that no other event has.
    pub(super) fn random() -> Self {
        Self(fastrand::u128(1..))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Returns about how many bytes texts with names take.
pub(super) fn weight_of_texts(texts: &BTreeMap<String, String>) -> usize {
    let texts = texts.iter();
    let weights = texts.map(|(name, value)| 2 * size_of::<String>() + name.len() + value.len());
    weights.sum()
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
    pub(super) kind: Cow<'static, str>,
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
    #[serde(serialize_with = "shared")]
    pub(super) frames: Vec<Arc<Frame>>,
}

/// What the service was asked for.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Request {
    pub(super) method: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) query_string: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
}

impl Request {
    /// Returns about how many bytes its texts take.
    fn weight(&self) -> usize {
        let texts = [self.url.as_ref(), self.query_string.as_ref()];
        let texts = texts.into_iter().flatten().map(String::len);
        self.method.len() + texts.sum::<usize>() + weight_of_texts(&self.headers)
    }
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
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Trace {
    #[serde(rename = "trace_id", serialize_with = "shown")]
    pub(super) id: TraceId,
    #[serde(serialize_with = "shown")]
    pub(super) span_id: SpanId,
    pub(super) data: TraceData,
}

/// What else is known of the span.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct TraceData {
    /// Whether the trace is kept, so that it is worth looking for.
    pub(super) sampled: bool,
}

/// What the service answered.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Response {
    pub(super) status_code: u16,
}

fn shared<T: Serialize, S: Serializer>(list: &[Arc<T>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.iter().map(AsRef::as_ref))
}

fn shown<S: Serializer>(id: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

pub(super) fn seconds<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    serializer.serialize_f64(since.as_secs_f64())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
pub(super) fn word<S: Serializer>(level: &Level, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(level.as_str())
}
