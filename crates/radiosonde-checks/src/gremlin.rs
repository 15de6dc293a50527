//! Gremlin Server and what is built on it, such as JanusGraph, over HTTP.

use radiosonde_health::{Check, CheckFailed};
use reqwest::{Client, Url};
use serde_json::Value;

use crate::http::{beginning, succeeded};

/// Makes a check that has the server evaluate `1`, by a clone of this client. The address is the whole one, such as
/// `http://graph.internal:8182/gremlin`, with the name and the password in it where the server asks for them; errors do not show
/// those. The server must have the HTTP channelizer, alone or beside that of `WebSocket`: with the latter alone it answers 403.
///
/// It touches no graph, so it needs no name of one; and passes when the graph is gone. It waits among the scripts of others, so that
/// a server fails it all of whose threads are busy.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = reqwest::Client::new();
/// let health = radiosonde_health::Health::new();
/// let url = "http://graph.internal:8182/gremlin".parse()?;
/// health.register(radiosonde_checks::gremlin::check("graph", &client, url))?;
/// # Ok(())
/// # }
/// ```
pub fn check(name: impl Into<String>, client: &Client, url: Url) -> Check {
    let client = client.clone();
    Check::new(name, move || {
        let request = client.post(url.clone());
        let request = request.header("content-type", "application/json");
        let request = request.body(r#"{"gremlin":"1"}"#);
        async move {
            let response = succeeded(request.send().await?)?;
            let body = beginning(response, 64 * 1024).await?;
            let answer: Value = serde_json::from_slice(&body)?;
            // Gremlin Server 3 fails by the status of HTTP; others say 200 there, whatever came of the script.
            match code(&answer) {
                Some(200) => Ok(()),
                Some(code) => Err(CheckFailed::new(format_args!("the answer is {code}"))),
                None => Err(CheckFailed::new("the answer is not that of Gremlin Server")),
            }
        }
    })
}

/// Finds the status of the script: a number, which some formats wrap with its type.
fn code(answer: &Value) -> Option<u64> {
    let code = &answer["status"]["code"];
    code.as_u64().or_else(|| code["@value"].as_u64())
}
