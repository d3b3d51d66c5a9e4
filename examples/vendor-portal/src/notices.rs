//! What one request leaves to say on the page that it leads to.

use std::time::Duration;

use crate::shelf::Shelf;

/// What is told on the next page.
#[derive(Clone, Debug)]
pub struct Notice {
    /// What happened.
    pub text: String,
    /// The link of an invitation, for the person who invited: with its token it is in this process's memory, in the
    /// page of that person, and nowhere else.
    pub link: Option<String>,
}

/// The notices that were not read yet, or just now: long enough for a page that is loaded twice.
pub fn notices() -> Shelf<Notice> {
    Shelf::new(10_000, Duration::from_secs(120))
}
