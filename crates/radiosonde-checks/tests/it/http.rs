//! Checks over HTTP, against a server of ours that says what it is told: of Gremlin Server what was recorded, or has the form that
//! documentation shows. `servers.rs` asks a ClickHouse itself.

use radiosonde_checks::{clickhouse, gremlin, http};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use reqwest::{Client, Url};

use crate::{error, recorded, run};

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

/// A server that answers as a real one did.
fn gremlin_server(title: &str) -> (FaultCollector, Url) {
    let answer = recorded::section(include_str!("recorded/gremlin.txt"), title);
    let (head, body) = answer.split_once("\n\n").unwrap_or((answer, ""));
    let head = head.trim_end().replace('\n', "\r\n");
    let answer = format!("{head}\r\n\r\n{}", body.trim_end());
    server(Mode::verbatim(answer))
}

#[tokio::test]
async fn gremlin_server_passes_whatever_its_graphson() {
    for title in [
        "Gremlin Server 3.5.1 with GraphSON 3",
        "Gremlin Server 3.5.1 with GraphSON 2",
        "Gremlin Server 3.5.1 with GraphSON 1",
        "JanusGraph 0.2.0",
    ] {
        let (asked, url) = gremlin_server(title);
        let report = run(gremlin::check("graph", &Client::new(), url)).await;
        assert!(report.is_passing(), "{title}: {report:?}");
        let requests = asked.requests();
        assert_eq!(requests[0].body, br#"{"gremlin":"1"}"#);
        assert_eq!(requests[0].header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn a_password_in_the_address_reaches_gremlin_server() {
    let (asked, mut url) = gremlin_server("Gremlin Server 3.5.1 with the password");
    url.set_username("checkout").unwrap();
    url.set_password(Some("hunter2")).unwrap();
    let report = run(gremlin::check("graph", &Client::new(), url)).await;
    assert!(report.is_passing(), "{report:?}");
    // What the real one was sent.
    let sent = "Basic Y2hlY2tvdXQ6aHVudGVyMg==";
    assert_eq!(asked.requests()[0].header("authorization"), Some(sent));
}

#[tokio::test]
async fn gremlin_server_fails_by_the_status_of_http() {
    for (title, said) in [
        ("without the password", "401 Unauthorized"),
        ("for WebSocket alone", "403 Forbidden"),
        ("too busy", "500 Internal Server Error"),
        ("without a language", "500 Internal Server Error"),
    ] {
        let title = format!("Gremlin Server 3.5.1 {title}");
        let (_server, url) = gremlin_server(&title);
        let error = error(gremlin::check("graph", &Client::new(), url)).await;
        assert_eq!(error, format!("the answer is {said}"), "{title}");
    }
}

/// What servers of other versions say to the number 1, each in the form that its project shows; the words are ours.
const GREMLIN_ANSWERS: &[&str] = &[
    // HugeGraph: <https://hugegraph.apache.org/docs/clients/restful-api/gremlin/>.
    r#"{"requestId":"0c1f30a5-5fb1-4d4f-93ba-5a26f2a87b1e","status":{"message":"","code":200,"attributes":{}},"result":{"data":[1],"meta":{}}}"#,
    // Version 4, without types and with them: <https://www.mail-archive.com/dev@tinkerpop.apache.org/msg27545.html>.
    r#"{"result":{"data":[1]},"status":{"code":200,"message":"OK"}}"#,
    r#"{"result":{"data":{"@type":"g:List","@value":[{"@type":"g:Int32","@value":1}]}},"status":{"code":{"@type":"g:Int32","@value":200}}}"#,
];

#[tokio::test]
async fn gremlin_may_fail_behind_a_head_that_says_200() {
    let client = Client::new();
    for answer in GREMLIN_ANSWERS {
        let (asked, url) = server(Mode::answer("application/json", *answer));
        let report = run(gremlin::check("graph", &client, url)).await;
        assert!(report.is_passing(), "{answer}: {report:?}");
        assert_eq!(asked.requests()[0].body, br#"{"gremlin":"1"}"#);

        // A script that failed, or took too long, behind a head that says 200.
        let ill = answer.replace("200", "597");
        let (_ill, url) = server(Mode::answer("application/json", ill));
        let said = error(gremlin::check("graph", &client, url)).await;
        assert_eq!(said, "the answer is 597", "{answer}");
    }
    // As GraphScope fails: <https://github.com/alibaba/GraphScope/pull/4394>.
    let failed = r#"{"requestId":"5f1d4bd0-9f0e-4d83-bb1c-6a5b2e0a9d53","status":{"message":"no such table","code":500,"attributes":{"@type":"g:Map","@value":[]}},"result":{"data":null,"meta":{"@type":"g:Map","@value":[]}}}"#;
    let (_failed, url) = server(Mode::answer("application/json", failed));
    let said = error(gremlin::check("graph", &client, url)).await;
    assert_eq!(said, "the answer is 500");
    for other in ["{}", "", "1", r#"{"status":{"code":"200"}}"#] {
        let (_other, url) = server(Mode::answer("application/json", other));
        let said = error(gremlin::check("graph", &client, url)).await;
        assert!(!said.is_empty());
    }
}

#[tokio::test]
#[ignore = "needs a server: RADIOSONDE_TEST_GREMLIN=http://127.0.0.1:8182/gremlin"]
async fn a_gremlin_server_of_yours_passes() {
    let url = std::env::var("RADIOSONDE_TEST_GREMLIN").unwrap();
    let check = gremlin::check("graph", &Client::new(), url.parse().unwrap());
    let report = run(check).await;
    assert!(report.is_passing(), "{report:?}");
}
