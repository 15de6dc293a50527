//! What the service says of its own health.

use radiosonde_catalog::{HEALTH_CHECK_AGE, HEALTH_CHECK_STATUS, HEALTH_CHECK_TRANSITIONS};

use crate::grafana::boards::parts::rate_by;
use crate::grafana::color::Color;
use crate::grafana::dashboard::Row;
use crate::grafana::panel::{Panel, State};
use crate::grafana::query::{Query, max};
use crate::grafana::unit::Unit;

pub(super) fn row() -> Row {
    let worst = format!("min by (check) ({})", HEALTH_CHECK_STATUS.name());
    Row::new(
        "Health",
        [
            Panel::states(
                "Checks",
                "What each check means to the service, on the instance that is worst off.",
                STATES,
            )
            .query(Query::new(worst, "{{check}}")),
            Panel::lines(
                "Age of checks",
                "Time since the last run of each check ended.",
                Unit::Seconds,
            )
            .query(Query::new(
                max("check", HEALTH_CHECK_AGE.name()),
                "{{check}}",
            )),
            rate_by(
                "check",
                "Changes",
                "How often the state of each check changed.",
                &HEALTH_CHECK_TRANSITIONS,
            ),
        ],
    )
}

const STATES: &[State] = &[
    State {
        value: "0",
        word: "unhealthy",
        color: Color::Red,
    },
    State {
        value: "0.5",
        word: "degraded",
        color: Color::Orange,
    },
    State {
        value: "1",
        word: "healthy",
        color: Color::Green,
    },
];
