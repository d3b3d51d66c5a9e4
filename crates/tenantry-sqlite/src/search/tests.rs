//! The filter against the memory store, whose reading is the plainest: the same customers in the same order, whatever way
//! leads to them, and an index that says what the rows say.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rusqlite::Connection;
use tenantry_core::clock::Timestamp;
use tenantry_core::ids::{CommitId, CustomerId, MemberId, UserId, VendorId};
use tenantry_core::store::{
    Admission, Commit, CustomerQuery, CustomerRow, CustomerStatus, Guard, GuardKey, GuardMode, MemberRow, MemberState,
    MemoryStore, OpenStore, Place, Store, StoreError, StoredFeatures, UserRow, VendorRow, WriteOp,
};
use tenantry_core::testing::{audit_entry, ready};
use tenantry_core::{Caller, Role};
use uuid::Uuid;

use super::filter::{Effort, search};
use super::{Numbers, Orders, Touched, check, update};
use crate::apply::apply;
use crate::{Durability, Sqlite};

/// Efforts that lead every way also where there is little: straight to the order, by steps, and as usual.
const EFFORTS: [Effort; 4] = [
    Effort { few: 1, sample: 1, steps: 0 },
    Effort { few: 2, sample: 2, steps: 3 },
    Effort { few: 4, sample: 64, steps: 1 },
    Effort { few: 500, sample: 64, steps: 1_000 },
];

/// Characters that are special to FTS5, to SQL, to UTF-8 and to folding, few enough to meet often.
const CHARACTERS: &[char] = &[
    'a',
    'a',
    'a',
    'b',
    'b',
    'c',
    ' ',
    '-',
    '"',
    '\'',
    '*',
    '^',
    '%',
    '(',
    '\0',
    '\u{1}',
    'ß',
    'é',
    '\u{301}',
    'i',
    '\u{307}',
    'σ',
    'ς',
    '中',
    '😀',
    '\u{fffd}',
    '\u{fffe}',
    '\u{ffff}',
    '\u{10ffff}',
    'ﬁ',
];

fn text() -> impl Strategy<Value = String> {
    vec((0..CHARACTERS.len()).prop_map(|index| CHARACTERS[index]), 0..9).prop_map(String::from_iter)
}

/// What is done to customers, users and members; numbers pick among what there is.
#[derive(Clone, Debug)]
enum Do {
    Add { name: String, external_id: Option<String> },
    Change { customer: usize, name: String, external_id: Option<String>, archived: bool, features: u8 },
    Delete { customer: usize },
    AddUser { email: String },
    ChangeUser { user: usize, email: String },
    Join { customer: usize, user: usize },
    Leave { customer: usize, user: usize },
}

fn action() -> impl Strategy<Value = Do> {
    let external_id = || proptest::option::of(text());
    let index = || 0..12_usize;
    prop_oneof![
        6 => (text(), external_id()).prop_map(|(name, external_id)| Do::Add { name, external_id }),
        4 => (index(), text(), external_id(), any::<bool>(), 0..4_u8).prop_map(
            |(customer, name, external_id, archived, features)| {
                Do::Change { customer, name, external_id, archived, features }
            }
        ),
        1 => index().prop_map(|customer| Do::Delete { customer }),
        3 => text().prop_map(|email| Do::AddUser { email }),
        2 => (index(), text()).prop_map(|(user, email)| Do::ChangeUser { user, email }),
        6 => (index(), index()).prop_map(|(customer, user)| Do::Join { customer, user }),
        2 => (index(), index()).prop_map(|(customer, user)| Do::Leave { customer, user }),
    ]
}

/// What is asked: a needle, or where to cut one out of a text that there is.
#[derive(Clone, Debug)]
struct Ask {
    needle: Result<String, (usize, usize, usize)>,
    status: Option<CustomerStatus>,
    features: u8,
    limit: usize,
}

fn ask() -> impl Strategy<Value = Ask> {
    let needle = prop_oneof![
        1 => text().prop_map(Ok),
        3 => (0..40_usize, 0..6_usize, 1..6_usize).prop_map(Err),
    ];
    let status = prop_oneof![Just(None), Just(Some(CustomerStatus::Active)), Just(Some(CustomerStatus::Archived))];
    let features = prop_oneof![3 => Just(0_u8), 1 => 0..4_u8];
    (needle, status, features, 1..5_usize).prop_map(|(needle, status, features, limit)| Ask {
        needle,
        status,
        features,
        limit,
    })
}

