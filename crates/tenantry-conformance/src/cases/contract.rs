//! The storage contract itself: guards, checks, receipts, all or nothing.

use std::cmp::Reverse;

use tenantry_core::Caller;
use tenantry_core::clock::Timestamp;
use tenantry_core::ids::{CommitId, CustomerId, MemberId, UserId, VendorId};
use tenantry_core::store::{
    AuditFilter, Check, Commit, CustomerQuery, CustomerRow, CustomerStatus, Guard, GuardKey, GuardMode, Place, Store,
    StoreError, StoredFeatures, WriteOp,
};
use tenantry_core::testing::{audit_entry, ready};
use uuid::Uuid;

use super::cases;
use crate::check::{Tried, World, ensure, ensure_eq};
use crate::{Failure, Opened};

cases![
    a_commit_sent_again_answers_the_first_receipt_and_is_applied_once,
    a_bump_raises_a_counter_by_one_and_a_hold_leaves_it,
    a_guard_that_moved_or_is_missing_is_a_conflict_and_nothing_is_applied,
    a_check_that_fails_answers_its_index_and_nothing_is_applied,
    a_taken_key_answers_the_check_that_names_it,
    a_commit_that_breaks_the_contract_is_refused,
    the_log_is_numbered_without_gaps_in_the_order_of_commits,
    lists_are_in_the_order_of_their_keys_and_small_pages_are_the_big_one,
];

/// A store below the core, with a customer of a vendor in it.
pub(super) struct Bench {
    pub(super) store: std::sync::Arc<dyn Store>,
    pub(super) vendor: VendorId,
    pub(super) user: UserId,
    pub(super) customer: CustomerId,
    next: std::cell::Cell<u128>,
}

impl Bench {
    pub(super) fn new(opened: &dyn Opened) -> Result<Self, Failure> {
        let world = World::new(opened)?;
        let tenantry_core::Actor::User(user) = *world.boss().actor() else { return Err("no user".into()) };
        let customer = world.acme.customer.place().customer().ok_or("no customer")?;
        let next = std::cell::Cell::new(1);
        Ok(Self { store: opened.store()?, vendor: world.boss().vendor_id(), user, customer, next })
    }

    pub(super) fn uuid(&self) -> Uuid {
        self.next.set(self.next.get() + 1);
        Uuid::from_u128(self.next.get())
    }

    pub(super) fn place(&self) -> Place {
        Place::Customer(self.vendor, self.customer)
    }

    pub(super) fn row(&self) -> Result<CustomerRow, Failure> {
        Ok(ready(self.store.customer(self.vendor, self.customer))?.ok_or("no customer")?)
    }

    pub(super) fn new_row(&self, external_id: &str) -> CustomerRow {
        let time = Timestamp::from_micros(1);
        CustomerRow {
            vendor: self.vendor,
            id: CustomerId::from_uuid(self.uuid()),
            name: "New".to_owned(),
            name_folded: "new".to_owned(),
            external_id: Some(external_id.to_owned()),
            external_id_folded: Some(external_id.to_owned()),
            status: CustomerStatus::Active,
            features: StoredFeatures::from_names([]),
            claimed: false,
            members: 9,
            secrets: 9,
            revision: 1,
            created_at: time,
            updated_at: time,
            counter: 9,
        }
    }

    /// A commit that renames the customer, guarded.
    fn rename(&self, name: &str, mode: GuardMode) -> Result<Commit, Failure> {
        let row = self.row()?;
        let guard = Guard { key: GuardKey::Place(self.place()), counter: row.counter, mode };
        let row = CustomerRow { name: name.to_owned(), name_folded: name.to_owned(), ..row };
        Ok(self.commit(vec![guard], vec![WriteOp::UpdateCustomer(row)]))
    }

    pub(super) fn commit(&self, guards: Vec<Guard>, ops: Vec<WriteOp>) -> Commit {
        let id = CommitId::from_uuid(self.uuid());
        let audit = vec![audit_entry(id, 0, self.place(), "test.done")];
        Commit { id, guards, ops, checks: Vec::new(), audit }
    }

