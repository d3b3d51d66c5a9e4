//! Between rows of SQLite and rows of the contract.
//!
//! Each kind of row has its columns once, in the order of the fields of its struct; the statements are made from them.

use rusqlite::types::{FromSql, Type};
use rusqlite::{Connection, Error, Result, Row};
use tenantry_core::catalog::Role;
use tenantry_core::clock::Timestamp;
use tenantry_core::ids::{CommitId, CustomerId, InvitationId, MemberId, SecretId, UserId, VendorId};
use tenantry_core::store::{
    AuditRow, ChainHead, CustomerRow, CustomerStatus, DeploymentRow, DeploymentSecret, DetailRow, InvitationRow,
    InvitationState, KeyRow, MemberRow, MemberState, Place, RootKeyRow, RootKeyState, SecretRow, SecretVersionRow,
    SendsRow, StoredFeatures, UseRow, UserRow, VendorRow,
};
use tenantry_core::vault::StoreId;
use uuid::Uuid;

/// An id as SQLite keeps it.
pub(crate) fn blob(id: &Uuid) -> [u8; 16] {
    *id.as_bytes()
}

/// An unsigned number as SQLite keeps it.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Reads the columns of a row one after another.
pub(crate) struct Columns<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(row: &'a Row<'a>) -> Self {
        Self { row, next: 0 }
    }

    pub(crate) fn value<T: FromSql>(&mut self) -> Result<T> {
        let index = self.next;
        self.next += 1;
        self.row.get(index)
    }

    pub(crate) fn uuid(&mut self) -> Result<Uuid> {
        self.value().map(Uuid::from_bytes)
    }

    pub(crate) fn number(&mut self) -> Result<u64> {
        let index = self.next;
        self.value().and_then(|number| unsigned(index, number))
    }

    fn optional_number(&mut self) -> Result<Option<u64>> {
        let index = self.next;
        let number: Option<i64> = self.value()?;
        number.map(|number| unsigned(index, number)).transpose()
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp> {
        self.value().map(Timestamp::from_micros)
    }

    pub(crate) fn word<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        let index = self.next;
        let word: String = self.value()?;
        parse(&word)
            .ok_or_else(|| Error::FromSqlConversionFailure(index, Type::Text, format!("unknown word `{word}`").into()))
    }

    /// A vendor's id and the id of one of its places.
    pub(crate) fn place(&mut self) -> Result<Place> {
        let vendor = VendorId::from_uuid(self.uuid()?);
        Ok(Place::from_uuid(vendor, self.uuid()?))
    }
}

fn unsigned(index: usize, number: i64) -> Result<u64> {
    u64::try_from(number).map_err(|_| Error::IntegralValueOutOfRange(index, number))
}

pub(crate) fn store_id(connection: &Connection) -> Result<StoreId> {
    connection.query_row("SELECT id FROM store", [], |row| row.get(0).map(StoreId::from_bytes))
}

pub(crate) fn root_keys(connection: &Connection) -> Result<Vec<RootKeyRow>> {
    let mut statement =
        connection.prepare_cached("SELECT id, check_value, state, kept, created_at FROM root_keys ORDER BY id")?;
    let rows = statement.query_map([], |row| {
        let mut columns = Columns::of(row);
        Ok(RootKeyRow {
            id: columns.value()?,
            check: columns.value()?,
            state: columns.word(RootKeyState::from_name)?,
            kept: columns.value()?,
            created_at: columns.time()?,
        })
    })?;
    rows.collect()
}

/// The root keys of a file of schema version 1, where all of them were needed and nothing was kept for a provider.
pub(crate) fn root_keys_v1(connection: &Connection) -> Result<Vec<RootKeyRow>> {
    let mut statement = connection.prepare("SELECT id, check_value, created_at FROM root_keys ORDER BY id")?;
    let rows = statement.query_map([], |row| {
        let mut columns = Columns::of(row);
        let (id, check, created_at) = (columns.value()?, columns.value()?, columns.time()?);
        Ok(RootKeyRow { id, check, state: RootKeyState::Promoted, kept: Vec::new(), created_at })
    })?;
    rows.collect()
}

pub(crate) const VENDOR: &str = "id, key, name, created_at, counter";

