//! The strategies of Jaeger, as its collector reads them from a file and as it answers.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::Asked;
use super::rate::Rate;
use super::share::Share;

/// What holds for one service.
#[derive(Debug)]
pub(super) struct Strategies {
    default: Strategy,
    /// By route or name, for one method or for all.
    operations: HashMap<String, Vec<(Option<String>, Strategy)>>,
}

#[derive(Debug)]
enum Strategy {
    Share(Share),
    Rate(Rate),
    /// A share, and at least so many in a second.
    AtLeast(Share, Rate),
}

impl Strategies {
    /// Makes strategies that have a share of everything.
    pub(super) fn all(share: f64) -> Self {
        Self {
            default: Strategy::Share(Share::new(share)),
            operations: HashMap::new(),
        }
    }

    /// Reads what holds for a service: from a file with many services, or from an answer for one.
    ///
    /// # Errors
    ///
    /// Returns what is wrong, in words for who wrote it.
    pub(super) fn read(text: &str, service: &str) -> Result<Self, String> {
        let json: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if json.get("strategyType").is_some() {
            return Self::of_answer(&json);
        }
        let services = json["service_strategies"].as_array();
        let mut services = services.into_iter().flatten();
        let of_service = services.find(|found| found["service"] == service);
        let default = &json["default_strategy"];
        let Some(of_service) = of_service.or(default.is_object().then_some(default)) else {
            return Err(format!(
                "there is none for `{service}`, and no `default_strategy`"
            ));
        };
        // What the default says of an operation holds unless the service says otherwise.
        let mut strategies = Self {
            default: of_file(of_service)?,
            operations: HashMap::new(),
        };
        for place in [default, of_service] {
            let operations = place["operation_strategies"].as_array();
            for operation in operations.into_iter().flatten() {
                strategies.add(&operation["operation"], of_file(operation)?)?;
            }
        }
        Ok(strategies)
    }

    fn of_answer(json: &Value) -> Result<Self, String> {
        let of_operations = &json["operationSampling"];
        if !of_operations.is_object() {
            let rate = &json["rateLimitingSampling"]["maxTracesPerSecond"];
            let default = match rate.as_f64() {
                Some(_) => limit(rate)?,
                None => Strategy::Share(share(&json["probabilisticSampling"]["samplingRate"])?),
            };
            return Ok(Self {
                default,
                operations: HashMap::new(),
            });
        }
        let at_least = of_operations["defaultLowerBoundTracesPerSecond"].as_f64();
        let strategy = |share| match at_least {
            Some(rate) if rate > 0.0 => Strategy::AtLeast(share, Rate::new(rate)),
            _ => Strategy::Share(share),
        };
        let mut strategies = Self {
            default: strategy(share(&of_operations["defaultSamplingProbability"])?),
            operations: HashMap::new(),
        };
        let operations = of_operations["perOperationStrategies"].as_array();
        for operation in operations.into_iter().flatten() {
            let share = share(&operation["probabilisticSampling"]["samplingRate"])?;
            strategies.add(&operation["operation"], strategy(share))?;
        }
        Ok(strategies)
    }

    fn add(&mut self, operation: &Value, strategy: Strategy) -> Result<(), String> {
        let name = operation.as_str().ok_or("an `operation` has no name")?;
        let is_method =
            |word: &str| !word.is_empty() && word.bytes().all(|c| c.is_ascii_uppercase());
        let (method, route) = match name.split_once(' ') {
            Some((method, route)) if is_method(method) => (Some(method.to_owned()), route),
            _ => (None, name),
        };
        let of_route = self.operations.entry(route.to_owned()).or_default();
        of_route.retain(|(found, _)| *found != method);
        of_route.push((method, strategy));
        Ok(())
    }

    /// Tells whether a trace that begins here is recorded.
    pub(super) fn record(&self, asked: &Asked<'_>) -> bool {
        let of_route = self.operations.get(asked.route);
        let named = |exact: bool| {
            let mut strategies = of_route.into_iter().flatten();
            strategies.find(|(method, _)| match method {
                Some(method) => exact && method == asked.method,
                None => !exact,
            })
        };
        let found = named(true).or_else(|| named(false));
        match found.map_or(&self.default, |(_, strategy)| strategy) {
            Strategy::Share(share) => share.has(asked.trace_id),
            Strategy::Rate(rate) => rate.admits(),
            Strategy::AtLeast(share, rate) => share.has(asked.trace_id) || rate.admits(),
        }
    }
}

/// Reads the text of a file.
///
/// # Errors
///
/// Returns why it has none.
pub(super) fn read_file(path: &Path) -> Result<String, String> {
    let bytes = crate::io::file::read(path)?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

/// Reads a file, to find out whether it holds strategies.
///
/// # Errors
///
/// Returns why not.
pub(crate) fn check_strategies(path: &Path) -> Result<(), String> {
    let text = read_file(path)?;
    let json: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let services = json["service_strategies"].as_array().into_iter().flatten();
    for service in services {
        Strategies::read(&text, service["service"].as_str().unwrap_or_default())?;
    }
    if json["default_strategy"].is_object() {
        Strategies::read(&text, "")?;
    }
    Ok(())
}

fn of_file(json: &Value) -> Result<Strategy, String> {
    match json["type"].as_str() {
        Some("probabilistic") => share(&json["param"]).map(Strategy::Share),
        Some("ratelimiting") => limit(&json["param"]),
        _ => Err("a `type` is neither `probabilistic` nor `ratelimiting`".into()),
    }
}

fn share(json: &Value) -> Result<Share, String> {
    let ratio = json.as_f64().filter(|ratio| (0.0..=1.0).contains(ratio));
    let ratio = ratio.ok_or_else(|| format!("`{json}` is no share from 0 to 1"))?;
    Ok(Share::new(ratio))
}

fn limit(json: &Value) -> Result<Strategy, String> {
    match json.as_f64() {
        Some(0.0) => Ok(Strategy::Share(Share::new(0.0))),
        Some(rate) if rate > 0.0 => Ok(Strategy::Rate(Rate::new(rate))),
        _ => Err(format!("`{json}` is no number of traces in a second")),
    }
}
