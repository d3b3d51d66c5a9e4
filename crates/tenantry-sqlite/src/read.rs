//! The reads of the contract.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Params, Result, Row, params};
use tenantry_core::Caller;
use tenantry_core::Role;
use tenantry_core::ids::{CustomerId, InvitationId, MemberId, SecretId, UserId, VendorId};
use tenantry_core::store::{
    AuditFilter, AuditRead, AuditRow, ChainHead, CustomerQuery, CustomerRead, CustomerRow, CustomerStatus,
    DeploymentRead, DeploymentRow, DetailRow, InvitationRead, InvitationRow, KeyRead, KeyRow, MemberRead, MemberRow,
    MemberState, Place, RootKeyRow, SecretRead, SecretRow, SecretVersionRow, SendsRow, Standing, StandingMember,
    StoreError, StoredFeatures, UseRow, UserRead, UserRow, VendorRead, VendorRow,
};
use uuid::Uuid;

use crate::row::{self, Columns, blob, int};
use crate::search;
use crate::store::SqliteStore;

type Read<T> = std::result::Result<T, StoreError>;

/// SQLite keeps no UUID below this one: what a list without a cursor begins after.
const FIRST: [u8; 16] = [0; 16];

pub(crate) fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    row: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    connection.prepare_cached(sql)?.query_row(params, row).optional()
}

pub(crate) fn many<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    row: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map(params, row)?.collect()
}

fn count(connection: &Connection, sql: &str, params: impl Params) -> Result<u64> {
    Ok(one(connection, sql, params, |row| Columns::of(row).number())?.unwrap_or(0))
}

pub(crate) fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(crate) fn bytes(id: Option<&Uuid>) -> [u8; 16] {
    id.map_or(FIRST, |id| *id.as_bytes())
}

#[async_trait]
impl VendorRead for SqliteStore {
    async fn vendor(&self, id: VendorId) -> Read<Option<VendorRow>> {
        let sql = format!("SELECT {} FROM vendors WHERE id = ?1", row::VENDOR);
        self.read(|connection| one(connection, &sql, [blob(id.as_uuid())], row::vendor))
    }

    async fn vendor_by_key(&self, key: &str) -> Read<Option<VendorRow>> {
        let sql = format!("SELECT {} FROM vendors WHERE key = ?1", row::VENDOR);
        self.read(|connection| one(connection, &sql, [key], row::vendor))
    }

    async fn vendors(&self, after: Option<&str>, limit: usize) -> Read<Vec<VendorRow>> {
        let sql = format!("SELECT {} FROM vendors WHERE key > ?1 ORDER BY key LIMIT ?2", row::VENDOR);
        let params = params![after.unwrap_or_default(), rows(limit)];
        self.read(|connection| many(connection, &sql, params, row::vendor))
    }

    async fn standing(&self, user: Option<UserId>, home: Place, place: Place) -> Read<Option<Standing>> {
        let (vendor, home) = (home.vendor(), home.uuid());
        let user = user.map(|user| blob(user.as_uuid()));
        self.read(|connection| match place {
            Place::Vendor(id) => {
                let sql = "SELECT p.counter, 'active', NULL, m.id, m.role, m.state, m.counter
                           FROM vendors AS p
                           LEFT JOIN members AS m ON m.vendor_id = ?2 AND m.place_id = ?3 AND m.user_id = ?4
                           WHERE p.id = ?1";
                let params = params![blob(id.as_uuid()), blob(vendor.as_uuid()), home.as_bytes(), user];
                one(connection, sql, params, standing)
            }
            Place::Customer(own, id) => {
                let sql = "SELECT p.counter, p.status, p.features, m.id, m.role, m.state, m.counter
                           FROM customers AS p
                           LEFT JOIN members AS m ON m.vendor_id = ?3 AND m.place_id = ?4 AND m.user_id = ?5
                           WHERE p.vendor_id = ?1 AND p.id = ?2";
                let params =
                    params![blob(own.as_uuid()), blob(id.as_uuid()), blob(vendor.as_uuid()), home.as_bytes(), user];
                one(connection, sql, params, standing)
            }
        })
    }
}

