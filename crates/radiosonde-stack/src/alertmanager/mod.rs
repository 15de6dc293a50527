//! Who is told, how, and how often.
//!
//! A *receiver* is somebody who can be told, over one channel or several. A *route* says which alerts go to which receivers:
//! the first that fits decides. A *digest* tells once a day. Secrets are named by the files that hold them, never written.

mod channels;
mod config;
mod inhibition;
mod notifications;
mod route_tests;
mod templates;

pub use channels::{Email, PagerDuty, Slack, Teams, Webhook};
pub(crate) use config::write;
pub(crate) use notifications::NOBODY;
pub use notifications::{InvalidNotifications, Notifications, Receiver, Route, Smtp};