pub(crate) fn vendor(row: &Row<'_>) -> Result<VendorRow> {
    let mut columns = Columns::of(row);
    Ok(VendorRow {
        id: VendorId::from_uuid(columns.uuid()?),
        key: columns.value()?,
        name: columns.value()?,
        created_at: columns.time()?,
        counter: columns.number()?,
    })
}

pub(crate) const CUSTOMER: &str = "vendor_id, id, name, name_folded, external_id, external_id_folded, status, features, \
     claimed, members, secrets, revision, created_at, updated_at, counter";

pub(crate) fn customer(row: &Row<'_>) -> Result<CustomerRow> {
    let mut columns = Columns::of(row);
    Ok(CustomerRow {
        vendor: VendorId::from_uuid(columns.uuid()?),
        id: CustomerId::from_uuid(columns.uuid()?),
        name: columns.value()?,
        name_folded: columns.value()?,
        external_id: columns.value()?,
        external_id_folded: columns.value()?,
        status: columns.word(CustomerStatus::from_name)?,
        features: StoredFeatures::from_stored(columns.value::<String>()?),
        claimed: columns.value()?,
        members: columns.number()?,
        secrets: columns.number()?,
        revision: columns.number()?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
        counter: columns.number()?,
    })
}

pub(crate) const USER: &str = "vendor_id, id, email, email_key, email_folded, created_at, counter";

pub(crate) fn user(row: &Row<'_>) -> Result<UserRow> {
    user_from(&mut Columns::of(row))
}

fn user_from(columns: &mut Columns<'_>) -> Result<UserRow> {
    Ok(UserRow {
        vendor: VendorId::from_uuid(columns.uuid()?),
        id: UserId::from_uuid(columns.uuid()?),
        email: columns.value()?,
        email_key: columns.value()?,
        email_folded: columns.value()?,
        created_at: columns.time()?,
        counter: columns.number()?,
    })
}

pub(crate) const MEMBER: &str =
    "vendor_id, place_id, user_id, id, name, invited_email, role, state, revision, created_at, updated_at, counter";

pub(crate) fn member(row: &Row<'_>) -> Result<MemberRow> {
    member_from(&mut Columns::of(row))
}

fn member_from(columns: &mut Columns<'_>) -> Result<MemberRow> {
    Ok(MemberRow {
        place: columns.place()?,
        user: UserId::from_uuid(columns.uuid()?),
        id: MemberId::from_uuid(columns.uuid()?),
        name: columns.value()?,
        invited_email: columns.value()?,
        role: columns.word(Role::from_name)?,
        state: columns.word(MemberState::from_name)?,
        revision: columns.number()?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
        counter: columns.number()?,
    })
}

/// The columns of a member, then those of its user.
pub(crate) fn member_and_user(row: &Row<'_>) -> Result<(MemberRow, UserRow)> {
    let mut columns = Columns::of(row);
    Ok((member_from(&mut columns)?, user_from(&mut columns)?))
}

pub(crate) const INVITATION: &str = "vendor_id, place_id, id, member_id, user_id, asked, role, state, token_hash, \
     invited_by, sent_at, expires_at, created_at";

pub(crate) fn invitation(row: &Row<'_>) -> Result<InvitationRow> {
    let mut columns = Columns::of(row);
    Ok(InvitationRow {
        place: columns.place()?,
        id: InvitationId::from_uuid(columns.uuid()?),
        member: MemberId::from_uuid(columns.uuid()?),
        user: UserId::from_uuid(columns.uuid()?),
        asked: columns.word(Role::from_name)?,
        role: columns.word(Role::from_name)?,
        state: columns.word(InvitationState::from_name)?,
        token_hash: columns.value()?,
        invited_by: columns.value()?,
        sent_at: columns.time()?,
        expires_at: columns.time()?,
        created_at: columns.time()?,
    })
}

pub(crate) const SENDS: &str = "vendor_id, place_id, recipient, latest, repeats";

pub(crate) fn sends(row: &Row<'_>) -> Result<SendsRow> {
    let mut columns = Columns::of(row);
    Ok(SendsRow {
        place: columns.place()?,
        recipient: columns.value()?,
        latest: columns.time()?,
        repeats: times(&columns.value::<Vec<u8>>()?),
    })
}

/// Times one after another, 8 big-endian bytes each.
pub(crate) fn repeats(times: &[Timestamp]) -> Vec<u8> {
    times.iter().flat_map(|time| time.micros().to_be_bytes()).collect()
}

