//! What can be wrong with a setting.

use radiosonde_catalog::objective::InvalidObjective;

/// One setting that is wrong.
///
/// The message says which, shows the value unless it may be a secret, and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The service has no name.
    #[error("the service has no name: give `init` one, such as `checkout`, or set {variable}", variable = super::env::OTEL_SERVICE_NAME)]
    #[non_exhaustive]
    EmptyServiceName,

    /// A setting that takes a duration held something else.
    #[error(
        "{setting} is `{value}`, which is no duration: give a number and a unit, such as `250ms` or `5s`"
    )]
    #[non_exhaustive]
    InvalidDuration {
        /// The variable or the method that set it.
        setting: &'static str,
        /// What it held.
        value: String,
    },

    /// A duration is longer than it may be.
    #[error("{setting} is `{value}`, which is too long: give at most `{most}`")]
    #[non_exhaustive]
    DurationTooLong {
        /// The variable or the method that set it.
        setting: &'static str,
        /// What it held.
        value: String,
        /// The longest that it may be.
        most: String,
    },

    /// A duration is shorter than it may be.
    #[error("{setting} is `{value}`, which is too short: give at least `{least}`")]
    #[non_exhaustive]
    DurationTooShort {
        /// The variable or the method that set it.
        setting: &'static str,
        /// What it held.
        value: String,
        /// The shortest that it may be.
        least: String,
    },

    /// A limit is no number from 1.
    #[error("{setting} is `{value}`: give a number from 1, or leave it unset for no limit")]
    #[non_exhaustive]
    InvalidLimit {
        /// The variable or the method that set it.
        setting: &'static str,
        /// What it held.
        value: String,
    },

    /// An address to listen on is none.
    #[error(
        "{setting} is `{value}`, which is no address to listen on: give a port such as `9090`, or an address and a port such as `0.0.0.0:9090`"
    )]
    #[non_exhaustive]
    InvalidAddress {
        /// The variable or the method that set it.
        setting: &'static str,
        /// What it held.
        value: String,
    },

    /// The token of administrators cannot be used. It is not shown.
    #[error("{setting} cannot be used: give 16 to 1024 visible ASCII characters, without spaces")]
    #[non_exhaustive]
    InvalidToken {
        /// The variable or the method that set it.
        setting: &'static str,
    },

    /// A path of an endpoint cannot be used.
    #[error(
        "`{value}` cannot be the path of an endpoint: give each one of its own that is not directly below that of health, such as `/livez`"
    )]
    #[non_exhaustive]
    InvalidPath {
        /// The path as it was given.
        value: String,
    },

    /// The name of a header is none: of the one for the id of the trace, or of one that reports tell.
    #[error(
        "`{value}` is no name of a header: give letters, digits and dashes, such as `x-trace-id`"
    )]
    #[non_exhaustive]
    InvalidHeaderName {
        /// What was given.
        value: String,
    },

    /// The share of requests in the access log is no share.
    #[error("`{value}` is no share of requests for the access log: give a number from 0 to 1")]
    #[non_exhaustive]
    InvalidShare {
        /// What was given.
        value: String,
    },

    /// An objective is wrong.
    #[error(transparent)]
    InvalidObjective(InvalidObjective),

    /// A latency objective needs a bound in a histogram that has none.
    #[error(
        "objective `{objective}` needs its threshold as a bound of `{histogram}`, and `Config::metrics` gives that exponential \
         buckets: leave its bounds as they are, or give some"
    )]
    #[non_exhaustive]
    UncountedThreshold {
        /// The name of the objective.
        objective: String,
        /// The histogram: of HTTP requests, or of gRPC calls, which objectives count as well.
        histogram: &'static str,
    },

    /// A header that holds credentials is to be recorded.
    #[error("the header `{name}` holds credentials, which spans must not record: capture another")]
    #[non_exhaustive]
    SecretHeader {
        /// The header.
        name: String,
    },

    /// Of two settings one makes the other void.
    #[error("{first} and {second} contradict each other: take one of them away")]
    #[non_exhaustive]
    Contradiction {
        /// One of them: a variable or a method.
        first: &'static str,
        /// The other.
        second: &'static str,
    },

    /// A route has two shares of traces.
    #[error(
        "the route `{route}` has two shares of traces, SamplingOptions::route(…, {first}) and SamplingOptions::route(…, {second}): take \
         one of them away"
    )]
    #[non_exhaustive]
    RouteSampledTwice {
        /// The route.
        route: String,
        /// The share that came first.
        first: String,
        /// The other.
        second: String,
    },

    /// A share of traces is no share.
    #[error("`{value}` is no share of traces: give a number from 0 to 1")]
    #[non_exhaustive]
    InvalidRatio {
        /// What was given.
        value: String,
    },

    /// A number of traces in a second is none.
    #[error("`{value}` is no number of traces in a second: give one above 0")]
    #[non_exhaustive]
    InvalidRate {
        /// What was given.
        value: String,
    },

    /// A file with strategies of sampling will not do.
    #[error("{setting} names strategies of sampling that will not do: {reason}")]
    #[non_exhaustive]
    InvalidStrategies {
        /// The variable or the method that set it.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },

    /// A setting that takes a whole number held something else.
    #[error("{setting} is `{value}`, which is no whole number: give one such as `1000`")]
    #[non_exhaustive]
    InvalidNumber {
        /// The variable that set it.
        setting: &'static str,
        /// What it held.
        value: String,
    },

    /// A setting that takes one of a few words held another.
    #[error("{setting} is `{value}`: give one of {expected}")]
    #[non_exhaustive]
    UnknownWord {
        /// The variable that set it.
        setting: &'static str,
        /// What it held.
        value: String,
        /// The words that it takes.
        expected: &'static str,
    },

    /// A log filter that code set has a syntax error. One that `RUST_LOG` holds is ignored, with a warning.
    #[error(
        "the log filter `{value}` is wrong: {reason}; write it as `info` or `warn,my_crate=debug`"
    )]
    #[non_exhaustive]
    InvalidLogFilter {
        /// What it held.
        value: String,
        /// What its parser says.
        reason: String,
    },

    /// An address that telemetry goes to is none. Its text is not shown: it may hold a password.
    #[error(
        "{setting} is no address of an HTTP server ({reason}): give one such as `http://localhost:4318`"
    )]
    #[non_exhaustive]
    InvalidEndpoint {
        /// The variable or the method that set it.
        setting: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// An address needs TLS, and the crate was built without it.
    #[error(
        "{setting} starts with `https`, and this build has no TLS: turn on the feature `tls` of the crate radiosonde"
    )]
    #[non_exhaustive]
    NoTls {
        /// The variable or the method that set it.
        setting: &'static str,
    },

    /// A file with a certificate or a key will not do.
    #[error(
        "{setting} names a file that will not do: {reason}; give one in PEM that this process may read"
    )]
    #[non_exhaustive]
    InvalidCertificate {
        /// The variable that set it.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },

    /// The DSN of Sentry is malformed. It is not shown.
    #[error(
        "{setting} is malformed ({reason}): copy it from the project's settings, under Client Keys, or leave it unset"
    )]
    #[non_exhaustive]
    InvalidDsn {
        /// The variable or the method that set it.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}
