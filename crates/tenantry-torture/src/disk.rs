//! A layer between SQLite and its files, on which the chamber listens and lies: a VFS that is the default of this process.
//!
//! Everything `unsafe` of the crate stands here, because SQLite takes a VFS as a table of C functions.

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt;
use std::path::{Path, PathBuf};
use std::ptr;
use std::slice;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use rusqlite::ffi;

/// Which of SQLite's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The database itself.
    Main,
    /// Its write-ahead log.
    Log,
    /// A rollback journal: only before the log is turned on.
    Journal,
    /// Anything else.
    Other,
}

/// What SQLite asks of a file. Giving back (unlocking, closing) is not among it: it cannot be refused.
#[derive(Clone, Copy, Debug)]
pub enum Request<'a> {
    /// To open it.
    Open,
    /// To read.
    Read,
    /// To write these bytes at this place.
    Write(u64, &'a [u8]),
    /// To cut it to this size.
    Truncate(u64),
    /// To make what was written durable.
    Sync,
    /// To tell its size.
    Size,
    /// To lock it.
    Lock,
    /// To map a page of the memory that processes share.
    MapShared,
    /// To lock a part of that memory.
    LockShared,
    /// To delete it.
    Delete,
    /// To tell whether it exists.
    Exists,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is carried out.
    Pass,
    /// It fails with this code of SQLite's; nothing is done.
    Fail(c_int),
    /// A read finds only zeros, as if the file ended before.
    Short,
}

/// Who listens to what is asked of the files of a folder.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Hears of a request before it is carried out, and decides what becomes of it.
    fn ask(&self, kind: Kind, request: Request<'_>) -> Answer;
}

thread_local! {
    static WAITS: Cell<bool> = const { Cell::new(true) };
}

/// Does work during which SQLite does not sleep on this thread: a lock that fails for ever is not worth waiting for.
pub fn without_sleep<T>(work: impl FnOnce() -> T) -> T {
    WAITS.set(false);
    let done = work();
    WAITS.set(true);
    done
}

static DISKS: RwLock<Vec<(PathBuf, Arc<dyn Disk>)>> = RwLock::new(Vec::new());

/// A folder whose files are listened to, until this is dropped; a file that is open then stays with its listener.
#[derive(Debug)]
pub struct Mount {
    folder: PathBuf,
}

impl Mount {
    /// Puts the disk under a folder.
    ///
    /// # Errors
    ///
    /// When the folder does not exist, or SQLite does not take the layer.
    pub fn new(folder: &Path, disk: Arc<dyn Disk>) -> Result<Self, crate::Failure> {
        static REGISTERED: OnceLock<c_int> = OnceLock::new();
        if *REGISTERED.get_or_init(register) != ffi::SQLITE_OK {
            return Err("SQLite does not take the layer".into());
        }
        // SQLite hands the layer names without links.
        let folder = folder.canonicalize()?;
        DISKS.write().unwrap_or_else(PoisonError::into_inner).push((folder.clone(), disk));
        Ok(Self { folder })
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        DISKS.write().unwrap_or_else(PoisonError::into_inner).retain(|(folder, _)| *folder != self.folder);
    }
}

fn disk_of(path: &Path) -> Option<Arc<dyn Disk>> {
    let disks = DISKS.read().unwrap_or_else(PoisonError::into_inner);
    disks.iter().find(|(folder, _)| path.starts_with(folder)).map(|(_, disk)| Arc::clone(disk))
}

/// An open file: what SQLite knows of it, who listens, and behind both the file of the VFS below.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    kind: Kind,
    disk: Option<Arc<dyn Disk>>,
}

/// Where the file of the VFS below begins, aligned for whatever it holds.
const BELOW: usize = size_of::<File>().next_multiple_of(16);

/// The VFS below.
struct Below(*mut ffi::sqlite3_vfs);
// SAFETY: SQLite's own VFS is never unregistered, and its functions may be called from any thread.
unsafe impl Send for Below {}
// SAFETY: as above.
unsafe impl Sync for Below {}

static BELOW_VFS: OnceLock<Below> = OnceLock::new();

fn below_vfs() -> *mut ffi::sqlite3_vfs {
    BELOW_VFS.get().map_or(ptr::null_mut(), |below| below.0)
}

