//! What a fork does to SQLite, and to what this crate keeps.
//!
//! A child has a copy of the memory of its parent, and of SQLite's there are two parts that must not be used in it:
//!
//! - Its mutexes. Another thread may have held one. So whoever forks waits until those that all connections share are free.
//! - What it knows of the locks of each file. The child has none of its parent's locks, but the copy says that it has, for
//!   ever. SQLite finds that record by the device and the number of the file; so in a child every file seems to be on
//!   another device, and SQLite begins a record of its own.
//!
//! The rest belongs to connections; a child opens its own, see `PerProcess`.

use std::ffi::{c_char, c_int};
use std::fs::File;
use std::io;
use std::mem::{self, ManuallyDrop};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU64, Ordering};

use rusqlite::ffi;

/// How many forks lie between this process and the one that first opened a store.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Tells the processes of a line of forks apart.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// The mutexes that all connections share, in the order in which SQLite takes one while it has another; the last is the one
/// that it leaves to programs.
const SHARED_MUTEXES: [c_int; 10] = [
    ffi::SQLITE_MUTEX_STATIC_OPEN,
    ffi::SQLITE_MUTEX_STATIC_VFS1,
    ffi::SQLITE_MUTEX_STATIC_VFS2,
    ffi::SQLITE_MUTEX_STATIC_VFS3,
    ffi::SQLITE_MUTEX_STATIC_PRNG,
    ffi::SQLITE_MUTEX_STATIC_MAIN,
    ffi::SQLITE_MUTEX_STATIC_LRU,
    ffi::SQLITE_MUTEX_STATIC_PMEM,
    ffi::SQLITE_MUTEX_STATIC_MEM,
    ffi::SQLITE_MUTEX_STATIC_APP3,
];

static MUTEXES: [AtomicPtr<ffi::sqlite3_mutex>; SHARED_MUTEXES.len()] =
    [const { AtomicPtr::new(ptr::null_mut()) }; SHARED_MUTEXES.len()];

type Stat = unsafe extern "C" fn(*const c_char, *mut libc::stat) -> c_int;
type Fstat = unsafe extern "C" fn(c_int, *mut libc::stat) -> c_int;

/// How SQLite asks about files in the first process.
struct Files {
    vfs: AtomicPtr<ffi::sqlite3_vfs>,
    stat: Stat,
    fstat: Fstat,
}

static FILES: OnceLock<Files> = OnceLock::new();

/// From here on forks are seen to. Called before the first connection is opened.
pub(crate) fn watch() -> io::Result<()> {
    static WATCHES: AtomicBool = AtomicBool::new(false);
    // No lock: in a child of a fork that happened meanwhile it would stay locked.
    if WATCHES.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    let begun = begin_to_watch();
    WATCHES.store(begun.is_ok(), Ordering::Relaxed);
    begun
}

