//! The persons whom a vendor knows.

use crate::access::{Operation, operations};
use crate::call::Call;
use crate::catalog::Role;
use crate::error::{Error, SoleAdministrator};
use crate::ids::UserId;
use crate::scope::VendorScope;
use crate::store::{Check, CustomerRow, GuardKey, InvitationState, MemberRow, MemberState, Place, WriteOp};
use crate::unit::{Change, Unit};

impl VendorScope {
    /// Erases a person in every place of the vendor: name, e-mail, memberships, invitations, and what the log says of them,
    /// in one commit. Their id stays as a pseudonym, and the log still verifies (U12, A3).
    ///
    /// Needs `users.manage` on the vendor.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`]; [`Error::OwnMembership`] (U8); [`Error::SoleAdministrator`] with the places
    /// that would be left without an active Administrator (U9).
    pub fn erase_user(&self, user: UserId) -> Call<()> {
        self.access.change(Erase { user })
    }
}

struct Erase {
    user: UserId,
}

impl Change for Erase {
    type Answer = ();

    fn operation(&self) -> &'static Operation {
        &operations::USERS_ERASE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<(), Error> {
        if unit.access.user() == Some(self.user) {
            return Err(Error::OwnMembership);
        }
        let vendor = unit.vendor();
        if unit.store().user(vendor, self.user).await?.is_none() {
            return Err(Error::not_found("user"));
        }
        let user = unit.bump_user(self.user).await?;
        // Who joins or leaves a place bumps the user; what else happens in the places is guarded from here on.
        for member in unit.store().memberships(vendor, user.id).await? {
            let standing = unit.store().standing(Some(user.id), member.place, member.place).await?;
            let standing = standing.ok_or_else(|| unit.overtaken())?;
            unit.bump(GuardKey::Place(member.place), standing.counter);
            let own = standing.member.ok_or_else(|| unit.overtaken())?;
            unit.bump(GuardKey::Member(member.place, own.id), own.counter);
        }
        let memberships = unit.store().memberships(vendor, user.id).await?;
        if memberships.iter().any(|member| !unit.guards(GuardKey::Place(member.place))) {
            // They joined it since.
            return Err(unit.overtaken());
        }
        let mut refused = Vec::new();
        for member in &memberships {
            if !unit.leave(member).await? {
                refused.push(member.place);
            }
        }
        if !refused.is_empty() {
            return Err(SoleAdministrator { places: refused }.into());
        }
        let targets = unit.erase(&user).await?;
        for member in memberships {
            // What is written in the commit of the erasure says nothing of the person.
            unit.record(member.place, "member.removed", member.id);
        }
        for (chain, target) in targets {
            unit.record(chain, "member.erased", target);
        }
        Ok(())
    }
}

impl Unit<'_> {
    /// Takes a person out of a place that is guarded; `false` when others would remain there without an active
    /// Administrator (U9).
    async fn leave(&mut self, member: &MemberRow) -> Result<bool, Error> {
        let place = member.place;
        let mut stays_claimed = true;
        if let Place::Customer(vendor, id) = place {
            let customer = self.store().customer(vendor, id).await?.ok_or_else(|| self.overtaken())?;
            stays_claimed = customer.claimed && customer.members > 1;
            if customer.claimed && !stays_claimed {
                self.write(WriteOp::UpdateCustomer(CustomerRow { claimed: false, ..customer }));
            }
        }
        if stays_claimed {
            let administers = member.role == Role::Administrator && member.state == MemberState::Active;
            if administers && self.store().active_administrators(place).await? <= 1 {
                return Ok(false);
            }
            self.expect(Check::ActiveAdministrator(place));
        }
        self.write(WriteOp::DeleteMember(place, member.user));
        if member.state == MemberState::Invited {
            self.end_invitation(member, InvitationState::Revoked).await?;
        }
        Ok(true)
    }
}