fn features(bits: u8) -> Vec<String> {
    ["alerts", "deployments"]
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits >> bit & 1 == 1)
        .map(|(_, it)| (*it).into())
        .collect()
}

/// Both stores, and what was put into them.
struct Pair {
    sqlite: Arc<dyn Store>,
    memory: Arc<dyn Store>,
    vendor: VendorId,
    customers: Vec<CustomerId>,
    users: Vec<UserId>,
    texts: Vec<String>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

/// In the order in which they are made.
fn uuid() -> Uuid {
    Uuid::from_u128(u128::from(NEXT.fetch_add(1, Ordering::Relaxed)) << 64 | 7)
}

const NOW: Timestamp = Timestamp::from_micros(1);

impl Pair {
    fn new(sqlite: &Arc<dyn Store>, memory: &Arc<dyn Store>) -> Self {
        let (sqlite, memory, vendor) = (Arc::clone(sqlite), Arc::clone(memory), VendorId::from_uuid(uuid()));
        let pair = Self { sqlite, memory, vendor, customers: Vec::new(), users: Vec::new(), texts: Vec::new() };
        let row = VendorRow { id: vendor, key: vendor.to_string(), name: "V".into(), created_at: NOW, counter: 0 };
        pair.commit(vec![], vec![WriteOp::InsertVendor(row)]);
        pair
    }

    fn commit(&self, keys: Vec<(GuardKey, u64)>, ops: Vec<WriteOp>) {
        let id = CommitId::from_uuid(uuid());
        let mut guards: Vec<_> =
            keys.into_iter().map(|(key, counter)| Guard { key, counter, mode: GuardMode::Bump }).collect();
        guards.sort_by_key(|guard| guard.key);
        let audit = vec![audit_entry(id, 0, Place::Vendor(self.vendor), "customer.updated")];
        let commit = Commit { id, guards, ops, checks: vec![], audit };
        let (left, right) = (
            ready(self.sqlite.commit(commit.clone(), Caller::Blocking)),
            ready(self.memory.commit(commit, Caller::Blocking)),
        );
        assert_eq!(left.map_err(|error| error.to_string()), right.map_err(|error: StoreError| error.to_string()));
    }

    fn customer(&self, index: usize) -> Option<(Place, CustomerRow)> {
        let id = *self.customers.get(index)?;
        let row = ready(self.memory.customer(self.vendor, id)).unwrap().unwrap();
        Some((Place::Customer(self.vendor, id), row))
    }

    fn user(&self, index: usize) -> Option<UserRow> {
        ready(self.memory.user(self.vendor, *self.users.get(index)?)).unwrap()
    }

    fn vendor_guard(&self) -> (GuardKey, u64) {
        let row = ready(self.memory.vendor(self.vendor)).unwrap().unwrap();
        (GuardKey::Place(Place::Vendor(self.vendor)), row.counter)
    }