fn standing(row: &Row<'_>) -> Result<Standing> {
    let mut columns = Columns::of(row);
    let counter = columns.number()?;
    let status = columns.word(CustomerStatus::from_name)?;
    let features = columns.value::<Option<String>>()?.map(StoredFeatures::from_stored);
    let member = match columns.value::<Option<[u8; 16]>>()? {
        Some(id) => Some(StandingMember {
            id: MemberId::from_uuid(Uuid::from_bytes(id)),
            role: columns.word(Role::from_name)?,
            state: columns.word(MemberState::from_name)?,
            counter: columns.number()?,
        }),
        None => None,
    };
    Ok(Standing { counter, status, features, member })
}

#[async_trait]
impl CustomerRead for SqliteStore {
    async fn customer(&self, vendor: VendorId, id: CustomerId) -> Read<Option<CustomerRow>> {
        let sql = format!("SELECT {} FROM customers WHERE vendor_id = ?1 AND id = ?2", row::CUSTOMER);
        let params = params![blob(vendor.as_uuid()), blob(id.as_uuid())];
        self.read(|connection| one(connection, &sql, params, row::customer))
    }

    async fn customer_by_external_id(&self, vendor: VendorId, external_id: &str) -> Read<Option<CustomerRow>> {
        let sql = format!("SELECT {} FROM customers WHERE vendor_id = ?1 AND external_id = ?2", row::CUSTOMER);
        let params = params![blob(vendor.as_uuid()), external_id];
        self.read(|connection| one(connection, &sql, params, row::customer))
    }

    async fn customers(&self, vendor: VendorId, query: &CustomerQuery, caller: Caller) -> Read<Vec<CustomerRow>> {
        let (orders, query) = (self.orders()?, query.clone());
        self.list(caller, move |connection| search::customers(connection, &orders, vendor, &query)).await
    }
}

#[async_trait]
impl UserRead for SqliteStore {
    async fn user(&self, vendor: VendorId, id: UserId) -> Read<Option<UserRow>> {
        let sql = format!("SELECT {} FROM users WHERE vendor_id = ?1 AND id = ?2", row::USER);
        let params = params![blob(vendor.as_uuid()), blob(id.as_uuid())];
        self.read(|connection| one(connection, &sql, params, row::user))
    }

    async fn user_by_email(&self, vendor: VendorId, email_key: &str) -> Read<Option<UserRow>> {
        let sql = format!("SELECT {} FROM users WHERE vendor_id = ?1 AND email_key = ?2", row::USER);
        let params = params![blob(vendor.as_uuid()), email_key];
        self.read(|connection| one(connection, &sql, params, row::user))
    }

    async fn memberships(&self, vendor: VendorId, user: UserId) -> Read<Vec<MemberRow>> {
        let sql =
            format!("SELECT {} FROM members WHERE vendor_id = ?1 AND user_id = ?2 ORDER BY place_id", row::MEMBER);
        let params = params![blob(vendor.as_uuid()), blob(user.as_uuid())];
        self.read(|connection| many(connection, &sql, params, row::member))
    }

    async fn users(&self, vendor: VendorId, after: Option<UserId>, limit: usize, caller: Caller) -> Read<Vec<UserRow>> {
        let sql = format!("SELECT {} FROM users WHERE vendor_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3", row::USER);
        self.list(caller, move |connection| {
            let after = bytes(after.as_ref().map(UserId::as_uuid));
            many(connection, &sql, params![blob(vendor.as_uuid()), after, rows(limit)], row::user)
        })
        .await
    }
}

#[async_trait]
impl MemberRead for SqliteStore {
    async fn member(&self, place: Place, id: MemberId) -> Read<Option<MemberRow>> {
        let sql = format!("SELECT {} FROM members WHERE vendor_id = ?1 AND place_id = ?2 AND id = ?3", row::MEMBER);
        let vendor = place.vendor();
        let params = params![blob(vendor.as_uuid()), blob(&place.uuid()), blob(id.as_uuid())];
        self.read(|connection| one(connection, &sql, params, row::member))
    }

