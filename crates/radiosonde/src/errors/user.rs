//! Who a request is for.

use std::net::IpAddr;

use serde::Serialize;

/// Who a request is for, for [`set_user`](super::set_user).
///
/// What is given here is sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User(pub(super) UserFields);

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(super) struct UserFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<IpAddr>,
}

impl User {
    /// Names a user by an id that says nothing to others.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(UserFields {
            id: Some(id.into()),
            ..UserFields::default()
        })
    }

    /// Adds the name that the user goes by.
    #[must_use]
    pub fn username(mut self, name: impl Into<String>) -> Self {
        self.0.username = Some(name.into());
        self
    }

    /// Adds an address for mail.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.0.email = Some(email.into());
        self
    }

    /// Adds the address that the user came from.
    #[must_use]
    pub fn ip_address(mut self, address: IpAddr) -> Self {
        self.0.ip_address = Some(address);
        self
    }
}
