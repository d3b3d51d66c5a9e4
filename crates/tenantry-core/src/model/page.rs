//! Pages and their cursors.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};

use crate::error::Error;

/// How many items a page holds unless told otherwise.
const DEFAULT_SIZE: usize = 50;
/// How many items a page holds at most.
const MAX_SIZE: usize = 1_000;

/// Where a page ended: hand it back to get the next one. Opaque, and bound to the list and filter it came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cursor(String);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Cursor {
    type Err = std::convert::Infallible;

    /// Takes any text; the list that it is handed to refuses what it did not make.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

/// Which page of a list: how many items, and after which cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageRequest {
    /// How many items, 1 to 1,000; 50 unless told otherwise.
    pub size: Option<usize>,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

impl PageRequest {
    /// The first page, of 50 items.
    pub fn first() -> Self {
        Self::default()
    }

    /// The page that follows.
    pub fn after(cursor: Cursor) -> Self {
        Self { size: None, after: Some(cursor) }
    }

    /// With this many items, 1 to 1,000.
    pub fn size(mut self, size: usize) -> Self {
        self.size = Some(size);
        self
    }

    pub(crate) fn limit(&self) -> Result<usize, Error> {
        match self.size.unwrap_or(DEFAULT_SIZE) {
            size @ 1..=MAX_SIZE => Ok(size),
            size => Err(Error::invalid("page size", format!("{size} is not between 1 and {MAX_SIZE}"))),
        }
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last page.
    pub next: Option<Cursor>,
}

/// What a cursor is bound to: the list, the place and the filter, as one text.
pub(crate) struct CursorKind(String);

impl CursorKind {
    pub(crate) fn new(bound: String) -> Self {
        Self(bound)
    }

    pub(crate) fn cursor(&self, key: &str) -> Cursor {
        let mut bytes = self.tag(key).to_vec();
        bytes.extend_from_slice(key.as_bytes());
        Cursor(Base64UrlUnpadded::encode_string(&bytes))
    }

    /// The key inside a cursor of this kind.
    pub(crate) fn key(&self, cursor: &Cursor) -> Result<String, Error> {
        let foreign = || Error::invalid("cursor", "is not one of this list and filter");
        let bytes = Base64UrlUnpadded::decode_vec(&cursor.0).map_err(|_| foreign())?;
        let (tag, key) = bytes.split_at_checked(TAG).ok_or_else(foreign)?;
        let key = str::from_utf8(key).map_err(|_| foreign())?;
        if tag == self.tag(key) { Ok(key.to_owned()) } else { Err(foreign()) }
    }

    /// A checksum, not a signature: a cursor gives nothing that the list would not give.
    fn tag(&self, key: &str) -> [u8; TAG] {
        let mut hash = Sha256::new_with_prefix(b"tenantry cursor v1\0");
        hash.update((self.0.len() as u64).to_be_bytes());
        hash.update(self.0.as_bytes());
        hash.update(key.as_bytes());
        let mut tag = [0; TAG];
        for (tag, byte) in tag.iter_mut().zip(hash.finalize()) {
            *tag = byte;
        }
        tag
    }
}

const TAG: usize = 8;

/// Turns up to `limit + 1` rows into a page of `limit` and the cursor of its last row.
pub(crate) fn close_page<R, T>(
    mut rows: Vec<R>,
    limit: usize,
    kind: &CursorKind,
    key: impl FnOnce(&R) -> String,
    record: impl FnMut(R) -> T,
) -> Page<T> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = if more { rows.last().map(|row| kind.cursor(&key(row))) } else { None };
    Page { items: rows.into_iter().map(record).collect(), next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c7_a_cursor_is_bound_to_its_list() {
        let ours = CursorKind::new("customers a".to_owned());
        let cursor = ours.cursor("key");
        assert_eq!(ours.key(&cursor).unwrap(), "key");
        let theirs = CursorKind::new("customers b".to_owned());
        for foreign in [theirs.cursor("key"), Cursor(String::new()), Cursor("!".into()), Cursor("AAAA".into())] {
            assert_eq!(ours.key(&foreign).unwrap_err().code(), "invalid_input");
        }
    }
}
