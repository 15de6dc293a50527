//! A node that answers what a real one was recorded to answer, under the number of the request; and can be killed, revived and silent.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::recording::{ERROR, Frame, QUERY, Recording, read_frame};

pub(super) struct Node {
    addr: SocketAddr,
    /// Kept while it is dead, so that nobody else gets its port.
    listener: Arc<TcpListener>,
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    is_silent: AtomicBool,
    /// What it says; a later one comes before those under it.
    recordings: Mutex<Vec<Recording>>,
    last_query: Mutex<Vec<u8>>,
    connections: AtomicUsize,
}

impl Node {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut node = Self {
            addr: listener.local_addr().unwrap(),
            listener: Arc::new(listener),
            shared: Arc::default(),
            tasks: JoinSet::new(),
        };
        node.answer_as("well");
        node.live();
        node
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) fn last_query(&self) -> String {
        let query = self.shared.last_query.lock().unwrap().clone();
        String::from_utf8(query).unwrap()
    }

    pub(super) fn connections(&self) -> usize {
        self.shared.connections.load(SeqCst)
    }

    /// Answers from now on as this was recorded, and all else as before.
    pub(super) fn answer_as(&self, title: &str) {
        let mut recordings = self.shared.recordings.lock().unwrap();
        recordings.push(Recording::load(title));
    }

    /// Takes what comes and answers nothing.
    pub(super) fn be_silent(&self) {
        self.shared.is_silent.store(true, SeqCst);
    }

    pub(super) fn speak(&self) {
        self.shared.is_silent.store(false, SeqCst);
    }

    /// Ends every connection, and those that come as soon as they do.
    pub(super) fn kill(&mut self) {
        self.tasks = JoinSet::new();
        let listener = Arc::clone(&self.listener);
        self.tasks
            .spawn(async move { while listener.accept().await.is_ok() {} });
    }

    pub(super) fn revive(&mut self) {
        self.tasks = JoinSet::new();
        self.live();
    }

    fn live(&mut self) {
        let (listener, shared) = (Arc::clone(&self.listener), Arc::clone(&self.shared));
        self.tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(converse(stream, Arc::clone(&shared)));
            }
        });
    }
}

/// Answers one connection until it ends.
async fn converse(mut stream: TcpStream, shared: Arc<Shared>) {
    let _open = Open::new(&shared);
    while let Some((head, body)) = read_frame(&mut stream).await {
        if shared.is_silent.load(SeqCst) {
            continue;
        }
        let [_, _, number_high, number_low, opcode, ..] = head;
        let request = Frame::request(opcode, &body);
        let answer = shared.answer(&request);
        if opcode == QUERY {
            *shared.last_query.lock().unwrap() = request.body;
        }
        let length = u32::try_from(answer.body.len()).unwrap().to_be_bytes();
        let head = [0x84, 0, number_high, number_low, answer.opcode];
        let frame = [&head[..], &length, &answer.body].concat();
        if stream.write_all(&frame).await.is_err() {
            return;
        }
    }
}

/// Counts itself.
struct Open<'a>(&'a Shared);

impl<'a> Open<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.connections.fetch_add(1, SeqCst);
        Self(shared)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, SeqCst);
    }
}

impl Shared {
    fn answer(&self, request: &Frame) -> Frame {
        let recordings = self.recordings.lock().unwrap();
        let mut latest_first = recordings.iter().rev();
        let answer = latest_first.find_map(|recording| recording.answer(request));
        answer.cloned().unwrap_or_else(|| not_recorded(request))
    }
}

/// A request that is invalid, as a driver must expect of what it asks a node of another version.
fn not_recorded(request: &Frame) -> Frame {
    let invalid = [0, 0, 0x22, 0];
    let said = format!("not recorded: {}", request.body.escape_ascii());
    let length = u16::try_from(said.len()).unwrap().to_be_bytes();
    let body = [&invalid[..], &length, said.as_bytes()].concat();
    Frame::new(ERROR, body)
}
