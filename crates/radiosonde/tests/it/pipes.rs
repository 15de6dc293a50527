//! A server at the other end of a pipe, to compare with another one.

use std::future::pending;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Connections within the process. What a socket was sent before it was reset may be lost, and with it an answer to a
/// request that was not read to its end; these lose nothing, so that two servers can be compared.
struct Pipes(UnboundedReceiver<DuplexStream>);

impl Listener for Pipes {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (DuplexStream, ()) {
        match self.0.recv().await {
            Some(stream) => (stream, ()),
            None => pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A server at the other end of pipes.
pub(crate) struct Server(UnboundedSender<DuplexStream>);

impl Server {
    pub(crate) fn start(app: Router) -> Self {
        let (open, pipes) = unbounded_channel();
        tokio::spawn(axum::serve(Pipes(pipes), app).into_future());
        Self(open)
    }

    pub(crate) fn connect(&self) -> DuplexStream {
        // Wide enough for a request that nobody reads.
        let (here, there) = duplex(1 << 20);
        self.0.send(there).unwrap();
        here
    }

    /// Sends a request and reads until the server hangs up, if it does so in time.
    pub(crate) async fn answer(&self, request: &[u8]) -> Option<Answer> {
        let mut here = self.connect();
        let exchange = async {
            // A server that has refused the beginning need not read the rest.
            let _ = here.write_all(request).await;
            let mut answer = Vec::new();
            here.read_to_end(&mut answer).await.unwrap();
            Answer::of(&answer)
        };
        tokio::time::timeout(PATIENCE, exchange).await.ok()
    }
}

/// How long an answer may take. It is there to notice what hangs, on a machine that others use at the same time.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a server said before it hung up: nothing, or this line, with what followed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) line: String,
    pub(crate) rest: String,
}

impl Answer {
    fn of(bytes: &[u8]) -> Self {
        let text = bytes.escape_ascii().to_string();
        let mut lines = text.split("\\r\\n");
        let line = lines.next().unwrap_or_default().to_owned();
        // The clock, and what the layer was asked to add.
        let differs = |line: &&str| line.starts_with("date: ") || line.starts_with(ADDED);
        let rest: Vec<_> = lines.filter(|line| !differs(line)).collect();
        let rest = rest.join("\n");
        Self { line, rest }
    }
}

/// The header that the layer is asked to add.
pub(crate) const ADDED: &str = "x-trace-id";
