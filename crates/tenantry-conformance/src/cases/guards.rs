//! The storage contract: every op and check has its guard, and finds the row that it writes to.

use tenantry_core::clock::Timestamp;
use tenantry_core::ids::{DeliveryId, InvitationId, MemberId, SecretId, UserId, VendorId};
use tenantry_core::store::{
    Check, Commit, DeploymentRow, DeploymentSecret, Due, Guard, GuardKey, GuardMode, InvitationRow, InvitationState,
    KeyRow, MemberRow, MemberState, OutboxRow, OutboxState, Place, RootKeyRow, RootKeyState, SecretRow,
    SecretVersionRow, SendsRow, StoreError, UserRow, VendorRow, WriteOp,
};
use tenantry_core::testing::{audit_entry, ready};
use tenantry_core::{Role, RootKey};

use super::cases;
use super::contract::Bench;
use crate::check::{Tried, ensure, ensure_eq};
use crate::{Failure, Opened};

cases![
    every_op_needs_its_guards_and_a_bump_is_no_hold,
    a_check_of_administrators_needs_the_bump_of_its_place,
    an_op_that_finds_no_row_to_write_to_is_malformed,
    an_insert_of_a_row_that_is_there_is_refused,
    root_keys_are_checked_without_those_retired_and_in_the_order_of_their_ids,
    a_root_key_wraps_nothing_when_no_key_of_any_place_names_it,
    versions_are_deleted_up_to_one_and_there_may_be_none,
    a_deployment_is_put_whole,
    a_delivery_is_put_whole_and_found_when_it_is_due_and_by_its_key,
];

fn time() -> Timestamp {
    Timestamp::from_micros(1)
}

fn envelope(key: [u8; 16]) -> Vec<u8> {
    [b"TNYS".as_slice(), &[1, 0], &key, &[0; 24 + 80]].concat()
}

/// Rows of the bench that are not there yet.
impl Bench {
    fn guard(&self, key: GuardKey, mode: GuardMode) -> Guard {
        Guard { key, counter: 0, mode }
    }

    fn user_row(&self) -> UserRow {
        let id = UserId::from_uuid(self.uuid());
        let email = format!("{id}@x.test");
        UserRow {
            vendor: self.vendor,
            id,
            email: email.clone(),
            email_key: email.clone(),
            email_folded: email,
            created_at: time(),
            counter: 0,
        }
    }

    fn member_row(&self, user: UserId) -> MemberRow {
        MemberRow {
            place: self.place(),
            user,
            id: MemberId::from_uuid(self.uuid()),
            name: "N".to_owned(),
            invited_email: None,
            role: Role::Viewer,
            state: MemberState::Active,
            revision: 1,
            created_at: time(),
            updated_at: time(),
            counter: 0,
        }
    }

    fn invitation_row(&self, member: &MemberRow) -> InvitationRow {
        InvitationRow {
            place: self.place(),
            id: InvitationId::from_uuid(self.uuid()),
            member: member.id,
            user: member.user,
            asked: Role::Viewer,
            role: Role::Viewer,
            state: InvitationState::Pending,
            token_hash: [7; 32],
            invited_by: "host".to_owned(),
            sent_at: time(),
            expires_at: Timestamp::from_micros(2),
            created_at: time(),
        }
    }

    fn outbox_row(&self, invitation: InvitationId) -> OutboxRow {
        OutboxRow {
            place: self.place(),
            invitation,
            id: DeliveryId::from_uuid(self.uuid()),
            state: OutboxState::Waiting,
            due: Some(Due { at: time(), sealed: envelope([3; 16]) }),
            attempts: 0,
            unknown: 0,
            reason: None,
            created_at: time(),
            updated_at: time(),
        }
    }

    fn secret_row(&self, key: &str) -> SecretRow {
        let by = || "host".to_owned();
        SecretRow {
            place: self.place(),
            id: SecretId::from_uuid(self.uuid()),
            key: key.to_owned(),
            version: 1,
            created_at: time(),
            created_by: by(),
            updated_at: time(),
            updated_by: by(),
        }
    }

