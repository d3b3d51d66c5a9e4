mod plain;
mod secrets;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use plain::{By, Code, Plain};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tenantry_core::testing::{CountingIds, FixedClock};
use tenantry_core::{
    Catalog, Customer, CustomerFilter, CustomerId, CustomerPatch, CustomerScope, Error, InvitationId, InvitationToken,
    Member, NewCustomer, PageRequest, Role, RootKey, SecretVersion, Tenantry, UserId, VendorScope, VerifiedEmail,
};
use tenantry_sqlite::{Durability, Sqlite};

/// Sequences of operations: enough for every day, more with the environment variable `TENANTRY_LONG`.
fn sequences() -> u32 {
    if std::env::var_os("TENANTRY_LONG").is_some() { 20_000 } else { 2_000 }
}

/// What can be done; numbers pick among what there is.
#[derive(Clone, Debug)]
pub(crate) enum Do {
    Create { name: usize, external_id: usize },
    Rename { customer: usize, name: usize },
    SetExternalId { customer: usize, external_id: usize },
    Archive { customer: usize },
    Unarchive { customer: usize },
    Delete { customer: usize },
    Filter { text: usize },
    Invite { customer: usize, person: usize, role: Role },
    Accept { token: usize, person: usize },
    Decline { token: usize, person: usize },
    Resend { customer: usize, member: usize },
    Revoke { customer: usize, member: usize },
    ChangeRole { customer: usize, member: usize, role: Role },
    Suspend { customer: usize, member: usize },
    Resume { customer: usize, member: usize },
    Remove { customer: usize, member: usize },
    RenameMember { customer: usize, member: usize, name: usize },
    Enable { customer: usize, feature: usize },
    Disable { customer: usize, feature: usize },
    SetSecret { customer: usize, key: usize, value: usize, based_on: Option<u64> },
    RollBack { customer: usize, key: usize, version: u64 },
    Destroy { customer: usize, key: usize, version: u64 },
    Versions { customer: usize, key: usize },
    DeleteSecret { customer: usize, key: usize },
    Resolve { customer: usize, key: usize },
    Erase { person: usize },
    Can { customer: usize, permission: usize },
    Wait { minutes: u64 },
}

pub(crate) const NAMES: [&str; 5] = ["Globex", "globex", "Ärzte", "Initech", ""];
pub(crate) const EXTERNAL_IDS: [&str; 3] = ["", "X-1", "x-2"];
pub(crate) const PEOPLE: [&str; 4] = ["ann@x.test", "Ben@x.test", "cy@x.test", "dee@y.test"];
pub(crate) const FEATURES: [&str; 4] = ["deployments", "alerts", "artifacts", "support_bundles"];
pub(crate) const KEYS: [&str; 3] = ["A", "B", "no key"];
pub(crate) const VALUES: [&str; 4] = ["one", "two", "three", ""];
pub(crate) const TEXTS: [&str; 5] = ["", "GLOB", "ärz", "x-", "@X."];
pub(crate) const PERMISSIONS: [&str; 5] =
    ["dashboard.view", "deployments.edit", "alerts.view", "users.manage", "customers.manage"];

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Administrator), Just(Role::User), Just(Role::Viewer)]
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![
        8 => Just(By::Staff(Role::Administrator)),
        2 => Just(By::Staff(Role::User)),
        1 => Just(By::Staff(Role::Viewer)),
        4 => (0..PEOPLE.len()).prop_map(By::Person),
    ]
}

