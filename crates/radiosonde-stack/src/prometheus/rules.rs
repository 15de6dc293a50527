//! Rules, as Prometheus reads them.

use crate::yaml::Yaml;

/// Rules that are evaluated together, one after the other, so that each sees what those before it recorded.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// How often; as often as the configuration says when there is none.
    pub(crate) interval: Option<String>,
    pub(crate) rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    Record(RecordRule),
    Alert(AlertRule),
}

/// A series that is recorded.
#[derive(Debug, Clone)]
pub(crate) struct RecordRule {
    pub(crate) name: String,
    pub(crate) expr: String,
    pub(crate) labels: Pairs,
}

/// An alert.
#[derive(Debug, Clone)]
pub(crate) struct AlertRule {
    pub(crate) name: String,
    pub(crate) expr: String,
    /// For how long it has to hold before it fires.
    pub(crate) hold: String,
    /// For how long it goes on after it no longer holds.
    pub(crate) keep: &'static str,
    pub(crate) labels: Pairs,
    pub(crate) annotations: Pairs,
}

/// Names and their values, in their order.
pub(crate) type Pairs = Vec<(&'static str, String)>;

impl Group {
    /// Tells whether it records a series of this name.
    pub(crate) fn records(&self, name: &str) -> bool {
        let mut rules = self.rules.iter();
        rules.any(|rule| matches!(rule, Rule::Record(record) if record.name == name))
    }
}

impl RecordRule {
    fn yaml(&self) -> Yaml {
        Yaml::map()
            .with("record", Yaml::Plain(self.name.clone()))
            .with("expr", self.expr.as_str())
            .with_some("labels", pairs(&self.labels))
    }
}

impl AlertRule {
    /// Returns the value of a label.
    pub(crate) fn label(&self, label: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(key, _)| *key == label);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the labels by which it is routed.
    pub(crate) fn routed(&self) -> Pairs {
        let labels = self.labels.iter();
        let routed = labels.filter(|(key, _)| ROUTED.contains(key));
        routed.cloned().collect()
    }

    fn yaml(&self) -> Yaml {
        let lasting = |duration: &str| (duration != "0s").then(|| Yaml::Plain(duration.to_owned()));
        Yaml::map()
            .with("alert", self.name.as_str())
            .with("expr", self.expr.as_str())
            .with_some("for", lasting(&self.hold))
            .with_some("keep_firing_for", lasting(self.keep))
            .with_some("labels", pairs(&self.labels))
            .with_some("annotations", pairs(&self.annotations))
    }
}

/// Writes a file of groups.
pub(crate) fn file(groups: &[Group]) -> String {
    let rule = |rule: &Rule| match rule {
        Rule::Record(rule) => rule.yaml(),
        Rule::Alert(rule) => rule.yaml(),
    };
    let group = |group: &Group| {
        Yaml::map()
            .with("name", group.name.as_str())
            .with_some("interval", group.interval.clone().map(Yaml::Plain))
            .with("rules", Yaml::list(group.rules.iter().map(rule)))
    };
    let groups = Yaml::list(groups.iter().map(group));
    Yaml::map().with("groups", groups).document()
}

fn pairs(pairs: &Pairs) -> Option<Yaml> {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Yaml::from(value.as_str())))
        .collect();
    (!pairs.is_empty()).then_some(Yaml::Map(pairs))
}

const ROUTED: [&str; 4] = ["severity", "category", "service", "team"];
