//! The work: changes through the public API that come from a seed, so that whoever knows the seed and how many were made
//! knows what must stand in the store.

use std::collections::BTreeMap;
use std::path::Path;

use tenantry::chrono::{DateTime, TimeDelta, Utc};
use tenantry::{
    Builder, Call, Catalog, Clock, CustomerFilter, CustomerPatch, CustomerScope, Durability, Error, KeyRing,
    MemberState, NewCustomer, PageRequest, Role, RootKey, Sqlite, Tenantry, VendorScope, VerifiedEmail,
};

use crate::mail::Telling;
use crate::{Dice, Failure};

const VENDOR: &str = "torture";
const STAFF: &str = "ada@torture.test";
/// From here on customers are deleted rather than made.
const CUSTOMERS: usize = 8;
/// More than one commit of a bulk creation holds.
const BULK: u64 = 520;
/// Fewer than its first commit holds.
const BATCH: usize = 20;

/// What must stand in the store of one hand: its customers by external id.
pub type Model = BTreeMap<String, Record>;

/// What must stand in the store of a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    name: String,
    revision: u64,
    archived: bool,
    features: Vec<String>,
    /// By key: the version of the value.
    secrets: BTreeMap<String, u64>,
    /// By e-mail: whether the person has accepted.
    members: BTreeMap<String, bool>,
}

/// A change.
#[derive(Clone, Debug)]
pub enum Change {
    /// A customer is made.
    Create(String),
    /// Many customers are made, in one commit unless there are very many.
    Import(Vec<String>),
    /// A customer gets this name.
    Rename(String, String),
    /// A customer is archived, or taken back into use.
    Archive(String, bool),
    /// A customer goes, with everything.
    Delete(String),
    /// A feature is switched.
    Feature(String, &'static str, bool),
    /// A secret gets a value, that of the version.
    Set(String, String, u64),
    /// A secret goes.
    Unset(String, String),
    /// A person is invited.
    Invite(String, String),
    /// A person accepts, after the invitation was sent anew.
    Join(String, String),
    /// A member is removed.
    Leave(String, String),
    /// The values of a customer are read and compared.
    Resolve(String, BTreeMap<String, u64>),
    /// The key of a customer is changed.
    RotatePlace(String),
    /// The root key is changed to the newest.
    RotateRoot,
    /// What is due in the outbox is sent.
    Deliver,
}

/// What one hand does, change after change.
#[derive(Clone, Debug)]
pub struct Plan {
    dice: Dice,
    hand: u64,
    bulk: bool,
    next: u64,
    model: Model,
}

impl Plan {
    /// The plan of this hand; with `bulk` it also makes very many customers at once.
    pub fn new(seed: u64, hand: u64, bulk: bool) -> Self {
        Self { dice: Dice::new(seed, hand.wrapping_add(1)), hand, bulk, next: 0, model: Model::new() }
    }

    /// How many changes were drawn.
    pub fn drawn(&self) -> u64 {
        self.next
    }

    /// What stands in the store after them.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Goes on to where this many were drawn.
    pub fn skip_to(&mut self, drawn: u64) {
        while self.next < drawn {
            self.draw();
        }
    }

    /// Draws the next change.
    pub fn draw(&mut self) -> Change {
        let change = self.choose();
        self.next += 1;
        self.expect(&change);
        change
    }