    fn version_row(&self, secret: SecretId, version: u64) -> SecretVersionRow {
        let sealed = Some(envelope([3; 16]));
        let (place, created_by) = (self.place(), "host".to_owned());
        SecretVersionRow { place, secret, version, sealed, created_at: time(), created_by }
    }

    fn key_row(&self, generation: u32, root: [u8; 16]) -> KeyRow {
        let id = *self.uuid().as_bytes();
        KeyRow { place: self.place(), generation, id, wrapped: envelope(root), check: [1; 32], created_at: time() }
    }

    fn deployment_row(&self, id: &str, keys: &[&str]) -> DeploymentRow {
        let secrets = keys.iter().map(|key| DeploymentSecret { key: (*key).to_owned(), running: None }).collect();
        let (id, name) = (id.to_owned(), "Deployment".to_owned());
        DeploymentRow { place: self.place(), id, name, secrets, created_at: time(), updated_at: time() }
    }

    /// Every op with the guards that it needs, no more; the rows of the updates and deletes are not there.
    fn ops(&self) -> Result<Vec<(WriteOp, Vec<Guard>)>, Failure> {
        let (place, user) = (self.place(), self.user_row());
        let member = self.member_row(user.id);
        let (invitation, secret) = (self.invitation_row(&member), self.secret_row("NEW"));
        let version = self.version_row(secret.id, 1);
        let (key, deployment) = (self.key_row(9, [4; 16]), self.deployment_row("new", &["A"]));
        let outbox = self.outbox_row(invitation.id);
        let sends = SendsRow { place, recipient: [5; 32], latest: time(), repeats: Vec::new() };
        let vendor = VendorRow {
            id: VendorId::from_uuid(self.uuid()),
            key: "new".to_owned(),
            name: "New".to_owned(),
            created_at: time(),
            counter: 0,
        };
        let bump = |key: GuardKey| self.guard(key, GuardMode::Bump);
        let hold = |key: GuardKey| self.guard(key, GuardMode::Hold);
        let at_place = || vec![bump(GuardKey::Place(place))];
        let at_user = || vec![bump(GuardKey::User(self.vendor, user.id))];
        let at_member = || vec![bump(GuardKey::Place(place)), bump(GuardKey::Member(place, member.id))];
        let at_both = || [at_place(), at_user()].concat();
        let in_vendor = || vec![hold(GuardKey::Place(Place::Vendor(self.vendor)))];
        let customer = self.new_row("none");
        let gone = tenantry_core::store::CustomerRow { id: self.customer, ..customer.clone() };
        let root = RootKeyRow {
            id: [6; 16],
            check: [0; 32],
            state: RootKeyState::Staged,
            kept: Vec::new(),
            created_at: time(),
        };
        Ok(vec![
            (WriteOp::InsertVendor(vendor), Vec::new()),
            (WriteOp::PutRootKey(root), Vec::new()),
            (WriteOp::InsertCustomer(customer), in_vendor()),
            (WriteOp::UpdateCustomer(gone), at_place()),
            (WriteOp::DeleteCustomer(self.vendor, self.customer), at_place()),
            (WriteOp::InsertUser(user.clone()), in_vendor()),
            (WriteOp::UpdateUser(user.clone()), at_user()),
            (WriteOp::DeleteUser(self.vendor, user.id), at_user()),
            (WriteOp::DeleteDetails(place, user.id, member.id), at_place()),
            (WriteOp::InsertMember(member.clone()), at_both()),
            (WriteOp::UpdateMember(member.clone()), at_member()),
            (WriteOp::DeleteMember(place, user.id), at_both()),
            (WriteOp::InsertInvitation(invitation.clone()), at_place()),
            (WriteOp::UpdateInvitation(invitation), at_place()),
            (WriteOp::PutOutbox(outbox.clone()), at_place()),
            (WriteOp::DeleteOutbox(place, outbox.invitation), at_place()),
            (WriteOp::PutSends(sends, time()), at_place()),
            (WriteOp::InsertSecret(secret.clone()), at_place()),
            (WriteOp::UpdateSecret(secret.clone()), at_place()),
            (WriteOp::DeleteSecret(place, secret.id), at_place()),
            (WriteOp::InsertSecretVersion(version.clone()), at_place()),
            (WriteOp::UpdateSecretVersion(version), at_place()),
            (WriteOp::DeleteSecretVersions(place, secret.id, 1), at_place()),
            (WriteOp::InsertKey(key.clone()), at_place()),
            (WriteOp::UpdateKey(key), vec![hold(GuardKey::Place(place))]),
            (WriteOp::DeleteKey(place, 9), at_place()),
            (WriteOp::PutDeployment(deployment), at_place()),
            (WriteOp::DeleteDeployment(place, "new".to_owned()), at_place()),
        ])
    }

