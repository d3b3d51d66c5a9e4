//! Opening: everything that can be refused is refused before anything is written.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};
use tenantry_core::Caller;
use tenantry_core::store::{Admission, OpenError, OpenStore, Probe, Store, StoreError};
use tenantry_core::vault::StoreId;

use crate::connection::{Purpose, Settings};
use crate::error::not_applied;
use crate::migration::{self, APPLICATION_ID};
use crate::store::{SqliteStore, on_thread_for};
use crate::{Sqlite, file_system, row};

/// Older releases of SQLite may corrupt a file in WAL mode when its log is reset (fixed in 3.51.3).
const OLDEST_SQLITE: i32 = 3_051_003;

#[async_trait]
impl OpenStore for Sqlite {
    async fn open(self: Box<Self>, admission: Admission, caller: Caller) -> Result<Arc<dyn Store>, OpenError> {
        let sqlite = Arc::new(*self);
        let found = Arc::clone(&sqlite);
        let found = on_thread_for(caller, move || look(&found)).await?;
        if let Found::Store { probe, .. } = &found {
            admission.admit(probe).await?;
        }
        let store = on_thread_for(caller, move || open(&sqlite, &found, admission.may_migrate())).await?;
        Ok(Arc::new(store))
    }
}

/// What stands at the path.
enum Found {
    /// Nothing, or an empty file.
    Nothing,
    /// A store with this version of the schema.
    Store { version: i64, probe: Probe },
}

/// Looks at the path, and refuses what does not do; nothing is written.
fn look(sqlite: &Sqlite) -> Result<Found, OpenError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        let found = rusqlite::version();
        return Err(OpenError::Unusable(format!("SQLite {found} is linked, 3.51.3 is the oldest that is safe")));
    }
    let is_new = look_at(&sqlite.path)?;
    if !sqlite.network_file_system {
        file_system::refuse_network(folder_of(&sqlite.path))?;
    }
    if is_new { Ok(Found::Nothing) } else { probe(&Settings::of(sqlite)) }
}

/// Opens what was looked at and admitted.
fn open(sqlite: &Sqlite, found: &Found, may_migrate: bool) -> Result<SqliteStore, OpenError> {
    let found = match found {
        Found::Nothing => 0,
        Found::Store { version, .. } => *version,
    };
    let supported = migration::latest();
    if found < supported && !may_migrate {
        return Err(OpenError::NeedsMigration { file: sqlite.path.display().to_string(), found, supported });
    }
    let settings = Settings::of(sqlite);
    let mut writer = connect(&settings)?;
    if found < supported {
        let id = StoreId::generate().map_err(|error| StoreError::Unavailable(error.into()))?;
        migration::run(&mut writer, id).map_err(not_applied)?;
    }
    let id = row::store_id(&writer).map_err(not_applied)?;
    Ok(SqliteStore::new(settings, writer, id))
}

/// Opens the connection that writes. When several processes make the same file at once, turning on the log finds it locked
/// and does not wait by itself.
fn connect(settings: &Settings) -> Result<Connection, StoreError> {
    let begin = Instant::now();
    loop {
        match settings.connect(Purpose::Write) {
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

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What the file system says of the path; answers whether the file is to be made.
fn look_at(path: &Path) -> Result<bool, OpenError> {
    let unusable = |what: &str| Err(OpenError::Unusable(format!("`{}` {what}", path.display())));
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => unusable("is a directory"),
        Ok(found) if !found.is_file() => unusable("is no regular file"),
        Ok(found) if found.permissions().readonly() => unusable("is read-only"),
        Ok(found) => Ok(found.len() == 0),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if folder_of(path).is_dir() {
                Ok(true)
            } else {
                unusable("is in a folder that does not exist")
            }
        }
        Err(error) => unusable(&error.to_string()),
    }
}

/// Reads what says whose the file is, and what the core is asked before it is opened.
fn probe(settings: &Settings) -> Result<Found, OpenError> {
    // A log that a crash left behind stays as it is when the file is refused: closing must not copy it back. A log that
    // is not there is made for the probe and must go with it.
    let mut log = settings.path().as_os_str().to_owned();
    log.push("-wal");
    let has_log = fs::metadata(log).is_ok_and(|log| log.len() > 0);
    let foreign = |error| foreign(settings, error);
    let file = || settings.path().display().to_string();
    let connection = settings.connect(Purpose::Probe).map_err(foreign)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log).map_err(not_applied)?;
    // One moment of the file: another process may be making it.
    let moment = connection.unchecked_transaction().map_err(foreign)?;
    let pragma = |name| moment.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = pragma("application_id").map_err(foreign)?;
    let version = pragma("user_version").map_err(foreign)?;
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = moment.query_row(tables, [], |row| row.get(0)).map_err(foreign)?;
    if application == 0 && version == 0 && tables == 0 {
        return Ok(Found::Nothing);
    }
    if application != APPLICATION_ID {
        let reason = format!("the application id is {application:#010x}, not {APPLICATION_ID:#010x}");
        return Err(OpenError::Foreign { file: file(), reason });
    }
    let supported = migration::latest();
    if version > supported {
        return Err(OpenError::Newer { file: file(), found: version, supported });
    }
    if moment.is_readonly("main").map_err(not_applied)? {
        return Err(OpenError::Unusable(format!("`{}` is read-only", file())));
    }
    let store_id = row::store_id(&moment).map_err(not_applied)?;
    let root_keys = if version < 2 { row::root_keys_v1(&moment) } else { row::root_keys(&moment) };
    Ok(Found::Store { version, probe: Probe { store_id, root_keys: root_keys.map_err(not_applied)? } })
}

fn foreign(settings: &Settings, error: rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            let file = settings.path().display().to_string();
            OpenError::Foreign { file, reason: "it is no SQLite file".to_owned() }
        }
        _ => not_applied(error).into(),
    }
}
