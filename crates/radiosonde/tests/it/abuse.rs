//! Every variable, abused: all of them at once in a process of its own, once for each value.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use radiosonde_testkit::eventually;

use crate::child::{self, printed};

/// The variables that the reference page lists.
fn variables() -> impl Iterator<Item = &'static str> {
    let page = include_str!("../../../../docs/reference/configuration.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| Some(row.split_once('`')?.0))
}

fn abuses() -> Vec<OsString> {
    let texts = ["", "0", "-1", "1", "18446744073709551615", "1e30", "text"];
    let mut abuses: Vec<_> = texts.map(OsString::from).to_vec();
    #[cfg(unix)]
    abuses.push(std::os::unix::ffi::OsStringExt::from_vec(vec![
        b'a', 0xff, b'=', 0xfe,
    ]));
    abuses
}

/// Returns the memory of this process in MiB, and how long it has run on processors.
#[cfg(target_os = "linux")]
fn used() -> (u64, Duration) {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    (pages * 4 / 1_024, Duration::from_millis(ticks * 10))
}

/// Waits until the process does next to nothing for a while, which one that spins never does.
#[cfg(target_os = "linux")]
fn comes_to_rest() {
    const LOOKS: u32 = 25;
    let (_, mut ran) = used();
    let mut looks = 0;
    // Each look is 10 milliseconds after the one before.
    eventually("the process to rest", Duration::from_mins(1), || {
        let (_, has_run) = used();
        looks += 1;
        let rests = looks >= LOOKS && has_run - ran <= Duration::from_millis(20);
        if looks >= LOOKS {
            (ran, looks) = (has_run, 0);
        }
        rests.then_some(())
    });
}

#[cfg(target_os = "linux")]
#[test]
fn no_value_of_any_variable_harms_the_process() {
    if child::is_child() {
        let (before, _) = used();
        // What is ours may be refused, with all mistakes in one error; what is standard is ignored.
        let sonde = match radiosonde::init("checkout") {
            Ok(sonde) => sonde,
            Err(error) => return println!("refused: {error}"),
        };
        comes_to_rest();
        let (after, _) = used();
        assert!(
            after - before.min(after) <= 32,
            "{before} MiB before, {after} after"
        );
        return drop(sonde);
    }
    let ours = |name: &str| {
        let strict = [
            "RADIOSONDE_",
            "LOG_FORMAT",
            "SENTRY_DSN",
            "_ENDPOINT",
            "_CERTIFICATE",
            "_KEY",
        ];
        strict.iter().any(|part| name.contains(part))
    };
    let name = "abuse::no_value_of_any_variable_harms_the_process";
    let children = abuses()
        .into_iter()
        .flat_map(|abuse| [true, false].map(|all| (abuse.clone(), all)));
    let children = children.map(|(abuse, all)| {
        let abused = variables().filter(|name| all || !ours(name));
        let mut command = child::command(name, &[]);
        command.envs(abused.map(|name| (name, abuse.as_os_str())));
        if !all {
            // Somewhere to go, so that everything is started.
            command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
        }
        let output = command.output();
        (abuse, all, output.unwrap())
    });
    for (abuse, all, output) in children {
        let text = printed(&output);
        let refused = text.contains("refused: ");
        assert!(all || !refused, "{abuse:?} is refused: {text}");
        assert!(!text.contains("panicked"), "{abuse:?}: {text}");
        assert!(
            abuse != OsStr::new("") || !refused,
            "empty is unset: {text}"
        );
    }
}
