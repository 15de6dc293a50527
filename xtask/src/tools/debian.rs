//! Debian's and Ubuntu's package manager.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run;

/// Puts programs of a package into `directory/bin` without installing the package, so that no service is set up.
///
/// Of the `data` that its programs look for at fixed places, which only root can put there, it takes these files of these
/// directories.
pub(crate) fn unpack(
    package: &str,
    programs: &[&str],
    data: &[(&Path, &[&str])],
    directory: &Path,
) -> Result<(), String> {
    let wanted = format!("install the programs {} yourself", programs.join(", "));
    check_available(&wanted)?;
    let scratch = directory.join(package);
    let in_scratch = |error| format!("{}: {error}", scratch.display());
    fs::remove_dir_all(&scratch).ok();
    fs::create_dir_all(&scratch).map_err(in_scratch)?;

    let archive = download(package, &scratch)?;
    take_programs(&archive, programs, &scratch, directory)?;
    for (place, files) in data {
        let at_place = |error| {
            format!(
                "{}: {error}; run `sudo apt-get install {package}`",
                place.display()
            )
        };
        fs::create_dir_all(place).map_err(at_place)?;
        for file in *files {
            let unpacked = scratch
                .join(place.strip_prefix("/").unwrap_or(place))
                .join(file);
            fs::copy(unpacked, place.join(file)).map_err(at_place)?;
        }
    }
    fs::remove_dir_all(&scratch).map_err(in_scratch)
}

/// Puts programs of a package of another release of Debian into `directory/bin`. The system does not hear of that release: its
/// lists are read into a place that is removed again.
pub(crate) fn unpack_of(
    release: &str,
    package: &str,
    programs: &[&str],
    directory: &Path,
) -> Result<(), String> {
    check_available(&format!(
        "install the programs of {package} of {release} yourself"
    ))?;
    let scratch = directory.join(package);
    let in_scratch = |error| format!("{}: {error}", scratch.display());
    fs::remove_dir_all(&scratch).ok();
    for place in ["lists/partial", "cache/archives/partial", "archive"] {
        fs::create_dir_all(scratch.join(place)).map_err(in_scratch)?;
    }
    fs::create_dir_all(directory.join("bin")).map_err(in_scratch)?;
    let source = format!("deb [signed-by={KEYRING}] {} {release} main\n", site()?);
    fs::write(scratch.join("sources.list"), source).map_err(in_scratch)?;
    fs::write(scratch.join("status"), "").map_err(in_scratch)?;

    let apt_get = |action| {
        let mut command = apt_get(action);
        for (option, place) in [
            ("Dir::Etc::sourcelist", "sources.list"),
            ("Dir::State::lists", "lists"),
            ("Dir::State::status", "status"),
            ("Dir::Cache", "cache"),
        ] {
            let place = scratch.join(place);
            command.args(["-o", &format!("{option}={}", place.display())]);
        }
        // Only this release, and of what it lists only the packages.
        command.args([
            "-o",
            "Dir::Etc::sourceparts=-",
            "-o",
            "Acquire::Languages=none",
        ]);
        command.args([
            "-o",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
        ]);
        command
    };
    run::captured(&mut apt_get("update"))?;
    let archive = scratch.join("archive");
    run::captured(apt_get("download").arg(package).current_dir(&archive))?;
    take_programs(
        &only_file(&archive, package)?,
        programs,
        &scratch,
        directory,
    )?;
    fs::remove_dir_all(&scratch).map_err(in_scratch)
}