    /// One op under these guards, on the record of the vendor.
    fn one(&self, op: WriteOp, mut guards: Vec<Guard>) -> Commit {
        guards.sort();
        let mut commit = self.commit(guards, vec![op]);
        commit.audit = vec![audit_entry(commit.id, 0, Place::Vendor(self.vendor), "test.done")];
        commit
    }

    /// Applies ops of the customer, under its guard as it is now.
    fn apply(&self, ops: Vec<WriteOp>, checks: Vec<Check>) -> Result<(), StoreError> {
        let row = ready(self.store.customer(self.vendor, self.customer))?;
        let counter = row.map_or(0, |row| row.counter);
        let guard = Guard { key: GuardKey::Place(self.place()), counter, mode: GuardMode::Bump };
        self.send(&Commit { checks, ..self.commit(vec![guard], ops) }).map(drop)
    }
}

fn is_malformed(answer: &Result<(), StoreError>) -> bool {
    matches!(answer, Err(StoreError::Malformed(_)))
}

fn every_op_needs_its_guards_and_a_bump_is_no_hold(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    for (op, guards) in bench.ops()? {
        let name = format!("{op:?}");
        let valid = |guards: Vec<Guard>| bench.one(op.clone(), guards).validate();
        valid(guards.clone()).map_err(|error| format!("{name}: {error}"))?;
        for missing in 0..guards.len() {
            let without = guards.iter().enumerate().filter(|(index, _)| *index != missing).map(|(_, guard)| *guard);
            let less = valid(without.collect());
            // The guard on a membership holds in its place, too: nothing less than this does.
            if !is_malformed(&less) {
                return Err(format!("{name} without its guard {missing}").into());
            }
            let held = guards.iter().enumerate().map(|(index, guard)| {
                let mode = if index == missing { GuardMode::Hold } else { guard.mode };
                Guard { mode, ..*guard }
            });
            let held: Vec<_> = held.collect();
            if held != guards && !is_malformed(&valid(held)) {
                return Err(format!("{name} with its guard {missing} held only").into());
            }
        }
        // And every store asks, before it looks at a row.
        if !guards.is_empty() {
            let sent = bench.send(&bench.one(op.clone(), Vec::new())).map(drop);
            if !is_malformed(&sent) {
                return Err(format!("{name} was sent without guards: {sent:?}").into());
            }
        }
        // The guard on a place of the same name in another vendor is none.
        let elsewhere = GuardKey::Place(Place::Vendor(VendorId::from_uuid(bench.uuid())));
        let foreign = valid(vec![bench.guard(elsewhere, GuardMode::Bump)]);
        ensure_eq!((&name, is_malformed(&foreign)), (&name, !guards.is_empty()));
    }
    Ok(())
}

fn a_check_of_administrators_needs_the_bump_of_its_place(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    let (home, place) = (Place::Vendor(bench.vendor), bench.place());
    let checks = [
        (Check::ActiveAdministrator(place), true),
        (Check::ActiveAdministrator(home), true),
        (Check::VendorKeyUnique { key: "acme".to_owned(), vendor: bench.vendor }, false),
        (Check::EmailUnique { vendor: bench.vendor, email_key: "x".to_owned(), user: bench.user }, false),
        (Check::RootKeys(Vec::new()), false),
        (Check::WrapsNothing([0; 16]), false),
    ];
    for (check, needs_bump) in checks {
        for (key, mode) in [(place, GuardMode::Hold), (home, GuardMode::Hold), (place, GuardMode::Bump)] {
            let guards = vec![bench.guard(GuardKey::Place(key), mode)];
            let mut commit = bench.commit(guards, Vec::new());
            commit.audit = vec![audit_entry(commit.id, 0, home, "test.done")];
            commit.checks = vec![check.clone()];
            let is_bumped = mode == GuardMode::Bump && check == Check::ActiveAdministrator(key);
            ensure_eq!(commit.validate().is_ok(), !needs_bump || is_bumped);
        }
    }
    Ok(())
}