fn action() -> impl Strategy<Value = Do> {
    let customer = || prop_oneof![4 => Just(0_usize), 1 => Just(1_usize)];
    let member = || 0..3_usize;
    let person = || 0..PEOPLE.len();
    let key = || prop_oneof![6 => Just(0_usize), 2 => Just(1_usize), 1 => Just(2_usize)];
    let based_on = || prop_oneof![3 => Just(None), 1 => (0..4_u64).prop_map(Some)];
    prop_oneof![
        2 => (0..NAMES.len(), 0..EXTERNAL_IDS.len()).prop_map(|(name, external_id)| Do::Create { name, external_id }),
        1 => (customer(), 0..NAMES.len()).prop_map(|(customer, name)| Do::Rename { customer, name }),
        1 => (customer(), 0..EXTERNAL_IDS.len())
            .prop_map(|(customer, external_id)| Do::SetExternalId { customer, external_id }),
        1 => customer().prop_map(|customer| Do::Archive { customer }),
        2 => customer().prop_map(|customer| Do::Unarchive { customer }),
        1 => customer().prop_map(|customer| Do::Delete { customer }),
        1 => (0..TEXTS.len()).prop_map(|text| Do::Filter { text }),
        6 => (customer(), person(), role()).prop_map(|(customer, person, role)| Do::Invite { customer, person, role }),
        8 => (0..3_usize, person()).prop_map(|(token, person)| Do::Accept { token, person }),
        1 => (0..4_usize, person()).prop_map(|(token, person)| Do::Decline { token, person }),
        2 => (customer(), member()).prop_map(|(customer, member)| Do::Resend { customer, member }),
        1 => (customer(), member()).prop_map(|(customer, member)| Do::Revoke { customer, member }),
        3 => (customer(), member(), role())
            .prop_map(|(customer, member, role)| Do::ChangeRole { customer, member, role }),
        2 => (customer(), member()).prop_map(|(customer, member)| Do::Suspend { customer, member }),
        2 => (customer(), member()).prop_map(|(customer, member)| Do::Resume { customer, member }),
        2 => (customer(), member()).prop_map(|(customer, member)| Do::Remove { customer, member }),
        1 => (customer(), member(), 0..NAMES.len())
            .prop_map(|(customer, member, name)| Do::RenameMember { customer, member, name }),
        2 => (customer(), 0..FEATURES.len()).prop_map(|(customer, feature)| Do::Enable { customer, feature }),
        2 => (customer(), 0..FEATURES.len()).prop_map(|(customer, feature)| Do::Disable { customer, feature }),
        4 => (customer(), key(), 0..VALUES.len(), based_on())
            .prop_map(|(customer, key, value, based_on)| Do::SetSecret { customer, key, value, based_on }),
        2 => (customer(), key(), 0..6_u64).prop_map(|(customer, key, version)| Do::RollBack { customer, key, version }),
        1 => (customer(), key(), 0..6_u64).prop_map(|(customer, key, version)| Do::Destroy { customer, key, version }),
        2 => (customer(), key()).prop_map(|(customer, key)| Do::Versions { customer, key }),
        1 => person().prop_map(|person| Do::Erase { person }),
        1 => (customer(), key()).prop_map(|(customer, key)| Do::DeleteSecret { customer, key }),
        1 => (customer(), key()).prop_map(|(customer, key)| Do::Resolve { customer, key }),
        2 => (customer(), 0..PERMISSIONS.len()).prop_map(|(customer, permission)| Do::Can { customer, permission }),
        1 => prop_oneof![4 => Just(1), 1 => Just(10), 1 => Just(7 * 24 * 60)].prop_map(|minutes| Do::Wait { minutes }),
    ]
}

/// A store under test; both get the same clock and the same ids, so that whole records can be compared.
struct Subject {
    app: Tenantry,
    clock: FixedClock,
}

impl Subject {
    fn open(store: impl tenantry_core::store::OpenStore) -> Self {
        let clock = FixedClock::new();
        let builder = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([1; 32]));
        let builder = builder.clock(clock.clone()).id_source(CountingIds::new()).kept_versions(secrets::KEPT);
        Self { app: builder.open(store).wait().unwrap(), clock }
    }
}

/// A vendor of one subject, for one sequence.
struct Hands<'a> {
    subject: &'a Subject,
    staff: [VendorScope; 3],
    tokens: RefCell<Vec<InvitationToken>>,
}

/// What an operation shows, apart from its errors.
#[derive(Debug, PartialEq)]
enum Shown {
    Nothing,
    Customers(Vec<Customer>),
    Member(Box<Member>),
    Names(Vec<String>),
    Can(bool),
}

impl<'a> Hands<'a> {
    fn new(subject: &'a Subject, vendor: u32) -> Self {
        let key = format!("v{vendor}");
        let boss = subject.app.bootstrap(&key, "Vendor", "Boss", "boss@vendor.test").wait().unwrap();
        let join = |email: &str, role| {
            let invited = boss.members().invite("Staff", email, role).wait().unwrap();
            let accepted = subject.app.accept_invitation(&invited.token, VerifiedEmail::new(email));
            accepted.wait().unwrap().vendor().unwrap()
        };
        let staff = [boss.clone(), join("user@vendor.test", Role::User), join("viewer@vendor.test", Role::Viewer)];
        Self { subject, staff, tokens: RefCell::new(Vec::new()) }
    }

