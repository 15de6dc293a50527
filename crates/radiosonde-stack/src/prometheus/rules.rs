//! Rules, as Prometheus reads them.

use crate::yaml::Yaml;

/// Rules that are evaluated together, one after the other, so that each sees what those before it recorded.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// How often; as often as the configuration says when there is none.
    pub(crate) interval: Option<&'static str>,
    pub(crate) rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    Record {
        name: String,
        expr: String,
        labels: Vec<(&'static str, String)>,
    },
    Alert {
        name: String,
        expr: String,
        hold: &'static str,
        keep: Option<&'static str>,
        labels: Vec<(&'static str, String)>,
        annotations: Vec<(&'static str, String)>,
    },
}

impl Rule {
    /// Makes a rule that records an expression under a name.
    pub(crate) fn record(name: impl Into<String>, expr: impl Into<String>) -> Self {
        Self::Record {
            name: name.into(),
            expr: expr.into(),
            labels: Vec::new(),
        }
    }

    /// Sets for how long an alert has to hold before it fires.
    pub(crate) fn held(mut self, duration: &'static str) -> Self {
        if let Self::Alert { hold, .. } = &mut self {
            *hold = duration;
        }
        self
    }

    /// Sets for how long an alert goes on after it no longer holds.
    pub(crate) fn kept(mut self, duration: &'static str) -> Self {
        if let Self::Alert { keep, .. } = &mut self {
            *keep = Some(duration);
        }
        self
    }

    /// Adds labels to what it records or sends.
    pub(crate) fn with_labels(
        mut self,
        more: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Self {
        let (Self::Record { labels, .. } | Self::Alert { labels, .. }) = &mut self;
        labels.extend(more);
        self
    }

    fn yaml(&self) -> Yaml {
        match self {
            Self::Record { name, expr, labels } => Yaml::map()
                .with("record", name.as_str())
                .with("expr", expr.as_str())
                .with_some("labels", pairs(labels)),
            Self::Alert {
                name,
                expr,
                hold,
                keep,
                labels,
                annotations,
            } => Yaml::map()
                .with("alert", name.as_str())
                .with("expr", expr.as_str())
                .with_some("for", Some(*hold).filter(|hold| *hold != "0s").map(plain))
                .with_some("keep_firing_for", keep.map(plain))
                .with_some("labels", pairs(labels))
                .with_some("annotations", pairs(annotations)),
        }
    }
}

/// Writes a file of groups.
pub(crate) fn file(groups: &[Group]) -> String {
    let group = |group: &Group| {
        Yaml::map()
            .with("name", group.name.as_str())
            .with_some("interval", group.interval.map(plain))
            .with("rules", Yaml::list(group.rules.iter().map(Rule::yaml)))
    };
    let groups = Yaml::list(groups.iter().map(group));
    Yaml::map().with("groups", groups).document()
}

fn pairs(pairs: &[(&'static str, String)]) -> Option<Yaml> {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Yaml::from(value.as_str())))
        .collect();
    (!pairs.is_empty()).then_some(Yaml::Map(pairs))
}

/// A duration.
fn plain(duration: &str) -> Yaml {
    Yaml::Plain(duration.to_owned())
}
