//! The members of a place.

use std::time::Duration;

use serde_json::{Value, json};

use crate::access::{Access, Operation, operations};
use crate::call::Call;
use crate::catalog::Role;
use crate::error::{AlreadyInvited, AlreadyMember, Error, StaleRevision};
use crate::ids::{InvitationId, MemberId, UserId};
use crate::model::{CursorKind, Invitation, Invited, Member, Page, PageRequest, close_page, text};
use crate::store::{Check, InvitationRow, InvitationState, MemberRow, MemberState, UserRow, WriteOp};
use crate::unit::{Change, Unit};
use crate::vault::{EmailAddress, InvitationToken};

/// How long an invitation is open unless told otherwise (U1).
const VALIDITY: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How short an invitation may be open.
const SHORTEST_VALIDITY: Duration = Duration::from_secs(1);
/// How long an invitation may be open (U1).
const LONGEST_VALIDITY: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The members of a place: the vendor itself, or one customer.
///
/// Reading needs `users.view`, changing `users.manage`; of staff who act on a customer `customer_users.view` and
/// `customer_users.manage`.
#[derive(Clone, Debug)]
pub struct Members {
    access: Access,
}

impl Members {
    pub(crate) fn new(access: &Access) -> Self {
        Self { access: access.clone() }
    }

    /// The members in the order in which they were invited.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::InvalidInput`] for a foreign cursor or a page size that is not 1 to 1,000.
    pub fn list(&self, page: PageRequest) -> Call<Page<Member>> {
        self.access.read(&operations::MEMBERS_LIST, move |access, _, caller| async move {
            let (store, place, limit) = (&access.app.store, access.place, page.limit()?);
            let kind = CursorKind::new(json!(["members", place.vendor().to_string(), place.to_string()]).to_string());
            let after = page.after.as_ref().map(|cursor| kind.key(cursor)).transpose()?;
            let after =
                after.map(|key| key.parse().map_err(|_| Error::invalid("cursor", "is malformed"))).transpose()?;
            let rows = store.members(place, after, limit + 1, caller).await?;
            let mut members = Vec::with_capacity(rows.len());
            for (row, user) in rows {
                let invitation = store.latest_invitation(place, row.id).await?;
                members.push(Member::new(row, user, invitation.as_ref()));
            }
            Ok(close_page(members, limit, &kind, |member| member.id.to_string(), |member| member))
        })
    }

    /// One member.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`].
    pub fn get(&self, member: MemberId) -> Call<Member> {
        self.access.read(&operations::MEMBERS_GET, move |access, _, _| async move {
            let (store, place) = (&access.app.store, access.place);
            let not_found = || Error::not_found("member");
            let row = store.member(place, member).await?.ok_or_else(not_found)?;
            let user = store.user(place.vendor(), row.user).await?.ok_or_else(not_found)?;
            let invitation = store.latest_invitation(place, member).await?;
            Ok(Member::new(row, user, invitation.as_ref()))
        })
    }

    /// The member that is this person, for example to name who did what the audit log says.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`], also for a person who was invited and has not accepted yet (U5).
    pub fn find(&self, user: UserId) -> Call<Member> {
        self.access.read(&operations::MEMBERS_FIND, move |access, _, _| async move {
            let (store, place) = (&access.app.store, access.place);
            let not_found = || Error::not_found("member");
            let row = store.member_of_user(place, user).await?;
            let row = row.filter(|row| row.state != MemberState::Invited).ok_or_else(not_found)?;
            let user = store.user(place.vendor(), user).await?.ok_or_else(not_found)?;
            let invitation = store.latest_invitation(place, row.id).await?;
            Ok(Member::new(row, user, invitation.as_ref()))
        })
    }

    /// Invites a person for 7 days. Into a place that has no Administrator, active or invited, the role becomes
    /// Administrator, whatever was asked for; the answer says so (U2).
    ///
    /// The name is 1 to 200 characters. The answer holds the token for the link that you mail, this once; with
    /// [`Builder::outbox`](crate::Builder::outbox) it is in the outbox, too.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::InvalidInput`]; [`Error::AlreadyMember`]; [`Error::AlreadyInvited`], whose invitation
    /// can be resent (U6); [`Error::TooManyInvitations`] (U4). With an outbox, [`Error::KeyNotAvailable`] without the root
    /// key and [`Error::KeyProvider`].
    pub fn invite(&self, name: &str, email: &str, role: Role) -> Call<Invited> {
        self.invite_for(name, email, role, VALIDITY)
    }

    /// Invites a person for this long, 1 second to 90 days; otherwise like [`Members::invite`].
    ///
    /// # Errors
    ///
    /// Those of [`Members::invite`].
    pub fn invite_for(&self, name: &str, email: &str, role: Role, validity: Duration) -> Call<Invited> {
        self.access.change(Invite { name: name.to_owned(), email: email.to_owned(), role, validity })
    }

