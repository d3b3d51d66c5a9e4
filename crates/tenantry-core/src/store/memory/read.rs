//! The reads of the memory store.

use std::ops::Bound;

use async_trait::async_trait;
use uuid::Uuid;

use super::{At, MemoryStore, Tables, at};
use crate::call::Caller;
use crate::catalog::Role;
use crate::clock::Timestamp;
use crate::ids::{CustomerId, InvitationId, MemberId, SecretId, UserId, VendorId};
use crate::store::{
    AuditFilter, AuditRead, AuditRow, ChainHead, CustomerQuery, CustomerRead, CustomerRow, CustomerStatus,
    DeploymentRead, DeploymentRow, DetailRow, InvitationRead, InvitationRow, InvitationState, KeyRead, KeyRow,
    MemberRead, MemberRow, OutboxRead, OutboxRow, Place, RootKeyRow, SecretRead, SecretRow, SecretVersionRow, SendsRow,
    Standing, StandingMember, StoreError, UseRow, UserRead, UserRow, VendorRead, VendorRow,
};
use crate::vault::sealed_with;

type Read<T> = Result<T, StoreError>;

const LAST: Uuid = Uuid::max();

fn after<T>(key: Option<T>, first: T) -> Bound<T> {
    key.map_or(Bound::Included(first), Bound::Excluded)
}

/// Whether an envelope names this key.
fn names_key(envelope: Option<&[u8]>, key: [u8; 16]) -> bool {
    envelope.is_some_and(|envelope| sealed_with(envelope).is_ok_and(|id| id == key))
}

impl Tables {
    pub(super) fn members_of(&self, place: At) -> impl Iterator<Item = &MemberRow> {
        let all = (place, UserId::from_uuid(Uuid::nil()))..=(place, UserId::from_uuid(LAST));
        self.members.range(all).map(|(_, row)| row)
    }

    pub(super) fn invitations_of(&self, place: At) -> impl Iterator<Item = &InvitationRow> {
        let all = (place, InvitationId::from_uuid(Uuid::nil()))..=(place, InvitationId::from_uuid(LAST));
        self.invitations.range(all).map(|(_, row)| row)
    }

    pub(super) fn secrets_of(&self, place: At) -> impl Iterator<Item = &SecretRow> {
        let from = (place, String::new());
        self.secrets.range(from..).take_while(move |(key, _)| key.0 == place).map(|(_, row)| row)
    }

    pub(super) fn sealed_by(&self, place: At, key: [u8; 16]) -> impl Iterator<Item = &SecretVersionRow> {
        let first = (place, SecretId::from_uuid(Uuid::nil()), 0);
        let versions = self.secret_versions.range(first..=(place, SecretId::from_uuid(LAST), u64::MAX));
        versions.map(|(_, row)| row).filter(move |row| names_key(row.sealed.as_deref(), key))
    }

    pub(super) fn outbox_of(&self, place: At) -> impl Iterator<Item = &OutboxRow> {
        let all = (place, InvitationId::from_uuid(Uuid::nil()))..=(place, InvitationId::from_uuid(LAST));
        self.outbox.range(all).map(|(_, row)| row)
    }

    pub(super) fn outbox_sealed_by(&self, place: At, key: [u8; 16]) -> impl Iterator<Item = &OutboxRow> {
        self.outbox_of(place).filter(move |row| names_key(row.due.as_ref().map(|due| due.sealed.as_slice()), key))
    }

    pub(super) fn wrapped_by(&self, root: [u8; 16]) -> impl Iterator<Item = &KeyRow> {
        self.keys.values().filter(move |row| names_key(Some(&row.wrapped), root))
    }

    pub(super) fn deployments_of(&self, place: At, last: Option<&str>) -> impl Iterator<Item = &DeploymentRow> {
        let from = after(last.map(|last| (place, last.to_owned())), (place, String::new()));
        let rows = self.deployments.range((from, Bound::Unbounded));
        rows.take_while(move |(key, _)| key.0 == place).map(|(_, row)| row)
    }

