//! Drives databases and brokers: PostgreSQL, MariaDB, Redis, RabbitMQ and NATS, as Debian packages them.
//!
//! A *backend* keeps its port and its data over its whole life, so that it can be killed and revived, stopped and continued,
//! under the feet of whoever has a connection.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::server::print_tail;
use crate::{eventually, launch, scratch, tools};

/// What a backend is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// PostgreSQL. The user and the database are called `checkout`, and there is no password.
    Postgres,
    /// MariaDB, without tables of privileges: every user may do everything.
    Mariadb,
    /// Redis, without persistence.
    Redis,
    /// RabbitMQ, with the user `guest` that it makes itself.
    RabbitMq,
    /// NATS, without `JetStream`.
    Nats,
}

/// A running backend. Ends its process when dropped, and during a panic prints the end of its log.
#[derive(Debug)]
pub struct Backend {
    kind: Kind,
    port: u16,
    process: Option<Child>,
    /// The name server of Erlang, for RabbitMQ.
    names: Option<(Child, u16)>,
    directory: TempDir,
}

impl Backend {
    /// Starts a backend with a free port and no data, and waits until it accepts connections.
    ///
    /// # Panics
    ///
    /// Panics when it does not within two minutes, and when its program is not among the tools.
    #[must_use]
    #[track_caller]
    pub fn start(kind: Kind) -> Self {
        let mut backend = Self {
            kind,
            port: free_port(),
            process: None,
            names: None,
            directory: scratch::directory(kind.name()),
        };
        backend.prepare();
        backend.revive();
        backend
    }

    /// Returns where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Returns the URL by which clients connect to it.
    #[must_use]
    pub fn url(&self) -> String {
        let addr = self.addr();
        match self.kind {
            Kind::Postgres => format!("postgres://checkout@{addr}/postgres"),
            Kind::Mariadb => format!("mysql://checkout@{addr}"),
            Kind::Redis => format!("redis://{addr}"),
            Kind::RabbitMq => format!("amqp://guest:guest@{addr}"),
            Kind::Nats => format!("nats://{addr}"),
        }
    }

