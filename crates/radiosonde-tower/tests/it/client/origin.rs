//! A server on a port of its own, that does what the path says.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

/// A server for one test. It ends with the process.
pub(super) struct Origin {
    addr: SocketAddr,
    heads: mpsc::Receiver<String>,
}

impl Origin {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (send, heads) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let send = send.clone();
                std::thread::spawn(move || serve(&stream.unwrap(), &send));
            }
        });
        Self { addr, heads }
    }

    /// The address of a path, with credentials and a query that nobody may tell.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://user:secret@{}{path}?token=secret", self.addr)
    }

    /// The head of the next request that came.
    pub(super) fn head(&self) -> String {
        self.heads.recv_timeout(Duration::from_secs(10)).unwrap()
    }
}

/// The address of a port on which nobody listens.
pub(super) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

/// Answers the requests of one connection until a path says otherwise.
fn serve(mut stream: &TcpStream, heads: &mpsc::Sender<String>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    loop {
        let head: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let Some(path) = head.first().and_then(|line| line.split(['?', ' ']).nth(1)) else {
            return;
        };
        let path = path.to_owned();
        let _ = heads.send(head.join("\n"));
        let answer = match path.as_str() {
            "/ok" => "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
            "/chunked" => {
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            }
            "/empty" => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "/missing" => "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno",
            "/broken" => "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 5\r\n\r\nsorry",
            "/moved" => "HTTP/1.1 302 Found\r\nlocation: /ok\r\ncontent-length: 0\r\n\r\n",
            "/half" | "/slow" => "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello",
            _ => "",
        };
        let _ = stream.write_all(answer.as_bytes());
        match path.as_str() {
            // It hangs up: within the body, or before it has said anything.
            "/half" | "/gone" => return,
            // It says no more, until the client hangs up.
            "/slow" | "/hang" => return while lines.next().is_some() {},
            _ => {}
        }
    }
}
