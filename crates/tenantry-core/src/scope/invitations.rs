//! The invitations into a place, and how often one may be sent.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::access::{Access, Operation, operations};
use crate::call::Call;
use crate::catalog::Role;
use crate::error::{Error, TooManyInvitations};
use crate::ids::InvitationId;
use crate::model::{CursorKind, Invitation, Invited, Member, Page, PageRequest, close_page};
use crate::store::{InvitationRow, InvitationState, Place, SendsRow, Store, StoreError, WriteOp};
use crate::unit::{Change, SENDS_WINDOW, Unit};
use crate::vault::InvitationToken;

/// How many times an invitation may be repeated in that time (U4).
const REPEATS: usize = 3;

/// The invitations into a place: the vendor itself, or one customer.
///
/// Reading needs `users.view`, changing `users.manage`; of staff who act on a customer `customer_users.view` and
/// `customer_users.manage`.
#[derive(Clone, Debug)]
pub struct Invitations {
    access: Access,
}

impl Invitations {
    pub(crate) fn new(access: &Access) -> Self {
        Self { access: access.clone() }
    }

    /// The invitations, those that ended included, in the order in which they were made; each with its true state (U3).
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::InvalidInput`] for a foreign cursor or a page size that is not 1 to 1,000.
    pub fn list(&self, page: PageRequest) -> Call<Page<Invitation>> {
        self.access.read(&operations::INVITATIONS_LIST, move |access, _, caller| async move {
            let (store, place, limit) = (&access.app.store, access.place, page.limit()?);
            let kind =
                CursorKind::new(json!(["invitations", place.vendor().to_string(), place.to_string()]).to_string());
            let after = page.after.as_ref().map(|cursor| kind.key(cursor)).transpose()?;
            let after =
                after.map(|key| key.parse().map_err(|_| Error::invalid("cursor", "is malformed"))).transpose()?;
            let mut invitations = Vec::new();
            for row in store.invitations(place, after, limit + 1, caller).await? {
                invitations.push(record(&access, row).await?);
            }
            Ok(close_page(invitations, limit, &kind, |invitation| invitation.id.to_string(), |row| row))
        })
    }

    /// One invitation.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`].
    pub fn get(&self, invitation: InvitationId) -> Call<Invitation> {
        self.access.read(&operations::INVITATIONS_GET, move |access, _, _| async move {
            let (store, place) = (&access.app.store, access.place);
            let row = store.invitation(place, invitation).await?.ok_or_else(|| Error::not_found("invitation"))?;
            Ok(record(&access, row).await?)
        })
    }

    /// Makes a new token for an invitation that was not accepted, and kills the old one. It is open for as long as
    /// before, from now on; also when it had expired (U4).
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`]; [`Error::InvalidInput`] when the invitation has ended;
    /// [`Error::TooManyInvitations`] after three repeats in ten minutes.
    pub fn resend(&self, invitation: InvitationId) -> Call<Invited> {
        self.access.change(Resend { invitation })
    }

    /// Revokes an invitation that was not accepted: its token no longer works and its member goes.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`]; [`Error::InvalidInput`] when the invitation has ended.
    pub fn revoke(&self, invitation: InvitationId) -> Call<()> {
        self.access.change(Revoke { invitation })
    }
}

/// The invitation with what became of its mail, as long as it has not ended (D6).
async fn record(access: &Access, row: InvitationRow) -> Result<Invitation, StoreError> {
    let store = &*access.app.store;
    let email = email_of(store, &row).await?;
    let delivery = match row.state {
        InvitationState::Pending => store.outbox_row(row.place, row.id).await?,
        _ => None,
    };
    Ok(Invitation::new(row, email, delivery, access.app.now()))
}

/// The e-mail of the member whom an invitation is for, as long as they are one: afterwards nothing tells whether the person
/// is known elsewhere (U5).
async fn email_of(store: &dyn Store, row: &InvitationRow) -> Result<Option<String>, StoreError> {
    let Some(member) = store.member(row.place, row.member).await? else { return Ok(None) };
    match member.invited_email {
        Some(email) => Ok(Some(email)),
        None => Ok(store.user(row.place.vendor(), row.user).await?.map(|user| user.email)),
    }
}

