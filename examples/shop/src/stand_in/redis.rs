//! A server that speaks as much of the protocol of Redis, version 2, as the shop does.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What is stored, and until when.
type Values = Arc<Mutex<HashMap<Vec<u8>, (Vec<u8>, Instant)>>>;

/// Starts a server without anything in it.
pub(crate) async fn redis() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let values = Values::default();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, values.clone()));
        }
    });
    Ok(address)
}

/// Answers commands until the client is gone or says something else.
async fn serve(stream: TcpStream, values: Values) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(command) = read_command(&mut stream).await? {
        let answer = answer(&command, &values);
        stream.write_all(&answer).await?;
        stream.flush().await?;
    }
    Ok(())
}

fn answer(command: &[Vec<u8>], values: &Values) -> Vec<u8> {
    let mut values = values.lock().unwrap_or_else(PoisonError::into_inner);
    let words: Vec<_> = command.iter().map(Vec::as_slice).collect();
    match words[..] {
        [b"PING"] => b"+PONG\r\n".to_vec(),
        [b"CLIENT", ..] => b"+OK\r\n".to_vec(),
        [b"GET", key] => match values.get(key) {
            Some((value, end)) if *end > Instant::now() => bulk(value),
            _ => b"$-1\r\n".to_vec(),
        },
        [b"SETEX", key, seconds, value] => {
            let seconds = std::str::from_utf8(seconds)
                .ok()
                .and_then(|text| text.parse().ok());
            let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(1).min(3600));
            values.insert(key.to_vec(), (value.to_vec(), end));
            b"+OK\r\n".to_vec()
        }
        _ => b"-ERR unknown command\r\n".to_vec(),
    }
}

fn bulk(value: &[u8]) -> Vec<u8> {
    let head = format!("${}\r\n", value.len());
    [head.as_bytes(), value, b"\r\n"].concat()
}

/// Reads a command: an array of strings. None at the end of the stream, or when it is no command.
async fn read_command(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Vec<Vec<u8>>>> {
    let Some(count) = read_number(stream, '*').await? else {
        return Ok(None);
    };
    let mut words = Vec::new();
    for _ in 0..count.min(MOST_WORDS) {
        let Some(length) = read_number(stream, '$').await? else {
            return Ok(None);
        };
        let mut word = vec![0; length.min(LONGEST_WORD)];
        stream.read_exact(&mut word).await?;
        stream.read_exact(&mut [0; 2]).await?;
        words.push(word);
    }
    Ok(Some(words))
}

/// Reads a line of this mark and a number.
async fn read_number(stream: &mut BufReader<TcpStream>, mark: char) -> io::Result<Option<usize>> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    Ok(line
        .strip_prefix(mark)
        .and_then(|number| number.trim().parse().ok()))
}

const MOST_WORDS: usize = 16;
const LONGEST_WORD: usize = 64 * 1024;