fn an_op_that_finds_no_row_to_write_to_is_malformed(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    let before = bench.row()?;
    let place = bench.place();
    let (key, nobody) = (bench.key_row(9, [4; 16]), bench.member_row(UserId::from_uuid(bench.uuid())));
    let (secret, version) = (bench.secret_row("NONE"), bench.version_row(SecretId::from_uuid(bench.uuid()), 1));
    for op in [
        WriteOp::UpdateSecret(secret.clone()),
        WriteOp::DeleteSecret(place, secret.id),
        WriteOp::UpdateSecretVersion(version),
        WriteOp::UpdateKey(key),
        WriteOp::DeleteKey(place, 9),
        WriteOp::DeleteDeployment(place, "none".to_owned()),
        WriteOp::UpdateInvitation(bench.invitation_row(&nobody)),
        WriteOp::PutOutbox(bench.outbox_row(InvitationId::from_uuid(bench.uuid()))),
    ] {
        let name = format!("{op:?}");
        let answer = bench.apply(vec![op], Vec::new());
        ensure_eq!((&name, is_malformed(&answer)), (&name, true));
    }
    ensure_eq!(bench.row()?, before);
    Ok(())
}

fn an_insert_of_a_row_that_is_there_is_refused(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    let (secret, key) = (bench.secret_row("A"), bench.key_row(1, [4; 16]));
    let version = bench.version_row(secret.id, 1);
    let first = [
        WriteOp::InsertSecret(secret.clone()),
        WriteOp::InsertSecretVersion(version.clone()),
        WriteOp::InsertKey(key.clone()),
    ];
    bench.apply(first.to_vec(), Vec::new())?;
    let before = bench.row()?;
    let other = SecretVersionRow { sealed: Some(envelope([9; 16])), ..version.clone() };
    let customer = ready(bench.store.customer(bench.vendor, bench.customer))?.ok_or("no customer")?;
    let user = ready(bench.store.user(bench.vendor, bench.user))?.ok_or("no user")?;
    let vendor = ready(bench.store.vendor(bench.vendor))?.ok_or("no vendor")?;
    for op in [
        WriteOp::InsertVendor(VendorRow { key: "another".to_owned(), ..vendor.clone() }),
        WriteOp::InsertCustomer(tenantry_core::store::CustomerRow { external_id: None, ..customer }),
        WriteOp::InsertUser(UserRow { email_key: "another@x.test".to_owned(), ..user }),
        WriteOp::InsertSecret(SecretRow { id: SecretId::from_uuid(bench.uuid()), ..secret.clone() }),
        WriteOp::InsertSecretVersion(other),
        WriteOp::InsertKey(KeyRow { id: [9; 16], ..key.clone() }),
    ] {
        let name = format!("{op:?}");
        let answer = bench.apply(vec![op], Vec::new());
        ensure_eq!((&name, is_malformed(&answer)), (&name, true));
    }
    ensure_eq!(bench.row()?, before);
    ensure_eq!(ready(bench.store.secret_version(bench.place(), secret.id, 1))?, Some(version));
    ensure_eq!(ready(bench.store.place_keys(bench.place()))?, [key]);
    ensure_eq!(ready(bench.store.vendor(bench.vendor))?, Some(vendor));
    // What `verify` would not open is not left behind.
    bench.apply(
        vec![WriteOp::DeleteSecret(bench.place(), secret.id), WriteOp::DeleteKey(bench.place(), 1)],
        Vec::new(),
    )?;
    Ok(())
}

