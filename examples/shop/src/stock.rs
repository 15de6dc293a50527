//! The stock service, which other people run.

use std::error::Error;
use std::time::Duration;

use radiosonde::Sonde;
use radiosonde::health::Check;
use reqwest::Url;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

use crate::stand_in;

/// A client of the stock service. Its requests are measured, and take the trace along.
#[derive(Debug, Clone)]
pub(crate) struct Stock {
    url: Url,
    plain: reqwest::Client,
    client: ClientWithMiddleware,
}

impl Stock {
    /// Makes a client of the service at this URL, or of a stand-in.
    pub(crate) async fn open(url: Option<String>, sonde: &Sonde) -> Result<Self, Box<dyn Error>> {
        let url = match url {
            Some(url) => url,
            None => format!("http://{}", stand_in::stock().await?),
        };
        let plain = reqwest::Client::builder();
        let plain = plain.timeout(Duration::from_secs(2)).build()?;
        let client = ClientBuilder::new(plain.clone());
        Ok(Self {
            url: url.parse()?,
            client: client.with(sonde.client_layer()).build(),
            plain,
        })
    }

    /// Asks whether it is alive, by the same client. Whether it is ready is between it and those that it depends on.
    pub(crate) fn check(&self, name: &str) -> Check {
        let mut url = self.url.clone();
        url.set_path("/live");
        radiosonde_checks::http::check(name, &self.plain, url)
    }

    /// Returns how many of an item there are.
    pub(crate) async fn level(&self, item: &str) -> Result<i64, Box<dyn Error + Send + Sync>> {
        let mut url = self.url.clone();
        url.set_path(&format!("/levels/{item}"));
        let response = self.client.get(url).send().await?.error_for_status()?;
        Ok(response.text().await?.trim().parse()?)
    }
}
