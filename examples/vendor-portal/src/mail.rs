//! The mail of invitations: tenantry writes it to its outbox with the invitation, and this sends what is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tenantry::Outbox;
use tenantry::chrono::Utc;
use tokio::sync::Notify;

/// How long it sleeps when nothing is due: other processes may have left something.
const IDLE: Duration = Duration::from_secs(30);

/// Sends the mail of invitations.
#[derive(Debug)]
pub struct Mail {
    outbox: Outbox,
    wake: Notify,
    ended: AtomicBool,
}

impl Mail {
    /// Sends from this outbox, once it [runs](Mail::run).
    pub fn new(outbox: Outbox) -> Arc<Self> {
        Arc::new(Self { outbox, wake: Notify::new(), ended: AtomicBool::new(false) })
    }

    /// Says that somebody was invited.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Ends the sending, after the mail that is due.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Sends what is due, whenever something is, until it is told to end.
    pub async fn run(&self) {
        while !self.ended.load(Ordering::Acquire) {
            let pause = match self.outbox.deliver().await {
                Ok(run) => run.next_attempt_at.and_then(|at| (at - Utc::now()).to_std().ok()).unwrap_or(IDLE),
                Err(error) => {
                    tracing::error!(code = error.code(), "the outbox could not be delivered");
                    IDLE
                }
            };
            // Either somebody was invited, or it is time.
            let _ = tokio::time::timeout(pause.min(IDLE), self.wake.notified()).await;
        }
    }
}