    fn boss(&self) -> &VendorScope {
        &self.staff[0]
    }

    fn scope(&self, by: By, customer: CustomerId) -> CustomerScope {
        let vendor = self.boss().vendor_id();
        match by {
            By::Staff(role) => self.staff[role as usize].customer(customer),
            By::Person(person) => self.subject.app.customer(vendor, customer, self.person(person)),
        }
    }

    /// Who has this address; for one that the vendor does not know, somebody whom nobody knows.
    fn person(&self, person: usize) -> UserId {
        let email = VerifiedEmail::new(PEOPLE[person]);
        let known = self.subject.app.identify(self.boss().vendor_id(), email).wait().unwrap();
        known.map_or(UserId::from_uuid(uuid::Uuid::from_u128(7)), |known| known.user)
    }

    #[expect(clippy::panic_in_result_fn, reason = "a difference fails the test; the result is the refusal expected")]
    fn act(&self, plain: &Plain, by: By, action: &Do) -> Result<Shown, Error> {
        let at = |customer: usize| plain.id(customer);
        let scope = |customer: usize| self.scope(by, at(customer));
        let member = |customer: usize, member: usize| plain.member_id(customer, member);
        let shown = |member: Member| Ok(Shown::Member(Box::new(member)));
        match *action {
            Do::Create { name, external_id } => {
                let By::Staff(role) = by else { return Ok(Shown::Nothing) };
                let new = NewCustomer::new(NAMES[name]);
                let new = if external_id == 0 { new } else { new.external_id(EXTERNAL_IDS[external_id]) };
                self.staff[role as usize].customers().create(new).wait().map(|made| Shown::Customers(vec![made]))
            }
            Do::Rename { customer, name } => {
                let patch = CustomerPatch::new().name(NAMES[name]);
                scope(customer).update(patch).wait().map(|changed| Shown::Customers(vec![changed]))
            }
            Do::SetExternalId { customer, external_id } => {
                let patch = CustomerPatch::new();
                let patch = match EXTERNAL_IDS[external_id] {
                    "" => patch.without_external_id(),
                    id => patch.external_id(id),
                };
                scope(customer).update(patch).wait().map(|changed| Shown::Customers(vec![changed]))
            }
            Do::Archive { customer } => scope(customer).archive().wait().map(|it| Shown::Customers(vec![it])),
            Do::Unarchive { customer } => scope(customer).unarchive().wait().map(|it| Shown::Customers(vec![it])),
            Do::Delete { customer } => scope(customer).delete(&plain.name(customer)).wait().map(|()| Shown::Nothing),
            Do::Filter { text } => {
                let filter = CustomerFilter::new().any_status().text(TEXTS[text]).page_size(2);
                let (mut items, mut next) = (Vec::new(), None);
                loop {
                    let filter = match next.take() {
                        Some(cursor) => filter.clone().after(cursor),
                        None => filter.clone(),
                    };
                    let page = self.boss().customers().list(filter).wait()?;
                    items.extend(page.items);
                    next = page.next;
                    if next.is_none() {
                        return Ok(Shown::Customers(items));
                    }
                }
            }
            Do::Invite { customer, person, role } => {
                let invited = scope(customer).members().invite("Somebody", PEOPLE[person], role).wait()?;
                self.tokens.borrow_mut().push(invited.token);
                shown(invited.member)
            }
            Do::Accept { token, person } => {
                let Some(token) = self.token(token) else { return Ok(Shown::Nothing) };
                let email = VerifiedEmail::new(PEOPLE[person].to_uppercase());
                self.subject.app.accept_invitation(&token, email).wait().map(|_| Shown::Nothing)
            }
            Do::Decline { token, person } => {
                let Some(token) = self.token(token) else { return Ok(Shown::Nothing) };
                self.subject.app.decline_invitation(&token, VerifiedEmail::new(PEOPLE[person])).wait()?;
                Ok(Shown::Nothing)
            }
            Do::Resend { customer, member } => {
                let Some(invitation) = self.invitation(plain, customer, member) else { return Ok(Shown::Nothing) };
                let resent = scope(customer).invitations().resend(invitation).wait()?;
                self.tokens.borrow_mut().push(resent.token);
                shown(resent.member)
            }
            Do::Revoke { customer, member } => {
                let Some(invitation) = self.invitation(plain, customer, member) else { return Ok(Shown::Nothing) };
                scope(customer).invitations().revoke(invitation).wait().map(|()| Shown::Nothing)
            }
            Do::ChangeRole { customer, member: m, role } => {
                scope(customer).members().change_role(member(customer, m), role, None).wait().and_then(shown)
            }
            Do::Suspend { customer, member: m } => {
                scope(customer).members().suspend(member(customer, m)).wait().and_then(shown)
            }
            Do::Resume { customer, member: m } => {
                scope(customer).members().resume(member(customer, m)).wait().and_then(shown)
            }
            Do::Remove { customer, member: m } => {
                scope(customer).members().remove(member(customer, m)).wait().map(|()| Shown::Nothing)
            }
            Do::RenameMember { customer, member: m, name } => {
                scope(customer).members().rename(member(customer, m), NAMES[name], None).wait().and_then(shown)
            }
            Do::Enable { customer, feature } => {
                let features = scope(customer).features();
                let preview = features.preview_enable(FEATURES[feature]).wait();
                let change = features.enable(FEATURES[feature]).wait();
                assert_eq!(preview.as_ref().ok(), change.as_ref().ok(), "f5");
                change.map(|change| Shown::Names(change.changed))
            }
            Do::Disable { customer, feature } => {
                let features = scope(customer).features();
                let preview = features.preview_disable(FEATURES[feature]).wait();
                let change = features.disable(FEATURES[feature]).wait();
                assert_eq!(preview.as_ref().ok(), change.as_ref().ok(), "f5");
                change.map(|change| Shown::Names(change.changed))
            }
            Do::SetSecret { customer, key, value, based_on } => {
                let (secrets, key, value) = (scope(customer).secrets(), KEYS[key], VALUES[value]);
                let set = match based_on {
                    Some(version) => secrets.set_at(key, value, version),
                    None => secrets.set(key, value),
                };
                set.wait().map(|set| Shown::Names(vec![format!("{} {}", set.secret.key, set.secret.version)]))
            }
            Do::RollBack { customer, key, version } => {
                let set = scope(customer).secrets().roll_back(KEYS[key], version).wait()?;
                Ok(Shown::Names(vec![format!("{} {}", set.secret.key, set.secret.version)]))
            }
            Do::Destroy { customer, key, version } => {
                scope(customer).secrets().destroy(KEYS[key], version).wait().map(|()| Shown::Nothing)
            }
            Do::Versions { customer, key } => {
                let versions = scope(customer).secrets().versions(KEYS[key], PageRequest::first()).wait()?.items;
                let shown = |it: &SecretVersion| format!("{}{}", if it.destroyed { "-" } else { "" }, it.version);
                assert!(versions.iter().enumerate().all(|(index, it)| it.current == (index == 0)), "s5");
                Ok(Shown::Names(versions.iter().map(shown).collect()))
            }
            Do::Erase { person } => {
                let target = self.person(person);
                let scope = match by {
                    By::Staff(role) => self.staff[role as usize].clone(),
                    By::Person(actor) => self.subject.app.vendor(self.boss().vendor_id(), self.person(actor)),
                };
                scope.erase_user(target).wait().map(|()| Shown::Nothing)
            }
            Do::DeleteSecret { customer, key } => {
                scope(customer).secrets().delete(KEYS[key]).wait().map(|()| Shown::Nothing)
            }
            Do::Resolve { customer, key } => {
                let place = self.boss().customer(at(customer)).place();
                let resolved = self.subject.app.service(place, "deployer", "model").resolve([KEYS[key]]).wait()?;
                Ok(Shown::Names(resolved.iter().map(|got| got.value.expose().to_owned()).collect()))
            }
            Do::Can { customer, permission } => scope(customer).can(PERMISSIONS[permission]).wait().map(Shown::Can),
            Do::Wait { minutes } => {
                self.subject.clock.advance(Duration::from_secs(60 * minutes));
                Ok(Shown::Nothing)
            }
        }
    }

