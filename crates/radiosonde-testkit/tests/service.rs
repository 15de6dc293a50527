//! The driver of services, against shell scripts.

use std::process::Command;
use std::time::Duration;

use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::service::Service;

const DEADLINE: Duration = Duration::from_secs(30);

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn a_service_is_asked_at_the_address_that_it_printed() {
    let server = FaultCollector::start(Mode::answer("text/plain", "hello"));
    let service = Service::start(
        shell("echo starting; echo listening on $URL/hello >&2; exec sleep 60")
            .env("URL", server.endpoint()),
    );

    assert_eq!(service.addr(), server.addr());
    assert_eq!(service.get("/hello").unwrap().text(), "hello");
    assert_eq!(service.stdout(), "starting\n");
    assert_eq!(
        service.stderr(),
        format!("listening on {}/hello\n", server.endpoint())
    );
}

#[test]
fn a_signal_ends_it_and_what_it_said_last_is_kept() {
    let script = "trap 'echo bye; exit 7' TERM; echo listening on http://127.0.0.1:1/; while :; do sleep 0.01; done";
    let mut service = Service::start(&shell(script));

    service.terminate();

    assert_eq!(service.wait(DEADLINE).code(), Some(7));
    assert!(service.stdout().ends_with("bye\n"));
    service.terminate(); // There is nobody left to signal.
}

#[test]
fn its_environment_holds_the_given_variables_and_little_else() {
    let mut service = Service::spawn(Command::new("env").env("SENTRY_DSN", "http://key@host/1"));

    assert!(service.wait(DEADLINE).success());
    let output = service.stdout();
    let mut variables: Vec<_> = output
        .lines()
        .filter(|line| !line.starts_with("PATH=") && !line.starts_with("HOME="))
        .collect();
    variables.sort_unstable();
    assert_eq!(
        variables,
        ["ADDR=127.0.0.1:0", "SENTRY_DSN=http://key@host/1"]
    );
}

#[test]
#[should_panic(expected = "the service ended with exit status: 1")]
fn one_that_ends_before_it_listens_fails_the_start() {
    let _ = Service::start(&shell("echo the port is taken >&2; exit 1"));
}

#[test]
#[should_panic(expected = "awaited the service to end for 10ms, in vain")]
fn one_that_does_not_end_fails_the_wait() {
    let _ = Service::spawn(&shell("exec sleep 60")).wait(Duration::from_millis(10));
}

#[test]
fn dropping_it_kills_it() {
    let service = Service::spawn(&shell("echo $$; exec sleep 60"));
    let pid = eventually("its number", DEADLINE, || {
        service.stdout().strip_suffix('\n').map(str::to_owned)
    });

    drop(service);

    let alive = shell(&format!("kill -0 {pid}")).output().unwrap();
    assert!(!alive.status.success());
}
