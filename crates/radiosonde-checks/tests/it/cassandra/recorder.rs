//! Writes down what a node answers: a relay between the driver and it, whose text is what `recorded/cassandra.txt` has.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::recording::{Frame, Recording, read_frame};

pub(super) struct Recorder {
    addr: SocketAddr,
    recording: Arc<Mutex<Recording>>,
    _task: JoinSet<()>,
}

impl Recorder {
    pub(super) async fn before(node: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let recording = Arc::<Mutex<Recording>>::default();
        let into = Arc::clone(&recording);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((driver, _)) = listener.accept().await {
                let node = TcpStream::connect(&node).await.unwrap();
                connections.spawn(relay(driver, node, Arc::clone(&into)));
            }
        });
        Self {
            addr,
            recording,
            _task: task,
        }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) fn recording(&self) -> Recording {
        self.recording.lock().unwrap().clone()
    }
}

/// Passes frames on in both directions until either side ends.
async fn relay(mut driver: TcpStream, mut node: TcpStream, recording: Arc<Mutex<Recording>>) {
    let (mut requests, mut to_driver) = driver.split();
    let (mut answers, mut to_node) = node.split();
    let asked = Mutex::new(HashMap::new());
    let forth = async {
        while let Some((head, body)) = read_frame(&mut requests).await {
            let request = Frame::request(head[4], &body);
            asked.lock().unwrap().insert(number(head), request);
            to_node.write_all(&[&head, &body[..]].concat()).await.ok();
        }
    };
    let back = async {
        while let Some((head, body)) = read_frame(&mut answers).await {
            // What the node says by itself has no request.
            let request = asked.lock().unwrap().remove(&number(head));
            if let Some(request) = request {
                let answer = Frame::new(head[4], body.clone());
                recording.lock().unwrap().add(request, answer);
            }
            to_driver.write_all(&[&head, &body[..]].concat()).await.ok();
        }
    };
    tokio::select! {
        () = forth => {}
        () = back => {}
    }
}

/// The number that a request and its answer have in common.
fn number(head: [u8; 9]) -> [u8; 2] {
    [head[2], head[3]]
}
