//! Thirty days of what an objective counted, in front of a real Prometheus: its rules say what follows from them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use radiosonde_catalog::Catalogue;
use radiosonde_catalog::objective::{Objective, Objectives};
use radiosonde_stack::{Options, Service, ServiceCatalogue, Stack};
use radiosonde_testkit::eventually;
use radiosonde_testkit::prometheus::{Prometheus, import};

use crate::config;

#[test]
fn rules_over_thirty_days_of_history_say_what_follows_from_it() {
    let budgets =
        (0..ROUTES).map(|route| format!("job=\"checkout\",slo=\"each\",route=\"/routes/{route}\""));
    let history = History::new(budgets, "a", 30);
    let directory = tempfile::tempdir().unwrap();
    let blocks = history.blocks(directory.path());
    let tree = directory.path().join("tree");

    let mut options = Options::default();
    options.evaluation_interval = Duration::from_secs(1);
    for alert in ["SLOBudgetExhausted", "SLOBurnTicket"] {
        options.thresholds.set_hold(alert, Duration::ZERO).unwrap();
    }
    let service = Service::new("checkout", catalogue());
    let stack = Stack::new([service], options).unwrap();
    stack.render().write(&tree, false).unwrap();
    let prometheus = Prometheus::over(&config(&tree), &blocks);

    let each = |series: &str| format!("avg({series}{{route=\"/routes/0\"}})");
    let value = |series: &str| {
        let query = each(series);
        eventually(&query, DEADLINE, || prometheus.value(&query))
    };
    let bad = history.share_of_bad();
    let expected = [
        ("slo:error_ratio:period", bad),
        ("slo:error_ratio:rate3d", LATELY),
        ("slo:error_ratio:rate1d", LATELY),
        ("slo:error_ratio:rate6h", LATELY),
        (
            "slo:period_error_budget_remaining:ratio",
            1.0 - bad / BUDGET,
        ),
    ];
    for (series, expected) in expected {
        let found = value(series);
        // The windows end when they are asked for, some seconds after the history.
        let is_close = (found - expected).abs() < 0.01 * expected.abs();
        assert!(is_close, "{series} is {found} instead of {expected}");
    }
    for alert in [
        r#"alertname="SLOBudgetExhausted""#,
        r#"alertname="SLOBurnTicket",burn_tier="ticket-slow""#,
    ] {
        let firing = format!("count(ALERTS{{{alert},alertstate=\"firing\"}})");
        eventually(&firing, DEADLINE, || {
            (prometheus.value(&firing)? >= f64::from(ROUTES)).then_some(())
        });
    }
    // Nothing is as bad as what pages.
    assert_eq!(
        prometheus.value("count(ALERTS{alertname=\"SLOBurnPage\"})"),
        None
    );
}

/// What the rules would have recorded in thirty days, and the counters of the last hours: by day ten times as many requests
/// as by night; eight times as many bad ones as may be for five days, and twice as many since three days.
pub(crate) struct History {
    /// The labels of each budget.
    budgets: Vec<String>,
    /// Of the process that counted.
    instance: String,
    days: u64,
    /// In seconds since 1970.
    end: u64,
}

impl History {
    pub(crate) fn new(
        budgets: impl IntoIterator<Item = String>,
        instance: &str,
        days: u64,
    ) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self {
            budgets: budgets.into_iter().collect(),
            instance: instance.to_owned(),
            days,
            end: now.as_secs(),
        }
    }

    /// Makes blocks of it, in this directory.
    pub(crate) fn blocks(&self, directory: &Path) -> PathBuf {
        let [text, blocks] = ["history.txt", "blocks"].map(|name| directory.join(name));
        self.write(&text);
        import(&text, &blocks).unwrap();
        std::fs::remove_file(&text).unwrap();
        blocks
    }

    /// The share of all requests that were bad.
    fn share_of_bad(&self) -> f64 {
        let (events, bad) =
            self.times(self.days * DAY, STEP)
                .fold((0.0, 0.0), |(all, bad), time| {
                    let (events, share) = self.at(time);
                    (all + events, bad + events * share)
                });
        bad / events
    }

    /// Requests per second, and the share of bad ones.
    fn at(&self, time: u64) -> (f64, f64) {
        let events = if time % DAY < DAY / 2 { 10.0 } else { 100.0 };
        let age = self.end - time;
        // The days before count to the windows whose ends are late.
        let is_lately = age < 3 * DAY + DAY / 24;
        let share = match age / DAY {
            _ if is_lately => LATELY,
            10..15 => EARLIER,
            _ => 0.0,
        };
        (events, share)
    }

    fn times(&self, length: u64, step: u64) -> impl Iterator<Item = u64> + use<> {
        (self.end - length..=self.end).step_by(usize::try_from(step).unwrap())
    }

    fn write(&self, path: &Path) {
        let mut out = BufWriter::new(File::create(path).unwrap());
        for (series, of) in [("events", 0), ("errors", 1)] {
            writeln!(out, "# TYPE slo:{series}:slice gauge").unwrap();
            for labels in &self.budgets {
                for time in self.times(self.days * DAY, STEP) {
                    let (events, share) = self.at(time);
                    let value = [events, events * share][of];
                    writeln!(out, "slo:{series}:slice{{{labels}}} {value} {time}").unwrap();
                }
            }
        }
        for (counter, of) in [("slo_events", 0), ("slo_bad_events", 1)] {
            writeln!(out, "# TYPE {counter} counter").unwrap();
            for labels in &self.budgets {
                let labels = format!("{labels},instance=\"{}\"", self.instance);
                let mut total = 0.0;
                for time in self.times(DAY / 3, SCRAPE) {
                    let (events, share) = self.at(time);
                    #[expect(clippy::cast_precision_loss, reason = "it is a quarter of a minute")]
                    let seconds = SCRAPE as f64;
                    total += seconds * [events, events * share][of];
                    writeln!(out, "{counter}_total{{{labels}}} {total} {time}").unwrap();
                }
            }
        }
        writeln!(out, "# EOF").unwrap();
        out.flush().unwrap();
    }
}

fn catalogue() -> ServiceCatalogue {
    let routes = (0..ROUTES).map(|route| format!("/routes/{route}"));
    let each = Objective::availability("each", 100.0 * (1.0 - BUDGET)).for_each(routes);
    let objectives = Objectives::new([each]).unwrap();
    let json = Catalogue::new().with_objectives(objectives).json();
    ServiceCatalogue::from_json(&json).unwrap()
}

const ROUTES: u32 = 3;

/// One request in a hundred may be bad.
const BUDGET: f64 = 0.01;

/// More than the three days of a slow ticket bear, and fewer than what pages.
const LATELY: f64 = 0.02;

const EARLIER: f64 = 0.08;

const DAY: u64 = 86_400;

/// How often slices are recorded, and services are scraped, unless somebody has set it.
const STEP: u64 = 600;

const SCRAPE: u64 = 15;

const DEADLINE: Duration = Duration::from_mins(5);
