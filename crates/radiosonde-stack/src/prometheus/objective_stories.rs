//! The tests of objectives: each tier stays silent just below its burn rate, fires above it and clears after it.

use std::collections::BTreeMap;
use std::time::Duration;

use radiosonde_catalog::objective::{LowTraffic, Scope, Severity as Urgency, Tier};

use super::objectives::{EXHAUSTED, NO_TRAFFIC, PAGE, Slo, TICKET, is_quick};
use super::stories::{Question, Test};
use crate::alerts::{Input, Severity, Story};
use crate::promql::Spelling;

/// Returns the tests of an objective, by how many minutes their steps take.
pub(super) fn tests(slo: &Slo<'_>, spelling: &Spelling) -> BTreeMap<u32, Vec<Test>> {
    let mut tests = BTreeMap::<_, Vec<_>>::new();
    let mut add = |step, test| tests.entry(step).or_default().extend(test);
    for tier in slo.objective.tiers() {
        let (alert, severity) = named(&tier);
        let few = Few {
            alert,
            severity,
            tier: Some(tier.name),
            least: slo.least_bad(tier.severity),
        };
        let (burns, is_quiet) = (step(slo, &tier), quiet_step(slo, &tier));
        add(burns, Some(burning(slo, &tier, burns, spelling)));
        add(is_quiet, few.quiet(slo, is_quiet, spelling));
    }
    let few = Few {
        alert: EXHAUSTED,
        severity: Severity::Warning,
        tier: None,
        least: slo.least_bad(Urgency::Page),
    };
    let of_slices = slice_step(slo);
    add(of_slices, few.quiet(slo, of_slices, spelling));
    if slo.objective.expects_traffic() {
        add(SLOW_STEP, Some(without_traffic(slo, spelling)));
    }
    add(SLOW_STEP, Some(exhausted(slo, spelling)));
    add(SLOW_STEP, Some(recorded(slo, spelling)));
    tests.retain(|_, of_step| !of_step.is_empty());
    tests
}

/// A little less than the burn rate, more than it, and nothing bad at all.
fn burning(slo: &Slo<'_>, tier: &Tier, step: u32, spelling: &Spelling) -> Test {
    let threshold = tier.threshold.as_f64();
    let (below, above) = (threshold * 0.9, (threshold * 2.0).min(1.0));
    let rate = enough(slo, threshold);
    let bad = match slo.objective.low_traffic() {
        // What is counted in the long window starts from nothing, what is expected of the period does not.
        LowTraffic::ShareOfBudget => minutes(tier.long) / 2 + 40,
        _ => 0,
    };
    let bad = bad.max(lead(below, above, threshold));
    let story = Story::of(events(slo, [rate, rate], [below, above]));
    let story = story.lasting([CALM, bad, minutes(tier.short) + 30], step);
    let (alert, severity) = named(tier);
    let story = story.held(slo.settings.hold(alert));
    let mut labels = slo.alert_labels(severity);
    labels.push(("burn_tier", tier.name.to_owned()));
    let name = format!("{alert} of {}, {}", slo.objective.name(), tier.name);
    Test::of(name, alert, &story, &labels, spelling)
}

/// An alert that half as many bad events as it asks for do not raise.
struct Few {
    alert: &'static str,
    severity: Severity,
    tier: Option<&'static str>,
    least: u32,
}

impl Few {
    /// Everything is bad from the first half hour on that anybody knows of, but it is too little to tell somebody.
    fn quiet(&self, slo: &Slo<'_>, step: u32, spelling: &Spelling) -> Option<Test> {
        if self.least == 0 {
            return None;
        }
        let mut story = Story::of([]).lasting([CALM, 60, 60], step);
        story = story.held(slo.settings.hold(self.alert));
        let [_, bad, _] = story.minutes;
        let few = f64::from(self.least) * 0.5 / (f64::from(bad) * 60.0);
        story.inputs = events(slo, [few, few], [0.0, 1.0]).into();
        story.fires = [false; 3];
        let mut labels = slo.alert_labels(self.severity);
        labels.extend(self.tier.map(|tier| ("burn_tier", tier.to_owned())));
        let tier = self.tier.map(|tier| format!(", {tier}"));
        let (alert, name) = (self.alert, slo.objective.name());
        let name = format!(
            "{alert} of {name}{}, few requests",
            tier.unwrap_or_default()
        );
        Some(Test::of(name, alert, &story, &labels, spelling))
    }
}

