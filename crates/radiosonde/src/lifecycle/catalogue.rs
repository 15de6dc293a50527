//! A process that is there only to say what the service measures and promises.

use std::io::{self, Write};
use std::process;

use crate::Sonde;

impl Sonde {
    /// Prints the catalogue and ends the process, if that is what it was started for.
    pub(super) fn say_catalogue_if_asked(&self) {
        if !self.lifecycle().print_catalogue {
            return;
        }
        let said = self.catalogue_json();
        let mut out = io::stdout().lock();
        let written = writeln!(out, "{said}").and_then(|()| out.flush());
        process::exit(i32::from(written.is_err()));
    }
}
