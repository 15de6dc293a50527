//! What strangers send makes no series: paths, methods, hosts and user agents that nobody has seen before.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::get;
use radiosonde::Sonde;
use radiosonde_testkit::size;
use radiosonde_testkit::strict::{Format, parse};
use tower::ServiceExt as _;

/// A service of 50 routes.
fn service(sonde: &Sonde) -> Router {
    (0..50)
        .fold(Router::new(), |router, n| {
            router.route(&format!("/things{n}/{{id}}"), get(async || "a thing"))
        })
        .merge(sonde.router())
        .layer(sonde.layer())
        .with_state(())
}

async fn ask(app: &Router, method: &str, path: &str, headers: [(&str, &str); 2]) {
    let request = Request::builder().method(method).uri(path);
    let request = headers.into_iter().fold(request, |request, (name, value)| {
        request.header(name, value)
    });
    let request = request.body(Body::empty()).unwrap();
    let Ok(response) = app.clone().oneshot(request).await;
    axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
}

/// The label sets of every metric, without the bounds of buckets.
fn series(sonde: &Sonde) -> BTreeMap<String, BTreeSet<Vec<(String, String)>>> {
    let families = parse(Format::Text, &sonde.metrics().render()).unwrap();
    let families = families.into_iter().map(|family| {
        let samples = family.samples.into_iter().map(|sample| {
            let labels = sample.labels.into_iter().filter(|(name, _)| name != "le");
            labels.collect()
        });
        (family.name, samples.collect())
    });
    families.collect()
}

const USUAL: [(&str, &str); 2] = [("host", "shop.example"), ("user-agent", "client/1.0")];

#[tokio::test]
async fn a_hundred_thousand_strangers_make_four_series_at_most() {
    let sonde = radiosonde::build("checkout").unwrap().into_sonde();
    let app = service(&sonde);
    for n in 0..50 {
        ask(&app, "GET", &format!("/things{n}/1"), USUAL).await;
    }
    let before = series(&sonde);

    let strangers = size(1_000, 100_000);
    for n in 0..strangers {
        ask(&app, "GET", &format!("/{n:x}/admin.php?id={n}"), USUAL).await;
        ask(&app, &format!("M{n}"), "/things1/2", USUAL).await;
        let (host, agent) = (format!("{n}.example"), format!("agent/{n}"));
        ask(
            &app,
            "GET",
            &format!("/things2/{n}"),
            [("host", &host), USUAL[1]],
        )
        .await;
        ask(
            &app,
            "GET",
            "/things3/4",
            [USUAL[0], ("user-agent", &agent)],
        )
        .await;
    }

    let after = series(&sonde);
    for (metric, after) in &after {
        let before = before.get(metric).map_or(0, BTreeSet::len);
        let new = after.len() - before;
        assert!(new <= 4, "{metric} has {new} more series: {after:?}");
    }
    let requests = &after["http_requests_total"];
    assert_eq!(requests.len(), 50 + 2, "{requests:?}");
    let text = sonde.metrics().render();
    for (labels, count) in [
        (r#"method="GET",outcome="ok",status="404""#, strangers),
        (
            r#"method="_OTHER",outcome="ok",route="/things1/{id}",status="405""#,
            strangers,
        ),
        (
            r#"method="GET",outcome="ok",route="/things2/{id}",status="200""#,
            strangers + 1,
        ),
    ] {
        let line = format!("http_requests_total{{{labels}}} {count}\n");
        assert!(text.contains(&line), "{line}\n{text}");
    }
}
