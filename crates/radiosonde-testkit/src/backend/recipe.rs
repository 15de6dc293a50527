//! How each backend is set up and started.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Backend, Kind, system};
use crate::{launch, tools};

impl Backend {
    /// Makes its data directory and, for RabbitMQ, starts the name server of Erlang.
    pub(super) fn prepare(&mut self) {
        let data = self.data();
        match self.kind {
            Kind::Postgres => {
                let mut command = system::unprivileged(&postgres("initdb"));
                command.arg("-D").arg(&data);
                command.args(["--username=checkout", "--auth=trust", "--no-sync"]);
                command.args(["--encoding=UTF8", "--locale=C"]);
                system::finish(with_libraries(command));
            }
            Kind::RabbitMq => {
                fs::create_dir(&data).expect("a directory in one of our own");
                // An empty file of settings, so that those of the machine are not read.
                fs::write(data.join("env"), "").expect("a file in a directory of our own");
                let port = system::free_port();
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
            Kind::ClickHouse => {
                fs::create_dir(&data).expect("a directory in one of our own");
                let write = |file: &str, text: String| {
                    fs::write(data.join(file), text).expect("a file in a directory of our own");
                };
                let native = system::free_port();
                write("config.xml", clickhouse_settings(&data, self.port, native));
                write("users.xml", CLICKHOUSE_USERS.to_owned());
            }
            Kind::Mariadb | Kind::Redis | Kind::Nats | Kind::MongoDb => {
                fs::create_dir(&data).expect("a directory in one of our own");
            }
        }
    }

    pub(super) fn command(&self) -> Command {
        let (port, data) = (self.port.to_string(), self.data());
        let option = |name: &str, path: &Path| format!("{name}{}", path.display());
        let mut command;
        match self.kind {
            Kind::Postgres => {
                command = system::unprivileged(&postgres("postgres"));
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
            Kind::ClickHouse => {
                command = launch::command(server("usr/sbin/clickhouse-server"));
                command.arg(option("--config-file=", &data.join("config.xml")));
            }
            Kind::MongoDb => {
                command = launch::command(tools::python("nx_27017.nx_27017"));
                command.args(["-m", "nx_27017.nx_27017", "--db", "memory", "-p", &port]);
                command.current_dir(data);
                return command;
            }
        }
        with_libraries(command)
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
            .env("RABBITMQ_DIST_PORT", system::free_port().to_string())
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
}

/// Has a program find the libraries that were unpacked with it.
fn with_libraries(mut command: Command) -> Command {
    let libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"].map(server);
    let path = std::env::join_paths(libraries).expect("paths without a colon");
    command.env("LD_LIBRARY_PATH", path);
    command
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

/// Its own file of the package would have it write below `/var`.
fn clickhouse_settings(data: &Path, http: u16, native: u16) -> String {
    let data = data.display();
    format!(
        "<yandex>
    <logger><level>information</level><console>1</console></logger>
    <listen_host>127.0.0.1</listen_host>
    <http_port>{http}</http_port>
    <tcp_port>{native}</tcp_port>
    <path>{data}/tables/</path>
    <tmp_path>{data}/scratch/</tmp_path>
    <users_config>users.xml</users_config>
    <default_profile>default</default_profile>
    <mark_cache_size>1048576</mark_cache_size>
</yandex>
"
    )
}

/// One user, who may do everything from here.
const CLICKHOUSE_USERS: &str = "<yandex>
    <profiles><default/></profiles>
    <quotas><default/></quotas>
    <users>
        <default>
            <password/>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
        </default>
    </users>
</yandex>
";
