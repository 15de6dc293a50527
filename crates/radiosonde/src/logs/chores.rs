//! What the thread that writes lines does beside writing what it is given.

use std::sync::{Arc, Weak};
use std::time::{Instant, SystemTime};

use super::limit::{Limits, Suppressed, WINDOW};
use super::line::{Line, Look};

/// Tells what was suppressed.
#[derive(Debug)]
pub(crate) struct Chores {
    // They hold the writer, whose end is the end of its thread.
    limits: Weak<Limits>,
    look: Arc<Look>,
    /// When what is suppressed now is told.
    tells_at: Option<Instant>,
}

impl Chores {
    pub(crate) fn new(limits: &Arc<Limits>, look: Arc<Look>) -> Self {
        Self {
            limits: Arc::downgrade(limits),
            look,
            tells_at: None,
        }
    }

    /// Does what is due, and returns when something is due next. Lines are appended, each with its end.
    pub(crate) fn run(&mut self, now: Instant, out: &mut String) -> Option<Instant> {
        match self.tells_at {
            Some(at) if at <= now => {
                self.tells_at = None;
                self.tell(out);
            }
            None if self
                .limits
                .upgrade()
                .is_some_and(|limits| limits.has_untold()) =>
            {
                self.tells_at = Some(now + WINDOW);
            }
            _ => {}
        }
        self.tells_at
    }

    /// Appends a line for each callsite that logged in vain.
    pub(crate) fn tell(&self, out: &mut String) {
        let limits = self.limits.upgrade();
        for suppressed in limits.into_iter().flat_map(|limits| limits.take_untold()) {
            self.line(&suppressed, out);
        }
    }

    fn line(&self, suppressed: &Suppressed, out: &mut String) {
        let count = suppressed.count;
        let lines = if count == 1 { "line" } else { "lines" };
        let place = match &suppressed.place {
            Some((file, line)) => format!(" of {file}:{line}"),
            None => String::new(),
        };
        let line = Line {
            time: SystemTime::now(),
            level: suppressed.level,
            target: &suppressed.target,
            message: &format!("suppressed {count} {lines}{place}"),
            fields: "",
            spans: "",
            ids: None,
        };
        self.look.line(&line, out);
    }
}
