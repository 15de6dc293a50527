//! Trying the stack out: Prometheus and Alertmanager over the tree and the running services.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver as Inbox, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{io, thread};

use serde::Deserialize;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::arguments::{Common, UpArguments};
use super::{Done, Outcome, admin_token, say};
use crate::alertmanager::{Notifications, Receiver, Webhook};
use crate::http;
use crate::readme::EXEMPLARS;

/// Runs until it is told to end.
pub(super) fn run(common: &Common, arguments: &UpArguments) -> Done {
    let is_over = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&is_over))?;
    }
    let sink = TcpListener::bind("127.0.0.1:0")?;
    let [prometheus, alertmanager] = free_addresses()?;
    let stack = super::stack(common)?.adapted(|options| {
        options.prometheus = prometheus.to_string();
        options.alertmanager = alertmanager.to_string();
        options.scrape_interval = arguments.interval;
        options.evaluation_interval = arguments.interval;
        options.notifications = to_sink(&options.notifications, sink.local_addr());
    })?;
    let directory = tempfile::Builder::new()
        .prefix("radiosonde-stack-")
        .tempdir()?;
    stack.render().write(directory.path(), true)?;
    if let Some(token) = admin_token() {
        write_token(&token, &directory.path().join("prometheus"))?;
    }

    let mut children = Children::default();
    children.start(&["prometheus-alertmanager", "alertmanager"], |command| {
        alertmanager_arguments(command, directory.path(), alertmanager);
    })?;
    children.start(&["prometheus"], |command| {
        prometheus_arguments(command, directory.path(), prometheus);
    })?;
    for (name, address) in [("alertmanager", alertmanager), ("prometheus", prometheus)] {
        children.wait_for(name, address, &is_over)?;
        say(&format!("{name} listening on http://{address}\n"))?;
    }
    say("every notification is printed here; Ctrl-C ends it\n")?;
    listen(&heard(sink), &mut children, &is_over)?;
    Ok(Outcome::Well)
}

/// Lets every receiver be told here, under its name.
fn to_sink(notifications: &Notifications, sink: io::Result<SocketAddr>) -> Notifications {
    let address = sink.map_or_else(|_| String::new(), |address| address.to_string());
    let here = |name: &String| {
        let receiver = Receiver {
            webhook: Some(Webhook::to(format!("http://{address}/{name}"))),
            ..Receiver::default()
        };
        (name.clone(), receiver)
    };
    let mut adapted = notifications.clone();
    adapted.smtp = None;
    let everybody = adapted
        .default_receiver
        .get_or_insert_with(|| "everybody".to_owned())
        .clone();
    adapted.receivers = notifications
        .receivers
        .keys()
        .chain([&everybody])
        .map(here)
        .collect::<BTreeMap<_, _>>();
    // A digest would be heard tomorrow.
    for route in &mut adapted.routes {
        route.digest = false;
    }
    adapted
}

/// What was started here. It ends with this value.
#[derive(Debug, Default)]
struct Children(Vec<(String, Child)>);

