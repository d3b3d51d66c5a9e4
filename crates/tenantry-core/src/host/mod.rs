//! The host's own operations (V2, V3, U3, U5): they have no actor with a role, so no permission guards them.

mod courier;
mod invitation;
mod maintenance;
mod outbox;
mod rotation;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::access::{Access, Actor, Operation, host_call, operations};
use crate::app::App;
use crate::call::Call;
use crate::catalog::{Portal, Role};
use crate::error::{AlreadyExists, Error};
use crate::ids::{MemberId, UserId, VendorId};
use crate::model::{CursorKind, Identity, Invitation, Page, PageRequest, Vendor, close_page, text};
use crate::scope::{Accepted, CustomerScope, VendorScope};
use crate::store::{
    Check, CustomerStatus, InvitationRow, InvitationState, MemberRow, MemberState, Place, UserRow, VendorRow, WriteOp,
};
use crate::unit::{Change, Unit};
use crate::vault::{EmailAddress, InvitationToken, VerifiedEmail};

pub use courier::{Courier, DeliveryError, DeliveryFailure, InvitationMail};
pub(crate) use invitation::find_invitation;
pub use maintenance::Maintenance;
pub use outbox::Outbox;

/// The host, or a person whom no membership lets act yet, at a place.
fn access(app: &App, actor: Actor, place: Place) -> Access {
    let portal = if place.customer().is_some() { Portal::Customer } else { Portal::Vendor };
    Access { app: Arc::clone(app), actor, portal, home: place, place }
}

fn address(email: &str) -> Result<EmailAddress, Error> {
    EmailAddress::parse(email).map_err(|error| Error::invalid("e-mail", error.reason()))
}

pub(crate) fn bootstrap(app: &App, key: &str, name: &str, member: &str, email: &str) -> Call<VendorScope> {
    let app = Arc::clone(app);
    let [key, name, member, email] = [key, name, member, email].map(str::to_owned);
    host_call(&operations::BOOTSTRAP, move |caller| async move {
        let vendor = VendorId::from_uuid(app.new_uuid(app.now())?);
        let access = access(&app, Actor::Host, Place::Vendor(vendor));
        let user = access.commit(&Bootstrap { key, name, member, email }, caller).await?;
        Ok(VendorScope::new(Access { actor: Actor::User(user), ..access }))
    })
}

struct Bootstrap {
    key: String,
    name: String,
    member: String,
    email: String,
}

impl Change for Bootstrap {
    type Answer = UserId;

    fn operation(&self) -> &'static Operation {
        &operations::BOOTSTRAP
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<UserId, Error> {
        let key = text::vendor_key(&self.key)?;
        let name = text::name("name", &self.name)?;
        let member_name = text::name("member name", &self.member)?;
        let email = address(&self.email)?;
        let (place, now) = (unit.place(), unit.now);
        unit.write(WriteOp::InsertVendor(VendorRow {
            id: place.vendor(),
            key: key.clone(),
            name: name.clone(),
            created_at: now,
            counter: 0,
        }));
        let taken = key.clone();
        unit.require(Check::VendorKeyUnique { key: key.clone(), vendor: place.vendor() }, move || {
            AlreadyExists { field: "vendor key", value: taken.clone() }.into()
        });
        let user = unit.new_user(&email)?;
        let member = MemberRow {
            place,
            user: user.id,
            id: MemberId::from_uuid(unit.access.app.new_uuid(now)?),
            name: member_name,
            invited_email: None,
            role: Role::Administrator,
            state: MemberState::Active,
            revision: 1,
            created_at: now,
            updated_at: now,
            counter: 0,
        };
        unit.write(WriteOp::InsertMember(member.clone()));
        unit.require_administrator(place, member.id);
        unit.record_detail(place, "vendor.created", place, "", Value::Null, json!({ "key": key, "name": name }));
        let after = json!({ "name": member.name, "email": user.email, "role": member.role.as_str() });
        unit.record_detail(place, "member.joined", member.id, user.id, Value::Null, after);
        Ok(user.id)
    }
}

