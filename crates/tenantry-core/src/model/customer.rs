//! Customers: the record, what makes and changes one, and the filter.

use chrono::{DateTime, Utc};

use super::PageRequest;
use super::page::Cursor;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::ids::CustomerId;
use crate::store::{CustomerRow, CustomerStatus};

/// A customer of a vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Its name; names may repeat.
    pub name: String,
    /// The vendor's own id of it, unique within the vendor.
    pub external_id: Option<String>,
    /// Whether it is in use.
    pub status: CustomerStatus,
    /// The features it has, in dependency order.
    pub features: Vec<String>,
    /// How many members it has, invited and suspended ones included.
    pub members: u64,
    /// How many secrets it has.
    pub secrets: u64,
    /// Moves with name, external id and status; hand it back to change just what you saw (C4).
    pub revision: u64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When name, external id or status last moved.
    pub updated_at: DateTime<Utc>,
}

impl Customer {
    pub(crate) fn new(row: CustomerRow, catalog: &Catalog) -> Self {
        let on = catalog.on(row.features.iter());
        Self {
            id: row.id,
            name: row.name,
            external_id: row.external_id,
            status: row.status,
            features: catalog.names(&on).into_iter().map(str::to_owned).collect(),
            members: row.members,
            secrets: row.secrets,
            revision: row.revision,
            created_at: row.created_at.to_datetime(),
            updated_at: row.updated_at.to_datetime(),
        }
    }
}

/// What a new customer is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewCustomer {
    /// 1 to 200 characters after trimming, no control characters.
    pub name: String,
    /// 1 to 200 characters after trimming, no control characters, unique within the vendor.
    pub external_id: Option<String>,
}

impl NewCustomer {
    /// A customer of this name, without an external id.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), external_id: None }
    }

    /// With this external id.
    pub fn external_id(mut self, external_id: impl Into<String>) -> Self {
        self.external_id = Some(external_id.into());
        self
    }
}

/// What to change about a customer; what is not named stays as it is (C4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CustomerPatch {
    /// The new name.
    pub name: Option<String>,
    /// The new external id; `Some(None)` takes it away.
    pub external_id: Option<Option<String>>,
    /// The revision that the change was made from; the change is refused if the record moved since.
    pub revision: Option<u64>,
}

impl CustomerPatch {
    /// Changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// To this name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// To this external id.
    pub fn external_id(mut self, external_id: impl Into<String>) -> Self {
        self.external_id = Some(Some(external_id.into()));
        self
    }

    /// To no external id.
    pub fn without_external_id(mut self) -> Self {
        self.external_id = Some(None);
        self
    }

    /// Only if the record is still at this revision.
    pub fn at_revision(mut self, revision: u64) -> Self {
        self.revision = Some(revision);
        self
    }
}

/// Which customers (C7): active ones, unless told otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CustomerFilter {
    /// Text that the name, the external id or a member's e-mail contains, whatever its case.
    pub text: String,
    /// Features that the customer has.
    pub features: Vec<String>,
    /// The status; `None` for any.
    pub status: Option<CustomerStatus>,
    /// Which page.
    pub page: PageRequest,
}

impl Default for CustomerFilter {
    fn default() -> Self {
        Self {
            text: String::new(),
            features: Vec::new(),
            status: Some(CustomerStatus::Active),
            page: PageRequest::first(),
        }
    }
}

impl CustomerFilter {
    /// All active customers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whose name, external id or a member's e-mail contains this text, whatever its case.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Who have this feature, too.
    pub fn feature(mut self, feature: impl Into<String>) -> Self {
        self.features.push(feature.into());
        self
    }

    /// Archived ones instead of active ones.
    pub fn archived(mut self) -> Self {
        self.status = Some(CustomerStatus::Archived);
        self
    }

    /// Active and archived ones.
    pub fn any_status(mut self) -> Self {
        self.status = None;
        self
    }

    /// How many on a page, 1 to 1,000.
    pub fn page_size(mut self, size: usize) -> Self {
        self.page.size = Some(size);
        self
    }

    /// The page after this cursor, which an earlier page of the same filter answered.
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.page.after = Some(cursor);
        self
    }
}

/// What became of a row of a bulk creation (C8).
#[derive(Debug)]
#[non_exhaustive]
pub enum ImportOutcome {
    /// A customer was made.
    Created(CustomerId),
    /// Its external id exists, in the store or earlier in the input.
    Skipped,
    /// It was refused, for this reason.
    Refused(Error),
}

/// A row of a bulk creation and what became of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct ImportedRow {
    /// 1, 2, 3 … in the input.
    pub row: u64,
    /// What became of it.
    pub outcome: ImportOutcome,
}

/// What became of the rows of a bulk creation, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ImportSummary {
    /// How many rows there were.
    pub rows: u64,
    /// How many customers were made.
    pub created: u64,
    /// How many external ids existed.
    pub skipped: u64,
    /// How many rows were refused.
    pub refused: u64,
}
