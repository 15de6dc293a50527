//! The files for TLS.

use std::path::PathBuf;

use super::signal::{Signal, Variables};
use crate::config::ConfigError;
use crate::config::value::Reader;
use crate::io::TlsFiles;

/// Returns the files for TLS, which are read once to see whether they will do.
pub(super) fn tls_files(reader: &mut Reader<'_>, signal: &Signal) -> TlsFiles {
    let file = |of: fn(&Variables) -> &'static str| {
        let (setting, path) = reader.first(&signal.either(of))?;
        Some((setting, PathBuf::from(path)))
    };
    let authorities = file(|of| of.certificate);
    let certificate = file(|of| of.client_certificate);
    let key = file(|of| of.client_key);
    let mut check = |setting: &'static str, files: TlsFiles| {
        if let Err(reason) = files.check() {
            reader.error(ConfigError::InvalidCertificate { setting, reason });
        }
        files
    };
    let mut files = TlsFiles::default();
    if let Some((setting, path)) = authorities {
        let authorities = Some(path);
        files.authorities = check(
            setting,
            TlsFiles {
                authorities,
                ..TlsFiles::default()
            },
        )
        .authorities;
    }
    match (certificate, key) {
        (Some((setting, certificate)), Some((_, key))) => {
            let client = Some((certificate, key));
            files.client = check(
                setting,
                TlsFiles {
                    client,
                    ..TlsFiles::default()
                },
            )
            .client;
        }
        (None, None) => {}
        (Some((setting, _)), None) | (None, Some((setting, _))) => {
            reader.error(ConfigError::InvalidCertificate {
                setting,
                reason: "a certificate of the client and its key come together".into(),
            });
        }
    }
    files
}
