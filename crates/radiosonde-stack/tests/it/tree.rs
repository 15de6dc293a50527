//! What every tree has in common.

use std::collections::BTreeSet;
use std::time::Duration;

use radiosonde_stack::{Manifest, Naming, Options, Service, Stack};

use crate::support::{everything, service};

#[test]
fn the_same_stack_writes_the_same_tree() {
    let tree = || everything(Naming::Prometheus).render();
    assert_eq!(tree(), tree());
}

#[test]
fn every_file_says_from_which_catalogue_it_was_made() {
    let stack = everything(Naming::Prometheus);
    for (path, text) in stack.render().files() {
        let of_service = stack.services().iter().filter(|service| {
            let directory = format!("/{}/", service.name());
            path.contains(&directory)
        });
        let about: Vec<_> = of_service.collect();
        let about = if about.is_empty() {
            stack.services().iter().collect()
        } else {
            about
        };
        for service in about {
            assert!(text.contains(&service.catalogue().hash), "{path}");
        }
    }
}

#[test]
fn the_page_of_the_tree_says_how_prometheus_is_started() {
    let tree = everything(Naming::Prometheus).render();
    let page = tree.get("README.md").unwrap();
    for flag in [
        "`--enable-feature=exemplar-storage`",
        "`--storage.tsdb.retention.time=31d`",
    ] {
        assert!(page.contains(flag), "{page}");
    }
}

#[test]
fn what_always_fires_is_told_to_the_dead_man_switch_alone() {
    let watchdog = |stack: &Stack| {
        let manifest = stack.render().get(Manifest::PATH).unwrap().to_owned();
        let entry = Manifest::read(&manifest).unwrap().alerts["Watchdog"].clone();
        (entry.receivers, entry.digest)
    };
    // Other alerts of its severity are told once a day, by mail.
    let stack = everything(Naming::Prometheus);
    assert_eq!(watchdog(&stack), (vec!["hook".to_owned()], false));
    let mut options = stack.options().clone();
    options.notifications.dead_man = None;
    let stack = Stack::new([service("checkout")], options).unwrap();
    assert_eq!(watchdog(&stack), (vec!["nobody".to_owned()], false));
}

#[test]
fn every_file_ends_its_last_line_and_no_line_in_blanks() {
    for (path, text) in everything(Naming::Prometheus).render().files() {
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{path}");
        for line in text.lines() {
            assert_eq!(line, line.trim_end(), "{path}");
        }
    }
}

#[test]
fn every_alert_has_its_page() {
    let tree = everything(Naming::Prometheus).render();
    let pages: BTreeSet<_> = tree
        .files()
        .filter_map(|(path, _)| path.strip_prefix("runbooks/"))
        .collect();
    let rules = tree
        .files()
        .filter(|(path, _)| path.starts_with("prometheus/") && !path.contains("tests"));
    let mut alerts = BTreeSet::new();
    for (_, text) in rules {
        alerts.extend(
            text.lines()
                .filter_map(|line| line.trim().strip_prefix("- alert: ")),
        );
    }
    assert!(alerts.len() > 80, "{}", alerts.len());
    for alert in alerts {
        assert!(pages.contains(format!("{alert}.md").as_str()), "{alert}");
    }
}

#[test]
fn every_template_that_is_named_is_defined() {
    let tree = everything(Naming::Prometheus).render();
    let config = tree.get("alertmanager/alertmanager.yml").unwrap();
    let templates = tree.get("alertmanager/templates/radiosonde.tmpl").unwrap();
    let named: BTreeSet<_> = config
        .split("template \"")
        .skip(1)
        .filter_map(|text| text.split('"').next())
        .collect();
    assert!(!named.is_empty());
    for name in named {
        assert!(
            templates.contains(&format!("{{{{ define \"{name}\" -}}}}")),
            "{name}"
        );
    }
}

#[test]
fn no_secret_is_written() {
    let tree = everything(Naming::Prometheus).render();
    let config = tree.get("alertmanager/alertmanager.yml").unwrap();
    for secret in ["pagerduty", "slack", "smtp"] {
        assert!(
            config.contains(&format!("_file: /run/secrets/{secret}")),
            "{secret}"
        );
    }
    let config = tree.get("prometheus/prometheus.yml").unwrap();
    assert_eq!(config.matches("_file: /run/secrets/admin\n").count(), 1);
}

