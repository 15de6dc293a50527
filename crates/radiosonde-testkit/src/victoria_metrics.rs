//! `VictoriaMetrics`, which takes metrics over OTLP and spells them as Prometheus does. Debian's Prometheus takes none.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde_json::Value;

use crate::server::Server;
use crate::{http, launch, tools};

/// A running `VictoriaMetrics`.
#[derive(Debug)]
pub struct VictoriaMetrics {
    addr: SocketAddr,
    _server: Server,
}

impl VictoriaMetrics {
    /// Starts it on a free loopback port, and waits until it is ready.
    ///
    /// # Panics
    ///
    /// Panics when it is not installed or does not start.
    #[must_use]
    pub fn start() -> Self {
        let program = tools::newer_program("victoria-metrics");
        let (server, [addr]) = Server::with_ports(
            "victoria-metrics",
            |directory, [addr]| {
                let mut command = launch::command(&program);
                let data = directory.join("data");
                command
                    .arg(format!("-storageDataPath={}", data.display()))
                    .arg(format!("-httpListenAddr={addr}"))
                    .arg("-opentelemetry.usePrometheusNaming");
                command
            },
            |[addr]| http::get(addr, "/health", &[]).is_ok_and(|response| response.status == 200),
        );
        Self {
            addr,
            _server: server,
        }
    }

    /// Returns the address that is given to an exporter of OTLP over HTTP.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}/opentelemetry", self.addr)
    }

    /// Returns the names of all series so far, each with the labels that it has.
    ///
    /// # Panics
    ///
    /// Panics when it does not answer.
    #[must_use]
    pub fn series(&self) -> BTreeMap<String, BTreeSet<String>> {
        // Those that have a name.
        let path = "/api/v1/series?match[]=%7B__name__!=%22%22%7D";
        let answer = http::get(self.addr, path, &[]).expect("VictoriaMetrics answers");
        let answer: Value = answer.json();
        let mut series = BTreeMap::<String, BTreeSet<String>>::new();
        for labels in answer["data"].as_array().into_iter().flatten() {
            let labels = labels.as_object().into_iter().flatten();
            let mut name = String::new();
            let mut keys = BTreeSet::new();
            for (key, value) in labels {
                match key.as_str() {
                    "__name__" => value.as_str().unwrap_or_default().clone_into(&mut name),
                    key => _ = keys.insert(key.to_owned()),
                }
            }
            series.entry(name).or_default().extend(keys);
        }
        series
    }
}