/// Unpacks packages and what they need, as far as that is not installed, into a directory that looks like `/`. Nothing is
/// installed, so no service is set up.
pub(crate) fn unpack_with_dependencies(packages: &[&str], root: &Path) -> Result<(), String> {
    check_available(&format!("install {} yourself", packages.join(", ")))?;
    let archives = root.with_extension("archives");
    let in_archives = |error| format!("{}: {error}", archives.display());
    fs::remove_dir_all(&archives).ok();
    // Where apt keeps what is half there.
    fs::create_dir_all(archives.join("partial")).map_err(in_archives)?;
    fs::create_dir_all(root).map_err(in_archives)?;

    with_fresh_lists(|| {
        let mut command = apt_get("install");
        command.args(["--yes", "--download-only", "--no-install-recommends"]);
        let directory = format!("Dir::Cache::archives={}", archives.display());
        // The lock is for those who install.
        command.args(["-o", &directory, "-o", "Debug::NoLocking=1"]);
        run::captured(command.args(packages))
    })?;
    for file in fs::read_dir(&archives).map_err(in_archives)? {
        let archive = file.map_err(in_archives)?.path();
        if archive
            .extension()
            .is_some_and(|extension| extension == "deb")
        {
            run::captured(Command::new("dpkg").arg("-x").arg(archive).arg(root))?;
        }
    }
    fs::remove_dir_all(&archives).map_err(in_archives)
}

/// Installs packages that set up no service, which only root can.
pub(crate) fn install(packages: &[&str]) -> Result<(), String> {
    let names = packages.join(" ");
    check_available(&format!("install {names} yourself"))?;
    if !is_root() {
        return Err(format!("run `sudo apt-get install {names}`"));
    }
    let install = || {
        let mut command = apt_get("install");
        command
            .args(["--yes", "--no-install-recommends"])
            .args(packages);
        run::captured(&mut command)
    };
    with_fresh_lists(install).map(drop)
}

/// Downloads the archive of a package into an empty directory, and returns where it is.
fn download(package: &str, directory: &Path) -> Result<PathBuf, String> {
    with_fresh_lists(|| {
        let mut command = apt_get("download");
        run::captured(command.arg(package).current_dir(directory))
    })?;
    only_file(directory, package)
}

fn only_file(directory: &Path, package: &str) -> Result<PathBuf, String> {
    let mut files = fs::read_dir(directory).map_err(|error| error.to_string())?;
    match files.next() {
        Some(Ok(file)) => Ok(file.path()),
        _ => Err(format!("apt-get downloaded no {package}")),
    }
}

/// Unpacks an archive into a scratch directory, and moves these programs of it to `directory/bin`.
fn take_programs(
    archive: &Path,
    programs: &[&str],
    scratch: &Path,
    directory: &Path,
) -> Result<(), String> {
    run::captured(Command::new("dpkg").arg("-x").arg(archive).arg(scratch))?;
    for program in programs {
        let unpacked = scratch.join("usr/bin").join(program);
        fs::rename(unpacked, directory.join("bin").join(program))
            .map_err(|error| format!("{}: {error}", scratch.display()))?;
    }
    Ok(())
}

/// Returns where this system gets Debian's packages.
fn site() -> Result<String, String> {
    with_fresh_lists(|| {
        let mut command = Command::new("apt-get");
        command.args(["indextargets", "--format", "$(REPO_URI)"]);
        let sites = run::captured(command.args(["Created-By: Packages", "Label: Debian"]))?;
        let first = sites.lines().next().map(str::to_owned);
        first.ok_or_else(|| "this system gets no packages from Debian".to_owned())
    })
}

/// Tries, and when it fails for want of package lists or because they are old, tries again with fresh ones.
fn with_fresh_lists(attempt: impl Fn() -> Result<String, String>) -> Result<String, String> {
    attempt().or_else(|error| {
        if !is_root() {
            return Err(format!("{error}; `sudo apt-get update` may help"));
        }
        run::captured(&mut apt_get("update"))?;
        attempt()
    })
}

fn apt_get(action: &str) -> Command {
    let mut command = Command::new("apt-get");
    command
        .args(["--quiet", action])
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn check_available(otherwise: &str) -> Result<(), String> {
    if run::is_installed("apt-get") && run::is_installed("dpkg") {
        Ok(())
    } else {
        Err(format!("there is no apt-get here: {otherwise}"))
    }
}

fn is_root() -> bool {
    run::captured(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// The keys of Debian's releases, of the package `debian-archive-keyring`.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
