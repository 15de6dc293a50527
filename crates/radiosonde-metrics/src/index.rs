//! Instruments by the keys of the `metrics` facade.
//!
//! It makes the repeat of a look-up cheap: one hash that the key brings along, and a shared lock. Only names and labels that
//! got a series of their own are kept here, so it is bounded as the registry is.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{PoisonError, RwLock};

use metrics::Key;
use radiosonde_catalog::Kind;

use crate::family::Instrument;

/// The series by the keys with which the facade asked for them, as they were spelled.
#[derive(Debug, Default)]
pub(crate) struct Index(RwLock<HashMap<Key, Instrument, BuildHasherDefault<KeysOwnHash>>>);

impl Index {
    pub(crate) fn get(&self, kind: Kind, key: &Key) -> Option<Instrument> {
        let index = self.0.read().unwrap_or_else(PoisonError::into_inner);
        index
            .get(key)
            .filter(|instrument| instrument.kind() == kind)
            .cloned()
    }

    pub(crate) fn insert(&self, key: &Key, instrument: &Instrument) {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if index.len() < MAX_SPELLINGS {
            index.insert(key.clone(), instrument.clone());
        }
    }
}

/// Takes the hash that a key computed when it was made.
#[derive(Debug, Default)]
struct KeysOwnHash(u64);

impl Hasher for KeysOwnHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// One series may be asked for under many spellings (`a.b`, `a-b`); those past this bound are looked up the long way.
const MAX_SPELLINGS: usize = 50_000;
