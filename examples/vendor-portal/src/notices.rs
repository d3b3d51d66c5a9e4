//! What one request leaves for the page that it leads to.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::session::{Session, random_text};

/// How long a notice can be read: long enough for a page that is loaded twice.
const READABLE: Duration = Duration::from_secs(120);
/// How many are kept at most.
const KEPT: usize = 10_000;

/// What is told on the next page.
#[derive(Clone, Debug)]
pub struct Notice {
    /// What happened.
    pub text: String,
    /// The link of an invitation, for the person who invited: with its token it is in this process's memory, in the
    /// page of that person, and nowhere else.
    pub link: Option<String>,
}

/// The notices that were not read yet, or just now. They are told to nobody but the session that caused them.
#[derive(Default)]
pub struct Notices {
    kept: Mutex<VecDeque<Kept>>,
}

struct Kept {
    id: String,
    session: String,
    since: Instant,
    notice: Notice,
}

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notices").finish_non_exhaustive()
    }
}

impl Notices {
    /// Keeps a notice and answers the id by which its session reads it.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random numbers.
    pub fn keep(&self, session: &Session, notice: Notice) -> std::io::Result<String> {
        let id = random_text()?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.front().is_some_and(|oldest| oldest.since.elapsed() > READABLE) || kept.len() >= KEPT {
            kept.pop_front();
        }
        let session = session.id.clone();
        kept.push_back(Kept { id: id.clone(), session, since: Instant::now(), notice });
        Ok(id)
    }

    /// The notice with this id, if it is for this session.
    pub fn read(&self, session: &Session, id: &str) -> Option<Notice> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().rev().find(|kept| kept.id == id && kept.session == session.id)?;
        (found.since.elapsed() <= READABLE).then(|| found.notice.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_for_its_session_and_the_oldest_go() {
        let notices = Notices::default();
        let [mine, other] = [(); 2].map(|()| Session::new(None).unwrap());
        let notice = |text: &str| Notice { text: text.to_owned(), link: None };
        let first = notices.keep(&mine, notice("first")).unwrap();
        assert_eq!(notices.read(&mine, &first).unwrap().text, "first");
        assert!(notices.read(&other, &first).is_none());
        for _ in 0..KEPT {
            notices.keep(&mine, notice("more")).unwrap();
        }
        assert!(notices.read(&mine, &first).is_none());
    }
}
