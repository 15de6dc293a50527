//! ClickHouse, over its HTTP interface.

use radiosonde_health::{Check, CheckFailed};
use reqwest::{Client, Url};

use crate::http::{beginning, succeeded};

/// Makes a check that gets `/ping` at this address, by a clone of this client. `Ok.` passes, as ClickHouse answers it.
///
/// It asks for no user and runs no query. The path of `url` is replaced.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = reqwest::Client::new();
/// let health = radiosonde_health::Health::new();
/// let url = "http://clickhouse.internal:8123".parse()?;
/// health.register(radiosonde_checks::clickhouse::check("events", &client, url))?;
/// # Ok(())
/// # }
/// ```
pub fn check(name: impl Into<String>, client: &Client, mut url: Url) -> Check {
    url.set_path("/ping");
    let client = client.clone();
    Check::new(name, move || {
        let request = client.get(url.clone());
        async move {
            let response = succeeded(request.send().await?)?;
            let body = beginning(response, 16).await?;
            if body.trim_ascii() == b"Ok." {
                Ok(())
            } else {
                Err(CheckFailed::new("the answer is not that of ClickHouse"))
            }
        }
    })
}
