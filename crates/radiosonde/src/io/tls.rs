//! Whom the client trusts, and who it says it is.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hyper_util::client::legacy::connect::HttpConnector;
#[cfg(any(feature = "tls", feature = "tls-ring"))]
use rustls::pki_types::pem::PemObject as _;

use super::resolver::Resolver;

/// Files in PEM that say it otherwise than the system does.
///
/// They may be replaced while the service runs, as certificates of a short life are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// Whether nobody is trusted, because nothing is encrypted: reading the authorities of the system takes time.
    pub(crate) unused: bool,
    /// The authorities that are trusted, in place of those of the system.
    pub(crate) authorities: Option<PathBuf>,
    /// The certificate of the client, and its key.
    pub(crate) client: Option<(PathBuf, PathBuf)>,
}

impl TlsFiles {
    /// Returns when each of the files was written last, which is nothing for one that is not there.
    pub(super) fn written(&self) -> Vec<Option<SystemTime>> {
        let written = |path: &Path| std::fs::metadata(path).ok()?.modified().ok();
        self.paths().map(written).collect()
    }

    /// Tells whether there are any.
    pub(super) fn has_files(&self) -> bool {
        self.paths().next().is_some()
    }

    fn paths(&self) -> impl Iterator<Item = &Path> {
        let client = self.client.iter();
        let client = client.flat_map(|(certificate, key)| [certificate, key]);
        self.authorities.iter().chain(client).map(PathBuf::as_path)
    }

    /// Reads the files, to find out whether they are what they should be.
    ///
    /// # Errors
    ///
    /// Returns why a connection with them would fail, in words for who set them.
    #[cfg(feature = "otlp")]
    #[cfg_attr(
        not(any(feature = "tls", feature = "tls-ring")),
        expect(
            clippy::unnecessary_wraps,
            clippy::unused_self,
            reason = "nothing reads them without TLS"
        )
    )]
    pub(crate) fn check(&self) -> Result<(), String> {
        #[cfg(any(feature = "tls", feature = "tls-ring"))]
        if self.has_files() {
            config(self)?;
        }
        Ok(())
    }
}

#[cfg(any(feature = "tls", feature = "tls-ring"))]
pub(super) type Connector = hyper_rustls::HttpsConnector<HttpConnector<Resolver>>;

#[cfg(not(any(feature = "tls", feature = "tls-ring")))]
pub(super) type Connector = HttpConnector<Resolver>;

/// Adds TLS, for one version of HTTP.
///
/// Without certificates of authorities, as in an image made from scratch, plain `http` works all the same, and `https`
/// fails with an unknown issuer.
///
/// # Errors
///
/// Returns why there can be no connection, in words for the log.
#[cfg(any(feature = "tls", feature = "tls-ring"))]
pub(super) fn connector(
    mut http: HttpConnector<Resolver>,
    files: &TlsFiles,
    http2: bool,
) -> Result<Connector, String> {
    http.enforce_http(false);
    let builder = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(config(files)?)
        .https_or_http();
    #[cfg(feature = "otlp-grpc")]
    if http2 {
        return Ok(builder.enable_http2().wrap_connector(http));
    }
    let _ = http2;
    Ok(builder.enable_http1().wrap_connector(http))
}

#[cfg(not(any(feature = "tls", feature = "tls-ring")))]
#[expect(clippy::unnecessary_wraps, reason = "with TLS it may fail")]
pub(super) fn connector(
    http: HttpConnector<Resolver>,
    _: &TlsFiles,
    _: bool,
) -> Result<Connector, String> {
    Ok(http)
}

/// Makes a configuration with a provider of its own: the host may install another for the process, and need not install
/// any.
#[cfg(any(feature = "tls", feature = "tls-ring"))]
fn config(files: &TlsFiles) -> Result<rustls::ClientConfig, String> {
    #[cfg(feature = "tls")]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "tls"))]
    let provider = rustls::crypto::ring::default_provider();
    let builder = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(authorities(files)?);
    let Some((certificate, key)) = &files.client else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates(certificate)?;
    let key = super::file::read(key).and_then(|pem| {
        let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(&pem);
        key.map_err(|error| error.to_string())
    });
    let key = key.map_err(|error| format!("the key of the client cannot be read: {error}"))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| format!("the certificate of the client and its key do not do: {error}"))
}

#[cfg(any(feature = "tls", feature = "tls-ring"))]
fn authorities(files: &TlsFiles) -> Result<rustls::RootCertStore, String> {
    let mut roots = rustls::RootCertStore::empty();
    match &files.authorities {
        None if files.unused => {}
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(file) => {
            for certificate in certificates(file)? {
                roots.add(certificate).map_err(|error| error.to_string())?;
            }
        }
    }
    Ok(roots)
}

#[cfg(any(feature = "tls", feature = "tls-ring"))]
fn certificates(file: &Path) -> Result<Vec<rustls::pki_types::CertificateDer<'static>>, String> {
    let certificates = super::file::read(file).and_then(|pem| {
        let certificates = rustls::pki_types::CertificateDer::pem_slice_iter(&pem);
        let certificates = certificates.collect::<Result<Vec<_>, _>>();
        certificates.map_err(|error| error.to_string())
    });
    match certificates {
        Ok(found) if found.is_empty() => Err("the file holds no certificate".into()),
        other => other.map_err(|error| format!("the certificate cannot be read: {error}")),
    }
}
