//! A batch of spans or log records, encoded one by one.
//!
//! Where the service has one processor, requests wait while a batch is encoded. So whoever encodes gives way after a few items, each
//! time, and no item is there any more once it is encoded.

use std::collections::HashMap;
use std::hash::Hash;

use prost::Message;

use crate::io::give_way;

/// An `ExportTraceServiceRequest` or `ExportLogsServiceRequest` in the making.
///
/// Both nest alike, and so do the numbers of their fields: a message holds what is of one resource, that holds what is of one scope,
/// and that holds items.
#[derive(Debug)]
pub(crate) struct Batch<K> {
    /// What is of each scope, encoded.
    scopes: Vec<Vec<u8>>,
    places: HashMap<K, usize>,
    items: usize,
}

impl<K: Hash + Eq> Batch<K> {
    pub(crate) fn new() -> Self {
        Self {
            scopes: Vec::new(),
            places: HashMap::new(),
            items: 0,
        }
    }

    /// Adds an item of a scope; `empty` makes the message of the scope without items.
    pub(crate) fn add<S: Message>(
        &mut self,
        scope: K,
        empty: impl FnOnce(&K) -> S,
        item: &impl Message,
    ) {
        let Self { scopes, places, .. } = self;
        let place = *places.entry(scope).or_insert_with_key(|scope| {
            scopes.push(empty(scope).encode_to_vec());
            scopes.len() - 1
        });
        let scope = &mut scopes[place];
        begin(IN_SCOPE, item.encoded_len(), scope);
        grown(item.encode(scope));
        self.items += 1;
        if self.items.is_multiple_of(AT_ONCE) {
            give_way();
        }
    }

    /// Ends the message; `empty` is that of the resource without scopes.
    pub(crate) fn end(self, empty: &impl Message) -> Vec<u8> {
        let mut resource = empty.encode_to_vec();
        for scope in self.scopes {
            begin(IN_RESOURCE, scope.len(), &mut resource);
            resource.extend(scope);
        }
        let mut message = Vec::with_capacity(resource.len() + LONGEST_BEGINNING);
        begin(IN_MESSAGE, resource.len(), &mut message);
        message.extend(resource);
        message
    }
}

/// Begins a field with a message of this length.
fn begin(field: u8, length: usize, to: &mut Vec<u8>) {
    to.push(field << 3 | LENGTH_DELIMITED);
    grown(prost::encode_length_delimiter(length, to));
}

/// What is encoded into a vector always finds room.
fn grown(encoded: Result<(), prost::EncodeError>) {
    debug_assert!(encoded.is_ok(), "{encoded:?}");
}

const IN_MESSAGE: u8 = 1;
const IN_RESOURCE: u8 = 2;
const IN_SCOPE: u8 = 2;

/// How protobuf says that a length follows.
const LENGTH_DELIMITED: u8 = 2;

/// A byte for the field, and ten for the longest length.
const LONGEST_BEGINNING: usize = 11;

/// How many items are encoded at once: some fifty microseconds of them.
const AT_ONCE: usize = 32;
