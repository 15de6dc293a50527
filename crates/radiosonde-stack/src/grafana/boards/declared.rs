//! A board for what a service measures of its own.

use std::collections::BTreeMap;

use crate::grafana::dashboard::{Dashboard, Row};
use crate::grafana::panel::Panel;
use crate::grafana::query::{Query, average, buckets, native_quantile, quantile, sum, total_rate};
use crate::grafana::unit::Unit;
use crate::{MetricKind, MetricUnit, Options, ServiceMetric, Target};

/// Returns the board of these metrics of a service: a row for those whose names start with the same word, in the order of
/// their names.
pub(crate) fn declared(service: &str, metrics: &[&ServiceMetric], options: &Options) -> Dashboard {
    let mut rows = BTreeMap::<&str, Vec<Panel>>::new();
    let mut metrics = metrics.to_vec();
    metrics.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    for metric in metrics {
        let word = metric.name.split('_').next().unwrap_or_default();
        rows.entry(word)
            .or_default()
            .extend(panels(metric, options));
    }
    let title = format!("Metrics of {service}");
    let description = format!("What {service} measures of its own.");
    Dashboard::new(name_of(service), &title, &description).rows(
        rows.into_iter()
            .map(|(word, panels)| Row::new(word, filled(panels))),
    )
}

/// Returns what the board of a service is called: only letters, digits and `-`, and no more of them than Grafana takes.
fn name_of(service: &str) -> String {
    let spell = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
        _ => '-',
    };
    let name: String = service.chars().map(spell).take(LONGEST_NAME).collect();
    format!("metrics-{name}")
}

fn panels(metric: &ServiceMetric, options: &Options) -> Vec<Panel> {
    // It is no metric of the catalogue of Radiosonde, so that nobody else spells it.
    let (name, labels) = options.naming.declared(metric);
    let (unit, by) = (Unit::declared(metric.unit), labels.join(", "));
    let lines = |unit, expression| {
        Panel::lines(&metric.name, &description(metric), unit)
            .query(Query::new(expression, &legend(metric, &labels)))
    };
    match metric.kind {
        MetricKind::Counter => vec![lines(unit.per_second(), total_rate(&by, &name))],
        // In a text, there is no more of it.
        MetricKind::Histogram if metric.exponential && options.target == Target::Prometheus2 => {
            let title = format!("{}: rate", metric.name);
            let rate = Query::new(
                total_rate(&by, &format!("{name}_count")),
                &legend(metric, &labels),
            );
            let about = "How many values were recorded, per second.";
            vec![Panel::lines(&title, about, Unit::PerSecond).query(rate)]
        }
        MetricKind::Histogram => {
            let (p95, buckets) = if metric.exponential {
                (native_quantile("0.95", &by, &name), total_rate("", &name))
            } else {
                (quantile("0.95", &by, &name), buckets(&name))
            };
            let title = format!("{}: distribution", metric.name);
            let distribution = Query::new(buckets, "{{le}}").with_exemplars();
            vec![
                lines(unit, p95),
                Panel::heat_map(&title, &description(metric), unit).query(distribution),
            ]
        }
        // Shares of instances have no sum.
        _ if metric.unit == MetricUnit::Ratio => vec![lines(unit, average(&by, &name))],
        _ => vec![lines(unit, sum(&by, &name))],
    }
}

fn description(metric: &ServiceMetric) -> String {
    let value = match metric.kind {
        MetricKind::Counter => "Its rate, per second.",
        MetricKind::Histogram => {
            "How its values are distributed: p95 is the least of the largest 5 %."
        }
        _ if metric.unit == MetricUnit::Ratio => "The mean of all instances.",
        _ => "The sum of all instances.",
    };
    match metric.help.as_str() {
        "" => value.to_owned(),
        help => format!("{help} {value}"),
    }
}

/// Names series by all labels, or by the metric when there are none.
fn legend(metric: &ServiceMetric, labels: &[String]) -> String {
    let labels: Vec<_> = labels
        .iter()
        .map(|label| format!("{{{{{label}}}}}"))
        .collect();
    match (labels.is_empty(), metric.kind) {
        (true, MetricKind::Histogram) => "p95".to_owned(),
        (true, _) => metric.name.clone(),
        (false, _) => labels.join(" "),
    }
}

