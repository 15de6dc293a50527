//! The end of a process that has reports to send.

use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::http;

use super::child_of::{beside, is_measured, runtime};
use crate::child;

#[test]
fn a_process_that_has_reports_to_send_ends_in_time() {
    let name = "errors::hanging::ending::a_process_that_has_reports_to_send_ends_in_time";
    if !child::is_child() {
        for flavour in 0..3 {
            let collector = FaultCollector::start(Mode::Hang);
            let before = Instant::now();
            let text = beside(Some(&collector), name, flavour, &[]);
            // A machine that is busy takes its time, and a hang takes for ever.
            let budget = Duration::from_secs(if is_measured() { 5 } else { 40 });
            let took = before.elapsed();
            assert!(took < budget, "{took:?}");
            let figure = text.lines().find(|line| line.contains(" took "));
            println!("Sentry hangs: {}", figure.unwrap());
            assert!(!collector.requests().is_empty(), "nothing was on its way");
        }
        return;
    }
    std::panic::set_hook(Box::new(|_| {}));
    runtime().block_on(async {
        let sonde = radiosonde::init("checkout").unwrap();
        let app = Router::new()
            .route("/fail", get(async || StatusCode::INTERNAL_SERVER_ERROR))
            .layer(sonde.layer());
        let server = sonde.bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr();
        let client = std::thread::spawn(move || {
            for _ in 0..40 {
                let response = http::get(address, "/fail", &[]).unwrap();
                assert_eq!(response.status, 500);
            }
            let terminated = Instant::now();
            let kill = format!("kill -TERM {}", std::process::id());
            let status = std::process::Command::new("sh")
                .args(["-c", &kill])
                .status();
            assert!(status.unwrap().success());
            terminated
        });
        server.serve(app).await;
        println!("\nending took {:?}", client.join().unwrap().elapsed());
    });
}
