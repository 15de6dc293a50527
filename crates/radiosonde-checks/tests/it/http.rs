//! Checks over HTTP. What ClickHouse and Gremlin Server say is what their documentation shows.

use radiosonde_checks::{clickhouse, gremlin, http};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use reqwest::{Client, Url};

use crate::{error, run};

/// A server that answers everything like this.
fn server(mode: Mode) -> (FaultCollector, Url) {
    let server = FaultCollector::start(mode);
    let url = server.endpoint().parse().unwrap();
    (server, url)
}

#[tokio::test]
async fn success_passes_and_everything_else_fails() {
    let client = Client::new();
    for status in [200, 204] {
        let (_server, url) = server(Mode::status(status));
        assert!(run(http::check("stock", &client, url)).await.is_passing());
    }
    for status in [404, 500, 503] {
        let (_server, url) = server(Mode::status(status));
        let said = error(http::check("stock", &client, url)).await;
        assert!(said.contains(&status.to_string()), "{said}");
    }
    let (_server, url) = server(Mode::Refuse);
    assert!(!error(http::check("stock", &client, url)).await.is_empty());
}

#[tokio::test]
async fn the_password_of_an_address_is_not_told() {
    let (_server, mut url) = server(Mode::Refuse);
    url.set_username("checkout").unwrap();
    url.set_password(Some("hunter2")).unwrap();
    let said = error(http::check("stock", &Client::new(), url)).await;
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn clickhouse_says_ok() {
    let client = Client::new();
    let (asked, url) = server(Mode::answer("text/html; charset=UTF-8", *b"Ok.\n"));
    assert!(
        run(clickhouse::check("events", &client, url))
            .await
            .is_passing()
    );
    let requests = asked.requests();
    assert!(requests[0].request_line.starts_with("GET /ping HTTP"));

    let (_other, url) = server(Mode::answer("text/html", *b"<h1>Welcome</h1>"));
    let said = error(clickhouse::check("events", &client, url)).await;
    assert_eq!(said, "the answer is not that of ClickHouse");
}

#[tokio::test]
async fn gremlin_server_says_two_hundred_within() {
    const ANSWER: &str = r#"{"requestId":"d25acaf6-1ff2-4c5d-9f70-20e2a2bd1fb3","status":{"message":"","code":200,"attributes":{"@type":"g:Map","@value":[]}},"result":{"data":{"@type":"g:List","@value":[{"@type":"g:Int32","@value":1}]},"meta":{"@type":"g:Map","@value":[]}}}"#;
    let client = Client::new();
    let (asked, url) = server(Mode::answer("application/json", ANSWER));
    assert!(
        run(gremlin::check("graph", &client, url))
            .await
            .is_passing()
    );
    assert_eq!(asked.requests()[0].body, br#"{"gremlin":"1"}"#);

    let (_ill, url) = server(Mode::answer(
        "application/json",
        ANSWER.replace("200", "597"),
    ));
    assert_eq!(
        error(gremlin::check("graph", &client, url)).await,
        "the answer is 597"
    );
    for other in ["{}", "", "1"] {
        let (_other, url) = server(Mode::answer("application/json", other));
        assert!(
            !error(gremlin::check("graph", &client, url))
                .await
                .is_empty()
        );
    }
}
