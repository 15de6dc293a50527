//! Settings: the thresholds of alerts and how long they hold, each with the reason for its default.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::alerts::packs::PACKS;
use crate::alerts::{Alert, CATEGORIES, STACK};
use crate::duration::written;
use crate::prometheus::OF_OBJECTIVES;

/// One threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Setting {
    /// What it is called in the file of settings, and in the expressions of alerts behind `$`.
    pub name: &'static str,
    /// What it is unless set.
    pub default: f64,
    /// Why it is that, and what speaks for another value.
    pub reason: &'static str,
}

/// Every threshold there is, in the order of their names.
pub const SETTINGS: &[Setting] = &[
    setting(
        "authentication_rate",
        0.05,
        "Attempts per second. With fewer, two typing errors are a large share.",
    ),
    setting(
        "authentication_refused_ratio",
        0.3,
        "People mistype one password in ten; a third refused is a fault or an attack.",
    ),
    setting(
        "authentication_refused_rate",
        1.0,
        "Refusals per second. People do not mistype sixty times a minute; raise it for a large public.",
    ),
    setting(
        "authentication_error_ratio",
        0.05,
        "Whoever cannot be checked cannot come in: as grave as requests that fail.",
    ),
    setting(
        "cache_hit_ratio",
        0.5,
        "Below one half a cache costs more lookups than it saves; set what the cache is sized for.",
    ),
    setting(
        "cache_rate",
        1.0,
        "Lookups per second. A cache that is hardly asked is cold, and that is no fault.",
    ),
    setting(
        "cassandra_latency_seconds",
        0.5,
        "Point reads take milliseconds; half a second at the 99th percentile is a node in trouble.",
    ),
    setting(
        "cassandra_pending_compactions",
        100.0,
        "Compactions come in waves of tens; a hundred that wait are more than the disks get done.",
    ),
    setting(
        "certificate_days",
        20.0,
        "Renewal by ACME is tried at 30 days: after ten failed days somebody has the time to look.",
    ),
    setting(
        "certificate_days_critical",
        3.0,
        "Over a weekend nobody renews by hand: three days are the last working day.",
    ),
    setting(
        "cpu_ratio",
        0.8,
        "Of the limit. Above it, a burst meets the quota and waits.",
    ),
    setting(
        "cpu_ratio_critical",
        0.95,
        "Of the limit. There is nothing left, and queues grow.",
    ),
    setting(
        "dependency_error_ratio",
        0.1,
        "Retries hide one failure in ten from the caller, hardly more.",
    ),
    setting(
        "dependency_rate",
        0.1,
        "Calls per second. With fewer, one failure is a large share.",
    ),
    setting(
        "dependency_seconds",
        2.0,
        "At the 95th percentile. A caller that waits longer usually gives up first.",
    ),
    setting(
        "error_ratio",
        0.05,
        "One request in twenty fails: users notice. An objective says it better; this is for services without one.",
    ),
    setting(
        "error_ratio_critical",
        0.1,
        "One request in ten fails: an incident, whatever the cause.",
    ),
    setting(
        "health_transitions",
        6.0,
        "In half an hour. Three times down and up is no deployment, it is a dependency on the edge.",
    ),
    setting(
        "job_age_seconds",
        93_600.0,
        "26 hours: a daily job that is two hours late. Set it to the interval of the slowest job and a little.",
    ),
    setting(
        "job_age_critical_seconds",
        180_000.0,
        "50 hours: a daily job failed twice in a row.",
    ),
    setting(
        "kubernetes_volume_ratio",
        0.85,
        "What is left has to last until somebody has enlarged the volume.",
    ),
    setting(
        "latency_p95_seconds",
        2.0,
        "One user in twenty waits longer than the two seconds that people wait without wondering.",
    ),
    setting(
        "latency_p99_seconds",
        5.0,
        "One request in a hundred takes longer than many clients wait at all.",
    ),
    setting(
        "lost_ratio",
        0.01,
        "Of telemetry. Some loss in a restart is normal; one per cent for ten minutes is a pipeline that cannot keep up.",
    ),
    setting(
        "memory_ratio",
        0.85,
        "Of the limit. Time to look before the kernel kills the process.",
    ),
    setting(
        "memory_ratio_critical",
        0.95,
        "Of the limit. The next large request may be the end.",
    ),
    setting(
        "message_error_ratio",
        0.05,
        "One message in twenty fails: more than what a poisoned message now and then explains.",
    ),
    setting(
        "message_rate",
        0.1,
        "Messages per second. With fewer, one failure is a large share.",
    ),
    setting(
        "message_seconds",
        5.0,
        "At the 95th percentile: the longest bound but two of the histogram; set what the queue can bear.",
    ),
    setting(
        "node_cpu_ratio",
        0.8,
        "For ten minutes. Above it, processes wait for each other.",
    ),
    setting(
        "node_clock_offset_seconds",
        0.05,
        "A machine that is told the time is right to a hundredth; a twentieth puts spans before what caused them.",
    ),
    setting(
        "node_disk_free_ratio",
        0.1,
        "File systems slow down and fragment on their last tenth.",
    ),
    setting(
        "node_disk_free_ratio_critical",
        0.05,
        "Root's own share on most file systems: from here on, services cannot write.",
    ),
    setting(
        "node_disk_horizon_seconds",
        86_400.0,
        "Ahead: a disk that is full within a day has to be looked at on this one.",
    ),
    setting(
        "node_disk_predicted_free_ratio",
        0.2,
        "Above it, a disk that fills is most likely a backup or a compaction that ends.",
    ),
    setting(
        "node_memory_free_ratio",
        0.1,
        "Below it, the kernel drops caches that services live on.",
    ),
    setting(
        "open_files_ratio",
        0.8,
        "Of the limit. At the limit no connection can be accepted.",
    ),
    setting(
        "pool_ratio",
        0.8,
        "Of the connections. Above it, bursts wait.",
    ),
    setting(
        "pool_wait_seconds",
        0.5,
        "At the 95th percentile. A pool that is large enough answers in microseconds.",
    ),
    setting(
        "postgres_connections_ratio",
        0.8,
        "Of max_connections. At the limit nobody can log in, not even to look.",
    ),
    setting(
        "postgres_lag_seconds",
        5.0,
        "A replica further behind answers with what users have changed since.",
    ),
    setting(
        "postgres_transaction_seconds",
        1_800.0,
        "Half an hour: longer than any report, and long enough for dead rows to pile up.",
    ),
    setting(
        "queue_age_seconds",
        300.0,
        "Five minutes: what waits longer has usually been given up by whoever asked.",
    ),
    setting(
        "queue_depth",
        1_000.0,
        "Entries. Set it to what the consumers work off in a few minutes.",
    ),
    setting(
        "rate_limited_ratio",
        0.05,
        "One request in twenty is refused for being one too many: a client in a loop, or a limit too low.",
    ),
    setting(
        "redis_memory_ratio",
        0.9,
        "Of maxmemory. Beyond it Redis evicts, or refuses to write.",
    ),
    setting(
        "request_rate",
        0.1,
        "Requests per second. With fewer, one failure among ten requests is a large share of nothing.",
    ),
    setting(
        "request_rate_drop",
        0.25,
        "Of the rate at the same time last week. Holidays halve it; less than a quarter means that requests do not arrive.",
    ),
    setting(
        "request_rate_drop_least",
        1.0,
        "Requests per second, a week ago. Of fewer, a quarter may be chance.",
    ),
    setting(
        "request_rate_spike",
        3.0,
        "Times the rate at the same time last week. A campaign doubles it.",
    ),
    setting(
        "requests_in_flight",
        500.0,
        "In one instance. Set what it was tested with; more means that something it waits for is slow.",
    ),
    setting(
        "restarts",
        3.0,
        "In a quarter of an hour. A deployment is one, a crash loop is three.",
    ),
    setting(
        "route_error_ratio",
        0.25,
        "Of the requests of one route. It may drown in the rate of all routes together.",
    ),
    setting(
        "rule_evaluation_ratio",
        0.5,
        "Of the interval. Beyond it, one slow disk makes alerts late.",
    ),
    setting(
        "runtime_busy_ratio",
        0.9,
        "Of the workers' time. Above it, tasks wait for a worker.",
    ),
    setting(
        "scheduling_delay_seconds",
        0.1,
        "At the 99th percentile. A task that yields as it should is late by a millisecond.",
    ),
    setting(
        "throttled_ratio",
        0.25,
        "Of the periods of the quota. Each is up to a tenth of a second in which nothing runs.",
    ),
    setting(
        "unauthorized_ratio",
        0.2,
        "Of all requests answered 401 or 403. Expired sessions are a few per cent.",
    ),
];