pub(crate) fn vendors(app: &App, page: PageRequest) -> Call<Page<Vendor>> {
    let app = Arc::clone(app);
    host_call(&operations::VENDORS, move |_| async move {
        let limit = page.limit()?;
        let kind = CursorKind::new("vendors".to_owned());
        let after = page.after.as_ref().map(|cursor| kind.key(cursor)).transpose()?;
        let rows = app.store.vendors(after.as_deref(), limit + 1).await?;
        Ok(close_page(rows, limit, &kind, |row| row.key.clone(), Vendor::from))
    })
}

pub(crate) fn find_vendor(app: &App, key: &str) -> Call<Option<Vendor>> {
    let (app, key) = (Arc::clone(app), key.to_owned());
    host_call(
        &operations::FIND_VENDOR,
        move |_| async move { Ok(app.store.vendor_by_key(&key).await?.map(Vendor::from)) },
    )
}

pub(crate) fn identify(app: &App, vendor: VendorId, email: VerifiedEmail) -> Call<Option<Identity>> {
    let app = Arc::clone(app);
    host_call(&operations::IDENTIFY, move |_| async move {
        let email = address(email.as_str())?;
        let Some(user) = app.store.user_by_email(vendor, email.key()).await? else {
            return Ok(None);
        };
        let mut identity = Identity { user: user.id, places: Vec::new(), invitations: Vec::new() };
        for member in app.store.memberships(vendor, user.id).await? {
            match member.state {
                MemberState::Active => identity.places.push(member.place),
                MemberState::Suspended => {}
                MemberState::Invited => {
                    let invitation = app.store.latest_invitation(member.place, member.id).await?;
                    let open = invitation.filter(|invitation| invitation.is_open(app.now()));
                    let record = |row| Invitation::new(row, Some(user.email.clone()), None, app.now());
                    identity.invitations.extend(open.map(record));
                }
            }
        }
        Ok(Some(identity))
    })
}

pub(crate) fn change_email(app: &App, vendor: VendorId, user: UserId, email: VerifiedEmail) -> Call<()> {
    access(app, Actor::Host, Place::Vendor(vendor)).change(ChangeEmail { user, email })
}

struct ChangeEmail {
    user: UserId,
    email: VerifiedEmail,
}

impl Change for ChangeEmail {
    type Answer = ();

    fn operation(&self) -> &'static Operation {
        &operations::CHANGE_EMAIL
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<(), Error> {
        let email = address(self.email.as_str())?;
        let vendor = unit.vendor();
        if unit.store().user(vendor, self.user).await?.is_none() {
            return Err(Error::not_found("user"));
        }
        let old = unit.bump_user(self.user).await?;
        let row = UserRow {
            email: email.given().to_owned(),
            email_key: email.key().to_owned(),
            email_folded: text::fold(email.given()),
            ..old.clone()
        };
        if row == old {
            return Ok(());
        }
        let taken = row.email.clone();
        let check = Check::EmailUnique { vendor, email_key: row.email_key.clone(), user: row.id };
        unit.require(check, move || AlreadyExists { field: "e-mail", value: taken.clone() }.into());
        let (before, after) = (json!({ "email": old.email }), json!({ "email": row.email }));
        unit.record_detail(unit.place(), "user.email_changed", row.id, row.id, before, after);
        unit.write(WriteOp::UpdateUser(row));
        Ok(())
    }
}

pub(crate) fn accept(app: &App, token: &InvitationToken, email: VerifiedEmail) -> Call<Accepted> {
    let (app, token_hash) = (Arc::clone(app), token.hash());
    host_call(&operations::ACCEPT, move |caller| async move {
        let access = invited(&app, &token_hash).await?;
        access.commit(&Accept { token_hash, email }, caller).await?;
        Ok(match access.place {
            Place::Vendor(_) => Accepted::Vendor(VendorScope::new(access)),
            Place::Customer(..) => Accepted::Customer(CustomerScope::new(access)),
        })
    })
}