impl Children {
    /// Starts the first of these programs that is installed.
    fn start(&mut self, names: &[&str], arguments: impl Fn(&mut Command)) -> Result<(), String> {
        for name in names {
            let mut command = Command::new(name);
            arguments(&mut command);
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            match command.spawn() {
                Ok(child) => {
                    self.0.push(((*name).to_owned(), child));
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(format!("cannot start {name}: {error}")),
            }
        }
        Err(format!(
            "there is no {} on the PATH: on Debian, `apt-get install prometheus prometheus-alertmanager`",
            names.join(" or ")
        ))
    }

    fn wait_for(
        &mut self,
        name: &str,
        address: SocketAddr,
        is_over: &AtomicBool,
    ) -> Result<(), String> {
        let deadline = Instant::now() + START_DEADLINE;
        let is_ready = || {
            http::get(&address.to_string(), "/-/ready", None)
                .is_ok_and(|answer| answer.status == 200)
        };
        while !is_ready() {
            self.check()?;
            if Instant::now() > deadline || is_over.load(Ordering::Relaxed) {
                return Err(format!("{name} did not become ready at {address}"));
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Checks that all still run.
    fn check(&mut self) -> Result<(), String> {
        for (name, child) in &mut self.0 {
            if let Ok(Some(status)) = child.try_wait() {
                return Err(format!(
                    "{name} ended with {status}: run it by hand over a written tree to see why"
                ));
            }
        }
        Ok(())
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for (_, child) in &mut self.0 {
            // One that has ended already is not there to be killed.
            child.kill().and_then(|()| child.wait()).ok();
        }
    }
}

fn prometheus_arguments(command: &mut Command, tree: &Path, address: SocketAddr) {
    command
        .arg(format!(
            "--config.file={}",
            tree.join("prometheus/prometheus.yml").display()
        ))
        .arg(format!(
            "--storage.tsdb.path={}",
            tree.join("data/prometheus").display()
        ))
        .arg(format!("--web.listen-address={address}"))
        .arg(EXEMPLARS);
}

fn alertmanager_arguments(command: &mut Command, tree: &Path, address: SocketAddr) {
    command
        .arg(format!(
            "--config.file={}",
            tree.join("alertmanager/alertmanager.yml").display()
        ))
        .arg(format!(
            "--storage.path={}",
            tree.join("data/alertmanager").display()
        ))
        .arg(format!("--web.listen-address={address}"))
        // Alone.
        .arg("--cluster.listen-address=");
}

/// Writes the token where nobody else can read it, as temporary files are.
fn write_token(token: &str, beside_config: &Path) -> Result<(), Box<dyn Error>> {
    let mut file = tempfile::NamedTempFile::new_in(beside_config)?;
    file.write_all(token.as_bytes())?;
    file.persist(beside_config.join(TOKEN_FILE))?;
    Ok(())
}

/// Hears every notification, on a thread of its own.
fn heard(sink: TcpListener) -> Inbox<String> {
    let (outbox, inbox) = mpsc::channel();
    thread::spawn(move || {
        for stream in sink.incoming().flatten() {
            // Who says what cannot be read is not heard.
            let Ok((path, body)) = http::take(stream) else {
                continue;
            };
            let Ok(notification) = serde_json::from_str::<Notification>(&body) else {
                continue;
            };
            for line in notification.lines(path.trim_start_matches('/')) {
                if outbox.send(line).is_err() {
                    return;
                }
            }
        }
    });
    inbox
}

/// Prints what is heard, until it is over or something has ended.
fn listen(
    inbox: &Inbox<String>,
    children: &mut Children,
    is_over: &AtomicBool,
) -> Result<(), Box<dyn Error>> {
    while !is_over.load(Ordering::Relaxed) {
        match inbox.recv_timeout(PAUSE) {
            Ok(line) => say(&line)?,
            Err(RecvTimeoutError::Timeout) => children.check()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err("nothing can be heard any more".into());
            }
        }
    }
    Ok(())
}

/// What Alertmanager sends.
#[derive(Deserialize)]
struct Notification {
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
struct Alert {
    status: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

impl Notification {
    fn lines(self, receiver: &str) -> Vec<String> {
        let line = |alert: Alert| {
            let of =
                |map: &BTreeMap<String, String>, key| map.get(key).cloned().unwrap_or_default();
            let [name, severity] = ["alertname", "severity"].map(|label| of(&alert.labels, label));
            let summary = of(&alert.annotations, "summary");
            format!(
                "{receiver} is told: {} {name} ({severity}): {summary}\n",
                alert.status
            )
        };
        self.alerts.into_iter().map(line).collect()
    }
}

fn free_addresses() -> io::Result<[SocketAddr; 2]> {
    // Both are held until both are known, so that they differ.
    let [one, other] = [
        TcpListener::bind("127.0.0.1:0")?,
        TcpListener::bind("127.0.0.1:0")?,
    ];
    Ok([one.local_addr()?, other.local_addr()?])
}

/// The file of the token of the services, as seen from the configuration of Prometheus.
pub(super) const TOKEN_FILE: &str = "admin.token";

const START_DEADLINE: Duration = Duration::from_mins(1);

const PAUSE: Duration = Duration::from_millis(100);
