//! Collectors that misbehave, and accounts that add up all the same, over both protocols.

#[cfg(feature = "sentry")]
mod detours;
mod every_mode;
mod offered_again;
mod overflow;
mod protocol;
mod told;
mod undisturbed;

#[cfg(all(unix, feature = "sentry"))]
pub(crate) use every_mode::modes;
#[cfg(all(unix, feature = "sentry"))]
pub(crate) use protocol::Protocol;
