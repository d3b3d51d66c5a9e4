//! Opening: everything that can be refused is refused before anything is written.
//!
//! Looking, asking the core and opening are three steps, and others work with the file meanwhile. So the last step looks
//! again, in the transaction that writes first, and when it finds something else than what was admitted all begins anew.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use tenantry_core::Caller;
use tenantry_core::store::{Admission, OpenError, OpenStore, Probe, Store, StoreError};
use tenantry_core::vault::StoreId;

use crate::connection::{Opened, Purpose, Settings};
use crate::error::not_applied;
use crate::file_system::{self, FileId};
use crate::header::{self, Header};
use crate::locks::{self, Locks};
use crate::migration::{self, APPLICATION_ID};
use crate::store::{SqliteStore, on_thread_for};
use crate::system::fork;
use crate::system::lock;
use crate::{Sqlite, row};

/// Older releases of SQLite may corrupt a file in WAL mode when its log is reset (fixed in 3.51.3).
const OLDEST_SQLITE: i32 = 3_051_003;
/// What a rollback journal begins with.
const JOURNAL: [u8; 8] = [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7];
/// How often a file may turn into something else while it is opened: it is made, and migrated, once by somebody else.
const LOOKS: usize = 10;

#[async_trait]
impl OpenStore for Sqlite {
    async fn open(self: Box<Self>, admission: Admission, caller: Caller) -> Result<Arc<dyn Store>, OpenError> {
        let settings = on_thread_for(caller, move || settings(&self)).await?;
        for _ in 0..LOOKS {
            let looking = settings.clone();
            let found = on_thread_for(caller, move || look(&looking)).await?;
            if let Found::Store { probe, .. } = &found {
                admission.admit(probe).await?;
            }
            let (opening, may_migrate) = (settings.clone(), admission.may_migrate());
            if let Some(store) = on_thread_for(caller, move || open(opening, &found, may_migrate)).await? {
                return Ok(Arc::new(store));
            }
        }
        Err(changing(&settings))
    }
}

/// What stands at the path.
enum Found {
    /// Nothing, or an empty file.
    Nothing,
    /// A store with this version of the schema.
    Store { version: i64, probe: Probe },
}

impl Found {
    fn version(&self) -> i64 {
        match self {
            Self::Nothing => 0,
            Self::Store { version, .. } => *version,
        }
    }

    /// Whether what was decided about the one holds for the other.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nothing, Self::Nothing) => true,
            (Self::Store { version, probe }, Self::Store { version: other_version, probe: other }) => {
                version == other_version && probe.store_id == other.store_id && probe.root_keys == other.root_keys
            }
            _ => false,
        }
    }
}

/// What all connections have in common; refuses an SQLite, a system and a place that do not do.
fn settings(sqlite: &Sqlite) -> Result<Settings, OpenError> {
    fork::watch().map_err(|error| StoreError::Unavailable(error.into()))?;
    if rusqlite::version_number() < OLDEST_SQLITE {
        let found = rusqlite::version();
        return Err(OpenError::Unusable(format!("SQLite {found} is linked, 3.51.3 is the oldest that is safe")));
    }
    // Elsewhere than on Unix SQLite's own locks belong to an open file.
    if cfg!(unix) && !lock::EXIST {
        let what = "this system has no locks that belong to an open file, and a second copy of SQLite in the process \
                    would take those of the store away";
        return Err(OpenError::Unusable(what.to_owned()));
    }
    let path = file_system::resolve(&sqlite.path)?;
    if !sqlite.network_file_system {
        file_system::refuse_network(file_system::folder_of(&path))?;
    }
    Ok(Settings::new(sqlite, path))
}

/// Looks at the path, and refuses what does not do; nothing is written.
fn look(settings: &Settings) -> Result<Found, OpenError> {
    if is_new(settings.path())? {
        return Ok(Found::Nothing);
    }
    look_at_header(settings)?;
    probe(settings)
}

