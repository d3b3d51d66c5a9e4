//! A copy of the store in another file, made while the store is used (storage rule 12).
//!
//! All of it is read in one transaction: the copy is the store of one moment, and what is written meanwhile neither waits nor
//! makes it begin anew. The price is that the log keeps what is written until the copy is whole.

use std::ffi::{OsStr, OsString, c_int};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup as Copying, StepResult};
use rusqlite::{Connection, ErrorCode};
use tempfile::TempPath;
use tenantry_core::store::{BackupError, OpenError, StoreError};
use tenantry_core::{Backup, BackupFile};

use crate::connection::{Opened, Purpose, Settings};
use crate::error::not_applied;
use crate::file_system::{self, FileId};
use crate::header;
use crate::migration::APPLICATION_ID;

/// How many pages are copied before it is said how far it is, and asked whether it goes on: 1 MiB.
const PAGES: c_int = 256;
/// How the name of a copy ends that is not whole.
const UNFINISHED: &str = ".partial";

/// Copies the store of `source` into a file, as long as `goes_on`.
pub(crate) fn copy(
    opened: &Opened,
    source: &Connection,
    file: &BackupFile,
    report: &mut dyn FnMut(Backup),
    goes_on: &dyn Fn() -> Result<(), StoreError>,
) -> Result<Backup, BackupError> {
    let target = Target::of(&opened.settings, opened.file, file)?;
    let unfinished = target.unfinished(&opened.settings)?;
    let copied = fill(&opened.settings.of(unfinished.to_path_buf()), source, report, goes_on)?;
    check(opened, &unfinished, copied)?;
    target.put(unfinished, opened.settings.path())?;
    Ok(copied)
}

/// Where a backup goes.
struct Target {
    path: PathBuf,
    folder: PathBuf,
    name: OsString,
    replaces: bool,
}

impl Target {
    /// Refuses what must not be written over.
    fn of(store: &Settings, open: FileId, file: &BackupFile) -> Result<Self, BackupError> {
        let path = file_system::resolve(file.path()).map_err(|error| match error {
            OpenError::Store(error) => error.into(),
            other => {
                BackupError::Unusable(other.to_string().replace("the path of the store", "the path of the backup"))
            }
        })?;
        let unusable = |what: &str| Err(BackupError::Unusable(format!("`{}` {what}", path.display())));
        let is_same = |own: &Path| own == path || FileId::of(own).is_ok_and(|own| own.is_at(&path));
        if store.path() == path || open.is_at(&path) {
            return unusable("is the store itself");
        }
        if SIDE_FILES.iter().any(|end| is_same(&store.beside(end))) {
            return unusable("belongs to the store itself");
        }
        match fs::symlink_metadata(&path) {
            Ok(found) if !found.is_file() => return unusable("is no regular file"),
            Ok(_) if !file.replaces_existing() => return Err(BackupError::Exists(path.display().to_string())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&path, error)),
        }
        // A log would be taken for the log of the copy, and written into it.
        let there = store.of(path.clone());
        if let Some(end) = SIDE_FILES.iter().find(|end| fs::symlink_metadata(there.beside(end)).is_ok()) {
            return unusable(&format!("has a `{end}` beside it: it is open, or was not closed"));
        }
        let name = path.file_name().unwrap_or_default().to_owned();
        Ok(Self { folder: file_system::folder_of(&path).to_owned(), path, name, replaces: file.replaces_existing() })
    }

    /// A new file beside the target, which goes with what is answered. Takes away what a killed process left.
    fn unfinished(&self, store: &Settings) -> Result<TempPath, BackupError> {
        let mut begin = OsString::from(".");
        begin.push(&self.name);
        begin.push(".");
        let is_one = |name: &OsStr| {
            let name = name.as_encoded_bytes();
            name.starts_with(begin.as_encoded_bytes()) && name.ends_with(UNFINISHED.as_bytes())
        };
        for found in fs::read_dir(&self.folder).map_err(|error| failed(&self.folder, error))? {
            let found = found.map_err(|error| failed(&self.folder, error))?;
            if is_one(&found.file_name()) && is_abandoned(store.of(found.path())) {
                // Whoever else takes it away was first.
                let _ = fs::remove_file(found.path());
            }
        }
        let made = tempfile::Builder::new().prefix(&begin).suffix(UNFINISHED).tempfile_in(&self.folder);
        Ok(made.map_err(|error| failed(&self.folder, error))?.into_temp_path())
    }

    /// Gives the copy its name, once it is on the disk, and makes the name durable.
    fn put(&self, copy: TempPath, store: &Path) -> Result<(), BackupError> {
        // Who may read the one may read the other.
        let readers = fs::metadata(store).map_err(|error| failed(store, error))?.permissions();
        fs::set_permissions(&copy, readers).map_err(|error| failed(&copy, error))?;
        let synced = OpenOptions::new().write(true).open(&copy).and_then(|file| file.sync_all());
        synced.map_err(|error| failed(&copy, error))?;
        let put = if self.replaces { copy.persist(&self.path) } else { copy.persist_noclobber(&self.path) };
        put.map_err(|refused| match refused.error.kind() {
            io::ErrorKind::AlreadyExists => BackupError::Exists(self.path.display().to_string()),
            _ => failed(&self.path, refused.error),
        })?;
        // Elsewhere a folder cannot be opened, and a name is durable by itself.
        #[cfg(unix)]
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(&self.folder, error))?;
        Ok(())
    }
}

