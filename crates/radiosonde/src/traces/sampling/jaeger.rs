//! The question and the answer of Jaeger's sampling over gRPC.

use std::time::Duration;

use http::Uri;
use serde_json::{Value, json};

use crate::io::{HttpClient, grpc_call};

/// Asks what holds for a service, and returns the answer as it would have come over HTTP.
///
/// # Errors
///
/// Returns why there is no answer, in words for the log.
pub(super) async fn ask(
    client: &HttpClient,
    method: Uri,
    service: String,
    timeout: Duration,
) -> Result<String, String> {
    let question = Question { service };
    let answer: Answer = grpc_call(client, method, &question, timeout).await?;
    answer.json().map(|strategies| strategies.to_string())
}

impl Answer {
    /// # Errors
    ///
    /// Fails when there is no strategy in it, as in an answer that could not be read.
    fn json(self) -> Result<Value, String> {
        if let Some(operations) = self.operations {
            let each = operations.each.into_iter().map(|operation| {
                json!({
                    "operation": operation.operation,
                    "probabilisticSampling": share(&operation.share.unwrap_or_default()),
                })
            });
            return Ok(json!({
                "strategyType": "PROBABILISTIC",
                "operationSampling": {
                    "defaultSamplingProbability": operations.default,
                    "defaultLowerBoundTracesPerSecond": operations.at_least,
                    "perOperationStrategies": each.collect::<Vec<_>>(),
                },
            }));
        }
        if let Some(limit) = self.limit {
            return Ok(json!({
                "strategyType": "RATE_LIMITING",
                "rateLimitingSampling": { "maxTracesPerSecond": limit.per_second },
            }));
        }
        let of_all = self.share.ok_or("the answer has no strategy")?;
        Ok(json!({
            "strategyType": "PROBABILISTIC",
            "probabilisticSampling": share(&of_all),
        }))
    }
}

fn share(share: &Share) -> Value {
    json!({ "samplingRate": share.rate })
}

/// `SamplingStrategyParameters`.
#[derive(Clone, PartialEq, prost::Message)]
struct Question {
    #[prost(string, tag = "1")]
    service: String,
}

/// `SamplingStrategyResponse`. Which strategy it has shows by which there is.
#[derive(Clone, PartialEq, prost::Message)]
struct Answer {
    #[prost(message, optional, tag = "2")]
    share: Option<Share>,
    #[prost(message, optional, tag = "3")]
    limit: Option<Limit>,
    #[prost(message, optional, tag = "4")]
    operations: Option<Operations>,
}

/// `ProbabilisticSamplingStrategy`.
#[derive(Clone, PartialEq, prost::Message)]
struct Share {
    #[prost(double, tag = "1")]
    rate: f64,
}

/// `RateLimitingSamplingStrategy`.
#[derive(Clone, PartialEq, prost::Message)]
struct Limit {
    #[prost(int32, tag = "1")]
    per_second: i32,
}

/// `PerOperationSamplingStrategies`.
#[derive(Clone, PartialEq, prost::Message)]
struct Operations {
    #[prost(double, tag = "1")]
    default: f64,
    #[prost(double, tag = "2")]
    at_least: f64,
    #[prost(message, repeated, tag = "3")]
    each: Vec<Operation>,
}

/// `OperationSamplingStrategy`.
#[derive(Clone, PartialEq, prost::Message)]
struct Operation {
    #[prost(string, tag = "1")]
    operation: String,
    #[prost(message, optional, tag = "2")]
    share: Option<Share>,
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TraceId;
    use prost::Message as _;

    use super::super::strategies::Strategies;
    use super::super::{Asked, Origin};
    use super::*;

    /// Tells whether a request is recorded, by an answer as it is on the wire.
    fn records(answer: &[u8], route: &str) -> bool {
        let answer = Answer::decode(answer).unwrap();
        let strategies = answer.json().unwrap().to_string();
        let strategies = Strategies::read(&strategies, "checkout").unwrap();
        strategies.record(&Asked {
            method: "GET",
            route,
            trace_id: TraceId::from(7),
            origin: Origin::Here,
        })
    }

    #[test]
    fn an_answer_without_a_strategy_is_none() {
        assert!(Answer::default().json().is_err());
    }

    #[test]
    fn every_kind_of_strategy_reads_as_over_http() {
        let one = 1.0_f64.to_le_bytes();
        assert!(!records(&[0x12, 0], "/"), "a share of nothing");
        assert!(records(&[&[0x12, 9, 0x09][..], &one].concat(), "/"));
        assert!(
            records(&[0x08, 1, 0x1a, 2, 0x08, 5], "/"),
            "five in a second"
        );
        assert!(!records(&[0x08, 1, 0x1a, 0], "/"), "none in a second");
        // Nothing but one operation.
        let operation = [&[0x0a, 6][..], b"GET /a", &[0x12, 9, 0x09], &one].concat();
        let length = u8::try_from(operation.len()).unwrap();
        let operations = [&[0x1a, length][..], &operation].concat();
        let length = u8::try_from(operations.len()).unwrap();
        let answer = [&[0x22, length][..], &operations].concat();
        assert!(records(&answer, "/a"));
        assert!(!records(&answer, "/b"));
    }
}
