//! What the operating system is asked that neither the standard library nor SQLite asks for us: locks that belong to an
//! open file, and what happens at a fork.
//!
//! All `unsafe` of the crate stands in this folder, because these are calls of C.
#![expect(unsafe_code, reason = "calls of C, each with the reason why it is sound")]

#[cfg(unix)]
pub(crate) mod fork;
#[cfg(unix)]
pub(crate) mod lock;

/// Bytes of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) start: i64,
    pub(crate) length: i64,
}

/// What is asked of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Shared,
    Exclusive,
    /// To give back what is held.
    None,
}

/// Nothing forks here.
#[cfg(not(unix))]
pub(crate) mod fork {
    pub(crate) fn watch() -> std::io::Result<()> {
        Ok(())
    }

    pub(crate) fn generation() -> u64 {
        0
    }
}

/// SQLite's own locks belong to a handle here: nobody else can give them back.
#[cfg(not(unix))]
pub(crate) mod lock {
    use std::fs::File;
    use std::io::{self, Read, Seek};
    use std::path::Path;

    use super::{Kind, Range};
    use crate::file_system::FileId;

    pub(crate) const EXIST: bool = false;

    #[derive(Debug)]
    pub(crate) struct Lockable(File);

    impl Lockable {
        pub(crate) fn open(path: &Path) -> io::Result<Self> {
            File::open(path).map(Self)
        }

        pub(crate) fn id(&self) -> io::Result<FileId> {
            FileId::of_open(&self.0)
        }

        pub(crate) fn read_start(&self, room: &mut [u8]) -> io::Result<()> {
            let mut file = &self.0;
            file.rewind()?;
            file.read_exact(room)
        }

        pub(crate) fn set_for_process(&self, _: Range) -> io::Result<bool> {
            Ok(true)
        }

        pub(crate) fn set(&self, _: Kind, _: Range) -> io::Result<bool> {
            Ok(true)
        }

        pub(crate) fn is_held_by_this_process(&self, _: Range) -> io::Result<bool> {
            Ok(true)
        }
    }
}