/// Opens what was looked at and admitted; `None` when it is no longer what stands there.
fn open(settings: Settings, found: &Found, may_migrate: bool) -> Result<Option<SqliteStore>, OpenError> {
    let (version, supported) = (found.version(), migration::latest());
    if version < supported && !may_migrate {
        return Err(OpenError::NeedsMigration { file: settings.file(), found: version, supported });
    }
    let (purpose, behavior) = match found {
        Found::Nothing => (Purpose::Make, TransactionBehavior::Immediate),
        Found::Store { .. } if version < supported => (Purpose::Write, TransactionBehavior::Immediate),
        Found::Store { .. } => (Purpose::Write, TransactionBehavior::Deferred),
    };
    let before = file_at(settings.path())?;
    let mut writer = patiently(&settings, || settings.connect(purpose))?;
    leave_log(&writer, settings.has_log())?;
    let Some(file) = file_at(settings.path())? else { return Ok(None) };
    if before.is_some_and(|before| before != file) {
        return Ok(None);
    }
    let transaction = writer.transaction_with_behavior(behavior).map_err(|error| foreign(&settings, error))?;
    if !found.is_same(&read(&settings, &transaction)?) {
        return Ok(None);
    }
    if version < supported {
        let id = StoreId::generate().map_err(|error| StoreError::Unavailable(error.into()))?;
        migration::run(&transaction, version, id).map_err(not_applied)?;
    }
    let store = row::store_id(&transaction).map_err(not_applied)?;
    transaction.commit().map_err(not_applied)?;
    leave_log(&writer, false)?;
    patiently(&settings, || settings.make_writer(&writer))?;
    let opened = Opened { settings, file, log: None, store };
    let locked = locked(opened, &writer)?;
    Ok(locked.map(|(opened, locks)| SqliteStore::new(opened, locks, writer)))
}

/// Opens a store once more, in a child of the process that opened it.
pub(crate) fn again(
    settings: &Settings,
    file: FileId,
    store: StoreId,
) -> Result<(Opened, Locks, Connection), StoreError> {
    for _ in 0..LOOKS {
        let opened = Opened { settings: settings.clone(), file, log: None, store };
        let writer = opened.connect(Purpose::Write)?;
        match locked(opened, &writer) {
            Ok(Some((opened, locks))) => return Ok((opened, locks, writer)),
            Ok(None) => {}
            Err(OpenError::Store(error)) => return Err(error),
            Err(error) => return Err(StoreError::Unavailable(error.into())),
        }
    }
    Err(StoreError::Unavailable(changing(settings).into()))
}

/// Takes the locks of what a connection has open; `None` when it is not what stands there any more.
fn locked(mut opened: Opened, writer: &Connection) -> Result<Option<(Opened, Locks)>, OpenError> {
    let Some(locks) = Locks::take(&opened.settings, opened.file, writer)? else { return Ok(None) };
    opened.log = file_at(&opened.settings.beside("-wal"))?;
    Ok(opened.log.is_some().then_some((opened, locks)))
}

/// Which file stands at a path, if there is one.
fn file_at(path: &Path) -> Result<Option<FileId>, StoreError> {
    match FileId::of(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::Unavailable(error.into())),
    }
}

fn changing(settings: &Settings) -> OpenError {
    OpenError::Unusable(format!("`{}` kept changing while it was opened", settings.file()))
}

