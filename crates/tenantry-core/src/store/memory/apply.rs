//! How the memory store applies a commit.

use super::{At, Tables, at};
use crate::audit;
use crate::catalog::Role;
use crate::clock::Timestamp;
use crate::ids::{CustomerId, InvitationId, SecretId, UserId, VendorId};
use crate::store::{
    AuditEntry, AuditRow, ChainHead, Check, Commit, CustomerRow, DetailRow, EntryPosition, Guard, GuardKey, GuardMode,
    InvitationRow, MemberRow, MemberState, OutboxRow, Place, Receipt, RootKeyState, SecretRow, StoreError, UserRow,
    WriteOp,
};

type Applied = Result<(), StoreError>;

/// A unique key that was taken already: the checks say which rule that breaks.
struct Taken;

impl Tables {
    pub(super) fn apply(&mut self, commit: Commit) -> Result<Receipt, StoreError> {
        for guard in &commit.guards {
            self.guard(guard)?;
        }
        for op in commit.ops {
            if self.op(op)?.is_err() {
                let names = |check: &Check| check.is_of_uniqueness() && !self.holds(check);
                return Err(match commit.checks.iter().position(names) {
                    Some(index) => StoreError::CheckFailed(index),
                    None => StoreError::Malformed("a key is taken and no check names it"),
                });
            }
        }
        for (index, check) in commit.checks.iter().enumerate() {
            if !self.holds(check) {
                return Err(StoreError::CheckFailed(index));
            }
        }
        let mut entries = Vec::with_capacity(commit.audit.len());
        for (ordinal, entry) in (0..).zip(commit.audit) {
            entries.push(self.append(commit.id, ordinal, entry));
        }
        self.commits.insert_mut(commit.id, entries.clone());
        Ok(Receipt { entries })
    }

    fn guard(&mut self, guard: &Guard) -> Applied {
        let counter = match guard.key {
            GuardKey::Place(Place::Vendor(id)) => self.vendors.get_mut(&id).map(|row| &mut row.counter),
            GuardKey::Place(Place::Customer(vendor, id)) => {
                self.customers.get_mut(&(vendor, id)).map(|row| &mut row.counter)
            }
            GuardKey::Member(place, id) => {
                let user = self.user_of(place, id);
                user.and_then(|user| self.members.get_mut(&(at(place), user))).map(|row| &mut row.counter)
            }
            GuardKey::User(vendor, id) => self.users.get_mut(&(vendor, id)).map(|row| &mut row.counter),
        };
        match counter {
            Some(counter) if *counter == guard.counter => {
                if guard.mode == GuardMode::Bump {
                    *counter += 1;
                }
                Ok(())
            }
            _ => Err(StoreError::Conflict),
        }
    }

