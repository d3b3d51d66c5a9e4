//! The public handles: an actor at a place, with one area for each subject.
//!
//! A scope holds no decision and no data: who may do what is read with every operation. A [`CustomerScope`] takes no
//! customer id, so another customer cannot be named (P2).

mod audit;
mod customer;
mod customers;
mod deployments;
mod features;
mod import;
mod invitations;
mod members;
mod secrets;
mod service;
mod users;

pub use audit::{Audit, AuditQuery};
pub use customers::Customers;
pub use deployments::Deployments;
pub use features::FeatureSwitches;
pub use invitations::Invitations;
pub use members::Members;
pub use secrets::Secrets;
pub use service::ServiceScope;

use crate::access::{Access, Actor, Decision, Explanation, Snapshot, operations};
use crate::call::Call;
use crate::catalog::{Portal, Role};
use crate::error::Error;
use crate::ids::{CustomerId, UserId, VendorId};
use crate::store::{CustomerStatus, Place};

/// Whose scope an accepted invitation gives.
#[derive(Clone, Debug)]
pub enum Accepted {
    /// The person is a member of the vendor.
    Vendor(VendorScope),
    /// The person is a member of a customer.
    Customer(CustomerScope),
}

impl Accepted {
    /// The scope on the customer, if the invitation was into one.
    pub fn customer(self) -> Option<CustomerScope> {
        match self {
            Self::Customer(scope) => Some(scope),
            Self::Vendor(_) => None,
        }
    }

    /// The scope on the vendor, if the invitation was into it.
    pub fn vendor(self) -> Option<VendorScope> {
        match self {
            Self::Vendor(scope) => Some(scope),
            Self::Customer(_) => None,
        }
    }
}

macro_rules! decisions {
    ($scope:ident) => {
        impl $scope {
            /// Passes if the actor has the permission here: the call by which a host guards its own operations (R3).
            ///
            /// # Errors
            ///
            /// The reason for the denial, in the order of R2: [`Error::NotFound`], [`Error::PermissionDenied`]
            /// (suspended), [`Error::CustomerArchived`], [`Error::PermissionDenied`] (role),
            /// [`Error::FeatureDisabled`]; [`Error::UnknownName`] for a permission that the catalogue does not know.
            pub fn require(&self, permission: &str) -> Call<()> {
                self.access.require(permission)
            }

            /// Whether the actor has the permission here.
            ///
            /// # Errors
            ///
            /// [`Error::UnknownName`] for a permission that the catalogue does not know; never for a "no".
            pub fn can(&self, permission: &str) -> Call<bool> {
                self.access.can(permission)
            }

            /// Why the actor has the permission here or not, and what would give it.
            ///
            /// # Errors
            ///
            /// [`Error::UnknownName`]; [`Error::NotFound`] when there is no such place, or the actor is no member of it (R3).
            pub fn explain(&self, permission: &str) -> Call<Explanation> {
                self.access.explain(permission)
            }

            /// What the actor may do here at this moment: for many questions in one request.
            ///
            /// # Errors
            ///
            /// [`Error::NotFound`], [`Error::PermissionDenied`] (suspended) or [`Error::CustomerArchived`] when the
            /// actor may do nothing here. The vendor's staff may read what is archived (C5).
            pub fn snapshot(&self) -> Call<Snapshot> {
                self.access.snapshot()
            }

            /// Who acts.
            pub fn actor(&self) -> &Actor {
                &self.access.actor
            }

            /// The person who acts; `None` for a service.
            pub fn user_id(&self) -> Option<UserId> {
                self.access.user()
            }

            /// What is acted on.
            pub fn place(&self) -> Place {
                self.access.place
            }
        }
    };
}

decisions!(VendorScope);
decisions!(CustomerScope);
decisions!(ServiceScope);

/// A member of the vendor's staff, acting on the vendor.
#[derive(Clone, Debug)]
pub struct VendorScope {
    access: Access,
}

impl VendorScope {
    pub(crate) fn new(access: Access) -> Self {
        Self { access }
    }

    /// The vendor's id.
    pub fn vendor_id(&self) -> VendorId {
        self.access.place.vendor()
    }

    /// The same person, acting on one customer of the vendor. Whether it exists is decided with every operation.
    pub fn customer(&self, customer: CustomerId) -> CustomerScope {
        let place = Place::Customer(self.vendor_id(), customer);
        CustomerScope::new(Access { place, ..self.access.clone() })
    }

    /// The customers: create, find, import.
    pub fn customers(&self) -> Customers {
        Customers::new(&self.access)
    }

    /// The vendor's own members.
    pub fn members(&self) -> Members {
        Members::new(&self.access)
    }

    /// The invitations to the vendor itself.
    pub fn invitations(&self) -> Invitations {
        Invitations::new(&self.access)
    }

    /// The vendor's own secrets; they serve the vendor's own deployments only (S1).
    pub fn secrets(&self) -> Secrets {
        Secrets::new(&self.access)
    }

