//! Settings of which traces are recorded.

#[cfg(feature = "otlp")]
use std::path::PathBuf;
use std::time::Duration;

use super::value::Reader;
#[cfg(feature = "otlp")]
use super::value::endpoint;
use super::{Config, ConfigError, env};

/// Which traces are recorded.
///
/// A trace that another service began is recorded if that service says so, unless [`follow_parent`](Self::follow_parent)
/// has it otherwise. For those that begin here, the share of their route counts, else that of the strategies, else the
/// one for all; a limit of traces in a second comes after that.
///
/// The decision is taken before there is a span: a request that is not recorded has ids, and no more. Settings that
/// contradict each other are an error of `init`, which names both.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use radiosonde::Config;
/// use radiosonde::trace::SamplingOptions;
///
/// let sampling = SamplingOptions::new()
///     .ratio(0.1)
///     .route("/orders/{id}", 1.0)
///     .traces_per_second(50.0)
///     .keep_errors()
///     .keep_slower_than(Duration::from_secs(1));
/// let config = Config::new("checkout").sampling(sampling);
/// ```
#[derive(Debug, Clone, Default)]
pub struct SamplingOptions {
    ratio: Option<f64>,
    strategies: Option<String>,
    follow_parent: Option<bool>,
    routes: Vec<(String, f64)>,
    per_second: Option<f64>,
    keep_errors: bool,
    keep_slower_than: Option<Duration>,
}

impl SamplingOptions {
    /// Starts from the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the share of traces that are recorded: 1 for all of them, 0 for none.
    ///
    /// Defaults to what `OTEL_TRACES_SAMPLER` says, else to 1.
    #[must_use]
    pub fn ratio(mut self, ratio: f64) -> Self {
        self.ratio = Some(ratio);
        self
    }

    /// Sets where the strategies of Jaeger stand: a file, which is read again when it changes, or an `http` or `https`
    /// address, which is asked about every minute.
    ///
    /// A strategy counts for an operation that is called like a span, such as `GET /orders/{id}`, or like a route.
    ///
    /// Defaults to `RADIOSONDE_SAMPLING_STRATEGIES`, else to none.
    #[must_use]
    pub fn strategies(mut self, place: impl Into<String>) -> Self {
        self.strategies = Some(place.into());
        self
    }

    /// Sets whether a trace that another service began is recorded exactly when that service says so.
    ///
    /// Defaults to `true`, or to what `OTEL_TRACES_SAMPLER` says.
    #[must_use]
    pub fn follow_parent(mut self, follow: bool) -> Self {
        self.follow_parent = Some(follow);
        self
    }

    /// Sets the share of traces that begin with this route, instead of that for all.
    ///
    /// Defaults to none for any route; requests to the probe and scrape endpoints have no spans in any case.
    #[must_use]
    pub fn route(mut self, route: impl Into<String>, ratio: f64) -> Self {
        self.routes.push((route.into(), ratio));
        self
    }

    /// Sets how many traces that begin here are recorded in a second, on the average. Unused ones are kept for one second.
    ///
    /// Defaults to as many as there are.
    #[must_use]
    pub fn traces_per_second(mut self, limit: f64) -> Self {
        self.per_second = Some(limit);
        self
    }

    /// Records the spans of this service for requests that fail, even if their trace is not recorded.
    ///
    /// Such spans are made for every request, and wait for its end in 2 MiB at most, 256 KiB for one trace; those that do not fit are
    /// counted as dropped when it turns out that they should have been kept. So are those of requests beyond 4 096 at once, and of the
    /// oldest when it is older than five minutes and room is needed: of these, the span of the request alone is kept. Beyond 12 288
    /// at once, all that begins without a place is counted as dropped. A span that ends after its request is kept as well, as long as
    /// that is among the last 1 024 that were, and else counted as dropped. Of spans that have not ended, 32 768 are known; what
    /// begins beyond them is counted as dropped when its request is kept. The services that are called do not know of it.
    ///
    /// Defaults to no.
    #[must_use]
    pub fn keep_errors(mut self) -> Self {
        self.keep_errors = true;
        self
    }

    /// Does the same for requests that take longer than this, by a monotonic clock.
    ///
    /// Defaults to no.
    #[must_use]
    pub fn keep_slower_than(mut self, duration: Duration) -> Self {
        self.keep_slower_than = Some(duration);
        self
    }
}

/// Which traces are recorded, resolved.
#[derive(Debug, Clone)]
pub(crate) struct SamplingSettings {
    pub(crate) follow_parent: bool,
    pub(crate) root: RootSampling,
    pub(crate) routes: Vec<(String, f64)>,
    pub(crate) per_second: Option<f64>,
    pub(crate) keep: KeepSettings,
}

/// Which traces that begin here are recorded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RootSampling {
    /// A share of them.
    Ratio(f64),
    /// What the strategies of Jaeger say.
    #[cfg(feature = "otlp")]
    Strategies(StrategySource),
}