fn times(bytes: &[u8]) -> Vec<Timestamp> {
    let (times, _) = bytes.as_chunks::<8>();
    times.iter().map(|time| Timestamp::from_micros(i64::from_be_bytes(*time))).collect()
}

pub(crate) const SECRET: &str = "vendor_id, place_id, key, id, version, created_at, created_by, updated_at, updated_by";

pub(crate) fn secret(row: &Row<'_>) -> Result<SecretRow> {
    let mut columns = Columns::of(row);
    let place = columns.place()?;
    let key = columns.value()?;
    Ok(SecretRow {
        place,
        id: SecretId::from_uuid(columns.uuid()?),
        key,
        version: columns.number()?,
        created_at: columns.time()?,
        created_by: columns.value()?,
        updated_at: columns.time()?,
        updated_by: columns.value()?,
    })
}

pub(crate) const SECRET_VERSION: &str = "vendor_id, place_id, secret_id, version, sealed, created_at, created_by";

pub(crate) fn secret_version(row: &Row<'_>) -> Result<SecretVersionRow> {
    let mut columns = Columns::of(row);
    Ok(SecretVersionRow {
        place: columns.place()?,
        secret: SecretId::from_uuid(columns.uuid()?),
        version: columns.number()?,
        sealed: columns.value()?,
        created_at: columns.time()?,
        created_by: columns.value()?,
    })
}

pub(crate) const KEY: &str = "vendor_id, place_id, generation, id, wrapped, check_value, created_at";

pub(crate) fn key(row: &Row<'_>) -> Result<KeyRow> {
    let mut columns = Columns::of(row);
    Ok(KeyRow {
        place: columns.place()?,
        generation: columns.value()?,
        id: columns.value()?,
        wrapped: columns.value()?,
        check: columns.value()?,
        created_at: columns.time()?,
    })
}

pub(crate) const DEPLOYMENT: &str = "vendor_id, place_id, id, name, created_at, updated_at";

/// A deployment without the secrets that it uses, which are rows of their own.
pub(crate) fn deployment(row: &Row<'_>) -> Result<DeploymentRow> {
    let mut columns = Columns::of(row);
    Ok(DeploymentRow {
        place: columns.place()?,
        id: columns.value()?,
        name: columns.value()?,
        secrets: Vec::new(),
        created_at: columns.time()?,
        updated_at: columns.time()?,
    })
}

pub(crate) fn deployment_secret(row: &Row<'_>) -> Result<DeploymentSecret> {
    let mut columns = Columns::of(row);
    Ok(DeploymentSecret { key: columns.value()?, running: columns.optional_number()? })
}

pub(crate) fn deployment_use(row: &Row<'_>) -> Result<UseRow> {
    let mut columns = Columns::of(row);
    Ok(UseRow { deployment: columns.value()?, name: columns.value()?, running: columns.optional_number()? })
}

/// The columns of an entry with its detail, of the tables `e` and `d`.
pub(crate) const ENTRY: &str = "e.vendor_id, e.place_id, e.number, e.position, e.commit_id, e.ordinal, e.time, e.actor, \
     e.action, e.target, e.detail_digest, e.hash, d.salt, d.subject, d.body";

pub(crate) fn entry(row: &Row<'_>) -> Result<(AuditRow, Option<DetailRow>)> {
    let mut columns = Columns::of(row);
    let entry = AuditRow {
        place: columns.place()?,
        number: columns.number()?,
        position: columns.number()?,
        commit: CommitId::from_uuid(columns.uuid()?),
        ordinal: columns.value()?,
        time: columns.time()?,
        actor: columns.value()?,
        action: columns.value()?,
        target: columns.value()?,
        detail_digest: columns.value()?,
        hash: columns.value()?,
    };
    let detail = match columns.value::<Option<[u8; 32]>>()? {
        Some(salt) => {
            let (place, number) = (entry.place, entry.number);
            Some(DetailRow { place, number, salt, subject: columns.value()?, body: columns.value()? })
        }
        None => None,
    };
    Ok((entry, detail))
}

pub(crate) const HEAD: &str = "vendor_id, place_id, number, hash";

pub(crate) fn head(row: &Row<'_>) -> Result<ChainHead> {
    let mut columns = Columns::of(row);
    Ok(ChainHead { place: columns.place()?, number: columns.number()?, hash: columns.value()? })
}
