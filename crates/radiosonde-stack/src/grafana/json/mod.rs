//! Dashboards as Grafana reads them: the classic model of its schema, version 42, which every release since 12 takes as
//! it is and later ones migrate when they load it.
//!
//! Only here is known how Grafana spells things. Members stand in the order of the structs, so that the same dashboard is
//! the same text.

mod dashboard;
mod fields;
mod links;
mod panel;
mod spelled;
mod views;

pub(crate) use dashboard::dashboard;
pub(crate) use links::path;
pub(crate) use spelled::Scope;
