//! The store: readers, one writer, and on whose thread they work.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use async_trait::async_trait;
use futures_channel::oneshot;
use rusqlite::Connection;
use tenantry_core::process::PerProcess;
use tenantry_core::store::{BackupError, BackupReport, Commit, Receipt, Store, StoreError};
use tenantry_core::vault::StoreId;
use tenantry_core::{Backup, BackupFile, Caller};

use crate::connection::{Opened, Readers, Settings};
use crate::file_system::FileId;
use crate::locks::Locks;
use crate::search::Orders;
use crate::system::fork;
use crate::writer::Writer;
use crate::{backup, integrity, open};

/// A store in an SQLite file.
///
/// A child of a fork opens it again with its first call: connections, threads and locks are those of one process.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    id: StoreId,
    settings: Settings,
    file: FileId,
    sessions: PerProcess<Session>,
    closed: AtomicBool,
    /// Set when SQLite finds the file corrupt: from then on nothing is written.
    corrupt: Arc<AtomicBool>,
}

/// The store as one process has it open.
#[derive(Debug, Default)]
struct Session {
    shared: OnceLock<Arc<Shared>>,
    /// Held by who opens it.
    opening: Mutex<()>,
}

/// What the threads share that work for a store.
#[derive(Debug)]
struct Shared {
    readers: Readers,
    writer: Writer,
    /// What the searches remember.
    orders: Arc<Orders>,
    corrupt: Arc<AtomicBool>,
}

impl SqliteStore {
    pub(crate) fn new(opened: Opened, locks: Locks, writer: Connection) -> Self {
        let (id, settings, file) = (opened.store, opened.settings.clone(), opened.file);
        let corrupt = Arc::new(AtomicBool::new(false));
        let sessions = PerProcess::new(fork::generation);
        let shared = Arc::new(Shared::new(opened, locks, writer, Arc::clone(&corrupt)));
        sessions.get(|| Session { shared: OnceLock::from(shared), opening: Mutex::default() });
        Self { id, settings, file, sessions, closed: AtomicBool::new(false), corrupt }
    }

    fn shared(&self) -> Result<&Arc<Shared>, StoreError> {
        let session = self.sessions.get(Session::default);
        session.shared.get().map_or_else(|| self.open_again(session), Ok)
    }

    fn open_again<'a>(&self, session: &'a Session) -> Result<&'a Arc<Shared>, StoreError> {
        let _opening = session.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = session.shared.get() {
            return Ok(shared);
        }
        if self.closed.load(Ordering::Relaxed) {
            return Err(StoreError::Closed);
        }
        let (opened, locks, writer) = open::again(&self.settings, self.file, self.id)?;
        let shared = Shared::new(opened, locks, writer, Arc::clone(&self.corrupt));
        Ok(session.shared.get_or_init(|| Arc::new(shared)))
    }

    /// What the searches remember.
    pub(crate) fn orders(&self) -> Result<Arc<Orders>, StoreError> {
        self.shared().map(|shared| Arc::clone(&shared.orders))
    }

    /// A read of microseconds, on the calling thread.
    pub(crate) fn read<T>(&self, read: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.shared()?.read(read)
    }

    /// A read that may take longer: an awaiting caller's runs on a worker thread.
    pub(crate) async fn list<T: Send + 'static>(
        &self,
        caller: Caller,
        read: impl Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(self.shared()?);
        on_thread_for(caller, move || shared.read(read)).await
    }
}

impl Shared {
    fn new(opened: Opened, locks: Locks, writer: Connection, corrupt: Arc<AtomicBool>) -> Self {
        let writer = Writer::new(opened.clone(), locks, writer);
        Self { readers: Readers::new(opened), writer, orders: Arc::default(), corrupt }
    }

    fn read<T>(&self, read: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.noted(self.readers.with(read))
    }

    async fn commit(&self, commit: Commit, caller: Caller) -> Result<Receipt, StoreError> {
        if self.corrupt.load(Ordering::Relaxed) {
            return Err(StoreError::ReadOnly);
        }
        self.noted(self.writer.commit(commit, caller).await)
    }

    /// Copies the store into a file, for as long as somebody waits for it and the store is open.
    fn back_up(
        &self,
        file: &BackupFile,
        report: &mut dyn FnMut(Backup),
        is_waited_for: impl Fn() -> bool,
    ) -> Result<Backup, BackupError> {
        let source = self.noted(self.readers.one_more())?;
        let goes_on = || {
            self.readers.goes_on()?;
            if is_waited_for() { Ok(()) } else { Err(StoreError::Closed) }
        };
        backup::copy(self.readers.opened(), &source, file, report, &goes_on)
    }

    fn noted<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Corrupt(what)) = &answer
            && !self.corrupt.swap(true, Ordering::Relaxed)
        {
            tracing::error!(what, "the file is corrupt; the store accepts no writes from here on");
        }
        answer
    }
}

/// Does blocking work where it belongs: on the thread of a blocking caller, or on a worker for an awaiting one. Work that
/// was handed to a worker is done, whether or not somebody still waits for it.
pub(crate) async fn on_thread_for<T: Send + 'static, E: From<StoreError> + Send + 'static>(
    caller: Caller,
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    match caller {
        Caller::Blocking => work(),
        Caller::Awaiting => {
            let (answer, answered) = oneshot::channel();
            let work = move || {
                // Nobody may wait any more.
                let _ = answer.send(work());
            };
            if fork::generation() == 0 {
                blocking::unblock(work).detach();
            } else {
                // In a child of a fork nobody works for the pool any more.
                let thread = thread::Builder::new().name("tenantry-reader".to_owned()).spawn(work);
                thread.map_err(|error| StoreError::Unavailable(error.into()))?;
            }
            match answered.await {
                Ok(answer) => answer,
                // The work panicked, a bug: what it did is unknown.
                Err(cancelled) => Err(StoreError::OutcomeUnknown(cancelled.into()).into()),
            }
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn store_id(&self) -> StoreId {
        self.id
    }

    async fn commit(&self, commit: Commit, caller: Caller) -> Result<Receipt, StoreError> {
        self.shared()?.commit(commit, caller).await
    }

    async fn check_integrity(&self, caller: Caller) -> Result<Vec<String>, StoreError> {
        self.list(caller, integrity::check).await
    }

    async fn schema_version(&self) -> Result<i64, StoreError> {
        self.read(|connection| connection.pragma_query_value(None, "user_version", |row| row.get(0)))
    }

    async fn backup(&self, file: BackupFile, mut report: BackupReport, caller: Caller) -> Result<Backup, BackupError> {
        let shared = Arc::clone(self.shared()?);
        // Whoever drops the call drops this.
        let waiting = Arc::new(());
        let waits = Arc::downgrade(&waiting);
        let copy = move || {
            let copied = || shared.back_up(&file, &mut report, || waits.strong_count() > 0);
            // A panic of `report` belongs to the caller, on whichever thread it was called.
            Ok::<_, StoreError>(catch_unwind(AssertUnwindSafe(copied)))
        };
        let copied = on_thread_for(caller, copy).await?;
        drop(waiting);
        copied.unwrap_or_else(|panic| resume_unwind(panic))
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.closed.store(true, Ordering::Relaxed);
        let session = self.sessions.get(Session::default);
        // Whoever opens it at this moment has it open then; nobody opens it later.
        drop(session.opening.lock());
        let Some(shared) = session.shared.get() else { return Ok(()) };
        shared.readers.close();
        shared.writer.close()
    }
}
