//! What whoever writes a tree should know of it.

use std::time::Duration;

use radiosonde_catalog::objective::{LowTraffic, Objective, Tier};

use crate::duration::written;
use crate::prometheus::TIERS;
use crate::{Stack, Target};

/// Returns a sentence for each thing that is worth knowing: first of the stack, then of what is not watched, then of each
/// objective.
pub(crate) fn of(stack: &Stack) -> Vec<String> {
    let of_stack = [
        (
            stack.options().notifications.receivers.is_empty(),
            "the settings name no receivers, so nobody is told of any alert",
        ),
        (
            !stack.options().packs.is_empty() && stack.options().exporters.is_empty(),
            "packs are wanted and the settings name no `exporters`, so this `prometheus.yml` scrapes none",
        ),
        (
            stack.options().target == Target::Prometheus3,
            "no Prometheus 3 has read this `prometheus.yml` yet: let the `promtool` of yours judge it, with `sh check.sh`",
        ),
    ];
    let of_stack = of_stack
        .into_iter()
        .filter(|(is_so, _)| *is_so)
        .map(|(_, text)| text.to_owned());
    let of_stack = of_stack.chain(retention(stack));
    let of_histograms = stack.services().iter().flat_map(|service| {
        let told = stack.gaps(service).told().into_iter();
        told.map(move |text| format!("{}: {text}", service.name()))
    });
    of_stack
        .chain(of_histograms)
        .chain(of_objectives(stack))
        .collect()
}

/// What an objective counts over its period has to be kept for as long.
pub(crate) fn retention(stack: &Stack) -> Option<String> {
    const KEPT: Duration = Duration::from_hours(15 * 24);
    const DAY: Duration = Duration::from_hours(24);
    let services = stack.services().iter();
    let objectives = services.flat_map(|service| service.catalogue().objectives.iter());
    let longest = objectives.map(Objective::period).max()?;
    (longest > KEPT).then(|| {
        let (period, kept) = (written(longest), written(longest + DAY));
        format!(
            "objectives look back over {period}, and Prometheus keeps 15 days unless it is told more: start it with \
             `--storage.tsdb.retention.time={kept}`"
        )
    })
}

/// What is true of several objectives is said once.
fn of_objectives(stack: &Stack) -> Vec<String> {
    let mut told: Vec<(String, Vec<String>)> = Vec::new();
    for service in stack.services() {
        for objective in &service.catalogue().objectives {
            let about = format!("{}/{}", service.name(), objective.name());
            for text in of_objective(objective) {
                match told.iter_mut().find(|(known, _)| *known == text) {
                    Some((_, all)) => all.push(about.clone()),
                    None => told.push((text, vec![about.clone()])),
                }
            }
        }
    }
    let line = |(text, about): (String, Vec<String>)| format!("{}: {text}", shortened(&about));
    told.into_iter().map(line).collect()
}

/// Names a few, and says how many there are beside them.
fn shortened(names: &[String]) -> String {
    const FEW: usize = 5;
    match names.len() {
        count if count > FEW => format!("{} and {} more", names[..FEW].join(", "), count - FEW),
        _ => names.join(", "),
    }
}

fn of_objective(objective: &Objective) -> Vec<String> {
    let tiers = objective.tiers();
    let left_out = TIERS
        .into_iter()
        .filter(|name| tiers.iter().all(|tier| tier.name != *name));
    let period = written(objective.period());
    let left_out = left_out.map(|name| {
        format!(
            "there is no tier {name}: its long window is more than half of the period of {period}"
        )
    });
    let lowered = tiers.iter().filter_map(|tier| {
        let usual = tier.lowered_from?;
        Some(format!(
            "the tier {} fires at {} times the budget instead of {usual}, which could not be reached, or would spend more \
             than half of the period's budget",
            tier.name, tier.factor
        ))
    });
    left_out
        .chain(lowered)
        .chain(needs(objective, &tiers))
        .collect()
}

/// Says how many requests it takes until one bad one is no matter by itself, and what is done about fewer.
fn needs(objective: &Objective, tiers: &[Tier]) -> Option<String> {
    let needs = tiers.iter().map(|tier| {
        let (least, long) = (tier.least_events, written(tier.long));
        format!("{least} requests in {long} ({})", tier.name)
    });
    let needs: Vec<_> = needs.collect();
    let then = match objective.low_traffic() {
        LowTraffic::LeastBad { page, ticket, .. } => format!(
            "nobody is told of it before {page} bad ones for a page and {ticket} for a ticket"
        ),
        LowTraffic::ShareOfBudget => {
            "nobody is told of it before it is the tier's share of the budget of the period"
                .to_owned()
        }
        _ => "somebody is told of it".to_owned(),
    };
    (!needs.is_empty()).then(|| {
        let needs = needs.join(", ");
        format!("with fewer than {needs}, a single bad one exceeds the tier, and {then}")
    })
}

