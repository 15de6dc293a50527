//! Clients: one of handlers that panic, and a neighbour of it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::FutureExt as _;
use radiosonde_testkit::http;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use super::child_of::{FEW, panics};
use super::times::{Began, Took};
use crate::hanging::runtime;

/// Has two clients ask, one for what panics, over a connection for each, and one for what does not.
pub(super) fn ask_over_sockets(app: Router) -> (Vec<Took>, Vec<Took>) {
    let runtime = runtime();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    // Serves for as long as the process lasts.
    std::thread::spawn(move || runtime.block_on(async { axum::serve(listener, app).await }));
    let ended = AtomicBool::new(false);
    let measured = |work: &mut dyn FnMut()| {
        let began = Began::now();
        work();
        // Who waits for an answer leaves the processor.
        let disturbed = false;
        Took {
            disturbed,
            ..began.took()
        }
    };
    let fail = || {
        let mut ask = || assert!(http::get(address, "/panic", &[]).is_err());
        let times: Vec<_> = (0..panics()).map(|_| measured(&mut ask)).collect();
        ended.store(true, Relaxed);
        times
    };
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_nodelay(true).unwrap();
    let mut ask = || {
        let mut answer = [0; 1_024];
        let request = b"GET /ok HTTP/1.1\r\nhost: shop\r\n\r\n";
        connection.write_all(request).unwrap();
        let read = connection.read(&mut answer).unwrap();
        assert!(answer[..read].ends_with(b"ok"));
    };
    (0..FEW).for_each(|_| ask());
    std::thread::scope(|scope| {
        let failing = scope.spawn(fail);
        let mut times = Vec::new();
        while !ended.load(Relaxed) || times.is_empty() {
            times.push(measured(&mut ask));
        }
        (failing.join().unwrap(), times)
    })
}

/// Asks for what panics and for what does not, in two tasks: each on a worker of its own where there are two, and one after the other
/// where there is one.
pub(super) async fn ask_for_both(app: Router) -> (Vec<Took>, Vec<Took>) {
    // What is made once is no part of it.
    for _ in 0..FEW {
        ask(&app, "/ok").await;
    }
    let ends = Arc::new(AtomicBool::new(false));
    let (panics_app, panics_end) = (app.clone(), Arc::clone(&ends));
    let panicking = tokio::spawn(async move {
        let mut times = Vec::new();
        for _ in 0..panics() {
            let (status, took) = ask(&panics_app, "/panic").await;
            assert_eq!(status, None);
            times.push(took);
            tokio::task::yield_now().await;
        }
        panics_end.store(true, Relaxed);
        times
    });
    let neighbours = tokio::spawn(async move {
        let mut times = Vec::new();
        while !ends.load(Relaxed) || times.is_empty() {
            let (status, took) = ask(&app, "/ok").await;
            assert_eq!(status, Some(StatusCode::OK));
            times.push(took);
            tokio::task::yield_now().await;
        }
        times
    });
    (panicking.await.unwrap(), neighbours.await.unwrap())
}

/// Asks for a path, and returns the status, unless the handler panicked, and how long that took. All of it is done at once, by one
/// thread.
async fn ask(app: &Router, path: &str) -> (Option<StatusCode>, Took) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let began = Began::now();
    let answer = AssertUnwindSafe(app.clone().oneshot(request))
        .catch_unwind()
        .await;
    let status = answer.ok().map(|response| response.unwrap().status());
    (status, began.took())
}
