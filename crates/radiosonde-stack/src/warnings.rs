//! What whoever writes a tree should know of it.

use radiosonde_catalog::objective::{LowTraffic, Objective, Tier};

use crate::duration::written;
use crate::prometheus::TIERS;
use crate::{Stack, Target};

/// Returns a sentence for each thing that is worth knowing: first of the stack, then of each objective.
pub(crate) fn of(stack: &Stack) -> Vec<String> {
    let of_stack = [
        (
            stack.options().notifications.receivers.is_empty(),
            "the settings name no receivers, so nobody is told of any alert",
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
    let of_objectives = stack.services().iter().flat_map(|service| {
        let objectives = service.catalogue().objectives.iter();
        objectives.flat_map(move |objective| {
            let about = format!("{}/{}", service.name(), objective.name());
            let texts = of_objective(objective).into_iter();
            texts.map(move |text| format!("{about}: {text}"))
        })
    });
    of_stack.chain(of_objectives).collect()
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
    use std::time::Duration;

    use super::*;

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