    /// A guard on the staff member's membership.
    pub(super) fn membership(&self, mode: GuardMode) -> Result<Guard, Failure> {
        let home = Place::Vendor(self.vendor);
        let member = ready(self.store.member_of_user(home, self.user))?.ok_or("no member")?;
        Ok(Guard { key: GuardKey::Member(home, member.id), counter: member.counter, mode })
    }

    /// A commit that creates customers.
    fn create(&self, rows: &[CustomerRow]) -> Result<Commit, Failure> {
        let ops = rows.iter().cloned().map(WriteOp::InsertCustomer).collect();
        let mut commit = self.commit(vec![self.membership(GuardMode::Hold)?], ops);
        let places = rows.iter().map(|row| Place::Customer(row.vendor, row.id));
        commit.audit =
            (0..).zip(places).map(|(ordinal, place)| audit_entry(commit.id, ordinal, place, "made")).collect();
        Ok(commit)
    }

    pub(super) fn send(&self, commit: &Commit) -> Result<tenantry_core::store::Receipt, StoreError> {
        ready(self.store.commit(commit.clone(), Caller::Blocking))
    }
}

fn a_commit_sent_again_answers_the_first_receipt_and_is_applied_once(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    let commit = bench.rename("once", GuardMode::Bump)?;
    let receipt = bench.send(&commit)?;
    let after = bench.row()?;
    ensure_eq!(bench.send(&commit)?, receipt);
    let other_handle = opened.store()?;
    ensure_eq!(ready(other_handle.commit(commit, Caller::Blocking))?, receipt);
    ensure_eq!(bench.row()?, after);
    Ok(())
}

fn a_bump_raises_a_counter_by_one_and_a_hold_leaves_it(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    let before = bench.row()?;
    bench.send(&bench.rename("bumped", GuardMode::Bump)?)?;
    let after = bench.row()?;
    ensure_eq!((after.counter, after.name.as_str()), (before.counter + 1, "bumped"));
    // Counts and counter are the store's: what the row of an update says of them does not count.
    ensure_eq!((after.members, after.secrets), (before.members, before.secrets));
    let new = bench.new_row("new");
    bench.send(&bench.create(std::slice::from_ref(&new))?)?;
    let made = ready(bench.store.customer(bench.vendor, new.id))?.ok_or("not made")?;
    ensure_eq!((made.counter, made.members, made.secrets), (0, 0, 0));
    let place = Guard { key: GuardKey::Place(bench.place()), counter: after.counter, mode: GuardMode::Hold };
    bench.send(&bench.commit(vec![place], Vec::new()))?;
    ensure_eq!(bench.row()?.counter, after.counter);
    Ok(())
}

fn a_guard_that_moved_or_is_missing_is_a_conflict_and_nothing_is_applied(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    for mode in [GuardMode::Hold, GuardMode::Bump] {
        let late = bench.rename("late", GuardMode::Bump)?;
        bench.send(&bench.rename("first", GuardMode::Bump)?)?;
        let before = bench.row()?;
        ensure!(matches!(bench.send(&late), Err(StoreError::Conflict)));
        let nobody = UserId::from_uuid(bench.uuid());
        for key in [
            GuardKey::User(bench.vendor, nobody),
            GuardKey::Member(bench.place(), MemberId::from_uuid(*nobody.as_uuid())),
            GuardKey::Place(Place::Vendor(VendorId::from_uuid(bench.uuid()))),
            GuardKey::Place(Place::Customer(bench.vendor, CustomerId::from_uuid(bench.uuid()))),
        ] {
            let mut commit = bench.rename("never", GuardMode::Bump)?;
            commit.guards.push(Guard { key, counter: 0, mode });
            commit.guards.sort();
            ensure!(matches!(bench.send(&commit), Err(StoreError::Conflict)));
        }
        ensure_eq!(bench.row()?, before);
    }
    Ok(())
}

