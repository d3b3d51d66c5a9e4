//! Checks a whole store: it streams the rows through the read traits and applies each rule once (A2, A3, C1, U9).

use std::collections::BTreeMap;
use std::fmt;

use super::{Header, detail_digest, hex, link};
use crate::call::Caller;
use crate::error::Error;
use crate::ids::VendorId;
use crate::store::{
    AuditFilter, AuditRow, ChainHead, CustomerQuery, CustomerRow, DetailRow, InvitationState, MemberState, OutboxState,
    Place, RootKeyState, SecretRow, Store, StoreError,
};
use crate::unit::{open_token, open_version};
use crate::vault::Keys;

/// How many rows are read at a time.
const ROWS: usize = 1_000;
/// How often a place that moves is looked at.
const LOOKS: usize = 10;

/// Something in a store that cannot have come about by commits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Violation {
    /// The place that it is in, if it is in one.
    pub place: Option<Place>,
    /// The number of the audit entry in the chain of the place, if it is about one.
    pub entry: Option<u64>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.place, self.entry) {
            (Some(place), Some(entry)) => write!(f, "{place}, audit entry {entry}: {}", self.what),
            (Some(place), None) => write!(f, "{place}: {}", self.what),
            (None, _) => f.write_str(&self.what),
        }
    }
}

/// Checks the whole store; `kept` are chain heads that the host kept elsewhere.
///
/// # Errors
///
/// When the store cannot be read.
pub(crate) async fn verify(
    store: &dyn Store,
    keys: &Keys,
    kept: &[ChainHead],
    caller: Caller,
) -> Result<Vec<Violation>, Error> {
    let mut check = Check { store, keys, caller, found: Vec::new() };
    check.root_keys().await?;
    for what in store.check_integrity(caller).await? {
        check.found.push(Violation { place: None, entry: None, what });
    }
    let mut after = None;
    loop {
        let vendors = store.vendors(after.as_deref(), ROWS).await?;
        let Some(last) = vendors.last() else { break };
        after = Some(last.key.clone());
        for vendor in vendors {
            check.vendor(vendor.id, kept).await?;
        }
    }
    check.kept(kept).await?;
    Ok(check.found)
}

/// The heads of all chains of a vendor.
pub(crate) async fn all_heads(
    store: &dyn Store,
    vendor: VendorId,
    caller: Caller,
) -> Result<Vec<ChainHead>, StoreError> {
    let mut heads: Vec<ChainHead> = Vec::new();
    loop {
        let after = heads.last().map(|head| head.place.uuid());
        let page = store.heads(vendor, after, ROWS, caller).await?;
        if page.is_empty() {
            return Ok(heads);
        }
        heads.extend(page);
    }
}

struct Check<'a> {
    store: &'a dyn Store,
    keys: &'a Keys,
    caller: Caller,
    found: Vec<Violation>,
}