    fn act(&mut self, action: &Do) {
        match action.clone() {
            Do::Add { name, external_id } => {
                let id = CustomerId::from_uuid(uuid());
                let row = CustomerRow {
                    vendor: self.vendor,
                    id,
                    name: "x".into(),
                    name_folded: name,
                    external_id: external_id.as_ref().map(|_| id.to_string()),
                    external_id_folded: external_id,
                    status: CustomerStatus::Active,
                    features: StoredFeatures::from_names(std::iter::empty::<&str>()),
                    claimed: false,
                    members: 0,
                    secrets: 0,
                    revision: 1,
                    created_at: NOW,
                    updated_at: NOW,
                    counter: 0,
                };
                self.note([Some(row.name_folded.clone()), row.external_id_folded.clone()]);
                self.commit(vec![self.vendor_guard()], vec![WriteOp::InsertCustomer(row)]);
                self.customers.push(id);
            }
            Do::Change { customer, name, external_id, archived, features: on } => {
                let Some((place, mut row)) = self.customer(customer) else { return };
                row.name_folded = name;
                row.external_id = external_id.as_ref().map(|_| row.id.to_string());
                row.external_id_folded = external_id;
                row.status = if archived { CustomerStatus::Archived } else { CustomerStatus::Active };
                row.features = StoredFeatures::from_names(features(on).iter().map(String::as_str));
                self.note([Some(row.name_folded.clone()), row.external_id_folded.clone()]);
                self.commit(vec![(GuardKey::Place(place), row.counter)], vec![WriteOp::UpdateCustomer(row)]);
            }
            Do::Delete { customer } => {
                let Some((place, row)) = self.customer(customer) else { return };
                let delete = WriteOp::DeleteCustomer(self.vendor, row.id);
                self.commit(vec![(GuardKey::Place(place), row.counter)], vec![delete]);
                self.customers.remove(customer);
            }
            Do::AddUser { email } => {
                let id = UserId::from_uuid(uuid());
                let (text, key) = (email.clone(), id.to_string());
                let row = UserRow {
                    vendor: self.vendor,
                    id,
                    email: text.clone(),
                    email_key: key,
                    email_folded: text,
                    created_at: NOW,
                    counter: 0,
                };
                self.note([Some(email), None]);
                self.commit(vec![self.vendor_guard()], vec![WriteOp::InsertUser(row)]);
                self.users.push(id);
            }
            Do::ChangeUser { user, email } => {
                let Some(mut row) = self.user(user) else { return };
                row.email_folded.clone_from(&email);
                self.note([Some(email), None]);
                let guard = (GuardKey::User(self.vendor, row.id), row.counter);
                self.commit(vec![guard], vec![WriteOp::UpdateUser(row)]);
            }
            Do::Join { customer, user } => {
                let (Some((place, row)), Some(user)) = (self.customer(customer), self.user(user)) else { return };
                if ready(self.memory.member_of_user(place, user.id)).unwrap().is_some() {
                    return;
                }
                let member = MemberRow {
                    place,
                    user: user.id,
                    id: MemberId::from_uuid(uuid()),
                    name: "x".into(),
                    invited_email: None,
                    role: Role::Viewer,
                    state: MemberState::Invited,
                    revision: 1,
                    created_at: NOW,
                    updated_at: NOW,
                    counter: 0,
                };
                let guards =
                    vec![(GuardKey::Place(place), row.counter), (GuardKey::User(self.vendor, user.id), user.counter)];
                self.commit(guards, vec![WriteOp::InsertMember(member)]);
            }
            Do::Leave { customer, user } => {
                let (Some((place, row)), Some(user)) = (self.customer(customer), self.user(user)) else { return };
                if ready(self.memory.member_of_user(place, user.id)).unwrap().is_none() {
                    return;
                }
                let guards =
                    vec![(GuardKey::Place(place), row.counter), (GuardKey::User(self.vendor, user.id), user.counter)];
                self.commit(guards, vec![WriteOp::DeleteMember(place, user.id)]);
            }
        }
    }

    fn note(&mut self, texts: [Option<String>; 2]) {
        self.texts.extend(texts.into_iter().flatten());
    }

    fn needle(&self, ask: &Ask) -> String {
        match &ask.needle {
            Ok(needle) => needle.clone(),
            Err((text, skip, take)) => {
                let text = self.texts.get(text % self.texts.len().max(1)).cloned().unwrap_or_default();
                text.chars().skip(*skip).take(*take).collect()
            }
        }
    }