fn a_check_that_fails_answers_its_index_and_nothing_is_applied(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    let before = bench.row()?;
    let empty = bench.new_row("empty");
    bench.send(&bench.create(std::slice::from_ref(&empty))?)?;
    let mut commit = bench.rename("never", GuardMode::Bump)?;
    let place = Place::Customer(bench.vendor, empty.id);
    commit.guards.push(Guard { key: GuardKey::Place(place), counter: 0, mode: GuardMode::Bump });
    commit.guards.sort();
    let head = ready(bench.store.head(place))?.ok_or("no head")?;
    commit.checks = vec![
        Check::ActiveAdministrator(bench.place()),
        Check::ChainHead(head),
        Check::ActiveAdministrator(place),
        Check::RootKeys(Vec::new()),
    ];
    ensure!(matches!(bench.send(&commit), Err(StoreError::CheckFailed(2))));
    commit.checks = vec![Check::ChainHead(tenantry_core::ChainHead { number: head.number + 1, ..head })];
    ensure!(matches!(bench.send(&commit), Err(StoreError::CheckFailed(0))));
    ensure_eq!(bench.row()?, before);
    Ok(())
}

fn a_taken_key_answers_the_check_that_names_it(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    let unique = |row: &CustomerRow| Check::ExternalIdUnique {
        vendor: row.vendor,
        external_id: row.external_id.clone().unwrap_or_default(),
        customer: row.id,
    };
    bench.send(&bench.create(&[bench.new_row("taken")])?)?;
    let rows = [bench.new_row("free"), bench.new_row("taken"), bench.new_row("also free")];
    let mut commit = bench.create(&rows)?;
    commit.checks = rows.iter().map(unique).collect();
    ensure!(matches!(bench.send(&commit), Err(StoreError::CheckFailed(1))));
    ensure!(ready(bench.store.customer_by_external_id(bench.vendor, "free"))?.is_none());
    // Two in one commit: the second finds the first.
    let rows = [bench.new_row("twice"), bench.new_row("twice")];
    let mut commit = bench.create(&rows)?;
    commit.checks = rows.iter().map(unique).collect();
    ensure!(matches!(bench.send(&commit), Err(StoreError::CheckFailed(1))));
    Ok(())
}

fn a_commit_that_breaks_the_contract_is_refused(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    let before = bench.row()?;
    let good = bench.rename("never", GuardMode::Bump)?;
    let held = bench.rename("never", GuardMode::Hold)?;
    let unguarded = Commit { guards: Vec::new(), ..good.clone() };
    let silent = Commit { audit: Vec::new(), ..good.clone() };
    let twice = Commit { guards: [good.guards.clone(), good.guards.clone()].concat(), ..good.clone() };
    let mut checked = bench.commit(vec![bench.membership(GuardMode::Hold)?], Vec::new());
    checked.checks.push(Check::ActiveAdministrator(bench.place()));
    // Nothing is added to the chain of a customer that may be deleted meanwhile.
    let unheld = bench.commit(vec![bench.membership(GuardMode::Hold)?], Vec::new());
    for commit in [held, unguarded, silent, twice, checked, unheld] {
        ensure!(matches!(bench.send(&commit), Err(StoreError::Malformed(_))));
    }
    let mut commit = good;
    commit.ops = vec![WriteOp::DeleteMember(bench.place(), UserId::from_uuid(bench.uuid()))];
    ensure!(matches!(bench.send(&commit), Err(StoreError::Malformed(_))));
    ensure_eq!(bench.row()?, before);
    Ok(())
}

fn the_log_is_numbered_without_gaps_in_the_order_of_commits(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    let mut positions = Vec::new();
    for round in 0..5 {
        let receipt = bench.send(&bench.rename(&format!("name {round}"), GuardMode::Bump)?)?;
        positions.extend(receipt.entries.iter().map(|entry| (entry.number, entry.position)));
        // A refused commit takes no number.
        let mut refused = bench.rename("never", GuardMode::Bump)?;
        refused.guards.iter_mut().for_each(|guard| guard.counter += 1);
        ensure!(bench.send(&refused).is_err());
    }
    for (before, after) in positions.iter().zip(positions.iter().skip(1)) {
        ensure_eq!(*after, (before.0 + 1, before.1 + 1));
    }
    Ok(())
}