    fn choose(&mut self) -> Change {
        let (hand, number) = (self.hand, self.next);
        let fresh = format!("h{hand}-{number}");
        let few: Vec<_> = self.model.iter().filter(|(id, _)| !id.contains("-b")).collect();
        let Some((id, record)) = self.dice.pick(few.clone()) else { return Change::Create(fresh) };
        let id = id.clone();
        if record.archived {
            return Change::Archive(id, false);
        }
        let secret = self.dice.pick(&record.secrets).map(|(key, version)| (key.clone(), *version));
        let invited = record.members.iter().find(|(_, joined)| !**joined).map(|(email, _)| email.clone());
        // The first who joins is the Administrator, whom the customer keeps.
        let others = record.members.keys().skip(1).max().cloned();
        let has_administrator = record.members.values().next() == Some(&true);
        match self.dice.below(32) {
            0..=3 if few.len() < CUSTOMERS => Change::Create(fresh),
            0..=3 => Change::Delete(id),
            4 if self.bulk && self.dice.one_in(16) => {
                Change::Import((0..BULK).map(|row| format!("h{hand}-b{number}-{row}")).collect())
            }
            4 | 5 if few.len() < CUSTOMERS => {
                let rows = 1 + self.dice.below(6);
                Change::Import((0..rows).map(|row| format!("h{hand}-{number}-{row}")).collect())
            }
            4..=7 => Change::Rename(id, format!("Name {number}")),
            8 => Change::Archive(id, true),
            9 | 10 => {
                let feature = if self.dice.one_in(2) { "alerts" } else { "support_bundles" };
                let on = record.features.iter().any(|on| on == feature);
                Change::Feature(id, feature, !on)
            }
            11..=16 => {
                let key = format!("KEY_{}", self.dice.below(3));
                let version = record.secrets.get(&key).map_or(1, |version| version + 1);
                Change::Set(id, key, version)
            }
            17 => secret.map_or_else(
                || Change::Rename(id.clone(), format!("Name {number}")),
                |(key, _)| Change::Unset(id.clone(), key),
            ),
            18..=21 if record.members.len() < 4 => Change::Invite(id, format!("p{number:06}-h{hand}@torture.test")),
            22..=24 if invited.is_some() => Change::Join(id, invited.unwrap_or_default()),
            25 if has_administrator && others.is_some() => Change::Leave(id, others.unwrap_or_default()),
            26 | 27 => Change::Resolve(id, record.secrets.clone()),
            28 | 29 => Change::RotatePlace(id),
            30 if hand == 0 => Change::RotateRoot,
            30 | 31 => Change::Deliver,
            _ => Change::Rename(id, format!("Name {number}")),
        }
    }

    fn expect(&mut self, change: &Change) {
        let default = || vec!["deployments".to_owned(), "artifacts".to_owned()];
        let new = |id: &String| Record { name: id.clone(), revision: 1, features: default(), ..Record::default() };
        let mut of = |id: &String, change: &dyn Fn(&mut Record)| {
            if let Some(record) = self.model.get_mut(id) {
                change(record);
            }
        };
        match change {
            Change::Create(id) => {
                self.model.insert(id.clone(), new(id));
            }
            Change::Import(ids) => self.model.extend(ids.iter().map(|id| (id.clone(), new(id)))),
            Change::Rename(id, name) => of(id, &|record| {
                record.name.clone_from(name);
                record.revision += 1;
            }),
            Change::Archive(id, archived) => of(id, &|record| {
                record.archived = *archived;
                record.revision += 1;
            }),
            Change::Delete(id) => {
                self.model.remove(id);
            }
            Change::Feature(id, feature, on) => of(id, &|record| {
                record.features.retain(|name| name != feature);
                if *on {
                    record.features.push((*feature).to_owned());
                }
                record.features.sort();
            }),
            Change::Set(id, key, version) => of(id, &|record| {
                record.secrets.insert(key.clone(), *version);
            }),
            Change::Unset(id, key) => of(id, &|record| {
                record.secrets.remove(key);
            }),
            Change::Invite(id, email) => of(id, &|record| {
                record.members.insert(email.clone(), false);
            }),
            Change::Join(id, email) => of(id, &|record| {
                record.members.insert(email.clone(), true);
            }),
            Change::Leave(id, email) => of(id, &|record| {
                record.members.remove(email);
            }),
            Change::Resolve(..) | Change::RotatePlace(_) | Change::RotateRoot | Change::Deliver => {}
        }
        for record in self.model.values_mut() {
            record.features.sort();
        }
    }
}

/// The root key of this number.
fn root_key(number: u8) -> RootKey {
    RootKey::from_bytes([number.wrapping_add(1); 32])
}

/// The clock of a round: far enough from the round before that an invitation may be sent anew however often it was.
#[derive(Debug)]
struct RoundClock(u8);

impl Clock for RoundClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::minutes(11 * i64::from(self.0))
    }
}

/// How a store is opened in this round: its root key is the one of that number, and all before it are at hand.
pub fn builder(round: u8) -> Builder {
    let ring = (0..round).fold(KeyRing::new(root_key(round)), |ring, older| ring.with(root_key(older)));
    Tenantry::builder(Catalog::standard()).root_key(ring).clock(RoundClock(round)).outbox()
}

/// Opens the store for this round at the time of the next one: what was being sent is taken for broken off by then.
///
/// # Errors
///
/// Those of opening.
pub fn open_later(path: &Path, durability: Durability, round: u8) -> Result<Tenantry, Error> {
    builder(round).clock(RoundClock(round.saturating_add(1))).open(Sqlite::file(path).durability(durability)).wait()
}

