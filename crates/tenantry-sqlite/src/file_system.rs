//! Refuses file systems on which SQLite's locks do not hold.

use std::path::Path;

use tenantry_core::store::OpenError;

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
