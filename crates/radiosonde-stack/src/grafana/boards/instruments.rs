//! A board for each standard instrument.

use radiosonde_catalog::{
    AUTHENTICATION_ATTEMPTS, CACHE_HITS, CACHE_MISSES, CERTIFICATE_EXPIRY,
    CONNECTION_POOL_ACQUIRE_DURATION, CONNECTION_POOL_CONNECTIONS, CONNECTION_POOL_CONNECTIONS_MAX,
    CONNECTION_POOL_TIMEOUTS, CONNECTION_POOL_WAITING, JOB_DURATION, JOB_LAST_SUCCESS, JOB_RUNS,
    MESSAGE_PROCESSING_DURATION, MESSAGES_PROCESSED, QUEUE_DEPTH, QUEUE_OLDEST_AGE,
};

use super::parts::{
    FAILED, heat_map, percentile_by, percentiles, rate_by, rate_by_outcome, share_by, share_of,
};
use crate::grafana::color::{Color, Thresholds};
use crate::grafana::dashboard::{Dashboard, Row};
use crate::grafana::panel::Panel;
use crate::grafana::query::{Query, max, only, share, sum, total_rate};
use crate::grafana::unit::Unit;

/// Messages: how many are processed, how many fail, and how long each takes.
pub(crate) fn messages() -> Dashboard {
    Dashboard::new(
        "messages",
        "Messages",
        "The messages that services process, by queue.",
    )
    .row(Row::new(
        "Rate and errors",
        [
            rate_by(
                "queue",
                "Messages by queue",
                "Messages whose processing ended.",
                &MESSAGES_PROCESSED,
            ),
            rate_by_outcome(
                "Messages by outcome",
                "Messages whose processing ended, by how; a cancelled one was given up.",
                &MESSAGES_PROCESSED,
            ),
            share_by(
                "queue",
                "Error ratio by queue",
                "Share of the messages whose processing failed.",
                &MESSAGES_PROCESSED,
                FAILED,
            ),
        ],
    ))
    .row(Row::new(
        "Time",
        [
            percentiles(
                "Time of processing",
                "How long a message takes.",
                &MESSAGE_PROCESSING_DURATION,
            ),
            percentile_by(
                "queue",
                "0.95",
                "p95 by queue",
                "The slowest 5 % of the messages of each queue take at least as long.",
                &MESSAGE_PROCESSING_DURATION,
            ),
            heat_map(
                "Distribution of time",
                "How many messages took how long.",
                &MESSAGE_PROCESSING_DURATION,
            ),
        ],
    ))
}

/// Caches: how often they help.
pub(crate) fn caches() -> Dashboard {
    let (hits, misses) = (CACHE_HITS.name(), CACHE_MISSES.name());
    let lookups = format!(
        "({} + {})",
        total_rate("cache", hits),
        total_rate("cache", misses)
    );
    let hit_ratio = share(&total_rate("cache", hits), &lookups);
    Dashboard::new(
        "caches",
        "Caches",
        "The caches of services: how often they help.",
    )
    .row(Row::new(
        "Lookups",
        [
            Panel::lines(
                "Hit ratio",
                "Share of the lookups that each cache answered.",
                Unit::Ratio,
            )
            .query(Query::new(hit_ratio, "{{cache}}")),
            rate_by(
                "cache",
                "Hits",
                "Lookups that each cache answered.",
                &CACHE_HITS,
            ),
            rate_by(
                "cache",
                "Misses",
                "Lookups that each cache could not answer.",
                &CACHE_MISSES,
            ),
        ],
    ))
}