pub(crate) fn decline(app: &App, token: &InvitationToken, email: VerifiedEmail) -> Call<()> {
    let (app, token_hash) = (Arc::clone(app), token.hash());
    host_call(&operations::DECLINE, move |caller| async move {
        // Not in the name of the person: their id would tell that they were known before they were invited (U5).
        let access = Access { actor: Actor::Host, ..invited(&app, &token_hash).await? };
        access.commit(&Decline { token_hash, email }, caller).await
    })
}

/// The person that a token is for, at the place that it is for. Whether it still works is decided under guard.
async fn invited(app: &App, token_hash: &[u8; 32]) -> Result<Access, Error> {
    let row = app.store.invitation_by_token(token_hash).await?.ok_or(Error::InvitationInvalid)?;
    Ok(access(app, Actor::User(row.user), row.place))
}

impl Unit<'_> {
    /// The invitation of a token that works for this person, and its member, both guarded (U3).
    async fn usable_invitation(
        &mut self,
        token_hash: &[u8; 32],
        email: &VerifiedEmail,
    ) -> Result<(InvitationRow, MemberRow), Error> {
        let invalid = || Error::InvitationInvalid;
        let email = EmailAddress::parse(email.as_str()).map_err(|_| Error::InvitationInvalid)?;
        let standing = self.access.standing().await?.ok_or_else(invalid)?;
        if standing.status == CustomerStatus::Archived {
            return Err(Error::InvitationInvalid);
        }
        self.bump(crate::store::GuardKey::Place(self.place()), standing.counter);
        let row = self.store().invitation_by_token(token_hash).await?.ok_or_else(invalid)?;
        let user = self.store().user(self.vendor(), row.user).await?.ok_or_else(invalid)?;
        self.bump(crate::store::GuardKey::User(user.vendor, user.id), user.counter);
        if !row.is_open(self.now) || row.place != self.place() || user.email_key != email.key() {
            return Err(Error::InvitationInvalid);
        }
        let member = self.store().member(row.place, row.member).await?;
        let member = member.filter(|member| member.state == MemberState::Invited).ok_or_else(invalid)?;
        self.bump(crate::store::GuardKey::Member(member.place, member.id), member.counter);
        Ok((row, member))
    }
}

struct Accept {
    token_hash: [u8; 32],
    email: VerifiedEmail,
}

impl Change for Accept {
    type Answer = ();

    fn operation(&self) -> &'static Operation {
        &operations::ACCEPT
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<(), Error> {
        let (invitation, member) = unit.usable_invitation(&self.token_hash, &self.email).await?;
        // What is not sent yet is not needed any more (D2).
        unit.write(WriteOp::DeleteOutbox(invitation.place, invitation.id));
        unit.write(WriteOp::UpdateInvitation(InvitationRow { state: InvitationState::Accepted, ..invitation }));
        let (before, after) =
            (json!({ "state": member.state.as_str() }), json!({ "state": "active", "role": member.role.as_str() }));
        unit.record_detail(member.place, "member.joined", member.id, member.user, before, after);
        let revision = member.revision.saturating_add(1);
        let (state, invited_email) = (MemberState::Active, None);
        let row = MemberRow { state, invited_email, revision, updated_at: unit.now, ..member };
        unit.write_member(row).await
    }
}

struct Decline {
    token_hash: [u8; 32],
    email: VerifiedEmail,
}

impl Change for Decline {
    type Answer = ();

    fn operation(&self) -> &'static Operation {
        &operations::DECLINE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<(), Error> {
        let (_, member) = unit.usable_invitation(&self.token_hash, &self.email).await?;
        unit.remove_member(&member, "member.declined", InvitationState::Declined).await
    }
}