    /// The deployments that use a secret, and the version that they run with.
    pub(super) fn uses_of(&self, place: At, key: &str, last: Option<&str>) -> impl Iterator<Item = UseRow> {
        let from = after(last.map(|last| last.to_owned()), String::new()).map(|id| (place, key.to_owned(), id));
        let uses = self.uses.range((from, Bound::Unbounded)).map(|(at, ())| at);
        uses.take_while(move |at| at.0 == place && at.1 == key).filter_map(|(place, key, id)| {
            let row = self.deployments.get(&(*place, id.clone()))?;
            let running = row.secrets.iter().find(|secret| secret.key == *key)?.running;
            Some(UseRow { deployment: row.id.clone(), name: row.name.clone(), running })
        })
    }

    pub(super) fn details_of(&self, vendor: VendorId) -> impl Iterator<Item = (&(At, u64), &DetailRow)> {
        self.details.range(((vendor, Uuid::nil()), 0)..=((vendor, LAST), u64::MAX))
    }

    fn matches(&self, row: &CustomerRow, query: &CustomerQuery) -> bool {
        query.status.is_none_or(|status| status == row.status)
            && query.features.iter().all(|feature| row.features.contains(feature))
            && (row.name_folded.contains(&query.needle)
                || row.external_id_folded.as_ref().is_some_and(|id| id.contains(&query.needle))
                || self.members_of(at(Place::Customer(row.vendor, row.id))).any(|member| {
                    self.users
                        .get(&(row.vendor, member.user))
                        .is_some_and(|user| user.email_folded.contains(&query.needle))
                }))
    }

    fn with_detail(&self, row: &AuditRow) -> (AuditRow, Option<DetailRow>) {
        (row.clone(), self.details.get(&(at(row.place), row.number)).cloned())
    }
}

#[async_trait]
impl VendorRead for MemoryStore {
    async fn vendor(&self, id: VendorId) -> Read<Option<VendorRow>> {
        Ok(self.tables()?.vendors.get(&id).cloned())
    }

    async fn vendor_by_key(&self, key: &str) -> Read<Option<VendorRow>> {
        let tables = self.tables()?;
        Ok(tables.vendor_keys.get(key).and_then(|id| tables.vendors.get(id)).cloned())
    }

    async fn vendors(&self, after: Option<&str>, limit: usize) -> Read<Vec<VendorRow>> {
        let tables = self.tables()?;
        let keys = tables.vendor_keys.iter().filter(|(key, _)| after.is_none_or(|after| key.as_str() > after));
        Ok(keys.filter_map(|(_, id)| tables.vendors.get(id)).take(limit).cloned().collect())
    }

    async fn standing(&self, user: Option<UserId>, home: Place, place: Place) -> Read<Option<Standing>> {
        let tables = self.tables()?;
        let (counter, status, features) = match place {
            Place::Vendor(id) => match tables.vendors.get(&id) {
                Some(row) => (row.counter, CustomerStatus::Active, None),
                None => return Ok(None),
            },
            Place::Customer(vendor, id) => match tables.customers.get(&(vendor, id)) {
                Some(row) => (row.counter, row.status, Some(row.features.clone())),
                None => return Ok(None),
            },
        };
        let member = user.and_then(|user| tables.members.get(&(at(home), user)));
        let member =
            member.map(|row| StandingMember { id: row.id, role: row.role, state: row.state, counter: row.counter });
        Ok(Some(Standing { counter, status, features, member }))
    }
}

#[async_trait]
impl CustomerRead for MemoryStore {
    async fn customer(&self, vendor: VendorId, id: CustomerId) -> Read<Option<CustomerRow>> {
        Ok(self.tables()?.customers.get(&(vendor, id)).cloned())
    }

    async fn customer_by_external_id(&self, vendor: VendorId, external_id: &str) -> Read<Option<CustomerRow>> {
        let tables = self.tables()?;
        let id = tables.external_ids.get(&(vendor, external_id.to_owned()));
        Ok(id.and_then(|id| tables.customers.get(&(vendor, *id))).cloned())
    }

    async fn customers(&self, vendor: VendorId, query: &CustomerQuery, _: Caller) -> Read<Vec<CustomerRow>> {
        let tables = self.tables()?;
        let first = (vendor, String::new(), CustomerId::from_uuid(Uuid::nil()));
        let from = after(query.after.clone().map(|(name, id)| (vendor, name, id)), first);
        let names = tables.customer_names.range((from, Bound::Unbounded));
        let rows = names
            .take_while(|(key, ())| key.0 == vendor)
            .filter_map(|(key, ())| tables.customers.get(&(vendor, key.2)))
            .filter(|row| tables.matches(row, query));
        Ok(rows.take(query.limit).cloned().collect())
    }
}

