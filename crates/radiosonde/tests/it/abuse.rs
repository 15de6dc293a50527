//! Every variable, abused: each by itself in a process of its own, with one of the values, or at full size with all; and all at once,
//! with each value.

use std::ffi::{OsStr, OsString};
use std::sync::Mutex;
use std::time::Duration;

use radiosonde_testkit::{eventually, size};

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
fn comes_to_rest() {
    const LOOKS: u32 = 25;
    let (_, mut ran) = used();
    let mut looks = 0;
    // Each look is 10 milliseconds after the one before.
    eventually("the process to rest", Duration::from_mins(1), || {
        let (_, has_run) = used();
        looks += 1;
        let rests = looks >= LOOKS && has_run.saturating_sub(ran) <= Duration::from_millis(20);
        if looks >= LOOKS {
            (ran, looks) = (has_run, 0);
        }
        rests.then_some(())
    });
}

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
    let alone = if size(0, 1) == 1 { alone() } else { in_turn() };
    let next = Mutex::new(together().into_iter().chain(alone));
    // What most of them do is to show that they do nothing.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let case = next.lock().unwrap().next();
                    let Some(case) = case else { return };
                    case.check();
                }
            });
        }
    });
}

/// Variables that are abused in one process, all with the same value.
struct Case {
    value: OsString,
    variables: Vec<&'static str>,
    /// Whether it has no right to be refused: what is standard is ignored.
    must_start: bool,
}

/// Each value, for all variables at once, and for those that may not be refused.
fn together() -> Vec<Case> {
    let both = |value: OsString| {
        [true, false].map(|all| Case {
            value: value.clone(),
            variables: variables().filter(|name| all || !is_ours(name)).collect(),
            must_start: !all,
        })
    };
    abuses().into_iter().flat_map(both).collect()
}

/// Each value of each variable by itself.
fn alone() -> Vec<Case> {
    let of = |name| abuses().into_iter().map(move |value| Case::of(name, value));
    variables().flat_map(of).collect()
}

/// Each variable by itself with one of the values, in turn.
fn in_turn() -> Vec<Case> {
    let values = abuses().into_iter().cycle();
    let of = |(name, value)| Case::of(name, value);
    variables().zip(values).map(of).collect()
}

impl Case {
    fn of(name: &'static str, value: OsString) -> Self {
        Self {
            value,
            variables: vec![name],
            must_start: !is_ours(name),
        }
    }

    fn check(&self) {
        let name = "abuse::no_value_of_any_variable_harms_the_process";
        let mut command = child::command(name, &[]);
        if self.must_start {
            // Somewhere to go, so that everything is started.
            command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
        }
        let abused = self.variables.iter();
        command.envs(abused.map(|name| (name, self.value.as_os_str())));
        let text = printed(&command.output().unwrap());
        let refused = text.contains("refused: ");
        let case = match &self.variables[..] {
            [name] => format!("{name}={}", self.value.display()),
            _ => self.value.display().to_string(),
        };
        assert!(!self.must_start || !refused, "{case} is refused: {text}");
        assert!(!text.contains("panicked"), "{case}: {text}");
        let is_unset = self.value == OsStr::new("");
        assert!(!is_unset || !refused, "empty is unset: {text}");
    }
}

/// Tells whether a mistake in a variable may be an error of `init`.
fn is_ours(name: &str) -> bool {
    let strict = [
        "RADIOSONDE_",
        "LOG_FORMAT",
        "SENTRY_DSN",
        "_ENDPOINT",
        "_CERTIFICATE",
        "_KEY",
    ];
    strict.iter().any(|part| name.contains(part))
}
