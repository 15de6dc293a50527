//! Serving, with clients and handlers that do not play by the rules. Each in a process of its own, which ends by a signal.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use radiosonde::Config;
use radiosonde_testkit::fault::{FaultCollector, Mode};

use crate::child::{self, printed};

fn end_this_process() {
    let kill = format!("kill -TERM {}", std::process::id());
    assert!(
        std::process::Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
}

/// Connects and sends a request without waiting for an answer.
fn ask(address: std::net::SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    stream
}

#[test]
fn a_handler_that_blocks_its_thread_does_not_keep_the_telemetry() {
    if !child::is_child() {
        let collector = FaultCollector::start(Mode::status(200));
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.endpoint()),
            ("OTEL_BSP_SCHEDULE_DELAY", "60000"),
        ];
        let name = "serve::a_handler_that_blocks_its_thread_does_not_keep_the_telemetry";
        printed(&child::run(name, &variables));
        let sent = collector.requests();
        let holds = |body: &[u8]| {
            body.windows(8)
                .any(|part| part == b"GET /ok\"" || part.starts_with(b"GET /ok"))
        };
        assert!(
            sent.iter().any(|request| holds(&request.body)),
            "the span of the other request was not sent"
        );
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let config = Config::new("checkout").drain_timeout(Duration::from_millis(50));
        let sonde = radiosonde::init(config).unwrap();
        let (blocking, is_blocking) = tokio::sync::oneshot::channel();
        let blocking = std::sync::Mutex::new(Some(blocking));
        let block = move || {
            let blocking = blocking.lock().unwrap().take();
            async move {
                blocking.map(|blocking| blocking.send(()));
                std::thread::park();
            }
        };
        let block = std::sync::Arc::new(block);
        let app = Router::new()
            .route("/ok", get(async || "ok"))
            .route("/block", get(move || block()))
            .layer(sonde.layer());
        let server = sonde.bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr();
        let client = async {
            let _ok = ask(address, "/ok");
            let _blocked = ask(address, "/block");
            is_blocking.await.unwrap();
            end_this_process();
            std::future::pending::<()>().await;
        };
        let before = Instant::now();
        tokio::select! {
            () = server.serve(app) => {}
            () = client => {}
        }
        assert!(
            before.elapsed() < Duration::from_secs(20),
            "it waited for the handler"
        );
    });
    // The handler parks for ever; so would the end of its runtime.
    std::process::exit(0);
}
