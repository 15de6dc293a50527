//! Probes over sockets, many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use radiosonde::health::Check;
use radiosonde_testkit::http::RawConnection;
use tokio::runtime::Builder;
use tokio::sync::Semaphore;

#[test]
fn a_thousand_probes_over_sockets_are_one_check() {
    let (calls, answers) = (Arc::<AtomicUsize>::default(), Arc::new(Semaphore::new(0)));
    let database = {
        let (calls, answers) = (Arc::clone(&calls), Arc::clone(&answers));
        Check::new("database", move || {
            calls.fetch_add(1, Ordering::SeqCst);
            let answers = Arc::clone(&answers);
            async move { Ok(answers.acquire().await.map(drop)?) }
        })
    };
    // Time must not decide anything here, however slow the machine is.
    let hour = Duration::from_hours(1);
    let database = database.critical().interval(hour).timeout(hour);

    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().unwrap();
    let address = runtime.block_on(async {
        let sonde = radiosonde::build("checkout").unwrap().into_sonde();
        sonde.health().register(database).unwrap();
        let server = sonde.bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr();
        tokio::spawn(server.serve(Router::new().merge(sonde.router())));
        address
    });

    let probes: Vec<_> = (0..affordable(1_000))
        .map(|_| {
            let mut probe = RawConnection::open(address).unwrap();
            probe.send_head("GET", "/ready", &[]).unwrap();
            probe
        })
        .collect();
    // All of them have asked before anybody knows.
    answers.add_permits(1);
    for mut probe in probes {
        assert_eq!(probe.read_response().unwrap().status, 200);
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

/// Returns how many connections, of so many, this process may have both ends of.
fn affordable(connections: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let files = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    // Without a limit that can be read, it is that of a shell as it comes.
    let files: usize = files.unwrap_or(256);
    connections.min(files.saturating_sub(100) / 2)
}
