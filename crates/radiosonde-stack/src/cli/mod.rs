//! The command `radiosonde`: it writes the monitoring stack of services, compares it with one that was committed, says what
//! changes, and tries it out.

mod arguments;
mod settings;
mod up;

use std::error::Error;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Parser as _;

use self::arguments::{Arguments, Command, Common, StackArguments, StackCommand};
use self::settings::SettingsFile;
use crate::alerts::packs::PACKS;
use crate::alerts::{CATEGORIES, STACK};
use crate::http::Location;
use crate::settings::SETTINGS;
use crate::{Service, Source, Stack, committed};

/// Does what these arguments say, of which the first is the name of the program, and returns the status with which the
/// process should end: 1 when something is wrong or a committed tree differs, 2 when the arguments are wrong.
pub fn run<T: Into<OsString> + Clone>(arguments: impl IntoIterator<Item = T>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        // Help is no error. Whoever has closed the stream does not want to read it.
        Err(error) => {
            error.print().ok();
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    let Command::Stack(arguments) = arguments.command;
    match stack_command(arguments) {
        Ok(Outcome::Well) => 0,
        Ok(Outcome::Differs) => 1,
        Err(error) => {
            complain(error.as_ref());
            1
        }
    }
}

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Well,
    /// A committed tree is not as it should be.
    Differs,
}

type Done = Result<Outcome, Box<dyn Error>>;

fn stack_command(arguments: StackArguments) -> Done {
    match arguments.command {
        None if arguments.check => check(&arguments.common),
        None => write(&arguments.common, arguments.force),
        Some(StackCommand::Diff) => diff(&arguments.common),
        Some(StackCommand::Up(options)) => {
            let mut common = arguments.common;
            common.scrapes_sources = true;
            up::run(&common, &options)
        }
        Some(StackCommand::Alerts) => list_alerts(),
        Some(StackCommand::Thresholds) => list_thresholds(),
    }
}

fn write(common: &Common, force: bool) -> Done {
    let stack = stack(common)?;
    let tree = stack.render();
    tree.write(&common.out, force)?;
    let files = tree.files().count();
    say(&format!(
        "wrote {files} files to {}\n",
        common.out.display()
    ))?;
    for warning in stack.warnings() {
        say(&format!("note: {warning}\n"))?;
    }
    Ok(Outcome::Well)
}

fn check(common: &Common) -> Done {
    let differences = stack(common)?.render().compare(&common.out)?;
    let mut text = String::new();
    for (path, difference) in &differences {
        let path = common.out.join(path);
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{} {}", path.display(), difference.advice());
    }
    say(&text)?;
    if differences.is_empty() {
        say(&format!("{} is as it should be\n", common.out.display()))?;
        return Ok(Outcome::Well);
    }
    Ok(Outcome::Differs)
}

fn diff(common: &Common) -> Done {
    let tree = stack(common)?.render();
    let new = tree.manifest().ok_or("the tree has no manifest")?;
    let changes = match committed(&common.out)? {
        Some(old) => old.changes(&new),
        None => {
            return Err(format!(
                "there is no tree in `{}` to compare with",
                common.out.display()
            )
            .into());
        }
    };
    if changes.is_empty() {
        say("Nothing changes for whoever is on call.\n")?;
    }
    for change in changes {
        say(&format!("{change}\n"))?;
    }
    Ok(Outcome::Well)
}

fn list_alerts() -> Done {
    let mut text = String::new();
    let categories = CATEGORIES.iter().chain([&STACK]).chain(PACKS);
    for category in categories {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}: {}", category.name, category.about);
        for alert in category.alerts {
            let _ = writeln!(
                text,
                "  {:<28} {:<9} {}",
                alert.name,
                alert.severity.as_str(),
                alert.means
            );
        }
    }
    say(&text)?;
    Ok(Outcome::Well)
}

fn list_thresholds() -> Done {
    let mut text = String::from("[thresholds]\n");
    for setting in SETTINGS {
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "# {}\n# {} = {}",
            setting.reason, setting.name, setting.default
        );
    }
    say(&text)?;
    Ok(Outcome::Well)
}

/// Reads the settings and the catalogues.
fn stack(common: &Common) -> Result<Stack, Box<dyn Error>> {
    let settings = SettingsFile::read(&settings_path(common), common.settings.is_some())?;
    let mut options = settings.options()?;
    if let Some(target) = common.target {
        options.target = target.into();
    }
    if let Some(naming) = common.naming {
        options.naming = naming.into();
    }
    let token = admin_token();
    let mut services = Vec::new();
    for from in &common.from {
        // A name stands before its source; an address has its `=` behind a `/`.
        let (name, source) = match from.split_once('=') {
            Some((name, source)) if !name.contains('/') => (Some(name.to_owned()), source),
            _ => (None, from.as_str()),
        };
        let source = Source::of(source);
        let catalogue = source.read(token.as_deref())?;
        let name = name.or_else(|| catalogue.service.clone());
        let name = name.ok_or_else(|| {
            format!("the service of `{from}` has no name: give one, such as `checkout={from}`")
        })?;
        let mut service = settings.service(Service::new(name, catalogue))?;
        if common.scrapes_sources
            && let Source::Service { url } = &source
        {
            // Whoever gives out the catalogue without a token wants none for a scrape either.
            let token_file = token.as_ref().map(|_| up::TOKEN_FILE);
            service = service.scraped_at(Location::of(url).address, token_file);
        }
        services.push(service);
    }
    settings.check_services(&services)?;
    Ok(Stack::new(services, options)?)
}

/// The token that admin listeners want.
fn admin_token() -> Option<String> {
    let token = std::env::var("RADIOSONDE_ADMIN_TOKEN").ok();
    token.filter(|token| !token.is_empty())
}

/// The settings of a tree are in it, unless another file is named.
fn settings_path(common: &Common) -> PathBuf {
    common
        .settings
        .clone()
        .unwrap_or_else(|| common.out.join("stack.toml"))
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Tells an error with what it came from.
fn complain(error: &dyn Error) {
    let mut text = format!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a `String` cannot fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text.push('\n');
    // Whoever has closed standard error does not want to know.
    io::stderr().write_all(text.as_bytes()).ok();
}
