//! A mail server that keeps what it is given.
//!
//! It speaks as much of SMTP as a sender needs that neither logs in nor asks for TLS.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::door::Door;

/// A running mail server. Nobody else reads what it is given.
#[derive(Debug)]
pub struct MailServer {
    door: Door,
    messages: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    /// Starts on a free loopback port.
    ///
    /// # Panics
    ///
    /// Panics when no port is free.
    #[must_use]
    pub fn start() -> Self {
        let messages = Arc::default();
        let mut door = Door::new().expect("a free loopback port");
        let keep = Arc::clone(&messages);
        let opened = door.open(move |connection| {
            // Who hangs up has said what there was to say.
            let _ = serve(&connection, &keep);
        });
        opened.expect("the port is ours");
        Self { door, messages }
    }

    /// Returns the address it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.door.addr()
    }

    /// Returns every message so far, oldest first: headers, a blank line, and the body as it was encoded.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        let messages = self.messages.lock();
        messages.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(connection: &TcpStream, messages: &Mutex<Vec<String>>) -> io::Result<()> {
    connection.set_read_timeout(Some(TIMEOUT))?;
    let mut lines = BufReader::new(connection).lines();
    let say = |answer: &str| (&mut &*connection).write_all(format!("{answer}\r\n").as_bytes());
    say("220 ready")?;
    while let Some(line) = lines.next().transpose()? {
        let command = line.split(' ').next().unwrap_or_default();
        match command.to_ascii_uppercase().as_str() {
            "DATA" => {
                say("354 go on")?;
                let message = message(&mut lines)?;
                let mut kept = messages.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push(message);
                drop(kept);
                say("250 kept")?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 well")?,
        }
    }
    Ok(())
}

/// Reads up to the line that is a dot. A line that begins with one has another before it.
fn message(lines: &mut impl Iterator<Item = io::Result<String>>) -> io::Result<String> {
    let mut message = String::new();
    for line in lines {
        let line = line?;
        if line == "." {
            break;
        }
        message.push_str(line.strip_prefix('.').unwrap_or(&line));
        message.push('\n');
    }
    Ok(message)
}

const TIMEOUT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eventually;

    #[test]
    fn a_message_is_kept_without_the_dots_of_its_transport() {
        let server = MailServer::start();
        let mut sender = TcpStream::connect(server.addr()).unwrap();
        let said = "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nSubject: x\r\n\r\n..y\r\n.\r\nQUIT\r\n";
        sender.write_all(said.as_bytes()).unwrap();
        let messages = eventually("the message", Duration::from_secs(10), || {
            let messages = server.messages();
            (!messages.is_empty()).then_some(messages)
        });
        assert_eq!(messages, ["Subject: x\n\n.y\n"]);
    }
}
