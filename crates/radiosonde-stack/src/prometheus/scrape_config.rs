//! How Prometheus scrapes a service.

use std::fmt::{self, Display};
use std::time::Duration;

use crate::duration::written;
use crate::yaml::Yaml;

/// A configuration of Prometheus, versions 2 and 3, that scrapes the instances of one service.
///
/// Its `Display` is the file, in YAML. The same value always writes the same file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScrapeConfig {
    service: String,
    targets: Vec<String>,
    interval: Duration,
    token_file: Option<String>,
}

impl ScrapeConfig {
    /// Names a service, which becomes the label `job`, and the addresses of its instances, each a host and a port.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidScrapeConfig`] for a service without a name, and for an address that is not a host and a port:
    /// Prometheus would refuse the whole file.
    pub fn new<T: Into<String>>(
        service: impl Into<String>,
        targets: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidScrapeConfig> {
        let (service, targets) = (service.into(), targets.into_iter().map(Into::into));
        let targets: Vec<String> = targets.collect();
        if service.is_empty() {
            return Err(InvalidScrapeConfig::NoName);
        }
        match targets.iter().find(|target| !is_host_and_port(target)) {
            Some(target) => Err(InvalidScrapeConfig::Target {
                target: target.clone(),
            }),
            None => Ok(Self {
                service,
                targets,
                interval: Duration::from_secs(15),
                token_file: None,
            }),
        }
    }

    /// Sets how often each instance is scraped, to the millisecond.
    ///
    /// Defaults to 15 seconds.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_millis(1));
        self
    }

    /// Sets the file of the bearer token that the admin listener of the service wants (`RADIOSONDE_ADMIN_TOKEN`).
    ///
    /// Prometheus reads it at each scrape, where it runs; a relative path starts from the directory of its configuration.
    ///
    /// Defaults to none: scrapes are sent without a token.
    #[must_use]
    pub fn token_file(mut self, path: impl Into<String>) -> Self {
        self.token_file = Some(path.into());
        self
    }
}

impl ScrapeConfig {
    /// Returns the job, one of the list of `scrape_configs`.
    pub(super) fn job(&self) -> Yaml {
        // A scrape that takes longer than the interval is refused by Prometheus.
        let timeout = self.interval.min(Duration::from_secs(10));
        let duration = |duration| Yaml::Plain(written(duration));
        Yaml::map()
            .with("job_name", self.service.as_str())
            .with("metrics_path", "/metrics")
            .with("scrape_interval", duration(self.interval))
            .with("scrape_timeout", duration(timeout))
            .with_some("authorization", self.token_file.as_deref().map(bearer))
            .with("static_configs", targets(&self.targets))
    }
}

impl Display for ScrapeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jobs = Yaml::list([self.job()]);
        f.write_str(&Yaml::map().with("scrape_configs", jobs).document())
    }
}

/// Returns how a token is sent that is read from a file.
fn bearer(file: &str) -> Yaml {
    Yaml::map()
        .with("type", "Bearer")
        .with("credentials_file", file)
}

/// Returns the list of these addresses, as scrapes and alerts have it.
pub(super) fn targets<T: AsRef<str>>(targets: &[T]) -> Yaml {
    let targets = Yaml::row(targets.iter().map(AsRef::as_ref));
    Yaml::list([Yaml::map().with("targets", targets)])
}

/// What Prometheus would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidScrapeConfig {
    /// The service has no name, and so its series no `job`.
    #[error("the service has no name: give one, such as `checkout`")]
    NoName,
    /// An address is not one that can be scraped.
    #[error("`{}` is no target: give a host and a port, such as `checkout:8080`", .target.escape_debug())]
    #[non_exhaustive]
    Target {
        /// The address.
        target: String,
    },
}

fn is_host_and_port(target: &str) -> bool {
    let Some((host, port)) = target.rsplit_once(':') else {
        return false;
    };
    let in_host = |c: char| c.is_ascii_alphanumeric() || ".-_[]:".contains(c);
    !host.is_empty() && host.chars().all(in_host) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_what_prometheus_reads() {
        let config = ScrapeConfig::new("check\"out", ["a:1", "[::1]:8080"]).unwrap();
        let expected = r#"scrape_configs:
  - job_name: 'check"out'
    metrics_path: /metrics
    scrape_interval: 15s
    scrape_timeout: 10s
    static_configs:
      - targets: ["a:1", "[::1]:8080"]
"#;
        assert_eq!(config.to_string(), expected);
    }

    #[test]
    fn a_scrape_may_not_take_longer_than_its_interval() {
        let config = ScrapeConfig::new("checkout", ["a:1"])
            .unwrap()
            .interval(Duration::from_millis(500));
        assert!(config.to_string().contains("scrape_timeout: 500ms\n"));
    }

    #[test]
    fn a_token_is_named_by_its_file() {
        let config = ScrapeConfig::new("checkout", ["a:1"])
            .unwrap()
            .token_file("/run/secrets/admin");
        let expected = "    authorization:
      type: Bearer
      credentials_file: /run/secrets/admin
    static_configs:
";
        assert!(config.to_string().contains(expected), "{config}");
    }

    #[test]
    fn a_service_without_a_name_is_refused() {
        assert_eq!(
            ScrapeConfig::new("", ["a:1"]),
            Err(InvalidScrapeConfig::NoName)
        );
    }

    #[test]
    fn what_is_no_host_and_port_is_refused() {
        for target in [
            "",
            "a",
            "a:",
            ":1",
            "a:0",
            "a:70000",
            "http://a:1",
            "a:1\n",
            "a b:1",
        ] {
            let error = ScrapeConfig::new("checkout", [target]).unwrap_err();
            assert!(error.to_string().contains("is no target"), "{error}");
        }
    }
}
