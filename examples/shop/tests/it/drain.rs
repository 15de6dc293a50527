//! A shutdown that nobody notices.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use radiosonde_testkit::eventually;
use radiosonde_testkit::service::Service;

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
    let asked = |more: u64| {
        let enough = count.asked.load(SeqCst) + more;
        eventually("requests", Duration::from_mins(1), || {
            (count.asked.load(SeqCst) >= enough).then_some(())
        });
    };
    asked(2_000);
    service.terminate();
    eventually("readiness to turn red", Duration::from_mins(1), || {
        let answer = service.get("/ready").ok()?;
        (answer.status == 503 && answer.text().contains("draining")).then_some(())
    });
    // Load balancers learn of it one after the other; until then requests come as before.
    asked(2_000);
    assert_eq!(service.get("/live").unwrap().status, 200);
    count.taken_out.store(true, SeqCst);
    for customer in customers {
        customer.join().unwrap();
    }
    // All are gone: the rest of the delay need not be waited for.
    service.terminate();
    assert!(service.wait(Duration::from_mins(1)).success());
    assert_eq!(count.failed.load(SeqCst), 0, "{count:?}");
}
