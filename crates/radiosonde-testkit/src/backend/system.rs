//! Processes, signals and ports.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::launch;

/// Prepares to run a program that refuses to be root. Root gets another number in a namespace of its own, where files are
/// its own as before.
pub(super) fn unprivileged(program: &Path) -> Command {
    if is_root() {
        let mut command = launch::command("unshare");
        command.args(["--user", "--map-user=1000", "--map-group=1000"]);
        // Within the namespace, because entering it takes the wish back.
        command
            .args(["setpriv", "--pdeathsig", "KILL", "--"])
            .arg(program);
        command
    } else {
        launch::command(program)
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[track_caller]
pub(super) fn finish(mut command: Command) {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = launch::launch(command).and_then(Child::wait_with_output);
    let output = output.expect("a program that runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
}

pub(super) fn signal(name: &str, process: u32) {
    let kill = format!("kill -{name} {process} 2> /dev/null");
    // One that has ended needs no signal.
    let _ = Command::new("sh").args(["-c", &kill]).status();
}

/// Returns the processes that this one has started.
pub(super) fn children(parent: u32) -> Vec<u32> {
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

pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address
        .expect("a free port on the loopback interface")
        .port()
}
