//! Requests, one after the other, and how long they took.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use radiosonde_testkit::http::RawConnection;

/// How long requests took, shortest first, and how many failed.
#[derive(Debug)]
pub(crate) struct Load {
    took: Vec<Duration>,
    failed: usize,
}

/// Asks for an order again and again, over one connection.
pub(crate) fn run(address: SocketAddr, during: Duration) -> Load {
    let (mut took, mut failed) = (Vec::new(), 0);
    let mut connection = None;
    let end = Instant::now() + during;
    while Instant::now() < end {
        let begin = Instant::now();
        if ask(address, &mut connection).is_some() {
            took.push(begin.elapsed());
        } else {
            failed += 1;
        }
    }
    took.sort_unstable();
    Load { took, failed }
}

fn ask(address: SocketAddr, connection: &mut Option<RawConnection>) -> Option<()> {
    let mut open = match connection.take() {
        Some(open) => open,
        None => RawConnection::open(address).ok()?,
    };
    open.send_head("GET", "/orders/7", &[]).ok()?;
    let response = open.read_response().ok()?;
    *connection = Some(open);
    (response.status == 200).then_some(())
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { took, failed } = self;
        let percentile = |percent: usize| {
            let place = (took.len() * percent / 100).min(took.len().saturating_sub(1));
            took.get(place).copied().unwrap_or_default()
        };
        let (median, slow) = (percentile(50).as_micros(), percentile(99).as_micros());
        write!(
            f,
            "{:>10} {failed:>10} {median:>7} µs {slow:>7} µs",
            took.len()
        )
    }
}
