//! The command `radiosonde`.

use std::process::ExitCode;

fn main() -> ExitCode {
    radiosonde_stack::cli::main()
}
