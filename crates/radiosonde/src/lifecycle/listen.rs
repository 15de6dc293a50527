//! Listening, with room for those who come all at once.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, lookup_host};

/// Listens on the first address of this name that can be listened on, as [`TcpListener::bind`] does, and returns which it is.
///
/// More connections may wait to be accepted than that lets wait: beyond those the kernel answers nothing, and a client tries again
/// only a second later, which is as long as an orchestrator waits for a probe.
pub(super) async fn listen(address: &str) -> io::Result<(TcpListener, SocketAddr)> {
    let mut failure = io::Error::new(io::ErrorKind::InvalidInput, "it is no address");
    for address in lookup_host(address).await? {
        match listen_at(address) {
            Ok(listener) => {
                let local = listener.local_addr()?;
                return Ok((listener, local));
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn listen_at(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A service that was restarted finds its port still in use by connections that have ended. Windows means another thing.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}

/// How many connections may wait to be accepted; less where the system allows less.
const WAITING: u32 = 1024;

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    /// Nobody accepts here: a connection that finds no room waits in vain.
    #[tokio::test]
    async fn a_burst_of_connections_finds_room() {
        let (_listener, address) = listen("127.0.0.1:0").await.unwrap();
        let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        let allowed = allowed.trim().parse().unwrap();
        let mut burst = Vec::new();
        for n in 0..500.min(allowed) {
            let connection = TcpStream::connect_timeout(&address, Duration::from_secs(20));
            burst.push(connection.unwrap_or_else(|error| panic!("connection {n}: {error}")));
        }
    }

    #[tokio::test]
    async fn what_is_no_address_is_an_error() {
        for address in ["", "8080", "no name:80", "127.0.0.1:65536"] {
            assert!(listen(address).await.is_err(), "{address}");
        }
    }
}
