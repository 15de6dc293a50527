//! Where the catalogue of a service comes from.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use crate::http::{self, Location};
use crate::{InvalidCatalogue, ServiceCatalogue};

/// Where the catalogue of a service comes from.
///
/// # Examples
///
/// ```
/// use radiosonde_stack::Source;
///
/// assert!(matches!(Source::of("http://127.0.0.1:9090"), Source::Service { .. }));
/// assert!(matches!(Source::of("catalog.json"), Source::File { .. }));
/// assert!(matches!(Source::of("target/release/checkout"), Source::Program { .. }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A running service: its admin endpoint.
    #[non_exhaustive]
    Service {
        /// The address, with the path of the catalogue unless it is the usual one.
        url: String,
    },
    /// A file with the JSON that a service gives out.
    #[non_exhaustive]
    File {
        /// The file.
        path: PathBuf,
    },
    /// The program of a service, which is run so that it says its catalogue and ends.
    #[non_exhaustive]
    Program {
        /// The program.
        path: PathBuf,
    },
}

impl Source {
    /// Tells what a text names: an address when it starts with a scheme, a file when it ends in `.json`, else a program.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text.contains("://") {
            let url = text.to_owned();
            return Self::Service { url };
        }
        let path = PathBuf::from(text);
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            Self::File { path }
        } else {
            Self::Program { path }
        }
    }

    /// Reads the catalogue. The `token`, where one is given, goes to the admin endpoint of a running service.
    ///
    /// # Errors
    ///
    /// Returns [`SourceError`] when it cannot be had, or is none.
    pub fn read(&self, token: Option<&str>) -> Result<ServiceCatalogue, SourceError> {
        let json = match self {
            Self::Service { url } => asked(url, token)?,
            Self::File { path } => {
                fs::read_to_string(path).map_err(|source| SourceError::File {
                    path: path.clone(),
                    source,
                })?
            }
            Self::Program { path } => said(path)?,
        };
        ServiceCatalogue::from_json(&json).map_err(|source| SourceError::Catalogue {
            from: self.name(),
            source,
        })
    }

    fn name(&self) -> String {
        match self {
            Self::Service { url } => url.clone(),
            Self::File { path } | Self::Program { path } => path.display().to_string(),
        }
    }
}

/// Asks a running service.
fn asked(url: &str, token: Option<&str>) -> Result<String, SourceError> {
    if !url.starts_with("http://") {
        return Err(SourceError::Scheme {
            url: url.to_owned(),
        });
    }
    let Location { address, path } = Location::of(url);
    let path = match path.as_str() {
        "" | "/" => CATALOGUE_PATH,
        path => path,
    };
    let answer = http::get(&address, path, token).map_err(|source| SourceError::Service {
        url: url.to_owned(),
        source,
    })?;
    match answer.status {
        200 => Ok(answer.body),
        status => Err(SourceError::Status {
            url: format!("http://{address}{path}"),
            status,
        }),
    }
}

/// Runs a program that says its catalogue.
fn said(path: &Path) -> Result<String, SourceError> {
    let program = path.display().to_string();
    let output = Command::new(path)
        .env(PRINT_CATALOGUE, "1")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| SourceError::Program {
            program: program.clone(),
            source,
        })?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // A service may have said something else before.
    let line = text.lines().find(|line| line.starts_with("{\"version\""));
    line.map(str::to_owned).ok_or(SourceError::Silent {
        program,
        status: output.status.to_string(),
    })
}

/// Why the catalogue of a service cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A file cannot be read.
    #[error("no access to `{}`: give the address of a running service, a file that ends in `.json`, or its program", .path.display())]
    #[non_exhaustive]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An address with another scheme.
    #[error(
        "`{url}` is no address that this program asks: give one with `http://`, or save the answer to a file"
    )]
    #[non_exhaustive]
    Scheme {
        /// The address.
        url: String,
    },
    /// A service does not answer.
    #[error(
        "`{url}` does not answer: start the service, or give the address of its admin listener"
    )]
    #[non_exhaustive]
    Service {
        /// The address.
        url: String,
        /// Why.
        source: io::Error,
    },
    /// A service answers something else.
    #[error("`{url}` answers {status}: {}", hint(*.status))]
    #[non_exhaustive]
    Status {
        /// The address.
        url: String,
        /// The status.
        status: u16,
    },
    /// A program cannot be run.
    #[error(
        "`{program}` cannot be run: give the address of a running service, a file that ends in `.json`, or its program"
    )]
    #[non_exhaustive]
    Program {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A program ended without saying its catalogue.
    #[error(
        "`{program}` ended with {status} and did not say its catalogue: it has to call `Sonde::bind` or `Sonde::serve`; else \
         give the address of the running service"
    )]
    #[non_exhaustive]
    Silent {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
    },
    /// What was read is no catalogue.
    #[error("from `{from}`")]
    #[non_exhaustive]
    Catalogue {
        /// Where it comes from.
        from: String,
        /// What is wrong with it.
        source: InvalidCatalogue,
    },
}

fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => "give its token in `RADIOSONDE_ADMIN_TOKEN`",
        404 => "the catalogue is on the admin listener, when there is one",
        _ => "look into the log of the service",
    }
}

/// Where a service has its catalogue.
const CATALOGUE_PATH: &str = "/admin/catalog";

/// Lets a service say its catalogue and end.
const PRINT_CATALOGUE: &str = "RADIOSONDE_PRINT_CATALOGUE";
