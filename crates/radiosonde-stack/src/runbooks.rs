//! A page for each alert: what it means, where to look, what helps.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::alerts::{Alert, CATEGORIES, DECLARED, DeclaredAlert};
use crate::prometheus::{self, AlertRule, EXHAUSTED, NO_TRAFFIC, OBJECTIVES, PAGE, TICKET};
use crate::settings::SETTINGS;
use crate::{Service, Stack, Tree};

/// Writes the pages of the alerts that there are, and a list of them.
pub(crate) fn write(stack: &Stack, tree: &mut Tree) {
    let mut rules = BTreeMap::<String, Vec<AlertRule>>::new();
    for rule in stack.alerts() {
        rules.entry(rule.name.clone()).or_default().push(rule);
    }
    let mut list = String::from("# Alerts\n");
    let categories = CATEGORIES.iter().chain(prometheus::about_no_service(stack));
    for category in categories {
        let alerts = category.alerts.iter();
        let pages = alerts.filter_map(|alert| Some(Page::of(alert, rules.get(alert.name)?)));
        add(category.name, category.about, pages, stack, &mut list, tree);
    }
    let declared = stack.services().iter().flat_map(Service::alerts);
    let looks: Vec<_> = declared
        .clone()
        .map(|(_, alert)| [borrowed(&alert.look), borrowed(&alert.act)])
        .collect();
    let pages = declared
        .zip(&looks)
        .filter_map(|((name, alert), [look, act])| {
            let rules = rules.get(name.as_str())?;
            Some(Page::of_declared(name, alert, look, act, rules))
        });
    add(DECLARED.name, DECLARED.about, pages, stack, &mut list, tree);
    let pages = OBJECTIVE_PAGES.iter();
    let pages = pages.filter_map(|page| Some(page.about(rules.get(page.name)?)));
    add(
        OBJECTIVES,
        "What was promised, and whether it is kept.",
        pages,
        stack,
        &mut list,
        tree,
    );
    tree.add("runbooks/README.md", &stack.origin(), &list);
}

fn add<'a>(
    category: &str,
    about: &str,
    pages: impl Iterator<Item = Page<'a>>,
    stack: &Stack,
    list: &mut String,
    tree: &mut Tree,
) {
    // Writing to a `String` cannot fail.
    let mut is_first = true;
    for page in pages {
        if std::mem::take(&mut is_first) {
            let _ = write!(
                list,
                "\n## {}\n\n{about}\n\n| alert | severity | what it means |\n|---|---|---|\n",
                titled(category)
            );
        }
        let _ = writeln!(
            list,
            "| [{0}]({0}.md) | {1} | {2} |",
            page.name, page.severity, page.means
        );
        let path = format!("runbooks/{}.md", page.name);
        tree.add(path, &stack.origin(), &page.written());
    }
}

/// What stands on a page.
#[derive(Debug, Clone, Copy)]
struct Page<'a> {
    name: &'a str,
    severity: &'a str,
    means: &'a str,
    look: &'a [&'a str],
    act: &'a [&'a str],
    /// The expression in which the thresholds have their names.
    expr: &'a str,
    supersedes: Option<&'a str>,
    rules: &'a [AlertRule],
}

impl<'a> Page<'a> {
    fn of(alert: &'a Alert, rules: &'a [AlertRule]) -> Self {
        Self {
            name: alert.name,
            severity: alert.severity.as_str(),
            means: alert.means,
            look: alert.look,
            act: alert.act,
            expr: alert.expr,
            supersedes: alert.supersedes,
            rules,
        }
    }

