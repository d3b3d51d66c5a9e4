//! The ops on the outbox.

use rusqlite::params;
use tenantry_core::ids::InvitationId;
use tenantry_core::store::{OutboxRow, Place};

use super::Write;
use crate::row::blob;

impl Write<'_> {
    pub(super) fn put_outbox(&self, row: &OutboxRow) -> rusqlite::Result<bool> {
        let OutboxRow { place, invitation, id, state, due, attempts, unknown, reason, created_at, updated_at } = row;
        self.one(
            "INSERT INTO outbox (vendor_id, place_id, invitation_id, id, state, due, sealed, attempts, unknown, reason,
                 created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (vendor_id, place_id, invitation_id) DO UPDATE SET id = ?4, state = ?5, due = ?6, sealed = ?7,
                 attempts = ?8, unknown = ?9, reason = ?10, created_at = ?11, updated_at = ?12",
            params![
                blob(place.vendor().as_uuid()),
                blob(&place.uuid()),
                blob(invitation.as_uuid()),
                blob(id.as_uuid()),
                state.as_str(),
                due.as_ref().map(|due| due.at.micros()),
                due.as_ref().map(|due| due.sealed.as_slice()),
                attempts,
                unknown,
                reason,
                created_at.micros(),
                updated_at.micros(),
            ],
        )
    }

    pub(super) fn delete_outbox(&self, place: Place, invitation: InvitationId) -> rusqlite::Result<bool> {
        self.execute(
            "DELETE FROM outbox WHERE vendor_id = ?1 AND place_id = ?2 AND invitation_id = ?3",
            params![blob(place.vendor().as_uuid()), blob(&place.uuid()), blob(invitation.as_uuid())],
        )?;
        Ok(true)
    }
}