/// For how long something has to be so before it is told, and why for so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hold {
    /// As Prometheus writes it.
    pub hold: &'static str,
    /// Why it is that.
    pub reason: &'static str,
}

/// Every default of how long alerts hold, the shortest first. Which alert has which is in its table.
pub const HOLDS: &[Hold] = &[
    hold(
        "0s",
        "What should never happen is told at once; so is what has waited already, in a window of its own.",
    ),
    hold(
        "1m",
        "Nothing works: four scrapes in a row are no accident.",
    ),
    hold("2m", "Users notice, and a restart is over by then."),
    hold(
        "5m",
        "As long as the window of the rates: it has been so all the time.",
    ),
    hold("10m", "A burst or a deployment is over by then."),
    hold(
        "15m",
        "It may wait for the day, so it may wait for what mends itself.",
    ),
    hold(
        "30m",
        "A deployment that goes on, or work that comes in waves: both end.",
    ),
];

/// The thresholds of one service, and how long its alerts hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    thresholds: BTreeMap<&'static str, f64>,
    holds: BTreeMap<&'static str, Duration>,
}

impl Settings {
    /// Starts with the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a threshold.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidSetting`] when there is none of this name, for a value that is not finite and above 0, and for a share
    /// that is not below 1.
    pub fn set(&mut self, name: &str, value: f64) -> Result<(), InvalidSetting> {
        let known = SETTINGS.iter().find(|setting| setting.name == name);
        let setting = known.ok_or_else(|| InvalidSetting::Unknown { name: name.into() })?;
        let name = setting.name;
        if !value.is_finite() || value <= 0.0 {
            return Err(InvalidSetting::Value { name, value });
        }
        if name.contains("_ratio") && value >= 1.0 {
            return Err(InvalidSetting::Share { name, value });
        }
        self.thresholds.insert(setting.name, value);
        Ok(())
    }

