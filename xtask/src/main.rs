//! What cargo alone cannot do: set up and run every test.
//!
//! A *tool* is a program that some tests need, such as Prometheus; a *suite* is the tests that need it: all integration
//! test targets of one name. `cargo xtask test` obtains the tools, leaves out the suites whose tools it cannot obtain, says
//! so, and runs everything else.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command speaks to its user"
)]

mod models;
mod run;
mod suites;
mod test;
mod tools;
mod workspace;

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        ["test", options @ ..] => Options::read(options).and_then(|options| test::run(&options)),
        [unknown, ..] => Err(format!("there is no `{unknown}`: see `cargo xtask help`")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What `cargo xtask test` was told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options<'a> {
    /// The packages to test; all when none is named.
    pub(crate) packages: Vec<&'a str>,
    /// Whether a skipped suite is a failure.
    pub(crate) strict: bool,
}

impl<'a> Options<'a> {
    fn read(words: &[&'a str]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match (*word, word.starts_with("-p").then(|| words.next())) {
                ("--strict", _) => options.strict = true,
                ("-p", Some(Some(package))) => options.packages.push(package),
                _ => {
                    return Err(format!(
                        "`{word}` is not understood: see `cargo xtask help`"
                    ));
                }
            }
        }
        Ok(options)
    }
}

const HELP: &str = "\
Usage: cargo xtask <command>

Commands:
  test [--strict] [-p <package>]...
                Obtains what the tests need and runs them all, or those of the named packages. With --strict, a suite
                that must be skipped is a failure.
  help          Prints this

On Debian and Ubuntu the tools come from the package manager and the package indexes of Python and Node, into target/tools
or the directory that RADIOSONDE_TEST_TOOLS names. Of curl, wrk and Python, what is missing is installed for root; no
system service is installed or started. Node and npm must be there. Otherwise, install what is said to be missing: a suite
whose tools are missing is skipped, with one line that says so.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_one_by_one() {
        assert_eq!(Options::read(&[]), Ok(Options::default()));
        let options = Options::read(&["-p", "quickstart", "--strict", "-p", "xtask"]).unwrap();
        assert_eq!(
            (options.packages, options.strict),
            (vec!["quickstart", "xtask"], true)
        );
    }

    #[test]
    fn other_options_are_refused() {
        assert!(Options::read(&["-p"]).is_err());
        assert!(Options::read(&["--release"]).is_err());
    }
}
