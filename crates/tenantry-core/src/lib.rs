//! The rules, decisions and storage contract of tenantry. No I/O, no async runtime.
//!
//! Applications depend on the crate `tenantry`, which re-exports this one beside a store; those who write a store of their
//! own read [`store`].
#![forbid(unsafe_code)]

pub mod access;
mod app;
pub mod audit;
mod call;
pub mod catalog;
pub mod clock;
pub mod error;
mod host;
pub mod ids;
pub mod model;
pub mod process;
pub mod scope;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod unit;
pub mod vault;

pub use chrono;

pub use access::{Actor, Decision, Explanation, Snapshot};
pub use app::{Builder, Tenantry};
pub use audit::{AuditEntry, Violation};
pub use call::{Call, Caller, Running};
pub use catalog::{Catalog, CatalogError, Feature, Permission, Portal, Role, Roles, Section};
pub use clock::{Clock, SystemClock};
pub use error::Error;
pub use host::{Courier, DeliveryError, DeliveryFailure, InvitationMail, Maintenance, Outbox};
pub use ids::{CustomerId, DeliveryId, IdSource, InvitationId, MemberId, RandomIds, SecretId, UserId, VendorId};
pub use model::{
    Backup, BackupFile, Cursor, Customer, CustomerFeature, CustomerFilter, CustomerPatch, Delivered, Delivery,
    DeliveryState, Deployment, DeploymentUse, FeatureChange, Features, Identity, ImportOutcome, ImportSummary,
    ImportedRow, Invitation, InvitationStatus, Invited, Member, NewCustomer, NewDeployment, OpenInvitation, Page,
    PageRequest, PortalSection, Rendered, Resolved, RootKeyInfo, Rotation, Secret, SecretChange, SecretUse,
    SecretVersion, Vendor,
};
pub use scope::{
    Accepted, Audit, AuditQuery, CustomerScope, Customers, Deployments, FeatureSwitches, Invitations, Members, Secrets,
    ServiceScope, VendorScope,
};
pub use store::{ChainHead, CustomerStatus, MemberState, Place, RootKeyState};
pub use vault::{
    Argon2Cost, Format, InvitationToken, KeyRing, NewRootKey, Passphrase, ProviderError, RedactingWriter,
    RedactionStream, Redactor, RedactorTooLarge, RootKey, RootKeyError, RootKeyId, RootKeyProvider, SecretValue,
    Template, TemplateError, TemplateProblem, VerifiedEmail, YamlPlace,
};
