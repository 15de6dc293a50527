//! Reading heads and bodies, as RFC 9112 frames them.

use std::io::{self, BufRead, Read};

use serde_json::Value;

/// A response, or the head of one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header fields in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body without its framing; empty in a head.
    pub body: Vec<u8>,
}

impl Response {
    /// Returns the first header field called `name`, which is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Returns the body as text, with a replacement character for whatever is not UTF-8.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the body as JSON.
    ///
    /// # Panics
    ///
    /// Panics, showing the body, when it is something else.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in the body `{}`", self.text()))
    }

    pub(crate) fn from_head(head: Head) -> io::Result<Self> {
        let status = head.start_line.split(' ').nth(1);
        let status = status.and_then(|status| status.parse().ok());
        Ok(Self {
            status: status.ok_or_else(|| malformed("status line", &head.start_line))?,
            headers: head.headers,
            body: Vec::new(),
        })
    }
}

/// What stands above the empty line of a message.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) start_line: String,
    pub(crate) headers: Vec<(String, String)>,
}

/// Reads to the end of a head.
pub(crate) fn read_head(reader: &mut impl BufRead) -> io::Result<Head> {
    let start_line = read_line(reader)?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader)?;
        if line.is_empty() {
            return Ok(Head {
                start_line,
                headers,
            });
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| malformed("header field", &line))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// Reads the body that follows the head of a response to GET or POST.
pub(crate) fn read_response_body(
    reader: &mut impl BufRead,
    head: &Response,
) -> io::Result<Vec<u8>> {
    if matches!(head.status, 100..=199 | 204 | 304) {
        return Ok(Vec::new());
    }
    if let Some(body) = read_framed(reader, &head.headers)? {
        return Ok(body);
    }
    let mut body = Vec::new();
    reader.read_to_end(&mut body)?;
    Ok(body)
}

/// Reads the body that follows the head of a request.
pub(crate) fn read_request_body(reader: &mut impl BufRead, head: &Head) -> io::Result<Vec<u8>> {
    Ok(read_framed(reader, &head.headers)?.unwrap_or_default())
}

/// Reads a body whose end the header fields tell, if they do.
fn read_framed(
    reader: &mut impl BufRead,
    headers: &[(String, String)],
) -> io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    if header(headers, "transfer-encoding").is_some_and(|coding| coding.ends_with("chunked")) {
        while read_chunk(reader, &mut body)? {}
        while !read_line(reader)?.is_empty() {} // trailers
    } else if let Some(length) = header(headers, "content-length") {
        let bytes = length.parse();
        let bytes = bytes.map_err(|_| malformed("content length", length))?;
        read_exactly(reader, bytes, &mut body)?;
    } else {
        return Ok(None);
    }
    Ok(Some(body))
}

/// Appends one chunk to `body` and returns whether another follows.
fn read_chunk(reader: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<bool> {
    let line = read_line(reader)?;
    let size = line.split(';').next().unwrap_or_default().trim();
    let size = u64::from_str_radix(size, 16).map_err(|_| malformed("chunk size", &line))?;
    if size == 0 {
        return Ok(false);
    }
    read_exactly(reader, size, body)?;
    match read_line(reader)?.as_str() {
        "" => Ok(true),
        rest => Err(malformed("end of a chunk", rest)),
    }
}

fn read_exactly(reader: &mut impl BufRead, length: u64, body: &mut Vec<u8>) -> io::Result<()> {
    let read = reader.take(length).read_to_end(body)?;
    if read as u64 == length {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Reads one line, without its end.
fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut fields = headers.iter();
    fields.find_map(|(field, value)| (field == name).then_some(value.as_str()))
}

fn malformed(what: &str, found: &str) -> io::Error {
    let message = format!("malformed {what}: `{found}`");
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(text: &str) -> io::Result<Response> {
        let mut reader = text.as_bytes();
        let mut response = Response::from_head(read_head(&mut reader)?)?;
        response.body = read_response_body(&mut reader, &response)?;
        Ok(response)
    }

    #[test]
    fn a_length_ends_the_body() {
        let response = response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef").unwrap();

        assert_eq!((response.status, response.text().as_str()), (200, "abc"));
        assert_eq!(response.header("content-length"), Some("3"));
    }

    #[test]
    fn chunks_are_joined_and_trailers_passed_over() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let body = "3;note=x\r\nabc\r\nA\r\n0123456789\r\n0\r\nGrpc-Status: 0\r\n\r\n";

        assert_eq!(
            response(&format!("{head}{body}")).unwrap().text(),
            "abc0123456789"
        );
    }

    #[test]
    fn without_either_the_body_lasts_until_the_connection_closes() {
        assert_eq!(
            response("HTTP/1.0 500 Oops\r\n\r\nall of it")
                .unwrap()
                .text(),
            "all of it"
        );
    }

    #[test]
    fn some_statuses_have_no_body() {
        assert_eq!(
            response("HTTP/1.1 304 Same\r\ncontent-length: 9\r\n\r\n")
                .unwrap()
                .text(),
            ""
        );
    }

    #[test]
    fn a_message_cut_short_is_an_error() {
        for text in [
            "",
            "HTTP/1.1 200 OK\r\ncontent-le",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
        ] {
            let error = response(text).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{text:?}");
        }
    }

    #[test]
    fn what_is_not_http_is_named() {
        let error = response("hello\r\n\r\n").unwrap_err();

        assert_eq!(error.to_string(), "malformed status line: `hello`");
    }
}