    /// Renames a member in this place; elsewhere the person keeps their name (U5).
    ///
    /// With a revision, only if the record is still at it (C4).
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`]; [`Error::InvalidInput`]; [`Error::StaleRevision`].
    pub fn rename(&self, member: MemberId, name: &str, revision: Option<u64>) -> Call<Member> {
        let edit = Edit::Name(name.to_owned());
        self.access.change(Amend { member, edit, revision })
    }

    /// Gives a member another role; it counts with their next operation (U11).
    ///
    /// With a revision, only if the record is still at it (C4).
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`]; [`Error::OwnMembership`] (U8); [`Error::LastAdministrator`] (U9);
    /// [`Error::StaleRevision`].
    pub fn change_role(&self, member: MemberId, role: Role, revision: Option<u64>) -> Call<Member> {
        self.access.change(Amend { member, edit: Edit::Role(role), revision })
    }

    /// Suspends a member: they cannot act, and count as no Administrator, until resumed (U10).
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`]; [`Error::OwnMembership`] (U8); [`Error::LastAdministrator`] (U9);
    /// [`Error::InvalidInput`] when the member has not accepted yet.
    pub fn suspend(&self, member: MemberId) -> Call<Member> {
        self.access.change(Amend { member, edit: Edit::State(MemberState::Suspended), revision: None })
    }

    /// Lets a suspended member act again.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`]; [`Error::OwnMembership`] (U8); [`Error::InvalidInput`] when the member has
    /// not accepted yet.
    pub fn resume(&self, member: MemberId) -> Call<Member> {
        self.access.change(Amend { member, edit: Edit::State(MemberState::Active), revision: None })
    }

    /// Removes a member; an open invitation no longer works. A person without any other membership is erased in the
    /// same commit (C6).
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`]; [`Error::OwnMembership`] (U8); [`Error::LastAdministrator`] (U9).
    pub fn remove(&self, member: MemberId) -> Call<()> {
        self.access.change(Remove { member })
    }
}

struct Invite {
    name: String,
    email: String,
    role: Role,
    validity: Duration,
}

impl Change for Invite {
    type Answer = Invited;

    fn operation(&self) -> &'static Operation {
        &operations::MEMBERS_INVITE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Invited, Error> {
        let name = text::name("name", &self.name)?;
        let email = EmailAddress::parse(&self.email).map_err(|error| Error::invalid("e-mail", error.reason()))?;
        if !(SHORTEST_VALIDITY..=LONGEST_VALIDITY).contains(&self.validity) {
            return Err(Error::invalid("validity", "is not between 1 second and 90 days"));
        }
        unit.bump_place().await?;
        let (place, now) = (unit.place(), unit.now);
        let user = unit.known_or_new_user(&email).await?;
        let member = unit.store().member_of_user(place, user.id).await?;
        if let Some(member) = &member {
            refuse_if_there(unit, member).await?;
        }
        unit.count_send(email.key(), false).await?;

        let raised = self.role != Role::Administrator && !unit.has_administrator().await?;
        let role = if raised { Role::Administrator } else { self.role };
        let member = match member {
            Some(old) => {
                unit.bump(crate::store::GuardKey::Member(place, old.id), old.counter);
                unit.end_invitation(&old, InvitationState::Replaced).await?;
                let revision = old.revision.saturating_add(1);
                let invited_email = Some(email.given().to_owned());
                let row = MemberRow { name, invited_email, role, revision, updated_at: now, ..old };
                unit.write(WriteOp::UpdateMember(row.clone()));
                row
            }
            None => {
                let row = MemberRow {
                    place,
                    user: user.id,
                    id: MemberId::from_uuid(unit.access.app.new_uuid(now)?),
                    name,
                    invited_email: Some(email.given().to_owned()),
                    role,
                    state: MemberState::Invited,
                    revision: 1,
                    created_at: now,
                    updated_at: now,
                    counter: 0,
                };
                unit.write(WriteOp::InsertMember(row.clone()));
                row
            }
        };
        let token = InvitationToken::generate()?;
        let invitation = InvitationRow {
            place,
            id: InvitationId::from_uuid(unit.access.app.new_uuid(now)?),
            member: member.id,
            user: user.id,
            asked: self.role,
            role,
            state: InvitationState::Pending,
            token_hash: token.hash(),
            invited_by: unit.access.actor.to_string(),
            sent_at: now,
            expires_at: now.plus(self.validity),
            created_at: now,
        };
        unit.write(WriteOp::InsertInvitation(invitation.clone()));
        let delivery = unit.post(&invitation, &token).await?;
        let after =
            json!({ "name": member.name, "email": email.given(), "role": role.as_str(), "asked": self.role.as_str() });
        unit.record_detail(place, "member.invited", member.id, user.id, Value::Null, after);
        Ok(Invited {
            invitation: Invitation::new(invitation.clone(), Some(email.given().to_owned()), delivery, now),
            member: Member::new(member, user, Some(&invitation)),
            token,
            raised,
        })
    }
}

/// A member, or an open invitation, stands in the way of a new one; an expired invitation does not (U6).
async fn refuse_if_there(unit: &Unit<'_>, member: &MemberRow) -> Result<(), Error> {
    if member.state != MemberState::Invited {
        return Err(AlreadyMember { member: member.id }.into());
    }
    match unit.store().latest_invitation(member.place, member.id).await? {
        Some(invitation) if invitation.is_open(unit.now) => Err(AlreadyInvited { invitation: invitation.id }.into()),
        _ => Ok(()),
    }
}

impl Unit<'_> {
    /// The person with this e-mail, guarded, or a new one whom nobody else may make meanwhile (U5).
    async fn known_or_new_user(&mut self, email: &EmailAddress) -> Result<UserRow, Error> {
        let vendor = self.vendor();
        if let Some(known) = self.store().user_by_email(vendor, email.key()).await? {
            self.bump(crate::store::GuardKey::User(vendor, known.id), known.counter);
            return Ok(known);
        }
        let row = self.new_user(email)?;
        self.expect(Check::EmailUnique { vendor, email_key: row.email_key.clone(), user: row.id });
        Ok(row)
    }

    /// Writes a new person.
    pub(crate) fn new_user(&mut self, email: &EmailAddress) -> Result<UserRow, Error> {
        let row = UserRow {
            vendor: self.vendor(),
            id: UserId::from_uuid(self.access.app.new_uuid(self.now)?),
            email: email.given().to_owned(),
            email_key: email.key().to_owned(),
            email_folded: text::fold(email.given()),
            created_at: self.now,
            counter: 0,
        };
        self.write(WriteOp::InsertUser(row.clone()));
        Ok(row)
    }

    /// Whether an Administrator is active in the place or holds an open invitation (U2).
    async fn has_administrator(&self) -> Result<bool, Error> {
        if self.store().active_administrators(self.place()).await? > 0 {
            return Ok(true);
        }
        let pending = self.store().pending_administrators(self.place()).await?;
        Ok(pending.iter().any(|invitation| invitation.is_open(self.now)))
    }
}

enum Edit {
    Name(String),
    Role(Role),
    State(MemberState),
}

struct Amend {
    member: MemberId,
    edit: Edit,
    revision: Option<u64>,
}

impl Change for Amend {
    type Answer = Member;

    fn operation(&self) -> &'static Operation {
        match self.edit {
            Edit::Name(_) => &operations::MEMBERS_RENAME,
            Edit::Role(_) => &operations::MEMBERS_CHANGE_ROLE,
            Edit::State(MemberState::Suspended) => &operations::MEMBERS_SUSPEND,
            Edit::State(_) => &operations::MEMBERS_RESUME,
        }
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Member, Error> {
        unit.bump_place().await?;
        let old = match self.edit {
            Edit::Name(_) => unit.bump_member(self.member).await?,
            Edit::Role(_) | Edit::State(_) => unit.bump_other_member(self.member).await?,
        };
        let user = unit.store().user(old.place.vendor(), old.user).await?;
        let user = user.ok_or_else(|| Error::not_found("member"))?;
        let invitation = unit.store().latest_invitation(old.place, old.id).await?;
        if let Some(expected) = self.revision
            && expected != old.revision
        {
            return Err(StaleRevision { expected, found: old.revision }.into());
        }
        let mut row = old.clone();
        match &self.edit {
            Edit::Name(name) => row.name = text::name("name", name)?,
            Edit::Role(role) => row.role = *role,
            Edit::State(_) if old.state == MemberState::Invited => {
                return Err(Error::invalid("member", "has not accepted the invitation yet"));
            }
            Edit::State(state) => row.state = *state,
        }
        if row == old {
            return Ok(Member::new(old, user, invitation.as_ref()));
        }
        row.revision = row.revision.saturating_add(1);
        row.updated_at = unit.now;
        let (place, id) = (row.place, row.id);
        let states = (json!({ "state": old.state.as_str() }), json!({ "state": row.state.as_str() }));
        let (action, before, after) = match &self.edit {
            Edit::Name(_) => ("member.renamed", json!({ "name": old.name }), json!({ "name": row.name })),
            Edit::Role(_) => {
                ("member.role_changed", json!({ "role": old.role.as_str() }), json!({ "role": row.role.as_str() }))
            }
            Edit::State(MemberState::Suspended) => ("member.suspended", states.0, states.1),
            Edit::State(_) => ("member.resumed", states.0, states.1),
        };
        unit.record_detail(place, action, id, row.user, before, after);
        match &self.edit {
            Edit::Name(_) => unit.write(WriteOp::UpdateMember(row.clone())),
            Edit::Role(_) | Edit::State(_) => unit.write_member(row.clone()).await?,
        }
        if let (Edit::Role(role), Some(open)) = (&self.edit, &invitation)
            && open.state == InvitationState::Pending
        {
            // The invitation gives what the member is shown to get.
            unit.write(WriteOp::UpdateInvitation(InvitationRow { role: *role, ..open.clone() }));
        }
        Ok(Member::new(row, user, invitation.as_ref()))
    }
}

struct Remove {
    member: MemberId,
}

impl Change for Remove {
    type Answer = ();

    fn operation(&self) -> &'static Operation {
        &operations::MEMBERS_REMOVE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<(), Error> {
        unit.bump_place().await?;
        let row = unit.bump_other_member(self.member).await?;
        unit.remove_member(&row, "member.removed", InvitationState::Revoked).await
    }
}
