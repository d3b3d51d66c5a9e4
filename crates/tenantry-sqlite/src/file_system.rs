//! What the file system says: where a path leads, which file stands there, and whether SQLite's locks hold on it.

use std::path::{Path, PathBuf};
use std::{fs, io};

#[cfg(target_os = "linux")]
use rustix::fs::{AtFlags, CWD, Statx, StatxFlags, makedev, statx};
use tenantry_core::store::OpenError;

/// As many as Linux follows.
const MOST_LINKS: usize = 40;

/// The file that a path leads to, by a path that stays the same: absolute, without links, and not to be taken for a URI.
/// The file may be missing, its folder not.
///
/// SQLite puts log and journal beside the file that a link leads to, so only this path says where they are.
pub(crate) fn resolve(path: &Path) -> Result<PathBuf, OpenError> {
    if path.as_os_str().is_empty() {
        return Err(OpenError::Unusable("the path of the store is empty".to_owned()));
    }
    let unusable = |what: &str| OpenError::Unusable(format!("`{}` {what}", path.display()));
    let mut next = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::canonicalize(&next) {
            Ok(found) => return Ok(found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unusable(&error.to_string())),
        }
        let folder = folder_of(&next);
        // A link to a file that is still to be made.
        if let Ok(target) = fs::read_link(&next) {
            next = folder.join(target);
            continue;
        }
        let Some(name) = next.file_name() else { return Err(unusable("names no file")) };
        let folder = fs::canonicalize(folder).ok().filter(|folder| folder.is_dir());
        return folder.map(|folder| folder.join(name)).ok_or_else(|| unusable("is in a folder that does not exist"));
    }
    Err(unusable("leads through too many links"))
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Which file stands at a path: another one that took its name is told from it. `None` where that cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId(Option<(u64, u64)>);

impl FileId {
    /// Whether it stands at this path, too.
    pub(crate) fn is_at(self, path: &Path) -> bool {
        self.0.is_some() && Self::of(path).is_ok_and(|found| found == self)
    }

    #[cfg(unix)]
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(found) = without_times(path, StatxFlags::INO) {
            return Ok(Self(Some((makedev(found.stx_dev_major, found.stx_dev_minor), found.stx_ino))));
        }
        fs::metadata(path).map(|found| Self::told_by(&found))
    }

    #[cfg(unix)]
    pub(crate) fn of_open(file: &fs::File) -> io::Result<Self> {
        file.metadata().map(|found| Self::told_by(&found))
    }

    #[cfg(unix)]
    fn told_by(found: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;

        Self(Some((found.dev(), found.ino())))
    }

    /// Elsewhere an open file keeps its name.
    #[cfg(not(unix))]
    pub(crate) fn of(_: &Path) -> io::Result<Self> {
        Ok(Self(None))
    }

    #[cfg(not(unix))]
    pub(crate) fn of_open(_: &fs::File) -> io::Result<Self> {
        Ok(Self(None))
    }
}

/// How many bytes the file at a path has; 0 when there is none.
pub(crate) fn length(path: &Path) -> u64 {
    #[cfg(target_os = "linux")]
    if let Some(found) = without_times(path, StatxFlags::SIZE) {
        return found.stx_size;
    }
    fs::metadata(path).map_or(0, |found| found.len())
}

/// What is asked of a file before and after each commit, without the times of its changes. Since Linux 6.13 the next write
/// to a file whose times were asked for has a time of its own, and so the next fsync has an inode more to write: a sixth of a
/// commit. `None` also where the kernel, or what a container allows of it, does not know the call.
///
/// Source: "Multigrain Timestamps" in the documentation of Linux' file systems.
#[cfg(target_os = "linux")]
fn without_times(path: &Path, asked: StatxFlags) -> Option<Statx> {
    let found = statx(CWD, path, AtFlags::empty(), asked).ok()?;
    (found.stx_mask & asked.bits() == asked.bits()).then_some(found)
}

/// Magic numbers of network file systems, from Linux's `statfs(2)`.
#[cfg(target_os = "linux")]
const NETWORK: [(u64, &str); 8] = [
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFE53_4D42, "SMB2"),
    (0xFF53_4D42, "CIFS"),
    (0x5346_414F, "AFS"),
    (0x0102_1997, "9P"),
    (0x00C3_6400, "Ceph"),
    (0x0BD0_0BD0, "Lustre"),
];

#[cfg(target_os = "linux")]
pub(crate) fn refuse_network(folder: &Path) -> Result<(), OpenError> {
    let stat =
        rustix::fs::statfs(folder).map_err(|error| OpenError::Unusable(format!("`{}`: {error}", folder.display())))?;
    // The type of `f_type` differs between platforms; the numbers are 32 bits.
    let kind = u64::try_from(stat.f_type).unwrap_or(0) & 0xFFFF_FFFF;
    match NETWORK.iter().find(|(number, _)| *number == kind) {
        Some((_, name)) => {
            let folder = folder.display();
            Err(OpenError::Unusable(format!("`{folder}` is on a network file system ({name})")))
        }
        None => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn refuse_network(_: &Path) -> Result<(), OpenError> {
    Ok(())
}
