//! A copy of a store: where it goes, and how far it is.

use std::path::{Path, PathBuf};

/// The file that a backup is written to.
///
/// ```
/// use tenantry_core::BackupFile;
///
/// let nightly = BackupFile::new("customers-backup.db").replace_existing();
/// # assert!(nightly.replaces_existing());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFile {
    path: PathBuf,
    replaces: bool,
}

impl BackupFile {
    /// A file that does not exist yet, in a folder that does.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), replaces: false }
    }

    /// Takes the place of a file that exists, at the moment when the copy is whole and not before.
    pub fn replace_existing(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it may take the place of a file that exists.
    pub fn replaces_existing(&self) -> bool {
        self.replaces
    }
}

macro_rules! from_paths {
    ($($path:ty),+) => {
        $(impl From<$path> for BackupFile {
            fn from(path: $path) -> Self {
                Self::new(path)
            }
        })+
    };
}
from_paths!(&str, String, &Path, PathBuf, &PathBuf);

/// How far a backup is, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Backup {
    /// How much is copied.
    pub copied: u64,
    /// How much is left.
    pub left: u64,
}

impl Backup {
    /// For a store.
    pub fn new(copied: u64, left: u64) -> Self {
        Self { copied, left }
    }
}
