//! A shutdown that nobody notices.
//!
//! At full size it lasts as many seconds as it does tenths of them otherwise, and is held to its figures, which it prints in any case.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use radiosonde_testkit::service::Service;
use radiosonde_testkit::{FULL_SIZE, eventually, size};

use crate::shop;

/// A customer who keeps a connection.
struct Customer(BufReader<TcpStream>);

impl Customer {
    fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Asks for an order that is not there, and returns the status.
    fn ask(&mut self) -> io::Result<u16> {
        let request = b"GET /orders/1 HTTP/1.1\r\nhost: shop\r\n\r\n";
        self.0.get_mut().write_all(request)?;
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap_or_default();
            } else if let Some(rest) = line.strip_prefix("content-length: ") {
                length = rest.parse().unwrap_or_default();
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(status)
    }
}

/// What the customers of a load balancer met.
#[derive(Debug, Default)]
struct Count {
    asked: AtomicU64,
    failed: AtomicU64,
    /// Set by the load balancer once it has seen the end coming: it sends nobody there any more.
    taken_out: AtomicBool,
}

#[test]
fn sigterm_under_load_fails_no_request() {
    const CUSTOMERS: u32 = 8;
    /// Together they ask 2 000 times a second, as far as the machine lets them.
    const PAUSE: Duration = Duration::from_millis(4);
    let enough = u64::try_from(size(2_000, 20_000)).unwrap();

    let mut command = shop();
    command.env("RADIOSONDE_DRAIN_DELAY", "60s");
    let mut service = Service::start(&command);
    let address = service.addr();
    let ready = || {
        service
            .get("/ready")
            .is_ok_and(|answer| answer.status == 200)
    };
    eventually("readiness", Duration::from_mins(1), || {
        ready().then_some(())
    });

    let count = Arc::new(Count::default());
    let customers: Vec<_> = (0..CUSTOMERS)
        .map(|_| {
            let count = Arc::clone(&count);
            thread::spawn(move || {
                let mut customer = Customer::connect(address).unwrap();
                let mut next = Instant::now();
                while !count.taken_out.load(SeqCst) {
                    let answer = customer.ask();
                    count.asked.fetch_add(1, SeqCst);
                    if !matches!(answer, Ok(404)) {
                        count.failed.fetch_add(1, SeqCst);
                        customer = Customer::connect(address).unwrap();
                    }
                    next += PAUSE;
                    thread::sleep(next.saturating_duration_since(Instant::now()));
                }
            })
        })
        .collect();
    // Waits until so many more have come, and returns how many came in a second.
    let asked = |more: u64| {
        let (before, began) = (count.asked.load(SeqCst), Instant::now());
        eventually("requests", Duration::from_mins(5), || {
            let more = (count.asked.load(SeqCst) - before >= more).then_some(());
            more.map(|()| rate(count.asked.load(SeqCst) - before, began))
        })
    };
    let reached = asked(enough);
    let signalled = Instant::now();
    service.terminate();
    let red = loop {
        // One that a busy machine did not answer is asked for again.
        let answer = service.get("/ready");
        if answer.is_ok_and(|answer| answer.status == 503 && answer.text().contains("draining")) {
            break signalled.elapsed();
        }
        assert!(signalled.elapsed() < Duration::from_mins(1), "still ready");
        thread::sleep(Duration::from_millis(1));
    };
    // Load balancers learn of it one after the other; until then requests come as before.
    let reached_draining = asked(enough);
    assert_eq!(service.get("/live").unwrap().status, 200);
    count.taken_out.store(true, SeqCst);
    for customer in customers {
        customer.join().unwrap();
    }
    // All are gone: the rest of the delay need not be waited for.
    service.terminate();
    assert!(service.wait(Duration::from_mins(1)).success());
    assert_eq!(count.failed.load(SeqCst), 0, "{count:?}");
    println!(
        "{reached:.0} requests a second before SIGTERM, {reached_draining:.0} after; not ready {red:?} after it was sent"
    );
    // Elsewhere the machine may be busy with other tests.
    if size(0, 1) == 1 {
        assert!(red <= Duration::from_millis(50), "{red:?}");
        assert!(
            reached.min(reached_draining) >= 1_950.0,
            "too slow a machine for {FULL_SIZE}"
        );
    }
}

/// How many there were in a second.
#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
fn rate(count: u64, since: Instant) -> f64 {
    count as f64 / since.elapsed().as_secs_f64()
}