#[async_trait]
impl UserRead for MemoryStore {
    async fn user(&self, vendor: VendorId, id: UserId) -> Read<Option<UserRow>> {
        Ok(self.tables()?.users.get(&(vendor, id)).cloned())
    }

    async fn user_by_email(&self, vendor: VendorId, email_key: &str) -> Read<Option<UserRow>> {
        let tables = self.tables()?;
        let id = tables.emails.get(&(vendor, email_key.to_owned()));
        Ok(id.and_then(|id| tables.users.get(&(vendor, *id))).cloned())
    }

    async fn memberships(&self, vendor: VendorId, user: UserId) -> Read<Vec<MemberRow>> {
        let tables = self.tables()?;
        let places = tables.memberships.range((vendor, user, Uuid::nil())..=(vendor, user, LAST));
        let rows = places.filter_map(|((_, _, place), ())| tables.members.get(&((vendor, *place), user)));
        Ok(rows.cloned().collect())
    }

    async fn users(&self, vendor: VendorId, last: Option<UserId>, limit: usize, _: Caller) -> Read<Vec<UserRow>> {
        let tables = self.tables()?;
        let from = after(last.map(|id| (vendor, id)), (vendor, UserId::from_uuid(Uuid::nil())));
        let rows = tables.users.range((from, Bound::Included((vendor, UserId::from_uuid(LAST)))));
        Ok(rows.take(limit).map(|(_, row)| row.clone()).collect())
    }
}

#[async_trait]
impl MemberRead for MemoryStore {
    async fn member(&self, place: Place, id: MemberId) -> Read<Option<MemberRow>> {
        let tables = self.tables()?;
        Ok(tables.user_of(place, id).and_then(|user| tables.members.get(&(at(place), user))).cloned())
    }

    async fn member_of_user(&self, place: Place, user: UserId) -> Read<Option<MemberRow>> {
        Ok(self.tables()?.members.get(&(at(place), user)).cloned())
    }

    async fn members(
        &self,
        place: Place,
        last: Option<MemberId>,
        limit: usize,
        _: Caller,
    ) -> Read<Vec<(MemberRow, UserRow)>> {
        let tables = self.tables()?;
        let from = after(last.map(|id| (at(place), id)), (at(place), MemberId::from_uuid(Uuid::nil())));
        let ids = tables.member_ids.range((from, Bound::Included((at(place), MemberId::from_uuid(LAST)))));
        let with_user = |(_, user): (&(At, MemberId), &UserId)| {
            let member = tables.members.get(&(at(place), *user))?;
            Some((member.clone(), tables.users.get(&(place.vendor(), *user))?.clone()))
        };
        Ok(ids.filter_map(with_user).take(limit).collect())
    }

    async fn active_administrators(&self, place: Place) -> Read<u64> {
        Ok(self.tables()?.active_administrators(place))
    }
}

#[async_trait]
impl InvitationRead for MemoryStore {
    async fn invitation(&self, place: Place, id: InvitationId) -> Read<Option<InvitationRow>> {
        Ok(self.tables()?.invitations.get(&(at(place), id)).cloned())
    }

    async fn invitation_by_token(&self, token_hash: &[u8; 32]) -> Read<Option<InvitationRow>> {
        let tables = self.tables()?;
        Ok(tables.tokens.get(token_hash).and_then(|key| tables.invitations.get(key)).cloned())
    }

    async fn latest_invitation(&self, place: Place, member: MemberId) -> Read<Option<InvitationRow>> {
        let tables = self.tables()?;
        let theirs = tables.invitations_of(at(place)).filter(|row| row.member == member);
        Ok(theirs.max_by_key(|row| (row.state == InvitationState::Pending, row.id)).cloned())
    }

    async fn pending_administrators(&self, place: Place) -> Read<Vec<InvitationRow>> {
        let tables = self.tables()?;
        let pending = |row: &&InvitationRow| row.role == Role::Administrator && row.state == InvitationState::Pending;
        Ok(tables.invitations_of(at(place)).filter(pending).cloned().collect())
    }

