//! The records: plain values that operations take and answer.

mod backup;
mod customer;
mod delivery;
mod deployment;
mod feature;
mod member;
mod page;
mod rotation;
mod secret;
pub(crate) mod text;
mod vendor;

pub use backup::{Backup, BackupFile};
pub use customer::{Customer, CustomerFilter, CustomerPatch, ImportOutcome, ImportSummary, ImportedRow, NewCustomer};
pub use delivery::{Delivered, Delivery, DeliveryState};
pub use deployment::{Deployment, DeploymentUse, NewDeployment};
pub use feature::{CustomerFeature, FeatureChange, Features, PortalSection};
pub use member::{Invitation, InvitationStatus, Invited, Member};
pub use page::{Cursor, Page, PageRequest};
pub(crate) use page::{CursorKind, close_page};
pub use rotation::{RootKeyInfo, Rotation};
pub use secret::{Rendered, Resolved, Secret, SecretChange, SecretUse, SecretVersion};
pub use vendor::{Identity, OpenInvitation, Vendor};