fn register() -> c_int {
    // SAFETY: a null name asks for the default VFS. The copy, with its name, is leaked, so it outlives every connection;
    // the functions that are not replaced do not look at the VFS that they are given.
    unsafe {
        let below = ffi::sqlite3_vfs_find(ptr::null());
        let Some(found) = below.as_ref() else { return ffi::SQLITE_ERROR };
        let mut layer = *found;
        BELOW_VFS.get_or_init(|| Below(below));
        layer.pNext = ptr::null_mut();
        layer.zName = CString::default().into_raw();
        layer.szOsFile = found.szOsFile.saturating_add(BELOW as c_int);
        layer.xOpen = Some(open);
        layer.xDelete = Some(delete);
        layer.xAccess = Some(access);
        layer.xSleep = Some(sleep);
        ffi::sqlite3_vfs_register(Box::into_raw(Box::new(layer)), 1)
    }
}

/// The methods of every file. Version 2: no memory mapping of the database, which the store does not use either.
static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// The path behind a name; `None` for a file without one.
///
/// # Safety
///
/// The name is null or ends with a zero.
unsafe fn path_of(name: *const c_char) -> Option<PathBuf> {
    if name.is_null() {
        return None;
    }
    // SAFETY: it ends with a zero, by this function's contract.
    let name = unsafe { CStr::from_ptr(name) };
    Some(PathBuf::from(name.to_string_lossy().into_owned()))
}

/// Asks the listener of a file.
///
/// # Safety
///
/// The file was opened by [`open`].
unsafe fn ask(file: *mut ffi::sqlite3_file, request: Request<'_>) -> Answer {
    // SAFETY: `open` put a `File` there, and SQLite uses a file from one thread at a time.
    let file = unsafe { &*file.cast::<File>() };
    file.disk.as_ref().map_or(Answer::Pass, |disk| disk.ask(file.kind, request))
}

/// The file of the VFS below.
///
/// # Safety
///
/// The file was opened by [`open`].
unsafe fn below(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: `szOsFile` makes room for it behind ours.
    unsafe { file.byte_add(BELOW) }
}

/// Calls a method of the file below; without one, the answer is `$missing`.
macro_rules! pass {
    ($file:ident, $method:ident, $missing:expr $(, $arg:expr)*) => {{
        // SAFETY: SQLite calls with a file that `open` opened, so the one below is open, too.
        unsafe {
            let file = below($file);
            match (*file).pMethods.as_ref().and_then(|methods| methods.$method) {
                Some(method) => method(file $(, $arg)*),
                None => $missing,
            }
        }
    }};
}

/// Returns from the function unless the request may be carried out.
macro_rules! unless_refused {
    ($file:ident, $request:expr) => {
        // SAFETY: SQLite calls with a file that `open` opened.
        match unsafe { ask($file, $request) } {
            Answer::Pass => {}
            Answer::Fail(code) => return code,
            Answer::Short => return ffi::SQLITE_IOERR,
        }
    };
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let kinds = [
        (ffi::SQLITE_OPEN_MAIN_DB, Kind::Main),
        (ffi::SQLITE_OPEN_WAL, Kind::Log),
        (ffi::SQLITE_OPEN_MAIN_JOURNAL, Kind::Journal),
    ];
    let kind = kinds.iter().find(|(flag, _)| flags & flag != 0).map_or(Kind::Other, |(_, kind)| *kind);
    // SAFETY: SQLite gives a name that is null or ends with a zero, and `szOsFile` bytes for the file. A file without
    // methods counts as not opened, so nothing is dropped twice when this fails.
    unsafe {
        (*file).pMethods = ptr::null();
        let disk = path_of(name).as_deref().and_then(disk_of);
        match disk.as_ref().map_or(Answer::Pass, |disk| disk.ask(kind, Request::Open)) {
            Answer::Pass => {}
            Answer::Fail(code) => return code,
            Answer::Short => return ffi::SQLITE_CANTOPEN,
        }
        let vfs = below_vfs();
        let Some(open) = vfs.as_ref().and_then(|vfs| vfs.xOpen) else { return ffi::SQLITE_CANTOPEN };
        let code = open(vfs, name, below(file), flags, out);
        if code == ffi::SQLITE_OK {
            ptr::write(file.cast(), File { base: ffi::sqlite3_file { pMethods: &raw const METHODS }, kind, disk });
        }
        code
    }
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: SQLite gives a name that ends with a zero.
    unsafe {
        if let Answer::Fail(code) = ask_by_name(name, Request::Delete) {
            return code;
        }
        let vfs = below_vfs();
        let Some(delete) = vfs.as_ref().and_then(|vfs| vfs.xDelete) else { return ffi::SQLITE_IOERR_DELETE };
        delete(vfs, name, sync_folder)
    }
}

