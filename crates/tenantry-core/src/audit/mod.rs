//! The audit log: one chain of hashes for each place (A1–A4).
//!
//! An entry is a header without personal data and a *detail* (before, after) in a row of its own. The chain runs over
//! the header and `SHA-256(salt, subject, detail)`, so a detail can be erased and the chain still holds.
//!
//! ```text
//! detail digest = SHA-256("tenantry audit detail v1" 0 ‖ salt ‖ parts(subject, body))
//! entry digest  = SHA-256("tenantry audit entry v1" 0 ‖ parts(commit, ordinal, time, actor, action, vendor, place,
//!                 target) ‖ detail digest, or 32 zeros)
//! hash          = SHA-256("tenantry audit link v1" 0 ‖ previous hash, or 32 zeros ‖ number ‖ position ‖ entry digest)
//! ```
//!
//! Every part is preceded by its length in 4 bytes; numbers are big-endian.

mod record;
mod verify;

use sha2::{Digest, Sha256};

pub use record::AuditEntry;
pub(crate) use record::entry;
pub use verify::Violation;
pub(crate) use verify::{all_heads, verify};

use crate::clock::Timestamp;
use crate::ids::CommitId;
use crate::store::{AuditRow, Place};

/// Links an entry to the one before it; a store calls it when it gives the entry its number and position.
///
/// `previous` is the hash of the chain's last entry, 32 zeros for the first.
pub fn link(previous: &[u8; 32], number: u64, position: u64, digest: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(b"tenantry audit link v1\0");
    hash.update(previous);
    hash.update(number.to_be_bytes());
    hash.update(position.to_be_bytes());
    hash.update(digest);
    hash.finalize().into()
}

/// What the digest of an entry is made from.
pub(crate) struct Header<'a> {
    pub(crate) commit: CommitId,
    pub(crate) ordinal: u32,
    pub(crate) time: Timestamp,
    pub(crate) actor: &'a str,
    pub(crate) action: &'a str,
    pub(crate) place: Place,
    pub(crate) target: &'a str,
    pub(crate) detail_digest: Option<&'a [u8; 32]>,
}

impl<'a> Header<'a> {
    pub(crate) fn of(row: &'a AuditRow) -> Self {
        Self {
            commit: row.commit,
            ordinal: row.ordinal,
            time: row.time,
            actor: &row.actor,
            action: &row.action,
            place: row.place,
            target: &row.target,
            detail_digest: row.detail_digest.as_ref(),
        }
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(b"tenantry audit entry v1\0");
        part(&mut hash, self.commit.as_uuid().as_bytes());
        part(&mut hash, &self.ordinal.to_be_bytes());
        part(&mut hash, &self.time.micros().to_be_bytes());
        part(&mut hash, self.actor.as_bytes());
        part(&mut hash, self.action.as_bytes());
        part(&mut hash, self.place.vendor().as_uuid().as_bytes());
        part(&mut hash, self.place.uuid().as_bytes());
        part(&mut hash, self.target.as_bytes());
        hash.update(self.detail_digest.unwrap_or(&[0; 32]));
        hash.finalize().into()
    }
}

pub(crate) fn detail_digest(salt: &[u8; 32], subject: &str, body: &str) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(b"tenantry audit detail v1\0");
    hash.update(salt);
    part(&mut hash, subject.as_bytes());
    part(&mut hash, body.as_bytes());
    hash.finalize().into()
}

fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    hash.update(bytes);
}

/// A hash as it is written for people.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{CustomerId, VendorId};
    use uuid::Uuid;

    /// Frozen with the first release; a change here breaks every log ever written.
    #[test]
    fn a3_frozen_vectors() {
        let detail = detail_digest(&[7; 32], "usr_1", r#"{"after":{"name":"Hank"}}"#);
        let header = Header {
            commit: CommitId::from_uuid(Uuid::from_u128(1)),
            ordinal: 2,
            time: Timestamp::from_micros(3),
            actor: "usr_4",
            action: "member.invited",
            place: Place::Customer(VendorId::from_uuid(Uuid::from_u128(5)), CustomerId::from_uuid(Uuid::from_u128(6))),
            target: "mem_7",
            detail_digest: Some(&detail),
        };
        let digest = header.digest();
        let bare = Header { detail_digest: None, ..header }.digest();
        let found = [detail, digest, bare, link(&[9; 32], 1, 2, &digest)].map(|bytes| hex(&bytes));
        assert_eq!(found, include_str!("../../testdata/audit_vectors.txt").lines().collect::<Vec<_>>().as_slice());
    }
}
