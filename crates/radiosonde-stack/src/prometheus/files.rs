//! The files below `prometheus/`.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;
use std::time::Duration;

use super::alerting::{Bearing, group};
use super::objectives::{self, Slos};
use super::rules::{AlertRule, Group, Rule};
use super::stories::{Test, by_step};
use super::{alerting, config, objective_stories, record_stories, recording, rules, stories};
use crate::alerts::packs::PACKS;
use crate::alerts::{Alert, CATEGORIES, Category, DECLARED, STACK, Scene};
use crate::gaps::Gaps;
use crate::promql::{Spelling, tokens};
use crate::settings::Settings;
use crate::{Naming, Origin, Service, ServiceCatalogue, Stack, Tree};

/// Writes what Prometheus reads: rules with their tests for each service, for the packs and for the stack itself.
pub(crate) fn write(stack: &Stack, tree: &mut Tree) {
    for service in stack.services() {
        let section = Section::of_service(stack, service);
        section.write_records(service, tree);
        for category in CATEGORIES {
            section.write(category, tree);
        }
        section.write_objectives(service, tree);
        section.write_declared(service, tree);
    }
    let section = Section::of_stack(stack);
    for category in about_no_service(stack) {
        section.write(category, tree);
    }
    let config = config::written(stack);
    tree.add("prometheus/prometheus.yml", &stack.origin(), &config);
}

/// Returns every alert of every file.
pub(crate) fn alerts(stack: &Stack) -> Vec<AlertRule> {
    let of_services = stack.services().iter().flat_map(|service| {
        let section = Section::of_service(stack, service);
        let general = CATEGORIES.iter().map(|category| section.alerts(category));
        let objectives = section.slos(service).groups();
        let declared = [section.declared(service)];
        general
            .chain(objectives)
            .chain(declared)
            .collect::<Vec<_>>()
    });
    let section = Section::of_stack(stack);
    let of_stack = about_no_service(stack).map(|category| section.alerts(category));
    let rules = of_services.chain(of_stack).flat_map(|group| group.rules);
    let alert = |rule| match rule {
        Rule::Alert(alert) => Some(alert),
        Rule::Record(_) => None,
    };
    rules.filter_map(alert).collect()
}

/// Returns the packs that are wanted, and what is watched of the stack itself.
pub(crate) fn about_no_service(stack: &Stack) -> impl Iterator<Item = &'static Category> {
    let packs = PACKS.iter();
    let wanted = packs.filter(|pack| stack.options().packs.contains(pack.name));
    wanted.chain([&STACK])
}

/// The rules of a service, or those about no service, and what they have in common.
struct Section<'a> {
    /// The directory of the rules, that of their tests, and the way from there to the rules.
    directories: [String; 3],
    naming: Naming,
    spelling: Spelling,
    settings: Settings,
    bearing: Bearing,
    origin: Origin,
    catalogue: Option<&'a ServiceCatalogue>,
    gaps: Gaps,
    unwanted: &'a BTreeSet<String>,
    evaluation_interval: Duration,
}

impl<'a> Section<'a> {
    fn of_service(stack: &'a Stack, service: &'a Service) -> Self {
        let name = service.name();
        let settings = stack.thresholds(service);
        let spelling = stack.spelling(service).value("catalogue", service.hash());
        Self {
            directories: [
                format!("prometheus/rules/{name}"),
                format!("prometheus/tests/{name}"),
                format!("../../rules/{name}"),
            ],
            naming: stack.options().naming,
            spelling: with_settings(spelling, &settings),
            settings,
            bearing: stack.bearing(Some(service)),
            origin: service.origin(),
            catalogue: Some(service.catalogue()),
            gaps: stack.gaps(service),
            unwanted: &stack.options().unwanted,
            evaluation_interval: stack.options().evaluation_interval,
        }
    }

    fn of_stack(stack: &'a Stack) -> Self {
        let settings = stack.options().thresholds.clone();
        Self {
            directories: ["prometheus/packs", "prometheus/packs/tests", ".."].map(str::to_owned),
            naming: Naming::Prometheus,
            // Exporters are scraped, and have names of their own.
            spelling: with_settings(Spelling::new(Naming::Prometheus), &settings),
            settings,
            bearing: stack.bearing(None),
            origin: stack.origin(),
            catalogue: None,
            gaps: Gaps::default(),
            unwanted: &stack.options().unwanted,
            evaluation_interval: stack.options().evaluation_interval,
        }
    }

    /// Writes what is recorded, each group in a file of its own: the tests of alerts evaluate only what these ask for.
    fn write_records(&self, service: &Service, tree: &mut Tree) {
        let groups = self.records(service.name());
        for group in &groups {
            self.add_rules(&file_of(group), slice::from_ref(group), tree);
        }
        let order: Vec<_> = groups.iter().map(|group| group.name.clone()).collect();
        let files = groups.iter().map(file_of);
        let files: Vec<_> = files.map(|file| self.seen_from_test(&file)).collect();
        let scene = self.scene();
        let is_wanted = |record: &str| groups.iter().any(|group| group.records(record));
        let tests = record_stories::tests(service.name(), &scene, &self.spelling, is_wanted);
        let text = stories::file(&files, &order, record_stories::STEP, &tests);
        self.add_test(RECORDS, record_stories::STEP, &text, tree);
    }