/// A list in pages of every size, each beginning after the key of the row before.
fn in_pages<T, K>(list: impl Fn(Option<K>, usize) -> Result<Vec<T>, StoreError>, key: impl Fn(&T) -> K) -> Tried
where
    T: std::fmt::Debug + PartialEq,
    K: Ord,
{
    let all = list(None, 1_000)?;
    ensure!(all.len() >= 3);
    ensure!(all.windows(2).all(|pair| matches!(pair, [before, after] if key(before) < key(after))));
    for size in [1, 2, all.len(), all.len() + 1] {
        let mut rows = Vec::new();
        loop {
            let page = list(rows.last().map(&key), size)?;
            ensure!(page.len() <= size);
            if page.is_empty() {
                break;
            }
            rows.extend(page);
        }
        ensure_eq!(rows, all);
    }
    Ok(())
}

fn lists_are_in_the_order_of_their_keys_and_small_pages_are_the_big_one(opened: &dyn Opened) -> Tried {
    let world = World::new(opened)?;
    let (store, vendor, place) = (opened.store()?, world.boss().vendor_id(), world.acme.customer.place());
    // By code point: neither by letter case, nor by UTF-16, where the last one stands before the one before it.
    for name in ["b", "B", "a", "Z", "\u{e4}", "\u{fffd}", "\u{1F600}"] {
        world.customer(name)?;
    }
    for key in ["b", "B", "a", "Z", "a_1"] {
        world.acme.customer.secrets().set(key, "1").wait()?;
    }
    for key in ["z", "b-1", "b"] {
        world.app.bootstrap(key, key, "Ada", "ada@acme.test").wait()?;
    }
    let caller = Caller::Blocking;
    in_pages(|after: Option<String>, size| ready(store.vendors(after.as_deref(), size)), |row| row.key.clone())?;
    in_pages(|after, size| ready(store.users(vendor, after, size, caller)), |row| row.id)?;
    in_pages(|after, size| ready(store.members(place, after, size, caller)), |(row, _)| row.id)?;
    in_pages(|after, size| ready(store.invitations(place, after, size, caller)), |row| row.id)?;
    in_pages(
        |after: Option<String>, size| ready(store.secrets(place, after.as_deref(), size, caller)),
        |row| row.key.clone(),
    )?;
    in_pages(|after, size| ready(store.chain(place, after.unwrap_or(0), size, caller)), |(row, _)| row.number)?;
    in_pages(|after, size| ready(store.heads(vendor, after, size, caller)), |head| head.place.uuid())?;
    let everything = AuditFilter::default();
    in_pages(
        |after, size| ready(store.log(vendor, after.unwrap_or(0), &everything, size, caller)),
        |(row, _)| row.position,
    )?;
    let here = AuditFilter { place: Some(place), ..AuditFilter::default() };
    in_pages(|after, size| ready(store.log(vendor, after.unwrap_or(0), &here, size, caller)), |(row, _)| row.position)?;
    for forward in [everything, here] {
        let back = AuditFilter { newest_first: true, ..forward.clone() };
        in_pages(
            |after, size| ready(store.log(vendor, after.map_or(u64::MAX, |Reverse(at)| at), &back, size, caller)),
            |(row, _)| Reverse(row.position),
        )?;
        let mut rows = ready(store.log(vendor, u64::MAX, &back, 1_000, caller))?;
        rows.reverse();
        ensure_eq!(rows, ready(store.log(vendor, 0, &forward, 1_000, caller))?);
    }
    // A member's e-mail is searched, too.
    for number in 0..3 {
        let scope = world.customer(&format!("Found {number}"))?;
        scope.members().invite("N", &format!("n{number}@needle.test"), tenantry_core::Role::Viewer).wait()?;
    }
    for needle in ["", "@needle", "n"] {
        let query =
            |after, limit| CustomerQuery { needle: needle.to_owned(), after, limit, ..CustomerQuery::default() };
        in_pages(
            |after, size| ready(store.customers(vendor, &query(after, size), caller)),
            |row| (row.name_folded.clone(), row.id),
        )?;
    }
    Ok(())
}