    /// The deployments of the vendor itself that services registered.
    pub fn deployments(&self) -> Deployments {
        Deployments::new(&self.access)
    }

    /// The audit log of the vendor.
    pub fn audit(&self) -> Audit {
        Audit::new(&self.access)
    }
}

/// A person acting on one customer: one of its members, or the vendor's staff.
#[derive(Clone, Debug)]
pub struct CustomerScope {
    access: Access,
}

impl CustomerScope {
    pub(crate) fn new(access: Access) -> Self {
        Self { access }
    }

    /// The customer's id.
    pub fn customer_id(&self) -> CustomerId {
        // The place of this scope is always a customer, by the ways that make one.
        self.access.place.customer().unwrap_or_else(|| CustomerId::from_uuid(self.access.place.uuid()))
    }

    /// The customer's members.
    pub fn members(&self) -> Members {
        Members::new(&self.access)
    }

    /// The invitations into the customer.
    pub fn invitations(&self) -> Invitations {
        Invitations::new(&self.access)
    }

    /// The customer's secrets; they serve this customer's deployments only (S1).
    pub fn secrets(&self) -> Secrets {
        Secrets::new(&self.access)
    }

    /// The customer's features.
    pub fn features(&self) -> FeatureSwitches {
        FeatureSwitches::new(&self.access)
    }

    /// The deployments of the customer that services registered.
    pub fn deployments(&self) -> Deployments {
        Deployments::new(&self.access)
    }

    /// The audit log of the customer.
    pub fn audit(&self) -> Audit {
        Audit::new(&self.access)
    }

    /// Why one of the customer's members has a permission or not, and what would give it: for the vendor's support.
    ///
    /// Needs `customer_users.view` on the vendor's side.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] for a permission that the catalogue does not know; those of a denial.
    pub fn explain_for(&self, user: UserId, permission: &str) -> Call<Explanation> {
        let permission = permission.to_owned();
        self.access.read(&operations::EXPLAIN_FOR, move |access, _, _| async move {
            let theirs = Access { actor: Actor::User(user), portal: Portal::Customer, home: access.place, ..access };
            theirs.explanation(&permission).await
        })
    }
}

impl Access {
    fn require(&self, permission: &str) -> Call<()> {
        let (access, permission) = (self.clone(), permission.to_owned());
        self.call(&operations::REQUIRE, move |_| async move {
            let standing = access.standing().await?;
            let decision = access.decide_by_name(&permission, standing.as_ref())?;
            access.granted(decision, &access.asked(&permission)?, standing).map(|_| ())
        })
    }

    fn can(&self, permission: &str) -> Call<bool> {
        let (access, permission) = (self.clone(), permission.to_owned());
        self.call(&operations::CAN, move |_| async move {
            let standing = access.standing().await?;
            Ok(access.decide_by_name(&permission, standing.as_ref())? == Decision::Allowed)
        })
    }

    fn explain(&self, permission: &str) -> Call<Explanation> {
        let (access, permission) = (self.clone(), permission.to_owned());
        self.call(&operations::EXPLAIN, move |_| async move {
            let explanation = access.explanation(&permission).await?;
            // Staff ask about others by `explain_for`; who is nothing here is not told what there is (R3).
            if explanation.decision == Decision::NotFound {
                return Err(access.nothing_here());
            }
            Ok(explanation)
        })
    }

    async fn explanation(&self, permission: &str) -> Result<Explanation, Error> {
        let standing = self.standing().await?;
        let decision = self.decide_by_name(permission, standing.as_ref())?;
        let asked = self.asked(permission)?;
        let row = asked.id.and_then(|id| self.app.catalog.permission_by_id(id));
        let roles = [Role::Administrator, Role::User, Role::Viewer];
        let roles = roles.into_iter().filter(|role| row.is_some_and(|row| row.roles().contains(*role))).collect();
        let enable = match (&decision, &standing) {
            (Decision::Feature, Some(standing)) => self.missing_features(asked.id, standing).1,
            _ => Vec::new(),
        };
        let role = standing.and_then(|standing| standing.member).map(|member| member.role);
        Ok(Explanation { permission: permission.to_owned(), decision, role, roles, enable })
    }

    fn snapshot(&self) -> Call<Snapshot> {
        self.read(&operations::SNAPSHOT, |access, standing, _| async move { Ok(access.snapshot_of(&standing)) })
    }

    /// What is allowed in this standing, which [`Access::authorise`] has let pass.
    fn snapshot_of(&self, standing: &crate::store::Standing) -> Snapshot {
        let catalog = &self.app.catalog;
        let role = standing.member.as_ref().map(|member| member.role);
        // R6: features apply to the customer's side and to services, not to staff.
        let stored = standing.features.as_ref().filter(|_| self.portal != Portal::Vendor);
        let on = stored.map(|stored| catalog.on(stored.iter()));
        let archived = standing.status == CustomerStatus::Archived;
        let allowed = catalog.permission_set(self.portal, role, on.as_ref(), archived);
        Snapshot { catalog: catalog.clone(), portal: self.portal, role, allowed, state: standing.counter }
    }
}
