//! A courier in the hands of a case.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tenantry_core::{Courier, DeliveryError, InvitationMail};

type Act = dyn Fn(&InvitationMail) -> Result<(), DeliveryError> + Send + Sync;

/// Does with each mail what the case says, and keeps what it was handed; clones share it.
#[derive(Clone)]
pub(crate) struct Scripted {
    act: Arc<Act>,
    handed: Arc<Mutex<Vec<InvitationMail>>>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").finish_non_exhaustive()
    }
}

impl Scripted {
    pub(crate) fn new(act: impl Fn(&InvitationMail) -> Result<(), DeliveryError> + Send + Sync + 'static) -> Self {
        Self { act: Arc::new(act), handed: Arc::default() }
    }

    /// Brings everything.
    pub(crate) fn willing() -> Self {
        Self::new(|_| Ok(()))
    }

    /// What it was handed since it was last asked.
    pub(crate) fn take(&self) -> Vec<InvitationMail> {
        std::mem::take(&mut *self.handed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Courier for Scripted {
    async fn deliver(&self, mail: &InvitationMail) -> Result<(), DeliveryError> {
        self.handed.lock().unwrap_or_else(PoisonError::into_inner).push(mail.clone());
        (self.act)(mail)
    }
}
