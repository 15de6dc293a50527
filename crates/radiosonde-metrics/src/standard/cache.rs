//! Caches.

use radiosonde_catalog::{CACHE_HITS, CACHE_MISSES};

use crate::{Counter, Registry};

/// The lookups in one cache: how many it could answer, and how many not.
///
/// Records [`CACHE_HITS`] and [`CACHE_MISSES`].
///
/// # Examples
///
/// ```
/// use radiosonde_metrics::Registry;
/// use radiosonde_metrics::standard::Cache;
///
/// let registry = Registry::new();
/// let cache = Cache::new(&registry, "sessions");
/// cache.hit();
/// cache.hit();
/// cache.miss();
///
/// let text = registry.render();
/// assert!(text.contains(r#"cache_hits_total{cache="sessions"} 2"#));
/// assert!(text.contains(r#"cache_misses_total{cache="sessions"} 1"#));
/// ```
#[derive(Debug, Clone)]
pub struct Cache {
    hits: Counter,
    misses: Counter,
}

impl Cache {
    /// Makes the series of the cache of this name, or finds them.
    #[must_use]
    pub fn new(registry: &Registry, cache: &str) -> Self {
        Self {
            hits: registry.counter(&CACHE_HITS, &[cache]),
            misses: registry.counter(&CACHE_MISSES, &[cache]),
        }
    }

    /// Counts a lookup that the cache answered.
    pub fn hit(&self) {
        self.hits.increment(1);
    }

    /// Counts a lookup that the cache could not answer.
    pub fn miss(&self) {
        self.misses.increment(1);
    }
}
