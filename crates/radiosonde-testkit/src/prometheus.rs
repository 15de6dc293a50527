//! Prometheus, and the checks of `promtool`.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::server::Server;
use crate::{http, launch, scratch, tools};

/// A running Prometheus.
#[derive(Debug)]
pub struct Prometheus {
    addr: SocketAddr,
    _server: Server,
}

impl Prometheus {
    /// Starts Prometheus on a free loopback port, with the text of its configuration file, and waits until it is ready.
    ///
    /// It takes another five seconds before it scrapes for the first time.
    ///
    /// # Panics
    ///
    /// Panics when it is not installed or does not start, as it does not with a configuration it refuses.
    #[must_use]
    pub fn start(config: &str) -> Self {
        Self::with_features(config, &[])
    }

    /// Starts Prometheus as [`start`](Self::start) does, with features that have to be enabled, such as
    /// `exemplar-storage`.
    ///
    /// # Panics
    ///
    /// Panics when it is not installed or does not start.
    #[must_use]
    pub fn with_features(config: &str, features: &[&str]) -> Self {
        Self::launched(config, |command, directory| {
            command.arg(storage(&directory.join("data")));
            if !features.is_empty() {
                command.arg(format!("--enable-feature={}", features.join(",")));
            }
        })
    }

    /// Starts Prometheus as [`start`](Self::start) does, over the blocks in a directory, such as those of [`import`], and
    /// lets it keep what is not older than 60 days.
    ///
    /// # Panics
    ///
    /// Panics when it is not installed or does not start.
    #[must_use]
    pub fn over(config: &str, blocks: &Path) -> Self {
        Self::launched(config, |command, _| {
            command
                .arg(storage(blocks))
                .arg("--storage.tsdb.retention.time=60d");
        })
    }

    fn launched(config: &str, arguments: impl Fn(&mut Command, &Path)) -> Self {
        let program = tools::program("prometheus");
        let (server, [addr]) = Server::with_ports(
            "prometheus",
            |directory, [addr]| {
                let mut command = command(&program, directory, addr, config);
                arguments(&mut command, directory);
                command
            },
            |[addr]| http::get(addr, "/-/ready", &[]).is_ok_and(|response| response.status == 200),
        );
        Self {
            addr,
            _server: server,
        }
    }

    /// Returns the address of Prometheus.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Evaluates an expression now and returns its result: for an instant vector, an array of `metric` and `value`.
    ///
    /// # Panics
    ///
    /// Panics when Prometheus does not answer, or refuses the expression.
    #[must_use]
    pub fn query(&self, expression: &str) -> Value {
        self.ask("query", expression)["result"].take()
    }

    /// Returns the exemplars of the series of an expression: an array of `seriesLabels` and `exemplars`.
    ///
    /// # Panics
    ///
    /// Panics when Prometheus does not answer, or refuses the expression.
    #[must_use]
    pub fn exemplars(&self, expression: &str) -> Value {
        self.ask("query_exemplars", expression)
    }

    /// Returns the `data` of an answer.
    fn ask(&self, endpoint: &str, expression: &str) -> Value {
        let path = format!("/api/v1/{endpoint}?query={}", percent_encoded(expression));
        let response = http::get(self.addr, &path, &[]).expect("Prometheus answers");
        let mut answer = response.json();
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        answer["data"].take()
    }

    /// Evaluates an expression now and returns its value, if the result is one sample.
    ///
    /// # Panics
    ///
    /// Panics when Prometheus does not answer, or refuses the expression.
    #[must_use]
    pub fn value(&self, expression: &str) -> Option<f64> {
        let result = self.query(expression);
        let [sample] = result.as_array()?.as_slice() else {
            return None;
        };
        sample["value"][1].as_str()?.parse().ok()
    }
}

/// Returns a configuration that scrapes `/metrics` of one target twice a second.
#[must_use]
pub fn scrape_config(job: &str, target: SocketAddr) -> String {
    format!(
        "global:\n  scrape_interval: 500ms\n  scrape_timeout: 500ms\n\
         scrape_configs:\n  - job_name: {job}\n    static_configs:\n      - targets: ['{target}']\n"
    )
}

/// Lets `promtool check metrics` read an exposition, and returns what it says.
///
/// # Errors
///
/// Returns what it says when it finds fault, which it does with a missing help text as well as with a malformed line.
///
/// # Panics
///
/// Panics when `promtool` is not installed.
pub fn promtool_check_metrics(exposition: &str) -> Result<String, String> {
    let mut command = promtool(["check", "metrics"]);
    command.stdin(Stdio::piped());
    let mut child = command.spawn().expect("promtool starts");
    let mut input = child.stdin.take().expect("its input is a pipe");
    // It reads no further than the first malformed line, of which it then speaks. It says too little to block on it.
    input.write_all(exposition.as_bytes()).ok();
    drop(input);
    verdict(child.wait_with_output().expect("promtool ends"))
}

/// Lets `promtool check config` read a configuration file, and returns what it says.
///
/// # Errors
///
/// Returns what it says when it finds fault.
///
/// # Panics
///
/// Panics when `promtool` is not installed.
pub fn promtool_check_config(config: &str) -> Result<String, String> {
    let directory = scratch::directory("promtool");
    let file = directory.path().join("prometheus.yml");
    fs::write(&file, config).expect("a new file in a directory of our own");
    let mut command = promtool(["check", "config"]);
    verdict(command.arg(file).output().expect("promtool starts"))
}

/// Lets `promtool` make blocks in a directory from a file of OpenMetrics whose samples have times.
///
/// # Errors
///
/// Returns what it says when it finds fault.
///
/// # Panics
///
/// Panics when `promtool` is not installed.
pub fn import(file: &Path, directory: &Path) -> Result<String, String> {
    let mut command = promtool(["tsdb", "create-blocks-from"]);
    // Of two hours each, as it makes them by default, Prometheus would first make larger ones.
    command
        .args(["openmetrics", "--max-block-duration=744h", "--quiet"])
        .args([file, directory]);
    verdict(command.output().expect("promtool starts"))
}

fn command(program: &Path, directory: &Path, addr: SocketAddr, config: &str) -> Command {
    let file = directory.join("prometheus.yml");
    fs::write(&file, config).expect("a new file in a directory of our own");
    let mut command = launch::command(program);
    command
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--web.listen-address={addr}"));
    command
}

fn storage(directory: &Path) -> String {
    format!("--storage.tsdb.path={}", directory.display())
}

fn promtool(arguments: [&str; 2]) -> Command {
    let mut command = launch::command(tools::program("promtool"));
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn verdict(output: Output) -> Result<String, String> {
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if output.status.success() {
        Ok(said)
    } else {
        Err(said)
    }
}

/// Escapes everything but the unreserved characters of RFC 3986.
fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_escaped_for_a_query_string() {
        assert_eq!(
            percent_encoded("up{a=\"é\"} + 1"),
            "up%7Ba%3D%22%C3%A9%22%7D%20%2B%201"
        );
    }
}
