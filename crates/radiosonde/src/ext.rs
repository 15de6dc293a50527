//! Types of other crates, for services that place the parts themselves.
//!
//! The signatures here name types of `tracing` and `tracing-subscriber`. They are **outside semantic versioning**: a minor
//! release may follow those crates to their next major one.

use tracing::Dispatch;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer, Registry};

use crate::Parts;

/// Returns the layer of a subscriber that writes the log, makes spans and reports errors.
///
/// It goes directly on the [`Registry`]. A second call returns a layer that does nothing.
///
/// # Examples
///
/// ```
/// use radiosonde::{build, ext};
/// use tracing_subscriber::layer::SubscriberExt as _;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut parts = build("checkout")?;
/// let subscriber = tracing_subscriber::registry().with(ext::layer(&mut parts));
/// # Ok(())
/// # }
/// ```
pub fn layer(parts: &mut Parts) -> impl Layer<Registry> + Send + Sync + use<> {
    parts.take_layers()
}

/// Returns a subscriber with [`layer`] alone, to be the default of a thread or a closure.
pub fn dispatch(parts: &mut Parts) -> Dispatch {
    Dispatch::new(tracing_subscriber::registry().with(layer(parts)))
}
