//! The SQLite store against every case of the conformance suite.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use tempfile::TempDir;
use tenantry_conformance::{Candidate, Failure, Opened};
use tenantry_core::store::{Admission, OpenStore, Store};
use tenantry_core::{Builder, Caller, Error, Tenantry};
use tenantry_sqlite::{Durability, Sqlite};

struct Files;

impl Candidate for Files {
    fn fresh(&self) -> Result<Box<dyn Opened>, Failure> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("store.db");
        Ok(Box::new(File { path, _folder: folder }))
    }
}

/// A file; every handle has connections of its own.
struct File {
    path: PathBuf,
    _folder: TempDir,
}

impl File {
    /// What the cases try does not depend on surviving a loss of power.
    fn address(&self) -> Sqlite {
        Sqlite::file(&self.path).durability(Durability::ProcessCrash)
    }
}

impl Opened for File {
    fn open(&self, builder: Builder) -> Result<Tenantry, Error> {
        builder.open(self.address()).wait()
    }

    fn store(&self) -> Result<Arc<dyn Store>, Failure> {
        let store = Box::new(self.address()).open(Admission::unconditional(), Caller::Blocking);
        Ok(tenantry_core::testing::ready(store)?)
    }
}

fn main() -> ExitCode {
    tenantry_conformance::run(Files)
}
