//! What the holder of an invitation's token is told before accepting.

use std::sync::Arc;

use crate::access::{host_call, operations};
use crate::app::App;
use crate::call::Call;
use crate::catalog::Role;
use crate::error::Error;
use crate::ids::UserId;
use crate::model::OpenInvitation;
use crate::store::{CustomerStatus, MemberState, Place, Store, StoreError};
use crate::vault::InvitationToken;

pub(crate) fn find_invitation(app: &App, token: &InvitationToken) -> Call<OpenInvitation> {
    let (app, token_hash) = (Arc::clone(app), token.hash());
    host_call(&operations::FIND_INVITATION, move |_| async move {
        let (store, invalid) = (&*app.store, || Error::InvitationInvalid);
        let row = store.invitation_by_token(&token_hash).await?.filter(|row| row.is_open(app.now()));
        let row = row.ok_or_else(invalid)?;
        let member = store.member(row.place, row.member).await?;
        let member = member.filter(|member| member.state == MemberState::Invited).ok_or_else(invalid)?;
        let user = store.user(row.place.vendor(), row.user).await?.ok_or_else(invalid)?;
        let vendor = store.vendor(row.place.vendor()).await?.ok_or_else(invalid)?;
        let customer = match row.place {
            Place::Vendor(_) => None,
            Place::Customer(vendor, id) => {
                let row = store.customer(vendor, id).await?;
                Some(row.filter(|row| row.status == CustomerStatus::Active).ok_or_else(invalid)?.name)
            }
        };
        Ok(OpenInvitation {
            place: row.place,
            vendor: vendor.name,
            customer,
            name: member.name,
            email: member.invited_email.unwrap_or(user.email),
            role: member.role,
            raised: member.role == Role::Administrator && row.asked != Role::Administrator,
            invited_by: inviter(store, row.place, &row.invited_by).await?,
            expires_at: row.expires_at.to_datetime(),
        })
    })
}

/// The name of who invited: as a member of the place, or of the vendor's staff.
async fn inviter(store: &dyn Store, place: Place, actor: &str) -> Result<Option<String>, StoreError> {
    let Ok(user) = actor.parse::<UserId>() else { return Ok(None) };
    for place in [place, Place::Vendor(place.vendor())] {
        if let Some(member) = store.member_of_user(place, user).await? {
            return Ok(Some(member.name));
        }
    }
    Ok(None)
}
