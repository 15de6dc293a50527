//! The command `radiosonde`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(radiosonde_stack::cli::run(std::env::args_os()))
}