fn begin_to_watch() -> io::Result<()> {
    // SAFETY: it may be called any number of times, from any thread.
    let code = unsafe { ffi::sqlite3_initialize() };
    if code != ffi::SQLITE_OK {
        return Err(io::Error::other(format!("SQLite could not be set up: {}", ffi::code_to_str(code))));
    }
    for (mutex, id) in MUTEXES.iter().zip(SHARED_MUTEXES) {
        // SAFETY: SQLite is set up; for these numbers it answers a mutex that is never freed, or null where it has none.
        mutex.store(unsafe { ffi::sqlite3_mutex_alloc(id) }, Ordering::Relaxed);
    }
    let files = files().ok_or_else(|| io::Error::other("SQLite does not say how it asks about files"))?;
    // Only the first of several is kept, and all are the same.
    drop(FILES.set(files));
    // SAFETY: the functions live as long as the program, or take themselves off with the library that they are in.
    match unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) } {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

/// What SQLite calls to ask about files.
fn files() -> Option<Files> {
    // SAFETY: the name ends with a zero. SQLite's own VFS is never unregistered, and its functions, also those that
    // a host put in their place, have the types of the C library's.
    unsafe {
        let vfs = ffi::sqlite3_vfs_find(c"unix".as_ptr());
        let get = vfs.as_ref()?.xGetSystemCall?;
        let stat = get(vfs, c"stat".as_ptr())?;
        let fstat = get(vfs, c"fstat".as_ptr())?;
        Some(Files {
            vfs: AtomicPtr::new(vfs),
            stat: mem::transmute::<unsafe extern "C" fn(), Stat>(stat),
            fstat: mem::transmute::<unsafe extern "C" fn(), Fstat>(fstat),
        })
    }
}

/// Does work in which no fork falls, and which neither panics nor uses SQLite.
fn undisturbed<T>(work: impl FnOnce() -> T) -> T {
    let mutex = MUTEXES.last().map_or(ptr::null_mut(), |mutex| mutex.load(Ordering::Relaxed));
    // SAFETY: the mutex is never freed; entering and leaving none does nothing.
    unsafe {
        ffi::sqlite3_mutex_enter(mutex);
        let done = work();
        ffi::sqlite3_mutex_leave(mutex);
        done
    }
}

unsafe extern "C" fn before() {
    for mutex in &MUTEXES {
        // SAFETY: the mutexes are never freed, and nobody who has one waits for what a fork keeps waiting.
        unsafe { ffi::sqlite3_mutex_enter(mutex.load(Ordering::Relaxed)) };
    }
}

unsafe extern "C" fn in_parent() {
    for mutex in MUTEXES.iter().rev() {
        // SAFETY: this thread entered them before the fork.
        unsafe { ffi::sqlite3_mutex_leave(mutex.load(Ordering::Relaxed)) };
    }
}

/// In a child only what needs no lock may be called.
unsafe extern "C" fn in_child() {
    // SAFETY: this thread is the one that entered them before the fork.
    unsafe { in_parent() };
    GENERATION.fetch_add(1, Ordering::Relaxed);
    Inherited::close_all();
    let Some(files) = FILES.get() else { return };
    let vfs = files.vfs.load(Ordering::Relaxed);
    // SAFETY: the VFS is never unregistered. There is one thread in a child, so nobody asks about files meanwhile, and the
    // functions have the types of those that they take the place of.
    unsafe {
        let Some(set) = vfs.as_ref().and_then(|vfs| vfs.xSetSystemCall) else { return };
        set(vfs, c"stat".as_ptr(), Some(mem::transmute::<Stat, unsafe extern "C" fn()>(stat)));
        set(vfs, c"fstat".as_ptr(), Some(mem::transmute::<Fstat, unsafe extern "C" fn()>(fstat)));
    }
}

unsafe extern "C" fn stat(path: *const c_char, to: *mut libc::stat) -> c_int {
    // SAFETY: called by SQLite as the function that it stands for.
    unsafe {
        let code = FILES.get().map_or(-1, |files| (files.stat)(path, to));
        set_apart(code, to)
    }
}

unsafe extern "C" fn fstat(descriptor: c_int, to: *mut libc::stat) -> c_int {
    // SAFETY: called by SQLite as the function that it stands for.
    unsafe {
        let code = FILES.get().map_or(-1, |files| (files.fstat)(descriptor, to));
        set_apart(code, to)
    }
}

/// Puts a file on a device that no process before this one knows. It is the first field of the record on every platform,
/// however large the others are.
///
/// # Safety
///
/// `found` is what the call filled in when it succeeded.
unsafe fn set_apart(code: c_int, found: *mut libc::stat) -> c_int {
    // SAFETY: by this function's contract.
    if code == 0
        && let Some(found) = unsafe { found.as_mut() }
    {
        // The upper 24 bits: devices have small numbers.
        found.st_dev ^= (generation() as libc::dev_t) << (libc::dev_t::BITS - 24);
    }
    code
}

/// An open file that a child of a fork closes at once.
#[derive(Debug)]
pub(crate) struct Inherited {
    place: &'static Place,
    file: ManuallyDrop<File>,
}

/// A place for a descriptor. There are as many as there ever were descriptors at once.
#[derive(Debug)]
struct Place {
    descriptor: AtomicI32,
    next: OnceLock<Box<Place>>,
}

const FREE: i32 = -1;

impl Place {
    const fn new() -> Self {
        Self { descriptor: AtomicI32::new(FREE), next: OnceLock::new() }
    }
}

static PLACES: Place = Place::new();

impl Inherited {
    /// Opens a file to read and write it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        undisturbed(|| {
            let file = File::options().read(true).write(true).open(path)?;
            let descriptor = file.as_raw_fd();
            let mut place = &PLACES;
            while place.descriptor.compare_exchange(FREE, descriptor, Ordering::Relaxed, Ordering::Relaxed).is_err() {
                place = place.next.get_or_init(|| Box::new(Place::new()));
            }
            Ok(Self { place, file: ManuallyDrop::new(file) })
        })
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// In a child: the files are those of its parent.
    fn close_all() {
        let mut next = Some(&PLACES);
        while let Some(place) = next {
            let descriptor = place.descriptor.swap(FREE, Ordering::Relaxed);
            if descriptor != FREE {
                // SAFETY: what owns the descriptor belongs to the parent; in a child nothing uses it or drops it.
                unsafe { libc::close(descriptor) };
            }
            next = place.next.get().map(|place| &**place);
        }
    }
}

impl Drop for Inherited {
    fn drop(&mut self) {
        undisturbed(|| {
            self.place.descriptor.store(FREE, Ordering::Relaxed);
            // SAFETY: it is not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.file) };
        });
    }
}
