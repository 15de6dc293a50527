//! The arguments of the command.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{Naming, Target};

/// The monitoring that understands services built with Radiosonde.
#[derive(Debug, Parser)]
#[command(name = "radiosonde", version, about)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Writes the monitoring stack of services: rules, tests, routes, dashboards and runbooks.
    Stack(StackArguments),
}

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = false,
    subcommand_negates_reqs = true
)]
pub(super) struct StackArguments {
    #[command(subcommand)]
    pub(super) command: Option<StackCommand>,
    #[command(flatten)]
    pub(super) common: Common,
    /// Writes nothing, and fails when the tree in the directory is not what would be written.
    #[arg(long)]
    pub(super) check: bool,
    /// Overwrites what was edited by hand.
    #[arg(long, conflicts_with = "check")]
    pub(super) force: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum StackCommand {
    /// Says in words what the tree would change for whoever is on call.
    Diff,
    /// Runs Prometheus and Alertmanager over the tree and running services, and prints every notification.
    ///
    /// It needs the programs `prometheus` and `prometheus-alertmanager` or `alertmanager` on the PATH. Everything it starts
    /// listens on the loopback interface alone, and ends with it.
    Up(UpArguments),
    /// Lists the alerts.
    Alerts,
    /// Lists the thresholds, as the settings have them.
    Thresholds,
}

#[derive(Debug, Args)]
pub(super) struct Common {
    /// A service: the address of its admin endpoint, a JSON file with its catalogue, or its program, which is run with
    /// `RADIOSONDE_PRINT_CATALOGUE` set. With a name before it, as in `checkout=http://127.0.0.1:9464`, when the catalogue has
    /// none. A bearer token is read from `RADIOSONDE_ADMIN_TOKEN`.
    #[arg(long, value_name = "[NAME=]SOURCE", global = true)]
    pub(super) from: Vec<String>,
    /// The directory of the tree.
    #[arg(long, value_name = "DIRECTORY", default_value = "ops", global = true)]
    pub(super) out: PathBuf,
    /// The file of settings. Without it, `stack.toml` in the directory of the tree, when there is one.
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) settings: Option<PathBuf>,
    /// The Prometheus that reads the files.
    #[arg(long, value_enum, global = true)]
    pub(super) target: Option<TargetName>,
    /// How names are spelled.
    #[arg(long, value_enum, global = true)]
    pub(super) naming: Option<NamingName>,
    /// Whether running services are scraped where their catalogue was read.
    #[arg(skip)]
    pub(super) scrapes_sources: bool,
}

#[derive(Debug, Args)]
pub(super) struct UpArguments {
    /// How often services are scraped and rules are evaluated.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(super) interval: Duration,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum TargetName {
    /// From 2.42 on, and 3.
    #[value(name = "prometheus2")]
    Prometheus2,
    /// 3 alone.
    #[value(name = "prometheus3")]
    Prometheus3,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum NamingName {
    /// As services expose them.
    Prometheus,
    /// As Prometheus translates what it receives over OTLP.
    #[value(name = "opentelemetry")]
    OpenTelemetry,
}

impl From<TargetName> for Target {
    fn from(name: TargetName) -> Self {
        match name {
            TargetName::Prometheus2 => Self::Prometheus2,
            TargetName::Prometheus3 => Self::Prometheus3,
        }
    }
}

impl From<NamingName> for Naming {
    fn from(name: NamingName) -> Self {
        match name {
            NamingName::Prometheus => Self::Prometheus,
            NamingName::OpenTelemetry => Self::OpenTelemetry,
        }
    }
}