#[cfg(test)]
mod tests {
    use radiosonde_catalog::Catalogue;
    use radiosonde_catalog::objective::Objectives;

    use super::*;
    use crate::{Options, Service, ServiceCatalogue};

    fn hours(hours: u64) -> Duration {
        Duration::from_hours(hours)
    }

    #[test]
    fn how_many_requests_an_objective_needs_is_told_and_what_happens_with_fewer() {
        let usual = Objective::availability("api", 99.9);
        assert_eq!(
            of_objective(&usual),
            [
                "with fewer than 70 requests in 1h (fast), 167 requests in 6h (slow), 334 requests in 1d (ticket-fast), \
                 1000 requests in 3d (ticket-slow), a single bad one exceeds the tier, and nobody is told of it before 10 \
                 bad ones for a page and 3 for a ticket"
            ]
        );
        let told = |low_traffic| {
            let objective = Objective::availability("api", 99.9).with_low_traffic(low_traffic);
            of_objective(&objective).remove(0)
        };
        let share = told(LowTraffic::ShareOfBudget);
        assert!(
            share.ends_with("before it is the tier's share of the budget of the period"),
            "{share}"
        );
        assert!(told(LowTraffic::Off).ends_with(", and somebody is told of it"));
    }

    #[test]
    fn for_how_long_prometheus_has_to_keep_what_objectives_count_is_told() {
        let told = |period| {
            let objective = Objective::availability("api", 99.9).with_period(period);
            let objectives = Objectives::new([objective]).unwrap();
            let json = Catalogue::new().with_objectives(objectives).json();
            let catalogue = ServiceCatalogue::from_json(&json).unwrap();
            let stack = Stack::new([Service::new("a", catalogue)], Options::default());
            retention(&stack.unwrap())
        };
        assert_eq!(told(hours(15 * 24)), None);
        let told = told(hours(30 * 24)).unwrap();
        assert!(
            told.ends_with("`--storage.tsdb.retention.time=31d`"),
            "{told}"
        );
    }

    #[test]
    fn what_is_true_of_several_objectives_is_said_once() {
        let objectives = (0..7).map(|number| Objective::availability(format!("o{number}"), 99.9));
        let objectives = objectives.chain([Objective::availability("other", 99.0)]);
        let objectives = Objectives::new(objectives).unwrap();
        let json = Catalogue::new().with_objectives(objectives).json();
        let catalogue = ServiceCatalogue::from_json(&json).unwrap();
        let stack = Stack::new([Service::new("a", catalogue)], Options::default()).unwrap();
        let told = of_objectives(&stack);
        assert_eq!(told.len(), 2, "{told:?}");
        let start = "a/o0, a/o1, a/o2, a/o3, a/o4 and 2 more: with fewer than 70 requests in 1h";
        assert!(told[0].starts_with(start), "{told:?}");
        assert!(told[1].starts_with("a/other: with fewer than"), "{told:?}");
    }

    #[test]
    fn a_tier_that_the_period_is_too_short_for_is_told() {
        let of_a_day = Objective::availability("api", 99.9).with_period(hours(24));
        let told = of_objective(&of_a_day);
        assert_eq!(
            told[..2],
            ["ticket-fast", "ticket-slow"].map(|tier| format!(
                "there is no tier {tier}: its long window is more than half of the period of 1d"
            ))
        );
        assert!(
            told[2].starts_with("the tier fast fires at 12 times the budget instead of 14.4"),
            "{told:?}"
        );
        assert!(
            told[3].starts_with("the tier slow fires at 2 times the budget instead of 6"),
            "{told:?}"
        );
        assert_eq!(told.len(), 5);
    }

    #[test]
    fn a_tier_that_could_not_be_reached_is_told() {
        let told = of_objective(&Objective::availability("api", 90.0));
        assert!(
            told[0].starts_with("the tier fast fires at 5 times"),
            "{told:?}"
        );
        assert!(
            told[1].starts_with("the tier slow fires at 5 times"),
            "{told:?}"
        );
    }
}