    fn op(&mut self, op: WriteOp) -> Result<Result<(), Taken>, StoreError> {
        let gone = StoreError::Malformed("the row to write to does not exist");
        Ok(match op {
            WriteOp::InsertVendor(mut row) => {
                row.counter = 0;
                if self.vendor_keys.contains_key(&row.key) || self.vendors.contains_key(&row.id) {
                    return Ok(Err(Taken));
                }
                self.vendor_keys.insert_mut(row.key.clone(), row.id);
                self.vendors.insert_mut(row.id, row);
                Ok(())
            }
            WriteOp::InsertCustomer(row) => {
                if self.customers.contains_key(&(row.vendor, row.id)) {
                    return Ok(Err(Taken));
                }
                self.put_customer(CustomerRow { counter: 0, members: 0, secrets: 0, ..row })
            }
            WriteOp::UpdateCustomer(row) => {
                let old = self.customers.get(&(row.vendor, row.id)).cloned().ok_or(gone)?;
                self.unindex_customer(&old);
                let CustomerRow { counter, members, secrets, .. } = old;
                self.put_customer(CustomerRow { counter, members, secrets, ..row })
            }
            WriteOp::DeleteCustomer(vendor, id) => {
                self.delete_customer(vendor, id).ok_or(gone)?;
                Ok(())
            }
            WriteOp::InsertUser(row) => {
                if self.users.contains_key(&(row.vendor, row.id)) {
                    return Ok(Err(Taken));
                }
                self.put_user(UserRow { counter: 0, ..row })
            }
            WriteOp::UpdateUser(row) => {
                let old = self.users.get(&(row.vendor, row.id)).cloned().ok_or(gone)?;
                self.emails.remove_mut(&(old.vendor, old.email_key));
                self.put_user(UserRow { counter: old.counter, ..row })
            }
            WriteOp::DeleteUser(vendor, id) => {
                let old = self.users.get(&(vendor, id)).cloned().ok_or(gone)?;
                self.emails.remove_mut(&(vendor, old.email_key));
                self.users.remove_mut(&(vendor, id));
                let subject = id.to_string();
                let theirs = self.details_of(vendor).filter(|(_, detail)| detail.subject == subject);
                for key in theirs.map(|(key, _)| *key).collect::<Vec<_>>() {
                    self.details.remove_mut(&key);
                }
                Ok(())
            }
            WriteOp::DeleteDetails(place, user, member) => {
                let (subject, target) = (user.to_string(), member.to_string());
                let theirs = self.details_of(place.vendor()).filter(|(key, detail)| {
                    let entry = self.chain.get(*key).and_then(|position| self.log.get(&(place.vendor(), *position)));
                    detail.place == place && detail.subject == subject && entry.is_some_and(|row| row.target == target)
                });
                for key in theirs.map(|(key, _)| *key).collect::<Vec<_>>() {
                    self.details.remove_mut(&key);
                }
                Ok(())
            }
            WriteOp::InsertMember(row) => {
                let key = (at(row.place), row.user);
                if self.members.contains_key(&key) || self.member_ids.contains_key(&(key.0, row.id)) {
                    return Ok(Err(Taken));
                }
                self.count(row.place, |customer| customer.members += 1);
                self.member_ids.insert_mut((at(row.place), row.id), row.user);
                self.memberships.insert_mut((row.place.vendor(), row.user, row.place.uuid()), ());
                self.members.insert_mut(key, MemberRow { counter: 0, ..row });
                Ok(())
            }
            WriteOp::UpdateMember(row) => {
                let member = self.members.get_mut(&(at(row.place), row.user)).ok_or(gone)?;
                *member = MemberRow { counter: member.counter, ..row };
                Ok(())
            }
            WriteOp::DeleteMember(place, user) => {
                let old = self.members.get(&(at(place), user)).cloned().ok_or(gone)?;
                self.count(place, |customer| customer.members -= 1);
                self.remove_member(&old);
                Ok(())
            }
            WriteOp::InsertInvitation(row) => {
                if self.invitations.contains_key(&(at(row.place), row.id)) {
                    return Ok(Err(Taken));
                }
                self.put_invitation(row)
            }
            WriteOp::UpdateInvitation(row) => {
                let old = self.invitations.get(&(at(row.place), row.id)).cloned().ok_or(gone)?;
                self.tokens.remove_mut(&old.token_hash);
                self.put_invitation(row)
            }
            WriteOp::PutOutbox(row) => {
                self.invitations.get(&(at(row.place), row.invitation)).ok_or(gone)?;
                self.put_outbox(row);
                Ok(())
            }
            WriteOp::DeleteOutbox(place, invitation) => {
                self.remove_outbox(at(place), invitation);
                Ok(())
            }
            WriteOp::DeleteSends(vendor, before) => {
                self.remove_sends(vendor, before);
                Ok(())
            }
            WriteOp::PutSends(row, before) => {
                self.remove_sends(row.place.vendor(), before);
                self.sends.insert_mut((at(row.place), row.recipient), row);
                Ok(())
            }
            WriteOp::InsertSecret(row) => {
                let key = (at(row.place), row.key.clone());
                if self.secrets.contains_key(&key) {
                    return Ok(Err(Taken));
                }
                self.count(row.place, |customer| customer.secrets += 1);
                self.secrets.insert_mut(key, row);
                Ok(())
            }
            WriteOp::UpdateSecret(row) => {
                let key = (at(row.place), row.key.clone());
                self.secrets.get(&key).ok_or(gone)?;
                self.secrets.insert_mut(key, row);
                Ok(())
            }
            WriteOp::DeleteSecret(place, id) => {
                let old = self.secrets_of(at(place)).find(|row| row.id == id).cloned().ok_or(gone)?;
                self.count(place, |customer| customer.secrets -= 1);
                self.remove_secret(&old);
                Ok(())
            }
            WriteOp::InsertSecretVersion(row) => {
                let key = (at(row.place), row.secret, row.version);
                if self.secret_versions.contains_key(&key) {
                    return Ok(Err(Taken));
                }
                self.secret_versions.insert_mut(key, row);
                Ok(())
            }
            WriteOp::UpdateSecretVersion(row) => {
                let key = (at(row.place), row.secret, row.version);
                *self.secret_versions.get_mut(&key).ok_or(gone)? = row;
                Ok(())
            }
            WriteOp::DeleteSecretVersions(place, secret, last) => {
                self.remove_versions(at(place), secret, last);
                Ok(())
            }
            WriteOp::InsertKey(row) => {
                let key = (at(row.place), row.generation);
                if self.keys.contains_key(&key) {
                    return Ok(Err(Taken));
                }
                self.keys.insert_mut(key, row);
                Ok(())
            }
            WriteOp::UpdateKey(row) => {
                let key = (at(row.place), row.generation);
                *self.keys.get_mut(&key).ok_or(gone)? = row;
                Ok(())
            }
            WriteOp::DeleteKey(place, generation) => {
                if self.keys.remove_mut(&(at(place), generation)) {
                    Ok(())
                } else {
                    return Err(gone);
                }
            }
            WriteOp::PutRootKey(row) => {
                self.root_keys.insert_mut(row.id, row);
                Ok(())
            }
            WriteOp::PutDeployment(row) => {
                let place = at(row.place);
                self.remove_deployment(place, &row.id);
                for secret in &row.secrets {
                    self.uses.insert_mut((place, secret.key.clone(), row.id.clone()), ());
                }
                self.deployments.insert_mut((place, row.id.clone()), row);
                Ok(())
            }
            WriteOp::DeleteDeployment(place, id) => {
                if self.remove_deployment(at(place), &id) {
                    Ok(())
                } else {
                    return Err(gone);
                }
            }
        })
    }

