//! The cases that every store of tenantry must pass: for those who write a store.
//!
//! Implement [`Candidate`] for your store and call [`run`] from a test target with `harness = false`; see how the memory
//! store does it in `tests/memory.rs`. Every case runs on every store; after each of them `verify` must find nothing.
#![forbid(unsafe_code)]

mod cases;
mod check;
mod courier;
mod faulty;
mod front;
pub mod race;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use tenantry_core::store::Store;
use tenantry_core::{Builder, Error, Tenantry};

#[doc(hidden)]
pub use front::contract;

/// Why a case failed.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A store under test.
pub trait Candidate: Send + Sync + 'static {
    /// A new, empty store.
    ///
    /// # Errors
    ///
    /// When none can be made.
    fn fresh(&self) -> Result<Box<dyn Opened>, Failure>;
}

/// One store of a candidate, which can be opened again and again: every handle sees the same rows.
pub trait Opened: Send + Sync {
    /// Opens one more handle on the store.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    fn open(&self, builder: Builder) -> Result<Tenantry, Error>;

    /// Opens one more handle, without what stands above it.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    fn store(&self) -> Result<Arc<dyn Store>, Failure>;
}

/// A case: a sentence of the specification, and how it is tried.
#[derive(Clone, Copy)]
pub struct Case {
    name: &'static str,
    run: fn(&dyn Opened) -> Result<(), Failure>,
}

impl Case {
    /// Its name, which begins with the rule that it tries.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Tries it on a store, which is empty.
    ///
    /// # Errors
    ///
    /// When the store does something else than the case says, or `verify` finds something afterwards.
    pub fn run(&self, store: &dyn Opened) -> Result<(), Failure> {
        (self.run)(store)?;
        let app = store.open(check::builder())?;
        let found = app.maintenance("conformance").verify(Vec::new()).wait()?;
        match found.first() {
            None => Ok(()),
            Some(first) => Err(format!("verify found {} violations, the first: {first}", found.len()).into()),
        }
    }
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

/// Every case.
pub fn cases() -> Vec<Case> {
    cases::all()
}

/// Runs every case on a candidate, as a test program does.
pub fn run(candidate: impl Candidate) -> ExitCode {
    let candidate = Arc::new(candidate);
    let trial = |case: Case| {
        let candidate = Arc::clone(&candidate);
        Trial::test(case.name, move || {
            let result = candidate.fresh().and_then(|store| case.run(&*store));
            result.map_err(|failure| failure.to_string().into())
        })
    };
    libtest_mimic::run(&Arguments::from_args(), cases().into_iter().map(trial).collect()).exit_code()
}