/// What SQLite keeps beside a file.
const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Whether nobody writes this unfinished copy any more: whoever does holds the lock of SQLite on it.
fn is_abandoned(copy: Settings) -> bool {
    let look = |connection: Connection| {
        connection.busy_timeout(std::time::Duration::ZERO)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
    };
    let found = copy.connect(Purpose::Probe).and_then(look);
    !found.is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
}

/// Copies every page of one moment.
fn fill(
    copy: &Settings,
    source: &Connection,
    report: &mut dyn FnMut(Backup),
    goes_on: &dyn Fn() -> Result<(), StoreError>,
) -> Result<Backup, BackupError> {
    let store = |error| BackupError::Store(not_applied(error));
    let moment = source.unchecked_transaction().map_err(store)?;
    // The first reading is the moment.
    let page: u32 = moment.pragma_query_value(None, "page_size", |row| row.get(0)).map_err(store)?;
    moment.query_row("SELECT count(*) FROM store", [], |row| row.get::<_, i64>(0)).map_err(store)?;
    let mut filled = copy.connect(Purpose::Fill).map_err(store)?;
    let copying = Copying::new(&moment, &mut filled).map_err(store)?;
    loop {
        goes_on()?;
        let step = copying.step(PAGES).map_err(store)?;
        let (pages, left) = (copying.progress().pagecount, copying.progress().remaining);
        let bytes = |pages: c_int| u64::try_from(pages).unwrap_or(0) * u64::from(page);
        let backup = Backup::new(bytes(pages - left), bytes(left));
        match step {
            StepResult::Done => {
                drop(copying);
                filled.close().map_err(|(_, error)| store(error))?;
                report(backup);
                return Ok(backup);
            }
            StepResult::More => report(backup),
            // Nobody else has the copy.
            _ => return Err(StoreError::Contended.into()),
        }
    }
}

/// Whether the copy says that it is this store, and has as many bytes as were copied.
fn check(opened: &Opened, copy: &Path, copied: Backup) -> Result<(), BackupError> {
    let unreadable = |error: rusqlite::Error| StoreError::Unavailable(error.into());
    let header = header::read(copy).map_err(unreadable)?;
    let store = header::store_id(copy).map_err(unreadable)?;
    let bytes = fs::metadata(copy).map_err(|error| failed(copy, error))?.len();
    if header.application != APPLICATION_ID || store.is_some_and(|id| id != opened.store) || bytes != copied.copied {
        return Err(StoreError::Unavailable("the copy is not what was copied".into()).into());
    }
    Ok(())
}

/// What the file system refused: for good, or for now.
fn failed(path: &Path, error: io::Error) -> BackupError {
    use io::ErrorKind::{InvalidFilename, IsADirectory, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem};

    match error.kind() {
        InvalidFilename | IsADirectory | NotADirectory | NotFound | PermissionDenied | ReadOnlyFilesystem => {
            BackupError::Unusable(format!("`{}`: {error}", path.display()))
        }
        _ => BackupError::Store(StoreError::Unavailable(error.into())),
    }
}
