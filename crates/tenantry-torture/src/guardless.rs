//! A store without its guards, to show that the race finds one: every commit is applied as if nothing had moved since it was
//! decided.

use std::sync::Arc;

use async_trait::async_trait;
use tenantry::Caller;
use tenantry::ids::{CustomerId, InvitationId, MemberId, SecretId, UserId, VendorId};
use tenantry::store::{
    Admission, AuditFilter, AuditRead, AuditRow, ChainHead, Commit, CustomerQuery, CustomerRead, CustomerRow,
    DeploymentRead, DeploymentRow, DetailRow, GuardKey, InvitationRead, InvitationRow, KeyRead, KeyRow, MemberRead,
    MemberRow, OpenError, OpenStore, Place, Receipt, RootKeyRow, SecretRead, SecretRow, SecretVersionRow, SendsRow,
    Standing, Store, StoreError, UseRow, UserRead, UserRow, VendorRead, VendorRow,
};
use tenantry::vault::StoreId;
use uuid::Uuid;

/// Opens a store, and takes its guards away.
#[derive(Debug)]
pub struct WithoutGuards<A>(pub A);

#[async_trait]
impl<A: OpenStore> OpenStore for WithoutGuards<A> {
    async fn open(self: Box<Self>, admission: Admission, caller: Caller) -> Result<Arc<dyn Store>, OpenError> {
        let inner = Box::new(self.0).open(admission, caller).await?;
        Ok(Arc::new(Guardless { inner }))
    }
}

#[derive(Debug)]
struct Guardless {
    inner: Arc<dyn Store>,
}

impl Guardless {
    /// The counter as it is now, in place of the one that the decision was made from.
    async fn counter(&self, key: &GuardKey) -> Result<Option<u64>, StoreError> {
        Ok(match key {
            GuardKey::Place(place) => self.inner.standing(None, *place, *place).await?.map(|row| row.counter),
            GuardKey::Member(place, id) => self.inner.member(*place, *id).await?.map(|row| row.counter),
            GuardKey::User(vendor, id) => self.inner.user(*vendor, *id).await?.map(|row| row.counter),
        })
    }
}

#[async_trait]
impl Store for Guardless {
    fn store_id(&self) -> StoreId {
        self.inner.store_id()
    }

    async fn commit(&self, mut commit: Commit, caller: Caller) -> Result<Receipt, StoreError> {
        loop {
            for guard in &mut commit.guards {
                if let Some(counter) = self.counter(&guard.key).await? {
                    guard.counter = counter;
                }
            }
            match self.inner.commit(commit.clone(), caller).await {
                // Somebody moved it between that reading and the commit. A row that is gone stays a conflict.
                Err(StoreError::Conflict) => {
                    for guard in &commit.guards {
                        if self.counter(&guard.key).await?.is_none() {
                            return Err(StoreError::Conflict);
                        }
                    }
                }
                answer => return answer,
            }
        }
    }

    async fn schema_version(&self) -> Result<i64, StoreError> {
        self.inner.schema_version().await
    }

    async fn check_integrity(&self, caller: Caller) -> Result<Vec<String>, StoreError> {
        self.inner.check_integrity(caller).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}

/// The reads are those of the store inside.
macro_rules! pass_on {
    ($trait:ident { $(fn $name:ident($($arg:ident: $kind:ty),* $(,)?) -> $answer:ty;)+ }) => {
        #[async_trait]
        impl $trait for Guardless {
            $(async fn $name(&self, $($arg: $kind),*) -> Result<$answer, StoreError> {
                self.inner.$name($($arg),*).await
            })+
        }
    };
}

pass_on!(VendorRead {
    fn vendor(id: VendorId) -> Option<VendorRow>;
    fn vendor_by_key(key: &str) -> Option<VendorRow>;
    fn vendors(after: Option<&str>, limit: usize) -> Vec<VendorRow>;
    fn standing(user: Option<UserId>, home: Place, place: Place) -> Option<Standing>;
});
pass_on!(CustomerRead {
    fn customer(vendor: VendorId, id: CustomerId) -> Option<CustomerRow>;
    fn customer_by_external_id(vendor: VendorId, external_id: &str) -> Option<CustomerRow>;
    fn customers(vendor: VendorId, query: &CustomerQuery, caller: Caller) -> Vec<CustomerRow>;
});
pass_on!(UserRead {
    fn user(vendor: VendorId, id: UserId) -> Option<UserRow>;
    fn user_by_email(vendor: VendorId, email_key: &str) -> Option<UserRow>;
    fn memberships(vendor: VendorId, user: UserId) -> Vec<MemberRow>;
    fn users(vendor: VendorId, after: Option<UserId>, limit: usize, caller: Caller) -> Vec<UserRow>;
});
pass_on!(MemberRead {
    fn member(place: Place, id: MemberId) -> Option<MemberRow>;
    fn member_of_user(place: Place, user: UserId) -> Option<MemberRow>;
    fn members(place: Place, after: Option<MemberId>, limit: usize, caller: Caller) -> Vec<(MemberRow, UserRow)>;
    fn active_administrators(place: Place) -> u64;
});
pass_on!(InvitationRead {
    fn invitation(place: Place, id: InvitationId) -> Option<InvitationRow>;
    fn invitation_by_token(token_hash: &[u8; 32]) -> Option<InvitationRow>;
    fn latest_invitation(place: Place, member: MemberId) -> Option<InvitationRow>;
    fn pending_administrators(place: Place) -> Vec<InvitationRow>;
    fn invitations(place: Place, after: Option<InvitationId>, limit: usize, caller: Caller) -> Vec<InvitationRow>;
    fn sends(place: Place, recipient: &[u8; 32]) -> Option<SendsRow>;
});
pass_on!(SecretRead {
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
});
pass_on!(KeyRead {
    fn place_keys(place: Place) -> Vec<KeyRow>;
    fn root_keys() -> Vec<RootKeyRow>;
    fn wrapped_by(vendor: VendorId, root: [u8; 16], limit: usize, caller: Caller) -> Vec<KeyRow>;
    fn count_wrapped_by(root: [u8; 16], caller: Caller) -> u64;
});
pass_on!(DeploymentRead {
    fn deployment(place: Place, id: &str) -> Option<DeploymentRow>;
    fn deployments(place: Place, after: Option<&str>, limit: usize, caller: Caller) -> Vec<DeploymentRow>;
    fn uses(place: Place, key: &str, after: Option<&str>, limit: usize, caller: Caller) -> Vec<UseRow>;
});
pass_on!(AuditRead {
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
});
