//! The customers of a vendor.

use serde_json::{Value, json};

use crate::access::{Access, Operation, operations};
use crate::call::Call;
use crate::clock::Timestamp;
use crate::error::{AlreadyExists, Error, UnknownName};
use crate::ids::CustomerId;
use crate::model::{
    CursorKind, Customer, CustomerFilter, ImportSummary, ImportedRow, NewCustomer, Page, close_page, text,
};
use crate::store::{Check, CustomerQuery, CustomerRow, CustomerStatus, Place, StoredFeatures, WriteOp};
use crate::unit::{Change, Unit};

/// The customers of a vendor, as its staff see them.
#[derive(Clone, Debug)]
pub struct Customers {
    access: Access,
}

impl Customers {
    pub(crate) fn new(access: &Access) -> Self {
        Self { access: access.clone() }
    }

    /// Creates a customer with the features that are on by default.
    ///
    /// Needs `customers.manage`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] (C2); [`Error::AlreadyExists`] when the external id is taken.
    pub fn create(&self, new: NewCustomer) -> Call<Customer> {
        self.access.change(Create { new })
    }

    /// Creates customers from rows, hundreds in one commit, and reports each row as soon as it is decided (C8).
    ///
    /// A row is created, skipped because its external id exists, or refused; a row without an external id is refused, so
    /// that a repeated run creates nothing new. A row that its reader could not make out stands as `Err` with the
    /// reason. A bad row never stops the others.
    ///
    /// Needs `customers.manage`.
    ///
    /// # Errors
    ///
    /// When the actor may not, or the store fails; the rows reported until then are done.
    pub fn import<R, P>(&self, rows: R, report: P) -> Call<ImportSummary>
    where
        R: IntoIterator<Item = Result<NewCustomer, String>>,
        R::IntoIter: Send + 'static,
        P: FnMut(ImportedRow) + Send + 'static,
    {
        super::import::import(&self.access, rows.into_iter(), report)
    }

    /// The customers that pass the filter, in the order of (folded name, id) by code point (C7).
    ///
    /// Needs `customers.view`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a cursor of another filter or a page size that is not 1 to 1,000;
    /// [`Error::UnknownName`] for a feature that the catalogue does not know.
    pub fn list(&self, filter: CustomerFilter) -> Call<Page<Customer>> {
        self.access.read(&operations::CUSTOMERS_LIST, move |access, _, caller| async move {
            let (catalog, vendor) = (&access.app.catalog, access.place.vendor());
            // A customer has a feature when all that it requires is stored, too.
            let mut features = Vec::new();
            for name in &filter.features {
                let closure = catalog.with(&catalog.on([]), name);
                let closure = closure.map_err(|_| UnknownName { kind: "feature", name: name.clone() })?;
                features.extend(catalog.names(&closure).into_iter().map(str::to_owned));
            }
            features.sort_unstable();
            features.dedup();
            let needle = text::fold(&filter.text);
            let kind = CursorKind::new(
                json!(["customers", vendor.to_string(), needle, features, filter.status.map(CustomerStatus::as_str)])
                    .to_string(),
            );
            let after = filter.page.after.as_ref().map(|cursor| kind.key(cursor)).transpose()?;
            let after = after.as_deref().map(customer_key).transpose()?;
            let limit = filter.page.limit()?;
            let query = CustomerQuery { needle, features, status: filter.status, after, limit: limit + 1 };
            let rows = access.app.store.customers(vendor, &query, caller).await?;
            let key = |row: &CustomerRow| json!([row.name_folded, row.id.to_string()]).to_string();
            Ok(close_page(rows, limit, &kind, key, |row| Customer::new(row, catalog)))
        })
    }

    /// The customer with this external id, active or archived.
    ///
    /// Needs `customers.view`.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub fn find(&self, external_id: &str) -> Call<Customer> {
        let external_id = text::name("external id", external_id);
        self.access.read(&operations::CUSTOMERS_FIND, move |access, _, _| async move {
            let row = access.app.store.customer_by_external_id(access.place.vendor(), &external_id?).await?;
            let row = row.ok_or_else(|| Error::not_found("customer"))?;
            Ok(Customer::new(row, &access.app.catalog))
        })
    }
}

fn customer_key(key: &str) -> Result<(String, CustomerId), Error> {
    let foreign = || Error::invalid("cursor", "is not one of this list and filter");
    let (name, id): (String, String) = serde_json::from_str(key).map_err(|_| foreign())?;
    Ok((name, id.parse().map_err(|_| foreign())?))
}

struct Create {
    new: NewCustomer,
}

impl Change for Create {
    type Answer = Customer;

    fn operation(&self) -> &'static Operation {
        &operations::CUSTOMERS_CREATE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Customer, Error> {
        let new = ValidCustomer::new(&self.new)?;
        let row = unit.insert_customer(new)?;
        if let Some(external_id) = row.external_id.clone() {
            let (vendor, customer) = (row.vendor, row.id);
            let taken = external_id.clone();
            unit.require(Check::ExternalIdUnique { vendor, external_id, customer }, move || {
                AlreadyExists { field: "external id", value: taken.clone() }.into()
            });
        }
        Ok(Customer::new(row, &unit.access.app.catalog))
    }
}

/// A new customer whose fields follow C2.
#[derive(Clone)]
pub(super) struct ValidCustomer {
    pub(super) name: String,
    pub(super) external_id: Option<String>,
}

impl ValidCustomer {
    pub(super) fn new(new: &NewCustomer) -> Result<Self, Error> {
        let name = text::name("name", &new.name)?;
        let external_id = new.external_id.as_deref().map(|id| text::name("external id", id)).transpose()?;
        Ok(Self { name, external_id })
    }
}

impl Unit<'_> {
    /// Writes a new customer with the default features. Its creation is the first entry of its own chain.
    pub(super) fn insert_customer(&mut self, new: ValidCustomer) -> Result<CustomerRow, Error> {
        let (vendor, now) = (self.vendor(), self.now);
        let id = CustomerId::from_uuid(self.access.app.new_uuid(now)?);
        let ValidCustomer { name, external_id } = new;
        let row = CustomerRow {
            vendor,
            id,
            name_folded: text::fold(&name),
            external_id_folded: external_id.as_deref().map(text::fold),
            status: CustomerStatus::Active,
            features: StoredFeatures::from_names(self.access.app.catalog.default_features()),
            claimed: false,
            members: 0,
            secrets: 0,
            revision: 1,
            created_at: now,
            updated_at: now,
            counter: 0,
            name,
            external_id,
        };
        self.write(WriteOp::InsertCustomer(row.clone()));
        let after = json!({ "name": row.name, "external_id": row.external_id });
        self.record_detail(Place::Customer(vendor, id), "customer.created", id, id, Value::Null, after);
        Ok(row)
    }
}

/// The record after its own fields moved (C4).
pub(super) fn touched(row: CustomerRow, now: Timestamp) -> CustomerRow {
    CustomerRow { revision: row.revision.saturating_add(1), updated_at: now, ..row }
}
