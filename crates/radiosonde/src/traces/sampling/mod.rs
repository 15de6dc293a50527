//! Which traces are recorded: a question that is answered before there is a span.

#[cfg(feature = "otlp-grpc")]
mod jaeger;
mod rate;
mod share;
#[cfg(feature = "otlp")]
mod strategies;
mod tracer;
#[cfg(feature = "otlp")]
mod watch;

use std::sync::Arc;

use opentelemetry::trace::TraceId;

#[cfg(feature = "otlp")]
use crate::config::RootSampling;
use crate::config::SamplingSettings;
use rate::Rate;
use share::Share;
#[cfg(feature = "otlp")]
pub(crate) use strategies::check_strategies;
pub(super) use tracer::{Decisions, Ids, decided, is_within_ids_alone};
#[cfg(feature = "otlp")]
use watch::Watched;

/// Decides which traces are recorded. Clones decide alike, and share what is limited in a second.
#[derive(Debug, Clone)]
pub(crate) struct Sampling(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Whether a trace that was begun elsewhere is recorded as it is there.
    follow_parent: bool,
    /// The shares of some routes, which are few.
    routes: Vec<(String, Share)>,
    root: Root,
    rate: Option<Rate>,
    /// Whether what is not recorded is watched.
    keeps: bool,
}

/// What holds for a trace that begins here with no route of its own.
#[derive(Debug)]
enum Root {
    Share(Share),
    #[cfg(feature = "otlp")]
    Strategies(Watched),
}

/// What is asked about: a request that comes, or work that begins by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The method as labels have it; empty for other work.
    pub(crate) method: &'a str,
    /// The route, or the name of other work.
    pub(crate) route: &'a str,
    pub(crate) trace_id: TraceId,
    pub(crate) origin: Origin,
}

/// Where a trace began, and what was decided of it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It begins here.
    Here,
    /// It began elsewhere, and the decision was left to us.
    Undecided,
    /// It began elsewhere, and is recorded there or not.
    Decided(bool),
}

/// What becomes of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It is recorded and sent.
    Record,
    /// It is recorded, and sent if it ends badly.
    Watch,
    /// There is none.
    Drop,
}

impl Sampling {
    /// Makes one that records nothing.
    pub(crate) fn never() -> Self {
        Self(Arc::new(Inner {
            follow_parent: false,
            routes: Vec::new(),
            root: Root::Share(Share::new(0.0)),
            rate: None,
            keeps: false,
        }))
    }

    /// Makes one of settings that need nobody to look after them.
    pub(super) fn new(settings: &SamplingSettings, root: RootOf) -> Self {
        let routes = settings.routes.iter();
        Self(Arc::new(Inner {
            follow_parent: settings.follow_parent,
            routes: routes
                .map(|(route, ratio)| (route.clone(), Share::new(*ratio)))
                .collect(),
            root: root.0,
            rate: settings.per_second.map(Rate::new),
            keeps: settings.keep.is_on(),
        }))
    }

    /// Decides. Allocates nothing, and waits for nobody.
    pub(crate) fn decide(&self, asked: &Asked<'_>) -> Decision {
        let records = match asked.origin {
            Origin::Decided(records) if self.0.follow_parent => records,
            _ => self.0.begins(asked),
        };
        match records {
            true => Decision::Record,
            false if self.0.keeps => Decision::Watch,
            false => Decision::Drop,
        }
    }
}

/// What holds for traces that begin here, made by who can look after it.
pub(super) struct RootOf(Root);

impl RootOf {
    /// Makes it of settings; strategies are looked after by the telemetry thread.
    #[cfg(feature = "otlp")]
    pub(super) fn watched(settings: &RootSampling, service: &str, io: &mut crate::io::Io) -> Self {
        Self(match settings {
            RootSampling::Ratio(ratio) => Root::Share(Share::new(*ratio)),
            RootSampling::Strategies(source) => {
                Root::Strategies(Watched::start(io, source, service))
            }
        })
    }
}

impl Inner {
    fn begins(&self, asked: &Asked<'_>) -> bool {
        let route = self.routes.iter().find(|(route, _)| route == asked.route);
        let wanted = match (route, &self.root) {
            (Some((_, share)), _) | (None, Root::Share(share)) => share.has(asked.trace_id),
            #[cfg(feature = "otlp")]
            (None, Root::Strategies(strategies)) => strategies.record(asked),
        };
        wanted && self.rate.as_ref().is_none_or(Rate::admits)
    }
}

#[cfg(test)]
mod tests;
