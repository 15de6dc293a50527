//! Starts child processes that end with this process, and learns where they listen.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::LazyLock;
use std::sync::mpsc::{self, Sender};
use std::thread;

use crate::tools;

/// Prepares to run `program`: with a clean environment, and so that on Linux the kernel ends it with this process.
///
/// Of the environment only `PATH` and `HOME` stay. The caller adds arguments, variables and redirections.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = match &*DEATH_SIGNAL {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(SETPRIV_ARGUMENTS).arg(program);
            command
        }
        None => Command::new(program),
    };
    let kept = ["PATH", "HOME"].into_iter();
    let kept = kept.filter_map(|name| Some((name, env::var_os(name)?)));
    command.env_clear().envs(kept);
    command
}

/// Starts what [`command`] prepared.
pub(crate) fn launch(command: Command) -> io::Result<Child> {
    let (answer, child) = mpsc::channel();
    LAUNCHER
        .send((command, answer))
        .map_err(|_| io::Error::other("the launching thread ended"))?;
    child
        .recv()
        .map_err(|_| io::Error::other("the launching thread ended"))?
}

/// Finds where a program listens: the first text in its `output` that reads `listening on http://127.0.0.1:<port>`.
///
/// Without the words before it, it might be where the program sends its telemetry.
/// An address at the very end of the output does not count, because the rest of its port may still be to come.
pub(crate) fn listening_address(output: &str) -> Option<SocketAddr> {
    let mut found = output.split("listening on http://127.0.0.1:").skip(1);
    found.find_map(|rest| {
        let end = rest.find(|character: char| !character.is_ascii_digit())?;
        let port: u16 = rest[..end].parse().ok()?;
        Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    })
}

/// The program that asks the kernel to kill a child with its parent, where there is one that can.
///
/// A test runner that is killed drops no handle, and its servers would stay for ever.
static DEATH_SIGNAL: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let setpriv = tools::on_path("setpriv")?;
    let trial = Command::new(&setpriv)
        .args(SETPRIV_ARGUMENTS)
        .arg("true")
        .output();
    trial
        .is_ok_and(|output| output.status.success())
        .then_some(setpriv)
});

const SETPRIV_ARGUMENTS: [&str; 3] = ["--pdeathsig", "KILL", "--"];

/// The thread that starts every child.
///
/// The kernel takes the thread that started a child for its parent, and a test has a thread of its own; a server that
/// several tests share would die with the first of them.
static LAUNCHER: LazyLock<Sender<Job>> = LazyLock::new(|| {
    let (jobs, queue) = mpsc::channel::<Job>();
    thread::spawn(move || {
        for (mut command, answer) in queue {
            // The asker may have panicked meanwhile; a child that nobody takes must not stay.
            if let Err(mpsc::SendError(Ok(mut orphan))) = answer.send(command.spawn()) {
                orphan.kill().and_then(|()| orphan.wait()).ok();
            }
        }
    });
    jobs
});

type Job = (Command, Sender<io::Result<Child>>);

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    use std::time::Duration;

    use super::*;
    use crate::eventually;

    #[test]
    fn a_child_sees_nothing_of_the_environment_but_path_and_home() {
        let mut command = command(tools::on_path("env").unwrap());
        command.stdout(Stdio::piped());

        let output = launch(command).unwrap().wait_with_output().unwrap();

        let output = String::from_utf8(output.stdout).unwrap();
        let mut names: Vec<_> = output
            .lines()
            .filter_map(|line| line.split('=').next())
            .collect();
        names.sort_unstable();
        assert!(names == ["HOME", "PATH"] || names == ["PATH"], "{names:?}");
    }

    #[test]
    fn a_child_goes_with_its_parent_however_that_ends() {
        const PARENT: &str = "TESTKIT_TEST_PARENT";
        if env::var_os(PARENT).is_some() {
            return be_a_parent();
        }
        if DEATH_SIGNAL.is_none() {
            return; // Promised on Linux alone.
        }
        let mut parent = Command::new(env::current_exe().unwrap())
            .args(["however_that_ends", "--nocapture"])
            .env(PARENT, "")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(parent.stdout.take().unwrap()).lines();
        let child = output.find_map(|line| Some(line.unwrap().split_once("child=")?.1.to_owned()));
        let command_line = format!("/proc/{}/cmdline", child.unwrap());
        let command_line = || fs::read(&command_line).unwrap_or_default();
        eventually("the child", Duration::from_secs(10), || {
            command_line().starts_with(b"sleep").then_some(())
        });

        parent.kill().unwrap();
        parent.wait().unwrap();
        // A process that nobody has waited for yet is still listed, but has no command line.
        eventually("the end of the child", Duration::from_secs(10), || {
            command_line().is_empty().then_some(())
        });
    }

    fn be_a_parent() {
        let mut command = command("sleep");
        command.arg("60");
        let mut child = launch(command).unwrap();
        println!("child={}", child.id());
        child.wait().unwrap();
    }

    #[test]
    fn the_first_complete_address_counts() {
        let address = |output| listening_address(output).map(|address| address.port());

        let said = "traces to http://127.0.0.1:9\nlistening on http://127.0.0.1:8080\nlistening on http://127.0.0.1:1/";
        assert_eq!(address(said), Some(8080));
        assert_eq!(address("listening on http://127.0.0.1:80"), None);
        assert_eq!(address("http://127.0.0.1:80\n"), None);
        assert_eq!(address("listening on http://0.0.0.0:8080\n"), None);
    }
}
