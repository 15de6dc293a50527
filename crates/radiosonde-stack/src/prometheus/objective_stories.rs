//! The tests of objectives: each tier stays silent just below its burn rate, fires above it and clears after it.

use std::time::Duration;

use radiosonde_catalog::objective::{LowTraffic, Scope, Severity as Urgency, Tier};

use super::objectives::{EXHAUSTED, NO_TRAFFIC, PAGE, Slo, TICKET};
use super::stories::{Question, Test};
use crate::alerts::{Input, Severity, Story};
use crate::promql::Spelling;

/// Returns the tests of an objective, by how many minutes their steps take.
pub(super) fn tests(slo: &Slo<'_>, spelling: &Spelling) -> [(u32, Vec<Test>); 2] {
    let mut quick = Vec::new();
    let mut slow = Vec::new();
    for tier in slo.objective.tiers() {
        let tests = match tier.severity {
            Urgency::Page => &mut quick,
            _ => &mut slow,
        };
        tests.push(burning(slo, &tier, spelling));
    }
    quick.extend(quiet(slo, spelling));
    if slo.objective.expects_traffic() {
        quick.push(without_traffic(slo, spelling));
    }
    slow.push(exhausted(slo, spelling));
    slow.push(recorded(slo, spelling));
    [(QUICK_STEP, quick), (SLOW_STEP, slow)]
}

/// A little less than the burn rate, more than it, and nothing bad at all.
fn burning(slo: &Slo<'_>, tier: &Tier, spelling: &Spelling) -> Test {
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
    let story = story.lasting([CALM, bad, minutes(tier.short) + 30], step(tier));
    let (alert, severity) = named(tier);
    let story = story.held(slo.settings.hold(alert));
    let mut labels = slo.alert_labels(severity);
    labels.push(("burn_tier", tier.name.to_owned()));
    let name = format!("{alert} of {}, {}", slo.objective.name(), tier.name);
    Test::of(name, alert, &story, &labels, spelling)
}

/// Everything is bad, but it is too little to wake somebody.
fn quiet(slo: &Slo<'_>, spelling: &Spelling) -> Option<Test> {
    let LowTraffic::LeastBad { page, .. } = slo.objective.low_traffic() else {
        return None;
    };
    let tier = slo.objective.tiers().into_iter().next()?;
    if tier.severity != Urgency::Page || page < 2 {
        return None;
    }
    let few = f64::from(page) * 0.5 / tier.long.as_secs_f64();
    let story = Story::of(events(slo, [few, few], [0.0, 1.0]));
    let mut story = story.lasting([CALM, 60, 60], step(&tier));
    story.fires = [false; 3];
    let mut labels = slo.alert_labels(Severity::Critical);
    labels.push(("burn_tier", tier.name.to_owned()));
    let name = format!("{PAGE} of {}, few requests", slo.objective.name());
    Some(Test::of(name, PAGE, &story, &labels, spelling))
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
    let story = Story::of(events(slo, [1.0, 0.0], [0.0, 0.0])).lasting([CALM, 60, 60], QUICK_STEP);
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
    let windows = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];
    let windows = windows.map(|window| format!("rate{window}")).into_iter();
    let by_window = windows.chain(["period".to_owned()]).flat_map(|window| {
        let part = |what: &str, unit: f64| format!("{} / {unit}", of(&format!("{what}:{window}")));
        [
            asked(part("events", rate), route, 1.0),
            asked(part("errors", rate * half), route, 1.0),
            asked(part("error_ratio", half), route, 1.0),
        ]
    });
    let state = [
        asked(of("current_burn_rate:ratio"), route, 0.5),
        asked(of("period_error_budget_remaining:ratio"), route, 0.5),
        asked(format!("{} / {target}", of("objective:ratio")), None, 1.0),
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

fn step(tier: &Tier) -> u32 {
    match tier.severity {
        Urgency::Page => QUICK_STEP,
        _ => SLOW_STEP,
    }
}

fn minutes(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs() / 60).unwrap_or(u32::MAX)
}

/// For how many minutes it is calm before anything happens.
const CALM: u32 = 30;

const QUICK_STEP: u32 = 1;

/// As short as it has to be: rates need two values within five minutes.
const SLOW_STEP: u32 = 2;
