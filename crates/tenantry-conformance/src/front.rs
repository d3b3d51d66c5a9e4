//! What a store that stands in front of another one shares with every such store.

/// What the macro below names.
#[doc(hidden)]
pub mod contract {
    pub use async_trait::async_trait;
    pub use tenantry_core::clock::Timestamp;
    pub use tenantry_core::ids::{CustomerId, InvitationId, MemberId, SecretId, UserId, VendorId};
    pub use tenantry_core::store::{
        AuditFilter, AuditRead, AuditRow, CustomerQuery, CustomerRead, CustomerRow, DeploymentRead, DeploymentRow,
        DetailRow, InvitationRead, InvitationRow, KeyRead, KeyRow, MemberRead, MemberRow, OutboxRead, OutboxRow, Place,
        RootKeyRow, SecretRead, SecretRow, SecretVersionRow, SendsRow, StoreError, UseRow, UserRead, UserRow,
    };
    pub use tenantry_core::{Caller, ChainHead};
    pub use uuid::Uuid;
}

/// Passes every reading of the contract on to the field `inner`, except those of `VendorRead`.
///
/// `pass_on_reads!(Front)` passes on as it is; with `pass_on_reads!(Front, before: method)` the method gets the name of the
/// reading first, and an error of it is the answer.
#[macro_export]
macro_rules! pass_on_reads {
    ($front:ident $(, before: $before:ident)?) => {
        const _: () = {
            use $crate::contract::*;
            $crate::pass_on_reads! { @traits $front [$($before)?]
            CustomerRead {
                fn customer(vendor: VendorId, id: CustomerId) -> Option<CustomerRow>;
                fn customer_by_external_id(vendor: VendorId, external_id: &str) -> Option<CustomerRow>;
                fn customers(vendor: VendorId, query: &CustomerQuery, caller: Caller) -> Vec<CustomerRow>;
            }
            UserRead {
                fn user(vendor: VendorId, id: UserId) -> Option<UserRow>;
                fn user_by_email(vendor: VendorId, email_key: &str) -> Option<UserRow>;
                fn memberships(vendor: VendorId, user: UserId) -> Vec<MemberRow>;
                fn users(vendor: VendorId, after: Option<UserId>, limit: usize, caller: Caller) -> Vec<UserRow>;
            }
            MemberRead {
                fn member(place: Place, id: MemberId) -> Option<MemberRow>;
                fn member_of_user(place: Place, user: UserId) -> Option<MemberRow>;
                fn members(place: Place, after: Option<MemberId>, limit: usize, caller: Caller) -> Vec<(MemberRow, UserRow)>;
                fn active_administrators(place: Place) -> u64;
            }
            InvitationRead {
                fn invitation(place: Place, id: InvitationId) -> Option<InvitationRow>;
                fn invitation_by_token(token_hash: &[u8; 32]) -> Option<InvitationRow>;
                fn latest_invitation(place: Place, member: MemberId) -> Option<InvitationRow>;
                fn pending_administrators(place: Place) -> Vec<InvitationRow>;
                fn invitations(place: Place, after: Option<InvitationId>, limit: usize, caller: Caller) -> Vec<InvitationRow>;
                fn sends(place: Place, recipient: &[u8; 32]) -> Option<SendsRow>;
            }
            OutboxRead {
                fn outbox_row(place: Place, invitation: InvitationId) -> Option<OutboxRow>;
                fn outbox(place: Place, after: Option<InvitationId>, limit: usize, caller: Caller) -> Vec<OutboxRow>;
                fn outbox_due(
                    until: Timestamp,
                    after: Option<(Timestamp, InvitationId)>,
                    limit: usize,
                    caller: Caller,
                ) -> Vec<OutboxRow>;
                fn outbox_sealed_by(place: Place, key: [u8; 16], limit: usize, caller: Caller) -> Vec<OutboxRow>;
            }
            SecretRead {
                fn secret(place: Place, key: &str) -> Option<SecretRow>;
                fn secrets(place: Place, after: Option<&str>, limit: usize, caller: Caller) -> Vec<SecretRow>;
                fn secret_by_id(place: Place, id: SecretId) -> Option<SecretRow>;
                fn secret_version(place: Place, secret: SecretId, version: u64) -> Option<SecretVersionRow>;
                fn secret_versions(
                    place: Place,
                    secret: SecretId,
                    before: Option<u64>,
                    limit: usize,
                    caller: Caller,
                ) -> Vec<SecretVersionRow>;
                fn sealed_by(place: Place, key: [u8; 16], limit: usize, caller: Caller) -> Vec<SecretVersionRow>;
                fn count_sealed_by(place: Place, key: [u8; 16], caller: Caller) -> u64;
            }
            KeyRead {
                fn place_keys(place: Place) -> Vec<KeyRow>;
                fn root_keys() -> Vec<RootKeyRow>;
                fn wrapped_by(vendor: VendorId, root: [u8; 16], limit: usize, caller: Caller) -> Vec<KeyRow>;
                fn count_wrapped_by(root: [u8; 16], caller: Caller) -> u64;
            }
            DeploymentRead {
                fn deployment(place: Place, id: &str) -> Option<DeploymentRow>;
                fn deployments(place: Place, after: Option<&str>, limit: usize, caller: Caller) -> Vec<DeploymentRow>;
                fn uses(place: Place, key: &str, after: Option<&str>, limit: usize, caller: Caller) -> Vec<UseRow>;
            }
            AuditRead {
                fn chain(place: Place, after: u64, limit: usize, caller: Caller) -> Vec<(AuditRow, Option<DetailRow>)>;
                fn log(
                    vendor: VendorId,
                    after: u64,
                    filter: &AuditFilter,
                    limit: usize,
                    caller: Caller,
                ) -> Vec<(AuditRow, Option<DetailRow>)>;
                fn head(place: Place) -> Option<ChainHead>;
                fn heads(vendor: VendorId, after: Option<Uuid>, limit: usize, caller: Caller) -> Vec<ChainHead>;
                fn detail_targets(vendor: VendorId, subject: &str) -> Vec<(Place, String)>;
            }
            }
        };
    };
    (@traits $front:ident $before:tt $($reads:ident $methods:tt)+) => {
        $($crate::pass_on_reads! { @trait $front $before $reads $methods })+
    };
    (@trait $front:ident $before:tt $reads:ident {
        $(fn $name:ident($($arg:ident: $kind:ty),* $(,)?) -> $answer:ty;)+
    }) => {
        #[async_trait]
        impl $reads for $front {
            $(async fn $name(&self, $($arg: $kind),*) -> Result<$answer, StoreError> {
                $crate::pass_on_reads!(@before self $before $name);
                self.inner.$name($($arg),*).await
            })+
        }
    };
    (@before $front:ident [] $name:ident) => {};
    (@before $front:ident [$before:ident] $name:ident) => {
        $front.$before(stringify!($name))?;
    };
}
