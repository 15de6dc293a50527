//! Running commands.

use std::ffi::OsStr;
use std::process::{Command, Output};

/// Runs a command to its end and returns what it printed, or, when it fails, the last lines that say why.
pub(crate) fn captured(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(output) => Err(format!("{program}: {}", reason(&output))),
        Err(error) => Err(format!("{program}: {error}")),
    }
}

/// Runs a command that speaks for itself, and returns whether it succeeded.
pub(crate) fn visible(command: &mut Command) -> Result<bool, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status();
    status
        .map(|status| status.success())
        .map_err(|error| format!("{program}: {error}"))
}

/// Returns whether there is such a program, on the `PATH` unless a path is given, and it can run.
pub(crate) fn is_installed(program: impl AsRef<OsStr>) -> bool {
    version(program).is_ok()
}

/// Asks a program for its version, or says why it does not tell.
pub(crate) fn version(program: impl AsRef<OsStr>) -> Result<String, String> {
    captured(Command::new(program).arg("--version"))
}

fn reason(output: &Output) -> String {
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let said = String::from_utf8_lossy(&said);
    let mut lines: Vec<_> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let last = lines.split_off(lines.len().saturating_sub(REASON_LINES));
    if last.is_empty() {
        output.status.to_string()
    } else {
        last.join("; ")
    }
}

/// Enough for the error itself, which comes last, without the story that led there.
const REASON_LINES: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<String, String> {
        captured(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn output_is_returned() {
        assert_eq!(shell("echo up"), Ok("up\n".to_owned()));
    }

    #[test]
    fn a_failure_says_why() {
        assert_eq!(
            shell("echo 1; echo 2 >&2; echo 3 >&2; false"),
            Err("sh: 2; 3".to_owned())
        );
        assert_eq!(shell("exit 3"), Err("sh: exit status: 3".to_owned()));
        assert!(captured(&mut Command::new("no-such-program")).is_err());
        assert!(!is_installed("no-such-program"));
    }
}
