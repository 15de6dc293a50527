//! Services that answer over HTTP.

use radiosonde_health::{Check, CheckFailed};
use reqwest::{Client, Response, Url};

/// Makes a check that gets this address, by a clone of this client. An answer of 2xx passes; its body is not read.
///
/// Where the service on the other side has a readiness probe, think twice before asking that: two services that ask each
/// other are both unready for ever once one of them was.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = reqwest::Client::new();
/// let health = radiosonde_health::Health::new();
/// let url = "http://stock.internal/live".parse()?;
/// health.register(radiosonde_checks::http::check("stock", &client, url))?;
/// # Ok(())
/// # }
/// ```
pub fn check(name: impl Into<String>, client: &Client, url: Url) -> Check {
    let client = client.clone();
    Check::new(name, move || {
        let request = client.get(url.clone());
        async move {
            succeeded(request.send().await?)?;
            Ok(())
        }
    })
}

/// Returns an answer of 2xx, and fails with any other.
pub(crate) fn succeeded(response: Response) -> Result<Response, CheckFailed> {
    let status = response.status();
    if status.is_success() {
        Ok(response)
    } else {
        Err(CheckFailed::new(format_args!("the answer is {status}")))
    }
}

/// Reads a body of at most this many bytes, and leaves the rest.
#[cfg(any(feature = "clickhouse", feature = "gremlin"))]
pub(crate) async fn beginning(
    mut response: Response,
    bytes: usize,
) -> Result<Vec<u8>, CheckFailed> {
    let mut body = Vec::new();
    while body.len() < bytes
        && let Some(chunk) = response.chunk().await?
    {
        body.extend_from_slice(&chunk);
    }
    body.truncate(bytes);
    Ok(body)
}