impl Check<'_> {
    fn wrong(&mut self, place: Place, what: impl Into<String>) {
        self.found.push(Violation { place: Some(place), entry: None, what: what.into() });
    }

    async fn vendor(&mut self, vendor: VendorId, kept: &[ChainHead]) -> Result<(), Error> {
        self.place(Place::Vendor(vendor)).await?;
        let mut query = CustomerQuery { limit: ROWS, ..CustomerQuery::default() };
        loop {
            let customers = self.store.customers(vendor, &query, self.caller).await?;
            let Some(last) = customers.last() else { break };
            query.after = Some((last.name_folded.clone(), last.id));
            for customer in customers {
                self.place(Place::Customer(vendor, customer.id)).await?;
            }
        }
        self.users(vendor).await?;
        self.log(vendor, kept).await
    }

    /// The rules of one place. Somebody may work in it meanwhile: what looks wrong is looked at again until the place rested
    /// while it was looked at, or it has looked the same again and again.
    async fn place(&mut self, place: Place) -> Result<(), Error> {
        let (begin, mut always) = (self.found.len(), None::<Vec<Violation>>);
        for _ in 0..LOOKS {
            let Some(before) = self.store.standing(None, place, place).await? else { return Ok(()) };
            self.rules(place).await?;
            let now = self.found.split_off(begin);
            let after = self.store.standing(None, place, place).await?;
            if now.is_empty() || after.is_some_and(|after| after.counter == before.counter) {
                self.found.extend(now);
                return Ok(());
            }
            match &mut always {
                None => always = Some(now),
                Some(always) => always.retain(|violation| now.contains(violation)),
            }
        }
        self.found.extend(always.unwrap_or_default());
        Ok(())
    }

    async fn rules(&mut self, place: Place) -> Result<(), Error> {
        match place.customer() {
            None => self.administrators(place, true).await?,
            Some(id) => {
                let Some(row) = self.store.customer(place.vendor(), id).await? else { return Ok(()) };
                self.customer(place, &row).await?;
            }
        }
        self.members(place).await?;
        self.outbox(place).await?;
        self.secrets(place).await
    }

    async fn customer(&mut self, place: Place, row: &CustomerRow) -> Result<(), Error> {
        if self.store.head(place).await?.is_none() {
            self.wrong(place, "has no audit entry of its creation");
        }
        if row.claimed && row.members == 0 {
            self.wrong(place, "is claimed without a member");
        }
        self.administrators(place, row.claimed).await
    }

    /// U9: a claimed place has an active Administrator, and one that is not claimed has none.
    async fn administrators(&mut self, place: Place, claimed: bool) -> Result<(), Error> {
        let active = self.store.active_administrators(place).await?;
        if claimed && active == 0 {
            self.wrong(place, "is claimed without an active administrator");
        } else if !claimed && active > 0 {
            self.wrong(place, "has an active administrator and is not claimed");
        }
        Ok(())
    }

    /// U1: a member is invited exactly as long as their invitation is pending.
    async fn members(&mut self, place: Place) -> Result<(), Error> {
        let mut after = None;
        loop {
            let members = self.store.members(place, after, ROWS, self.caller).await?;
            let Some((last, _)) = members.last() else { return Ok(()) };
            after = Some(last.id);
            for (member, _) in members {
                let invitation = self.store.latest_invitation(place, member.id).await?;
                let pending = invitation.filter(|invitation| invitation.state == InvitationState::Pending);
                match (member.state, pending) {
                    (MemberState::Invited, None) => {
                        self.wrong(place, format!("member `{}` is invited without an invitation", member.id));
                    }
                    (MemberState::Invited, Some(invitation)) if invitation.role != member.role => {
                        self.wrong(place, format!("member `{}` is invited with another role", member.id));
                    }
                    (MemberState::Active | MemberState::Suspended, Some(_)) => {
                        self.wrong(place, format!("member `{}` has an open invitation", member.id));
                    }
                    _ => {}
                }
            }
        }
    }

    /// D1, D2: a delivery belongs to an invitation that is pending, and holds its token as long as it is to be sent.
    async fn outbox(&mut self, place: Place) -> Result<(), Error> {
        let mut after = None;
        loop {
            let rows = self.store.outbox(place, after, ROWS, self.caller).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(last.invitation);
            for row in rows {
                let of = format!("the delivery of invitation `{}`", row.invitation);
                let invitation = self.store.invitation(place, row.invitation).await?;
                let Some(invitation) = invitation.filter(|row| row.state == InvitationState::Pending) else {
                    self.wrong(place, format!("{of} is there although the invitation is not pending"));
                    continue;
                };
                let waits = matches!(row.state, OutboxState::Waiting | OutboxState::Sending);
                match &row.due {
                    due if due.is_some() != waits => {
                        self.wrong(
                            place,
                            format!("{of} is {} and has {} token", row.state, if waits { "no" } else { "a" }),
                        );
                    }
                    Some(due) if !self.keys.is_empty() => match open_token(self.store, self.keys, &row, due).await {
                        Ok(token) if token.hash() == invitation.token_hash => {}
                        Ok(_) => self.wrong(place, format!("{of} has another token than the invitation")),
                        Err(error @ (Error::Storage(_) | Error::Closed | Error::KeyProvider(_))) => return Err(error),
                        Err(error) => self.wrong(place, format!("{of}: {error}")),
                    },
                    _ => {}
                }
            }
        }
    }

    /// S4: a store that has keys of places has one promoted root key. Without all that are needed it cannot be told which
    /// secrets open.
    async fn root_keys(&mut self) -> Result<(), Error> {
        let rows = self.store.root_keys().await?;
        for row in rows.iter().filter(|row| row.state.is_needed() && !self.keys.is_empty()) {
            self.keys.root(self.store.store_id(), row).await?.ok_or(Error::KeyNotAvailable)?;
        }
        let promoted = rows.iter().filter(|row| row.state == RootKeyState::Promoted).count();
        if promoted != usize::from(!rows.is_empty()) {
            let what = format!("{promoted} root keys are promoted");
            self.found.push(Violation { place: None, entry: None, what });
        }
        for row in rows.iter().filter(|row| row.state == RootKeyState::Retired) {
            if self.store.count_wrapped_by(row.id, self.caller).await? > 0 {
                let what = format!("the root key `{}` is retired and wraps a key", hex(&row.id));
                self.found.push(Violation { place: None, entry: None, what });
            }
        }
        Ok(())
    }

    /// S4, S5: every value that is kept opens; only with a root key at hand. The current version is kept, and not destroyed.
    async fn secrets(&mut self, place: Place) -> Result<(), Error> {
        let mut after: Option<String> = None;
        loop {
            let secrets = self.store.secrets(place, after.as_deref(), ROWS, self.caller).await?;
            let Some(last) = secrets.last() else { return Ok(()) };
            after = Some(last.key.clone());
            for secret in secrets {
                self.versions(place, &secret).await?;
            }
        }
    }

    async fn versions(&mut self, place: Place, secret: &SecretRow) -> Result<(), Error> {
        let mut before = None;
        loop {
            let versions = self.store.secret_versions(place, secret.id, before, ROWS, self.caller).await?;
            let newest = versions.first().filter(|version| version.sealed.is_some()).map(|version| version.version);
            if before.is_none() && newest != Some(secret.version) {
                let what = format!("secret `{}` does not have its current version, {}", secret.id, secret.version);
                self.wrong(place, what);
            }
            let Some(last) = versions.last() else { return Ok(()) };
            before = Some(last.version);
            if self.keys.is_empty() {
                continue;
            }
            for version in versions.iter().filter(|version| version.sealed.is_some()) {
                match open_version(self.store, self.keys, secret, version).await {
                    Ok(_) => {}
                    Err(error @ (Error::Storage(_) | Error::Closed | Error::Forked | Error::KeyProvider(_))) => {
                        return Err(error);
                    }
                    Err(error) => {
                        self.wrong(place, format!("secret `{}`, version {}: {error}", secret.id, version.version));
                    }
                }
            }
        }
    }

    /// C6: a user without any membership was erased.
    async fn users(&mut self, vendor: VendorId) -> Result<(), Error> {
        let mut after = None;
        loop {
            let users = self.store.users(vendor, after, ROWS, self.caller).await?;
            let Some(last) = users.last() else { return Ok(()) };
            after = Some(last.id);
            for user in users {
                if self.store.memberships(vendor, user.id).await?.is_empty() {
                    self.wrong(Place::Vendor(vendor), format!("user `{}` is a member nowhere", user.id));
                }
            }
        }
    }

    /// A2, A3: the positions of the whole log, then each chain.
    async fn log(&mut self, vendor: VendorId, kept: &[ChainHead]) -> Result<(), Error> {
        let own = Place::Vendor(vendor);
        let mut position = 0;
        loop {
            let filter = AuditFilter::default();
            let rows = self.store.log(vendor, position, &filter, ROWS, self.caller).await?;
            if rows.is_empty() {
                break;
            }
            for (row, _) in rows {
                if row.position != position + 1 {
                    self.wrong(own, format!("the log has no entry at position {}", position + 1));
                }
                position = row.position;
            }
        }
        let deleted = self.chain(own, kept).await?.deleted;
        let mut after = None;
        loop {
            let heads = self.store.heads(vendor, after, ROWS, self.caller).await?;
            let Some(last) = heads.last() else { break };
            after = Some(last.place.uuid());
            for head in heads.iter().filter(|head| head.place != own) {
                self.customer_chain(head.place, &deleted, kept).await?;
            }
        }
        Ok(())
    }

    /// A2: no chain ends before an entry that was kept elsewhere, also when its vendor is gone.
    async fn kept(&mut self, kept: &[ChainHead]) -> Result<(), Error> {
        for head in kept {
            if self.store.head(head.place).await?.is_none_or(|now| now.number < head.number) {
                self.wrong(head.place, format!("audit entries up to {} are cut off", head.number));
            }
        }
        Ok(())
    }

    /// The chain of a customer, who may have been deleted: then the vendor's chain says where it ends.
    async fn customer_chain(
        &mut self,
        place: Place,
        deleted: &BTreeMap<Place, serde_json::Value>,
        kept: &[ChainHead],
    ) -> Result<(), Error> {
        let chain = self.chain(place, kept).await?;
        let lives = match place.customer() {
            Some(customer) => self.store.customer(place.vendor(), customer).await?.is_some(),
            None => true,
        };
        match deleted.get(&place) {
            None if lives => self.missing_details(place, &chain),
            None => self.wrong(place, "is gone without an audit entry of its deletion"),
            Some(_) if lives => self.wrong(place, "exists although an audit entry says that it was deleted"),
            // An altered detail of the deletion is named by the check of the vendor's chain.
            Some(last) if *last != chain.last() => {
                self.wrong(place, "does not end with the audit entry that its deletion names");
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Follows a chain from its first entry to its head.
    async fn chain(&mut self, place: Place, kept: &[ChainHead]) -> Result<Chain, Error> {
        let (mut chain, mut waited) = (Chain::default(), 0);
        loop {
            let rows = self.store.chain(place, chain.number, ROWS, self.caller).await?;
            if rows.is_empty() {
                let head = self.store.head(place).await?;
                if head.is_some_and(|head| head.number > chain.number && head.number != waited) {
                    // It went on while it was read.
                    waited = head.map_or(0, |head| head.number);
                    continue;
                }
                if head.is_none_or(|head| (head.number, head.hash) != (chain.number, chain.hash)) {
                    self.wrong(place, "the last audit entry is not the one that the store's head names");
                }
                break;
            }
            for (row, detail) in rows {
                chain.next(&row, detail.as_ref(), &mut self.found);
                let here = |head: &&ChainHead| head.place == place && head.number == row.number;
                if kept.iter().find(here).is_some_and(|head| head.hash != row.hash) {
                    let what = "the entry is not the one that was kept".to_owned();
                    self.found.push(Violation { place: Some(place), entry: Some(row.number), what });
                }
            }
        }
        if place.customer().is_none() {
            self.missing_details(place, &chain);
        }
        Ok(chain)
    }

    /// A3: a detail may be missing only where a later entry of the same chain says that it was erased.
    fn missing_details(&mut self, place: Place, chain: &Chain) {
        for (target, numbers) in &chain.missing {
            let erased = chain.erased.get(target).copied().unwrap_or(0);
            for number in numbers.iter().filter(|number| **number > erased) {
                let what = "the detail is missing and no entry says that it was erased".to_owned();
                self.found.push(Violation { place: Some(place), entry: Some(*number), what });
            }
        }
    }
}

/// A chain as far as it was read.
#[derive(Default)]
struct Chain {
    number: u64,
    hash: [u8; 32],
    /// Entries whose detail is missing, by their target.
    missing: BTreeMap<String, Vec<u64>>,
    /// For each target the last entry that says that its details were erased.
    erased: BTreeMap<String, u64>,
    /// For each deleted customer the last entry of its chain as its deletion names it; null if that detail is altered.
    deleted: BTreeMap<Place, serde_json::Value>,
}

impl Chain {
    fn next(&mut self, row: &AuditRow, detail: Option<&DetailRow>, found: &mut Vec<Violation>) {
        let mut wrong = |what: &str| {
            found.push(Violation { place: Some(row.place), entry: Some(row.number), what: what.to_owned() });
        };
        if row.number != self.number + 1 {
            wrong("the entry before is missing");
        }
        let digest = Header::of(row).digest();
        if link(&self.hash, row.number, row.position, &digest) != row.hash {
            wrong("the entry, or the one before it, was altered");
        }
        match (row.detail_digest, detail) {
            (None, None) => {}
            (None, Some(_)) => wrong("the entry has a detail that it was not written with"),
            (Some(_), None) => self.missing.entry(row.target.clone()).or_default().push(row.number),
            (Some(digest), Some(detail)) => {
                if detail_digest(&detail.salt, &detail.subject, &detail.body) != digest {
                    wrong("the detail was altered");
                }
            }
        }
        if row.action == "member.erased" {
            self.erased.insert(row.target.clone(), row.number);
        } else if row.action == "customer.deleted"
            && let Ok(customer) = row.target.parse()
        {
            let last = detail.and_then(|detail| serde_json::from_str(&detail.body).ok()).unwrap_or_default();
            self.deleted.insert(Place::Customer(row.place.vendor(), customer), last);
        }
        (self.number, self.hash) = (row.number, row.hash);
    }

    /// The last entry as the detail of a deletion names it.
    fn last(&self) -> serde_json::Value {
        deletion_detail(self.number, &self.hash)
    }
}

/// What the deletion of a customer says of the last entry of its chain.
pub(crate) fn deletion_detail(number: u64, hash: &[u8; 32]) -> serde_json::Value {
    serde_json::json!({ "before": { "hash": hex(hash), "number": number }, "after": null })
}
