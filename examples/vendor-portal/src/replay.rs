//! Forms that come twice: a double click, or a browser that repeats what it did not see answered.
//!
//! Every page gives its forms a number of their own. The second form with the same number, address and content gets the
//! answer of the first, and nothing is done again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};

use crate::session::Session;

/// How many answers are kept.
const KEPT: usize = 10_000;

/// What a form is known by.
pub type Key = [u8; 32];

/// What a form was answered with, once it was done: it leads on, and perhaps signs somebody in.
pub type Answer = tokio::sync::Mutex<Option<(StatusCode, HeaderMap)>>;

/// The answers to forms that were done.
#[derive(Debug, Default)]
pub struct Replays {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    answers: HashMap<Key, Arc<Answer>>,
    order: VecDeque<Key>,
}

impl Replays {
    /// Where the answer to a form is, or will be. Who holds its lock is the one who does it.
    pub fn answer(&self, key: Key) -> Arc<Answer> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = kept.answers.get(&key) {
            return Arc::clone(answer);
        }
        if kept.order.len() >= KEPT
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.answers.remove(&oldest);
        }
        let answer = Arc::<Answer>::default();
        kept.answers.insert(key, Arc::clone(&answer));
        kept.order.push_back(key);
        answer
    }
}

/// What a form of a session is known by. The number of its page is in the body.
pub fn key(session: &Session, path: &str, body: &[u8]) -> Key {
    let mut hash = Sha256::new();
    for part in [session.id.as_bytes(), path.as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(body);
    hash.finalize().into()
}
