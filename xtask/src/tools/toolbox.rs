//! The directory of tools.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{debian, node, python, servers};
use crate::{run, workspace};

/// Something that tests need besides Cargo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tool {
    Alertmanager,
    Curl,
    NewerAlertmanager,
    NewerPromtool,
    Node,
    NodePackages,
    Prometheus,
    PythonPackages,
    // They go into the environment of the one before.
    MongoDb,
    Rotel,
    VictoriaMetrics,
    Wrk,
    Servers,
}

impl Tool {
    /// Returns what it is called when it is missing.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Alertmanager => "prometheus-alertmanager program",
            Self::Curl => "curl program",
            Self::MongoDb => "server of MongoDB's protocol",
            Self::NewerAlertmanager => "Alertmanager 0.28",
            Self::NewerPromtool => "promtool 2.53",
            Self::Node => "node program",
            Self::NodePackages => "packages of Node",
            Self::Prometheus => "prometheus program",
            Self::PythonPackages => "Python packages",
            Self::Rotel => "rotel program",
            Self::VictoriaMetrics => "VictoriaMetrics 1.112",
            Self::Wrk => "wrk program",
            Self::Servers => "databases and brokers",
        }
    }
}

/// The directory of tools.
///
/// One process holds it at a time and until its tests have run, so that no tool is replaced under them.
#[derive(Debug)]
pub(crate) struct Toolbox {
    directory: PathBuf,
    // Unlocked when closed.
    _lock: File,
}

impl Toolbox {
    /// Opens the directory that `RADIOSONDE_TEST_TOOLS` names, by default `target/tools`, and makes it when it is missing.
    pub(crate) fn open() -> Result<Self, String> {
        let directory = match env::var_os("RADIOSONDE_TEST_TOOLS") {
            Some(directory) if !directory.is_empty() => workspace::root().join(directory),
            _ => workspace::root().join("target").join("tools"),
        };
        let in_directory = |error| format!("{}: {error}", directory.display());
        fs::create_dir_all(directory.join("bin")).map_err(in_directory)?;
        let lock = File::create(directory.join("lock")).map_err(in_directory)?;
        if lock.try_lock().is_err() {
            println!("waiting: another process uses {}", directory.display());
            lock.lock().map_err(in_directory)?;
        }
        Ok(Self {
            directory,
            _lock: lock,
        })
    }

    /// Returns where the tools are.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Puts a tool in place unless it is, or says what to do about it.
    pub(crate) fn obtain(&self, tool: Tool) -> Result<(), String> {
        match tool {
            Tool::Alertmanager => self.obtain_alertmanager(),
            Tool::Curl => obtain_package("curl"),
            Tool::MongoDb => python::obtain_mongodb(&self.directory),
            Tool::NewerAlertmanager => self.obtain_newer_alertmanager(),
            Tool::NewerPromtool => self.obtain_newer("promtool", &["promtool"]),
            Tool::Node => find_node(),
            Tool::NodePackages => node::obtain_packages(&self.directory),
            Tool::Prometheus => self.obtain_prometheus(),
            Tool::PythonPackages => python::obtain_packages(&self.directory),
            Tool::Rotel => python::obtain_rotel(&self.directory),
            Tool::VictoriaMetrics => self.obtain_newer("victoria-metrics", &["victoria-metrics"]),
            Tool::Wrk => obtain_package("wrk"),
            Tool::Servers => servers::obtain(&self.directory),
        }
    }

    /// Debian's Alertmanager reads templates from a directory of the system, without which it does not start.
    fn obtain_alertmanager(&self) -> Result<(), String> {
        let templates = Path::new("/usr/share/prometheus/alertmanager");
        if self.has(&ALERTMANAGER) && templates.is_dir() {
            return Ok(());
        }
        let files = [(templates, ["default.tmpl", "email.tmpl"].as_slice())];
        debian::unpack(ALERTMANAGER[0], &ALERTMANAGER, &files, &self.directory)
    }

    /// What only later versions have: that of Debian 13 runs on what Debian 12 has, and finds the same templates.
    fn obtain_newer_alertmanager(&self) -> Result<(), String> {
        self.obtain_alertmanager()?;
        self.obtain_newer(ALERTMANAGER[0], &ALERTMANAGER)
    }

    fn obtain_newer(&self, package: &str, programs: &[&str]) -> Result<(), String> {
        let directory = self.directory.join("newer");
        let bin = directory.join("bin");
        let is_there = |program| run::is_installed(bin.join(program));
        if programs.iter().all(is_there) {
            return Ok(());
        }
        debian::unpack_of("trixie", package, programs, &directory)
    }

    fn obtain_prometheus(&self) -> Result<(), String> {
        let programs = ["prometheus", "promtool"];
        if self.has(&programs) {
            return Ok(());
        }
        debian::unpack("prometheus", &programs, &[], &self.directory)
    }

    /// Tells whether these programs are here or on the `PATH`.
    fn has(&self, programs: &[&str]) -> bool {
        let bin = self.directory.join("bin");
        programs
            .iter()
            .all(|program| run::is_installed(bin.join(program)) || run::is_installed(program))
    }
}

/// Has the system install a package with a program of the same name.
fn obtain_package(program: &str) -> Result<(), String> {
    if run::is_installed(program) {
        return Ok(());
    }
    debian::install(&[program])
}

/// Looks for a Node that has an `EventSource`. Debian's is too old.
fn find_node() -> Result<(), String> {
    let mut node = Command::new("node");
    let has_it = run::captured(node.args(["--experimental-eventsource", "-e", "EventSource"]));
    has_it.map_or_else(
        |_| Err("install Node 20.18, 22.3 or a later one".to_owned()),
        |_| Ok(()),
    )
}

/// The programs of the package that is called as the first of them.
const ALERTMANAGER: [&str; 2] = ["prometheus-alertmanager", "amtool"];
