//! Kent, a stand-in for Sentry.
//!
//! It takes what an SDK sends and shows it. It knows no attachments, answers 500 to an envelope that it cannot read, and
//! decodes bodies only when their content type is not that of a form.

use std::net::SocketAddr;

use serde_json::Value;

use crate::http;
use crate::server::Server;

/// A running kent.
#[derive(Debug)]
pub struct Kent {
    addr: SocketAddr,
    _server: Server,
}

impl Kent {
    /// Starts kent on a free loopback port.
    ///
    /// # Panics
    ///
    /// Panics when it is not installed or does not start.
    #[must_use]
    pub fn start() -> Self {
        let (server, addr) =
            Server::python("kent", "kent", include_str!("../python/kent_server.py"));
        Self {
            addr,
            _server: server,
        }
    }

    /// Returns the address of kent.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns a DSN that leads here, for `SENTRY_DSN`.
    #[must_use]
    pub fn dsn(&self) -> String {
        format!("http://public@{}/1", self.addr)
    }

    /// Returns every event received so far, oldest first, as the SDK wrote it.
    ///
    /// Sessions and whatever else an envelope may carry are left out.
    ///
    /// # Panics
    ///
    /// Panics when kent does not answer.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.items("event")
    }

    /// Returns the items of this type, such as `sessions`, that were received so far, oldest first.
    ///
    /// # Panics
    ///
    /// Panics when kent does not answer.
    #[must_use]
    pub fn items(&self, kind: &str) -> Vec<Value> {
        let list = self.get("/api/eventlist/");
        let ids = list["events"].as_array().into_iter().flatten();
        ids.filter_map(|entry| self.item(entry["event_id"].as_str()?, kind))
            .collect()
    }

    /// Returns an item of an envelope, if it is of this type.
    fn item(&self, id: &str, kind: &str) -> Option<Value> {
        let mut item = self.get(&format!("/api/event/{id}"));
        let payload = &mut item["payload"];
        (payload["header"]["type"] == kind).then(|| payload["body"].take())
    }

    fn get(&self, path: &str) -> Value {
        let response = http::get(self.addr, path, &[]).expect("kent answers");
        assert_eq!(response.status, 200, "{path}: {}", response.text());
        response.json()
    }
}