    async fn member_of_user(&self, place: Place, user: UserId) -> Read<Option<MemberRow>> {
        let sql =
            format!("SELECT {} FROM members WHERE vendor_id = ?1 AND place_id = ?2 AND user_id = ?3", row::MEMBER);
        let vendor = place.vendor();
        let params = params![blob(vendor.as_uuid()), blob(&place.uuid()), blob(user.as_uuid())];
        self.read(|connection| one(connection, &sql, params, row::member))
    }

    async fn members(
        &self,
        place: Place,
        after: Option<MemberId>,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<(MemberRow, UserRow)>> {
        let columns = |table: &str, columns: &str| {
            columns.split(", ").map(|column| format!("{table}.{}", column.trim())).collect::<Vec<_>>().join(", ")
        };
        let sql = format!(
            "SELECT {}, {} FROM members AS m JOIN users AS u ON u.vendor_id = m.vendor_id AND u.id = m.user_id
             WHERE m.vendor_id = ?1 AND m.place_id = ?2 AND m.id > ?3 ORDER BY m.id LIMIT ?4",
            columns("m", row::MEMBER),
            columns("u", row::USER),
        );
        self.list(caller, move |connection| {
            let (vendor, place) = (place.vendor(), place.uuid());
            let after = bytes(after.as_ref().map(MemberId::as_uuid));
            let params = params![blob(vendor.as_uuid()), place.as_bytes(), after, rows(limit)];
            many(connection, &sql, params, row::member_and_user)
        })
        .await
    }

    async fn active_administrators(&self, place: Place) -> Read<u64> {
        let sql = "SELECT count(*) FROM members
                   WHERE vendor_id = ?1 AND place_id = ?2 AND role = 'administrator' AND state = 'active'";
        let params = params![blob(place.vendor().as_uuid()), blob(&place.uuid())];
        self.read(|connection| count(connection, sql, params))
    }
}

#[async_trait]
impl InvitationRead for SqliteStore {
    async fn invitation(&self, place: Place, id: InvitationId) -> Read<Option<InvitationRow>> {
        let sql =
            format!("SELECT {} FROM invitations WHERE vendor_id = ?1 AND place_id = ?2 AND id = ?3", row::INVITATION);
        let vendor = place.vendor();
        let params = params![blob(vendor.as_uuid()), blob(&place.uuid()), blob(id.as_uuid())];
        self.read(|connection| one(connection, &sql, params, row::invitation))
    }

    async fn invitation_by_token(&self, token_hash: &[u8; 32]) -> Read<Option<InvitationRow>> {
        let sql = format!("SELECT {} FROM invitations WHERE token_hash = ?1", row::INVITATION);
        self.read(|connection| one(connection, &sql, [token_hash], row::invitation))
    }

    async fn latest_invitation(&self, place: Place, member: MemberId) -> Read<Option<InvitationRow>> {
        let sql = format!(
            "SELECT {} FROM invitations WHERE vendor_id = ?1 AND place_id = ?2 AND member_id = ?3
             ORDER BY state = 'pending' DESC, id DESC LIMIT 1",
            row::INVITATION
        );
        let vendor = place.vendor();
        let params = params![blob(vendor.as_uuid()), blob(&place.uuid()), blob(member.as_uuid())];
        self.read(|connection| one(connection, &sql, params, row::invitation))
    }

    async fn pending_administrators(&self, place: Place) -> Read<Vec<InvitationRow>> {
        let sql = format!(
            "SELECT {} FROM invitations
             WHERE vendor_id = ?1 AND place_id = ?2 AND role = 'administrator' AND state = 'pending' ORDER BY id",
            row::INVITATION
        );
        let params = params![blob(place.vendor().as_uuid()), blob(&place.uuid())];
        self.read(|connection| many(connection, &sql, params, row::invitation))
    }