    /// Sets for how long it has to be so before an alert of this name fires, to the second.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidSetting`] when there is none of this name, for more than a day, and for so long that the condition of
    /// the alert is over by itself before it would fire.
    pub fn set_hold(&mut self, alert: &str, hold: Duration) -> Result<(), InvalidSetting> {
        let categories = CATEGORIES.iter().chain(PACKS).chain([&STACK]);
        let mut alerts = categories.flat_map(|category| category.alerts);
        let known = alerts.find(|known| known.name == alert);
        let lasts = known.and_then(Alert::lasts);
        let of_objective = || OF_OBJECTIVES.into_iter().find(|name| *name == alert);
        let known = known.map(|known| known.name).or_else(of_objective);
        let alert = known.ok_or_else(|| InvalidSetting::NoAlert { name: alert.into() })?;
        if hold > LONGEST_HOLD {
            return Err(InvalidSetting::Hold { alert, hold });
        }
        if let Some(lasts) = lasts {
            // The rest is for a scrape and an evaluation.
            let longest = lasts * 3 / 4;
            if hold > longest {
                return Err(InvalidSetting::Over {
                    alert,
                    hold: written(hold),
                    lasts: written(lasts),
                    longest: written(longest),
                });
            }
        }
        self.holds
            .insert(alert, Duration::from_secs(hold.as_secs()));
        Ok(())
    }

    /// Takes what `other` sets.
    #[must_use]
    pub fn overridden_by(mut self, other: &Self) -> Self {
        self.thresholds.extend(&other.thresholds);
        self.holds.extend(&other.holds);
        self
    }

    /// Checks that what is grave is further away than what is not yet.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidSetting`] when an alert would be told no earlier than the graver one about the same.
    pub(crate) fn check(&self) -> Result<(), InvalidSetting> {
        let wrong = ORDERED
            .iter()
            .find(|[less, more]| self.get(less) >= self.get(more));
        wrong.map_or(Ok(()), |&[less, more]| {
            Err(InvalidSetting::Order {
                less,
                lesser: self.get(less),
                more,
                greater: self.get(more),
            })
        })
    }

    /// Returns for how long it has to be so before an alert fires, if that was set.
    pub(crate) fn hold(&self, alert: &str) -> Option<Duration> {
        self.holds.get(alert).copied()
    }

    /// Tells whether a threshold was set.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.thresholds.contains_key(name)
    }

    /// Returns every threshold, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let value = |setting: &Setting| self.thresholds.get(setting.name).copied();
        SETTINGS
            .iter()
            .map(move |setting| (setting.name, value(setting).unwrap_or(setting.default)))
    }

    /// Returns a threshold that is known to exist.
    pub(crate) fn get(&self, name: &str) -> f64 {
        let found = self.iter().find(|(known, _)| *known == name);
        found.map_or(f64::NAN, |(_, value)| value)
    }
}

