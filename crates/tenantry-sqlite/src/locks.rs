//! Locks on a store's file that nothing else in this process can take away.
//!
//! SQLite's locks belong to the process: whoever else closes the file in it, a second copy of SQLite at the end of a read
//! for example, takes them all. Others then delete a log that is in use, or write beside a transaction, and what was
//! acknowledged is lost. So locks of another kind, which belong to an open file, stand beside SQLite's:
//!
//! - on what says that the file and the index of its log are in use, for as long as a store is open;
//! - on a byte of our own while a transaction writes, with the copying back of the log that follows it, so that two processes
//!   with stores never write at once;
//! - and for as long on what says that the index of the log is made anew. Whoever reads in the middle of a COMMIT believes the
//!   index broken, and, where SQLite's own lock was taken away, would make it anew without what is written at that moment.
//!
//! That SQLite's own lock is still there is asked before every COMMIT: programs without a store look for that one. If it is
//! gone it is taken again, and when somebody wrote meanwhile the transaction is begun anew.
//!
//! Closing what holds these locks would take SQLite's away, too, so the stores of a file share them, and the last one gives
//! them back. Only then may SQLite find that nobody else uses the file, and clear the log away.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use tenantry_core::process::PerProcess;
use tenantry_core::store::{OpenError, StoreError};

use crate::connection::Settings;
use crate::error::not_applied;
use crate::file_system::FileId;
use crate::system::lock::{self, Lockable};
use crate::system::{Kind, Range, fork};

/// What SQLite locks in a file, from its documentation of the format.
const IN_USE: Range = Range { start: 0x4000_0002, length: 510 };
/// The byte behind them, of which SQLite knows nothing.
const WRITERS: Range = Range { start: 0x4000_0200, length: 1 };
const ALL: Range = Range { start: 0x4000_0000, length: 513 };

/// What SQLite locks in the index of the log.
const INDEX_WRITER: Range = Range { start: 120, length: 1 };
const INDEX_RECOVERY: Range = Range { start: 122, length: 1 };
const INDEX_IN_USE: Range = Range { start: 128, length: 1 };
const ALL_OF_INDEX: Range = Range { start: 120, length: 9 };

/// What the index begins with: how far the log goes. It differs after every commit.
type Header = [u8; 48];

/// The files that stores are open on in this process.
static FILES: PerProcess<Files> = PerProcess::new(fork::generation);

#[derive(Debug, Default)]
struct Files {
    entries: Mutex<HashMap<FileId, Arc<Entry>>>,
    /// What could not be closed without taking a lock away.
    kept: Mutex<Vec<(FileId, Lockable, Range)>>,
}

/// One file. Whoever opens or closes it waits for those who do.
#[derive(Debug, Default)]
struct Entry {
    stores: Mutex<Stores>,
}

#[derive(Debug, Default)]
struct Stores {
    count: usize,
    held: Option<Arc<Held>>,
}

/// The locks.
#[derive(Debug)]
struct Held {
    main: Private,
    index: Private,
    /// Whether a store of this process has the byte of those who write: between these the kernel sees no difference.
    is_written: AtomicBool,
    /// The header as it was when the transaction that writes began.
    began: Mutex<Header>,
}

/// A descriptor of our own.
#[derive(Debug)]
struct Private {
    /// `None` only while it is dropped.
    lockable: Option<Lockable>,
    file: FileId,
    all: Range,
}

/// A store's share of the locks of its file.
#[derive(Debug)]
pub(crate) struct Locks {
    /// `None` where there are no such locks, and once it was given back.
    share: Mutex<Option<Share>>,
}

#[derive(Debug)]
struct Share {
    file: FileId,
    entry: Arc<Entry>,
    held: Arc<Held>,
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub(crate) struct Writing(Option<Arc<Held>>);

impl Locks {
    /// Takes the locks of a file that a connection has open with its log; `None` when something else closed it before they
    /// were there, and the connection may use files that were deleted.
    pub(crate) fn take(settings: &Settings, file: FileId, connection: &Connection) -> Result<Option<Self>, OpenError> {
        let share = if lock::EXIST { Share::take(settings, file)? } else { None };
        if lock::EXIST && share.is_none() {
            return Ok(None);
        }
        let locks = Self { share: Mutex::new(share) };
        connection.busy_timeout(Duration::ZERO).map_err(not_applied)?;
        let is_whole = locks.is_whole(connection);
        connection.busy_timeout(settings.busy_deadline()).map_err(not_applied)?;
        Ok(is_whole?.then_some(locks))
    }

