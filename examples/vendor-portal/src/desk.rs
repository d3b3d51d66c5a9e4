//! Who acts on what: found out from the session and the address before a page is made.
//!
//! The same pages of users and secrets serve three places: the vendor itself, a customer as staff see it, and a customer
//! as its own members see it. What differs is the scope that tenantry gives.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use axum::http::request::Parts;
use tenantry::{
    Audit, Customer, CustomerId, CustomerScope, CustomerStatus, Deployments, Invitations, Members, Place, Secrets,
    Snapshot, VendorScope,
};

use crate::page::{Page, PlaceBar, Way, Who};
use crate::problem::Problem;
use crate::session::{Person, Session};
use crate::state::Portal;
use crate::words;

/// From which side a place is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Staff, on the vendor itself.
    Vendor,
    /// Staff, on a customer.
    Staff,
    /// A customer's member, on that customer.
    Member,
}

/// Who acts on what, and what they may do at this moment.
#[derive(Debug)]
pub struct Desk {
    /// The portal.
    pub portal: Arc<Portal>,
    /// The session.
    pub session: Session,
    /// Who is signed in.
    pub person: Person,
    /// From which side.
    pub side: Side,
    /// What the addresses of the place begin with.
    pub base: String,
    /// The customer, unless it is the vendor itself.
    pub customer: Option<Customer>,
    /// What the person may do here, for what is shown; every operation decides anew.
    pub snapshot: Snapshot,
    scope: Scope,
}

#[derive(Debug)]
enum Scope {
    Vendor(VendorScope),
    Customer(CustomerScope),
}

impl FromRequestParts<Arc<Portal>> for Desk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Problem> {
        let session = parts.extensions.get::<Session>().cloned().ok_or(Problem::SignedOut)?;
        let person = session.person.clone().ok_or(Problem::SignedOut)?;
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
        let params = RawPathParams::from_request_parts(parts, portal).await.map_err(|_| Problem::NoPage)?;
        let customer = params.iter().find(|(name, _)| *name == "customer").map(|(_, id)| id.parse::<CustomerId>());
        let customer = customer.transpose().map_err(|_| Problem::NoPage)?;
        let (app, vendor) = (&portal.app, portal.vendor.id);
        let staff = app.vendor(vendor, person.user);
        let (side, base, scope) = match customer {
            None => (Side::Vendor, String::new(), Scope::Vendor(staff)),
            Some(id) if route.starts_with("/portal/") => {
                (Side::Member, format!("/portal/{id}"), Scope::Customer(app.customer(vendor, id, person.user)))
            }
            Some(id) => (Side::Staff, format!("/customers/{id}"), Scope::Customer(staff.customer(id))),
        };
        let (snapshot, customer) = match &scope {
            Scope::Vendor(scope) => (scope.snapshot().await?, None),
            Scope::Customer(scope) => (scope.snapshot().await?, Some(scope.get().await?)),
        };
        Ok(Self { portal: Arc::clone(portal), session, person, side, base, customer, snapshot, scope })
    }
}

impl Desk {
    /// The vendor, as this member of its staff.
    ///
    /// # Errors
    ///
    /// When it is another place.
    pub fn vendor(&self) -> Result<&VendorScope, Problem> {
        match &self.scope {
            Scope::Vendor(scope) => Ok(scope),
            Scope::Customer(_) => Err(Problem::NoPage),
        }
    }

    /// The vendor, whatever the place: who is none of its staff is refused there.
    pub fn staff(&self) -> VendorScope {
        self.portal.app.vendor(self.portal.vendor.id, self.person.user)
    }

    /// The customer, as this person.
    ///
    /// # Errors
    ///
    /// When it is the vendor itself.
    pub fn on_customer(&self) -> Result<(&CustomerScope, &Customer), Problem> {
        match (&self.scope, &self.customer) {
            (Scope::Customer(scope), Some(customer)) => Ok((scope, customer)),
            _ => Err(Problem::NoPage),
        }
    }

