//! How values are read, and the mistakes collected.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::ConfigError;
use super::env::WithoutEffect;

/// The variables of the environment, read through a function, and what was found wrong with them.
pub(crate) struct Reader<'a> {
    var: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) errors: Vec<ConfigError>,
    pub(crate) warnings: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(var: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            var,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Reads a text. Empty means unset.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = (self.var)(name)?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Reads the first of these that is set, with its name.
    #[cfg(feature = "otlp")]
    pub(crate) fn first(&self, names: &[&'static str]) -> Option<(&'static str, String)> {
        names
            .iter()
            .find_map(|name| Some((*name, self.text(name)?)))
    }

    /// Resolves a duration: what code set, else what the variable holds, else the default.
    pub(crate) fn duration(
        &mut self,
        (method, set): (&'static str, Option<Duration>),
        name: &'static str,
        default: Duration,
        most: Duration,
    ) -> Duration {
        let (setting, found) = match (set, self.text(name)) {
            (Some(set), _) => (method, set),
            (None, None) => return default,
            (None, Some(text)) => {
                let Ok(found) = humantime::parse_duration(&text) else {
                    self.errors.push(ConfigError::InvalidDuration {
                        setting: name,
                        value: text,
                    });
                    return default;
                };
                (name, found)
            }
        };
        if found > most {
            let show = |duration| humantime::format_duration(duration).to_string();
            self.errors.push(ConfigError::DurationTooLong {
                setting,
                value: show(found),
                most: show(most),
            });
        }
        found.min(most)
    }

    /// Resolves a duration that may not be shorter than `least` either.
    #[cfg(feature = "axum")]
    pub(crate) fn duration_from(
        &mut self,
        set: (&'static str, Option<Duration>),
        name: &'static str,
        default: Duration,
        [least, most]: [Duration; 2],
    ) -> Duration {
        let setting = if set.1.is_some() { set.0 } else { name };
        let found = self.duration(set, name, default, most);
        if found < least {
            let show = |duration| humantime::format_duration(duration).to_string();
            self.errors.push(ConfigError::DurationTooShort {
                setting,
                value: show(found),
                least: show(least),
            });
        }
        found.max(least)
    }

    /// Reads a number of the first of these standard variables that holds one: what cannot be read is ignored, what is out of range is
    /// clamped.
    pub(crate) fn number<N>(
        &mut self,
        names: &[&'static str],
        default: N,
        range: RangeInclusive<N>,
    ) -> N
    where
        N: Copy + PartialOrd + std::fmt::Display + std::str::FromStr,
    {
        for name in names {
            let Some(text) = self.text(name) else {
                continue;
            };
            let clamped = match text.parse::<N>() {
                Ok(number) if number < *range.start() => *range.start(),
                Ok(number) if number > *range.end() => *range.end(),
                Ok(number) if range.contains(&number) => return number,
                // What compares with nothing is not a number.
                _ => {
                    self.warn(format!(
                        "{name} is `{text}`, which is no number in range, and is ignored"
                    ));
                    continue;
                }
            };
            self.warn(format!("{name} is `{text}`; using {clamped}"));
            return clamped;
        }
        default
    }

    /// Reads a share of a standard variable. One that is none is ignored, as the specification has it, not clamped.
    pub(crate) fn share(&mut self, name: &'static str, default: f64) -> f64 {
        let Some(text) = self.text(name) else {
            return default;
        };
        let share = text.parse().ok();
        share
            .filter(|share| (0.0..=1.0).contains(share))
            .unwrap_or_else(|| {
                self.warn(format!(
                    "{name} is `{text}`, which is no share from 0 to 1; using {default}"
                ));
                default
            })
    }

    /// Reads a number of milliseconds of a standard variable, as [`number`](Self::number) does.
    #[cfg(feature = "otlp")]
    pub(crate) fn milliseconds(
        &mut self,
        names: &[&'static str],
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Duration {
        Duration::from_millis(self.number(names, default, range))
    }

    /// Reads a switch of a standard variable: `true` in any case is true, anything else is false.
    #[cfg(any(feature = "otlp", feature = "sentry"))]
    pub(crate) fn switch(&mut self, name: &'static str) -> bool {
        let Some(text) = self.text(name) else {
            return false;
        };
        let on = text.eq_ignore_ascii_case("true");
        if !on && !text.eq_ignore_ascii_case("false") {
            self.warn(format!(
                "{name} is `{text}`; give `true` or `false`, using false"
            ));
        }
        on
    }

    /// Reads the first of these standard variables that holds one of these words, in any case; the first word is the default.
    #[cfg(feature = "otlp")]
    pub(crate) fn word(&mut self, names: &[&'static str], words: &[&'static str]) -> &'static str {
        let default = words.first().copied().unwrap_or_default();
        for name in names {
            let Some(text) = self.text(name) else {
                continue;
            };
            let mut known = words.iter().copied();
            if let Some(word) = known.find(|word| text.eq_ignore_ascii_case(word)) {
                return word;
            }
            let words = words.join("`, `");
            self.warn(format!(
                "{name} is `{text}`, which is none of `{words}`, and is ignored"
            ));
        }
        default
    }

    /// Reads `key=value` pairs, percent-decoded. One bad pair makes all of them void, as the specification has it.
    pub(crate) fn pairs(&mut self, name: &'static str) -> Vec<(String, String)> {
        let Some(text) = self.text(name) else {
            return Vec::new();
        };
        let decode = |text: &str| {
            let bytes = percent_encoding::percent_decode_str(text.trim());
            bytes.decode_utf8().ok().map(std::borrow::Cow::into_owned)
        };
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=')?;
            let key = decode(key).filter(|key| !key.is_empty())?;
            Some((key, decode(value)?))
        };
        let parts = text.split(',').filter(|part| !part.trim().is_empty());
        let Some(pairs) = parts.map(pair).collect() else {
            self.warn(format!(
                "{name} is no list of `key=value` pairs, and is ignored"
            ));
            return Vec::new();
        };
        pairs
    }

    /// Takes note of a variable that is set and changes nothing.
    pub(crate) fn without_effect(&mut self, variable: &WithoutEffect) {
        let WithoutEffect { name, default, why } = variable;
        let is_set = self.text(name);
        if is_set.is_some_and(|text| !text.eq_ignore_ascii_case(default)) {
            self.warn(format!("{name} has no effect: {why}"));
        }
    }

    /// Takes note of something that is ignored. What is read for several signals is told once.
    pub(crate) fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Takes note of a mistake, once.
    #[cfg(feature = "otlp")]
    pub(crate) fn error(&mut self, error: ConfigError) {
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("errors", &self.errors)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

/// Reads an address that telemetry is sent to.
#[cfg(any(feature = "otlp", feature = "sentry"))]
pub(crate) fn endpoint(setting: &'static str, text: &str) -> Result<http::Uri, ConfigError> {
    let invalid = |reason| ConfigError::InvalidEndpoint { setting, reason };
    let uri: http::Uri = text.parse().map_err(|_| invalid("it is no URI"))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") if cfg!(any(feature = "tls", feature = "tls-ring")) => {}
        Some("https") => return Err(ConfigError::NoTls { setting }),
        _ => return Err(invalid("it starts with neither `http://` nor `https://`")),
    }
    let authority = uri.authority().ok_or_else(|| invalid("it names no host"))?;
    if authority.host().is_empty() {
        return Err(invalid("it names no host"));
    }
    // A port that cannot be read would silently be the default one.
    let port = authority
        .as_str()
        .rsplit_once(':')
        .filter(|(_, port)| !port.ends_with(']'));
    if port.is_some() && authority.port_u16().is_none_or(|port| port == 0) {
        return Err(invalid("its port is no number from 1 to 65535"));
    }
    if authority.as_str().contains('@') {
        return Err(invalid(
            "it holds a user name; use OTEL_EXPORTER_OTLP_HEADERS to authorise",
        ));
    }
    Ok(uri)
}
