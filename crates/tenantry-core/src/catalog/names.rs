//! From a name to its number.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::RandomState;

/// The numbers of unique names. Only the host's own code adds names, so a fast hash is safe here.
#[derive(Default)]
pub(super) struct Names(HashMap<Box<str>, usize, RandomState>);

impl Names {
    /// Adds a name, or gives it back when it is there already.
    pub(super) fn insert<'a>(&mut self, name: &'a str, number: usize) -> Result<(), &'a str> {
        match self.0.entry(name.into()) {
            Entry::Occupied(_) => Err(name),
            Entry::Vacant(vacant) => {
                vacant.insert(number);
                Ok(())
            }
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }
}