    /// Writes the alerts of a category and their tests, unless none of them is wanted.
    fn write(&self, category: &Category, tree: &mut Tree) {
        let group = self.alerts(category);
        if group.rules.is_empty() {
            return;
        }
        let needed = self.records_for(category);
        let order: Vec<_> = needed
            .iter()
            .chain([&group])
            .map(|group| group.name.clone())
            .collect();
        let files = needed.iter().map(file_of);
        let files = files.chain([category.name.to_owned()]);
        let files: Vec<_> = files.map(|file| self.seen_from_test(&file)).collect();
        self.add_rules(category.name, &[group], tree);

        let alerts = category.alerts.iter().filter(|alert| self.is_wanted(alert));
        let test = |alert: &Alert, name: &str, story: &_| {
            let labels: Vec<_> = self.bearing.labels(alert.severity, category.name).collect();
            Test::of(name, alert.name, story, &labels, &self.spelling)
        };
        for (step, of_step) in by_step(alerts, &self.scene(), &self.settings, test) {
            let file = stories::file(&files, &order, step, &of_step);
            self.add_test(category.name, step, &file, tree);
        }
    }

    /// Writes the rules of all objectives and the tests of each.
    fn write_objectives(&self, service: &Service, tree: &mut Tree) {
        if service.catalogue().objectives.is_empty() {
            return;
        }
        let slos = self.slos(service);
        let groups = slos.groups();
        self.add_rules(objectives::CATEGORY, &groups, tree);
        let order = groups.map(|group| group.name);
        let files = [self.seen_from_test(objectives::CATEGORY)];
        for slo in slos.iter() {
            let name = format!("{}.{}", objectives::CATEGORY, slo.objective.name());
            for (step, tests) in objective_stories::tests(slo, &self.spelling) {
                let text = stories::file(&files, &order, step, &tests);
                self.add_test(&name, step, &text, tree);
            }
        }
    }

    /// Writes what the service asks for about its own metrics.
    fn write_declared(&self, service: &Service, tree: &mut Tree) {
        let group = self.declared(service);
        if group.rules.is_empty() {
            return;
        }
        let order = [group.name.clone()];
        self.add_rules(DECLARED.name, &[group], tree);
        let files = [self.seen_from_test(DECLARED.name)];
        let mut tests = BTreeMap::<_, Vec<_>>::new();
        for (name, alert, spelled) in alerting::spelled(service, self.naming) {
            let labels = self.bearing.labels(alert.severity, DECLARED.name);
            let labels: Vec<_> = labels.collect();
            for (other, story) in spelled.story().each() {
                let title = other.map_or_else(|| name.clone(), |other| format!("{name}, {other}"));
                let test = Test::of(title, name, &story, &labels, &self.spelling);
                tests.entry(story.step_minutes).or_default().push(test);
            }
        }
        for (step, of_step) in tests {
            let text = stories::file(&files, &order, step, &of_step);
            self.add_test(DECLARED.name, step, &text, tree);
        }
    }

    fn declared(&self, service: &Service) -> Group {
        alerting::declared(service, self.naming, &self.spelling, &self.bearing)
    }

    fn slos(&'a self, service: &'a Service) -> Slos<'a> {
        Slos::new(
            service,
            &self.spelling,
            &self.bearing,
            &self.settings,
            self.evaluation_interval,
        )
    }

    /// Returns the alerts of a category.
    fn alerts(&self, category: &Category) -> Group {
        group(
            category,
            &self.spelling,
            &self.bearing,
            &self.settings,
            |alert| self.is_wanted(alert),
        )
    }

    fn is_wanted(&self, alert: &Alert) -> bool {
        !self.unwanted.contains(alert.name) && !self.gaps.has(alert)
    }

    fn scene(&self) -> Scene<'_> {
        Scene::new(&self.settings, self.catalogue)
    }

    /// Returns the groups that record for a service.
    fn records(&self, service: &str) -> Vec<Group> {
        let is_wanted = |record: &_| !self.gaps.has_record(record);
        recording::groups(service, &self.spelling, self.evaluation_interval, is_wanted)
    }

    fn add_test(&self, name: &str, step: u32, text: &str, tree: &mut Tree) {
        let [_, directory, _] = &self.directories;
        let path = match step {
            1 => format!("{directory}/{name}.yml"),
            step => format!("{directory}/{name}-{step}m.yml"),
        };
        tree.add(path, &self.origin, text);
    }

    fn add_rules(&self, file: &str, groups: &[Group], tree: &mut Tree) {
        let [directory, ..] = &self.directories;
        tree.add(
            format!("{directory}/{file}.yml"),
            &self.origin,
            &rules::file(groups),
        );
    }

    fn seen_from_test(&self, file: &str) -> String {
        let [.., up] = &self.directories;
        format!("{up}/{file}.yml")
    }

    /// Returns the groups that record what the alerts of a category ask for.
    fn records_for(&self, category: &Category) -> Vec<Group> {
        // Only the names of recorded series have a colon.
        let needs_records = category.alerts.iter().any(|alert| alert.expr.contains(':'));
        let service = self.bearing.service.as_ref().filter(|_| needs_records);
        let Some(service) = service else {
            return Vec::new();
        };
        let asks = |group: &Group| {
            let mut alerts = category.alerts.iter();
            alerts.any(|alert| tokens(alert.expr).iter().any(|token| group.records(token)))
        };
        let groups = self.records(service).into_iter();
        groups.filter(asks).collect()
    }
}

/// Returns the file of a group of recorded series.
fn file_of(group: &Group) -> String {
    let (_, name) = group.name.rsplit_once('.').unwrap_or_default();
    format!("{RECORDS}.{name}")
}

fn with_settings(spelling: Spelling, settings: &Settings) -> Spelling {
    settings.iter().fold(spelling, |spelling, (name, value)| {
        spelling.value(name, value.to_string())
    })
}

/// The file of what is recorded.
const RECORDS: &str = "records";