unsafe extern "C" fn access(_: *mut ffi::sqlite3_vfs, name: *const c_char, flags: c_int, out: *mut c_int) -> c_int {
    // SAFETY: SQLite gives a name that ends with a zero.
    unsafe {
        if let Answer::Fail(code) = ask_by_name(name, Request::Exists) {
            return code;
        }
        let vfs = below_vfs();
        let Some(access) = vfs.as_ref().and_then(|vfs| vfs.xAccess) else { return ffi::SQLITE_IOERR_ACCESS };
        access(vfs, name, flags, out)
    }
}

unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, micros: c_int) -> c_int {
    if !WAITS.get() {
        return micros;
    }
    let vfs = below_vfs();
    // SAFETY: the VFS below is never unregistered.
    match unsafe { vfs.as_ref() }.and_then(|vfs| vfs.xSleep) {
        // SAFETY: as above; it takes any number.
        Some(sleep) => unsafe { sleep(vfs, micros) },
        None => 0,
    }
}

/// Asks about a file that is not open; which one it is, its name says.
///
/// # Safety
///
/// The name is null or ends with a zero.
unsafe fn ask_by_name(name: *const c_char, request: Request<'_>) -> Answer {
    // SAFETY: by this function's contract.
    let Some(path) = (unsafe { path_of(name) }) else { return Answer::Pass };
    let name = path.to_string_lossy();
    let kind = match () {
        () if name.ends_with("-wal") => Kind::Log,
        () if name.ends_with("-journal") => Kind::Journal,
        () => Kind::Other,
    };
    disk_of(&path).map_or(Answer::Pass, |disk| disk.ask(kind, request))
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let code = pass!(file, xClose, ffi::SQLITE_OK);
    // SAFETY: `open` wrote it, and SQLite closes a file once and does not use it afterwards.
    unsafe { ptr::drop_in_place(file.cast::<File>()) };
    code
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, to: *mut c_void, length: c_int, at: i64) -> c_int {
    // SAFETY: SQLite calls with a file that `open` opened, and room for `length` bytes.
    match unsafe { ask(file, Request::Read) } {
        Answer::Pass => pass!(file, xRead, ffi::SQLITE_IOERR_READ, to, length, at),
        Answer::Fail(code) => code,
        Answer::Short => {
            // SAFETY: as above.
            unsafe { ptr::write_bytes(to.cast::<u8>(), 0, usize::try_from(length).unwrap_or(0)) };
            ffi::SQLITE_IOERR_SHORT_READ
        }
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, length: c_int, at: i64) -> c_int {
    // SAFETY: SQLite gives `length` bytes that stay as they are during the call.
    let data = unsafe { slice::from_raw_parts(from.cast::<u8>(), usize::try_from(length).unwrap_or(0)) };
    unless_refused!(file, Request::Write(u64::try_from(at).unwrap_or(0), data));
    pass!(file, xWrite, ffi::SQLITE_IOERR_WRITE, from, length, at)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    unless_refused!(file, Request::Truncate(u64::try_from(size).unwrap_or(0)));
    pass!(file, xTruncate, ffi::SQLITE_IOERR_TRUNCATE, size)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    unless_refused!(file, Request::Sync);
    pass!(file, xSync, ffi::SQLITE_IOERR_FSYNC, flags)
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    unless_refused!(file, Request::Size);
    pass!(file, xFileSize, ffi::SQLITE_IOERR_FSTAT, out)
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    unless_refused!(file, Request::Lock);
    pass!(file, xLock, ffi::SQLITE_IOERR_LOCK, level)
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(file, xUnlock, ffi::SQLITE_OK, level)
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    unless_refused!(file, Request::Lock);
    pass!(file, xCheckReservedLock, ffi::SQLITE_IOERR_CHECKRESERVEDLOCK, out)
}

unsafe extern "C" fn file_control(file: *mut ffi::sqlite3_file, op: c_int, arg: *mut c_void) -> c_int {
    pass!(file, xFileControl, ffi::SQLITE_NOTFOUND, op, arg)
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file, xSectorSize, 0)
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file, xDeviceCharacteristics, 0)
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    page: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    unless_refused!(file, Request::MapShared);
    pass!(file, xShmMap, ffi::SQLITE_IOERR_SHMMAP, page, size, extend, out)
}

unsafe extern "C" fn shm_lock(file: *mut ffi::sqlite3_file, offset: c_int, n: c_int, flags: c_int) -> c_int {
    if flags & ffi::SQLITE_SHM_LOCK != 0 {
        unless_refused!(file, Request::LockShared);
    }
    pass!(file, xShmLock, ffi::SQLITE_IOERR_SHMLOCK, offset, n, flags)
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    pass!(file, xShmBarrier, ());
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    pass!(file, xShmUnmap, ffi::SQLITE_OK, delete)
}
