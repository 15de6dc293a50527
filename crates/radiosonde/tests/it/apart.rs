//! A service that serves itself, as the guide shows it, with a client of an event stream that does not end. In a process of its
//! own, which ends by signals.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use futures_util::stream::{self, Stream, StreamExt as _};
use radiosonde::Sonde;
use radiosonde_testkit::eventually;
use radiosonde_testkit::http::{self, RawConnection};
use radiosonde_testkit::service::Service;
use tokio::net::TcpListener;

use crate::child;

const SERVICES: [&str; 2] = ["a_service", "a_service_step_by_step"];

/// How long a machine that is busy may take for anything.
const PATIENCE: Duration = Duration::from_mins(1);

/// What no test waits for to its end.
const FOR_EVER: &str = "1h";

async fn events() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let first = Event::default().data("1");
    Sse::new(stream::iter([Ok(first)]).chain(stream::pending()))
}

/// Runs the child, which says where it listens.
#[expect(
    clippy::print_stdout,
    reason = "a child tells its parent where it listens"
)]
fn run(serve: impl AsyncFnOnce(&Sonde, TcpListener, Router) -> io::Result<()>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let sonde = radiosonde::init("checkout").unwrap();
        let admin = tokio::spawn({
            let sonde = sonde.clone();
            async move { sonde.serve_admin().await }
        });
        let app = Router::new()
            .route("/events", get(events))
            .merge(sonde.router())
            .layer(sonde.layer());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening on http://{}", listener.local_addr().unwrap());
        serve(&sonde, listener, app).await.unwrap();
        sonde.shutdown(Duration::from_secs(3)).await;
        admin.abort();
    });
}

/// No test, but what those below start: by itself it serves nothing.
#[test]
fn a_service() {
    if child::is_child() {
        run(async |sonde, listener, app| {
            let server = axum::serve(sonde.listener(listener), app);
            tokio::select! {
                ended = server.with_graceful_shutdown(sonde.shutdown_signal()) => ended,
                () = sonde.drain_deadline() => Ok(()),
            }
        });
    }
}

/// The same, of a service that goes one step after the other, and asks for the deadline when it drains.
#[test]
fn a_service_step_by_step() {
    if child::is_child() {
        run(async |sonde, listener, app| {
            let (close, closed) = tokio::sync::oneshot::channel::<()>();
            let server = axum::serve(listener, app).with_graceful_shutdown(async {
                closed.await.unwrap();
            });
            let mut server = tokio::spawn(server.into_future());
            sonde.shutdown_signal().await;
            close.send(()).unwrap();
            tokio::select! {
                ended = &mut server => ended.unwrap(),
                () = sonde.drain_deadline() => Ok(()),
            }
        });
    }
}

/// A service with these times, and a client that hears its events.
fn listened_to(name: &str, drain_delay: &str, drain_timeout: &str) -> (Service, RawConnection) {
    let variables = [
        ("RADIOSONDE_ADMIN_ADDR", "0"),
        ("RADIOSONDE_DRAIN_DELAY", drain_delay),
        ("RADIOSONDE_DRAIN_TIMEOUT", drain_timeout),
    ];
    let service = Service::start(&child::command(&format!("apart::{name}"), &variables));
    let mut client = RawConnection::open(service.addr()).unwrap();
    client.send_head("GET", "/events", &[]).unwrap();
    client.read_head().unwrap();
    (service, client)
}

/// Sends a signal, and waits until that was noticed.
fn terminate_and_drain(service: &mut Service) {
    let admin = service.admin_addr();
    service.terminate();
    eventually("readiness to turn red", PATIENCE, || {
        let ready = http::get(admin, "/ready", &[]).unwrap();
        (ready.status == 503).then_some(())
    });
}

/// Waits until no more is accepted.
fn refuses(service: &Service) {
    eventually("the end of the drain delay", PATIENCE, || {
        service.get("/live").is_err().then_some(())
    });
}

#[track_caller]
fn assert_ends(mut service: Service) {
    let status = service.wait(PATIENCE);
    assert!(status.success(), "{status}");
}

#[test]
fn a_stream_does_not_keep_it_beyond_the_drain_timeout() {
    for name in SERVICES {
        let (mut service, _client) = listened_to(name, "100ms", "100ms");
        service.terminate();
        assert_ends(service);
    }
}

#[test]
fn the_second_signal_skips_the_delay_and_the_third_the_timeout() {
    for name in SERVICES {
        let (mut service, _client) = listened_to(name, FOR_EVER, FOR_EVER);
        terminate_and_drain(&mut service);
        assert_eq!(service.get("/live").unwrap().status, 200);

        service.terminate();
        refuses(&service);
        // Administrators are answered to the end.
        let admin = service.admin_addr();
        assert_eq!(http::get(admin, "/live", &[]).unwrap().status, 200);
        assert_eq!(http::get(admin, "/ready", &[]).unwrap().status, 503);

        service.terminate();
        assert_ends(service);
    }
}

#[test]
fn when_its_streams_end_it_does() {
    for name in SERVICES {
        let (mut service, client) = listened_to(name, FOR_EVER, FOR_EVER);
        terminate_and_drain(&mut service);
        service.terminate();
        refuses(&service);
        drop(client);
        assert_ends(service);
    }
}
