//! A test that needs a process of its own.

use std::process::{Command, Output};

use radiosonde_testkit::FULL_SIZE;

/// Runs the test of this name again, alone in a child, with a cleared environment and these variables;
/// how much tests do stays as it is.
///
/// The test asks [`is_child`] which of the two it is.
pub(crate) fn run(test: &str, variables: &[(&str, &str)]) -> Output {
    command(test, variables).output().unwrap()
}

/// Returns the same before it runs.
pub(crate) fn command(test: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env_clear()
        .envs(std::env::var_os(FULL_SIZE).map(|size| (FULL_SIZE, size)))
        .envs(variables.iter().copied())
        .env(IS_CHILD, "1");
    command
}

/// Tells whether this process is a child of [`run`].
pub(crate) fn is_child() -> bool {
    std::env::var_os(IS_CHILD).is_some()
}

/// Returns what a child printed, and panics with it unless the child ended well.
#[track_caller]
pub(crate) fn printed(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(!text.contains("running 0 tests"), "there is no such test");
    text
}

const IS_CHILD: &str = "RADIOSONDE_TEST_IS_CHILD";
