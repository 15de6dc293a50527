//! Methods and headers, the same on every endpoint.

use crate::client::Service;
use http::Method;

#[tokio::test(start_paused = true)]
async fn no_answer_is_cached_or_sniffed() {
    let service = Service::degraded();
    let errors = ["/health/other".to_owned(), "/health/%FF".to_owned()];
    for path in service.paths().into_iter().chain(errors) {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            for accept in ["*/*", "text/plain", "application/health+json"] {
                let answer = service.ask(method.clone(), &path, accept).await;
                assert_eq!(
                    answer.header("cache-control"),
                    "no-store",
                    "{method} {path}"
                );
                assert_eq!(
                    answer.header("x-content-type-options"),
                    "nosniff",
                    "{method} {path}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn head_answers_as_get_does_without_a_body() {
    let service = Service::degraded();
    for path in service.paths() {
        let (get, head) = (
            service.get(&path).await,
            service.ask(Method::HEAD, &path, "*/*").await,
        );
        assert_eq!(
            (head.status, head.body.as_str()),
            (get.status, ""),
            "{path}"
        );
        assert_eq!(head.header("content-type"), get.header("content-type"));
        assert!(head.headers.contains_key("content-length"), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn other_methods_are_not_allowed() {
    let service = Service::degraded();
    for path in service.paths() {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let answer = service.ask(method, &path, "*/*").await;
            assert_eq!(answer.status, 405, "{path}");
            assert_eq!(answer.header("allow"), "GET,HEAD", "{path}");
        }
    }
}
