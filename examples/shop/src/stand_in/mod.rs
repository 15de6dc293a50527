//! What takes the place of Redis and of the stock service where there is none: enough for this shop, and no more.

mod redis;

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use tokio::net::TcpListener;

pub(crate) use redis::redis;

/// Starts a stock service that has some of everything.
pub(crate) async fn stock() -> io::Result<SocketAddr> {
    let level = async |Path(item): Path<String>| (100 * item.len()).to_string();
    let app = Router::new()
        .route("/live", get(async || ()))
        .route("/levels/{item}", get(level));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}
