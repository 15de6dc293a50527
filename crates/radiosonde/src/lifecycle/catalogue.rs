//! What the service measures and promises, as far as it is known when it begins to serve.

use std::io::{self, Write};
use std::process;

use crate::Sonde;

impl Sonde {
    /// Takes what is declared by now for the catalogue of the service; prints it and ends the process, if that is what it was
    /// started for.
    pub(super) fn settle_catalogue(&self) {
        self.metrics().settle();
        if !self.lifecycle().print_catalogue {
            return;
        }
        let said = self.catalogue_json();
        let mut out = io::stdout().lock();
        let written = writeln!(out, "{said}").and_then(|()| out.flush());
        process::exit(i32::from(written.is_err()));
    }
}
