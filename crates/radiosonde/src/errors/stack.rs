//! Where a panic happened.
//!
//! The `backtrace` crate takes one lock of the process both to walk a stack and to look up its symbols, which reads the debug
//! information of the program and takes long. A panic hook that waited for that lock would stop a thread that serves; and
//! when a panic has poisoned it, taking it panics, which in a hook aborts the process. So the hook asks a lock of ours first.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, RwLock};

use backtrace::{Backtrace, BacktraceFrame, BacktraceSymbol};

use super::event::{Frame, Stacktrace};

/// Walks the stack of this thread, without symbols. `None` while symbols are being looked up, or cannot be.
///
/// Waits for nothing that takes long: two panics at once take turns, and so does a host that uses the crate itself.
pub(crate) fn capture() -> Option<Backtrace> {
    let _walking = LOOKING_UP.try_read().ok()?;
    (!FAILED.load(Relaxed)).then(walk)
}

/// Walks the stack as far as it is shown, however deep a recursion has made it.
fn walk() -> Backtrace {
    let mut frames: Vec<BacktraceFrame> = Vec::with_capacity(MAX_WALKED);
    backtrace::trace(|frame| {
        frames.push(frame.clone().into());
        frames.len() < MAX_WALKED
    });
    frames.into()
}

/// Looks the symbols of a stack up. Blocks for long the first time; `None` while that lasts elsewhere.
pub(crate) fn look_up(mut stack: Backtrace) -> Option<Stacktrace> {
    let _turn = TURN.try_lock().ok()?;
    let _looking_up = LOOKING_UP.write().ok()?;
    // Undone when it ends well.
    FAILED.store(true, Relaxed);
    stack.resolve();
    FAILED.store(false, Relaxed);
    stacktrace(&stack)
}

/// Writes a stack as Sentry has it, from the place that is meant outward.
fn stacktrace(stack: &Backtrace) -> Option<Stacktrace> {
    let frames: Vec<_> = stack.frames().iter().flat_map(frames).collect();
    // What took the stack, and what called that, is of no interest unless there is nothing else.
    let machinery = frames
        .iter()
        .take_while(|frame| is_machinery(frame))
        .count();
    let from = if machinery < frames.len() {
        machinery
    } else {
        0
    };
    let mut frames: Vec<_> = frames.into_iter().skip(from).take(MAX_FRAMES).collect();
    frames.reverse();
    (!frames.is_empty()).then_some(Stacktrace { frames })
}

/// Yields the calls of one frame: that of the function, and those that were inlined into it, innermost first.
fn frames(frame: &BacktraceFrame) -> Vec<Frame> {
    let address = format!("{:#x}", frame.ip() as usize);
    match frame.symbols() {
        [] => vec![Frame {
            function: UNKNOWN.into(),
            package: None,
            filename: None,
            abs_path: None,
            lineno: None,
            instruction_addr: address,
            in_app: false,
        }],
        symbols => symbols
            .iter()
            .map(|symbol| call(symbol, address.clone()))
            .collect(),
    }
}

fn call(symbol: &BacktraceSymbol, instruction_addr: String) -> Frame {
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
    Frame {
        in_app: is_in_app(package.as_deref(), path.as_deref()),
        function: function.map_or(UNKNOWN.into(), Into::into),
        package,
        filename,
        abs_path: path,
        lineno: symbol.lineno(),
        instruction_addr,
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

fn is_machinery(frame: &Frame) -> bool {
    match frame.package.as_deref() {
        Some(package) => RUST.contains(&package) || MACHINERY.contains(&package),
        None => true,
    }
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

/// More than this are a recursion.
const MAX_FRAMES: usize = 100;

/// How many are walked: those of what takes the stack, and of what called that, are not shown.
const MAX_WALKED: usize = MAX_FRAMES + 28;

/// How many bytes a stack takes.
pub(super) const MAX_BYTES: usize = MAX_WALKED * size_of::<BacktraceFrame>();

/// Held by the one that looks symbols up, or is about to.
static TURN: Mutex<()> = Mutex::new(());

/// Held for writing while symbols are looked up.
static LOOKING_UP: RwLock<()> = RwLock::new(());

/// Whether looking up symbols has panicked, or does so now.
static FAILED: AtomicBool = AtomicBool::new(false);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_walked_without_waiting_for_symbols() {
        let stack = capture().unwrap();
        let looking_up = LOOKING_UP.write().unwrap();
        let elsewhere = std::thread::spawn(|| capture().is_none());
        assert!(elsewhere.join().unwrap(), "it waited, or walked");
        drop(looking_up);
        let frames = look_up(stack).unwrap().frames;
        let (outermost, innermost) = (&frames[0], frames.last().unwrap());
        assert!(outermost.instruction_addr.starts_with("0x"), "{frames:#?}");
        // This crate stands above the stacks of others, so it is left out here as well.
        assert!(!is_machinery(innermost), "{frames:#?}");
    }

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
