//! Stories as the unit tests of `promtool`: each alert stays silent, fires and clears.

use crate::alerts::{Alert, Scene, Story};
use crate::promql::Spelling;
use crate::settings::Settings;
use crate::yaml::Yaml;

/// A test of one alert.
#[derive(Debug, Clone)]
pub(crate) struct Test {
    name: String,
    /// Series and their values, one a minute.
    inputs: Vec<(String, String)>,
    questions: Vec<Question>,
}

/// What is asked of Prometheus at some time.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) minute: u32,
    pub(crate) expr: String,
    /// The only sample of the answer: its labels and its value. Nothing when there is none.
    pub(crate) answer: Option<(String, f64)>,
}

impl Test {
    /// Asks questions about a story.
    pub(crate) fn new(
        name: impl Into<String>,
        story: &Story,
        spelling: &Spelling,
        questions: impl IntoIterator<Item = Question>,
    ) -> Self {
        let inputs = story.inputs.iter();
        let inputs = inputs.map(|input| {
            // The values that may stand in a series are those of its labels.
            (spelling.spell(&input.series), input.values(story.minutes))
        });
        Self {
            name: name.into(),
            inputs: inputs.collect(),
            questions: questions.into_iter().collect(),
        }
    }

    /// Tells the story of an alert with these labels, among others. In it, it fires for exactly one series.
    pub(crate) fn of(
        name: impl Into<String>,
        alert: &str,
        story: &Story,
        labels: &[(&'static str, String)],
        spelling: &Spelling,
    ) -> Self {
        let firing = firing(alert, labels);
        let questions = story.ends().into_iter().zip(story.fires);
        let questions = questions.map(|(minute, fires)| firing.asked(minute, fires));
        Self::new(name, story, spelling, questions)
    }

    fn yaml(&self) -> Yaml {
        let series = |(series, values): &(String, String)| {
            Yaml::map()
                .with("series", series.as_str())
                .with("values", values.as_str())
        };
        Yaml::map()
            .with("name", self.name.as_str())
            .with("interval", Yaml::Plain("1m".into()))
            .with("input_series", Yaml::list(self.inputs.iter().map(series)))
            .with(
                "promql_expr_test",
                Yaml::list(self.questions.iter().map(Question::yaml)),
            )
    }
}

/// The question whether one alert fires, with all its labels: the annotations of an alert hold values, which an alert
/// test of promtool would compare by their text.
#[derive(Debug, Clone)]
struct Firing {
    expr: String,
    labels: String,
}

impl Firing {
    /// Asks at this minute, and expects that it fires or not.
    fn asked(&self, minute: u32, fires: bool) -> Question {
        Question {
            minute,
            expr: self.expr.clone(),
            answer: fires.then(|| (self.labels.clone(), 1.0)),
        }
    }
}

/// Asks for an alert that has these labels, among others. Of an objective, only the tier is asked for that is among them.
fn firing(alert: &str, labels: &[(&'static str, String)]) -> Firing {
    let list = |separator, write: &dyn Fn(&str, &str) -> String| {
        let labels: Vec<_> = labels
            .iter()
            .map(|(key, value)| write(key, value))
            .collect();
        labels.join(separator)
    };
    let keys = list(", ", &|key, _| key.to_owned());
    let pairs = list(",", &|key, value| format!("{key}=\"{value}\""));
    let tier = labels.iter().find(|(key, _)| *key == "burn_tier");
    let tier = tier.map_or_else(String::new, |(key, tier)| format!(",{key}=\"{tier}\""));
    Firing {
        expr: format!(
            "count by ({keys}) (ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"{tier}}})"
        ),
        labels: format!("{{{pairs}}}"),
    }
}

impl Question {
    fn yaml(&self) -> Yaml {
        let sample = |(labels, value): &(String, f64)| {
            Yaml::map()
                .with("labels", labels.as_str())
                .with("value", *value)
        };
        Yaml::map()
            .with("expr", self.expr.as_str())
            .with("eval_time", Yaml::Plain(format!("{}m", self.minute)))
            .with("exp_samples", Yaml::list(self.answer.iter().map(sample)))
    }
}

/// Writes a file of tests of these rule files, whose groups are evaluated in this order.
pub(crate) fn file(
    rule_files: &[String],
    groups: &[String],
    step_minutes: u32,
    tests: &[Test],
) -> String {
    let list = |items: &[String]| Yaml::list(items.iter().map(String::as_str));
    Yaml::map()
        .with("rule_files", list(rule_files))
        .with("group_eval_order", list(groups))
        .with(
            "evaluation_interval",
            Yaml::Plain(format!("{step_minutes}m")),
        )
        .with("tests", Yaml::list(tests.iter().map(Test::yaml)))
        .document()
}

/// Returns the tests of alerts, those of one step together.
pub(crate) fn by_step<'a>(
    alerts: impl IntoIterator<Item = &'a Alert>,
    scene: &Scene<'_>,
    settings: &Settings,
    test: impl Fn(&Alert, &str, &Story) -> Test,
) -> std::collections::BTreeMap<u32, Vec<Test>> {
    let mut tests = std::collections::BTreeMap::<_, Vec<_>>::new();
    for alert in alerts {
        let story = (alert.story)(scene).held(settings.hold(alert.name));
        for (name, story) in story.each() {
            let name = name.map_or_else(String::new, |name| format!(", {name}"));
            let of_step = tests.entry(story.step_minutes).or_default();
            of_step.push(test(alert, &format!("{}{name}", alert.name), &story));
        }
    }
    tests
}
