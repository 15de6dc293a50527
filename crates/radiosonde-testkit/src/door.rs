//! A port that can be opened and closed, and is nobody else's meanwhile.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// A port on the loopback address. It is closed until it is opened.
#[derive(Debug)]
pub(crate) struct Door {
    addr: SocketAddr,
    /// Is bound and never listens, so that the port stays ours while it is closed.
    _holder: Socket,
    now: Now,
}

#[derive(Debug)]
enum Now {
    Closed,
    /// Nobody accepts, and the queue of those who wait is full.
    Blocked {
        _socket: Socket,
        _waiting: Vec<TcpStream>,
    },
    Open {
        acceptor: JoinHandle<()>,
        stopping: Arc<AtomicBool>,
    },
}

impl Door {
    pub(crate) fn new() -> io::Result<Self> {
        let holder = bound((Ipv4Addr::LOCALHOST, 0).into())?;
        let addr = holder.local_addr()?.as_socket();
        Ok(Self {
            addr: addr.ok_or(io::ErrorKind::AddrNotAvailable)?,
            _holder: holder,
            now: Now::Closed,
        })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Accepts connections, each on a thread of its own.
    pub(crate) fn open(
        &mut self,
        serve: impl Fn(TcpStream) + Clone + Send + 'static,
    ) -> io::Result<()> {
        if matches!(self.now, Now::Open { .. }) {
            return Ok(());
        }
        self.close();
        let socket = bound(self.addr)?;
        socket.listen(128)?;
        let listener = TcpListener::from(socket);
        let stopping = Arc::new(AtomicBool::new(false));
        let stops = stopping.clone();
        let accept = move || {
            for connection in listener.incoming() {
                if stops.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(connection) = connection else { continue };
                let serve = serve.clone();
                thread::spawn(move || serve(connection));
            }
        };
        let acceptor = thread::spawn(accept);
        self.now = Now::Open { acceptor, stopping };
        Ok(())
    }

    /// Lets connections hang before they are made.
    pub(crate) fn block(&mut self) -> io::Result<()> {
        self.close();
        let socket = bound(self.addr)?;
        socket.listen(0)?;
        let connect = || TcpStream::connect_timeout(&self.addr, A_MOMENT).ok();
        let waiting = std::iter::from_fn(connect).take(MOST_WAITING).collect();
        self.now = Now::Blocked {
            _socket: socket,
            _waiting: waiting,
        };
        Ok(())
    }

    /// Refuses connections from now on. Those that were accepted stay.
    pub(crate) fn close(&mut self) {
        if let Now::Open { acceptor, stopping } = std::mem::replace(&mut self.now, Now::Closed) {
            stopping.store(true, Ordering::SeqCst);
            // The acceptor sits in `accept`: a connection wakes it.
            if TcpStream::connect(self.addr).is_ok() {
                acceptor.join().ok();
            }
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.close();
    }
}

fn bound(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.bind(&addr.into())?;
    Ok(socket)
}

/// How long a connection takes at most that is not dropped.
const A_MOMENT: Duration = Duration::from_millis(200);

/// A queue that takes more than this takes all.
const MOST_WAITING: usize = 16;
