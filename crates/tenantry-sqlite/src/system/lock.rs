//! Locks that belong to an open file, and not to the process: nobody else can give them back.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use libc::c_int;

use super::fork::Inherited;
use super::{Kind, Range};
use crate::file_system::FileId;

/// Whether there are such locks. Illumos has them for whole files only, the BSDs not at all.
pub(crate) const EXIST: bool = cfg!(any(target_os = "linux", target_os = "android", target_vendor = "apple"));

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
const COMMANDS: (c_int, c_int) = (libc::F_OFD_SETLK, libc::F_OFD_GETLK);
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
const COMMANDS: (c_int, c_int) = (-1, -1);

/// An open file, to lock its bytes. A child of a fork closes it at once: otherwise its locks would outlive this process.
#[derive(Debug)]
pub(crate) struct Lockable(Inherited);

impl Lockable {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Inherited::open(path).map(Self)
    }

    pub(crate) fn id(&self) -> io::Result<FileId> {
        FileId::of_open(self.0.file())
    }

    pub(crate) fn read_start(&self, room: &mut [u8]) -> io::Result<()> {
        self.0.file().read_exact_at(room, 0)
    }

    /// Locks, or gives back, without waiting; `false` when somebody else's lock stands against it.
    pub(crate) fn set(&self, kind: Kind, range: Range) -> io::Result<bool> {
        let kind = match kind {
            Kind::Shared => libc::F_RDLCK,
            Kind::Exclusive => libc::F_WRLCK,
            Kind::None => libc::F_UNLCK,
        };
        Self::is_taken(self.ask(COMMANDS.0, kind as _, range))
    }

    fn is_taken(answer: io::Result<libc::flock>) -> io::Result<bool> {
        match answer {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Locks in the way that SQLite does: for the process, so that SQLite gives it back as its own.
    pub(crate) fn set_for_process(&self, range: Range) -> io::Result<bool> {
        Self::is_taken(self.ask(libc::F_SETLK, libc::F_WRLCK as _, range))
    }

    /// Whether this process has a lock there in the way that SQLite takes them.
    pub(crate) fn is_held_by_this_process(&self, range: Range) -> io::Result<bool> {
        const FREE: libc::c_short = libc::F_UNLCK as _;
        let found = self.ask(COMMANDS.1, libc::F_WRLCK as _, range)?;
        Ok(found.l_type != FREE && u32::try_from(found.l_pid) == Ok(std::process::id()))
    }

    fn ask(&self, command: c_int, kind: c_int, range: Range) -> io::Result<libc::flock> {
        // SAFETY: it is a plain record of numbers, for which zeros are valid.
        let mut lock: libc::flock = unsafe { std::mem::zeroed() };
        lock.l_type = kind as _;
        lock.l_whence = libc::SEEK_SET as _;
        lock.l_start = range.start as _;
        lock.l_len = range.length as _;
        // SAFETY: the descriptor is open as long as the file is, and the record outlives the call.
        let code = unsafe { libc::fcntl(self.0.file().as_raw_fd(), command, &raw mut lock) };
        if code == -1 { Err(io::Error::last_os_error()) } else { Ok(lock) }
    }
}