    async fn invitations(
        &self,
        place: Place,
        after: Option<InvitationId>,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<InvitationRow>> {
        let sql = format!(
            "SELECT {} FROM invitations WHERE vendor_id = ?1 AND place_id = ?2 AND id > ?3 ORDER BY id LIMIT ?4",
            row::INVITATION
        );
        self.list(caller, move |connection| {
            let (vendor, place) = (place.vendor(), place.uuid());
            let after = bytes(after.as_ref().map(InvitationId::as_uuid));
            let params = params![blob(vendor.as_uuid()), place.as_bytes(), after, rows(limit)];
            many(connection, &sql, params, row::invitation)
        })
        .await
    }

    async fn sends(&self, place: Place, recipient: &[u8; 32]) -> Read<Option<SendsRow>> {
        let sql = format!(
            "SELECT {} FROM invitation_sends WHERE vendor_id = ?1 AND place_id = ?2 AND recipient = ?3",
            row::SENDS
        );
        let params = params![blob(place.vendor().as_uuid()), blob(&place.uuid()), recipient];
        self.read(|connection| one(connection, &sql, params, row::sends))
    }
}

#[async_trait]
impl SecretRead for SqliteStore {
    async fn secret(&self, place: Place, key: &str) -> Read<Option<SecretRow>> {
        let sql = format!("SELECT {} FROM secrets WHERE vendor_id = ?1 AND place_id = ?2 AND key = ?3", row::SECRET);
        let params = params![blob(place.vendor().as_uuid()), blob(&place.uuid()), key];
        self.read(|connection| one(connection, &sql, params, row::secret))
    }

    async fn secrets(&self, place: Place, after: Option<&str>, limit: usize, caller: Caller) -> Read<Vec<SecretRow>> {
        let sql = format!(
            "SELECT {} FROM secrets WHERE vendor_id = ?1 AND place_id = ?2 AND key > ?3 ORDER BY key LIMIT ?4",
            row::SECRET
        );
        let after = after.unwrap_or_default().to_owned();
        self.list(caller, move |connection| {
            let (vendor, place) = (place.vendor(), place.uuid());
            let params = params![blob(vendor.as_uuid()), place.as_bytes(), after, rows(limit)];
            many(connection, &sql, params, row::secret)
        })
        .await
    }

    async fn secret_by_id(&self, place: Place, id: SecretId) -> Read<Option<SecretRow>> {
        let sql = format!("SELECT {} FROM secrets WHERE vendor_id = ?1 AND place_id = ?2 AND id = ?3", row::SECRET);
        let params = params![blob(place.vendor().as_uuid()), blob(&place.uuid()), blob(id.as_uuid())];
        self.read(|connection| one(connection, &sql, params, row::secret))
    }

    async fn secret_version(&self, place: Place, secret: SecretId, version: u64) -> Read<Option<SecretVersionRow>> {
        let sql = format!(
            "SELECT {} FROM secret_versions
             WHERE vendor_id = ?1 AND place_id = ?2 AND secret_id = ?3 AND version = ?4",
            row::SECRET_VERSION
        );
        let vendor = place.vendor();
        let params = params![blob(vendor.as_uuid()), blob(&place.uuid()), blob(secret.as_uuid()), int(version)];
        self.read(|connection| one(connection, &sql, params, row::secret_version))
    }