/// Half of the budget is spent, then more than all of it, then it is won back by requests that are good.
fn exhausted(slo: &Slo<'_>, spelling: &Spelling) -> Test {
    let budget = slo.objective.budget().as_f64();
    let (below, above) = (budget * 0.5, (budget * 4.0).min(1.0));
    let rate = enough(slo, budget);
    // The period is as long as the test, because nothing came before. What is won back: as much as was spent too much.
    let bad = lead(below, above, budget);
    let spent = below * f64::from(CALM) + above * f64::from(bad);
    let after = whole(spent / budget * 1.2);
    let story = Story::of(events(slo, [rate, rate], [below, above]));
    let story = story.lasting([CALM, bad, after.max(60)], SLOW_STEP);
    let story = story.held(slo.settings.hold(EXHAUSTED));
    let name = format!("{EXHAUSTED} of {}", slo.objective.name());
    let labels = slo.alert_labels(Severity::Warning);
    Test::of(name, EXHAUSTED, &story, &labels, spelling)
}

/// Requests stay away for a while.
fn without_traffic(slo: &Slo<'_>, spelling: &Spelling) -> Test {
    let story = Story::of(events(slo, [1.0, 0.0], [0.0, 0.0])).lasting([CALM, 60, 60], SLOW_STEP);
    let story = story.held(slo.settings.hold(NO_TRAFFIC));
    let name = format!("{NO_TRAFFIC} of {}", slo.objective.name());
    let labels = slo.alert_labels(Severity::Warning);
    Test::of(name, NO_TRAFFIC, &story, &labels, spelling)
}

/// Half of what may be bad is, all the time: every window says the same, and half of the budget is left.
fn recorded(slo: &Slo<'_>, spelling: &Spelling) -> Test {
    let (target, budget) = (slo.objective.target(), slo.objective.budget());
    let half = budget.as_f64() / 2.0;
    let rate = enough(slo, half);
    let story = Story::of(events(slo, [rate, rate], [half, half]));
    // As long as the longest window that is read from the counters, and a little.
    let story = story.lasting([CALM, 6 * 60, SLOW_STEP], SLOW_STEP);
    let [_, minute, _] = story.ends();
    let name = slo.objective.name();
    let route = match slo.objective.scope() {
        Scope::Each(routes) => Some(("route", routes[0].as_str())),
        _ => None,
    };
    let asked = |expr: String, label: Option<(&str, &str)>, value: f64| {
        let label = label.map(|(label, value)| {
            let label = spelling.label_in("slo:events:rate5m", label);
            format!("{label}=\"{value}\",")
        });
        let labels = format!(
            "{{job=\"{}\",{}slo=\"{name}\"}}",
            slo.service,
            label.unwrap_or_default()
        );
        Question {
            minute,
            // Binary fractions have errors, promtool compares to the last digit, and averages remember how it began: those of
            // averages more than others.
            expr: spelling.spell(&format!("round({expr}, 0.05)")),
            answer: Some((labels, value)),
        }
    };
    let of = |series: &str| format!("slo:{series}{{slo=\"{name}\"}}");
    let counted = ["5m", "30m", "1h", "2h", "6h"].map(|window| (format!("rate{window}"), 1.0));
    // Nothing is known of most of these; promtool takes a slice at each step after the first.
    let covered = f64::from(minute / SLOW_STEP) * slo.slice.as_secs_f64();
    let period = slo.objective.period().as_secs_f64();
    let sliced = [("rate1d", DAY), ("rate3d", 3.0 * DAY), ("period", period)]
        .map(|(window, length)| (window.to_owned(), covered / length));
    let windows = counted.into_iter().chain(sliced);
    let by_window = windows.flat_map(|(window, known)| {
        let part = |what: &str, unit: f64| {
            let series = of(&format!("{what}:{window}"));
            format!("{series} / {}", unit * known)
        };
        [
            asked(part("events", rate), route, 1.0),
            asked(part("errors", rate * half), route, 1.0),
            asked(
                format!("{} / {half}", of(&format!("error_ratio:{window}"))),
                route,
                1.0,
            ),
        ]
    });
    let state = [
        asked(of("current_burn_rate:ratio"), route, 0.5),
        asked(of("period_error_budget_remaining:ratio"), route, 0.5),
        asked(
            format!("{} / {period}", of("exhausted_in:seconds")),
            route,
            1.0,
        ),
        asked(format!("{} / {target}", of("objective:ratio")), None, 1.0),
        asked(format!("{} / {period}", of("period:seconds")), None, 1.0),
        asked(
            format!("{} / {budget}", of("error_budget:ratio")),
            None,
            1.0,
        ),
    ];
    let title = format!("what is recorded of {name}");
    Test::new(title, &story, spelling, by_window.chain(state))
}