impl Unit<'_> {
    /// An invitation of the place that has not ended. After [`Unit::bump_place`].
    async fn pending(&self, id: InvitationId) -> Result<InvitationRow, Error> {
        let row = self.store().invitation(self.place(), id).await?;
        let row = row.ok_or_else(|| Error::not_found("invitation"))?;
        if row.state == InvitationState::Pending {
            Ok(row)
        } else {
            Err(Error::invalid("invitation", format!("has ended: {}", row.state)))
        }
    }

    /// Counts a token that is made for an e-mail, and refuses a repeat too many (U4). A repeat is a resending, or an
    /// invitation within ten minutes of the one before.
    pub(crate) async fn count_send(&mut self, email_key: &str, resent: bool) -> Result<(), Error> {
        let (place, now) = (self.place(), self.now);
        let recipient = recipient(place, email_key);
        let begin = now.minus(SENDS_WINDOW);
        let lately = self.store().sends(place, &recipient).await?.filter(|row| row.latest > begin);
        let is_repeat = resent || lately.is_some();
        let mut repeats = lately.map(|row| row.repeats).unwrap_or_default();
        repeats.retain(|time| *time > begin);
        if is_repeat {
            if let Some(oldest) = repeats.first().filter(|_| repeats.len() >= REPEATS) {
                return Err(TooManyInvitations { retry_at: oldest.plus(SENDS_WINDOW).to_datetime() }.into());
            }
            repeats.push(now);
        }
        self.write(WriteOp::PutSends(SendsRow { place, recipient, latest: now, repeats }, begin));
        Ok(())
    }
}

/// What stands for an e-mail in the count of sends: the person may be erased, the count must not be reset by it.
fn recipient(place: Place, email_key: &str) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(b"tenantry invitation recipient v1\0");
    hash.update(place.vendor().as_uuid().as_bytes());
    hash.update(place.uuid().as_bytes());
    hash.update(email_key.as_bytes());
    hash.finalize().into()
}

struct Resend {
    invitation: InvitationId,
}

impl Change for Resend {
    type Answer = Invited;

    fn operation(&self) -> &'static Operation {
        &operations::INVITATIONS_RESEND
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Invited, Error> {
        unit.bump_place().await?;
        let (place, now) = (unit.place(), unit.now);
        let old = unit.pending(self.invitation).await?;
        let user = unit.bump_user(old.user).await?;
        let member = unit.bump_member(old.member).await?;
        unit.count_send(&user.email_key, true).await?;
        let email = member.invited_email.clone().unwrap_or_else(|| user.email.clone());
        let token = InvitationToken::generate()?;
        let validity = old.expires_at.since(old.sent_at);
        let row = InvitationRow { token_hash: token.hash(), sent_at: now, expires_at: now.plus(validity), ..old };
        unit.write(WriteOp::UpdateInvitation(row.clone()));
        let delivery = unit.post(&row, &token).await?;
        if delivery.is_none() {
            // The old token may wait there: another process may deliver.
            unit.write(WriteOp::DeleteOutbox(place, row.id));
        }
        unit.record_detail(place, "invitation.resent", row.member, row.user, Value::Null, json!({ "email": email }));
        Ok(Invited {
            raised: row.role == Role::Administrator && row.asked != Role::Administrator,
            member: Member::new(member, user, Some(&row)),
            invitation: Invitation::new(row, Some(email), delivery, now),
            token,
        })
    }
}

struct Revoke {
    invitation: InvitationId,
}

impl Change for Revoke {
    type Answer = ();

    fn operation(&self) -> &'static Operation {
        &operations::INVITATIONS_REVOKE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<(), Error> {
        unit.bump_place().await?;
        let invitation = unit.pending(self.invitation).await?;
        let member = unit.bump_member(invitation.member).await?;
        unit.remove_member(&member, "invitation.revoked", InvitationState::Revoked).await
    }
}
