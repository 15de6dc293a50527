//! One call of a stack, by what the program says of itself.

use std::borrow::Cow;

use backtrace::Symbol;
use serde::{Serialize, Serializer};

/// One call, as Sentry has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Frame {
    function: Cow<'static, str>,
    /// The crate.
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abs_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lineno: Option<u32>,
    #[serde(serialize_with = "hex")]
    instruction_addr: usize,
    /// Whether it is code of the service, and not of what it is built on.
    in_app: bool,
}

impl Frame {
    /// Describes a call of which nothing but its address is known.
    pub(super) fn unknown(address: usize) -> Self {
        Self {
            function: UNKNOWN.into(),
            package: None,
            filename: None,
            abs_path: None,
            lineno: None,
            instruction_addr: address,
            in_app: false,
        }
    }

    /// Describes a call at this address.
    pub(super) fn new(symbol: &Symbol, address: usize) -> Self {
        // The alternate form has no hash at its end.
        let function = symbol.name().map(|name| format!("{name:#}"));
        let package = function.as_deref().and_then(package).map(ToOwned::to_owned);
        let path = symbol
            .filename()
            .map(|path| path.to_string_lossy().into_owned());
        let filename = path.as_deref().map(|path| {
            let name = path.rsplit(['/', '\\']).next();
            name.unwrap_or(path).to_owned()
        });
        Self {
            in_app: is_in_app(package.as_deref(), path.as_deref()),
            function: function.map_or(UNKNOWN.into(), Into::into),
            package,
            filename,
            abs_path: path,
            lineno: symbol.lineno(),
            instruction_addr: address,
        }
    }

    /// Tells whether it is of what takes a stack, or calls that: such calls are on top of each.
    pub(super) fn is_machinery(&self) -> bool {
        match self.package.as_deref() {
            Some(package) => RUST.contains(&package) || MACHINERY.contains(&package),
            None => true,
        }
    }

    /// Returns about how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        let texts = [&self.package, &self.filename, &self.abs_path];
        let texts = texts.into_iter().flatten().map(String::len);
        size_of::<Self>() + self.function.len() + texts.sum::<usize>()
    }
}

/// Finds the crate in the path of a function, such as `tower` in `<tower::util::Oneshot<S> as Future>::poll`.
fn package(function: &str) -> Option<&str> {
    let path = function.trim_start_matches(['<', '&', '*', '[', '(']);
    let path = path.strip_prefix("dyn ").unwrap_or(path);
    let path = path.strip_prefix("mut ").unwrap_or(path);
    let end = path.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    path[end..].starts_with("::").then_some(&path[..end])
}

/// Code of the service is neither of the standard library, nor of a registry, nor ours. Where the program knows no paths, the
/// names of what services are built on have to do.
fn is_in_app(package: Option<&str>, path: Option<&str>) -> bool {
    let Some(package) = package else {
        return false;
    };
    let is_of = |group: &&str| {
        let rest = package.strip_prefix(*group);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    let foreign = [
        "/rustc/",
        "/registry/src/",
        "/git/checkouts/",
        "\\registry\\src\\",
    ];
    let is_foreign = |path: &str| foreign.iter().any(|part| path.contains(part));
    !RUST.iter().any(is_of) && !FOREIGN.iter().any(is_of) && !path.is_some_and(is_foreign)
}

const UNKNOWN: &str = "<unknown>";

/// The standard library.
const RUST: &[&str] = &["std", "core", "alloc", "__rustc"];

/// What is on top of each stack that is taken here.
const MACHINERY: &[&str] = &["backtrace", "radiosonde"];

/// What services are built on, with the crates of which the names begin so.
const FOREIGN: &[&str] = &[
    "backtrace",
    "radiosonde",
    "tokio",
    "hyper",
    "h2",
    "axum",
    "tower",
    "tonic",
    "futures",
    "tracing",
];

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn hex<S: Serializer>(address: &usize, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{address:#x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_is_found_in_the_path_of_a_function() {
        for (function, expected) in [
            ("checkout::orders::place", Some("checkout")),
            ("<tower::util::Oneshot<S> as Future>::poll", Some("tower")),
            ("<&mut core::fmt::Formatter>::pad", Some("core")),
            ("<dyn checkout::Shop>::open", Some("checkout")),
            ("main", None),
            ("_start", None),
            ("", None),
        ] {
            assert_eq!(package(function), expected, "{function}");
        }
    }

    #[test]
    fn code_of_the_service_is_told_from_what_it_is_built_on() {
        let registry = "/home/ada/.cargo/registry/src/index/sqlx-1.0/src/lib.rs";
        for (package, path, expected) in [
            (Some("checkout"), Some("/build/src/main.rs"), true),
            (Some("checkout"), None, true),
            (Some("sqlx"), Some(registry), false),
            (Some("std"), Some("/rustc/abc/library/std/src/rt.rs"), false),
            (Some("tower_http"), None, false),
            (Some("towering"), None, true),
            (None, Some("/build/src/main.rs"), false),
        ] {
            assert_eq!(is_in_app(package, path), expected, "{package:?} {path:?}");
        }
    }
}
