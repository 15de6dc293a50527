//! One node of a cluster, of which it is the only one: as much of version 4 of the native protocol as it takes for the driver to be
//! content. Written by hand, after the specification that comes with Cassandra.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

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
    /// What it says to every query, if it refuses them.
    refusal: Mutex<Option<String>>,
    last_query: Mutex<String>,
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
        node.live();
        node
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) fn last_query(&self) -> String {
        self.shared.last_query.lock().unwrap().clone()
    }

    pub(super) fn connections(&self) -> usize {
        self.shared.connections.load(SeqCst)
    }

    /// Answers every query with this error.
    pub(super) fn refuse(&self, why: &str) {
        *self.shared.refusal.lock().unwrap() = Some(why.to_owned());
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
    let mut header = [0; 9];
    while stream.read_exact(&mut header).await.is_ok() {
        let [_, _, stream_high, stream_low, opcode, length @ ..] = header;
        let mut body = vec![0; u32::from_be_bytes(length) as usize];
        if stream.read_exact(&mut body).await.is_err() {
            return;
        }
        if shared.is_silent.load(SeqCst) {
            continue;
        }
        let (opcode, body) = shared.answer(opcode, &body);
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        let header = [0x84, 0, stream_high, stream_low, opcode];
        let frame = [&header[..], &length, &body].concat();
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
    /// Returns the opcode of the answer, and its body.
    fn answer(&self, opcode: u8, body: &[u8]) -> (u8, Vec<u8>) {
        match opcode {
            OPTIONS => (SUPPORTED, short(0)),
            STARTUP | REGISTER => (READY, Vec::new()),
            PREPARE => {
                let query = long_string(body);
                match TABLES.iter().position(|table| query.contains(table.name)) {
                    Some(place) => (RESULT, prepared(place)),
                    None => (ERROR, error(INVALID, &query)),
                }
            }
            // Behind the length of its id.
            EXECUTE => (RESULT, rows(&TABLES[usize::from(body[2])])),
            QUERY => {
                let query = long_string(body);
                query.clone_into(&mut self.last_query.lock().unwrap());
                match &*self.refusal.lock().unwrap() {
                    Some(why) => (ERROR, error(SERVER_ERROR, why)),
                    None => (RESULT, rows(&ANSWER)),
                }
            }
            _ => (ERROR, error(PROTOCOL_ERROR, "what is this?")),
        }
    }
}

/// A table, the columns that are asked for with their types, and its rows.
struct Table {
    name: &'static str,
    columns: &'static [(&'static str, &'static [u8])],
    rows: &'static [&'static [&'static [u8]]],
}

/// What the driver wants to know of the cluster.
const TABLES: [Table; 3] = [
    Table {
        name: "system.peers",
        columns: NODE,
        rows: &[],
    },
    Table {
        name: "system.local",
        columns: LOCAL_NODE,
        rows: &[&[
            b"radiosonde-node!",
            &[127, 0, 0, 1],
            b"one",
            b"one",
            // One token, of one digit.
            &[0, 0, 0, 1, 0, 0, 0, 1, b'7'],
            b"test",
        ]],
    },
    Table {
        name: "system_schema.keyspaces",
        columns: &[
            ("keyspace_name", TEXT),
            ("replication", MAP_OF_TEXTS),
            ("durable_writes", BOOLEAN),
        ],
        rows: &[],
    },
];

const NODE: &[(&str, &[u8])] = &[
    ("host_id", UUID),
    ("rpc_address", INET),
    ("data_center", TEXT),
    ("rack", TEXT),
    ("tokens", SET_OF_TEXTS),
];

const LOCAL_NODE: &[(&str, &[u8])] = &[
    ("host_id", UUID),
    ("rpc_address", INET),
    ("data_center", TEXT),
    ("rack", TEXT),
    ("tokens", SET_OF_TEXTS),
    ("cluster_name", TEXT),
];

/// What the check wants.
const ANSWER: Table = Table {
    name: "system.local",
    columns: &[("key", TEXT)],
    rows: &[&[b"local"]],
};

/// A statement that is known by the place of its table; it takes no values.
fn prepared(place: usize) -> Vec<u8> {
    let id = u8::try_from(place).unwrap();
    let nothing_to_bind = [int(0), int(0), int(0)].concat();
    [
        int(PREPARED),
        string_of(&[id]),
        nothing_to_bind,
        columns(&TABLES[place]),
    ]
    .concat()
}

fn rows(table: &Table) -> Vec<u8> {
    let mut body = [int(ROWS), columns(table), int(table.rows.len())].concat();
    for value in table.rows.iter().copied().flatten() {
        body.extend(int(value.len()));
        body.extend_from_slice(value);
    }
    body
}

fn columns(table: &Table) -> Vec<u8> {
    let (keyspace, name) = table.name.split_once('.').unwrap();
    let of_one_table = 1;
    let mut body = [int(of_one_table), int(table.columns.len())].concat();
    body.extend([string_of(keyspace.as_bytes()), string_of(name.as_bytes())].concat());
    for (name, kind) in table.columns {
        body.extend(string_of(name.as_bytes()));
        body.extend_from_slice(kind);
    }
    body
}

fn error(code: usize, message: &str) -> Vec<u8> {
    [int(code), string_of(message.as_bytes())].concat()
}

fn long_string(body: &[u8]) -> String {
    let (length, rest) = body.split_first_chunk().unwrap();
    let length = u32::from_be_bytes(*length) as usize;
    String::from_utf8(rest[..length].to_vec()).unwrap()
}

/// Also what the specification calls short bytes.
fn string_of(bytes: &[u8]) -> Vec<u8> {
    [short(bytes.len()), bytes.to_vec()].concat()
}

fn short(number: usize) -> Vec<u8> {
    u16::try_from(number).unwrap().to_be_bytes().to_vec()
}

fn int(number: usize) -> Vec<u8> {
    u32::try_from(number).unwrap().to_be_bytes().to_vec()
}

const ERROR: u8 = 0x00;
const STARTUP: u8 = 0x01;
const READY: u8 = 0x02;
const OPTIONS: u8 = 0x05;
const SUPPORTED: u8 = 0x06;
const QUERY: u8 = 0x07;
const RESULT: u8 = 0x08;
const PREPARE: u8 = 0x09;
const EXECUTE: u8 = 0x0a;
const REGISTER: u8 = 0x0b;

const ROWS: usize = 2;
const PREPARED: usize = 4;

const SERVER_ERROR: usize = 0x0000;
const PROTOCOL_ERROR: usize = 0x000a;
const INVALID: usize = 0x2200;

const BOOLEAN: &[u8] = &[0, 0x04];
const UUID: &[u8] = &[0, 0x0c];
const TEXT: &[u8] = &[0, 0x0d];
const INET: &[u8] = &[0, 0x10];
const MAP_OF_TEXTS: &[u8] = &[0, 0x21, 0, 0x0d, 0, 0x0d];
const SET_OF_TEXTS: &[u8] = &[0, 0x22, 0, 0x0d];
