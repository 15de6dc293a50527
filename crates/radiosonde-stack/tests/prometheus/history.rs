//! Thirty days of what an objective counted, in front of a real Prometheus: its rules say what follows from them.
//!
//! By default there are three budgets. The full size is that of ten services with 50 routes and 10 objectives:
//! `RADIOSONDE_TEST_BUDGETS=590`, which writes a gigabyte for a while. The times by the clock are true on a quiet machine alone.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use radiosonde_catalog::Catalogue;
use radiosonde_catalog::objective::{Objective, Objectives};
use radiosonde_stack::{Options, Service, ServiceCatalogue, Stack};
use radiosonde_testkit::prometheus::{Prometheus, import};
use radiosonde_testkit::{eventually, http};

use crate::{by_group, config, size, total};

#[test]
fn rules_over_thirty_days_of_history_say_what_follows_from_it() {
    let budgets = size(("RADIOSONDE_TEST_BUDGETS", 3));
    let history = History::new(budgets);
    let directory = tempfile::tempdir().unwrap();
    let [text, blocks, tree] =
        ["history.txt", "blocks", "tree"].map(|name| directory.path().join(name));
    history.write(&text);
    import(&text, &blocks).unwrap();
    std::fs::remove_file(&text).unwrap();

    let mut options = Options::default();
    let usual = 4.0 * options.evaluation_interval.as_secs_f64();
    options.evaluation_interval = Duration::from_secs(1);
    for alert in ["SLOBudgetExhausted", "SLOBurnTicket"] {
        options.thresholds.set_hold(alert, Duration::ZERO).unwrap();
    }
    let service = Service::new("checkout", history.catalogue());
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
        #[expect(clippy::cast_precision_loss, reason = "there are few")]
        let all = budgets as f64;
        eventually(&firing, DEADLINE, || {
            (prometheus.value(&firing)? >= all).then_some(())
        });
    }
    // Nothing is as bad as what pages.
    assert_eq!(
        prometheus.value("count(ALERTS{alertname=\"SLOBurnPage\"})"),
        None
    );

    let first = Told::by(&prometheus);
    let last = eventually("what may wait to be evaluated again", DEADLINE, || {
        let last = Told::by(&prometheus);
        (last.rounds > first.rounds + 2.0).then_some(last)
    });
    let processor = (last.processor - first.processor) / (last.rounds - first.rounds);
    let percent = |seconds| 100.0 * seconds / usual;
    println!(
        "{budgets} budgets over 30 days: what is evaluated every {usual} s took {:.3} s by the clock, or {:.1} %, and with all else \
         that Prometheus did {processor:.3} s of processor time, or {:.1} %",
        last.took,
        percent(last.took),
        percent(processor)
    );
    assert!(processor < usual, "rules take all the time there is");
}

/// What Prometheus says of its rules for what may wait.
struct Told {
    /// How long they took, by the clock.
    took: f64,
    /// How often they were evaluated.
    rounds: f64,
    /// Its processor time, in seconds.
    processor: f64,
}

impl Told {
    fn by(prometheus: &Prometheus) -> Self {
        let text = http::get(prometheus.addr(), "/metrics", &[])
            .unwrap()
            .text();
        let of_slow = |metric| {
            let groups = by_group(&text, metric);
            let slow = groups
                .iter()
                .find(|(group, _)| group.rsplit('.').next() == Some("slow"));
            slow.unwrap().1
        };
        Self {
            took: of_slow("prometheus_rule_group_last_duration_seconds"),
            rounds: of_slow("prometheus_rule_group_iterations_total"),
            processor: total(&text, "process_cpu_seconds_total"),
        }
    }
}

/// What the rules would have recorded in thirty days, and the counters of the last hours: by day ten times as many requests
/// as by night; eight times as many bad ones as may be for five days, and twice as many since three days.
struct History {
    budgets: u64,
    /// In seconds since 1970.
    end: u64,
}

impl History {
    fn new(budgets: u64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let end = now.as_secs();
        Self { budgets, end }
    }

    fn routes(&self) -> impl Iterator<Item = String> {
        (0..self.budgets).map(|route| format!("/routes/{route}"))
    }

    fn catalogue(&self) -> ServiceCatalogue {
        let each = Objective::availability("each", 100.0 * (1.0 - BUDGET));
        let objectives = Objectives::new([each.for_each(self.routes())]).unwrap();
        let json = Catalogue::new().with_objectives(objectives).json();
        ServiceCatalogue::from_json(&json).unwrap()
    }

    /// The share of all requests that were bad.
    fn share_of_bad(&self) -> f64 {
        let (events, bad) = self
            .times(PERIOD, STEP)
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
            for route in self.routes() {
                let labels = format!("job=\"checkout\",route=\"{route}\",slo=\"each\"");
                for time in self.times(PERIOD, STEP) {
                    let (events, share) = self.at(time);
                    let value = [events, events * share][of];
                    writeln!(out, "slo:{series}:slice{{{labels}}} {value} {time}").unwrap();
                }
            }
        }
        for (counter, of) in [("slo_events", 0), ("slo_bad_events", 1)] {
            writeln!(out, "# TYPE {counter} counter").unwrap();
            for route in self.routes() {
                let labels =
                    format!("job=\"checkout\",instance=\"a\",route=\"{route}\",slo=\"each\"");
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

/// One request in a hundred may be bad.
const BUDGET: f64 = 0.01;

/// More than the three days of a slow ticket bear, and fewer than what pages.
const LATELY: f64 = 0.02;

const EARLIER: f64 = 0.08;

const DAY: u64 = 86_400;

const PERIOD: u64 = 30 * DAY;

/// How often slices are recorded, and services are scraped, unless somebody has set it.
const STEP: u64 = 600;

const SCRAPE: u64 = 15;

const DEADLINE: Duration = Duration::from_mins(5);
