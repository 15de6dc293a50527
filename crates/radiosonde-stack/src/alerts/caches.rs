//! Caches.

use super::{Alert, Category, Input, Severity, Story};

pub(super) const CACHES: Category = Category {
    name: "caches",
    about: "Whether caches are worth their memory.",
    alerts: &[Alert {
        name: "LowCacheHitRatio",
        severity: Severity::Info,
        expr: "sum by (job, cache) (rate(cache_hits_total[15m]))\n  / (\n    sum by (job, cache) (rate(cache_hits_total[15m]))\n      + sum by (job, cache) (rate(cache_misses_total[15m]))\n    > $cache_rate\n  )\n  < $cache_hit_ratio",
        hold: "15m",
        supersedes: None,
        summary: "The cache {{ $labels.cache }} of {{ $labels.job }} answers {{ $value | humanizePercentage }} of its lookups",
        means: "What the cache does not answer goes to what is behind it.",
        look: &[
            "Whether the cache was emptied or its entries live too shortly",
            "Whether the keys have changed with a deployment",
        ],
        act: &[
            "Enlarge the cache, or let its entries live longer",
            "Remove it, if it is of no use",
        ],
        story: |scene| {
            let rate = scene.get("cache_rate") * 10.0;
            let (well, badly) = {
                let limit = scene.get("cache_hit_ratio");
                (rate * (limit * 1.1).min(1.0), rate * limit * 0.8)
            };
            Story::of([
                Input::per_second(r#"cache_hits_total{cache="carts"}"#, well, badly),
                Input::per_second(
                    r#"cache_misses_total{cache="carts"}"#,
                    rate - well,
                    rate - badly,
                ),
            ])
        },
    }],
};
