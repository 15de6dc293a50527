//! Queries as they are asked: in the chosen naming, of the chosen services.

use crate::Naming;
use crate::grafana::TraceStore;
use crate::grafana::query::{About, Query};
use crate::promql::Spelling;

/// How the queries of a dashboard become those of the services that its reader has chosen.
#[derive(Debug)]
pub(crate) struct Scope {
    instances: Spelling,
    services: Spelling,
    /// As the instances of those services spell them whose histograms are native ones.
    natives: Spelling,
    /// Where links to traces lead.
    pub(super) traces: TraceStore,
}

impl Scope {
    /// Spells names this way.
    pub(crate) fn new(naming: Naming) -> Self {
        let spelling = |matchers: &str| Spelling::new(naming).matchers(matchers);
        let instances = spelling(r#"job=~"$job",instance=~"$instance""#);
        Self {
            natives: instances.clone(),
            instances,
            services: spelling(r#"job=~"$job""#),
            traces: TraceStore::default(),
        }
    }

    /// Lets links to traces lead here.
    pub(crate) fn with_traces(mut self, traces: TraceStore) -> Self {
        self.traces = traces;
        self
    }

    /// Asks for these histograms as for native ones, too: some services have them so.
    pub(crate) fn with_natives<'a>(mut self, names: impl Iterator<Item = &'a str>) -> Self {
        self.natives = self.natives.natives(names);
        self
    }

    /// Spells the expression of a query.
    pub(crate) fn expression(&self, query: &Query) -> String {
        let spelled = self.of(query.about).spell(&query.expression);
        if query.about == About::Instances && self.natives.is_native(&query.expression) {
            let native = self.natives.spell(&query.expression);
            return format!("{spelled} or {native}");
        }
        spelled
    }

    /// Spells what the series of a query are called.
    pub(crate) fn legend(&self, query: &Query) -> String {
        let mut parts = query.legend.split("{{");
        let mut legend = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (label, rest) = part.split_once("}}").unwrap_or((part, ""));
            let label = self.label(query, label);
            legend.extend(["{{", &label, "}}", rest]);
        }
        legend
    }

    /// Spells a label of the series of a query.
    pub(crate) fn label(&self, query: &Query, label: &str) -> String {
        self.of(query.about).label_in(&query.expression, label)
    }

    /// Spells an expression about all instances of the chosen services.
    pub(crate) fn of_services(&self, expression: &str) -> String {
        self.services.spell(expression)
    }

    fn of(&self, about: About) -> &Spelling {
        match about {
            About::Instances => &self.instances,
            About::Services => &self.services,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_says_whose_series_it_wants() {
        let scope = Scope::new(Naming::Prometheus);
        let spelled = |query| scope.expression(&query);
        assert_eq!(
            spelled(Query::new("x", "")),
            r#"x{job=~"$job",instance=~"$instance"}"#
        );
        assert_eq!(spelled(Query::recorded("a:x", "")), r#"a:x{job=~"$job"}"#);
    }

    #[test]
    fn a_histogram_that_some_services_have_as_a_native_one_is_asked_for_in_both_ways() {
        let scope = Scope::new(Naming::Prometheus);
        let scope = scope.with_natives(["http_request_duration_seconds"].into_iter());
        let query = Query::new("sum by (le) (http_request_duration_seconds_bucket)", "");
        let matchers = r#"{job=~"$job",instance=~"$instance"}"#;
        assert_eq!(
            scope.expression(&query),
            format!(
                "sum by (le) (http_request_duration_seconds_bucket{matchers}) or sum (http_request_duration_seconds{matchers})"
            )
        );
        let other = scope.expression(&Query::new("rpc_request_duration_seconds_bucket", ""));
        assert!(!other.contains(" or "), "{other}");
    }

    #[test]
    fn a_legend_names_labels_as_they_are_spelled() {
        let scope = Scope::new(Naming::OpenTelemetry);
        let query = Query::new(
            "sum by (job, route) (http_requests_total)",
            "{{job}}: {{route}} (all)",
        );
        assert_eq!(scope.legend(&query), "{{job}}: {{http_route}} (all)");
        assert_eq!(scope.legend(&Query::new("up", "all")), "all");
    }
}