    fn holds(&self, check: &Check) -> bool {
        match check {
            Check::VendorKeyUnique { key, vendor } => self.vendor_keys.get(key).is_none_or(|owner| owner == vendor),
            Check::ExternalIdUnique { vendor, external_id, customer } => {
                self.external_ids.get(&(*vendor, external_id.clone())).is_none_or(|owner| owner == customer)
            }
            Check::EmailUnique { vendor, email_key, user } => {
                self.emails.get(&(*vendor, email_key.clone())).is_none_or(|owner| owner == user)
            }
            Check::ActiveAdministrator(place) => self.active_administrators(*place) > 0,
            Check::ChainHead(head) => self.heads.get(&at(head.place)) == Some(head),
            Check::RootKeys(expected) => {
                let alive = self.root_keys.values().filter(|row| row.state != RootKeyState::Retired);
                alive.map(|row| (row.id, row.state)).eq(expected.iter().copied())
            }
            Check::WrapsNothing(root) => self.wrapped_by(*root).next().is_none(),
        }
    }

    pub(super) fn active_administrators(&self, place: Place) -> u64 {
        let active = |row: &&MemberRow| row.role == Role::Administrator && row.state == MemberState::Active;
        self.members_of(at(place)).filter(active).count() as u64
    }

    fn put_customer(&mut self, row: CustomerRow) -> Result<(), Taken> {
        if let Some(external_id) = &row.external_id {
            let key = (row.vendor, external_id.clone());
            if self.external_ids.contains_key(&key) {
                return Err(Taken);
            }
            self.external_ids.insert_mut(key, row.id);
        }
        self.customer_names.insert_mut((row.vendor, row.name_folded.clone(), row.id), ());
        self.customers.insert_mut((row.vendor, row.id), row);
        Ok(())
    }

    fn unindex_customer(&mut self, row: &CustomerRow) {
        if let Some(external_id) = &row.external_id {
            self.external_ids.remove_mut(&(row.vendor, external_id.clone()));
        }
        self.customer_names.remove_mut(&(row.vendor, row.name_folded.clone(), row.id));
    }

    fn delete_customer(&mut self, vendor: VendorId, id: CustomerId) -> Option<()> {
        let row = self.customers.get(&(vendor, id))?.clone();
        let place = at(Place::Customer(vendor, id));
        self.unindex_customer(&row);
        self.customers.remove_mut(&(vendor, id));
        for member in self.members_of(place).cloned().collect::<Vec<_>>() {
            self.remove_member(&member);
        }
        for invitation in self.invitations_of(place).cloned().collect::<Vec<_>>() {
            self.tokens.remove_mut(&invitation.token_hash);
            self.remove_outbox(place, invitation.id);
            self.invitations.remove_mut(&(place, invitation.id));
        }
        for secret in self.secrets_of(place).cloned().collect::<Vec<_>>() {
            self.remove_secret(&secret);
        }
        for key in self.sends.keys().filter(|key| key.0 == place).copied().collect::<Vec<_>>() {
            self.sends.remove_mut(&key);
        }
        for key in self.keys.keys().filter(|key| key.0 == place).copied().collect::<Vec<_>>() {
            self.keys.remove_mut(&key);
        }
        for deployment in self.deployments_of(place, None).map(|row| row.id.clone()).collect::<Vec<_>>() {
            self.remove_deployment(place, &deployment);
        }
        let details = self.details.range((place, 0)..=(place, u64::MAX));
        for key in details.map(|(key, _)| *key).collect::<Vec<_>>() {
            self.details.remove_mut(&key);
        }
        Some(())
    }