#[test]
fn what_an_older_alertmanager_lacks_is_refused_for_it() {
    let notifications = |receiver: &str| {
        let json = format!(r#"{{"receivers":{{"chat":{receiver}}}}}"#);
        serde_json::from_str(&json).unwrap()
    };
    let teams = r#"{"teams":{"webhook_url_file":"/run/secrets/teams"}}"#;
    let hook = r#"{"webhook":{"url_file":"/run/secrets/hook"}}"#;
    for receiver in [teams, hook] {
        let mut options = Options::default();
        options.notifications = notifications(receiver);
        let error = Stack::new([service("checkout")], options.clone()).unwrap_err();
        assert!(
            error.to_string().contains("`--target prometheus3`"),
            "{error}"
        );
        options.target = radiosonde_stack::Target::Prometheus3;
        let tree = Stack::new([service("checkout")], options).unwrap().render();
        let config = tree.get("alertmanager/alertmanager.yml").unwrap();
        assert!(config.contains("_file: /run/secrets/"), "{config}");
    }
}

#[test]
fn routes_and_services_that_cannot_be_are_refused_by_name() {
    let refusal = |notifications: &str| {
        let mut options = Options::default();
        options.notifications = serde_json::from_str(notifications).unwrap();
        Stack::new([service("checkout")], options)
            .unwrap_err()
            .to_string()
    };
    assert!(refusal(r#"{"routes":[{"receivers":["oncal"]}]}"#).contains("no receiver `oncal`"));
    assert!(refusal(r#"{"routes":[{}]}"#).contains("route 1 names no receivers"));
    assert!(refusal(r#"{"receivers":{"nobody":{}}}"#).contains("rename it"));
    assert!(refusal(r#"{"receivers":{"a":{"email":{"to":"a@b"}}}}"#).contains("smtp"));
    assert!(
        refusal(r#"{"receivers":{"a":{}},"routes":[{"severity":"page","receivers":["a"]}]}"#)
            .contains("`page`")
    );
    assert!(refusal(r#"{"digest_hour":24}"#).contains("hour 24"));

    let refusal = |services: Vec<Service>| {
        Stack::new(services, Options::default())
            .unwrap_err()
            .to_string()
    };
    assert!(refusal(vec![]).contains("no service"));
    assert!(refusal(vec![service("a"), service("a")]).contains("two services are called `a`"));
    assert!(refusal(vec![service("../a")]).contains("is no name of a service"));
    assert!(refusal(vec![service("a").with_targets(["a"])]).contains("is no target"));
}

#[test]
fn exporters_that_are_no_job_of_their_own_are_refused_by_name() {
    let refusal = |name: &str, targets: &[&str]| {
        let mut options = Options::default();
        let targets = targets.iter().map(|target| (*target).to_owned());
        options.exporters.insert(name.to_owned(), targets.collect());
        let told = Stack::new([service("checkout")], options).unwrap_err();
        told.to_string()
    };
    // A service, the stack itself, no name, and nobody to scrape.
    for (name, targets) in [
        ("checkout", ["a:9100"].as_slice()),
        ("prometheus", &["a:9100"]),
        ("alertmanager", &["a:9100"]),
        ("", &["a:9100"]),
        ("no de", &["a:9100"]),
        ("{{ x }}", &["a:9100"]),
        ("node", &[]),
    ] {
        let told = refusal(name, targets);
        let expected = format!("the exporter `{name}` is no job of its own: give it `targets`");
        assert!(told.starts_with(&expected), "{told}");
    }
    let told = refusal("node", &["a:9100", "http://b:9100"]);
    assert!(told.contains("`http://b:9100` is no target"), "{told}");
}

#[test]
fn texts_that_others_would_fill_in_and_intervals_with_holes_are_refused() {
    let refusal = |set: &dyn Fn(&mut Options)| {
        let mut options = Options::default();
        options.target = radiosonde_stack::Target::Prometheus3;
        set(&mut options);
        let error = Stack::new([service("checkout")], options).unwrap_err();
        error.to_string()
    };
    let template = || "{{ query `up` }}".to_owned();
    let told = refusal(&|options| options.team = Some(template()));
    assert!(
        told.starts_with("the team `{{ query `up` }}` is none: give"),
        "{told}"
    );
    let told = refusal(&|options| options.runbooks = format!("https://wiki/{}", template()));
    assert!(told.starts_with("`runbooks` is `https://wiki/{{"), "{told}");
    let told = refusal(&|options| options.grafana = Some(template()));
    assert!(told.starts_with("`grafana` is"), "{told}");
    let told = refusal(&|options| options.data_sources.loki = "http://$HOST:3100".to_owned());
    assert!(told.starts_with("`data_sources.loki` is"), "{told}");

    let told = refusal(&|options| options.evaluation_interval = Duration::from_secs(90));
    assert!(
        told.starts_with("`evaluation_interval` cannot be "),
        "{told}"
    );
    let told = refusal(&|options| options.scrape_interval = Duration::ZERO);
    assert!(told.starts_with("`scrape_interval` cannot be 0"), "{told}");

    let of_team = service("checkout").with_team("a b");
    let told = Stack::new([of_team], Options::default()).unwrap_err();
    assert!(
        told.to_string().starts_with("the team `a b` is none"),
        "{told}"
    );

    for (what, receiver) in [
        (
            "slack.channel",
            r##"{"slack":{"channel":"#{{ .x }}","api_url_file":"/a"}}"##,
        ),
        (
            "pagerduty.url",
            r#"{"pagerduty":{"routing_key_file":"/a","url":"http://{{ .x }}"}}"#,
        ),
        ("email.to", r#"{"email":{"to":"{{ .x }}@example.com"}}"#),
        ("webhook.url", r#"{"webhook":{"url":"http://a/{{ .x }}"}}"#),
    ] {
        let json = format!(r#"{{"receivers":{{"chat":{receiver}}}}}"#);
        let told = refusal(&|options| options.notifications = serde_json::from_str(&json).unwrap());
        assert_eq!(told, filled_in(&format!("receivers.chat.{what}")));
    }
    for (what, smtp) in [
        ("smarthost", r#""smarthost":"{{ .x }}:25","from":"a@b""#),
        ("from", r#""smarthost":"relay:25","from":"{{ .x }}""#),
        (
            "username",
            r#""smarthost":"relay:25","from":"a@b","username":"{{ .x }}""#,
        ),
    ] {
        let json = format!(r#"{{"smtp":{{{smtp}}}}}"#);
        let told = refusal(&|options| options.notifications = serde_json::from_str(&json).unwrap());
        assert_eq!(told, filled_in(&format!("notifications.smtp.{what}")));
    }
}

/// What is said of a setting that would be a template.
fn filled_in(setting: &str) -> String {
    format!("`{setting}` has `{{{{` in it, which Alertmanager would fill in: take it out")
}