/// Where strategies come from.
#[derive(Debug, Clone, PartialEq)]
#[cfg(feature = "otlp")]
pub(crate) struct StrategySource {
    pub(crate) place: StrategyPlace,
    /// How often they are looked at.
    pub(crate) every: Duration,
    /// The share until there are any.
    pub(crate) initial: f64,
}

/// A file, or a server that is asked.
#[derive(Debug, Clone, PartialEq)]
#[cfg(feature = "otlp")]
pub(crate) enum StrategyPlace {
    File(PathBuf),
    /// It is asked over HTTP.
    Server(http::Uri),
    /// It is asked over gRPC: the address of the method.
    #[cfg(feature = "otlp-grpc")]
    Grpc(http::Uri),
}

#[cfg(feature = "otlp")]
impl StrategyPlace {
    /// Makes it of the address of a server. One without a path is that of a server of gRPC, as the specification has it.
    #[cfg_attr(
        feature = "otlp-grpc",
        expect(unused_variables, reason = "nothing is missing")
    )]
    fn server(setting: &'static str, address: http::Uri, reader: &mut Reader<'_>) -> Self {
        let speaks_grpc = address.path() == "/" && address.query().is_none();
        #[cfg(not(feature = "otlp-grpc"))]
        if speaks_grpc {
            reader.warn(format!(
                "{setting} names a server without a path, which speaks gRPC, and this build has no feature `otlp-grpc`: it \
                 is asked over HTTP"
            ));
        }
        #[cfg(feature = "otlp-grpc")]
        if speaks_grpc {
            let mut parts = address.clone().into_parts();
            let method = "/jaeger.api_v2.SamplingManager/GetSamplingStrategy";
            parts.path_and_query = Some(http::uri::PathAndQuery::from_static(method));
            return http::Uri::from_parts(parts).map_or(Self::Server(address), Self::Grpc);
        }
        Self::Server(address)
    }
}

/// Which requests are kept that were not sampled.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KeepSettings {
    pub(crate) errors: bool,
    pub(crate) slower_than: Option<Duration>,
}

impl KeepSettings {
    /// Tells whether anything is kept.
    pub(crate) fn is_on(self) -> bool {
        self.errors || self.slower_than.is_some()
    }
}

impl SamplingSettings {
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Self {
        let options = &config.sampling;
        let standard = Standard::read(reader);
        let root = root(options, &standard, reader);
        let mut ratios: Vec<_> = options.routes.iter().map(|(_, ratio)| *ratio).collect();
        ratios.extend(options.ratio);
        for ratio in ratios
            .into_iter()
            .filter(|ratio| !(0.0..=1.0).contains(ratio))
        {
            let value = ratio.to_string();
            reader.errors.push(ConfigError::InvalidRatio { value });
        }
        let per_second = options.per_second;
        if per_second.is_some_and(|limit| !(limit.is_finite() && limit > 0.0)) {
            let value = per_second.unwrap_or_default().to_string();
            reader.errors.push(ConfigError::InvalidRate { value });
        }
        let settings = Self {
            follow_parent: options.follow_parent.unwrap_or(standard.follow_parent),
            root,
            routes: options.routes.clone(),
            per_second,
            keep: KeepSettings {
                errors: options.keep_errors,
                slower_than: options.keep_slower_than,
            },
        };
        contradictions(options, &settings, reader);
        settings
    }
}

/// Takes note of settings of which one makes the other void.
fn contradictions(options: &SamplingOptions, settings: &SamplingSettings, reader: &mut Reader<'_>) {
    for (index, (route, second)) in options.routes.iter().enumerate() {
        let mut before = options.routes[..index].iter();
        if let Some((_, first)) = before.find(|(before, _)| before == route) {
            reader.errors.push(ConfigError::RouteSampledTwice {
                route: route.clone(),
                first: first.to_string(),
                second: second.to_string(),
            });
        }
    }
    let never = settings.root == RootSampling::Ratio(0.0);
    let zero = match options.ratio {
        Some(_) => "SamplingOptions::ratio(0)",
        None => env::OTEL_TRACES_SAMPLER,
    };
    let pairs = [
        (
            options.ratio.is_some() && options.strategies.is_some(),
            ("SamplingOptions::ratio", "SamplingOptions::strategies"),
        ),
        (
            never && options.per_second.is_some() && options.routes.is_empty(),
            (zero, "SamplingOptions::traces_per_second"),
        ),
        (
            !options.routes.is_empty() && options.strategies.is_some(),
            ("SamplingOptions::route", "SamplingOptions::strategies"),
        ),
    ];
    for (_, (first, second)) in pairs.into_iter().filter(|(contradict, _)| *contradict) {
        reader
            .errors
            .push(ConfigError::Contradiction { first, second });
    }
}