    async fn secret_versions(
        &self,
        place: Place,
        secret: SecretId,
        before: Option<u64>,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<SecretVersionRow>> {
        let sql = format!(
            "SELECT {} FROM secret_versions
             WHERE vendor_id = ?1 AND place_id = ?2 AND secret_id = ?3 AND version < ?4 ORDER BY version DESC LIMIT ?5",
            row::SECRET_VERSION
        );
        self.list(caller, move |connection| {
            let (vendor, place, before) = (place.vendor(), place.uuid(), before.map_or(i64::MAX, int));
            let secret = blob(secret.as_uuid());
            let params = params![blob(vendor.as_uuid()), place.as_bytes(), secret, before, rows(limit)];
            many(connection, &sql, params, row::secret_version)
        })
        .await
    }

    async fn sealed_by(
        &self,
        place: Place,
        key: [u8; 16],
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<SecretVersionRow>> {
        let sql = format!(
            "SELECT {} FROM secret_versions WHERE vendor_id = ?1 AND place_id = ?2 AND substr(sealed, 7, 16) = ?3
             LIMIT ?4",
            row::SECRET_VERSION
        );
        self.list(caller, move |connection| {
            let (vendor, place) = (place.vendor(), place.uuid());
            let params = params![blob(vendor.as_uuid()), place.as_bytes(), key, rows(limit)];
            many(connection, &sql, params, row::secret_version)
        })
        .await
    }

    async fn count_sealed_by(&self, place: Place, key: [u8; 16], caller: Caller) -> Read<u64> {
        self.list(caller, move |connection| {
            let sql = "SELECT (SELECT count(*) FROM secret_versions
                               WHERE vendor_id = ?1 AND place_id = ?2 AND substr(sealed, 7, 16) = ?3)
                            + (SELECT count(*) FROM outbox WHERE vendor_id = ?1 AND place_id = ?2
                               AND sealed IS NOT NULL AND substr(sealed, 7, 16) = ?3)";
            let (vendor, place) = (place.vendor(), place.uuid());
            count(connection, sql, params![blob(vendor.as_uuid()), place.as_bytes(), key])
        })
        .await
    }
}

#[async_trait]
impl KeyRead for SqliteStore {
    async fn place_keys(&self, place: Place) -> Read<Vec<KeyRow>> {
        let sql =
            format!("SELECT {} FROM place_keys WHERE vendor_id = ?1 AND place_id = ?2 ORDER BY generation", row::KEY);
        let params = params![blob(place.vendor().as_uuid()), blob(&place.uuid())];
        self.read(|connection| many(connection, &sql, params, row::key))
    }

    async fn root_keys(&self) -> Read<Vec<RootKeyRow>> {
        self.read(row::root_keys)
    }

    async fn wrapped_by(&self, vendor: VendorId, root: [u8; 16], limit: usize, caller: Caller) -> Read<Vec<KeyRow>> {
        let sql = format!(
            "SELECT {} FROM place_keys WHERE substr(wrapped, 7, 16) = ?1 AND vendor_id = ?2 LIMIT ?3",
            row::KEY
        );
        self.list(caller, move |connection| {
            many(connection, &sql, params![root, blob(vendor.as_uuid()), rows(limit)], row::key)
        })
        .await
    }

    async fn count_wrapped_by(&self, root: [u8; 16], caller: Caller) -> Read<u64> {
        self.list(caller, move |connection| {
            count(connection, "SELECT count(*) FROM place_keys WHERE substr(wrapped, 7, 16) = ?1", params![root])
        })
        .await
    }
}

#[async_trait]
impl DeploymentRead for SqliteStore {
    async fn deployment(&self, place: Place, id: &str) -> Read<Option<DeploymentRow>> {
        let sql =
            format!("SELECT {} FROM deployments WHERE vendor_id = ?1 AND place_id = ?2 AND id = ?3", row::DEPLOYMENT);
        let params = params![blob(place.vendor().as_uuid()), blob(&place.uuid()), id];
        self.read(|connection| {
            // One moment for both tables.
            let moment = connection.unchecked_transaction()?;
            let row = one(&moment, &sql, params, row::deployment)?;
            row.map(|row| with_secrets(&moment, row)).transpose()
        })
    }

