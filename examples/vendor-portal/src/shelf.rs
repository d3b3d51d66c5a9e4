//! What one request leaves for another of the same session, for a while.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::session::{Session, random_text};

/// Things that are kept for a while, each for the session that it belongs to.
pub struct Shelf<T> {
    time: Duration,
    most: usize,
    kept: Mutex<VecDeque<Kept<T>>>,
}

struct Kept<T> {
    id: String,
    session: String,
    since: Instant,
    thing: T,
}

impl<T> std::fmt::Debug for Shelf<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf").finish_non_exhaustive()
    }
}

impl<T: Clone> Shelf<T> {
    /// Keeps so many things at most, and each so long.
    pub fn new(most: usize, time: Duration) -> Self {
        Self { time, most, kept: Mutex::default() }
    }

    /// Keeps a thing and answers the id by which its session gets it.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random numbers.
    pub fn keep(&self, session: &Session, thing: T) -> std::io::Result<String> {
        let id = random_text()?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.front().is_some_and(|oldest| oldest.since.elapsed() > self.time) || kept.len() >= self.most {
            kept.pop_front();
        }
        kept.push_back(Kept { id: id.clone(), session: session.id.clone(), since: Instant::now(), thing });
        Ok(id)
    }

    /// The thing with this id, if it is this session's.
    pub fn get(&self, session: &Session, id: &str) -> Option<T> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().rev().find(|kept| kept.id == id && kept.session == session.id)?;
        (found.since.elapsed() <= self.time).then(|| found.thing.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_for_its_session_and_the_oldest_go() {
        let shelf = Shelf::new(2, Duration::MAX);
        let [mine, other] = [(); 2].map(|()| Session::new(None).unwrap());
        let first = shelf.keep(&mine, "first").unwrap();
        assert_eq!(shelf.get(&mine, &first), Some("first"));
        assert_eq!(shelf.get(&other, &first), None);
        for _ in 0..2 {
            shelf.keep(&other, "more").unwrap();
        }
        assert_eq!(shelf.get(&mine, &first), None);
    }
}