/// Returns what counts for traces that begin here: what code says, else what the environment does.
#[cfg_attr(
    not(feature = "otlp"),
    expect(unused_variables, reason = "there are no strategies")
)]
fn root(options: &SamplingOptions, standard: &Standard, reader: &mut Reader<'_>) -> RootSampling {
    if let Some(ratio) = options.ratio {
        return RootSampling::Ratio(ratio);
    }
    #[cfg(feature = "otlp")]
    {
        let variable = || {
            let name = env::RADIOSONDE_SAMPLING_STRATEGIES;
            Some((name, reader.text(name)?))
        };
        let set = options.strategies.clone();
        let set = set.map(|place| ("SamplingOptions::strategies", place));
        if let Some((setting, place)) = set.or_else(variable) {
            if standard.is_set && setting == env::RADIOSONDE_SAMPLING_STRATEGIES {
                reader.errors.push(ConfigError::Contradiction {
                    first: env::OTEL_TRACES_SAMPLER,
                    second: env::RADIOSONDE_SAMPLING_STRATEGIES,
                });
            }
            return strategies(setting, &place, reader);
        }
    }
    standard.root.clone()
}

/// Makes sampling by strategies that stand in a file or on a server.
#[cfg(feature = "otlp")]
fn strategies(setting: &'static str, place: &str, reader: &mut Reader<'_>) -> RootSampling {
    let (place, every) = if place.contains("://") {
        match endpoint(setting, place) {
            Ok(server) => {
                let server = StrategyPlace::server(setting, server, reader);
                (server, Duration::from_mins(1))
            }
            Err(error) => {
                reader.error(error);
                return RootSampling::Ratio(1.0);
            }
        }
    } else {
        (StrategyPlace::File(place.into()), Duration::from_secs(10))
    };
    if let StrategyPlace::File(path) = &place
        && let Err(reason) = crate::traces::check_strategies(path)
    {
        reader.error(ConfigError::InvalidStrategies { setting, reason });
    }
    RootSampling::Strategies(StrategySource {
        place,
        every,
        initial: 1.0,
    })
}

/// What the variables of the specification say.
struct Standard {
    follow_parent: bool,
    root: RootSampling,
    #[cfg_attr(
        not(feature = "otlp"),
        expect(dead_code, reason = "there are no strategies")
    )]
    is_set: bool,
}

impl Standard {
    fn read(reader: &mut Reader<'_>) -> Self {
        let default = Self {
            follow_parent: true,
            root: RootSampling::Ratio(1.0),
            is_set: false,
        };
        let name = env::OTEL_TRACES_SAMPLER;
        let Some(text) = reader.text(name) else {
            return default;
        };
        let lower = text.to_ascii_lowercase();
        let (follow_parent, kind) = match lower.strip_prefix("parentbased_") {
            Some(kind) => (true, kind),
            None => (false, lower.as_str()),
        };
        let root = match kind {
            "always_on" => Some(RootSampling::Ratio(1.0)),
            "always_off" => Some(RootSampling::Ratio(0.0)),
            "traceidratio" => {
                let ratio = reader.share(env::OTEL_TRACES_SAMPLER_ARG, 1.0);
                Some(RootSampling::Ratio(ratio))
            }
            #[cfg(feature = "otlp")]
            "jaeger_remote" => jaeger_remote(reader),
            _ => None,
        };
        let Some(root) = root else {
            reader.warn(format!("{name} is `{text}`; using parentbased_always_on"));
            return default;
        };
        Self {
            follow_parent,
            root,
            is_set: true,
        }
    }
}

/// Reads where a server of strategies is: `endpoint=…,pollingIntervalMs=…,initialSamplingRate=…`.
#[cfg(feature = "otlp")]
fn jaeger_remote(reader: &mut Reader<'_>) -> Option<RootSampling> {
    let name = env::OTEL_TRACES_SAMPLER_ARG;
    let argument = reader.text(name).unwrap_or_default();
    let part = |key: &str| {
        let mut parts = argument.split(',').filter_map(|part| part.split_once('='));
        let (_, value) = parts.find(|(found, _)| found.trim().eq_ignore_ascii_case(key))?;
        Some(value.trim().to_owned())
    };
    let address = part("endpoint").unwrap_or_else(|| "http://localhost:5778/sampling".into());
    let server = match endpoint(name, &address) {
        Ok(server) => server,
        Err(error) => {
            reader.warn(error.to_string());
            return None;
        }
    };
    let mut number = |key: &str, default: f64, most: f64| {
        let Some(text) = part(key) else {
            return default;
        };
        let number = text.parse::<f64>().ok();
        number
            .filter(|number| (0.0..=most).contains(number))
            .unwrap_or_else(|| {
                reader.warn(format!("{name} has {key}={text}; using {default}"));
                default
            })
    };
    let every = number("pollingIntervalMs", 60_000.0, 86_400_000.0).max(100.0);
    let initial = number("initialSamplingRate", 0.001, 1.0);
    let place = StrategyPlace::server(name, server, reader);
    Some(RootSampling::Strategies(StrategySource {
        place,
        every: Duration::from_secs_f64(every / 1_000.0),
        initial,
    }))
}
