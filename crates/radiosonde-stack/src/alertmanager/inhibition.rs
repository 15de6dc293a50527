//! Which alerts are not told because another one says it better.

use crate::Stack;
use crate::alerts::packs::PACKS;
use crate::alerts::{Alert, CATEGORIES, SERVICE_DOWN, SERVICE_MISSING};
use crate::prometheus::TIERS;
use crate::promql::Spelling;
use crate::yaml::Yaml;

/// Returns the rules of Alertmanager.
pub(super) fn rules(stack: &Stack) -> Vec<Yaml> {
    let spelling = Spelling::new(stack.options().naming);
    let gone = format!("alertname=~\"{SERVICE_DOWN}|{SERVICE_MISSING}\"");
    let other = format!("alertname!~\"{SERVICE_DOWN}|{SERVICE_MISSING}\"");
    let of_service = rule(
        &[&gone],
        &[&other, "service!=\"\""],
        &["service".to_owned()],
    );
    let tiers = (1..TIERS.len()).map(|faster| {
        let source = format!("burn_tier=\"{}\"", TIERS[faster - 1]);
        let slower = format!("burn_tier=~\"{}\"", TIERS[faster..].join("|"));
        let route = spelling.spell_text("slo:events:rate5m", "$labels.route");
        let route = route.trim_start_matches("$labels.").to_owned();
        rule(
            &[&source],
            &[&slower],
            &["service".into(), "slo".into(), route],
        )
    });
    let alerts = CATEGORIES
        .iter()
        .chain(PACKS)
        .flat_map(|category| category.alerts);
    let pairs = alerts.filter_map(|alert| superseding(alert, &spelling));
    [of_service].into_iter().chain(tiers).chain(pairs).collect()
}

/// An alert stands before one that says less about the same thing: the one that its texts speak of.
fn superseding(alert: &Alert, spelling: &Spelling) -> Option<Yaml> {
    let less = alert.supersedes?;
    let source = format!("alertname=\"{}\"", alert.name);
    let target = format!("alertname=\"{less}\"");
    let mut equal = vec![
        "service".to_owned(),
        "job".to_owned(),
        "instance".to_owned(),
    ];
    let summary = spelling.spell_text(alert.expr, alert.summary);
    let labels = summary.split("$labels.").skip(1);
    for label in labels {
        let end = label.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let label = &label[..end.unwrap_or(label.len())];
        if !equal.iter().any(|known| known == label) {
            equal.push(label.to_owned());
        }
    }
    Some(rule(&[&source], &[&target], &equal))
}

fn rule(source: &[&str], target: &[&str], equal: &[String]) -> Yaml {
    Yaml::map()
        .with("source_matchers", Yaml::list(source.iter().copied()))
        .with("target_matchers", Yaml::list(target.iter().copied()))
        .with("equal", Yaml::row(equal.iter().map(String::as_str)))
}
