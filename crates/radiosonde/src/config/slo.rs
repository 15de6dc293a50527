//! Settings of objectives.

use std::path::PathBuf;

use radiosonde_catalog::objective::Objectives;
use radiosonde_metrics::RegistryOptions;

use super::value::Reader;
use super::{Config, ConfigError, env};

/// How objectives are watched.
///
/// # Examples
///
/// ```
/// use radiosonde::Config;
/// use radiosonde::slo::{Objective, SloOptions};
///
/// let config = Config::new("checkout")
///     .objective(Objective::availability("api", 99.9))
///     .slos(SloOptions::new().file("/var/lib/checkout/slo").degrade(true));
/// ```
#[derive(Debug, Clone, Default)]
pub struct SloOptions {
    file: Option<PathBuf>,
    degrade: bool,
}

impl SloOptions {
    /// Starts from the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a file that keeps what was counted over a restart: it is read by `init`, and written once a minute and at
    /// shutdown. Each process needs one of its own.
    ///
    /// A process that is killed loses up to a minute. A file that cannot be read or written, or holds something else, is
    /// told in the log, and the budgets start anew.
    ///
    /// Defaults to `RADIOSONDE_SLO_FILE`, else to none: the budgets start anew with the process.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Sets whether an exhausted budget degrades the health of the service, as the optional check `error_budgets`. It never
    /// fails readiness.
    ///
    /// Defaults to `false`.
    #[must_use]
    pub fn degrade(mut self, degrade: bool) -> Self {
        self.degrade = degrade;
        self
    }
}

/// What is watched, and how.
#[derive(Debug)]
pub(crate) struct SloSettings {
    pub(crate) objectives: Objectives,
    pub(crate) file: Option<PathBuf>,
    pub(crate) degrade: bool,
}

impl SloSettings {
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Self {
        let checked = Objectives::new(config.objectives.iter().cloned());
        let objectives = checked.unwrap_or_else(|mistakes| {
            let mistakes = mistakes.into_iter().map(ConfigError::InvalidObjective);
            reader.errors.extend(mistakes);
            Objectives::default()
        });
        reader
            .errors
            .extend(uncounted(&objectives, &config.metrics));
        let SloOptions { file, degrade } = config.slos.clone();
        let from_env = || reader.text(env::RADIOSONDE_SLO_FILE).map(PathBuf::from);
        Self {
            file: file.or_else(from_env),
            degrade,
            objectives,
        }
    }
}

/// Thresholds are bounds of a histogram, so it has to have bounds.
fn uncounted<'a>(
    objectives: &'a Objectives,
    metrics: &RegistryOptions,
) -> impl Iterator<Item = ConfigError> + use<'a> {
    let uncounting = metrics.without_thresholds();
    let with_threshold = objectives
        .iter()
        .filter(|objective| objective.threshold_seconds().is_some());
    with_threshold.filter_map(move |objective| {
        Some(ConfigError::UncountedThreshold {
            objective: objective.name().to_owned(),
            histogram: uncounting?,
        })
    })
}
