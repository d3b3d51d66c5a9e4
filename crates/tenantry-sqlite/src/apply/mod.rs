//! Applies a commit inside an open transaction, in the order of the contract. It was validated before.

mod outbox;
mod secrets;

use std::cell::RefCell;

use rusqlite::{Connection, OptionalExtension, ToSql, params};
use tenantry_core::audit;
use tenantry_core::clock::Timestamp;
use tenantry_core::ids::{CommitId, CustomerId, MemberId, UserId, VendorId};
use tenantry_core::store::{
    AuditEntry, ChainHead, Check, Commit, CustomerRow, EntryPosition, Guard, GuardKey, GuardMode, InvitationRow,
    MemberRow, Place, Receipt, RootKeyState, SendsRow, StoreError, UserRow, VendorRow, WriteOp,
};
use uuid::Uuid;

use crate::error::{is_unique_violation, not_applied};
use crate::row::{self, Columns, blob, int};
use crate::search::{self, Numbers, Touched};

type Applied<T> = Result<T, StoreError>;

/// Applies a commit; answers its receipt, and what the search index has to look at before the transaction ends. It does not
/// look for an earlier receipt: a commit that was applied before finds its audit entries there and fails.
pub(crate) fn apply(connection: &Connection, numbers: &Numbers, commit: &Commit) -> Applied<(Receipt, Touched)> {
    let write = Write { connection, numbers, touched: RefCell::default() };
    // Those that write come last: a conflict leaves nothing behind where there is one of them.
    let by_mode = |mode| commit.guards.iter().filter(move |guard| guard.mode == mode);
    for guard in by_mode(GuardMode::Hold).chain(by_mode(GuardMode::Bump)) {
        write.guard(guard)?;
    }
    for op in &commit.ops {
        match write.op(op) {
            Ok(true) => {}
            Ok(false) => return Err(StoreError::Malformed("the row to write to does not exist")),
            Err(error) if is_unique_violation(&error) => return Err(write.taken(&commit.checks)?),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
                return Err(StoreError::Malformed("an op breaks a constraint of the schema"));
            }
            Err(error) => return Err(not_applied(error)),
        }
    }
    for (index, check) in commit.checks.iter().enumerate() {
        if !write.holds(check).map_err(not_applied)? {
            return Err(StoreError::CheckFailed(index));
        }
    }
    let entries = (0..).zip(&commit.audit).map(|(ordinal, entry)| write.append(commit.id, ordinal, entry));
    let receipt = Receipt { entries: entries.collect::<rusqlite::Result<_>>().map_err(not_applied)? };
    Ok((receipt, write.touched.into_inner()))
}

/// Whether a commit that is refused may have written something before. A commit without checks is refused by its guards
/// only, and they write last, one of them at most: what fails in it later is a bug or the disk.
pub(crate) fn may_be_taken_back(commit: &Commit) -> bool {
    !commit.checks.is_empty() || commit.guards.iter().filter(|guard| guard.mode == GuardMode::Bump).count() > 1
}

/// The receipt of a commit that was applied before. Asked when applying it failed, once what that wrote is taken back.
pub(crate) fn earlier_receipt(connection: &Connection, id: CommitId) -> Applied<Option<Receipt>> {
    let read = || {
        let mut statement = connection.prepare_cached(
            "SELECT vendor_id, place_id, number, position FROM audit_entries WHERE commit_id = ?1 ORDER BY ordinal",
        )?;
        let entries = statement.query_map([blob(id.as_uuid())], |row| {
            let mut columns = Columns::of(row);
            let vendor = VendorId::from_uuid(columns.uuid()?);
            let place = Place::from_uuid(vendor, columns.uuid()?);
            Ok(EntryPosition { place, number: columns.number()?, position: columns.number()? })
        })?;
        entries.collect::<rusqlite::Result<Vec<_>>>()
    };
    let entries = read().map_err(not_applied)?;
    Ok(if entries.is_empty() { None } else { Some(Receipt { entries }) })
}

