//! Runs what a bench compares, in turns.
//!
//! The answer of a bench is a difference or a ratio between cases, and on a machine that others use at the same time the cases
//! of a group must see the same weather: each *round* runs every case for a few milliseconds, and the best round of
//! each counts. For two threads the median counts, because the best round is one in which they hardly met. Rounds in which a
//! thread waited for a processor are left out, where the system tells: then one thread ran while the other stood still.
//!
//! With the feature `allocations` the same cases are counted instead of timed.

mod group;
mod latency;
mod measure;
mod paired;
mod scheduled;
mod table;
mod witness;

pub use group::{Case, Group};
pub use latency::{Situation, Situations, Stopwatch};
pub use measure::{Heap, counted};
pub use paired::{Comparison, Interval, Pair};
pub use scheduled::{Scheduled, stolen, waited, worked};
pub use table::{table, time};
pub use witness::Witness;

/// Runs this program again with these variables and ends as that does, unless it has them already.
///
/// For what is read from the environment and not otherwise set; no program may change its own.
///
/// # Panics
///
/// Panics when the program cannot be started again.
pub fn again_with(variables: &[(&str, &str)]) {
    let has =
        |(name, value): &(&str, &str)| std::env::var_os(name).is_some_and(|has| has == *value);
    if variables.iter().all(has) {
        return;
    }
    let program = std::env::current_exe().expect("this program");
    let status = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .envs(variables.iter().copied())
        .status()
        .expect("it starts again");
    std::process::exit(status.code().unwrap_or(1));
}

/// Runs a command that may fail, such as one that asks Linux for what it does not allow. Returns whether it did what it should.
#[expect(
    clippy::must_use_candidate,
    reason = "most of what may fail may be left at that"
)]
pub fn run(program: &str, arguments: &[&str]) -> bool {
    let mut command = std::process::Command::new(program);
    let quiet = command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let status = quiet.args(arguments).status();
    status.is_ok_and(|status| status.success())
}

/// How a bench was called.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// `cargo bench`: everything, measured.
    Full,
    /// `cargo test`, or `cargo bench -- --test`: each case a few times, to see that it runs.
    Quick,
    /// `--only CASE --times N`: one case so many times, for whoever counts its instructions from outside.
    Only {
        /// The group and the name of the case, with ` / ` between them.
        case: String,
        /// How many times.
        times: u64,
    },
}

impl Mode {
    /// Reads the arguments, and ends the process where they only ask for a list of tests.
    #[must_use]
    pub fn from_args() -> Self {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let has = |flag: &str| args.iter().any(|arg| arg == flag);
        let value = |flag: &str| {
            let at = args.iter().position(|arg| arg == flag)?;
            args.get(at + 1).cloned()
        };
        if has("--list") {
            // Runners that give each test a process of its own ask for the names first.
            if !has("--ignored") {
                table::line("runs: test");
            }
            std::process::exit(0);
        }
        match value("--only") {
            Some(case) => Self::Only {
                case,
                times: value("--times")
                    .and_then(|times| times.parse().ok())
                    .unwrap_or(1),
            },
            None if has("--bench") && !has("--test") => Self::Full,
            None => Self::Quick,
        }
    }
}
