//! The unit of work: reads counters, then data, decides, and commits under guard; on a conflict it starts again.
//!
//! So every decision holds at the moment of the commit, across threads, processes and stores.

mod keys;
mod member;
mod outbox;

pub(crate) use keys::{alive, open_token, open_version, seal_version, token_address};

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::access::{Access, Actor, Operation};
use crate::audit::{Header, detail_digest};
use crate::call::{Call, Caller};
use crate::catalog::Portal;
use crate::clock::Timestamp;
use crate::error::{Error, LastAdministrator, RemainingMember};
use crate::ids::{CommitId, MemberId, RandomIds, UserId, VendorId, new_uuid};
use crate::store::{
    AuditDetail, AuditEntry, Check, Commit, CustomerRow, Guard, GuardKey, GuardMode, Place, Standing, Store,
    StoreError, UserRow, WriteOp,
};

/// How often a decision is made anew when others change the same place meanwhile. Each time somebody progressed.
const ATTEMPTS: usize = 200;
/// How often a commit is sent whose outcome is unknown; with its id it is applied once at most.
const SENDINGS: usize = 3;
/// The time in which repeated invitations are counted (U4).
pub(crate) const SENDS_WINDOW: Duration = Duration::from_secs(10 * 60);
/// How many members a refusal names.
const NAMED: usize = 100;

/// A change: what is asked for, and the decision that turns it into a commit.
pub(crate) trait Change: Send + Sync + 'static {
    /// What it answers.
    type Answer: Send + 'static;

    /// Its row in the table of operations.
    fn operation(&self) -> &'static Operation;

    /// Reads, decides and says what to write. It may be called again, on newer data.
    fn decide(&self, unit: &mut Unit<'_>) -> impl Future<Output = Result<Self::Answer, Error>> + Send;
}

/// What a failed check means.
enum Unmet {
    /// Somebody was faster: decide anew.
    Retry,
    /// The change is refused.
    Refuse(Box<dyn Fn() -> Error + Send + Sync>),
    /// The place would be left without an active Administrator; this member was acted on.
    LastAdministrator(Place, MemberId),
}

struct Record {
    place: Place,
    action: &'static str,
    target: String,
    detail: Option<(String, Value)>,
}

/// One attempt at a change.
pub(crate) struct Unit<'a> {
    pub(crate) access: &'a Access,
    pub(crate) caller: Caller,
    pub(crate) now: Timestamp,
    guards: BTreeMap<GuardKey, (u64, GuardMode)>,
    ops: Vec<WriteOp>,
    checks: Vec<(Check, Unmet)>,
    records: Vec<Record>,
    overtaken: AtomicBool,
}

impl Access {
    /// Makes a change.
    pub(crate) fn change<C: Change>(&self, change: C) -> Call<C::Answer> {
        let access = self.clone();
        self.call(change.operation(), move |caller| async move { access.commit(&change, caller).await })
    }

    /// Makes a change and waits for its commit.
    pub(crate) async fn commit<C: Change>(&self, change: &C, caller: Caller) -> Result<C::Answer, Error> {
        for _ in 0..ATTEMPTS {
            let mut unit = Unit::begin(self, change.operation(), caller).await?;
            match change.decide(&mut unit).await {
                Ok(answer) => {
                    if unit.commit().await? {
                        return Ok(answer);
                    }
                }
                // A refusal holds for a moment, too: when data moved between the reads it was made from, decide anew.
                Err(error) => {
                    if !unit.was_overtaken(&error).await? {
                        return Err(error);
                    }
                }
            }
        }
        Err(Error::Contended)
    }

    /// Answers what a change would answer, and changes nothing (F5).
    pub(crate) fn preview<C: Change>(&self, operation: &'static Operation, change: C) -> Call<C::Answer> {
        let access = self.clone();
        self.call(operation, move |caller| async move {
            let mut unit = Unit::begin(&access, operation, caller).await?;
            change.decide(&mut unit).await
        })
    }
}

impl<'a> Unit<'a> {
    /// Reads the actor's standing, decides whether the operation may go on, and guards what that was decided from.
    async fn begin(access: &'a Access, operation: &Operation, caller: Caller) -> Result<Self, Error> {
        let mut unit = Self {
            access,
            caller,
            now: access.app.now(),
            guards: BTreeMap::new(),
            ops: Vec::new(),
            checks: Vec::new(),
            records: Vec::new(),
            overtaken: AtomicBool::new(false),
        };
        if !operation.is_for_host() {
            let standing = access.authorise(operation).await?;
            unit.hold_standing(&standing);
        }
        Ok(unit)
    }