fn root_keys_are_checked_without_those_retired_and_in_the_order_of_their_ids(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    let root = |id: u8, state| {
        let row = RootKeyRow { id: [id; 16], check: [0; 32], state, kept: vec![id], created_at: time() };
        WriteOp::PutRootKey(row)
    };
    let alive =
        |rows: &[(u8, RootKeyState)]| Check::RootKeys(rows.iter().map(|(id, state)| ([*id; 16], *state)).collect());
    use RootKeyState::{Promoted, Retired, Staged, Superseded};
    // A check looks at what is there after the ops.
    let made = vec![root(9, Promoted), root(2, Staged), root(5, Retired)];
    bench.apply(made, vec![alive(&[(2, Staged), (9, Promoted)])])?;
    for wrong in [
        alive(&[]),
        alive(&[(9, Promoted)]),
        alive(&[(2, Staged)]),
        alive(&[(9, Promoted), (2, Staged)]),
        alive(&[(2, Promoted), (9, Promoted)]),
        alive(&[(2, Staged), (5, Retired), (9, Promoted)]),
        alive(&[(2, Staged), (3, Staged), (9, Promoted)]),
    ] {
        ensure!(matches!(bench.apply(Vec::new(), vec![wrong]), Err(StoreError::CheckFailed(0))));
    }
    let moved = vec![root(9, Superseded), root(2, Promoted)];
    ensure!(matches!(bench.apply(moved.clone(), vec![alive(&[(2, Promoted)])]), Err(StoreError::CheckFailed(0))));
    bench.apply(moved, vec![alive(&[(2, Promoted), (9, Superseded)])])?;
    // Put once more, a row is replaced whole.
    let rows = ready(bench.store.root_keys())?;
    ensure_eq!(
        rows.iter().map(|row| (row.id, row.state)).collect::<Vec<_>>(),
        [([2; 16], Promoted), ([5; 16], Retired), ([9; 16], Superseded),]
    );
    ensure_eq!(rows.first().ok_or("no row")?.kept, [2]);
    // Of all that were used one wraps: here the suite's own.
    let own = RootKey::from_bytes([1; 32]);
    let check = own.check_value(&bench.store.store_id());
    let (id, kept) = (*own.id().as_bytes(), Vec::new());
    let row = RootKeyRow { id, check, state: Promoted, kept, created_at: time() };
    let retired = vec![root(9, Retired), root(2, Retired), WriteOp::PutRootKey(row)];
    bench.apply(retired, vec![Check::RootKeys(vec![(id, Promoted)])])?;
    Ok(())
}

fn a_root_key_wraps_nothing_when_no_key_of_any_place_names_it(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    let nothing = |root: u8| vec![Check::WrapsNothing([root; 16])];
    bench.apply(Vec::new(), nothing(4))?;
    bench.apply(vec![WriteOp::InsertKey(bench.key_row(1, [4; 16]))], Vec::new())?;
    bench.apply(Vec::new(), nothing(5))?;
    ensure!(matches!(bench.apply(Vec::new(), nothing(4)), Err(StoreError::CheckFailed(0))));
    let count = |root: [u8; 16]| ready(bench.store.count_wrapped_by(root, tenantry_core::Caller::Blocking));
    ensure_eq!((count([4; 16])?, count([5; 16])?), (1, 0));
    // By one of several generations, and one that is wrapped anew.
    let second = bench.key_row(2, [5; 16]);
    bench.apply(vec![WriteOp::InsertKey(second.clone()), WriteOp::DeleteKey(bench.place(), 1)], nothing(4))?;
    ensure!(matches!(bench.apply(Vec::new(), nothing(5)), Err(StoreError::CheckFailed(0))));
    bench.apply(vec![WriteOp::UpdateKey(KeyRow { wrapped: envelope([4; 16]), ..second })], nothing(5))?;
    ensure!(matches!(bench.apply(Vec::new(), nothing(4)), Err(StoreError::CheckFailed(0))));
    bench.apply(vec![WriteOp::DeleteKey(bench.place(), 2)], nothing(4))?;
    Ok(())
}

