//! The pages, one file for each subject.

pub mod audit;
pub mod customer;
pub mod customers;
pub mod features;
pub mod invitation;
pub mod names;
pub mod secrets;
pub mod sections;
pub mod sign_in;
pub mod users;

use std::str::FromStr;

use serde::Deserialize;
use tenantry::{Cursor, PageRequest};

use crate::problem::Problem;

/// How many rows a page shows.
pub const ROWS: usize = 25;

/// What an address of a list says: where the page begins, and what the request before left to say.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// Where the page before ended.
    pub after: Option<String>,
    /// The notice to show.
    pub notice: Option<String>,
}

impl Asked {
    /// The page of a list that is asked for.
    pub fn page(&self) -> PageRequest {
        let page = self.after.as_deref().map_or_else(PageRequest::first, |after| PageRequest::after(cursor(after)));
        page.size(ROWS)
    }
}

/// A cursor as an address has it; the list that it is handed to refuses what it did not make.
pub fn cursor(text: &str) -> Cursor {
    match text.parse() {
        Ok(cursor) => cursor,
        Err(never) => match never {},
    }
}

/// An id as an address has it. What is none answers like what does not exist.
///
/// # Errors
///
/// [`Problem::NoPage`].
pub fn id<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::NoPage)
}

/// A text as a part of an address.
pub fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