    /// The latest invitation of a member.
    fn invitation(&self, plain: &Plain, customer: usize, member: usize) -> Option<InvitationId> {
        let invitations = self.boss().customer(plain.id(customer)).invitations();
        let all = invitations.list(PageRequest::first().size(1_000)).wait().ok()?.items;
        let of = plain.member_id(customer, member);
        all.iter().rev().find(|invitation| invitation.member == of).map(|invitation| invitation.id)
    }

    /// One of the latest tokens.
    fn token(&self, back: usize) -> Option<InvitationToken> {
        self.tokens.borrow().iter().rev().nth(back).cloned()
    }

    /// Everything there is: customers in their order, the members of each, the keys of each.
    fn state(&self) -> Vec<(Customer, Vec<Member>, Vec<String>)> {
        let all = CustomerFilter::new().any_status().page_size(1_000);
        let customers = self.boss().customers().list(all).wait().unwrap().items;
        let with_rest = |customer: Customer| {
            let scope = self.boss().customer(customer.id);
            let members = scope.members().list(PageRequest::first()).wait().unwrap().items;
            let secrets = scope.secrets().list(PageRequest::first()).wait().unwrap().items;
            (
                customer,
                members,
                secrets.into_iter().map(|secret| format!("{} {}", secret.key, secret.version)).collect(),
            )
        };
        customers.into_iter().map(with_rest).collect()
    }
}