fn versions_are_deleted_up_to_one_and_there_may_be_none(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    let (one, other) = (bench.secret_row("A"), bench.secret_row("B"));
    let mut made = vec![WriteOp::InsertSecret(one.clone()), WriteOp::InsertSecret(other.clone())];
    for version in 1..=5 {
        made.push(WriteOp::InsertSecretVersion(bench.version_row(one.id, version)));
        made.push(WriteOp::InsertSecretVersion(bench.version_row(other.id, version)));
    }
    bench.apply(made, Vec::new())?;
    let (place, caller) = (bench.place(), tenantry_core::Caller::Blocking);
    let kept = |secret: &SecretRow, before: Option<u64>, limit: usize| -> Result<Vec<u64>, StoreError> {
        let rows = ready(bench.store.secret_versions(place, secret.id, before, limit, caller))?;
        Ok(rows.into_iter().map(|row| row.version).collect())
    };
    ensure_eq!((kept(&one, None, 9)?, kept(&one, Some(4), 2)?), (vec![5, 4, 3, 2, 1], vec![3, 2]));
    ensure_eq!((kept(&one, Some(1), 9)?, kept(&one, Some(0), 9)?), (Vec::new(), Vec::new()));
    for last in [0, 2, 2] {
        bench.apply(vec![WriteOp::DeleteSecretVersions(place, one.id, last)], Vec::new())?;
    }
    ensure_eq!((kept(&one, None, 9)?, kept(&other, None, 9)?), (vec![5, 4, 3], vec![5, 4, 3, 2, 1]));
    // A version without a value hangs on no key.
    let destroyed = SecretVersionRow { sealed: None, ..bench.version_row(one.id, 4) };
    bench.apply(vec![WriteOp::UpdateSecretVersion(destroyed.clone())], Vec::new())?;
    ensure_eq!(ready(bench.store.secret_version(place, one.id, 4))?, Some(destroyed));
    let count = |key: [u8; 16]| ready(bench.store.count_sealed_by(place, key, caller));
    ensure_eq!((count([3; 16])?, count([4; 16])?), (7, 0));
    ensure_eq!(ready(bench.store.sealed_by(place, [3; 16], 3, caller))?.len(), 3);
    ensure_eq!(ready(bench.store.sealed_by(place, [3; 16], 99, caller))?.len(), 7);
    bench.apply(vec![WriteOp::DeleteSecret(place, one.id), WriteOp::DeleteSecret(place, other.id)], Vec::new())?;
    ensure_eq!((kept(&one, None, 9)?, count([3; 16])?), (Vec::new(), 0));
    Ok(())
}

fn a_deployment_is_put_whole(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    let (place, caller) = (bench.place(), tenantry_core::Caller::Blocking);
    let uses = |key: &str| -> Result<Vec<String>, StoreError> {
        Ok(ready(bench.store.uses(place, key, None, 9, caller))?.into_iter().map(|row| row.deployment).collect())
    };
    let mut row = bench.deployment_row("web", &["A", "B"]);
    bench.apply(vec![WriteOp::PutDeployment(row.clone())], Vec::new())?;
    ensure_eq!((uses("A")?, uses("B")?), (vec!["web".to_owned()], vec!["web".to_owned()]));
    row.secrets = vec![DeploymentSecret { key: "B".to_owned(), running: Some(u64::from(u32::MAX)) }];
    row.name = "Renamed".to_owned();
    bench.apply(vec![WriteOp::PutDeployment(row.clone())], Vec::new())?;
    ensure_eq!((uses("A")?, uses("B")?), (Vec::new(), vec!["web".to_owned()]));
    ensure_eq!(ready(bench.store.deployment(place, "web"))?, Some(row));
    bench.apply(vec![WriteOp::DeleteDeployment(place, "web".to_owned())], Vec::new())?;
    ensure_eq!((uses("B")?, ready(bench.store.deployment(place, "web"))?), (Vec::new(), None));
    Ok(())
}