    fn hold_standing(&mut self, standing: &Standing) {
        if let Some(member) = &standing.member {
            self.hold(GuardKey::Member(self.access.home, member.id), member.counter);
        }
        // The vendor's own row says nothing that a decision is made from; holding it would set creates against each
        // other. What writes to the vendor as a place bumps it, see `bump_place`.
        if self.access.place.customer().is_some() || self.access.user().is_none() {
            self.hold(GuardKey::Place(self.access.place), standing.counter);
        }
    }

    /// Something that was read before is not there any more: the data moved, and the change is decided anew.
    pub(crate) fn overtaken(&self) -> Error {
        self.overtaken.store(true, Ordering::Relaxed);
        Error::Contended
    }

    /// Whether the data that this attempt was decided from moved since. A store's own failure is none of it.
    async fn was_overtaken(&self, refusal: &Error) -> Result<bool, Error> {
        if self.overtaken.load(Ordering::Relaxed) {
            return Ok(true);
        }
        if matches!(
            refusal,
            Error::Storage(_)
                | Error::Closed
                | Error::Forked
                | Error::Contended
                | Error::Overloaded
                | Error::KeyProvider(_)
        ) {
            return Ok(false);
        }
        for (key, (counter, _)) in &self.guards {
            let now = match key {
                GuardKey::Place(place) => self.store().standing(None, *place, *place).await?.map(|row| row.counter),
                GuardKey::Member(place, id) => self.store().member(*place, *id).await?.map(|row| row.counter),
                GuardKey::User(vendor, id) => self.store().user(*vendor, *id).await?.map(|row| row.counter),
            };
            if now != Some(*counter) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(crate) fn store(&self) -> &'a dyn Store {
        &*self.access.app.store
    }

    pub(crate) fn place(&self) -> Place {
        self.access.place
    }

    pub(crate) fn vendor(&self) -> VendorId {
        self.access.place.vendor()
    }

    pub(crate) fn hold(&mut self, key: GuardKey, counter: u64) {
        self.guards.entry(key).or_insert((counter, GuardMode::Hold));
    }

    pub(crate) fn bump(&mut self, key: GuardKey, counter: u64) {
        let guard = self.guards.entry(key).or_insert((counter, GuardMode::Bump));
        // The counter that was read first stays: what was read since may be newer than what was decided from.
        guard.1 = GuardMode::Bump;
    }

    /// Whether a key is guarded already.
    pub(crate) fn guards(&self, key: GuardKey) -> bool {
        self.guards.contains_key(&key)
    }

    /// Guards the place that is acted on against every other change of it. Before its data is read.
    pub(crate) async fn bump_place(&mut self) -> Result<(), Error> {
        let key = GuardKey::Place(self.place());
        match self.guards.get_mut(&key) {
            Some(guard) => guard.1 = GuardMode::Bump,
            None => {
                let standing = self.access.standing().await?.ok_or_else(|| self.access.nothing_here())?;
                self.bump(key, standing.counter);
            }
        }
        Ok(())
    }

    /// The customer that is acted on. Its place is guarded already, so a counter that moved is a conflict.
    pub(crate) async fn customer(&mut self) -> Result<CustomerRow, Error> {
        let nothing = || self.access.nothing_here();
        let id = self.place().customer().ok_or_else(nothing)?;
        let row = self.store().customer(self.vendor(), id).await?.ok_or_else(nothing)?;
        self.hold(GuardKey::Place(self.place()), row.counter);
        Ok(row)
    }

    /// A user whom the change is about, guarded against every other change of them.
    pub(crate) async fn bump_user(&mut self, id: UserId) -> Result<UserRow, Error> {
        let row = self.store().user(self.vendor(), id).await?.ok_or_else(|| self.overtaken())?;
        self.bump(GuardKey::User(row.vendor, row.id), row.counter);
        Ok(row)
    }

    pub(crate) fn write(&mut self, op: WriteOp) {
        self.ops.push(op);
    }

    /// Requires something of the commit; if it does not hold, the change is refused with this error.
    pub(crate) fn require(&mut self, check: Check, error: impl Fn() -> Error + Send + Sync + 'static) {
        self.checks.push((check, Unmet::Refuse(Box::new(error))));
    }

    /// Requires something of the commit; if it does not hold, the change is decided anew.
    pub(crate) fn expect(&mut self, check: Check) {
        self.checks.push((check, Unmet::Retry));
    }

    /// Requires that the place keeps an active Administrator when this member is acted on (U9).
    pub(crate) fn require_administrator(&mut self, place: Place, member: MemberId) {
        self.checks.push((Check::ActiveAdministrator(place), Unmet::LastAdministrator(place, member)));
    }

    /// Writes an audit entry without a detail.
    pub(crate) fn record(&mut self, place: Place, action: &'static str, target: impl ToString) {
        self.records.push(Record { place, action, target: target.to_string(), detail: None });
    }

    /// Writes an audit entry whose detail speaks of `subject`, a user's id, or of nobody's person if empty.
    pub(crate) fn record_detail(
        &mut self,
        place: Place,
        action: &'static str,
        target: impl ToString,
        subject: impl ToString,
        before: Value,
        after: Value,
    ) {
        let detail = Some((subject.to_string(), json!({ "before": before, "after": after })));
        self.records.push(Record { place, action, target: target.to_string(), detail });
    }

    /// Sends the commit; `false` asks for another attempt.
    async fn commit(self) -> Result<bool, Error> {
        if self.records.is_empty() {
            // Nothing to change: the decision stands for the moment it was made.
            return Ok(true);
        }
        let Self { access, now, guards, ops, checks, records, caller, overtaken: _ } = self;
        let store = &*access.app.store;
        let (checks, unmet): (Vec<_>, Vec<_>) = checks.into_iter().unzip();
        // Not from the host's source of ids: one that repeats itself would make a commit look like one that was applied.
        let id = CommitId::from_uuid(new_uuid(&RandomIds, now)?);
        let guards = guards.into_iter().map(|(key, (counter, mode))| Guard { key, counter, mode }).collect();
        let (actor, host) = (access.actor.to_string(), Actor::Host.to_string());
        let audit = (0..).zip(records).map(|(ordinal, record)| {
            // A customer's member is nobody that another place may hear of (R4).
            let foreign = access.portal == Portal::Customer && record.place != access.place;
            audit_entry(record, id, ordinal, now, if foreign { &host } else { &actor })
        });
        let audit = audit.collect::<Result<_, _>>()?;
        let commit = Commit { id, guards, ops, checks, audit };
        let mut unknown = None;
        for _ in 0..SENDINGS {
            match store.commit(commit.clone(), caller).await {
                Ok(_) => return Ok(true),
                Err(StoreError::OutcomeUnknown(source)) => unknown = Some(source),
                // An earlier sending was not applied: with its id it would be answered by its receipt.
                Err(StoreError::Conflict) => return Ok(false),
                Err(StoreError::CheckFailed(index)) => {
                    return match unmet.get(index) {
                        Some(Unmet::Retry) => Ok(false),
                        Some(Unmet::Refuse(error)) => Err(error()),
                        Some(Unmet::LastAdministrator(place, member)) => {
                            Err(last_administrator(store, *place, *member, caller).await?)
                        }
                        None => Err(StoreError::CheckFailed(index).into()),
                    };
                }
                // Not even this sending tells what became of an earlier one.
                Err(error) => return Err(unknown.map_or(error, StoreError::OutcomeUnknown).into()),
            }
        }
        Err(unknown.map_or(StoreError::Conflict, StoreError::OutcomeUnknown).into())
    }
}

fn audit_entry(
    record: Record,
    commit: CommitId,
    ordinal: u32,
    time: Timestamp,
    actor: &str,
) -> Result<AuditEntry, Error> {
    let Record { place, action, target, detail } = record;
    let detail = match detail {
        None => None,
        Some((subject, body)) => {
            let mut salt = [0; 32];
            getrandom::fill(&mut salt).map_err(std::io::Error::other)?;
            let body = body.to_string();
            let digest = detail_digest(&salt, &subject, &body);
            Some(AuditDetail { salt, subject, body, digest })
        }
    };
    let detail_digest = detail.as_ref().map(|detail| &detail.digest);
    let header = Header { commit, ordinal, time, actor, action, place, target: &target, detail_digest };
    let digest = header.digest();
    Ok(AuditEntry { place, time, actor: actor.to_owned(), action, target, digest, detail })
}

/// The refusal that names the members who would remain (U9).
async fn last_administrator(
    store: &dyn Store,
    place: Place,
    acted_on: MemberId,
    caller: Caller,
) -> Result<Error, StoreError> {
    let members = store.members(place, None, NAMED, caller).await?;
    let others = members.into_iter().map(|(row, _)| row).filter(|row| row.id != acted_on);
    let remaining = others.map(|row| RemainingMember { id: row.id, role: row.role, state: row.state }).collect();
    Ok(LastAdministrator { remaining }.into())
}