/// Tries until the deadline. When several processes make the same file at once, turning on the log finds it locked and
/// does not wait by itself.
fn patiently<T>(settings: &Settings, work: impl Fn() -> rusqlite::Result<T>) -> Result<T, StoreError> {
    let begin = Instant::now();
    loop {
        match work() {
            Err(error) if is_busy(&error) && begin.elapsed() < settings.busy_deadline() => {
                thread::sleep(Duration::from_millis(1));
            }
            result => return result.map_err(not_applied),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// What the file system says of the path; answers whether the file is to be made.
fn is_new(path: &Path) -> Result<bool, OpenError> {
    let unusable = |what: &str| Err(OpenError::Unusable(format!("`{}` {what}", path.display())));
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => unusable("is a directory"),
        Ok(found) if !found.is_file() => unusable("is no regular file"),
        Ok(found) if found.permissions().readonly() => unusable("is read-only"),
        Ok(found) => Ok(found.len() == 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => unusable(&error.to_string()),
    }
}

/// Refuses what the first page says to be somebody else's, so that SQLite never takes part in such a file: it would roll
/// a journal back that a crash left behind.
fn look_at_header(settings: &Settings) -> Result<(), OpenError> {
    // What the first page will be once the log is copied back may stand in the log.
    let has_log = settings.has_log();
    let Header { application, version } = match header::read(settings.path()) {
        Ok(header) => header,
        Err(_) if has_log || was_being_made(settings) => return Ok(()),
        Err(error) => return Err(foreign(settings, error)),
    };
    // A store has a journal only while it is made, before it has a log.
    let may_be_ours = application == APPLICATION_ID || application == 0 && has_log && !has_journal(settings);
    let may_be_empty = application == 0 && version == 0 && !has_journal(settings);
    if !may_be_ours && !may_be_empty {
        return Err(not_ours(settings, application));
    }
    let supported = migration::latest();
    if !has_log && version > supported {
        return Err(OpenError::Newer { file: settings.file(), found: version, supported });
    }
    Ok(())
}

/// Whether the power failed while the file was made: its first page did not arrive, and the journal, which takes it back to
/// where it was, says that there was nothing. A file without a first page is nobody's.
fn was_being_made(settings: &Settings) -> bool {
    let (mut header, mut journal) = ([1; 100], [0; 20]);
    // Nobody locks a journal.
    let read = File::open(settings.beside("-journal")).and_then(|mut file| file.read_exact(&mut journal));
    // The number of pages before is the fifth number of four bytes.
    let was_nothing = read.is_ok() && journal.starts_with(&JOURNAL) && journal.ends_with(&[0; 4]);
    was_nothing && locks::read_start(settings.path(), &mut header).is_ok() && header == [0; 100]
}

fn has_journal(settings: &Settings) -> bool {
    fs::metadata(settings.beside("-journal")).is_ok_and(|journal| journal.len() > 0)
}

fn not_ours(settings: &Settings, application: i64) -> OpenError {
    let reason = format!("the application id is {application:#010x}, not {APPLICATION_ID:#010x}");
    OpenError::Foreign { file: settings.file(), reason }
}

/// Reads what says whose the file is, and what the core is asked before it is opened.
fn probe(settings: &Settings) -> Result<Found, OpenError> {
    let has_log = settings.has_log();
    let mut connection = settings.connect(Purpose::Probe).map_err(|error| foreign(settings, error))?;
    leave_log(&connection, has_log)?;
    // One moment of the file: another process may be making it.
    let moment = connection.transaction().map_err(not_applied)?;
    let found = read(settings, &moment)?;
    if moment.is_readonly("main").map_err(not_applied)? {
        return Err(OpenError::Unusable(format!("`{}` is read-only", settings.file())));
    }
    Ok(found)
}

/// A log that a crash left behind stays as it is when the file is refused: closing must not copy it back. A log that is
/// not there is made for the connection and must go with it.
fn leave_log(connection: &Connection, leave: bool) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave).map_err(not_applied)?;
    Ok(())
}

/// What one moment of the file holds.
fn read(settings: &Settings, moment: &Transaction<'_>) -> Result<Found, OpenError> {
    let foreign = |error| foreign(settings, error);
    let pragma = |name| moment.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = pragma("application_id").map_err(foreign)?;
    let version = pragma("user_version").map_err(foreign)?;
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = moment.query_row(tables, [], |row| row.get(0)).map_err(foreign)?;
    if application == 0 && version == 0 && tables == 0 {
        return Ok(Found::Nothing);
    }
    if application != APPLICATION_ID {
        return Err(not_ours(settings, application));
    }
    let supported = migration::latest();
    if version > supported {
        return Err(OpenError::Newer { file: settings.file(), found: version, supported });
    }
    let store_id = row::store_id(moment).map_err(not_applied)?;
    let root_keys = if version < 2 { row::root_keys_v1(moment) } else { row::root_keys(moment) };
    Ok(Found::Store { version, probe: Probe { store_id, root_keys: root_keys.map_err(not_applied)? } })
}

fn foreign(settings: &Settings, error: rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            OpenError::Foreign { file: settings.file(), reason: "it is no SQLite file".to_owned() }
        }
        _ => not_applied(error).into(),
    }
}
