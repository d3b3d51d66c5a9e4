//! One customer: what its staff and its own members see and do.

use serde_json::{Value, json};

use super::CustomerScope;
use super::customers::touched;
use crate::access::{Operation, operations};
use crate::call::Call;
use crate::catalog::{Portal, Role};
use crate::error::{AlreadyExists, CustomerArchived, Error, StaleRevision};
use crate::model::{Customer, CustomerPatch, PortalSection, text};
use crate::store::{Check, CustomerRow, CustomerStatus, Place, WriteOp};
use crate::unit::{Change, Unit};

/// How many members are read at a time when a customer is deleted.
const MEMBERS_AT_A_TIME: usize = 500;

impl CustomerScope {
    /// The customer.
    ///
    /// Needs `customers.view` of staff, `dashboard.view` of the customer's members.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`].
    pub fn get(&self) -> Call<Customer> {
        self.access.read(&operations::CUSTOMERS_GET, |access, _, _| async move {
            let customer = access.place.customer().ok_or_else(|| access.nothing_here())?;
            let row = access.app.store.customer(access.place.vendor(), customer).await?;
            Ok(Customer::new(row.ok_or_else(|| access.nothing_here())?, &access.app.catalog))
        })
    }

    /// Changes what the patch names, and nothing else (C4).
    ///
    /// Needs `customers.manage`. An archived customer can be renamed; its external id stays (C5).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] (C2); [`Error::StaleRevision`] when the patch carries a revision and the record moved;
    /// [`Error::AlreadyExists`] when the external id is taken.
    pub fn update(&self, patch: CustomerPatch) -> Call<Customer> {
        self.access.change(Update { patch })
    }

    /// Archives the customer: it is hidden from lists, and its members and services are refused (C5).
    ///
    /// Needs `customers.manage`.
    ///
    /// # Errors
    ///
    /// [`Error::CustomerArchived`] when it is archived already.
    pub fn archive(&self) -> Call<Customer> {
        self.access.change(SetStatus { status: CustomerStatus::Archived })
    }

    /// Takes the customer back into use; nothing but the status changes (C5).
    ///
    /// Needs `customers.manage`.
    ///
    /// # Errors
    ///
    /// Those of a denial.
    pub fn unarchive(&self) -> Call<Customer> {
        self.access.change(SetStatus { status: CustomerStatus::Active })
    }

    /// Deletes the customer with its members, invitations, secrets and keys; its audit log stays, without details (C6).
    ///
    /// A person who is left without any membership is erased in the same commit. `name` repeats the customer's name, as
    /// a safeguard (C3).
    ///
    /// Needs `customers.delete`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] when the name is not the customer's.
    pub fn delete(&self, name: &str) -> Call<()> {
        self.access.change(Delete { name: name.to_owned() })
    }

    /// The sections of the customer portal that the actor may open, in order (P1). The vendor's staff see what an
    /// Administrator of the customer would see: nothing while it is archived.
    ///
    /// Needs `customers.view` of staff; of the customer's members, to be active.
    ///
    /// # Errors
    ///
    /// Those of a denial.
    pub fn portal(&self) -> Call<Vec<PortalSection>> {
        self.access.read(&operations::PORTAL_SECTIONS, |access, mut standing, _| async move {
            let mut access = access;
            if access.portal == Portal::Vendor {
                access.portal = Portal::Customer;
                if let Some(member) = &mut standing.member {
                    member.role = Role::Administrator;
                }
            }
            Ok(access.snapshot_of(&standing).sections())
        })
    }
}

struct Update {
    patch: CustomerPatch,
}

impl Change for Update {
    type Answer = Customer;

