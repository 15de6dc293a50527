//! What the checks say, as metrics.

use std::sync::Arc;

use radiosonde_catalog::{
    HEALTH_CHECK_AGE, HEALTH_CHECK_DURATION, HEALTH_CHECK_STATUS, HEALTH_CHECK_TRANSITIONS,
};
use radiosonde_metrics::Registry;

use crate::{Change, CheckReport, CheckState, Health, Status};

impl Health {
    /// Shows the checks, those that are registered later too, in this registry: [`HEALTH_CHECK_STATUS`],
    /// [`HEALTH_CHECK_DURATION`], [`HEALTH_CHECK_AGE`] and [`HEALTH_CHECK_TRANSITIONS`].
    ///
    /// They are brought up to date before each reading, from the last results: a scrape runs no check. A second
    /// registry is ignored.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde_health::{Check, Health};
    /// use radiosonde_metrics::Registry;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), radiosonde_health::RegisterError> {
    /// let (health, registry) = (Health::new(), Registry::new());
    /// health.record_into(&registry);
    /// health.register(Check::new("database", async || Ok(())))?;
    /// health.report().await;
    ///
    /// let text = registry.render();
    /// assert!(text.contains(r#"health_check_status{check="database"} 1"#));
    /// assert!(text.contains(r#"health_check_transitions_total{check="database"} 0"#));
    /// # Ok(())
    /// # }
    /// ```
    pub fn record_into(&self, registry: &Registry) {
        if self.inner.registry.set(registry.clone()).is_err() {
            return;
        }
        let counted = registry.clone();
        self.on_change(move |change| count(&counted, change));

        // Weak: the registry, which the checks keep, must not keep the checks.
        let inner = Arc::downgrade(&self.inner);
        registry.before_reading(move || {
            let Some(inner) = inner.upgrade() else { return };
            let health = Self { inner };
            if let Some(registry) = health.inner.registry.get() {
                for check in health.last_report().checks {
                    show(registry, &check);
                }
            }
        });
    }
}

/// Counts a change of state. The first result only ends that nothing is known.
fn count(registry: &Registry, change: &Change) {
    if let Change::Check { name, from, .. } = change
        && *from != CheckState::Unknown
    {
        let transitions = registry.counter(&HEALTH_CHECK_TRANSITIONS, &[name]);
        transitions.increment(1);
    }
}

fn show(registry: &Registry, check: &CheckReport) {
    let labels = [check.name.as_str()];
    let status = match check.status {
        Status::Healthy => 1.0,
        Status::Degraded => 0.5,
        Status::Unhealthy => 0.0,
    };
    registry.gauge(&HEALTH_CHECK_STATUS, &labels).set(status);
    // Made at 0, so that the first change is seen as one.
    let _ = registry.counter(&HEALTH_CHECK_TRANSITIONS, &labels);
    if let (Some(age), Some(duration)) = (check.age, check.duration) {
        let (age_gauge, duration_gauge) = (&HEALTH_CHECK_AGE, &HEALTH_CHECK_DURATION);
        registry.gauge(age_gauge, &labels).set(age.as_secs_f64());
        let duration = duration.as_secs_f64();
        registry.gauge(duration_gauge, &labels).set(duration);
    }
}