/// What is wrong with a threshold that was set.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSetting {
    /// There is none of this name.
    #[error("there is no threshold `{name}`: `radiosonde stack thresholds` lists them")]
    #[non_exhaustive]
    Unknown {
        /// The name.
        name: String,
    },
    /// No threshold can have this value.
    #[error("the threshold `{name}` cannot be {value}: give a number above 0")]
    #[non_exhaustive]
    Value {
        /// The name.
        name: &'static str,
        /// The value.
        value: f64,
    },
    /// A share that nothing can exceed.
    #[error("the threshold `{name}` cannot be {value}: it is a share, so give a number below 1")]
    #[non_exhaustive]
    Share {
        /// The name.
        name: &'static str,
        /// The value.
        value: f64,
    },
    /// Two thresholds of which one alert would never be told before the other.
    #[error(
        "the threshold `{less}` is {lesser} and `{more}` is {greater}: the first has to be below the second, or nobody is warned \
         before it is critical; set both"
    )]
    #[non_exhaustive]
    Order {
        /// The threshold that has to be less.
        less: &'static str,
        /// What it is.
        lesser: f64,
        /// The threshold that has to be more.
        more: &'static str,
        /// What it is.
        greater: f64,
    },
    /// The condition of the alert is over before it would fire.
    #[error(
        "`{alert}` cannot hold for {hold}: what it is about is over by itself after {lasts}, so give at most {longest}"
    )]
    #[non_exhaustive]
    Over {
        /// The alert.
        alert: &'static str,
        /// How long.
        hold: String,
        /// For how long the condition lasts.
        lasts: String,
        /// The longest that can be.
        longest: String,
    },
    /// There is no alert of this name that could hold.
    #[error(
        "there is no alert `{name}` to hold: `radiosonde stack alerts` lists them, and an alert of your own has `hold_seconds`"
    )]
    #[non_exhaustive]
    NoAlert {
        /// The name.
        name: String,
    },
    /// No alert can hold so long.
    #[error("`{alert}` cannot hold for {hold:?}: give at most a day, or nobody is told in time")]
    #[non_exhaustive]
    Hold {
        /// The alert.
        alert: &'static str,
        /// How long.
        hold: Duration,
    },
}

const LONGEST_HOLD: Duration = Duration::from_hours(24);

/// Thresholds of which each first one has to be below the second, so that a warning comes before what is critical.
const ORDERED: &[[&str; 2]] = &[
    ["certificate_days_critical", "certificate_days"],
    ["cpu_ratio", "cpu_ratio_critical"],
    ["error_ratio", "error_ratio_critical"],
    ["job_age_seconds", "job_age_critical_seconds"],
    ["latency_p95_seconds", "latency_p99_seconds"],
    ["memory_ratio", "memory_ratio_critical"],
    ["node_disk_free_ratio_critical", "node_disk_free_ratio"],
];

const fn hold(hold: &'static str, reason: &'static str) -> Hold {
    Hold { hold, reason }
}