/// Connection pools: how full they are, and who waits.
pub(crate) fn connection_pools() -> Dashboard {
    let used = sum(
        "pool",
        &only(&CONNECTION_POOL_CONNECTIONS, r#"state="used""#),
    );
    let most = sum("pool", CONNECTION_POOL_CONNECTIONS_MAX.name());
    let by_pool = |expression: String| Query::new(expression, "{{pool}}");
    Dashboard::new(
        "connection-pools",
        "Connection pools",
        "The connection pools of services: how full they are, and who waits.",
    )
    .row(Row::new(
        "Saturation",
        [
            Panel::lines(
                "In use",
                "Share of the connections a pool may have that are in use.",
                Unit::Ratio,
            )
            .query(by_pool(share(&used, &most))),
            Panel::areas(
                "Connections",
                "Connections that are open, by state.",
                Unit::Count,
            )
            .query(Query::new(
                sum("state", CONNECTION_POOL_CONNECTIONS.name()),
                "{{state}}",
            ))
            .query(Query::new(sum("", CONNECTION_POOL_CONNECTIONS_MAX.name()), "limit").limit())
            .colors(&[("idle", Color::Green), ("used", Color::Orange)]),
            Panel::lines("Waiting", "Tasks that wait for a connection.", Unit::Count)
                .query(by_pool(sum("pool", CONNECTION_POOL_WAITING.name()))),
        ],
    ))
    .row(Row::new(
        "Waiting time",
        [
            percentiles(
                "Time to get a connection",
                "How long it takes, where there is one in the end.",
                &CONNECTION_POOL_ACQUIRE_DURATION,
            ),
            percentile_by(
                "pool",
                "0.95",
                "p95 by pool",
                "The slowest 5 % of those who ask each pool wait at least as long.",
                &CONNECTION_POOL_ACQUIRE_DURATION,
            ),
            rate_by(
                "pool",
                "Timeouts",
                "How often no connection became free in time.",
                &CONNECTION_POOL_TIMEOUTS,
            ),
        ],
    ))
}

/// Queues: how much waits, and how long.
pub(crate) fn queues() -> Dashboard {
    Dashboard::new(
        "queues",
        "Queues",
        "The queues of services: how much waits, and how long.",
    )
    .row(Row::new(
        "Waiting",
        [
            Panel::lines("Depth", "Entries that wait, by queue.", Unit::Count)
                .query(Query::new(max("queue", QUEUE_DEPTH.name()), "{{queue}}"))
                .size(12, 8),
            Panel::lines(
                "Age",
                "For how long the oldest entry of each queue has waited.",
                Unit::Seconds,
            )
            .query(Query::new(
                max("queue", QUEUE_OLDEST_AGE.name()),
                "{{queue}}",
            ))
            .size(12, 8),
        ],
    ))
}

/// Jobs: when each last succeeded, and how its runs end.
pub(crate) fn jobs() -> Dashboard {
    // It is 0 while no success is known.
    let last = format!(
        "time() - max by (job_name) ({} > 0)",
        JOB_LAST_SUCCESS.name()
    );
    let runs = |matchers| {
        format!(
            "sum by (job_name) (increase({}[1d]))",
            only(&JOB_RUNS, matchers)
        )
    };
    let names = &[("job_name", "Job")];
    Dashboard::new(
        "jobs",
        "Jobs",
        "The jobs of services: when each last succeeded, and how its runs end.",
    )
    .row(Row::new(
        "Jobs",
        [Panel::table(
            "All jobs",
            "When each job last succeeded, and its runs of a day.",
            names,
        )
        .column(
            "Since success",
            Unit::Seconds,
            Thresholds::high(90_000.0, 180_000.0),
            Query::new(last.clone(), ""),
        )
        .column(
            "Runs in 24 h",
            Unit::Count,
            Thresholds::none(),
            Query::new(runs(""), ""),
        )
        .column(
            "Failed in 24 h",
            Unit::Count,
            Thresholds::high(0.5, 2.0),
            Query::new(runs(FAILED), ""),
        )],
    ))
    .row(Row::new(
        "Runs",
        [
            Panel::lines(
                "Since success",
                "Time since each job last succeeded.",
                Unit::Seconds,
            )
            .query(Query::new(last, "{{job_name}}")),
            rate_by_outcome("Runs by outcome", "Runs that ended, by how.", &JOB_RUNS),
            percentile_by(
                "job_name",
                "0.95",
                "p95 by job",
                "The slowest 5 % of the runs of each job take at least as long.",
                &JOB_DURATION,
            ),
        ],
    ))
}

/// Authentication: who gets in, and who does not.
pub(crate) fn authentication() -> Dashboard {
    let attempts = &AUTHENTICATION_ATTEMPTS;
    Dashboard::new(
        "authentication",
        "Authentication",
        "Attempts to authenticate: who gets in, and who does not.",
    )
    .row(Row::new(
        "Attempts",
        [
            rate_by("method", "Attempts by method", "Attempts to say who one is.", attempts),
            rate_by_outcome(
                "Attempts by outcome",
                "Attempts by how they ended: refused when the proof was wrong, error when it could not be checked.",
                attempts,
            ),
            Panel::lines(
                "Refused",
                "Share of the attempts of each method that were refused: many may be an attack.",
                Unit::Ratio,
            )
            .query(Query::new(share_of("method", attempts, r#"outcome="refused""#), "{{method}}")),
        ],
    ))
}

/// Certificates: how long each is still good.
pub(crate) fn certificates() -> Dashboard {
    // It is 0 while that is not known.
    let left = format!(
        "min by (certificate) ({} > 0) - time()",
        CERTIFICATE_EXPIRY.name()
    );
    // Three days and twenty.
    let thresholds = Thresholds::low(259_200.0, 1_728_000.0);
    Dashboard::new(
        "certificates",
        "Certificates",
        "The certificates of services: how long each is still good.",
    )
    .row(Row::new(
        "Time left",
        [
            Panel::bars("Now", "Time until each certificate ends.", Unit::Seconds)
                .query(Query::new(left.clone(), "{{certificate}}"))
                .thresholds(thresholds)
                .size(12, 8),
            Panel::lines(
                "Over time",
                "Time until each certificate ends: a step up is a renewal.",
                Unit::Seconds,
            )
            .query(Query::new(left, "{{certificate}}"))
            .size(12, 8),
        ],
    ))
}
