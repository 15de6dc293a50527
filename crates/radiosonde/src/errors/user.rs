//! Who a request is for.

use std::net::IpAddr;

use serde::Serialize;

use super::report::{MAX_FIELD, cut};

/// Who a request is for, for [`set_user`](super::set_user).
///
/// What is given here is sent as it is, and of each text the first kilobyte. To give it is to decide that it is sent:
/// [`ErrorOptions::personal_data`](super::ErrorOptions::personal_data) is about headers alone.
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

impl UserFields {
    /// Returns about how many bytes its texts take.
    pub(super) fn weight(&self) -> usize {
        let texts = [&self.id, &self.email, &self.username];
        texts.into_iter().flatten().map(String::len).sum()
    }
}

impl User {
    /// Names a user by an id that says nothing to others.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(UserFields {
            id: Some(cut(&id.into(), MAX_FIELD)),
            ..UserFields::default()
        })
    }

    /// Adds the name that the user goes by.
    #[must_use]
    pub fn username(mut self, name: impl Into<String>) -> Self {
        self.0.username = Some(cut(&name.into(), MAX_FIELD));
        self
    }

    /// Adds an address for mail.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.0.email = Some(cut(&email.into(), MAX_FIELD));
        self
    }

    /// Adds the address that the user came from. No report has it otherwise.
    #[must_use]
    pub fn ip_address(mut self, address: IpAddr) -> Self {
        self.0.ip_address = Some(address);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_takes_no_more_than_three_fields() {
        let long = "x".repeat(5_000);
        let user = User::new(long.clone()).username(long.clone()).email(long);
        assert_eq!(user.0.weight(), 3 * MAX_FIELD);
        assert_eq!(User::new("4711").0.weight(), 4);
    }
}