const fn setting(name: &'static str, default: f64, reason: &'static str) -> Setting {
    Setting {
        name,
        default,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_every_default_has_its_reason() {
        let mut names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SETTINGS.len());
        assert!(SETTINGS.iter().all(|setting| setting.reason.ends_with('.')));
    }

    #[test]
    fn what_is_set_for_a_service_stands_before_what_is_set_for_all() {
        let mut all = Settings::new();
        all.set("error_ratio", 0.02).unwrap();
        all.set("restarts", 5.0).unwrap();
        let mut own = Settings::new();
        own.set("error_ratio", 0.01).unwrap();
        let both = all.overridden_by(&own);
        let values = ["error_ratio", "restarts", "queue_depth"].map(|name| both.get(name));
        assert_eq!(
            values.map(f64::to_bits),
            [0.01, 5.0, 1_000.0].map(f64::to_bits)
        );
    }

    #[test]
    fn every_hold_has_its_reason() {
        let categories = CATEGORIES.iter().chain(PACKS).chain([&STACK]);
        let alerts = categories.flat_map(|category| category.alerts);
        let used: BTreeSet<_> = alerts.map(|alert| alert.hold).collect();
        let known: BTreeSet<_> = HOLDS.iter().map(|hold| hold.hold).collect();
        assert_eq!(used, known);
        assert!(HOLDS.iter().all(|hold| hold.reason.ends_with('.')));
    }

    #[test]
    fn a_hold_is_that_of_the_service_else_that_of_all() {
        let minutes = Duration::from_mins;
        let mut all = Settings::new();
        all.set_hold("HighLatency", minutes(10)).unwrap();
        all.set_hold("SLOBurnTicket", minutes(30)).unwrap();
        let mut own = Settings::new();
        own.set_hold("HighLatency", minutes(2)).unwrap();
        let both = all.overridden_by(&own);
        let holds = ["HighLatency", "SLOBurnTicket", "HighErrorRatio"].map(|name| both.hold(name));
        assert_eq!(holds, [Some(minutes(2)), Some(minutes(30)), None]);

        let refusal = own.set_hold("HighLatenzy", minutes(1)).unwrap_err();
        assert!(refusal.to_string().contains("no alert `HighLatenzy`"));
        let refusal = own.set_hold("HighLatency", minutes(1_441)).unwrap_err();
        assert!(refusal.to_string().contains("at most a day"));
    }

    #[test]
    fn an_alert_whose_condition_ends_by_itself_holds_for_less() {
        let mut settings = Settings::new();
        let minutes = Duration::from_mins;
        let mut refusal = |alert, hold| settings.set_hold(alert, hold).unwrap_err().to_string();
        assert_eq!(
            refusal("NoMessagesProcessed", minutes(46)),
            "`NoMessagesProcessed` cannot hold for 46m: what it is about is over by itself after 1h, so give at most 45m"
        );
        let refused = refusal("HandlerPanics", minutes(8));
        assert!(refused.contains("over by itself after 10m"), "{refused}");
        let refused = refusal("ServiceRestarting", minutes(15));
        assert!(refused.contains("give at most 675s"), "{refused}");
        settings
            .set_hold("NoMessagesProcessed", minutes(45))
            .unwrap();
        settings.set_hold("JobOverdue", minutes(600)).unwrap();
    }

    #[test]
    fn a_warning_comes_before_what_is_critical() {
        let mut settings = Settings::new();
        assert_eq!(settings.check(), Ok(()));
        settings.set("error_ratio", 0.2).unwrap();
        let refused = settings.check().unwrap_err().to_string();
        assert!(
            refused.contains("`error_ratio` is 0.2 and `error_ratio_critical` is 0.1"),
            "{refused}"
        );
        settings.set("error_ratio_critical", 0.3).unwrap();
        assert_eq!(settings.check(), Ok(()));
        settings.set("certificate_days", 2.0).unwrap();
        let refused = settings.check().unwrap_err().to_string();
        assert!(
            refused.contains("`certificate_days_critical` is 3"),
            "{refused}"
        );
    }

    /// What supersedes another alert is about the same, with a threshold further away.
    #[test]
    fn every_pair_of_thresholds_has_its_order() {
        let categories = CATEGORIES.iter().chain(PACKS);
        let alerts: Vec<_> = categories.flat_map(|category| category.alerts).collect();
        let asked = |alert: &Alert| -> BTreeSet<_> {
            let words = crate::promql::words(alert.expr);
            words.filter_map(|word| word.strip_prefix('$')).collect()
        };
        let mut pairs = BTreeSet::new();
        for alert in &alerts {
            let less = alerts
                .iter()
                .find(|less| alert.supersedes == Some(less.name));
            let Some(less) = less else { continue };
            let (more, less) = (asked(alert), asked(less));
            let apart: BTreeSet<_> = more.symmetric_difference(&less).copied().collect();
            if apart.len() == 2 {
                pairs.insert(apart);
            }
        }
        let ordered: BTreeSet<_> = ORDERED.iter().map(|pair| BTreeSet::from(*pair)).collect();
        let disks = BTreeSet::from(["node_disk_free_ratio_critical", "node_disk_free_ratio"]);
        pairs.insert(disks);
        assert_eq!(pairs, ordered);
    }

    #[test]
    fn what_cannot_be_set_is_refused_by_name() {
        let mut settings = Settings::new();
        let mut refusal = |name, value| settings.set(name, value).unwrap_err().to_string();
        assert!(refusal("eror_ratio", 1.0).contains("no threshold `eror_ratio`"));
        assert!(refusal("error_ratio", -1.0).contains("`error_ratio` cannot be -1"));
        assert!(refusal("error_ratio", f64::NAN).contains("cannot be NaN"));
        assert!(refusal("queue_depth", 0.0).contains("give a number above 0"));
        assert!(refusal("memory_ratio", 1.0).contains("it is a share"));
    }
}
