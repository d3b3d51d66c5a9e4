//! The memory store against every case.

use std::process::ExitCode;
use std::sync::Arc;

use tenantry_conformance::{Candidate, Failure, Opened};
use tenantry_core::store::{Admission, MemoryStore, OpenStore, Store};
use tenantry_core::{Builder, Caller, Error, Tenantry};

struct Memory;

impl Candidate for Memory {
    fn fresh(&self) -> Result<Box<dyn Opened>, Failure> {
        Ok(Box::new(Handle(MemoryStore::new()?)))
    }
}

/// Clones of a memory store share its rows.
struct Handle(MemoryStore);

impl Opened for Handle {
    fn open(&self, builder: Builder) -> Result<Tenantry, Error> {
        builder.open(self.0.clone()).wait()
    }

    fn store(&self) -> Result<Arc<dyn Store>, Failure> {
        let store = Box::new(self.0.clone()).open(Admission::unconditional(), Caller::Blocking);
        Ok(tenantry_core::testing::ready(store)?)
    }
}

fn main() -> ExitCode {
    tenantry_conformance::run(Memory)
}