    fn of_declared(
        name: &'a str,
        alert: &'a DeclaredAlert,
        look: &'a [&'a str],
        act: &'a [&'a str],
        rules: &'a [AlertRule],
    ) -> Self {
        Self {
            severity: alert.severity.as_str(),
            means: &alert.means,
            look: if look.is_empty() { OWN_BOARD } else { look },
            act,
            rules,
            ..page(name)
        }
    }

    fn about(&self, rules: &'a [AlertRule]) -> Page<'a> {
        Page { rules, ..*self }
    }

    fn written(&self) -> String {
        let mut page = format!("# {}\n\n{}\n", self.name, self.means);
        list("Where to look", self.look, &mut page);
        list("What helps", self.act, &mut page);
        // Writing to a `String` cannot fail.
        let _ = write!(
            page,
            "\n## When it fires\n\nIts severity is `{}`.",
            self.severity
        );
        if let Some(less) = self.supersedes {
            let _ = write!(
                page,
                " While it fires, [{less}]({less}.md) about the same is not told."
            );
        }
        page.push('\n');
        for rule in self.rules {
            let of = rule_title(rule);
            let hold = match rule.hold.as_str() {
                "0s" => "at once".to_owned(),
                hold => format!("when it has been so for {hold}"),
            };
            let _ = write!(page, "\n{of}{hold}:\n\n```promql\n{}\n```\n", rule.expr);
        }
        let thresholds = SETTINGS
            .iter()
            .filter(|setting| names(self.expr, setting.name));
        for (index, setting) in thresholds.enumerate() {
            if index == 0 {
                page.push_str("\n## Thresholds\n\n| name | default | why |\n|---|---|---|\n");
            }
            let _ = writeln!(
                page,
                "| `{}` | {} | {} |",
                setting.name, setting.default, setting.reason
            );
        }
        page
    }
}

/// Says of which service a rule is, and of which objective and tier.
fn rule_title(rule: &AlertRule) -> String {
    let parts = ["service", "slo", "burn_tier"].map(|label| rule.label(label));
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "It fires ".to_owned()
    } else {
        format!("Of {}, ", parts.join(", "))
    }
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn list(title: &str, items: &[&str], page: &mut String) {
    if items.is_empty() {
        return;
    }
    // Writing to a `String` cannot fail.
    let _ = write!(page, "\n## {title}\n\n");
    for item in items {
        let _ = writeln!(page, "- {item}.");
    }
}

/// Tells whether an expression names a threshold, and not one whose name only starts the same.
fn names(expr: &str, setting: &str) -> bool {
    let mut after = expr.split('$').skip(1);
    after.any(|text| {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        &text[..end.unwrap_or(text.len())] == setting
    })
}

fn titled(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

const OBJECTIVE_PAGES: [Page<'static>; 4] = [
    Page {
        severity: "critical",
        means: "So many requests were bad that the error budget of the whole period will be spent within hours or days. \
                The tier `fast` looks at an hour, `slow` at six.",
        look: BURN_LOOK,
        act: &[
            "Roll back if it began with a deployment",
            "Mend or take out the dependency that fails",
            "If the promise is too high for what users need, lower it in the code: that is a decision, not a way out at night",
        ],
        ..page(PAGE)
    },
    Page {
        severity: "warning",
        means: "More requests are bad than may be, slowly enough that it may wait for the day. The tier `ticket-fast` looks \
                at a day, `ticket-slow` at three.",
        look: BURN_LOOK,
        act: &["Find the cause within days, before the budget of the period is spent"],
        ..page(TICKET)
    },
    Page {
        severity: "warning",
        means: "More requests of the period were bad than were promised. Users have noticed.",
        look: &[
            "When the budget was spent: `slo:period_error_budget_remaining:ratio` over the period",
        ],
        act: &["Release nothing but what makes it better, until the budget is above zero again"],
        ..page(EXHAUSTED)
    },
    Page {
        severity: "warning",
        means: "The objective is said to have requests at all times, and has none.",
        look: &[
            "The way to the service: load balancer, gateway, DNS, certificate",
            "The largest client",
        ],
        act: &[
            "Mend the way to the service",
            "If quiet hours are normal, take `expecting_traffic` out of the objective",
        ],
        ..page(NO_TRAFFIC)
    },
];

const BURN_LOOK: &[&str] = &[
    "`/slo` of an instance: every window, and what is left of the budget",
    "Which routes: `sum by (route, error_type) (rate(http_errors_total[5m]))`, or their percentiles for a promise about time",
    "A trace of a bad request: exemplars of `http_request_duration_seconds` lead there",
    "When the last deployment was: `build_info`",
];

const OWN_BOARD: &[&str] = &["The board of the service's own metrics, and its log"];

const fn page(name: &str) -> Page<'_> {
    Page {
        name,
        severity: "",
        means: "",
        look: &[],
        act: &[],
        expr: "",
        supersedes: None,
        rules: &[],
    }
}