fn a_delivery_is_put_whole_and_found_when_it_is_due_and_by_its_key(opened: &dyn Opened) -> Tried {
    let bench = Bench::new(opened)?;
    let (place, caller) = (bench.place(), tenantry_core::Caller::Blocking);
    let nobody = bench.member_row(UserId::from_uuid(bench.uuid()));
    let mut rows = Vec::new();
    for (number, due) in [3, 1, 2, 2].into_iter().enumerate() {
        let token_hash = [u8::try_from(number)?; 32];
        let state = InvitationState::Revoked;
        let invitation = InvitationRow { token_hash, state, ..bench.invitation_row(&nobody) };
        let at = Timestamp::from_micros(due);
        let due = Some(Due { at, sealed: envelope([u8::try_from(number % 2)?; 16]) });
        let row = OutboxRow { due, ..bench.outbox_row(invitation.id) };
        let ops = vec![WriteOp::InsertInvitation(invitation), WriteOp::PutOutbox(row.clone())];
        bench.apply(ops, Vec::new())?;
        rows.push(row);
    }
    let index = |row: &OutboxRow| rows.iter().position(|own| own.id == row.id).unwrap_or(usize::MAX);
    let due = |until: i64, after: Option<(Timestamp, InvitationId)>, limit: usize| -> Result<Vec<usize>, StoreError> {
        let found = ready(bench.store.outbox_due(Timestamp::from_micros(until), after, limit, caller))?;
        Ok(found.iter().map(index).collect())
    };
    ensure_eq!((due(0, None, 9)?, due(1, None, 9)?), (Vec::new(), vec![1]));
    ensure_eq!((due(9, None, 9)?, due(9, None, 2)?), (vec![1, 2, 3, 0], vec![1, 2]));
    let behind = |row: &OutboxRow| row.due.as_ref().map(|due| (due.at, row.invitation));
    for (number, expected) in [(1, vec![2, 3, 0]), (2, vec![3, 0]), (3, vec![0]), (0, Vec::new())] {
        ensure_eq!(due(9, rows.get(number).and_then(behind), 9)?, expected);
    }
    let key = |key: u8| ready(bench.store.outbox_sealed_by(place, [key; 16], 9, caller));
    ensure_eq!((key(0)?.len(), key(1)?.len(), key(2)?.len()), (2, 2, 0));
    ensure_eq!(ready(bench.store.outbox_sealed_by(place, [1; 16], 1, caller))?.len(), 1);
    ensure_eq!(ready(bench.store.count_sealed_by(place, [1; 16], caller))?, 2);
    let all = |after: Option<InvitationId>, limit: usize| ready(bench.store.outbox(place, after, limit, caller));
    ensure_eq!(all(None, 9)?, rows);
    ensure_eq!(all(rows.first().map(|row| row.invitation), 2)?, rows.get(1..3).ok_or("no rows")?);

    // Put once more, a row is replaced whole, and is due when it now says so.
    let [first, second, ..] = rows.as_slice() else { return Err("no rows".into()) };
    let sent = OutboxRow {
        id: DeliveryId::from_uuid(bench.uuid()),
        state: OutboxState::Sent,
        due: None,
        attempts: u32::MAX,
        unknown: 7,
        reason: Some("ä".to_owned()),
        created_at: Timestamp::from_micros(-5),
        updated_at: Timestamp::from_micros(i64::MAX),
        ..second.clone()
    };
    let later =
        OutboxRow { due: Some(Due { at: Timestamp::from_micros(8), sealed: envelope([1; 16]) }), ..first.clone() };
    bench.apply(vec![WriteOp::PutOutbox(sent.clone()), WriteOp::PutOutbox(later.clone())], Vec::new())?;
    ensure_eq!(ready(bench.store.outbox_row(place, sent.invitation))?, Some(sent));
    ensure_eq!(ready(bench.store.outbox_row(place, later.invitation))?, Some(later));
    ensure_eq!((due(7, None, 9)?, due(8, None, 9)?), (vec![2, 3], vec![2, 3, 0]));
    ensure_eq!((key(0)?.len(), key(1)?.len()), (1, 2));
    for row in rows.iter().chain(&rows) {
        bench.apply(vec![WriteOp::DeleteOutbox(place, row.invitation)], Vec::new())?;
        ensure_eq!(ready(bench.store.outbox_row(place, row.invitation))?, None);
    }
    ensure_eq!((due(i64::MAX, None, 9)?, all(None, 9)?), (Vec::new(), Vec::new()));
    Ok(())
}