    /// Kills it, as a crash does. Its port refuses connections then.
    ///
    /// # Panics
    ///
    /// Panics when it does not run.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("a backend that runs");
        let children = children(process.id());
        process.kill().and_then(|()| process.wait()).ok();
        // Those of PostgreSQL notice by themselves, and take a moment.
        for child in children {
            signal("KILL", child);
        }
    }

    /// Starts it again, on the same port and with the same data, and waits until it accepts connections.
    ///
    /// # Panics
    ///
    /// Panics when it runs already, or does not accept within two minutes.
    #[track_caller]
    pub fn revive(&mut self) {
        assert!(self.process.is_none(), "a backend that does not run");
        let mut command = self.command();
        let log = File::options().append(true).create(true).open(self.log());
        let log = log.expect("a log in a directory of our own");
        let errors = log.try_clone().expect("a second handle of an open file");
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let name = self.kind.name();
        let process = launch::launch(command).unwrap_or_else(|error| panic!("{name}: {error}"));
        self.process = Some(process);
        let addr = self.addr();
        let is_ready = || {
            let said = fs::read(self.log()).unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            let starts = said.matches(self.kind.ready()).count();
            (starts > 0 && TcpStream::connect(addr).is_ok()).then_some(())
        };
        eventually(&format!("{name} to accept"), START_DEADLINE, is_ready);
    }

    /// Stops it with `SIGSTOP`: its port accepts connections, and nothing answers.
    ///
    /// # Panics
    ///
    /// Panics when it does not run.
    pub fn stop(&self) {
        self.signal_all("STOP");
    }

    /// Continues it after [`stop`](Self::stop).
    ///
    /// # Panics
    ///
    /// Panics when it does not run.
    pub fn resume(&self) {
        self.signal_all("CONT");
    }

    fn signal_all(&self, name: &str) {
        let process = self.process.as_ref().expect("a backend that runs").id();
        // The parent first: it must not start another for one that seems dead.
        signal(name, process);
        for child in children(process) {
            signal(name, child);
        }
    }

    /// Makes its data directory and, for RabbitMQ, starts the name server of Erlang.
    fn prepare(&mut self) {
        let data = self.data();
        match self.kind {
            Kind::Postgres => {
                let mut command = unprivileged(&postgres("initdb"));
                command.arg("-D").arg(&data);
                command.args(["--username=checkout", "--auth=trust", "--no-sync"]);
                command.args(["--encoding=UTF8", "--locale=C"]);
                finish(command);
            }
            Kind::RabbitMq => {
                fs::create_dir(&data).expect("a directory in one of our own");
                // An empty file of settings, so that those of the machine are not read.
                fs::write(data.join("env"), "").expect("a file in a directory of our own");
                let port = free_port();
                let mut command = launch::command(server("usr/lib/erlang/bin/epmd"));
                command.args(["-port", &port.to_string(), "-relaxed_command_check"]);
                command.env("ERL_EPMD_ADDRESS", "127.0.0.1");
                command
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null());
                let names = launch::launch(command).expect("the name server of Erlang");
                self.names = Some((names, port));
            }
            Kind::Mariadb | Kind::Redis | Kind::Nats => {
                fs::create_dir(&data).expect("a directory in one of our own");
            }
        }
    }

    fn command(&self) -> Command {
        let (port, data) = (self.port.to_string(), self.data());
        let option = |name: &str, path: &Path| format!("{name}{}", path.display());
        let mut command;
        match self.kind {
            Kind::Postgres => {
                command = unprivileged(&postgres("postgres"));
                command.arg("-D").arg(data).args(["-p", &port]);
                for setting in [
                    "listen_addresses=127.0.0.1",
                    "unix_socket_directories=",
                    "fsync=off",
                ] {
                    command.args(["-c", setting]);
                }
            }
            Kind::Mariadb => {
                command = launch::command(server("usr/sbin/mariadbd"));
                command.args(["--no-defaults", "--user=root", "--skip-grant-tables"]);
                command.args(["--bind-address=127.0.0.1", "--innodb-buffer-pool-size=8M"]);
                command.args([
                    "--innodb-log-file-size=4M",
                    "--innodb-flush-log-at-trx-commit=0",
                ]);
                command.arg(format!("--port={port}"));
                command.arg(option("--datadir=", &data));
                command.arg(option("--socket=", &data.join("socket")));
                command.arg(option("--lc-messages-dir=", &server("usr/share/mysql")));
            }
            Kind::Redis => {
                command = launch::command(server("usr/bin/redis-server"));
                command.args(["--port", &port, "--bind", "127.0.0.1", "--save", ""]);
                command.arg("--dir").arg(data);
            }
            Kind::Nats => {
                command = launch::command(server("usr/sbin/nats-server"));
                command.args(["--addr", "127.0.0.1", "--port", &port]);
            }
            Kind::RabbitMq => command = self.rabbitmq(&data),
        }
        command.env("LD_LIBRARY_PATH", server("usr/lib/x86_64-linux-gnu"));
        command
    }

    fn rabbitmq(&self, data: &Path) -> Command {
        let homes = server("usr/lib/rabbitmq/lib");
        let mut versions = fs::read_dir(&homes).expect("the files of RabbitMQ");
        let home = versions.next().and_then(Result::ok).expect("one version");
        let mut command = launch::command("sh");
        command.arg(home.path().join("sbin").join("rabbitmq-server"));
        let names = self.names.as_ref().map(|(_, port)| *port);
        let erlang = server("usr/lib/erlang/bin");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([erlang].into_iter().chain(std::env::split_paths(&path)));
        command
            .env("PATH", path.expect("paths without a colon"))
            .env("HOME", data)
            .env("ERL_EPMD_PORT", names.unwrap_or_default().to_string())
            .env("RABBITMQ_NODENAME", "radiosonde@localhost")
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.port.to_string())
            .env("RABBITMQ_DIST_PORT", free_port().to_string())
            .env("RABBITMQ_MNESIA_BASE", data.join("mnesia"))
            .env("RABBITMQ_LOG_BASE", data.join("log"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", data.join("plugins"))
            .env("RABBITMQ_CONF_ENV_FILE", data.join("env"))
            .env("RABBITMQ_CONFIG_FILE", data.join("settings"))
            .env("RABBITMQ_LOGS", "-")
            // The shell becomes the server, so that there is one process to kill.
            .env("RABBITMQ_ALLOW_INPUT", "1")
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "+S 1:1 +sbwt none -noinput",
            );
        command
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("log")
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read(self.log()).unwrap_or_default();
            print_tail(self.kind.name(), &String::from_utf8_lossy(&log));
        }
        if self.process.is_some() {
            self.kill();
        }
        if let Some((names, _)) = &mut self.names {
            names.kill().and_then(|()| names.wait()).ok();
        }
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
            Self::Redis => "redis",
            Self::RabbitMq => "rabbitmq",
            Self::Nats => "nats",
        }
    }

    /// What it says once it serves.
    fn ready(self) -> &'static str {
        match self {
            Self::Postgres => "ready to accept connections",
            Self::Mariadb => "ready for connections",
            Self::Redis => "Ready to accept connections",
            Self::RabbitMq => "Server startup complete",
            Self::Nats => "Server is ready",
        }
    }
}

/// Finds a file of the unpacked servers, or of the machine where they are installed.
#[track_caller]
fn server(path: &str) -> PathBuf {
    tools::server_file(path)
}

/// PostgreSQL lies in a directory of its version.
#[track_caller]
fn postgres(program: &str) -> PathBuf {
    let versions = server("usr/lib/postgresql");
    let found = fs::read_dir(&versions).ok().and_then(|mut entries| {
        entries.find_map(|entry| {
            let path = entry.ok()?.path().join("bin").join(program);
            path.is_file().then_some(path)
        })
    });
    found.unwrap_or_else(|| panic!("no {program} in {}", versions.display()))
}

/// Prepares to run a program that refuses to be root. Root gets another number in a namespace of its own, where files are
/// its own as before.
fn unprivileged(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = launch::command("unshare");
        command.args(["--user", "--map-user=1000", "--map-group=1000"]);
        // Within the namespace, because entering it takes the wish back.
        command
            .args(["setpriv", "--pdeathsig", "KILL", "--"])
            .arg(program);
        command
    } else {
        launch::command(program)
    };
    command.env("LD_LIBRARY_PATH", server("usr/lib/x86_64-linux-gnu"));
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[track_caller]
fn finish(mut command: Command) {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = launch::launch(command).and_then(Child::wait_with_output);
    let output = output.expect("a program that runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
}

fn signal(name: &str, process: u32) {
    let kill = format!("kill -{name} {process} 2> /dev/null");
    // One that has ended needs no signal.
    let _ = Command::new("sh").args(["-c", &kill]).status();
}

/// Returns the processes that this one has started.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let child = |entry: fs::DirEntry| {
        let process: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // Behind the name, which may hold anything: the state, and then the parent.
        let (_, rest) = stat.rsplit_once(") ")?;
        let found: u32 = rest.split(' ').nth(1)?.parse().ok()?;
        (found == parent).then_some(process)
    };
    processes.filter_map(child).collect()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address
        .expect("a free port on the loopback interface")
        .port()
}

const START_DEADLINE: Duration = Duration::from_mins(2);
