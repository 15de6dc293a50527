//! The pauses that Sentry asks for.

use std::time::{Duration, Instant};

use http::{HeaderMap, StatusCode, header};

/// What is sent, in the words of Sentry's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Category {
    /// Events.
    Error,
    /// Sessions.
    Session,
}

impl Category {
    fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Session => "session",
        }
    }
}

/// Until when nothing of a category is sent.
///
/// An answer may limit each category by itself, in `X-Sentry-Rate-Limits`; without that header, a status of 429 limits all
/// of them for as long as `Retry-After` says, else for a minute.
#[derive(Debug, Default)]
pub(super) struct RateLimits {
    errors: Option<Instant>,
    sessions: Option<Instant>,
}

impl RateLimits {
    pub(super) fn hold_back(&self, category: Category, now: Instant) -> bool {
        let until = match category {
            Category::Error => self.errors,
            Category::Session => self.sessions,
        };
        until.is_some_and(|until| now < until)
    }

    /// Takes note of what an answer asks for. Of two limits on one category, the longer holds.
    pub(super) fn heed(&mut self, status: StatusCode, headers: &HeaderMap, now: Instant) {
        let listed = headers
            .get_all(RATE_LIMITS)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let mut any = false;
        let limits = listed.flat_map(|value| value.split(',')).map(str::trim);
        for limit in limits.filter(|limit| !limit.is_empty()) {
            any = true;
            self.heed_one(limit, now);
        }
        if !any && status == StatusCode::TOO_MANY_REQUESTS {
            let asked = headers.get(header::RETRY_AFTER);
            let asked = asked.and_then(|value| seconds(value.to_str().ok()?));
            self.limit(|_| true, now + asked.unwrap_or(DEFAULT));
        }
    }

    /// Reads `retry_after:categories:scope:…`, of which the categories are separated by semicolons and may be all, when
    /// there are none.
    fn heed_one(&mut self, limit: &str, now: Instant) {
        let mut parts = limit.split(':');
        let until = now + parts.next().and_then(seconds).unwrap_or(DEFAULT);
        let categories = parts.next().unwrap_or_default().trim();
        self.limit(
            |category| {
                let mut listed = categories.split(';').map(str::trim);
                categories.is_empty() || listed.any(|word| word == category.as_str())
            },
            until,
        );
    }

    fn limit(&mut self, is_meant: impl Fn(Category) -> bool, until: Instant) {
        for (category, at) in [
            (Category::Error, &mut self.errors),
            (Category::Session, &mut self.sessions),
        ] {
            if is_meant(category) {
                *at = (*at).max(Some(until));
            }
        }
    }
}

/// Reads a number of seconds, which may have a fraction.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    let asked = Duration::try_from_secs_f64(seconds.ceil()).ok()?;
    Some(asked.min(LONGEST))
}

const RATE_LIMITS: &str = "x-sentry-rate-limits";

/// How long a pause is of which the length cannot be read.
const DEFAULT: Duration = Duration::from_mins(1);

/// A pause that is asked for is kept up to this long.
const LONGEST: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    /// For how many seconds errors and sessions are held back after an answer.
    #[track_caller]
    fn heeded(status: u16, headers: &[(&'static str, &str)], expected: [u64; 2]) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let now = Instant::now();
        let mut limits = RateLimits::default();
        limits.heed(StatusCode::from_u16(status).unwrap(), &map, now);
        let lasts = |category, seconds| {
            let almost = Duration::from_millis(seconds * 1_000 - 1);
            limits.hold_back(category, now + almost)
                && !limits.hold_back(category, now + Duration::from_secs(seconds))
        };
        for (category, seconds) in [Category::Error, Category::Session]
            .into_iter()
            .zip(expected)
        {
            if seconds == 0 {
                assert!(!limits.hold_back(category, now), "{category:?}");
            } else {
                assert!(lasts(category, seconds), "{category:?}: {limits:?}");
            }
        }
    }

    #[test]
    fn an_answer_without_limits_asks_for_no_pause() {
        heeded(200, &[], [0, 0]);
        heeded(503, &[("retry-after", "5")], [0, 0]);
    }

    #[test]
    fn too_many_requests_hold_back_everything() {
        heeded(429, &[("retry-after", "5")], [5, 5]);
        heeded(429, &[], [60, 60]);
        heeded(
            429,
            &[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")],
            [60, 60],
        );
        heeded(429, &[("retry-after", "-1")], [60, 60]);
        heeded(429, &[("retry-after", "1e30")], [60, 60]);
        heeded(429, &[("retry-after", "1e9")], [86_400, 86_400]);
    }

    #[test]
    fn limits_are_by_category_and_outweigh_retry_after() {
        let limits = "2700:default;error;security:organization, 10:session:key:quota:ns";
        heeded(
            429,
            &[(RATE_LIMITS, limits), ("retry-after", "1")],
            [2700, 10],
        );
        heeded(200, &[(RATE_LIMITS, "30::organization")], [30, 30]);
        heeded(200, &[(RATE_LIMITS, "30:transaction:key")], [0, 0]);
        heeded(200, &[(RATE_LIMITS, "1.5:error")], [2, 0]);
        heeded(200, &[(RATE_LIMITS, "soon:error:key")], [60, 0]);
    }

    #[test]
    fn an_empty_limit_is_none() {
        heeded(200, &[(RATE_LIMITS, "")], [0, 0]);
        heeded(200, &[(RATE_LIMITS, "30:error:key, ")], [30, 0]);
        heeded(429, &[(RATE_LIMITS, " "), ("retry-after", "5")], [5, 5]);
    }

    #[test]
    fn the_longer_limit_holds() {
        heeded(
            200,
            &[(RATE_LIMITS, "5:error, 50:error"), (RATE_LIMITS, "1:")],
            [50, 1],
        );
    }
}