#[test]
fn memory_store_sqlite_store_and_model_answer_the_same() {
    for _ in 0..sequences() / IN_ONE_STORE {
        compare(IN_ONE_STORE);
    }
}

/// How many sequences share a store.
const IN_ONE_STORE: u32 = 200;

/// Compares the stores and the model on so many sequences.
fn compare(sequences: u32) {
    // In memory where that can be: every erasure waits for the disk.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let file = Sqlite::file(folder.path().join("store.db")).durability(Durability::ProcessCrash);
    let (sqlite, memory) = (Subject::open(file), Subject::open(tenantry_core::store::MemoryStore::new().unwrap()));
    let vendor = Cell::new(0);
    let config = Config { cases: sequences, failure_persistence: None, ..Config::default() };
    let sequence = proptest::collection::vec((by(), action()), 20..60);
    let answered = TestRunner::new(config).run(&sequence, |sequence| {
        vendor.set(vendor.get() + 1);
        let (left, right) = (Hands::new(&sqlite, vendor.get()), Hands::new(&memory, vendor.get()));
        let mut plain = Plain::new();
        let first = (By::Staff(Role::Administrator), Do::Create { name: 0, external_id: 1 });
        for (by, action) in std::iter::once(&first).chain(&sequence) {
            // The millisecond keeps ids in the order in which they are made.
            sqlite.clock.advance(Duration::from_millis(1));
            memory.clock.advance(Duration::from_millis(1));
            plain.advance(Duration::from_millis(1));
            let (found, same) = (left.act(&plain, *by, action), right.act(&plain, *by, action));
            let code =
                |answer: &Result<Shown, Error>| answer.as_ref().err().map(|error| (error.code(), error.to_string()));
            prop_assert_eq!(code(&found), code(&same), "the stores differ at {:?} by {:?}", action, by);
            prop_assert_eq!(found.as_ref().ok(), same.as_ref().ok(), "the stores differ at {:?} by {:?}", action, by);
            let expected: Result<(), Code> = plain.act(*by, action, &found);
            let found = found.map(|_| ()).map_err(|error| error.code());
            prop_assert_eq!(found, expected, "the model differs at {:?} by {:?}", action, by);
            let state = left.state();
            prop_assert_eq!(&state, &right.state(), "the stores differ after {:?} by {:?}", action, by);
            if let Err(difference) = plain.compare(&state) {
                return Err(TestCaseError::fail(format!("after {action:?} by {by:?}: {difference}")));
            }
        }
        Ok(())
    });
    if let Err(failure) = answered {
        panic!("{failure}");
    }
    for subject in [&sqlite, &memory] {
        assert_eq!(subject.app.maintenance("model").verify(Vec::new()).wait().unwrap(), []);
    }
}