    fn put_user(&mut self, row: UserRow) -> Result<(), Taken> {
        let key = (row.vendor, row.email_key.clone());
        if self.emails.contains_key(&key) {
            return Err(Taken);
        }
        self.emails.insert_mut(key, row.id);
        self.users.insert_mut((row.vendor, row.id), row);
        Ok(())
    }

    fn remove_member(&mut self, row: &MemberRow) {
        self.members.remove_mut(&(at(row.place), row.user));
        self.member_ids.remove_mut(&(at(row.place), row.id));
        self.memberships.remove_mut(&(row.place.vendor(), row.user, row.place.uuid()));
    }

    fn put_invitation(&mut self, row: InvitationRow) -> Result<(), Taken> {
        if self.tokens.contains_key(&row.token_hash) {
            return Err(Taken);
        }
        self.tokens.insert_mut(row.token_hash, (at(row.place), row.id));
        self.invitations.insert_mut((at(row.place), row.id), row);
        Ok(())
    }

    fn put_outbox(&mut self, row: OutboxRow) {
        let place = at(row.place);
        self.remove_outbox(place, row.invitation);
        if let Some(due) = &row.due {
            self.due.insert_mut((due.at, row.invitation), place);
        }
        self.outbox.insert_mut((place, row.invitation), row);
    }

    fn remove_outbox(&mut self, place: At, invitation: InvitationId) {
        if let Some(due) = self.outbox.get(&(place, invitation)).and_then(|row| row.due.as_ref()) {
            self.due.remove_mut(&(due.at, invitation));
        }
        self.outbox.remove_mut(&(place, invitation));
    }

    fn remove_secret(&mut self, row: &SecretRow) {
        let place = at(row.place);
        self.remove_versions(place, row.id, u64::MAX);
        self.secrets.remove_mut(&(place, row.key.clone()));
    }

    fn remove_versions(&mut self, place: At, secret: SecretId, last: u64) {
        let versions = self.secret_versions.range((place, secret, 0)..=(place, secret, last));
        for key in versions.map(|(key, _)| *key).collect::<Vec<_>>() {
            self.secret_versions.remove_mut(&key);
        }
    }

    fn remove_sends(&mut self, vendor: VendorId, before: Timestamp) {
        let old = self.sends.iter().filter(|(key, row)| key.0.0 == vendor && row.latest < before);
        for key in old.map(|(key, _)| *key).collect::<Vec<_>>() {
            self.sends.remove_mut(&key);
        }
    }

    /// Whether there was such a deployment.
    fn remove_deployment(&mut self, place: At, id: &str) -> bool {
        let Some(old) = self.deployments.get(&(place, id.to_owned())).cloned() else { return false };
        for secret in old.secrets {
            self.uses.remove_mut(&(place, secret.key, old.id.clone()));
        }
        self.deployments.remove_mut(&(place, old.id))
    }

    /// Changes the counts of a customer; the vendor itself keeps none.
    fn count(&mut self, place: Place, change: impl FnOnce(&mut CustomerRow)) {
        if let Place::Customer(vendor, id) = place
            && let Some(row) = self.customers.get_mut(&(vendor, id))
        {
            change(row);
        }
    }

    fn append(&mut self, commit: crate::ids::CommitId, ordinal: u32, entry: AuditEntry) -> EntryPosition {
        let AuditEntry { place, time, actor, action, target, digest, detail } = entry;
        let (number, previous) = self.heads.get(&at(place)).map_or((1, [0; 32]), |head| (head.number + 1, head.hash));
        let vendor = place.vendor();
        let position = self.last_position(vendor) + 1;
        let hash = audit::link(&previous, number, position, &digest);
        self.heads.insert_mut(at(place), ChainHead { place, number, hash });
        self.chain.insert_mut((at(place), number), position);
        let detail_digest = detail.as_ref().map(|detail| detail.digest);
        if let Some(detail) = detail {
            let row = DetailRow { place, number, salt: detail.salt, subject: detail.subject, body: detail.body };
            self.details.insert_mut((at(place), number), row);
        }
        let action = action.to_owned();
        let row =
            AuditRow { place, number, position, commit, ordinal, time, actor, action, target, detail_digest, hash };
        self.log.insert_mut((vendor, position), row);
        EntryPosition { place, number, position }
    }

    fn last_position(&self, vendor: VendorId) -> u64 {
        let mut entries = self.log.range((vendor, 0)..=(vendor, u64::MAX));
        entries.next_back().map_or(0, |((_, position), _)| *position)
    }

    /// Who a member id is.
    pub(super) fn user_of(&self, place: Place, id: crate::ids::MemberId) -> Option<UserId> {
        self.member_ids.get(&(at(place), id)).copied()
    }
}