    /// Whether the connection locks the same index. Where somebody else writes, the first commit finds out.
    fn is_whole(&self, connection: &Connection) -> Result<bool, StoreError> {
        let Some(_writing) = self.begin(connection)? else { return Ok(true) };
        let is_held = self.is_held();
        connection.execute_batch("ROLLBACK").map_err(not_applied)?;
        is_held
    }

    /// Begins a transaction that writes; `None` when somebody else writes.
    pub(crate) fn begin(&self, connection: &Connection) -> Result<Option<Writing>, StoreError> {
        let writing = match self.held() {
            Some(held) => match held.write().map_err(unavailable)? {
                Some(writing) => writing,
                None => return Ok(None),
            },
            None => Writing(None),
        };
        match connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([])) {
            Ok(_) => {
                let has_begun = writing.has_begun();
                if !matches!(has_begun, Ok(true)) {
                    connection.execute_batch("ROLLBACK").map_err(not_applied)?;
                }
                Ok(has_begun.map_err(unavailable)?.then_some(writing))
            }
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(None),
            Err(error) => Err(not_applied(error)),
        }
    }

    /// Whether SQLite's lock on the transaction that writes is there, and nobody wrote since that began.
    pub(crate) fn is_held(&self) -> Result<bool, StoreError> {
        self.held().map_or(Ok(true), |held| held.is_held()).map_err(unavailable)
    }

    /// Gives the share back and closes the last connection of the store; without locks, if it is the last store.
    pub(crate) fn leave<T>(&self, close: impl FnOnce() -> T) -> T {
        let Some(Share { file, entry, held }) = lock(&self.share).take() else { return close() };
        let mut stores = lock(&entry.stores);
        stores.count = stores.count.saturating_sub(1);
        if stores.count == 0 {
            stores.held = None;
            held.give_back();
        }
        let closed = close();
        drop(held);
        drop(stores);
        Files::of_this_process().forget(file, entry);
        closed
    }

