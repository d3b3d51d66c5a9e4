//! What is written to the outbox when a token is made, and when its invitation ends.

use super::Unit;
use super::keys::token_address;
use crate::error::Error;
use crate::ids::DeliveryId;
use crate::store::{Due, InvitationRow, OutboxRow, OutboxState, WriteOp};
use crate::vault::InvitationToken;

impl Unit<'_> {
    /// Writes the delivery of a new token, in the same commit as its invitation (D1). After [`Unit::bump_place`].
    ///
    /// `None` when the host delivers invitations itself.
    pub(crate) async fn post(
        &mut self,
        invitation: &InvitationRow,
        token: &InvitationToken,
    ) -> Result<Option<OutboxRow>, Error> {
        let (place, now) = (invitation.place, self.now);
        if !self.access.app.outbox {
            return Ok(None);
        }
        let key = self.place_key().await?;
        let mut row = OutboxRow {
            place,
            invitation: invitation.id,
            id: DeliveryId::from_uuid(self.access.app.new_uuid(now)?),
            state: OutboxState::Waiting,
            due: None,
            attempts: 0,
            unknown: 0,
            reason: None,
            created_at: now,
            updated_at: now,
        };
        let sealed = key.seal_token(token, &token_address(self.store().store_id(), &row))?;
        row.due = Some(Due { at: now, sealed });
        self.write(WriteOp::PutOutbox(row.clone()));
        Ok(Some(row))
    }
}
