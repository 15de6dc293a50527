//! Where events come from: what is said of all of them alike.

use serde::Serialize;

use super::event::{Event, EventId};
use crate::config::SentrySettings;

/// What runs, and where. It is added to an event when that is written, so that none takes it along while it waits.
#[derive(Debug, Serialize)]
pub(super) struct Deployment {
    platform: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    environment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    dist: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_name: Option<String>,
    sdk: Sdk,
}

/// An event as it is sent.
#[derive(Debug, Serialize)]
pub(super) struct Deployed<'a> {
    event_id: EventId,
    #[serde(flatten)]
    event: &'a Event,
    #[serde(flatten)]
    deployment: &'a Deployment,
}

/// Who writes the events.
#[derive(Debug, Serialize)]
struct Sdk {
    name: &'static str,
    version: &'static str,
}

impl Deployment {
    pub(super) fn of(settings: &SentrySettings) -> Self {
        Self {
            platform: "native",
            release: settings.release.clone(),
            environment: settings.environment.clone(),
            dist: settings.dist.clone(),
            server_name: settings.server_name.clone(),
            sdk: Sdk {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
            },
        }
    }

    /// Says of an event what it goes by, and that it comes from here.
    pub(super) fn with<'a>(&'a self, event: &'a Event, id: EventId) -> Deployed<'a> {
        Deployed {
            event_id: id,
            event,
            deployment: self,
        }
    }
}
