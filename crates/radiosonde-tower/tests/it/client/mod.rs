//! The client side: the life of outgoing requests.

mod balance;
mod observer;
mod origin;
mod outcomes;
#[cfg(feature = "reqwest")]
mod reqwest;
mod servers;
mod transparency;
mod wire;

use radiosonde_metrics::Registry;
use radiosonde_tower::client::{ClientOptions, ObserveClient, ObserveClientLayer};
use tower_layer::Layer as _;

use crate::script::Actor;

/// The scripted service, seen as a client.
fn observed(registry: &Registry) -> ObserveClient<Actor> {
    ObserveClientLayer::new(registry, ClientOptions::new()).layer(Actor)
}
