//! Databases and brokers, of Debian's packages, under `servers/`.

use std::fs;
use std::path::Path;

use super::debian;

/// Unpacks every server, with the libraries that it needs, unless that was done.
pub(crate) fn obtain(directory: &Path) -> Result<(), String> {
    let root = directory.join("servers");
    let mark = root.join("complete");
    // They come and go together: another list is another set.
    let wanted = PACKAGES.join(" ");
    if fs::read_to_string(&mark).is_ok_and(|had| had == wanted) {
        return Ok(());
    }
    fs::remove_dir_all(&root).ok();
    debian::unpack_with_dependencies(&PACKAGES, &root)?;
    move_erlang(&root)?;
    fs::write(&mark, wanted).map_err(|error| format!("{}: {error}", mark.display()))
}

/// Tells the start script of Erlang where it is: it has the place written in it.
fn move_erlang(root: &Path) -> Result<(), String> {
    let script = root.join("usr/lib/erlang/bin/erl");
    if !script.exists() {
        // It was installed on the machine, and stays where it is.
        return Ok(());
    }
    let in_script = |error| format!("{}: {error}", script.display());
    let text = fs::read_to_string(&script).map_err(in_script)?;
    let here = format!("ROOTDIR={}", root.join("usr/lib/erlang").display());
    fs::write(&script, text.replace("ROOTDIR=/usr/lib/erlang", &here)).map_err(in_script)
}

/// Without their service files, users and configuration: `dpkg -x` runs no script.
const PACKAGES: [&str; 6] = [
    "clickhouse-server",
    "mariadb-server-core",
    "nats-server",
    "postgresql-15",
    "rabbitmq-server",
    "redis-server",
];