    fn held(&self) -> Option<Arc<Held>> {
        lock(&self.share).as_ref().map(|share| Arc::clone(&share.held))
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
impl Locks {
    /// SQLite's own alone, to show what is lost with them.
    pub(crate) fn without() -> Self {
        Self { share: Mutex::new(None) }
    }
}

impl Drop for Locks {
    fn drop(&mut self) {
        self.leave(|| ());
    }
}

impl Share {
    /// `None` when the index of the log was deleted.
    fn take(settings: &Settings, file: FileId) -> Result<Option<Self>, OpenError> {
        let files = Files::of_this_process();
        files.close_kept();
        let entry = Arc::clone(lock(&files.entries).entry(file).or_default());
        let mut stores = lock(&entry.stores);
        let held = match &stores.held {
            Some(held) => Ok(Some(Arc::clone(held))),
            None => Held::take(settings).map(|held| held.map(Arc::new)),
        };
        if let Ok(Some(held)) = held {
            stores.count += 1;
            stores.held = Some(Arc::clone(&held));
            drop(stores);
            return Ok(Some(Self { file, entry, held }));
        }
        drop(stores);
        files.forget(file, entry);
        held.map(|_| None)
    }
}

impl Held {
    fn take(settings: &Settings) -> Result<Option<Self>, OpenError> {
        let open = |path: &Path, all| match Private::open(path, all) {
            Ok(private) => Ok(Some(private)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unavailable(error)),
        };
        let deadline = Instant::now() + settings.busy_deadline();
        let Some(main) = open(settings.path(), ALL)? else { return Ok(None) };
        main.share(IN_USE, deadline)?;
        let Some(index) = open(&settings.beside("-shm"), ALL_OF_INDEX)? else { return Ok(None) };
        index.share(INDEX_IN_USE, deadline)?;
        Ok(Some(Self { main, index, is_written: AtomicBool::new(false), began: Mutex::new([0; 48]) }))
    }

    fn is_held(&self) -> io::Result<bool> {
        let index = self.index.lockable()?;
        if index.is_held_by_this_process(INDEX_WRITER)? {
            return Ok(true);
        }
        if !index.set_for_process(INDEX_WRITER)? {
            return Ok(false);
        }
        let mut now = [0; 48];
        index.read_start(&mut now)?;
        Ok(now == *lock(&self.began))
    }

    /// The byte of those who write; `None` when somebody else has it.
    fn write(self: &Arc<Self>) -> io::Result<Option<Writing>> {
        if self.is_written.swap(true, Ordering::Acquire) {
            return Ok(None);
        }
        let is_free = self.main.set(Kind::Exclusive, WRITERS);
        if !matches!(is_free, Ok(true)) {
            self.is_written.store(false, Ordering::Release);
        }
        Ok(is_free?.then(|| Writing(Some(Arc::clone(self)))))
    }

    fn give_back(&self) {
        for (private, range) in [(&self.main, IN_USE), (&self.index, INDEX_IN_USE)] {
            if let Err(error) = private.set(Kind::None, range) {
                tracing::warn!(%error, "the file stays locked until this process ends");
            }
        }
    }
}

impl Writing {
    /// Keeps the index of the log from being made anew, and notes how far the log goes; `false` when somebody makes it anew at
    /// this moment.
    fn has_begun(&self) -> io::Result<bool> {
        let Some(held) = &self.0 else { return Ok(true) };
        if !held.index.set(Kind::Shared, INDEX_RECOVERY)? {
            return Ok(false);
        }
        held.index.lockable()?.read_start(&mut *lock(&held.began))?;
        Ok(true)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let Some(held) = &self.0 else { return };
        for (private, range) in [(&held.index, INDEX_RECOVERY), (&held.main, WRITERS)] {
            if let Err(error) = private.set(Kind::None, range) {
                tracing::warn!(%error, "other processes cannot write until this one ends");
            }
        }
        held.is_written.store(false, Ordering::Release);
    }
}

impl Private {
    fn open(path: &Path, all: Range) -> io::Result<Self> {
        let file = FileId::of(path)?;
        let kept = {
            let mut kept = lock(&Files::of_this_process().kept);
            kept.iter().position(|(other, ..)| *other == file).map(|place| kept.swap_remove(place).1)
        };
        let lockable = match kept {
            Some(lockable) => lockable,
            None => Lockable::open(path)?,
        };
        let file = lockable.id()?;
        Ok(Self { lockable: Some(lockable), file, all })
    }

    fn lockable(&self) -> io::Result<&Lockable> {
        self.lockable.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn set(&self, kind: Kind, range: Range) -> io::Result<bool> {
        self.lockable()?.set(kind, range)
    }

    /// Waits for those who open or close the file at this moment.
    fn share(&self, range: Range, deadline: Instant) -> Result<(), OpenError> {
        loop {
            if self.set(Kind::Shared, range).map_err(without_locks)? {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(StoreError::Contended.into());
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        if let Some(lockable) = self.lockable.take() {
            Files::of_this_process().close(self.file, lockable, self.all);
        }
    }
}

impl Files {
    fn of_this_process() -> &'static Self {
        FILES.get(Self::default)
    }

    /// Closing takes away every lock that this process has on the file. So nobody may have one, and while it is closed
    /// nobody gets one.
    fn close(&self, file: FileId, lockable: Lockable, all: Range) {
        if !lock::EXIST || matches!(lockable.set(Kind::Exclusive, all), Ok(true)) {
            drop(lockable);
        } else {
            // Without what could not be given back with it.
            let _ = lockable.set(Kind::None, all);
            lock(&self.kept).push((file, lockable, all));
        }
    }

    fn close_kept(&self) {
        let kept = std::mem::take(&mut *lock(&self.kept));
        kept.into_iter().for_each(|(file, lockable, all)| self.close(file, lockable, all));
    }

    /// Drops an entry that nobody uses or waits for.
    fn forget(&self, file: FileId, entry: Arc<Entry>) {
        let mut entries = lock(&self.entries);
        // The map's and the one here.
        if Arc::strong_count(&entry) == 2 && lock(&entry.stores).held.is_none() {
            entries.remove(&file);
        }
    }
}

/// Reads the beginning of a file past SQLite.
pub(crate) fn read_start(path: &Path, room: &mut [u8]) -> io::Result<()> {
    Private::open(path, ALL)?.lockable()?.read_start(room)
}

/// What a refused lock says: that there are none, or that the disk fails.
fn without_locks(error: io::Error) -> OpenError {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => {
            OpenError::Unusable(format!("the file system has no locks that belong to an open file: {error}"))
        }
        _ => unavailable(error).into(),
    }
}

fn unavailable(error: io::Error) -> StoreError {
    StoreError::Unavailable(error.into())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while one of these locks is held leaves what is behind it whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
