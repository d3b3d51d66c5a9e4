//! The check of the audit log, which the page shows the last result of.

use std::sync::{Mutex, PoisonError};

use tenantry::chrono::{DateTime, Utc};
use tenantry::{Error, Tenantry};

/// How many findings are shown.
const SHOWN: usize = 20;

/// How far the check is.
#[derive(Clone, Debug, Default)]
pub enum Check {
    /// It was not run since the program started.
    #[default]
    Never,
    /// It is running.
    Running,
    /// It was run.
    Done {
        /// When it ended.
        at: DateTime<Utc>,
        /// How many findings there are.
        count: usize,
        /// The first of them, in words.
        findings: Vec<String>,
    },
    /// It could not be run.
    Failed,
}

/// The last check. It looks at the whole store, which takes a while when it is large, so it is run on demand and once at
/// a time.
#[derive(Debug, Default)]
pub struct Verification {
    last: Mutex<Check>,
}

impl Verification {
    /// How far the check is.
    pub fn last(&self) -> Check {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs the check, unless it is running.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn run(&self, app: &Tenantry, reason: &str) -> Result<(), Error> {
        {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if matches!(*last, Check::Running) {
                return Ok(());
            }
            *last = Check::Running;
        }
        let found = app.maintenance(reason).verify(Vec::new()).await;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Ok(found) => {
                let findings = found.iter().take(SHOWN).map(ToString::to_string).collect();
                *last = Check::Done { at: Utc::now(), count: found.len(), findings };
                Ok(())
            }
            Err(error) => {
                *last = Check::Failed;
                Err(error)
            }
        }
    }
}