/// Opens the store for this round.
///
/// # Errors
///
/// Those of opening.
pub fn open(path: &Path, durability: Durability, round: u8) -> Result<Tenantry, Error> {
    builder(round).open(Sqlite::file(path).durability(durability)).wait()
}

/// Finds the vendor that the hands work for; `None` when there is none.
///
/// # Errors
///
/// Those of reading.
pub fn staff(app: &Tenantry) -> Result<Option<VendorScope>, Error> {
    let Some(vendor) = app.find_vendor(VENDOR).wait()? else { return Ok(None) };
    let identity = app.identify(vendor.id, VerifiedEmail::new(STAFF)).wait()?;
    Ok(identity.map(|identity| app.vendor(vendor.id, identity.user)))
}

/// Finds that vendor, or makes it; another process may do so at the same time.
///
/// # Errors
///
/// Those of the operations.
pub fn staff_or_bootstrap(app: &Tenantry) -> Result<VendorScope, Error> {
    if let Some(staff) = staff(app)? {
        return Ok(staff);
    }
    match app.bootstrap(VENDOR, "Torture", "Ada", STAFF).wait() {
        Err(error) if error.code() == "already_exists" => match staff(app)? {
            Some(staff) => Ok(staff),
            None => Err(error),
        },
        made => made,
    }
}

/// Who does the changes.
#[derive(Clone, Debug)]
pub struct Hand<'a> {
    /// The open store.
    pub app: &'a Tenantry,
    /// Who acts.
    pub staff: &'a VendorScope,
    /// Whether the hand awaits its calls, or waits for them.
    pub awaits: bool,
    /// Who brings the mail.
    pub courier: Telling,
}

impl Hand<'_> {
    fn call<T: Send + 'static>(&self, call: Call<T>) -> Result<T, Error> {
        if self.awaits { futures_lite::future::block_on(call.into_future()) } else { call.wait() }
    }

    fn customer(&self, id: &str) -> Result<CustomerScope, Error> {
        Ok(self.staff.customer(self.call(self.staff.customers().find(id))?.id))
    }

    /// Makes the change.
    ///
    /// # Errors
    ///
    /// Those of the operation; a value that is not what was set is an error, too.
    pub fn make(&self, change: &Change) -> Result<(), Failure> {
        let customers = self.staff.customers();
        match change {
            Change::Create(id) => drop(self.call(customers.create(NewCustomer::new(id).external_id(id)))?),
            Change::Import(ids) => {
                let rows: Vec<_> = ids.iter().map(|id| Ok(NewCustomer::new(id).external_id(id))).collect();
                let summary = self.call(customers.import(rows, |_| ()))?;
                if summary.refused > 0 {
                    return Err("a row of a bulk creation was refused".into());
                }
            }
            Change::Rename(id, name) => {
                drop(self.call(self.customer(id)?.update(CustomerPatch::new().name(name)))?);
            }
            Change::Archive(id, true) => drop(self.call(self.customer(id)?.archive())?),
            Change::Archive(id, false) => drop(self.call(self.customer(id)?.unarchive())?),
            Change::Delete(id) => {
                let customer = self.customer(id)?;
                let name = self.call(customer.get())?.name;
                self.call(customer.delete(&name))?;
            }
            Change::Feature(id, feature, on) => {
                let features = self.customer(id)?.features();
                drop(self.call(if *on { features.enable(feature) } else { features.disable(feature) })?);
            }
            Change::Set(id, key, version) => {
                drop(self.call(self.customer(id)?.secrets().set(key, value(id, key, *version).as_str()))?);
            }
            Change::Unset(id, key) => self.call(self.customer(id)?.secrets().delete(key))?,
            Change::Invite(id, email) => {
                drop(self.call(self.customer(id)?.members().invite("Person", email, Role::User))?);
            }
            Change::Join(id, email) => {
                let invitations = self.customer(id)?.invitations();
                let open = self.call(invitations.list(PageRequest::first()))?.items;
                let invitation = open.iter().find(|open| open.email.as_deref() == Some(email));
                let invitation = invitation.ok_or("there is no such invitation")?;
                let resent = self.call(invitations.resend(invitation.id))?;
                drop(self.call(self.app.accept_invitation(&resent.token, VerifiedEmail::new(email)))?);
            }
            Change::Leave(id, email) => {
                let members = self.customer(id)?.members();
                let all = self.call(members.list(PageRequest::first()))?.items;
                let member = all.iter().find(|member| member.email == *email).ok_or("there is no such member")?;
                self.call(members.remove(member.id))?;
            }
            Change::Resolve(id, wanted) => {
                let place = self.customer(id)?.place();
                let values = self.call(self.app.service(place, "torture", "test").resolve_all())?;
                for resolved in &values {
                    let version = wanted.get(&resolved.key).copied().unwrap_or_default();
                    if resolved.version != version || resolved.value.expose() != value(id, &resolved.key, version) {
                        return Err(format!("the secret `{}` of `{id}` has another value", resolved.key).into());
                    }
                }
                if values.len() != wanted.len() {
                    return Err(format!("`{id}` has {} secrets, not {}", values.len(), wanted.len()).into());
                }
            }
            Change::RotatePlace(id) => {
                let place = self.customer(id)?.place();
                self.call(self.app.maintenance("torture").rotate_place_key(place, |_| ()))?;
            }
            Change::RotateRoot => {
                self.call(self.app.maintenance("torture").rotate_root_key(|_| ()))?;
            }
            Change::Deliver => drop(self.call(self.app.outbox(self.courier.clone()).deliver())?),
        }
        Ok(())
    }
}