/// Makes the last line of panels as wide as the others.
fn filled(mut panels: Vec<Panel>) -> Vec<Panel> {
    let in_last = panels.len() % 3;
    let width = match in_last {
        1 => 24,
        2 => 12,
        _ => 8,
    };
    let first = panels.len() - in_last;
    for panel in &mut panels[first..] {
        panel.width = width;
    }
    panels
}

/// Grafana takes 40 characters, of which `radiosonde-metrics-` takes 19.
const LONGEST_NAME: usize = 21;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Naming;
    use crate::grafana::example;

    fn expressions_of(metric: &ServiceMetric, options: &Options) -> Vec<String> {
        let panels = panels(metric, options).into_iter();
        panels
            .map(|panel| panel.queries[0].expression.clone())
            .collect()
    }

    fn expressions(name: &str, naming: Naming) -> Vec<String> {
        let catalogue = example::catalogue();
        let options = Options {
            naming,
            ..Options::default()
        };
        expressions_of(catalogue.metric(name).unwrap(), &options)
    }

    #[test]
    fn a_histogram_whose_buckets_follow_its_values_is_drawn_as_far_as_it_is_kept() {
        let mut delivery = example::catalogue()
            .metric("orders_delivery_seconds")
            .unwrap()
            .clone();
        delivery.exponential = true;
        let expressions = |target| {
            let options = Options {
                target,
                ..Options::default()
            };
            expressions_of(&delivery, &options)
        };
        let rate = |series| format!("({series}[$__rate_interval])");
        assert_eq!(
            expressions(Target::Prometheus2),
            [format!(
                "sum by (region) (rate{})",
                rate("orders_delivery_seconds_count")
            )]
        );
        let native = rate("orders_delivery_seconds");
        assert_eq!(
            expressions(Target::Prometheus3),
            [
                format!("histogram_quantile(0.95, sum by (region) (rate{native}))"),
                format!("sum(rate{native})"),
            ]
        );
    }

    #[test]
    fn each_kind_is_drawn_as_what_it_is() {
        let expressions = |name| expressions(name, Naming::Prometheus);
        assert_eq!(
            expressions("orders_paid_total"),
            ["sum by (payment) (rate(orders_paid_total[$__rate_interval]))"]
        );
        assert_eq!(expressions("belt_load_ratio"), ["avg(belt_load_ratio)"]);
        assert_eq!(
            expressions("orders_backlog"),
            ["sum by (region) (orders_backlog)"]
        );
        let delivery = expressions("orders_delivery_seconds");
        assert!(
            delivery[0].starts_with("histogram_quantile(0.95, "),
            "{delivery:?}"
        );
        assert!(
            delivery[1].starts_with("sum by (le) (rate(orders_delivery"),
            "{delivery:?}"
        );
    }

    #[test]
    fn names_are_spelled_as_they_arrive() {
        assert_eq!(
            expressions("orders_backlog", Naming::OpenTelemetry),
            ["sum by (cloud_region) (orders_backlog)"]
        );
    }

    #[test]
    fn what_it_says_comes_from_the_declaration() {
        let catalogue = example::catalogue();
        let paid = catalogue.metric("orders_paid_total").unwrap();
        assert_eq!(
            description(paid),
            "Orders that were paid. Its rate, per second."
        );
        assert_eq!(legend(paid, &paid.labels), "{{payment}}");
    }

    #[test]
    fn rows_are_the_first_words_of_names() {
        let catalogue = example::catalogue();
        let own: Vec<_> = ["orders_paid_total", "belt_load_ratio"]
            .map(|name| catalogue.metric(name).unwrap())
            .to_vec();
        let board = declared("Check out", &own, &Options::default());
        let titles: Vec<_> = board.rows.iter().map(|row| row.title.as_str()).collect();
        assert_eq!(titles, ["belt", "orders"]);
        assert_eq!(board.name, "metrics-check-out");
    }
}
