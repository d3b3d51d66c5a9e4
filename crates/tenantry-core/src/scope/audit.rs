//! Reading the audit log (A4).

use serde_json::json;

use crate::access::{Access, operations};
use crate::audit::{AuditEntry, entry};
use crate::call::{Call, Caller};
use crate::error::Error;
use crate::ids::CustomerId;
use crate::model::{Cursor, CursorKind, Page, PageRequest, close_page};
use crate::store::{AuditFilter, Place};

/// Which entries of the audit log, and which page of them.
///
/// The actions: `vendor.created`; `customer.created`, `.updated`, `.archived`, `.unarchived`, `.deleted`; `member.invited`,
/// `.joined`, `.declined`, `.renamed`, `.role_changed`, `.suspended`, `.resumed`, `.removed`, `.erased`;
/// `invitation.resent`, `.revoked`; `user.email_changed`; `features.enabled`, `.disabled`; `secret.created`, `.updated`,
/// `.rolled_back`, `.version_destroyed`, `.deleted`; `secrets.resolved`, `.sealed_anew`; `deployment.registered`,
/// `.reported`, `.removed`; `place_key.promoted`, `.retired`; `root_key.staged`, `.promoted`, `.retired`;
/// `keys.wrapped_anew`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditQuery {
    /// Only those of this actor, as the log writes actors.
    pub actor: Option<String>,
    /// Only those of this action, for example `member.removed`.
    pub action: Option<String>,
    /// Only those of this customer, deleted ones included; for [`Audit::follow`].
    pub customer: Option<CustomerId>,
    /// The newest entries first.
    pub newest_first: bool,
    /// Which page.
    pub page: PageRequest,
}

impl AuditQuery {
    /// All entries, from the first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only those of this actor, as the log writes actors.
    pub fn actor(mut self, actor: impl ToString) -> Self {
        self.actor = Some(actor.to_string());
        self
    }

    /// Only those of this action, for example `member.removed`.
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    /// Only those of this customer, deleted ones included; for [`Audit::follow`].
    pub fn customer(mut self, customer: CustomerId) -> Self {
        self.customer = Some(customer);
        self
    }

    /// The newest entries first, and from page to page back to the oldest: for people who look at a log.
    pub fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self
    }

    /// How many on a page, 1 to 1,000.
    pub fn page_size(mut self, size: usize) -> Self {
        self.page.size = Some(size);
        self
    }

    /// The page after this cursor, which an earlier page of the same query answered.
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.page.after = Some(cursor);
        self
    }
}

/// The audit log: of one place, or of the vendor's whole.
#[derive(Clone, Debug)]
pub struct Audit {
    access: Access,
}

impl Audit {
    pub(crate) fn new(access: &Access) -> Self {
        Self { access: access.clone() }
    }

    /// The entries of this place, oldest first unless told otherwise.
    ///
    /// Needs `audit.view`.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::InvalidInput`] for a foreign cursor, a page size that is not 1 to 1,000, or a query that
    /// asks for a customer.
    pub fn list(&self, query: AuditQuery) -> Call<Page<AuditEntry>> {
        self.access.read(&operations::AUDIT_LIST, move |access, _, caller| async move {
            if query.customer.is_some() {
                return Err(Error::invalid("customer", "is not asked for in the log of one place: see `follow`"));
            }
            list(&access, query, caller).await
        })
    }

    /// The entries of the whole vendor, in the order in which they were committed, and always a cursor to go on from:
    /// what commits later never stands before it. A page without items says that there is nothing new; ask again later with
    /// its cursor. With the newest first it goes back instead, and the last page has no cursor.
    ///
    /// Needs `audit.view` on the vendor; from a customer's scope nobody has it.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::InvalidInput`] for a foreign cursor or a page size that is not 1 to 1,000.
    pub fn follow(&self, query: AuditQuery) -> Call<Page<AuditEntry>> {
        self.access.read(&operations::AUDIT_FOLLOW, move |access, _, caller| async move {
            let place = query.customer.map(|customer| Place::Customer(access.place.vendor(), customer));
            let AuditQuery { actor, action, newest_first, .. } = query;
            let filter = AuditFilter { place, actor, action, newest_first };
            let (mut page, last) = page(&access, filter, &query.page, caller).await?;
            if !newest_first {
                page.next = page.next.or(Some(last));
            }
            Ok(page)
        })
    }
}

/// A page of the log of one place. Its cursor holds the entry's number in the place's own chain: a position in the
/// vendor's log would tell how much happens elsewhere (R4).
async fn list(access: &Access, query: AuditQuery, caller: Caller) -> Result<Page<AuditEntry>, Error> {
    let (store, place, limit) = (&access.app.store, access.place, query.page.limit()?);
    let list = if query.newest_first { "audit of, newest first" } else { "audit of" };
    let bound = json!([list, place.vendor().to_string(), place.to_string(), query.actor, query.action]);
    let kind = CursorKind::new(bound.to_string());
    let after = query.page.after.as_ref().map(|cursor| kind.key(cursor)).transpose()?;
    let after = after.map(|key| key.parse().map_err(|_| Error::invalid("cursor", "is malformed"))).transpose()?;
    let AuditQuery { actor, action, newest_first, .. } = query;
    let begin = if newest_first { u64::MAX } else { 0 };
    let position = match after {
        Some(number) => {
            let number: u64 = number;
            let last = store.chain(place, number.saturating_sub(1), 1, caller).await?;
            last.first().filter(|(row, _)| row.number == number).map_or(begin, |(row, _)| row.position)
        }
        None => begin,
    };
    let filter = AuditFilter { place: Some(place), actor, action, newest_first };
    let rows = store.log(place.vendor(), position, &filter, limit + 1, caller).await?;
    Ok(close_page(rows, limit, &kind, |(row, _)| row.number.to_string(), entry))
}

/// A page of the vendor's log, and a cursor that stands after its last entry, or where it began.
async fn page(
    access: &Access,
    filter: AuditFilter,
    page: &PageRequest,
    caller: Caller,
) -> Result<(Page<AuditEntry>, Cursor), Error> {
    let (vendor, limit) = (access.place.vendor(), page.limit()?);
    let place = filter.place.map(|place| place.to_string());
    let (list, begin) = if filter.newest_first { ("audit, newest first", u64::MAX) } else { ("audit", 0) };
    let bound = json!([list, vendor.to_string(), place, filter.actor, filter.action]);
    let kind = CursorKind::new(bound.to_string());
    let after = page.after.as_ref().map(|cursor| kind.key(cursor)).transpose()?;
    let after = after.map_or(Ok(begin), |key| key.parse().map_err(|_| Error::invalid("cursor", "is malformed")))?;
    let rows = access.app.store.log(vendor, after, &filter, limit + 1, caller).await?;
    let last = rows.last().map_or(after, |(row, _)| row.position);
    let last = kind.cursor(&last.to_string());
    Ok((close_page(rows, limit, &kind, |(row, _)| row.position.to_string(), entry), last))
}