/// The counters of an objective, at so many events per second while it is calm and while it is bad, of which such a share is
/// bad. What comes after has no bad ones.
fn events(slo: &Slo<'_>, [calm, bad]: [f64; 2], [below, above]: [f64; 2]) -> [Input; 2] {
    let name = slo.objective.name();
    let route = match slo.objective.scope() {
        Scope::Each(routes) => format!(",route=\"{}\"", routes[0]),
        _ => String::new(),
    };
    let series = |counter| format!("{counter}{{slo=\"{name}\"{route}}}");
    [
        Input::per_second(series("slo_events_total"), calm, bad),
        Input::per_second(series("slo_bad_events_total"), calm * below, bad * above).then(0.0),
    ]
}

/// Returns events per second of which such a share is enough bad ones, and a whole number each minute.
fn enough(slo: &Slo<'_>, share: f64) -> f64 {
    let least = match slo.objective.low_traffic() {
        LowTraffic::LeastBad { page, ticket, .. } => page.max(ticket),
        _ => 0,
    };
    (f64::from(least) * 10.0 / (share * 3_600.0))
        .max(100.0)
        .ceil()
}

/// Returns after how many minutes a share above the threshold has outweighed the calm before it, and for a while.
fn lead(below: f64, above: f64, threshold: f64) -> u32 {
    let minutes = f64::from(CALM) * (threshold - below) / (above - threshold).max(0.001);
    whole(minutes).min(24 * 60) + 40
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "floats saturate"
)]
fn whole(minutes: f64) -> u32 {
    minutes.ceil() as u32
}

fn named(tier: &Tier) -> (&'static str, Severity) {
    match tier.severity {
        Urgency::Page => (PAGE, Severity::Critical),
        _ => (TICKET, Severity::Warning),
    }
}

fn step(slo: &Slo<'_>, tier: &Tier) -> u32 {
    match (slo.objective.low_traffic(), tier.severity) {
        // What the counters say is compared to what slices do, of which there is one at each step; of those of a step before, within
        // the five minutes for which Prometheus looks back.
        (LowTraffic::ShareOfBudget, Urgency::Page) => slice_step(slo).min(4),
        _ if is_quick(tier) => QUICK_STEP,
        _ => SLOW_STEP,
    }
}

/// What does not fire would, if slices counted too much.
fn quiet_step(slo: &Slo<'_>, tier: &Tier) -> u32 {
    match tier.severity {
        Urgency::Page if is_quick(tier) => QUICK_STEP,
        Urgency::Page => SLOW_STEP,
        _ => slice_step(slo),
    }
}

/// As long as a slice: promtool takes one at each step, whatever the interval of the group.
fn slice_step(slo: &Slo<'_>) -> u32 {
    u32::try_from(slo.slice.as_secs().div_ceil(60)).unwrap_or(u32::MAX)
}

fn minutes(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs() / 60).unwrap_or(u32::MAX)
}

/// For how many minutes it is calm before anything happens.
const CALM: u32 = 30;

const DAY: f64 = 86_400.0;

const QUICK_STEP: u32 = 1;

/// As short as it has to be: rates need two values within five minutes.
const SLOW_STEP: u32 = 2;
