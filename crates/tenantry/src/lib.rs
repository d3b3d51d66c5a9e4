//! Customer management that a software vendor embeds in its own program: customers, their members and roles, sealed
//! secrets, and features that are switched per customer. A library call, not a server.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("customers.db");
//! # #[cfg(feature = "sqlite")] {
//! use tenantry::{Catalog, NewCustomer, Role, RootKey, Sqlite, Tenantry, VerifiedEmail};
//!
//! let app = Tenantry::builder(Catalog::standard())
//!     .root_key(RootKey::generate()?)                  // in production: from_env, from_file, your KMS
//!     .open(Sqlite::file(path)).wait()?;
//! let vendor = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test").wait()?;
//! let globex = vendor.customers().create(NewCustomer::new("Globex")).wait()?;
//! let scope = vendor.customer(globex.id);
//!
//! // Globex has no Administrator yet, so the role is raised.
//! let invited = scope.members().invite("Hank", "hank@globex.test", Role::Viewer).wait()?;
//! assert!(invited.raised);
//! let email = VerifiedEmail::new("hank@globex.test");
//! let hank = app.accept_invitation(&invited.token, email).wait()?.customer().ok_or("not a customer")?;
//!
//! assert!(!hank.can("alerts.view").wait()?);
//! scope.features().enable("alerts").wait()?;
//! hank.require("alerts.view").wait()?;
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! Every operation answers a [`Call`]: `.wait()` for it on the current thread, or `.await` it on any executor.
//!
//! | to | call |
//! |---|---|
//! | open a store | [`Tenantry::builder`], then [`Builder::open`] or [`Builder::open_in_memory`] |
//! | make a vendor | [`Tenantry::bootstrap`] |
//! | get from a signed-in person to a scope | [`Tenantry::identify`], [`Tenantry::vendor`], [`Tenantry::customer`] |
//! | create, import and filter customers | [`VendorScope::customers`] |
//! | work on one customer | [`VendorScope::customer`] |
//! | mail invitations | [`Builder::outbox`], [`Tenantry::outbox`], [`Courier`] |
//! | guard an operation of your own | [`CustomerScope::require`], [`CustomerScope::snapshot`] |
//! | use secrets | [`Tenantry::service`] |
//! | add features, permissions and sections | [`Catalog::builder`] |
//! | write a store of your own | [`store`] |
//!
//! Cargo features: `sqlite` (on by default) is the store for one machine, `serde` (on by default) gives the records
//! `Serialize` and `Deserialize`, `testing` has a fixed clock, repeatable ids and a vendor with an actor for each role, for the
//! tests of a host. Every operation opens a `tracing` span named `tenantry` with its name, actor and place; a refusal is an
//! event. The rules that documentation cites (C4, U9, …) stand in `RULES.md` of the repository.
#![forbid(unsafe_code)]

pub use tenantry_core::*;
#[cfg(feature = "sqlite")]
pub use tenantry_sqlite::{Durability, Sqlite};