    async fn deployments(
        &self,
        place: Place,
        after: Option<&str>,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<DeploymentRow>> {
        let sql = format!(
            "SELECT {} FROM deployments WHERE vendor_id = ?1 AND place_id = ?2 AND id > ?3 ORDER BY id LIMIT ?4",
            row::DEPLOYMENT
        );
        let after = after.unwrap_or_default().to_owned();
        self.list(caller, move |connection| {
            let moment = connection.unchecked_transaction()?;
            let (vendor, place) = (place.vendor(), place.uuid());
            let params = params![blob(vendor.as_uuid()), place.as_bytes(), after, rows(limit)];
            let found = many(&moment, &sql, params, row::deployment)?;
            found.into_iter().map(|row| with_secrets(&moment, row)).collect()
        })
        .await
    }

    async fn uses(
        &self,
        place: Place,
        key: &str,
        after: Option<&str>,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<UseRow>> {
        let (key, after) = (key.to_owned(), after.unwrap_or_default().to_owned());
        self.list(caller, move |connection| {
            let sql = "SELECT s.deployment_id, d.name, s.running FROM deployment_secrets AS s
                       JOIN deployments AS d
                         ON d.vendor_id = s.vendor_id AND d.place_id = s.place_id AND d.id = s.deployment_id
                       WHERE s.vendor_id = ?1 AND s.place_id = ?2 AND s.key = ?3 AND s.deployment_id > ?4
                       ORDER BY s.deployment_id LIMIT ?5";
            let (vendor, place) = (place.vendor(), place.uuid());
            let params = params![blob(vendor.as_uuid()), place.as_bytes(), key, after, rows(limit)];
            many(connection, sql, params, row::deployment_use)
        })
        .await
    }
}

/// A deployment with the secrets that it uses.
fn with_secrets(connection: &Connection, row: DeploymentRow) -> Result<DeploymentRow> {
    let sql = "SELECT key, running FROM deployment_secrets
               WHERE vendor_id = ?1 AND place_id = ?2 AND deployment_id = ?3 ORDER BY key";
    let params = params![blob(row.place.vendor().as_uuid()), blob(&row.place.uuid()), row.id];
    let secrets = many(connection, sql, params, row::deployment_secret)?;
    Ok(DeploymentRow { secrets, ..row })
}

#[async_trait]
impl AuditRead for SqliteStore {
    async fn chain(
        &self,
        place: Place,
        after: u64,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<(AuditRow, Option<DetailRow>)>> {
        let sql = format!(
            "SELECT {} FROM audit_entries AS e
             LEFT JOIN audit_details AS d ON d.vendor_id = e.vendor_id AND d.place_id = e.place_id AND d.number = e.number
             WHERE e.vendor_id = ?1 AND e.place_id = ?2 AND e.number > ?3 ORDER BY e.number LIMIT ?4",
            row::ENTRY
        );
        self.list(caller, move |connection| {
            let (vendor, place) = (place.vendor(), place.uuid());
            let params = params![blob(vendor.as_uuid()), place.as_bytes(), int(after), rows(limit)];
            many(connection, &sql, params, row::entry)
        })
        .await
    }

    async fn log(
        &self,
        vendor: VendorId,
        after: u64,
        filter: &AuditFilter,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<(AuditRow, Option<DetailRow>)>> {
        let sql = log(filter);
        let AuditFilter { place, actor, action, newest_first: _ } = filter.clone();
        self.list(caller, move |connection| {
            let place = place.map(|place| blob(&place.uuid()));
            let params = params![blob(vendor.as_uuid()), int(after), place, actor, action, rows(limit)];
            many(connection, &sql, params, row::entry)
        })
        .await
    }

    async fn head(&self, place: Place) -> Read<Option<ChainHead>> {
        let sql = format!("SELECT {} FROM audit_heads WHERE vendor_id = ?1 AND place_id = ?2", row::HEAD);
        let params = params![blob(place.vendor().as_uuid()), blob(&place.uuid())];
        self.read(|connection| one(connection, &sql, params, row::head))
    }

    async fn heads(&self, vendor: VendorId, after: Option<Uuid>, limit: usize, caller: Caller) -> Read<Vec<ChainHead>> {
        let sql = format!(
            "SELECT {} FROM audit_heads WHERE vendor_id = ?1 AND place_id > ?2 ORDER BY place_id LIMIT ?3",
            row::HEAD
        );
        self.list(caller, move |connection| {
            let params = params![blob(vendor.as_uuid()), bytes(after.as_ref()), rows(limit)];
            many(connection, &sql, params, row::head)
        })
        .await
    }

    async fn detail_targets(&self, vendor: VendorId, subject: &str) -> Read<Vec<(Place, String)>> {
        let sql = "SELECT DISTINCT e.vendor_id, e.place_id, e.target FROM audit_details AS d
                   JOIN audit_entries AS e
                     ON e.vendor_id = d.vendor_id AND e.place_id = d.place_id AND e.number = d.number
                   WHERE d.vendor_id = ?1 AND d.subject = ?2 AND d.subject <> ''
                   ORDER BY e.place_id, e.target";
        let params = params![blob(vendor.as_uuid()), subject];
        self.read(|connection| {
            many(connection, sql, params, |row| {
                let mut columns = Columns::of(row);
                let vendor = VendorId::from_uuid(columns.uuid()?);
                Ok((Place::from_uuid(vendor, columns.uuid()?), columns.value()?))
            })
        })
    }
}

/// The statement that reads the log through this filter, by an index where what passes stands in the order of the answer.
fn log(filter: &AuditFilter) -> String {
    let (than, end, direction) =
        if filter.newest_first { ("<", "9223372036854775807", "DESC") } else { (">", "0", "ASC") };
    let behind = format!("e.position {than} ?2");
    let (index, behind) = match (filter.place.is_some(), filter.actor.is_some(), filter.action.is_some()) {
        // By the chain of the place, where positions rise with numbers: whoever goes on from an entry of the chain begins
        // behind it.
        (true, ..) => {
            let number = "SELECT number FROM audit_entries WHERE vendor_id = ?1 AND position = ?2 AND place_id = ?3";
            ("", format!("+{behind} AND e.number {than} coalesce(({number}), {end})"))
        }
        (false, false, false) => ("INDEXED BY audit_entries_position", behind),
        (false, false, true) => ("INDEXED BY audit_entries_action", behind),
        (false, true, true) => ("INDEXED BY audit_entries_actor", behind),
        // That index has the entries of an actor by action. These are few: so the next of each action, and of them the first.
        (false, true, false) => {
            let actors = "audit_entries INDEXED BY audit_entries_actor WHERE vendor_id = ?1 AND actor = ?4";
            let next = format!(
                "WITH RECURSIVE actions (name) AS (
                     SELECT min(action) FROM {actors}
                     UNION ALL
                     SELECT (SELECT min(action) FROM {actors} AND action > name) FROM actions WHERE name IS NOT NULL
                 )
                 SELECT next.position FROM actions CROSS JOIN audit_entries AS next INDEXED BY audit_entries_actor
                 WHERE next.vendor_id = ?1 AND next.actor = ?4 AND next.action = name AND next.position IN (
                     SELECT position FROM {actors} AND action = name AND position {than} ?2
                     ORDER BY position {direction} LIMIT ?6
                 )
                 ORDER BY next.position {direction} LIMIT ?6"
            );
            ("INDEXED BY audit_entries_position", format!("e.position IN ({next})"))
        }
    };
    format!(
        "SELECT {} FROM audit_entries AS e {index}
         LEFT JOIN audit_details AS d ON d.vendor_id = e.vendor_id AND d.place_id = e.place_id AND d.number = e.number
         WHERE e.vendor_id = ?1 AND {behind} {} {} {} ORDER BY {} {direction} LIMIT ?6",
        row::ENTRY,
        if filter.place.is_some() { "AND e.place_id = ?3" } else { "AND ?3 IS NULL" },
        if filter.actor.is_some() { "AND e.actor = ?4" } else { "AND ?4 IS NULL" },
        if filter.action.is_some() { "AND e.action = ?5" } else { "AND ?5 IS NULL" },
        if filter.place.is_some() { "e.number" } else { "e.position" },
    )
}
