//! The command, as people use it.

#![cfg(feature = "cli")]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Output};
use std::thread::{self, JoinHandle};

use tempfile::TempDir;

use crate::support::catalogue;

/// A directory with the catalogue of a service.
fn workplace() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(
        directory.path().join("checkout.json"),
        catalogue("checkout"),
    )
    .unwrap();
    directory
}

fn run(directory: &Path, arguments: &str) -> Output {
    command(directory, arguments).output().unwrap()
}

fn command(directory: &Path, arguments: &str) -> Command {
    let arguments = arguments.split(' ').filter(|argument| !argument.is_empty());
    let mut command = Command::new(env!("CARGO_BIN_EXE_radiosonde"));
    command
        .arg("stack")
        .args(arguments)
        .current_dir(directory)
        .env_remove("RADIOSONDE_ADMIN_TOKEN");
    command
}

#[track_caller]
fn told(directory: &Path, arguments: &str) -> String {
    let output = run(directory, arguments);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(directory: &Path, arguments: &str) -> String {
    let output = run(directory, arguments);
    assert!(!output.status.success());
    [output.stdout, output.stderr]
        .map(|text| String::from_utf8(text).unwrap())
        .concat()
}

#[test]
fn a_tree_is_written_and_then_is_as_it_should_be() {
    let directory = workplace();
    let said = told(directory.path(), "--from checkout.json");
    assert!(said.starts_with("wrote "), "{said}");
    assert!(
        said.contains("note: the settings name no receivers"),
        "{said}"
    );
    assert_eq!(
        told(directory.path(), "--from checkout.json --check"),
        "ops is as it should be\n"
    );
    assert_eq!(
        told(directory.path(), "diff --from checkout.json"),
        "Nothing changes for whoever is on call.\n"
    );
}

#[test]
fn a_tree_that_was_edited_by_hand_is_told_and_kept() {
    let directory = workplace();
    told(directory.path(), "--from checkout.json");
    let path = directory
        .path()
        .join("ops/prometheus/rules/checkout/errors.yml");
    let edited = fs::read_to_string(&path)
        .unwrap()
        .replace("> 0.05", "> 0.5");
    fs::write(&path, edited).unwrap();

    let said = refused(directory.path(), "--from checkout.json --check");
    assert!(
        said.contains("errors.yml was edited by hand: put the change into the settings"),
        "{said}"
    );
    let said = refused(directory.path(), "--from checkout.json");
    assert!(
        said.contains("edited by hand since it was written: prometheus/rules/checkout/errors.yml"),
        "{said}"
    );
    told(directory.path(), "--from checkout.json --force");
    told(directory.path(), "--from checkout.json --check");
}

#[test]
fn settings_change_the_tree_and_diff_says_how() {
    let directory = workplace();
    told(directory.path(), "--from checkout.json");
    let settings = r#"
        unwanted = ["RequestRateSpike"]
        [thresholds]
        error_ratio = 0.02
        [services.checkout]
        targets = ["checkout-1:8080", "checkout-2:8080"]
        token_file = "/run/secrets/admin"
        thresholds = { latency_p95_seconds = 0.5 }
        holds = { HighLatency = "15m", SLOBurnTicket = "30m" }
        [notifications]
        default_receiver = "chat"
        [notifications.receivers.chat.slack]
        channel = "alerts"
        api_url_file = "/run/secrets/slack"
    "#;
    fs::write(directory.path().join("ops/stack.toml"), settings).unwrap();

    let said = told(directory.path(), "diff --from checkout.json");
    for line in [
        "checkout/HighErrorRatio fires at 0.02 instead of 0.05.",
        "checkout/HighLatency fires at 0.5 instead of 2.",
        "checkout/HighLatency fires after 15m instead of after 5m.",
        "checkout/SLOBurnTicket (api, ticket-slow) fires after 30m instead of after 15m.",
        "checkout/RequestRateSpike is gone; nobody was told of it.",
        "checkout/InstanceDown is told otherwise: warning, chat is told; until now, warning, nobody is told.",
    ] {
        assert!(said.lines().any(|found| found == line), "{line}\n{said}");
    }
    let said = refused(directory.path(), "--from checkout.json --check");
    assert!(said.contains("prometheus.yml is out of date"), "{said}");
    assert!(
        said.contains("RequestRateSpike.md is no longer written"),
        "{said}"
    );
    told(directory.path(), "--from checkout.json");
    told(directory.path(), "--from checkout.json --check");
    assert!(directory.path().join("ops/stack.toml").is_file());
    let config = directory.path().join("ops/prometheus/prometheus.yml");
    let config = fs::read_to_string(config).unwrap();
    assert!(config.contains("credentials_file: /run/secrets/admin\n"));
}

#[test]
fn the_target_and_the_naming_can_be_chosen_and_stand_before_the_settings() {
    let directory = workplace();
    let read = |path: &str| fs::read_to_string(directory.path().join("ops").join(path)).unwrap();
    let config = "prometheus/prometheus.yml";
    let rules = "prometheus/rules/checkout/records.requests.yml";
    told(directory.path(), "--from checkout.json");
    assert!(!read(config).contains("fallback_scrape_protocol"));
    assert!(read(rules).contains("http_requests_total{"));

    let said = told(
        directory.path(),
        "--from checkout.json --target prometheus3 --naming opentelemetry",
    );
    assert!(
        said.contains("note: no Prometheus 3 has read this"),
        "{said}"
    );
    assert!(read(config).contains("fallback_scrape_protocol") && read(config).contains("otlp:"));
    assert!(read(rules).contains("http_server_requests_total{"));
    // What is committed for one is out of date for the other.
    let said = refused(directory.path(), "--from checkout.json --check");
    assert!(said.contains("prometheus.yml is out of date"), "{said}");

    let settings = "target = 'prometheus3'\nnaming = 'opentelemetry'\n";
    fs::write(directory.path().join("ops/stack.toml"), settings).unwrap();
    told(directory.path(), "--from checkout.json --check");
    told(
        directory.path(),
        "--from checkout.json --target prometheus2 --naming prometheus",
    );
    assert!(!read(config).contains("fallback_scrape_protocol"));
    assert!(read(rules).contains("http_requests_total{"));

    for (flag, possible) in [
        ("--target prometheus4", "prometheus2, prometheus3"),
        ("--naming loud", "prometheus, opentelemetry"),
    ] {
        let said = refused(directory.path(), &format!("--from checkout.json {flag}"));
        assert!(said.contains(possible), "{said}");
    }
}

/// Puts a script into a directory, in place of a program.
#[cfg(unix)]
fn program(directory: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;

    let path = directory.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
#[test]
fn up_scrapes_a_running_service_with_the_token_of_its_catalogue_and_keeps_exemplars() {
    use std::os::unix::fs::PermissionsExt;

    let directory = workplace();
    let programs = directory.path().join("programs");
    fs::create_dir(&programs).unwrap();
    program(&programs, "alertmanager", "exec /bin/sleep 600");
    // It keeps what it was started with, and ends.
    let script = "config=${1#--config.file=}; /bin/cp $config ${config%/*}/admin.token .; echo $* > told; exit 3";
    program(&programs, "prometheus", script);
    fs::create_dir(directory.path().join("ops")).unwrap();
    let settings = "[services.checkout]\ntoken_file = '/run/secrets/admin'\n";
    fs::write(directory.path().join("ops/stack.toml"), settings).unwrap();

    let (address, asked) = running_service();
    let mut command = command(directory.path(), &format!("up --from http://{address}"));
    let command = command.env("RADIOSONDE_ADMIN_TOKEN", "let-me-in");
    let output = command.env("PATH", &programs).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("prometheus ended with"), "{said}");
    let asked = asked.join().unwrap();
    assert!(asked.contains("\r\nAuthorization: Bearer let-me-in\r\n"));

    let read = |path: &str| fs::read_to_string(directory.path().join(path)).unwrap();
    let config = read("prometheus.yml");
    let scrape = "    authorization:\n      type: Bearer\n      credentials_file: admin.token\n";
    assert!(config.contains(scrape), "{config}");
    assert!(!config.contains("/run/secrets/admin"), "{config}");
    assert_eq!(read("admin.token"), "let-me-in");
    assert!(read("told").contains(" --enable-feature=exemplar-storage\n"));
    let copied = fs::metadata(directory.path().join("admin.token")).unwrap();
    assert_eq!(copied.permissions().mode() & 0o077, 0);
}

#[cfg(unix)]
#[test]
fn what_up_needs_and_does_not_find_is_told_by_name() {
    let directory = workplace();
    let programs = directory.path().join("programs");
    fs::create_dir(&programs).unwrap();
    let program = |name: &str, script: &str| program(&programs, name, script);
    let up = || {
        let mut command = command(directory.path(), "up --from checkout.json");
        let output = command.env("PATH", &programs).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let advice = "on Debian, `apt-get install prometheus prometheus-alertmanager`";
    let said = up();
    assert!(
        said.contains(&format!(
            "there is no prometheus-alertmanager or alertmanager on the PATH: {advice}"
        )),
        "{said}"
    );
    // It is there, and is ended with the command.
    program("alertmanager", "exec /bin/sleep 600");
    let said = up();
    assert!(
        said.contains(&format!("there is no prometheus on the PATH: {advice}")),
        "{said}"
    );
    program("prometheus", "exec /bin/sleep 600");
    program("alertmanager", "exit 3");
    let said = up();
    assert!(
        said.contains("alertmanager ended with exit status: 3"),
        "{said}"
    );
}

#[test]
fn alerts_about_the_services_own_metrics_are_written_with_rule_test_and_page() {
    let directory = workplace();
    told(directory.path(), "--from checkout.json");
    let settings = r#"
        [services.checkout.alerts.OrdersStopped]
        metric = "orders_paid_total"
        when = "stopped"
        means = "Nobody buys any more."
        look = ["The payment provider"]
    "#;
    fs::write(directory.path().join("ops/stack.toml"), settings).unwrap();
    assert_eq!(
        told(directory.path(), "diff --from checkout.json"),
        "checkout/OrdersStopped is new: warning, nobody is told.\n"
    );
    told(directory.path(), "--from checkout.json");
    let read = |path: &str| fs::read_to_string(directory.path().join("ops").join(path)).unwrap();
    let rules = read("prometheus/rules/checkout/declared.yml");
    assert!(
        rules.contains(r#"increase(orders_paid_total{job="checkout"}[10m])"#),
        "{rules}"
    );
    assert!(read("prometheus/tests/checkout/declared.yml").contains("OrdersStopped"));
    let page = read("runbooks/OrdersStopped.md");
    assert!(
        page.contains("Nobody buys any more.\n") && page.contains("- The payment provider.\n"),
        "{page}"
    );
    assert!(!page.contains("What helps"), "{page}");
}

#[test]
fn an_alert_about_a_metric_that_could_never_fire_is_refused() {
    let directory = workplace();
    fs::create_dir(directory.path().join("ops")).unwrap();
    for (name, alert, expected) in [
        (
            "'Orders Low'",
            "metric = 'orders_paid_total', when = 'stopped'",
            "`Orders Low` is no name of an alert",
        ),
        (
            "HighLatency",
            "metric = 'orders_paid_total', when = 'stopped'",
            "an alert `HighLatency` already",
        ),
        (
            "SLOBurnPage",
            "metric = 'orders_paid_total', when = 'stopped'",
            "an alert `SLOBurnPage` already",
        ),
        (
            "A",
            "metric = 'orders_payd_total', when = 'stopped'",
            "watches `orders_payd_total`, which its service does not have",
        ),
        (
            "A",
            "metric = 'orders_paid_total', when = 'stopped', by = ['region']",
            "the label `region`, which `orders_paid_total` does not have",
        ),
        (
            "A",
            "metric = 'orders_backlog', when = 'stopped'",
            "cannot ask for `stopped` of `orders_backlog`",
        ),
        (
            "A",
            "metric = 'orders_paid_total', when = 'rate_below', limit = 0",
            "could never fire: `rate_below` takes a `limit`",
        ),
        (
            "A",
            "metric = 'orders_paid_total', when = 'rate_above'",
            "could never fire: `rate_above` takes a `limit`",
        ),
        (
            "A",
            "metric = 'orders_paid_total', when = 'share_above', limit = 0.5",
            "the `labels` of the part",
        ),
        (
            "A",
            "metric = 'orders_paid_total', when = 'share_above', limit = 0.5, labels = { payment = 'card' }, by = ['payment']",
            "the label `payment` in `labels` and in `by`",
        ),
        (
            "A",
            "metric = 'orders_delivery_seconds', when = 'slower_than', limit = 3600",
            "its `limit` is 3600, and the bounds of `orders_delivery_seconds` decide from 57 to below 3600",
        ),
        (
            "A",
            "metric = 'orders_paid_total', when = 'stopped', limit = 1",
            "`stopped` takes none",
        ),
        (
            "A",
            "metric = 'orders_paid_total', when = 'stopped', hold_seconds = 3600",
            "cannot hold for 3600 seconds: an hour after it has stopped, nothing says any more that it ever grew, so give at \
             most 2700 in `hold_seconds`",
        ),
        (
            "A",
            "metric = 'orders_paid_total', when = 'sometimes'",
            "unknown variant `sometimes`",
        ),
        (
            "A",
            "metric = 'orders_paid_total', when = 'stopped', severity = 'page'",
            "unknown variant `page`",
        ),
    ] {
        let settings = format!("services.checkout.alerts.{name} = {{ {alert}, means = 'x' }}");
        fs::write(directory.path().join("ops/stack.toml"), &settings).unwrap();
        let said = refused(directory.path(), "--from checkout.json");
        assert!(said.contains(expected), "{settings}: {said}");
    }
}

/// They name every field that there is for people to copy.
#[test]
fn the_settings_of_the_guide_and_of_the_readme_are_understood() {
    let directory = workplace();
    fs::create_dir(directory.path().join("ops")).unwrap();
    for page in [
        "../../docs/guide/stack.md",
        "README.md",
        "../../docs/reference/alerts.md",
    ] {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let text = fs::read_to_string(page).unwrap();
        let (_, settings) = text.split_once("```toml\n").unwrap();
        let (settings, _) = settings.split_once("```").unwrap();
        fs::write(directory.path().join("ops/stack.toml"), settings).unwrap();
        told(directory.path(), "--from checkout.json --force");
    }
}

#[test]
fn exporters_are_scraped_under_the_names_of_their_jobs() {
    let directory = workplace();
    fs::create_dir(directory.path().join("ops")).unwrap();
    let settings = r#"
        packs = ["node", "redis"]
        [exporters.node]
        targets = ["machine-1:9100", "machine-2:9100"]
        [exporters.redis_exporter]
        targets = ["redis:9121"]
    "#;
    fs::write(directory.path().join("ops/stack.toml"), settings).unwrap();
    told(directory.path(), "--from checkout.json");
    let config = directory.path().join("ops/prometheus/prometheus.yml");
    let config = fs::read_to_string(config).unwrap();
    for scrape in [
        "  - job_name: node\n    static_configs:\n      - targets: [\"machine-1:9100\", \"machine-2:9100\"]\n",
        "  - job_name: redis_exporter\n    static_configs:\n      - targets: [\"redis:9121\"]\n",
    ] {
        assert!(config.contains(scrape), "{config}");
    }
}

#[test]
fn mistakes_in_the_settings_are_told_with_their_place() {
    let directory = workplace();
    fs::create_dir(directory.path().join("ops")).unwrap();
    for (settings, expected) in [
        ("colour = 'red'", "unknown field `colour`"),
        (
            "[thresholds]\neror_ratio = 1",
            "there is no threshold `eror_ratio`",
        ),
        (
            "[thresholds]\nerror_ratio = -1",
            "`error_ratio` cannot be -1",
        ),
        ("packs = ['mongo']", "there is no pack `mongo`"),
        ("unwanted = ['Nothing']", "there is no alert `Nothing`"),
        ("scrape_interval = 'soon'", "`soon` is no duration"),
        ("holds = { Nothing = '5m' }", "no alert `Nothing` to hold"),
        (
            "holds = { HighLatency = '2d' }",
            "`HighLatency` cannot hold for",
        ),
        (
            "[services.chekout]\nteam = 'a'",
            "a service `chekout`, which is none of those given",
        ),
        (
            "[notifications.receivers.a.slack]\nchannel = 'a'",
            "api_url_file",
        ),
        ("[exporters.node]", "missing field `targets`"),
        (
            "[exporters.node]\ntargets = ['machine 1']",
            "`machine 1` is no target",
        ),
        (
            "[exporters.checkout]\ntargets = ['machine-1:9100']",
            "the exporter `checkout` is no job of its own",
        ),
    ] {
        fs::write(directory.path().join("ops/stack.toml"), settings).unwrap();
        let said = refused(directory.path(), "--from checkout.json");
        assert!(said.contains(expected), "{settings}: {said}");
    }
    let said = refused(
        directory.path(),
        "--from checkout.json --settings nowhere.toml",
    );
    assert!(said.contains("no access to `nowhere.toml`"), "{said}");
}

#[test]
fn a_catalogue_that_is_none_is_told_with_its_source() {
    let directory = workplace();
    let other = catalogue("checkout").replacen("\"version\":1", "\"version\":7", 1);
    fs::write(directory.path().join("later.json"), other).unwrap();
    fs::write(directory.path().join("broken.json"), "{").unwrap();
    let nameless = catalogue("checkout").replacen("\"checkout\"", "null", 1);
    fs::write(directory.path().join("nameless.json"), nameless).unwrap();
    for (from, expected) in [
        (
            "later.json",
            "from `later.json`: the catalogue has version 7",
        ),
        (
            "broken.json",
            "from `broken.json`: this is no catalogue of a service",
        ),
        ("nothing.json", "no access to `nothing.json`"),
        (
            "nameless.json",
            "has no name: give one, such as `checkout=nameless.json`",
        ),
        ("https://checkout", "give one with `http://`"),
        ("http://127.0.0.1:1", "`http://127.0.0.1:1` does not answer"),
        ("no-such-program", "`no-such-program` cannot be run"),
    ] {
        let said = refused(directory.path(), &format!("--from {from}"));
        assert!(said.contains(expected), "{from}: {said}");
    }
    assert!(refused(directory.path(), "").contains("there is no service to monitor"));
    told(directory.path(), "--from shop=nameless.json");
    assert!(directory.path().join("ops/prometheus/rules/shop").is_dir());
}

#[test]
fn a_running_service_is_asked_for_its_catalogue() {
    let directory = workplace();
    let (address, asked) = running_service();
    told(directory.path(), &format!("--from http://{address}"));
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("GET /admin/catalog HTTP/1.0\r\n"));
}

/// A service that gives out its catalogue once, and what it was asked.
fn running_service() -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let length = stream.read(&mut request).unwrap();
        let body = catalogue("checkout");
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all([head, body].concat().as_bytes()).unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    (address, asked)
}

#[cfg(unix)]
#[test]
fn a_program_is_run_so_that_it_says_its_catalogue() {
    let directory = workplace();
    let script =
        "echo starting\n[ -n \"$RADIOSONDE_PRINT_CATALOGUE\" ] && cat checkout.json && echo";
    program(directory.path(), "checkout", script);
    told(directory.path(), "--from ./checkout");

    program(directory.path(), "checkout", "exit 3");
    let said = refused(directory.path(), "--from ./checkout");
    assert!(
        said.contains("did not say its catalogue: it has to call `Sonde::bind`"),
        "{said}"
    );
}

#[test]
fn alerts_and_thresholds_are_listed() {
    let directory = workplace();
    let alerts = told(directory.path(), "alerts");
    assert!(
        alerts.contains("ServiceDown") && alerts.contains("RedisDown"),
        "{alerts}"
    );
    let thresholds = told(directory.path(), "thresholds");
    assert!(
        thresholds.contains("# error_ratio = 0.05\n"),
        "{thresholds}"
    );
    assert!(toml::from_str::<toml::Table>(&thresholds).is_ok());
}