/// Long enough now and then to need more than a page of the file.
fn value(id: &str, key: &str, version: u64) -> String {
    let value = format!("{id} {key} {version} ");
    if version.is_multiple_of(5) { value.repeat(400) } else { value }
}

/// What stands in the store, by hand.
///
/// # Errors
///
/// Those of reading.
pub fn observe(staff: &VendorScope) -> Result<BTreeMap<u64, Model>, Error> {
    let mut found: BTreeMap<u64, Model> = BTreeMap::new();
    let mut filter = CustomerFilter::new().any_status().page_size(1_000);
    loop {
        let page = staff.customers().list(filter).wait()?;
        for customer in page.items {
            let Some(id) = customer.external_id else { continue };
            let hand = id.strip_prefix('h').and_then(|rest| rest.split_once('-')?.0.parse().ok());
            let Some(hand) = hand else { continue };
            let scope = staff.customer(customer.id);
            let mut record = Record {
                name: customer.name,
                revision: customer.revision,
                archived: customer.status == tenantry::CustomerStatus::Archived,
                features: customer.features,
                ..Record::default()
            };
            record.features.sort();
            if customer.secrets > 0 {
                let secrets = scope.secrets().list(PageRequest::first()).wait()?.items;
                record.secrets = secrets.into_iter().map(|secret| (secret.key, secret.version)).collect();
            }
            if customer.members > 0 {
                let members = scope.members().list(PageRequest::first()).wait()?.items;
                let joined = |state| state == MemberState::Active;
                record.members = members.into_iter().map(|member| (member.email, joined(member.state))).collect();
            }
            found.entry(hand).or_default().insert(id, record);
        }
        match page.next {
            Some(next) => filter = CustomerFilter::new().any_status().page_size(1_000).after(next),
            None => return Ok(found),
        }
    }
}

/// What is right about a hand's part of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// This many changes are in it, and the next may be in part: it is made again.
    At(u64),
    /// No number of changes leads to it.
    Nowhere,
}

/// Finds out how many changes stand in the store of a hand, of which this many are sure and one more may be.
///
/// Every number is tried that the hand has come by, so that a loss can be told from nonsense.
pub fn standing(seed: u64, hand: u64, bulk: bool, sure: u64, found: &Model) -> Standing {
    let mut plan = Plan::new(seed, hand, bulk);
    let mut at = Standing::Nowhere;
    for drawn in 0..=sure + 1 {
        plan.skip_to(drawn);
        if plan.model() == found {
            at = Standing::At(drawn);
        }
        if drawn == sure && at != Standing::At(drawn) && is_in_part(&plan, found) {
            return Standing::At(sure);
        }
    }
    at
}

/// Whether the plan's next change is a bulk creation of many commits, and the first of them stand there.
fn is_in_part(plan: &Plan, found: &Model) -> bool {
    let Change::Import(ids) = plan.clone().draw() else { return false };
    let there = ids.iter().take_while(|id| found.contains_key(*id)).count();
    let has_more = ids.iter().skip(there).any(|id| found.contains_key(id));
    let is_as_before = || plan.model().iter().all(|(id, record)| found.get(id) == Some(record));
    there >= BATCH && !has_more && found.len() == plan.model().len() + there && is_as_before()
}
