//! Members and invitations.

use chrono::{DateTime, Utc};

use super::Delivery;
use crate::catalog::Role;
use crate::clock::Timestamp;
use crate::ids::{InvitationId, MemberId, UserId};
use crate::store::{InvitationRow, InvitationState, MemberRow, MemberState, OutboxRow, Place, UserRow};
use crate::vault::InvitationToken;

/// A person in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Member {
    /// The id of the membership.
    pub id: MemberId,
    /// The person; `None` until they accept, so that inviting does not tell whether they exist elsewhere (U5).
    pub user: Option<UserId>,
    /// The name of the person in this place.
    pub name: String,
    /// The e-mail of the person; until they accept, as it was given when they were invited.
    pub email: String,
    /// The role.
    pub role: Role,
    /// The state.
    pub state: MemberState,
    /// Moves with the name, the role and the state.
    pub revision: u64,
    /// Who invited, as the audit log writes actors; `None` for the first member of a vendor.
    pub invited_by: Option<String>,
    /// The invitation that waits to be accepted, expired or not; `None` unless the member is invited.
    pub invitation: Option<InvitationId>,
    /// When that invitation expires; `None` unless the member is invited.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the person was invited.
    pub created_at: DateTime<Utc>,
    /// When the record last moved.
    pub updated_at: DateTime<Utc>,
}

impl Member {
    pub(crate) fn new(row: MemberRow, user: UserRow, invitation: Option<&InvitationRow>) -> Self {
        let invited = row.state == MemberState::Invited;
        let waiting = invitation.filter(|_| invited);
        Self {
            id: row.id,
            user: (!invited).then_some(row.user),
            name: row.name,
            email: row.invited_email.unwrap_or(user.email),
            role: row.role,
            state: row.state,
            revision: row.revision,
            invited_by: invitation.map(|invitation| invitation.invited_by.clone()),
            invitation: waiting.map(|invitation| invitation.id),
            expires_at: waiting.map(|invitation| invitation.expires_at.to_datetime()),
            created_at: row.created_at.to_datetime(),
            updated_at: row.updated_at.to_datetime(),
        }
    }
}

/// What became of an invitation: the true reason, for those who may see it (U3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum InvitationStatus {
    /// Can be accepted.
    Pending,
    /// Was not accepted in time; it can be resent, or the person invited again.
    Expired,
    /// Was accepted.
    Accepted,
    /// Was declined by the person invited.
    Declined,
    /// Was revoked, or its member removed.
    Revoked,
    /// Had expired and was replaced by a new one.
    Replaced,
}

impl InvitationStatus {
    fn of(row: &InvitationRow, now: Timestamp) -> Self {
        match row.state {
            InvitationState::Pending if row.is_open(now) => Self::Pending,
            InvitationState::Pending => Self::Expired,
            InvitationState::Accepted => Self::Accepted,
            InvitationState::Declined => Self::Declined,
            InvitationState::Revoked => Self::Revoked,
            InvitationState::Replaced => Self::Replaced,
        }
    }
}

/// An invitation of a person into a place; never its token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Where to.
    pub place: Place,
    /// The membership that it is for.
    pub member: MemberId,
    /// Who is invited; `None` once the member is gone.
    pub email: Option<String>,
    /// The role that was asked for.
    pub asked: Role,
    /// The role that it gives; Administrator when it was raised (U2).
    pub role: Role,
    /// What became of it.
    pub status: InvitationStatus,
    /// Who invited, as the audit log writes actors.
    pub invited_by: String,
    /// When its token was last made.
    pub sent_at: DateTime<Utc>,
    /// When its token stops working.
    pub expires_at: DateTime<Utc>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// What became of its mail; `None` when the outbox has none for it, and when the invitation has ended (D6).
    #[cfg_attr(feature = "serde", serde(default))]
    pub delivery: Option<Delivery>,
}

impl Invitation {
    pub(crate) fn new(row: InvitationRow, email: Option<String>, delivery: Option<OutboxRow>, now: Timestamp) -> Self {
        Self {
            id: row.id,
            place: row.place,
            member: row.member,
            email,
            asked: row.asked,
            role: row.role,
            status: InvitationStatus::of(&row, now),
            invited_by: row.invited_by,
            sent_at: row.sent_at.to_datetime(),
            expires_at: row.expires_at.to_datetime(),
            created_at: row.created_at.to_datetime(),
            delivery: delivery.map(|delivery| Delivery::new(delivery, now)),
        }
    }
}

/// What inviting or resending answers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Invited {
    /// The member, in state `invited`.
    pub member: Member,
    /// The invitation.
    pub invitation: Invitation,
    /// The token for the link in the e-mail. It is handed out this once.
    pub token: InvitationToken,
    /// Whether the role was raised to Administrator because the place had none (U2).
    pub raised: bool,
}
