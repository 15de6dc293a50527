//! Alertmanager, which is told of alerts as Prometheus tells it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::server::Server;
use crate::{http, launch, tools};

/// A running Alertmanager.
#[derive(Debug)]
pub struct Alertmanager {
    addr: SocketAddr,
    server: Server,
}

impl Alertmanager {
    /// Starts Alertmanager on a free loopback port over this configuration file, and waits until it is ready.
    ///
    /// # Panics
    ///
    /// Panics when it is not installed or does not start, as it does not with a configuration it refuses.
    #[must_use]
    pub fn start(config: &Path) -> Self {
        Self::of(&tools::program(PROGRAM), config)
    }

    /// Starts a later version, as [`start`](Self::start) does.
    ///
    /// # Panics
    ///
    /// Panics when it is not installed or does not start.
    #[must_use]
    pub fn newer(config: &Path) -> Self {
        Self::of(&tools::newer_program(PROGRAM), config)
    }

    fn of(program: &PathBuf, config: &Path) -> Self {
        let (server, [addr]) = Server::with_ports(
            "alertmanager",
            |directory, [addr]| {
                let mut command = launch::command(program);
                command
                    .arg(format!("--config.file={}", config.display()))
                    .arg(format!(
                        "--storage.path={}",
                        directory.join("data").display()
                    ))
                    .arg(format!("--web.listen-address={addr}"))
                    // Alone.
                    .arg("--cluster.listen-address=")
                    .arg("--log.level=debug");
                command
            },
            |[addr]| http::get(addr, "/-/ready", &[]).is_ok_and(|response| response.status == 200),
        );
        Self { addr, server }
    }

    /// Returns the address of Alertmanager.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Tells it of alerts: an array of objects with `labels`, `annotations` and, of one that is over, `endsAt`.
    ///
    /// # Panics
    ///
    /// Panics when it does not take them.
    pub fn tell(&self, alerts: &Value) {
        let headers = [("content-type", "application/json")];
        let body = alerts.to_string();
        let answer =
            http::post(self.addr, ALERTS, &headers, body.as_bytes()).expect("Alertmanager answers");
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Returns the alerts that it knows of, in its words.
    ///
    /// # Panics
    ///
    /// Panics when it does not answer.
    #[must_use]
    pub fn alerts(&self) -> Value {
        http::get(self.addr, ALERTS, &[])
            .expect("Alertmanager answers")
            .json()
    }

    /// Returns what it has said so far, every detail included.
    #[must_use]
    pub fn log(&self) -> String {
        self.server.log()
    }
}

/// As Debian calls it.
const PROGRAM: &str = "prometheus-alertmanager";

const ALERTS: &str = "/api/v2/alerts";