    async fn invitations(
        &self,
        place: Place,
        last: Option<InvitationId>,
        limit: usize,
        _: Caller,
    ) -> Read<Vec<InvitationRow>> {
        let tables = self.tables()?;
        let rows = tables.invitations_of(at(place)).filter(|row| last.is_none_or(|last| row.id > last));
        Ok(rows.take(limit).cloned().collect())
    }

    async fn sends(&self, place: Place, recipient: &[u8; 32]) -> Read<Option<SendsRow>> {
        Ok(self.tables()?.sends.get(&(at(place), *recipient)).cloned())
    }
}

#[async_trait]
impl OutboxRead for MemoryStore {
    async fn outbox_row(&self, place: Place, invitation: InvitationId) -> Read<Option<OutboxRow>> {
        Ok(self.tables()?.outbox.get(&(at(place), invitation)).cloned())
    }

    async fn outbox(&self, place: Place, last: Option<InvitationId>, limit: usize, _: Caller) -> Read<Vec<OutboxRow>> {
        let tables = self.tables()?;
        let rows = tables.outbox_of(at(place)).filter(|row| last.is_none_or(|last| row.invitation > last));
        Ok(rows.take(limit).cloned().collect())
    }

    async fn outbox_due(
        &self,
        until: Timestamp,
        last: Option<(Timestamp, InvitationId)>,
        limit: usize,
        _: Caller,
    ) -> Read<Vec<OutboxRow>> {
        let tables = self.tables()?;
        let from = after(last, (Timestamp::from_micros(i64::MIN), InvitationId::from_uuid(Uuid::nil())));
        let due = tables.due.range((from, Bound::Unbounded)).take_while(|((at, _), _)| *at <= until);
        let rows = due.filter_map(|((_, invitation), place)| tables.outbox.get(&(*place, *invitation)));
        Ok(rows.take(limit).cloned().collect())
    }

    async fn outbox_sealed_by(&self, place: Place, key: [u8; 16], limit: usize, _: Caller) -> Read<Vec<OutboxRow>> {
        Ok(self.tables()?.outbox_sealed_by(at(place), key).take(limit).cloned().collect())
    }
}

#[async_trait]
impl SecretRead for MemoryStore {
    async fn secret(&self, place: Place, key: &str) -> Read<Option<SecretRow>> {
        Ok(self.tables()?.secrets.get(&(at(place), key.to_owned())).cloned())
    }

    async fn secrets(&self, place: Place, last: Option<&str>, limit: usize, _: Caller) -> Read<Vec<SecretRow>> {
        let tables = self.tables()?;
        let rows = tables.secrets_of(at(place)).filter(|row| last.is_none_or(|last| row.key.as_str() > last));
        Ok(rows.take(limit).cloned().collect())
    }

    async fn secret_by_id(&self, place: Place, id: SecretId) -> Read<Option<SecretRow>> {
        Ok(self.tables()?.secrets_of(at(place)).find(|row| row.id == id).cloned())
    }

    async fn secret_version(&self, place: Place, secret: SecretId, version: u64) -> Read<Option<SecretVersionRow>> {
        Ok(self.tables()?.secret_versions.get(&(at(place), secret, version)).cloned())
    }

    async fn secret_versions(
        &self,
        place: Place,
        secret: SecretId,
        before: Option<u64>,
        limit: usize,
        _: Caller,
    ) -> Read<Vec<SecretVersionRow>> {
        let tables = self.tables()?;
        let last = before.map_or(u64::MAX, |before| before.saturating_sub(1));
        let rows = tables.secret_versions.range((at(place), secret, 0)..=(at(place), secret, last));
        Ok(rows.rev().take(limit).map(|(_, row)| row.clone()).collect())
    }

    async fn sealed_by(&self, place: Place, key: [u8; 16], limit: usize, _: Caller) -> Read<Vec<SecretVersionRow>> {
        Ok(self.tables()?.sealed_by(at(place), key).take(limit).cloned().collect())
    }

    async fn count_sealed_by(&self, place: Place, key: [u8; 16], _: Caller) -> Read<u64> {
        let tables = self.tables()?;
        let (versions, tokens) = (tables.sealed_by(at(place), key), tables.outbox_sealed_by(at(place), key));
        Ok((versions.count() + tokens.count()) as u64)
    }
}

#[async_trait]
impl KeyRead for MemoryStore {
    async fn place_keys(&self, place: Place) -> Read<Vec<KeyRow>> {
        let tables = self.tables()?;
        let rows = tables.keys.range((at(place), 0)..=(at(place), u32::MAX));
        Ok(rows.map(|(_, row)| row.clone()).collect())
    }

