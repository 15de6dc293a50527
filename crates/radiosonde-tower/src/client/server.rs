//! Which servers have a name of their own in labels.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use http::Uri;
use rapidhash::RapidHashMap;

use super::{ClientOptions, ServerOf, url};
use crate::method::OTHER;

/// The servers of a layer, each with what is kept of it: `T`, made once and kept for the life of the process.
#[derive(Debug)]
pub(super) struct Servers<T: 'static> {
    server_of: Option<ServerOf>,
    known: RwLock<RapidHashMap<&'static str, &'static Server<T>>>,
    /// As many as `known` may hold.
    room: usize,
    other: &'static Server<T>,
}

/// One server, or all that have no name.
#[derive(Debug)]
pub(super) struct Server<T> {
    pub(super) name: &'static str,
    pub(super) kept: T,
}

impl<T> Servers<T> {
    /// Starts with the servers that are listed, or none. `make` makes what is kept of a server by its name.
    pub(super) fn new(options: &ClientOptions, make: impl Fn() -> T) -> Self {
        let mut known = RapidHashMap::default();
        for name in options.servers.iter().flatten() {
            let name = if options.server_of.is_some() {
                name.clone()
            } else {
                name.to_ascii_lowercase()
            };
            let server = kept(name, make());
            known.entry(server.name).or_insert(server);
        }
        Self {
            server_of: options.server_of,
            room: if options.servers.is_some() {
                known.len()
            } else {
                options.max_servers
            },
            known: RwLock::new(known),
            other: kept(OTHER.into(), make()),
        }
    }

    /// Finds the server of an address.
    pub(super) fn of(&self, uri: &Uri, make: impl Fn() -> T) -> &'static Server<T> {
        let Some(name) = self.name(uri) else {
            return self.other;
        };
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = known.get(&*name) {
            return server;
        }
        if known.len() >= self.room {
            return self.other;
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = known.get(&*name) {
            return server;
        }
        // Another thread may have taken the last room.
        if known.len() >= self.room {
            return self.other;
        }
        let server = kept(name.into_owned(), make());
        known.insert(server.name, server);
        server
    }

    fn name<'a>(&self, uri: &'a Uri) -> Option<Cow<'a, str>> {
        if let Some(server_of) = self.server_of {
            return server_of(uri).map(Cow::Borrowed);
        }
        let host = url::host(uri).unwrap_or_default();
        if host.len() > LONGEST_HOST {
            None
        } else if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Some(Cow::Owned(host.to_ascii_lowercase()))
        } else {
            Some(Cow::Borrowed(host))
        }
    }
}

/// Keeps a server for the life of the process, as its layer is kept. There are as many as there is room.
fn kept<T>(name: String, kept: T) -> &'static Server<T> {
    Box::leak(Box::new(Server {
        name: Box::leak(name.into_boxed_str()),
        kept,
    }))
}

/// A name of the domain name system has no more characters.
const LONGEST_HOST: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    fn names<const N: usize>(options: &ClientOptions, uris: [&str; N]) -> [&'static str; N] {
        let servers = Servers::new(options, || ());
        uris.map(|uri| servers.of(&uri.parse().unwrap(), || ()).name)
    }

    #[test]
    fn a_server_is_named_by_its_host_alone() {
        let uris = [
            "http://api.example.com/a?b=c",
            "https://user:secret@API.example.com:8443/",
            "http://[::1]:8080/",
            "/no/host",
        ];
        let expected = ["api.example.com", "api.example.com", "::1", ""];
        assert_eq!(names(&ClientOptions::new(), uris), expected);
    }

    #[test]
    fn who_comes_when_there_is_no_more_room_has_no_name() {
        let uris = ["http://a/", "http://b/", "http://c/", "http://a/"];
        let options = ClientOptions::new().max_servers(2);
        assert_eq!(names(&options, uris), ["a", "b", "_OTHER", "a"]);
        let none = ClientOptions::new().max_servers(0);
        assert_eq!(names(&none, uris), ["_OTHER"; 4]);
    }

    #[test]
    fn a_list_closes_the_set() {
        let uris = ["http://c/", "http://a/", "http://B/"];
        let options = ClientOptions::new().servers(["A", "b"]);
        assert_eq!(names(&options, uris), ["_OTHER", "a", "b"]);
    }

    #[test]
    fn a_function_names_servers_and_a_list_may_close_its_set() {
        let uris = ["http://a:1/", "http://a:2/", "http://a/"];
        let options = ClientOptions::new().server_of(|uri| match uri.port_u16() {
            Some(1) => Some("One"),
            Some(2) => Some("Two"),
            _ => None,
        });
        assert_eq!(names(&options, uris), ["One", "Two", "_OTHER"]);
        let options = options.servers(["Two"]);
        assert_eq!(names(&options, uris), ["_OTHER", "Two", "_OTHER"]);
    }

    #[test]
    fn a_host_that_no_name_system_has_is_no_label() {
        let uri = format!("http://{}/", "a".repeat(254));
        assert_eq!(names(&ClientOptions::new(), [uri.as_str()]), ["_OTHER"]);
    }
}