/// Writes to a connection, and notes what it touches that is searched.
struct Write<'a> {
    connection: &'a Connection,
    numbers: &'a Numbers,
    touched: RefCell<Touched>,
}

impl Write<'_> {
    fn execute(&self, sql: &str, params: &[&dyn ToSql]) -> rusqlite::Result<usize> {
        self.connection.prepare_cached(sql)?.execute(params)
    }

    /// Executes a statement that must find a row; whether it did.
    fn one(&self, sql: &str, params: &[&dyn ToSql]) -> rusqlite::Result<bool> {
        self.execute(sql, params).map(|rows| rows > 0)
    }

    /// Executes a statement that answers the search numbers of the rows it wrote, alone or behind an id.
    fn returning<T>(
        &self,
        sql: &str,
        params: &[&dyn ToSql],
        row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.connection.prepare_cached(sql)?.query_map(params, row)?.collect()
    }

    fn exists(&self, sql: &str, params: &[&dyn ToSql]) -> rusqlite::Result<bool> {
        self.connection.prepare_cached(sql)?.exists(params)
    }

    fn guard(&self, guard: &Guard) -> Applied<()> {
        let counter = int(guard.counter);
        let bump = guard.mode == GuardMode::Bump;
        let holds = match &guard.key {
            GuardKey::Place(Place::Vendor(id)) => {
                let sql = if bump {
                    "UPDATE vendors SET counter = counter + 1 WHERE id = ?1 AND counter = ?2"
                } else {
                    "SELECT 1 FROM vendors WHERE id = ?1 AND counter = ?2"
                };
                self.hold_or_bump(bump, sql, params![blob(id.as_uuid()), counter])
            }
            GuardKey::Place(Place::Customer(vendor, id)) => {
                let sql = if bump {
                    "UPDATE customers SET counter = counter + 1 WHERE vendor_id = ?1 AND id = ?2 AND counter = ?3"
                } else {
                    "SELECT 1 FROM customers WHERE vendor_id = ?1 AND id = ?2 AND counter = ?3"
                };
                let key = params![blob(vendor.as_uuid()), blob(id.as_uuid()), counter];
                self.hold_or_bump(bump, sql, key)
            }
            GuardKey::Member(place, id) => {
                let sql = if bump {
                    "UPDATE members SET counter = counter + 1
                     WHERE vendor_id = ?1 AND place_id = ?2 AND id = ?3 AND counter = ?4"
                } else {
                    "SELECT 1 FROM members WHERE vendor_id = ?1 AND place_id = ?2 AND id = ?3 AND counter = ?4"
                };
                let vendor = place.vendor();
                let key = params![blob(vendor.as_uuid()), blob(&place.uuid()), blob(id.as_uuid()), counter];
                self.hold_or_bump(bump, sql, key)
            }
            GuardKey::User(vendor, id) => {
                let sql = if bump {
                    "UPDATE users SET counter = counter + 1 WHERE vendor_id = ?1 AND id = ?2 AND counter = ?3"
                } else {
                    "SELECT 1 FROM users WHERE vendor_id = ?1 AND id = ?2 AND counter = ?3"
                };
                let key = params![blob(vendor.as_uuid()), blob(id.as_uuid()), counter];
                self.hold_or_bump(bump, sql, key)
            }
        };
        if holds.map_err(not_applied)? { Ok(()) } else { Err(StoreError::Conflict) }
    }

    fn hold_or_bump(&self, bump: bool, sql: &str, key: &[&dyn ToSql]) -> rusqlite::Result<bool> {
        if bump { self.one(sql, key) } else { self.exists(sql, key) }
    }

    /// Which check a unique key that is taken fails.
    fn taken(&self, checks: &[Check]) -> Applied<StoreError> {
        for (index, check) in checks.iter().enumerate() {
            if check.is_of_uniqueness() && !self.holds(check).map_err(not_applied)? {
                return Ok(StoreError::CheckFailed(index));
            }
        }
        Ok(StoreError::Malformed("a key is taken and no check names it"))
    }

    /// Applies an op; `false` when the row that it writes to does not exist.
    fn op(&self, op: &WriteOp) -> rusqlite::Result<bool> {
        match op {
            WriteOp::InsertVendor(row) => self.insert_vendor(row),
            WriteOp::InsertCustomer(row) => self.insert_customer(row),
            WriteOp::UpdateCustomer(row) => self.update_customer(row),
            WriteOp::DeleteCustomer(vendor, id) => self.delete_customer(*vendor, *id),
            WriteOp::InsertUser(row) => self.insert_user(row),
            WriteOp::UpdateUser(row) => self.update_user(row),
            WriteOp::DeleteUser(vendor, id) => self.delete_user(*vendor, *id),
            WriteOp::DeleteDetails(place, user, member) => self.delete_details(*place, *user, *member),
            WriteOp::InsertMember(row) => {
                Ok(self.insert_member(row)? && self.count(row.place, "members = members + 1")?)
            }
            WriteOp::UpdateMember(row) => self.update_member(row),
            WriteOp::DeleteMember(place, user) => {
                Ok(self.delete_member(*place, *user)? && self.count(*place, "members = members - 1")?)
            }
            WriteOp::InsertInvitation(row) => self.insert_invitation(row),
            WriteOp::UpdateInvitation(row) => self.update_invitation(row),
            WriteOp::PutOutbox(row) => self.put_outbox(row),
            WriteOp::DeleteOutbox(place, invitation) => self.delete_outbox(*place, *invitation),
            WriteOp::DeleteSends(vendor, before) => self.delete_sends(*vendor, *before),
            WriteOp::PutSends(row, before) => self.put_sends(row, *before),
            WriteOp::InsertSecret(row) => {
                Ok(self.insert_secret(row)? && self.count(row.place, "secrets = secrets + 1")?)
            }
            WriteOp::UpdateSecret(row) => self.update_secret(row),
            WriteOp::DeleteSecret(place, id) => {
                Ok(self.delete_secret(*place, *id)? && self.count(*place, "secrets = secrets - 1")?)
            }
            WriteOp::InsertSecretVersion(row) => self.insert_secret_version(row),
            WriteOp::UpdateSecretVersion(row) => self.update_secret_version(row),
            WriteOp::DeleteSecretVersions(place, id, last) => self.delete_secret_versions(*place, *id, *last),
            WriteOp::InsertKey(row) => self.insert_key(row),
            WriteOp::UpdateKey(row) => self.update_key(row),
            WriteOp::DeleteKey(place, generation) => self.delete_key(*place, *generation),
            WriteOp::PutRootKey(row) => self.put_root_key(row),
            WriteOp::PutDeployment(row) => self.put_deployment(row),
            WriteOp::DeleteDeployment(place, id) => self.delete_deployment(*place, id),
        }
    }

    fn insert_vendor(&self, row: &VendorRow) -> rusqlite::Result<bool> {
        let VendorRow { id, key, name, created_at, counter: _ } = row;
        self.execute(
            "INSERT INTO vendors (id, key, name, created_at, counter) VALUES (?1, ?2, ?3, ?4, 0)",
            params![blob(id.as_uuid()), key, name, created_at.micros()],
        )?;
        search::add_vendor(self.connection, *id)?;
        Ok(true)
    }

    fn insert_customer(&self, row: &CustomerRow) -> rusqlite::Result<bool> {
        let sql = "INSERT INTO customers (vendor_id, id, name, name_folded, external_id, external_id_folded, status,
                       features, claimed, revision, created_at, updated_at, members, secrets, counter, number)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0, 0, 0, ?13)";
        let number = self.numbers.next(self.connection, row.vendor)?;
        self.customer(row, Some(number), |params| self.execute(sql, params))?;
        self.touched.borrow_mut().new_customer(number, row);
        Ok(true)
    }

    fn update_customer(&self, row: &CustomerRow) -> rusqlite::Result<bool> {
        let sql = "UPDATE customers SET name = ?3, name_folded = ?4, external_id = ?5, external_id_folded = ?6,
                       status = ?7, features = ?8, claimed = ?9, revision = ?10, created_at = ?11, updated_at = ?12
                   WHERE vendor_id = ?1 AND id = ?2 AND ?13 IS NULL RETURNING number";
        let numbers = self.customer(row, None, |params| self.returning(sql, params, |row| row.get(0)))?;
        Ok(self.touch_customer(row.vendor, row.id, &numbers))
    }

    /// Writes a customer with a statement of these parameters.
    fn customer<T>(
        &self,
        row: &CustomerRow,
        number: Option<i64>,
        write: impl FnOnce(&[&dyn ToSql]) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let CustomerRow {
            vendor,
            id,
            name,
            name_folded,
            external_id,
            external_id_folded,
            status,
            features,
            claimed,
            members: _,
            secrets: _,
            revision,
            created_at,
            updated_at,
            counter: _,
        } = row;
        write(params![
            blob(vendor.as_uuid()),
            blob(id.as_uuid()),
            name,
            name_folded,
            external_id,
            external_id_folded,
            status.as_str(),
            features.as_str(),
            claimed,
            int(*revision),
            created_at.micros(),
            updated_at.micros(),
            number,
        ])
    }

    /// Notes a customer that was written; whether there was one.
    fn touch_customer(&self, vendor: VendorId, id: CustomerId, numbers: &[i64]) -> bool {
        let mut touched = self.touched.borrow_mut();
        numbers.iter().for_each(|number| touched.customer(*number, vendor, id));
        !numbers.is_empty()
    }

    /// Notes members that were written; whether there was one.
    fn touch_members(&self, vendor: VendorId, members: &[(Uuid, Uuid, i64)]) -> bool {
        let mut touched = self.touched.borrow_mut();
        for (place, user, number) in members {
            touched.member(*number, Place::from_uuid(vendor, *place), UserId::from_uuid(*user));
        }
        !members.is_empty()
    }

    fn delete_customer(&self, vendor: VendorId, customer: CustomerId) -> rusqlite::Result<bool> {
        let id = customer.as_uuid();
        let key = params![blob(vendor.as_uuid()), id.as_bytes()];
        let members = self.returning(
            "DELETE FROM members WHERE vendor_id = ?1 AND place_id = ?2 RETURNING place_id, user_id, number",
            key,
            numbered_member,
        )?;
        self.touch_members(vendor, &members);
        for sql in [
            "DELETE FROM outbox WHERE vendor_id = ?1 AND place_id = ?2",
            "DELETE FROM invitations WHERE vendor_id = ?1 AND place_id = ?2",
            "DELETE FROM invitation_sends WHERE vendor_id = ?1 AND place_id = ?2",
            "DELETE FROM secret_versions WHERE vendor_id = ?1 AND place_id = ?2",
            "DELETE FROM secrets WHERE vendor_id = ?1 AND place_id = ?2",
            "DELETE FROM place_keys WHERE vendor_id = ?1 AND place_id = ?2",
            "DELETE FROM deployment_secrets WHERE vendor_id = ?1 AND place_id = ?2",
            "DELETE FROM deployments WHERE vendor_id = ?1 AND place_id = ?2",
            "DELETE FROM audit_details WHERE vendor_id = ?1 AND place_id = ?2",
        ] {
            self.execute(sql, key)?;
        }
        let sql = "DELETE FROM customers WHERE vendor_id = ?1 AND id = ?2 RETURNING number";
        let numbers = self.returning(sql, key, |row| row.get(0))?;
        Ok(self.touch_customer(vendor, customer, &numbers))
    }

    /// Changes a count of a customer; the vendor itself keeps none.
    fn count(&self, place: Place, change: &str) -> rusqlite::Result<bool> {
        let Place::Customer(vendor, id) = place else { return Ok(true) };
        let sql = format!("UPDATE customers SET {change} WHERE vendor_id = ?1 AND id = ?2");
        self.one(&sql, params![blob(vendor.as_uuid()), blob(id.as_uuid())])
    }

    fn insert_user(&self, row: &UserRow) -> rusqlite::Result<bool> {
        let sql = "INSERT INTO users (vendor_id, id, email, email_key, email_folded, created_at, counter)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)";
        self.user(sql, row)
    }

    fn update_user(&self, row: &UserRow) -> rusqlite::Result<bool> {
        let sql = "UPDATE users SET email = ?3, email_key = ?4, email_folded = ?5, created_at = ?6
                   WHERE vendor_id = ?1 AND id = ?2";
        let is_there = self.user(sql, row)?;
        let sql = "SELECT place_id, user_id, number FROM members WHERE vendor_id = ?1 AND user_id = ?2";
        let key = params![blob(row.vendor.as_uuid()), blob(row.id.as_uuid())];
        let members = self.returning(sql, key, numbered_member)?;
        self.touch_members(row.vendor, &members);
        Ok(is_there)
    }

    fn user(&self, sql: &str, row: &UserRow) -> rusqlite::Result<bool> {
        let UserRow { vendor, id, email, email_key, email_folded, created_at, counter: _ } = row;
        self.one(
            sql,
            params![blob(vendor.as_uuid()), blob(id.as_uuid()), email, email_key, email_folded, created_at.micros(),],
        )
    }

    fn delete_user(&self, vendor: VendorId, id: UserId) -> rusqlite::Result<bool> {
        self.execute(
            "DELETE FROM audit_details WHERE vendor_id = ?1 AND subject = ?2 AND subject <> ''",
            params![blob(vendor.as_uuid()), id.to_string()],
        )?;
        self.one(
            "DELETE FROM users WHERE vendor_id = ?1 AND id = ?2",
            params![blob(vendor.as_uuid()), blob(id.as_uuid())],
        )
    }

    fn delete_details(&self, place: Place, user: UserId, member: MemberId) -> rusqlite::Result<bool> {
        self.execute(
            "DELETE FROM audit_details AS d
             WHERE d.vendor_id = ?1 AND d.place_id = ?2 AND d.subject = ?3 AND d.subject <> ''
               AND EXISTS (SELECT 1 FROM audit_entries AS e WHERE e.vendor_id = d.vendor_id
                               AND e.place_id = d.place_id AND e.number = d.number AND e.target = ?4)",
            params![blob(place.vendor().as_uuid()), blob(&place.uuid()), user.to_string(), member.to_string(),],
        )?;
        Ok(true)
    }

    fn insert_member(&self, row: &MemberRow) -> rusqlite::Result<bool> {
        let sql = "INSERT INTO members (vendor_id, place_id, user_id, id, name, role, state, revision, created_at,
                       updated_at, invited_email, counter, number)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, ?12)";
        let number = self.numbers.next_member(self.connection, row.place)?;
        self.member(sql, row, Some(number))?;
        self.touched.borrow_mut().member(number, row.place, row.user);
        Ok(true)
    }

    fn update_member(&self, row: &MemberRow) -> rusqlite::Result<bool> {
        let sql = "UPDATE members SET id = ?4, name = ?5, role = ?6, state = ?7, revision = ?8, created_at = ?9,
                       updated_at = ?10, invited_email = ?11
                   WHERE vendor_id = ?1 AND place_id = ?2 AND user_id = ?3 AND ?12 IS NULL";
        // Nothing of it is searched.
        self.member(sql, row, None)
    }

    fn member(&self, sql: &str, row: &MemberRow, number: Option<i64>) -> rusqlite::Result<bool> {
        let MemberRow {
            place,
            user,
            id,
            name,
            invited_email,
            role,
            state,
            revision,
            created_at,
            updated_at,
            counter: _,
        } = row;
        self.one(
            sql,
            params![
                blob(place.vendor().as_uuid()),
                blob(&place.uuid()),
                blob(user.as_uuid()),
                blob(id.as_uuid()),
                name,
                role.as_str(),
                state.as_str(),
                int(*revision),
                created_at.micros(),
                updated_at.micros(),
                invited_email,
                number,
            ],
        )
    }

    fn delete_member(&self, place: Place, user: UserId) -> rusqlite::Result<bool> {
        let members = self.returning(
            "DELETE FROM members WHERE vendor_id = ?1 AND place_id = ?2 AND user_id = ?3
             RETURNING place_id, user_id, number",
            params![blob(place.vendor().as_uuid()), blob(&place.uuid()), blob(user.as_uuid())],
            numbered_member,
        )?;
        Ok(self.touch_members(place.vendor(), &members))
    }

    fn insert_invitation(&self, row: &InvitationRow) -> rusqlite::Result<bool> {
        let sql =
            "INSERT INTO invitations (vendor_id, place_id, id, member_id, user_id, asked, role, state, token_hash,
                       invited_by, sent_at, expires_at, created_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        self.invitation(sql, row)
    }

    fn update_invitation(&self, row: &InvitationRow) -> rusqlite::Result<bool> {
        let sql = "UPDATE invitations SET member_id = ?4, user_id = ?5, asked = ?6, role = ?7, state = ?8,
                       token_hash = ?9, invited_by = ?10, sent_at = ?11, expires_at = ?12, created_at = ?13
                   WHERE vendor_id = ?1 AND place_id = ?2 AND id = ?3";
        self.invitation(sql, row)
    }

    fn invitation(&self, sql: &str, row: &InvitationRow) -> rusqlite::Result<bool> {
        let InvitationRow {
            place,
            id,
            member,
            user,
            asked,
            role,
            state,
            token_hash,
            invited_by,
            sent_at,
            expires_at,
            created_at,
        } = row;
        self.one(
            sql,
            params![
                blob(place.vendor().as_uuid()),
                blob(&place.uuid()),
                blob(id.as_uuid()),
                blob(member.as_uuid()),
                blob(user.as_uuid()),
                asked.as_str(),
                role.as_str(),
                state.as_str(),
                token_hash,
                invited_by,
                sent_at.micros(),
                expires_at.micros(),
                created_at.micros(),
            ],
        )
    }

    fn delete_sends(&self, vendor: VendorId, before: Timestamp) -> rusqlite::Result<bool> {
        self.execute(
            "DELETE FROM invitation_sends WHERE vendor_id = ?1 AND latest < ?2",
            params![blob(vendor.as_uuid()), before.micros()],
        )?;
        Ok(true)
    }

    fn put_sends(&self, row: &SendsRow, before: Timestamp) -> rusqlite::Result<bool> {
        let SendsRow { place, recipient, latest, repeats } = row;
        let vendor = place.vendor();
        self.delete_sends(vendor, before)?;
        self.one(
            "INSERT INTO invitation_sends (vendor_id, place_id, recipient, latest, repeats)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (vendor_id, place_id, recipient) DO UPDATE SET latest = ?4, repeats = ?5",
            params![blob(vendor.as_uuid()), blob(&place.uuid()), recipient, latest.micros(), row::repeats(repeats),],
        )
    }

    fn holds(&self, check: &Check) -> rusqlite::Result<bool> {
        let broken = match check {
            Check::VendorKeyUnique { key, vendor } => {
                self.exists("SELECT 1 FROM vendors WHERE key = ?1 AND id <> ?2", params![key, blob(vendor.as_uuid())])
            }
            Check::ExternalIdUnique { vendor, external_id, customer } => self.exists(
                "SELECT 1 FROM customers WHERE vendor_id = ?1 AND external_id = ?2 AND id <> ?3",
                params![blob(vendor.as_uuid()), external_id, blob(customer.as_uuid())],
            ),
            Check::EmailUnique { vendor, email_key, user } => self.exists(
                "SELECT 1 FROM users WHERE vendor_id = ?1 AND email_key = ?2 AND id <> ?3",
                params![blob(vendor.as_uuid()), email_key, blob(user.as_uuid())],
            ),
            Check::ActiveAdministrator(place) => {
                return self.exists(
                    "SELECT 1 FROM members
                     WHERE vendor_id = ?1 AND place_id = ?2 AND role = 'administrator' AND state = 'active'",
                    params![blob(place.vendor().as_uuid()), blob(&place.uuid())],
                );
            }
            Check::ChainHead(head) => return Ok(self.head(head.place)? == Some(*head)),
            Check::RootKeys(expected) => {
                let rows = row::root_keys(self.connection)?;
                let alive = rows.iter().filter(|row| row.state != RootKeyState::Retired);
                return Ok(alive.map(|row| (row.id, row.state)).eq(expected.iter().copied()));
            }
            Check::WrapsNothing(root) => {
                self.exists("SELECT 1 FROM place_keys WHERE substr(wrapped, 7, 16) = ?1", params![root])
            }
        };
        broken.map(|broken| !broken)
    }

    fn head(&self, place: Place) -> rusqlite::Result<Option<ChainHead>> {
        let sql = "SELECT vendor_id, place_id, number, hash FROM audit_heads WHERE vendor_id = ?1 AND place_id = ?2";
        let key = params![blob(place.vendor().as_uuid()), blob(&place.uuid())];
        self.connection.prepare_cached(sql)?.query_row(key, row::head).optional()
    }

    /// Gives an entry its number and position and links it to the one before.
    fn append(&self, commit: CommitId, ordinal: u32, entry: &AuditEntry) -> rusqlite::Result<EntryPosition> {
        let AuditEntry { place, time, actor, action, target, digest, detail } = entry;
        let (vendor, at) = (place.vendor(), place.uuid());
        let (number, previous) = self.head(*place)?.map_or((1, [0; 32]), |head| (head.number + 1, head.hash));
        let position = "SELECT coalesce(max(position), 0) + 1 FROM audit_entries WHERE vendor_id = ?1";
        let position = self
            .connection
            .prepare_cached(position)?
            .query_row([blob(vendor.as_uuid())], |row| Columns::of(row).number())?;
        let hash = audit::link(&previous, number, position, digest);
        self.execute(
            "INSERT INTO audit_entries (vendor_id, place_id, number, position, commit_id, ordinal, time, actor, action,
                 target, detail_digest, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                blob(vendor.as_uuid()),
                at.as_bytes(),
                int(number),
                int(position),
                blob(commit.as_uuid()),
                ordinal,
                time.micros(),
                actor,
                action,
                target,
                detail.as_ref().map(|detail| detail.digest),
                hash,
            ],
        )?;
        if let Some(detail) = detail {
            self.execute(
                "INSERT INTO audit_details (vendor_id, place_id, number, salt, subject, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![blob(vendor.as_uuid()), at.as_bytes(), int(number), detail.salt, detail.subject, detail.body,],
            )?;
        }
        self.execute(
            "INSERT INTO audit_heads (vendor_id, place_id, number, hash) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (vendor_id, place_id) DO UPDATE SET number = ?3, hash = ?4",
            params![blob(vendor.as_uuid()), at.as_bytes(), int(number), hash],
        )?;
        Ok(EntryPosition { place: *place, number, position })
    }
}

/// A place, a user and the member's search number.
fn numbered_member(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Uuid, Uuid, i64)> {
    let mut columns = Columns::of(row);
    Ok((columns.uuid()?, columns.uuid()?, columns.value()?))
}