    /// Compares every page.
    fn compare(&self, connection: &Connection, orders: &[Orders], ask: &Ask) {
        let mut query = CustomerQuery {
            needle: self.needle(ask),
            features: features(ask.features),
            status: ask.status,
            after: None,
            limit: ask.limit,
        };
        loop {
            let expected = ready(self.memory.customers(self.vendor, &query, Caller::Blocking)).unwrap();
            for (effort, orders) in EFFORTS.into_iter().zip(orders) {
                let found = search(connection, orders, self.vendor, &query, effort).unwrap();
                assert_eq!(found, expected, "{effort:?} {query:?}");
            }
            let found = ready(self.sqlite.customers(self.vendor, &query, Caller::Blocking)).unwrap();
            assert_eq!(found, expected, "{query:?}");
            match expected.last() {
                Some(last) if expected.len() == ask.limit => {
                    query.after = Some((last.name_folded.clone(), last.id));
                }
                _ => break,
            }
        }
    }
}

fn open(store: impl OpenStore) -> Arc<dyn Store> {
    ready(Box::new(store).open(Admission::unconditional(), Caller::Blocking)).unwrap()
}

#[test]
fn c7_both_stores_answer_the_same_whatever_the_way_and_the_index_says_what_the_rows_say() {
    let cases = if std::env::var_os("TENANTRY_LONG").is_some() { 4_000 } else { 300 };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let sqlite = open(Sqlite::file(&path).durability(Durability::ProcessCrash));
    let memory = open(MemoryStore::new().unwrap());
    let connection = Connection::open(&path).unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let case = (vec(action(), 10..60), vec(ask(), 8));
    let answered = TestRunner::new(config).run(&case, |(actions, asks)| {
        let mut pair = Pair::new(&sqlite, &memory);
        let orders: Vec<Orders> = EFFORTS.iter().map(|_| Orders::new(1)).collect();
        for (index, action) in actions.iter().enumerate() {
            pair.act(action);
            // Orders that are remembered from earlier must still do.
            if index % 8 == 7 {
                asks.iter().for_each(|ask| pair.compare(&connection, &orders, ask));
            }
        }
        asks.iter().for_each(|ask| pair.compare(&connection, &orders, ask));
        Ok(())
    });
    if let Err(failure) = answered {
        panic!("{failure}");
    }
    assert_eq!(check(&connection).unwrap(), Vec::<String>::new());
}

/// As a writer does that groups commits: a savepoint each, the index once at the end.
#[test]
fn what_was_rolled_back_is_not_indexed_and_its_number_serves_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (sqlite, memory) = (open(Sqlite::file(&path)), open(MemoryStore::new().unwrap()));
    let mut pair = Pair::new(&sqlite, &memory);
    for name in ["globex", "hooli"] {
        pair.act(&Do::Add { name: name.into(), external_id: None });
    }
    let (first, second) = (pair.customer(0).unwrap(), pair.customer(1).unwrap());
    ready(sqlite.close()).unwrap();
    let commit = |key: GuardKey, counter, op| {
        let id = CommitId::from_uuid(uuid());
        let guards = vec![Guard { key, counter, mode: GuardMode::Bump }];
        let audit = vec![audit_entry(id, 0, Place::Vendor(pair.vendor), "customer.updated")];
        Commit { id, guards, ops: vec![op], checks: vec![], audit }
    };
    let named = |row: &CustomerRow, name: &str| CustomerRow { name_folded: name.into(), ..row.clone() };
    let new = |name: &str| CustomerRow { id: CustomerId::from_uuid(uuid()), ..named(&first.1, name) };
    let (vendor, counter) = pair.vendor_guard();
    let commits = [
        (commit(vendor, counter, WriteOp::InsertCustomer(new("rolled back"))), false),
        (commit(vendor, counter, WriteOp::InsertCustomer(new("umbrella"))), true),
        (commit(GuardKey::Place(first.0), 0, WriteOp::UpdateCustomer(named(&first.1, "initech"))), true),
        (commit(GuardKey::Place(second.0), 0, WriteOp::UpdateCustomer(named(&second.1, "rolled back"))), false),
        (commit(GuardKey::Place(first.0), 1, WriteOp::UpdateCustomer(named(&first.1, "vehement"))), true),
        (commit(GuardKey::Place(second.0), 0, WriteOp::DeleteCustomer(pair.vendor, second.1.id)), true),
    ];
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (numbers, mut touched) = (Numbers::default(), Touched::default());
    for (commit, keep) in commits {
        connection.execute_batch("SAVEPOINT one").unwrap();
        let (_, more) = apply(&connection, &numbers, &commit).unwrap();
        if keep {
            touched.extend(more);
        } else {
            connection.execute_batch("ROLLBACK TO one").unwrap();
        }
        connection.execute_batch("RELEASE one").unwrap();
    }
    update(&connection, &numbers, &touched).unwrap();
    connection.execute_batch("COMMIT").unwrap();
    assert_eq!(check(&connection).unwrap(), Vec::<String>::new());
    let names = "SELECT group_concat(name_folded, ', ' ORDER BY number) FROM search_customers";
    let names: String = connection.query_row(names, [], |row| row.get(0)).unwrap();
    assert_eq!(names, "umbrella, vehement");
}
