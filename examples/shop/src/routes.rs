//! What customers ask.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;

use crate::Shop;
use crate::orders::Order;

pub(crate) fn router(shop: Shop) -> Router {
    Router::new()
        .route("/orders", post(place))
        .route("/orders/{id}", get(find))
        .with_state(shop)
}

/// The number of an order, as text: it does not fit the numbers of JavaScript.
#[derive(Debug, Serialize)]
struct Placed {
    id: String,
}

async fn place(State(shop): State<Shop>, Json(order): Json<Order>) -> Result<Response, Failed> {
    let level = level(&shop, &order.item).await?;
    if order.quantity < 1 || order.quantity > level {
        return Ok((StatusCode::CONFLICT, "there are not so many\n").into_response());
    }
    let id = shop.orders.place(&order).await?.to_string();
    Ok((StatusCode::CREATED, Json(Placed { id })).into_response())
}

async fn find(State(shop): State<Shop>, Path(id): Path<i64>) -> Result<Response, Failed> {
    let order = shop.orders.find(id).await?;
    Ok(match order {
        Some(order) => Json(order).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

/// Returns how many of an item there are: as the cache has it, else as the stock service does.
async fn level(shop: &Shop, item: &str) -> Result<i64, Failed> {
    if let Some(level) = shop.cache.level(item).await {
        return Ok(level);
    }
    let level = shop.stock.level(item).await?;
    shop.cache.remember(item, level).await;
    Ok(level)
}

/// What the customer cannot help. The cause is for the log.
struct Failed;

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Failed {
    fn from(error: E) -> Self {
        tracing::error!(error = %error.into(), "an order cannot be handled");
        Self
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}