    async fn root_keys(&self) -> Read<Vec<RootKeyRow>> {
        Ok(self.tables()?.root_keys.values().cloned().collect())
    }

    async fn wrapped_by(&self, vendor: VendorId, root: [u8; 16], limit: usize, _: Caller) -> Read<Vec<KeyRow>> {
        let tables = self.tables()?;
        let rows = tables.wrapped_by(root).filter(|row| row.place.vendor() == vendor);
        Ok(rows.take(limit).cloned().collect())
    }

    async fn count_wrapped_by(&self, root: [u8; 16], _: Caller) -> Read<u64> {
        Ok(self.tables()?.wrapped_by(root).count() as u64)
    }
}

#[async_trait]
impl DeploymentRead for MemoryStore {
    async fn deployment(&self, place: Place, id: &str) -> Read<Option<DeploymentRow>> {
        Ok(self.tables()?.deployments.get(&(at(place), id.to_owned())).cloned())
    }

    async fn deployments(&self, place: Place, last: Option<&str>, limit: usize, _: Caller) -> Read<Vec<DeploymentRow>> {
        Ok(self.tables()?.deployments_of(at(place), last).take(limit).cloned().collect())
    }

    async fn uses(&self, place: Place, key: &str, last: Option<&str>, limit: usize, _: Caller) -> Read<Vec<UseRow>> {
        Ok(self.tables()?.uses_of(at(place), key, last).take(limit).collect())
    }
}

#[async_trait]
impl AuditRead for MemoryStore {
    async fn chain(
        &self,
        place: Place,
        last: u64,
        limit: usize,
        _: Caller,
    ) -> Read<Vec<(AuditRow, Option<DetailRow>)>> {
        let tables = self.tables()?;
        let positions = tables.chain.range((at(place), last.saturating_add(1))..=(at(place), u64::MAX));
        let rows = positions.filter_map(|(_, position)| tables.log.get(&(place.vendor(), *position)));
        Ok(rows.take(limit).map(|row| tables.with_detail(row)).collect())
    }

    async fn log(
        &self,
        vendor: VendorId,
        last: u64,
        filter: &AuditFilter,
        limit: usize,
        _: Caller,
    ) -> Read<Vec<(AuditRow, Option<DetailRow>)>> {
        let tables = self.tables()?;
        let passes = |row: &&AuditRow| {
            filter.place.is_none_or(|place| place == row.place)
                && filter.actor.as_ref().is_none_or(|actor| *actor == row.actor)
                && filter.action.as_ref().is_none_or(|action| *action == row.action)
        };
        let rows: Vec<_> = if filter.newest_first {
            let rows = tables.log.range((vendor, 0)..(vendor, last)).rev();
            rows.map(|(_, row)| row).filter(passes).take(limit).collect()
        } else {
            let rows = tables.log.range((vendor, last.saturating_add(1))..=(vendor, u64::MAX));
            rows.map(|(_, row)| row).filter(passes).take(limit).collect()
        };
        Ok(rows.into_iter().map(|row| tables.with_detail(row)).collect())
    }

    async fn head(&self, place: Place) -> Read<Option<ChainHead>> {
        Ok(self.tables()?.heads.get(&at(place)).copied())
    }

    async fn heads(&self, vendor: VendorId, last: Option<Uuid>, limit: usize, _: Caller) -> Read<Vec<ChainHead>> {
        let tables = self.tables()?;
        let from = after(last.map(|place| (vendor, place)), (vendor, Uuid::nil()));
        let rows = tables.heads.range((from, Bound::Included((vendor, LAST))));
        Ok(rows.take(limit).map(|(_, head)| *head).collect())
    }

    async fn detail_targets(&self, vendor: VendorId, subject: &str) -> Read<Vec<(Place, String)>> {
        let tables = self.tables()?;
        let theirs = tables.details_of(vendor).filter(|(_, detail)| detail.subject == subject);
        let entries = theirs
            .filter_map(|(key, _)| tables.chain.get(key).and_then(|position| tables.log.get(&(vendor, *position))));
        let targets: std::collections::BTreeSet<_> = entries.map(|row| (row.place, row.target.clone())).collect();
        Ok(targets.into_iter().collect())
    }
}
