//! A service in a process of its own, on a processor of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::Router;
use radiosonde_benches::Scheduled;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

/// Serves on this thread until whoever started this process ends it; each second, it does what has to be done then.
pub(crate) fn serve(app: Router, upkeep: impl Fn()) {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(listen(app, upkeep));
}

async fn listen(app: Router, upkeep: impl Fn()) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let _ = writeln!(std::io::stdout(), "{address}");
    let mut second = tokio::time::interval(Duration::from_secs(1));
    let upkeep = async {
        loop {
            second.tick().await;
            upkeep();
        }
    };
    tokio::select! {
        _ = axum::serve(listener, app) => {}
        () = upkeep => {}
    }
}

/// What this program was asked to serve, where it was started as a server.
pub(crate) fn asked_to_serve() -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != SERVE);
    arguments.nth(1)
}

/// A process that serves.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts this program again, [asked to serve](asked_to_serve) this.
    pub(crate) fn start(what: &str, variables: &[(&str, &str)]) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child = pinned(SERVERS, &program)
            .args([SERVE, what])
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let mut line = String::new();
        let output = child.stdout.take().expect("it is piped");
        let read = BufReader::new(output).read_line(&mut line);
        let address = line.trim().parse();
        Self {
            address: read
                .ok()
                .and(address.ok())
                .expect("the address of the server"),
            child,
        }
    }

    /// What it has been given of processors.
    pub(crate) fn scheduled(&self) -> Scheduled {
        Scheduled::of(self.process())
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that runs on one processor only, where that can be asked for.
pub(crate) fn pinned(processor: &str, program: &Path) -> Command {
    let can_pin = Command::new("taskset")
        .args(["-c", processor, "true"])
        .status();
    if !can_pin.is_ok_and(|status| status.success()) {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", processor]).arg(program);
    command
}

/// A path of the service that is measured.
pub(crate) const PATH: &str = "/api/resource3/42";

const SERVE: &str = "--serve";

/// The processor of servers.
pub(crate) const SERVERS: &str = "0";
