//! Connections of HTTP/2, over which calls of gRPC come.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::collector::{Received, State};
use super::mode::{Answer, Mode};

/// Tells whether what comes first is what a client of HTTP/2 begins with. Waits for it, and a moment for the rest of it.
pub(super) fn begins(connection: &TcpStream) -> io::Result<bool> {
    let mut first = [0; PREFACE.len()];
    for _ in 0..1_000 {
        let length = connection.peek(&mut first)?;
        if length == 0 || first[..length] != PREFACE[..length] {
            return Ok(false);
        }
        if length == PREFACE.len() {
            return Ok(true);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(false)
}

/// Takes requests until the connection fails, or until it is to be reset.
pub(super) fn converse(connection: TcpStream, state: &Arc<State>) -> io::Result<()> {
    connection.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // What is not answered by the end of the connection is not answered.
    runtime.block_on(async {
        let connection = tokio::net::TcpStream::from_std(connection)?;
        let connection = h2::server::handshake(connection).await;
        let mut connection = connection.map_err(io::Error::other)?;
        let resets = Arc::new(Notify::new());
        loop {
            let request = tokio::select! {
                request = connection.accept() => request,
                () = resets.notified() => return Ok(()),
            };
            let request = request.ok_or(io::ErrorKind::UnexpectedEof)?;
            let (request, answers) = request.map_err(io::Error::other)?;
            let state = state.clone();
            let resets = resets.clone();
            tokio::spawn(async move {
                // A client that went away needs no answer.
                let _ = converse_once(request, answers, &state, &resets).await;
            });
        }
    })
}

async fn converse_once(
    request: Request<RecvStream>,
    mut answers: SendResponse<Bytes>,
    state: &State,
    resets: &Notify,
) -> Result<(), h2::Error> {
    match state.receive(read(request).await?) {
        Mode::Answer(answer) => {
            let mut stream = answers.send_response(head(&answer), false)?;
            stream.send_data(answer.body.clone().into(), false)?;
            stream.send_trailers(fields(&answer.trailers))
        }
        Mode::Drip(answer, every) => {
            let stream = answers.send_response(head(&answer), false)?;
            drip(&answer, every, stream).await
        }
        Mode::BreakOff => {
            let answer = Answer::new(200, [("content-type", "application/grpc")], b"");
            let mut stream = answers.send_response(head(&answer), false)?;
            stream.send_data(Bytes::from_static(&[0; 3]), false)?;
            stream.send_reset(Reason::INTERNAL_ERROR);
            Ok(())
        }
        Mode::Reset => {
            resets.notify_one();
            Ok(())
        }
        Mode::Hang | Mode::Refuse | Mode::BlackHole | Mode::Verbatim(_) => {
            std::future::pending().await
        }
    }
}

async fn read(request: Request<RecvStream>) -> Result<Received, h2::Error> {
    let (head, mut stream) = request.into_parts();
    let mut body = Vec::new();
    while let Some(bytes) = stream.data().await {
        let bytes = bytes?;
        stream.flow_control().release_capacity(bytes.len())?;
        body.extend(bytes);
    }
    let path = head.uri.path_and_query();
    let path = path.map(ToString::to_string).unwrap_or_default();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter();
    Ok(Received {
        request_line: format!("{} {path} HTTP/2.0", head.method),
        headers: headers
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body,
    })
}

async fn drip(
    answer: &Answer,
    every: Duration,
    mut stream: SendStream<Bytes>,
) -> Result<(), h2::Error> {
    for byte in &answer.body {
        sleep(every).await;
        stream.send_data(vec![*byte].into(), false)?;
    }
    sleep(every).await;
    stream.send_trailers(fields(&answer.trailers))
}

fn head(answer: &Answer) -> Response<()> {
    let mut head = Response::new(());
    *head.status_mut() = answer.status.try_into().expect("a status");
    *head.headers_mut() = fields(&answer.headers);
    head
}

fn fields(pairs: &[(String, String)]) -> HeaderMap {
    let field = |(name, value): &(String, String)| {
        let name = name.parse::<HeaderName>().expect("a name");
        (name, value.parse::<HeaderValue>().expect("a value"))
    };
    pairs.iter().map(field).collect()
}

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