    /// The members of the place.
    pub fn members(&self) -> Members {
        match &self.scope {
            Scope::Vendor(scope) => scope.members(),
            Scope::Customer(scope) => scope.members(),
        }
    }

    /// The invitations into the place.
    pub fn invitations(&self) -> Invitations {
        match &self.scope {
            Scope::Vendor(scope) => scope.invitations(),
            Scope::Customer(scope) => scope.invitations(),
        }
    }

    /// The secrets of the place.
    pub fn secrets(&self) -> Secrets {
        match &self.scope {
            Scope::Vendor(scope) => scope.secrets(),
            Scope::Customer(scope) => scope.secrets(),
        }
    }

    /// The deployments of the place.
    pub fn deployments(&self) -> Deployments {
        match &self.scope {
            Scope::Vendor(scope) => scope.deployments(),
            Scope::Customer(scope) => scope.deployments(),
        }
    }

    /// The audit log of the place.
    pub fn audit(&self) -> Audit {
        match &self.scope {
            Scope::Vendor(scope) => scope.audit(),
            Scope::Customer(scope) => scope.audit(),
        }
    }

    /// The place.
    pub fn place(&self) -> Place {
        match &self.scope {
            Scope::Vendor(scope) => scope.place(),
            Scope::Customer(scope) => scope.place(),
        }
    }

    /// Whether the person may do this here, for what is shown.
    ///
    /// # Errors
    ///
    /// When the catalogue knows no such permission.
    pub fn can(&self, permission: &str) -> Result<bool, Problem> {
        Ok(self.snapshot.can(permission)?)
    }

    /// Whether the person may see, or manage, the members of the place.
    ///
    /// # Errors
    ///
    /// When the catalogue knows no such permission.
    pub fn can_members(&self, what: &str) -> Result<bool, Problem> {
        let of = if self.side == Side::Staff { "customer_users" } else { "users" };
        self.can(&format!("{of}.{what}"))
    }

    /// Whether the customer is archived.
    pub fn is_archived(&self) -> bool {
        self.customer.as_ref().is_some_and(|customer| customer.status == CustomerStatus::Archived)
    }

    /// What the page has around its content; `here` is its address.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random numbers.
    pub fn page(&self, title: &str, here: &str, notice: Option<&str>) -> Result<Page, Problem> {
        let mut page = Page::new(&self.portal, &self.session, title)?;
        page = page.with_notice(&self.portal, &self.session, notice);
        let way = |href: String, title: &str| Way { current: here == href, href, title: title.to_owned() };
        if self.side == Side::Member {
            page.portal = self.customer.as_ref().map_or_else(String::new, |customer| customer.name.clone());
            let sections = self.snapshot.sections();
            page.nav = sections.iter().map(|it| way(format!("{}/{}", self.base, it.key), &it.title)).collect();
        } else {
            let sections = [
                ("customers.view", "/customers", "Customers"),
                ("users.view", "/users", "Users"),
                ("secrets.view", "/secrets", "Secrets"),
                ("audit.view", "/audit", "Audit log"),
            ];
            for (permission, href, title) in sections {
                if self.can(permission)? {
                    let mut way = way(href.to_owned(), title);
                    way.current |= self.side == Side::Staff && href == "/customers";
                    page.nav.push(way);
                }
            }
        }
        if let (Side::Staff, Some(customer)) = (self.side, &self.customer) {
            let mut tabs = vec![
                way(self.base.clone(), "Overview"),
                way(format!("{}/users", self.base), "Manage users"),
                way(format!("{}/secrets", self.base), "Manage secrets"),
                way(format!("{}/features", self.base), "Features"),
            ];
            if self.can("audit.view")? {
                tabs.push(way(format!("{}/audit", self.base), "Audit log"));
            }
            page.place = Some(PlaceBar { name: customer.name.clone(), archived: self.is_archived(), tabs });
        }
        let role = self.snapshot.role().map_or("", words::role);
        page.who = Some(Who { email: self.person.email.clone(), role });
        Ok(page)
    }
}