    fn operation(&self) -> &'static Operation {
        &operations::CUSTOMERS_UPDATE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Customer, Error> {
        let name = self.patch.name.as_deref().map(|name| text::name("name", name)).transpose()?;
        let external_id = match &self.patch.external_id {
            Some(Some(id)) => Some(Some(text::name("external id", id)?)),
            Some(None) => Some(None),
            None => None,
        };
        unit.bump_place().await?;
        let old = unit.customer().await?;
        if let Some(expected) = self.patch.revision
            && expected != old.revision
        {
            return Err(StaleRevision { expected, found: old.revision }.into());
        }
        if external_id.is_some() && old.status == CustomerStatus::Archived {
            return Err(CustomerArchived { customer: old.id }.into());
        }
        let mut row = old.clone();
        if let Some(name) = name {
            row.name_folded = text::fold(&name);
            row.name = name;
        }
        if let Some(external_id) = external_id {
            row.external_id_folded = external_id.as_deref().map(text::fold);
            row.external_id = external_id;
        }
        if row == old {
            return Ok(Customer::new(old, &unit.access.app.catalog));
        }
        let row = touched(row, unit.now);
        if let Some(external_id) = row.external_id.clone().filter(|_| row.external_id != old.external_id) {
            let taken = external_id.clone();
            let check = Check::ExternalIdUnique { vendor: row.vendor, external_id, customer: row.id };
            unit.require(check, move || AlreadyExists { field: "external id", value: taken.clone() }.into());
        }
        unit.write(WriteOp::UpdateCustomer(row.clone()));
        let detail = |row: &CustomerRow| json!({ "name": row.name, "external_id": row.external_id });
        unit.record_detail(unit.place(), "customer.updated", row.id, row.id, detail(&old), detail(&row));
        Ok(Customer::new(row, &unit.access.app.catalog))
    }
}

struct SetStatus {
    status: CustomerStatus,
}

impl Change for SetStatus {
    type Answer = Customer;

    fn operation(&self) -> &'static Operation {
        match self.status {
            CustomerStatus::Archived => &operations::CUSTOMERS_ARCHIVE,
            CustomerStatus::Active => &operations::CUSTOMERS_UNARCHIVE,
        }
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Customer, Error> {
        unit.bump_place().await?;
        let old = unit.customer().await?;
        if old.status == self.status {
            return Ok(Customer::new(old, &unit.access.app.catalog));
        }
        let row = touched(CustomerRow { status: self.status, ..old }, unit.now);
        unit.write(WriteOp::UpdateCustomer(row.clone()));
        let action = match self.status {
            CustomerStatus::Archived => "customer.archived",
            CustomerStatus::Active => "customer.unarchived",
        };
        unit.record(unit.place(), action, row.id);
        Ok(Customer::new(row, &unit.access.app.catalog))
    }
}

struct Delete {
    name: String,
}

impl Change for Delete {
    type Answer = ();

    fn operation(&self) -> &'static Operation {
        &operations::CUSTOMERS_DELETE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<(), Error> {
        unit.bump_place().await?;
        let row = unit.customer().await?;
        if text::name("name", &self.name).ok().as_deref() != Some(row.name.as_str()) {
            return Err(Error::invalid("name", "is not the name of the customer"));
        }
        let place = unit.place();
        // First the memberships go, then the persons who have no other.
        unit.write(WriteOp::DeleteCustomer(row.vendor, row.id));
        let mut after = None;
        let mut erased = Vec::new();
        loop {
            let members = unit.store().members(place, after, MEMBERS_AT_A_TIME, unit.caller).await?;
            let Some((last, _)) = members.last() else { break };
            after = Some(last.id);
            for (member, _) in &members {
                erased.extend(unit.erase_if_gone(member.user, place).await?.unwrap_or_default());
            }
        }
        let head = unit.store().head(place).await?.ok_or_else(|| unit.access.nothing_here())?;
        // The chain ends here: nobody may add to it between this reading and the commit.
        unit.expect(Check::ChainHead(head));
        let vendor = Place::Vendor(row.vendor);
        let last = json!({ "number": head.number, "hash": crate::audit::hex(&head.hash) });
        unit.record_detail(vendor, "customer.deleted", row.id, "", last, Value::Null);
        // The details of the customer's own chain go with it; these are the others that spoke of the erased.
        for (chain, target) in erased.into_iter().filter(|(chain, _)| *chain != place) {
            unit.record(chain, "member.erased", target);
        }
        Ok(())
    }
}
