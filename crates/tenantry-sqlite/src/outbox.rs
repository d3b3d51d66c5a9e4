//! The outbox: its rows and its reads.

use async_trait::async_trait;
use rusqlite::{Result, Row, params};
use tenantry_core::Caller;
use tenantry_core::clock::Timestamp;
use tenantry_core::ids::{DeliveryId, InvitationId};
use tenantry_core::store::{Due, OutboxRead, OutboxRow, OutboxState, Place, StoreError};

use crate::read::{bytes, many, one, rows};
use crate::row::{Columns, blob};
use crate::store::SqliteStore;

type Read<T> = std::result::Result<T, StoreError>;

const OUTBOX: &str = "vendor_id, place_id, invitation_id, id, state, due, sealed, attempts, unknown, reason, created_at, \
     updated_at";

fn outbox_row(row: &Row<'_>) -> Result<OutboxRow> {
    let mut columns = Columns::of(row);
    Ok(OutboxRow {
        place: columns.place()?,
        invitation: InvitationId::from_uuid(columns.uuid()?),
        id: DeliveryId::from_uuid(columns.uuid()?),
        state: columns.word(OutboxState::from_name)?,
        due: match (columns.value()?, columns.value()?) {
            (Some(at), Some(sealed)) => Some(Due { at: Timestamp::from_micros(at), sealed }),
            _ => None,
        },
        attempts: columns.value()?,
        unknown: columns.value()?,
        reason: columns.value()?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
    })
}

#[async_trait]
impl OutboxRead for SqliteStore {
    async fn outbox_row(&self, place: Place, invitation: InvitationId) -> Read<Option<OutboxRow>> {
        let sql = format!("SELECT {OUTBOX} FROM outbox WHERE vendor_id = ?1 AND place_id = ?2 AND invitation_id = ?3");
        let vendor = place.vendor();
        let params = params![blob(vendor.as_uuid()), blob(&place.uuid()), blob(invitation.as_uuid())];
        self.read(|connection| one(connection, &sql, params, outbox_row))
    }

    async fn outbox(
        &self,
        place: Place,
        after: Option<InvitationId>,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<OutboxRow>> {
        let sql = format!(
            "SELECT {OUTBOX} FROM outbox WHERE vendor_id = ?1 AND place_id = ?2 AND invitation_id > ?3
             ORDER BY invitation_id LIMIT ?4"
        );
        self.list(caller, move |connection| {
            let (vendor, place) = (place.vendor(), place.uuid());
            let after = bytes(after.as_ref().map(InvitationId::as_uuid));
            let params = params![blob(vendor.as_uuid()), place.as_bytes(), after, rows(limit)];
            many(connection, &sql, params, outbox_row)
        })
        .await
    }

    async fn outbox_due(
        &self,
        until: Timestamp,
        after: Option<(Timestamp, InvitationId)>,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<OutboxRow>> {
        let sql = format!(
            "SELECT {OUTBOX} FROM outbox WHERE due <= ?1 AND (due, invitation_id) > (?2, ?3)
             ORDER BY due, invitation_id LIMIT ?4"
        );
        self.list(caller, move |connection| {
            let time = after.map_or(i64::MIN, |(time, _)| time.micros());
            let after = bytes(after.as_ref().map(|(_, invitation)| invitation.as_uuid()));
            many(connection, &sql, params![until.micros(), time, after, rows(limit)], outbox_row)
        })
        .await
    }

    async fn outbox_sealed_by(
        &self,
        place: Place,
        key: [u8; 16],
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<OutboxRow>> {
        let sql = format!(
            "SELECT {OUTBOX} FROM outbox
             WHERE vendor_id = ?1 AND place_id = ?2 AND sealed IS NOT NULL AND substr(sealed, 7, 16) = ?3 LIMIT ?4"
        );
        self.list(caller, move |connection| {
            let (vendor, place) = (place.vendor(), place.uuid());
            let params = params![blob(vendor.as_uuid()), place.as_bytes(), key, rows(limit)];
            many(connection, &sql, params, outbox_row)
        })
        .await
    }
}
