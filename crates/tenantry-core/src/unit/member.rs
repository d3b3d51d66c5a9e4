//! What removing a member entails, the same for a removal and for the deletion of a customer (C6, U9, A3).

use super::{SENDS_WINDOW, Unit};
use crate::catalog::Role;
use crate::error::Error;
use crate::ids::{MemberId, UserId};
use crate::store::{CustomerRow, GuardKey, InvitationState, MemberRow, MemberState, Place, UserRow, WriteOp};

impl Unit<'_> {
    /// A member of the place that is acted on, guarded against every other change. After [`Unit::bump_place`].
    pub(crate) async fn bump_member(&mut self, id: MemberId) -> Result<MemberRow, Error> {
        let row = self.store().member(self.place(), id).await?;
        let row = row.ok_or_else(|| Error::not_found("member"))?;
        self.bump(GuardKey::Member(row.place, row.id), row.counter);
        Ok(row)
    }

    /// A member whom the actor may act on: nobody else than themselves (U8).
    pub(crate) async fn bump_other_member(&mut self, id: MemberId) -> Result<MemberRow, Error> {
        let row = self.bump_member(id).await?;
        if Some(row.user) == self.access.user() { Err(Error::OwnMembership) } else { Ok(row) }
    }

    /// Writes a member's new role and state, claims the place if that makes its first active Administrator, and
    /// requires that a claimed place keeps one (U9).
    pub(crate) async fn write_member(&mut self, row: MemberRow) -> Result<(), Error> {
        let (place, member) = (row.place, row.id);
        let administers = row.role == Role::Administrator && row.state == MemberState::Active;
        self.write(WriteOp::UpdateMember(row));
        match place {
            Place::Vendor(_) => self.require_administrator(place, member),
            Place::Customer(..) => {
                let customer = self.customer().await?;
                if customer.claimed {
                    self.require_administrator(place, member);
                } else if administers {
                    self.write(WriteOp::UpdateCustomer(CustomerRow { claimed: true, ..customer }));
                }
            }
        }
        Ok(())
    }

    /// Removes a member and kills their open invitation; a user without any membership left is erased (C6).
    ///
    /// The last member's removal ends the claim; as long as others remain, one is an active Administrator (U9).
    pub(crate) async fn remove_member(
        &mut self,
        row: &MemberRow,
        action: &'static str,
        invitation: InvitationState,
    ) -> Result<(), Error> {
        let place = row.place;
        self.write(WriteOp::DeleteMember(place, row.user));
        if row.state == MemberState::Invited {
            self.end_invitation(row, invitation).await?;
        }
        match place {
            Place::Vendor(_) => self.require_administrator(place, row.id),
            Place::Customer(..) => {
                let customer = self.customer().await?;
                if customer.claimed && customer.members > 1 {
                    self.require_administrator(place, row.id);
                } else if customer.claimed {
                    self.write(WriteOp::UpdateCustomer(CustomerRow { claimed: false, ..customer }));
                }
            }
        }
        // What a place says of somebody who left is gone with them, whether or not they are known elsewhere: the log must not
        // tell which (U5, R4).
        let erased = match self.erase_if_gone(row.user, place).await? {
            Some(targets) => targets,
            None => {
                self.write(WriteOp::DeleteDetails(place, row.user, row.id));
                vec![(place, row.id.to_string())]
            }
        };
        self.record(place, action, row.id);
        for (place, target) in erased {
            self.record(place, "member.erased", target);
        }
        Ok(())
    }

    /// Ends the open invitation of a member, if there is one, so that its token no longer works and is not sent (U4, D2).
    pub(crate) async fn end_invitation(&mut self, row: &MemberRow, state: InvitationState) -> Result<(), Error> {
        if let Some(invitation) = self.store().latest_invitation(row.place, row.id).await?
            && invitation.state == InvitationState::Pending
        {
            self.write(WriteOp::DeleteOutbox(invitation.place, invitation.id));
            self.write(WriteOp::UpdateInvitation(crate::store::InvitationRow { state, ..invitation }));
        }
        Ok(())
    }

    /// Erases a user who leaves `left` and has no other membership.
    ///
    /// Answers the entries whose details go, each as place and target; `None` when the user stays.
    pub(crate) async fn erase_if_gone(
        &mut self,
        user: UserId,
        left: Place,
    ) -> Result<Option<Vec<(Place, String)>>, Error> {
        let row = self.bump_user(user).await?;
        let memberships = self.store().memberships(row.vendor, user).await?;
        if !memberships.iter().any(|member| member.place == left) {
            return Err(self.overtaken());
        }
        if memberships.len() > 1 {
            return Ok(None);
        }
        self.erase(&row).await.map(Some)
    }

    /// Erases a user who has no membership left: the row, and the details that speak of them (A3). After
    /// [`Unit::bump_user`].
    ///
    /// Answers the entries whose details go, each as place and target.
    pub(crate) async fn erase(&mut self, user: &UserRow) -> Result<Vec<(Place, String)>, Error> {
        self.write(WriteOp::DeleteUser(user.vendor, user.id));
        // A hash of the e-mail counts invitations; it goes when it no longer does.
        self.write(WriteOp::DeleteSends(user.vendor, self.now.minus(SENDS_WINDOW)));
        let targets = self.store().detail_targets(user.vendor, &user.id.to_string()).await?;
        for chain in targets.iter().map(|(chain, _)| *chain).filter(|chain| chain.customer().is_some()) {
            // A customer that is deleted meanwhile has ended its chain.
            let standing = self.store().standing(None, chain, chain).await?.ok_or_else(|| self.overtaken())?;
            self.hold(GuardKey::Place(chain), standing.counter);
        }
        Ok(targets)
    }
}
