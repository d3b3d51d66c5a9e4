//! Who acts, and what they may do: the one place where decisions are made (R2).

mod actor;
mod decision;
mod explanation;
pub(crate) mod operations;
mod snapshot;

use tracing::Instrument;

pub use actor::Actor;
pub use decision::Decision;
pub(crate) use decision::decide;
pub use explanation::Explanation;
pub use operations::{Need, OPERATIONS, Operation};
pub use snapshot::Snapshot;

use crate::app::App;
use crate::call::{Call, Caller};
use crate::catalog::{PermissionId, Portal, Role};
use crate::error::{CustomerArchived, Denial, Error, FeatureDisabled, PermissionDenied, UnknownName};
use crate::ids::UserId;
use crate::store::{Place, Standing};

/// An actor at a place, seen from one side: what every scope is made of.
///
/// It holds no decision. Membership, role, status and features are read with every operation (U11, F8).
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) app: App,
    pub(crate) actor: Actor,
    /// The side that the actor comes from (R6).
    pub(crate) portal: Portal,
    /// Where the actor is a member.
    pub(crate) home: Place,
    /// What is acted on.
    pub(crate) place: Place,
}

/// The permission that a decision is about: its name, and where the catalogue has it for this side.
pub(crate) struct Asked<'a> {
    pub(crate) name: &'a str,
    pub(crate) id: Option<PermissionId>,
}

impl Access {
    pub(crate) fn user(&self) -> Option<UserId> {
        match self.actor {
            Actor::User(user) => Some(user),
            Actor::Service(_) | Actor::Host => None,
        }
    }

    pub(crate) async fn standing(&self) -> Result<Option<Standing>, Error> {
        Ok(self.app.store.standing(self.user(), self.home, self.place).await?)
    }

    /// What an operation needs from this side.
    pub(crate) fn need(&self, operation: &Operation) -> Need {
        match (self.portal, self.place) {
            (Portal::Vendor, Place::Vendor(_)) => operation.vendor,
            (Portal::Vendor, Place::Customer(..)) => operation.staff,
            (Portal::Customer, _) => operation.customer,
            (Portal::Service, _) => operation.service,
        }
    }

    /// Reads what the decision is made from, decides, and answers it if the operation may go on.
    pub(crate) async fn authorise(&self, operation: &Operation) -> Result<Standing, Error> {
        let standing = self.standing().await?;
        let (need, archived_too) = (self.need(operation), operation.while_archived);
        let asked = match need {
            Need::Permission(name) => Asked { name, id: self.app.catalog.permission(self.portal, name) },
            // A host may have a permission of the operation's name (R5): it has nothing to do with it.
            Need::Membership | Need::Nobody => Asked { name: operation.name, id: None },
        };
        let decision = match need {
            Need::Membership => decide(&self.app.catalog, self.portal, None, archived_too, standing.as_ref()),
            Need::Permission(_) | Need::Nobody => self.decide(&asked, archived_too, standing.as_ref()),
        };
        self.granted(decision, &asked, standing)
    }

    /// Decides about a permission that the catalogue may lack for this side: then no role has it.
    fn decide(&self, asked: &Asked<'_>, archived_too: bool, standing: Option<&Standing>) -> Decision {
        let decision = decide(&self.app.catalog, self.portal, asked.id, archived_too, standing);
        match (decision, asked.id) {
            (Decision::Allowed, None) => Decision::Role,
            (decision, _) => decision,
        }
    }

    /// Decides about a permission by name, for the host's own operations (R3).
    pub(crate) fn decide_by_name(&self, permission: &str, standing: Option<&Standing>) -> Result<Decision, Error> {
        let asked = self.asked(permission)?;
        let row = asked.id.and_then(|id| self.app.catalog.permission_by_id(id));
        let archived_too = row.is_some_and(|row| row.is_allowed_while_archived());
        Ok(self.decide(&asked, archived_too, standing))
    }

    pub(crate) fn asked<'a>(&self, permission: &'a str) -> Result<Asked<'a>, Error> {
        let catalog = &self.app.catalog;
        if !catalog.knows_permission(permission) {
            return Err(UnknownName { kind: "permission", name: permission.to_owned() }.into());
        }
        Ok(Asked { name: permission, id: catalog.permission(self.portal, permission) })
    }

    /// Turns a decision into the standing it was made from, or the error that it means.
    pub(crate) fn granted(
        &self,
        decision: Decision,
        asked: &Asked<'_>,
        standing: Option<Standing>,
    ) -> Result<Standing, Error> {
        if decision != Decision::Allowed {
            // A1: refusals are events, not writes.
            tracing::info!(actor = %self.actor, place = %self.place, permission = asked.name, decision = decision.as_str(), "refused");
        }
        match (decision, standing) {
            (Decision::Allowed, Some(standing)) => Ok(standing),
            (Decision::Suspended, _) => Err(self.denied(asked.name, Denial::Suspended)),
            (Decision::Role, standing) => {
                let role = standing.and_then(|standing| standing.member).map(|member| member.role);
                Err(self.denied(asked.name, self.denial_of(asked.id, role)))
            }
            (Decision::Archived, _) if self.place.customer().is_some() => self
                .place
                .customer()
                .map_or(Err(self.nothing_here()), |customer| Err(CustomerArchived { customer }.into())),
            (Decision::Feature, Some(standing)) => Err(self.feature_disabled(asked, &standing)),
            (Decision::NotFound | Decision::Allowed | Decision::Archived | Decision::Feature, _) => {
                Err(self.nothing_here())
            }
        }
    }

    /// The answer for a place that does not exist, and for one that is not the actor's to know (R4).
    pub(crate) fn nothing_here(&self) -> Error {
        Error::not_found(match self.place {
            Place::Vendor(_) => "vendor",
            Place::Customer(..) => "customer",
        })
    }

    fn denied(&self, permission: &str, denial: Denial) -> Error {
        let (actor, permission) = (self.actor.clone(), permission.to_owned());
        Error::PermissionDenied(Box::new(PermissionDenied { actor, permission, denial }))
    }

    /// Whether it is the role that lacks the permission, or the side.
    fn denial_of(&self, permission: Option<PermissionId>, role: Option<Role>) -> Denial {
        match (permission, role) {
            (Some(_), Some(role)) => Denial::Role(role),
            _ => Denial::Portal,
        }
    }

    fn feature_disabled(&self, asked: &Asked<'_>, standing: &Standing) -> Error {
        let (feature, enable) = self.missing_features(asked.id, standing);
        Error::FeatureDisabled(Box::new(FeatureDisabled { permission: asked.name.to_owned(), feature, enable }))
    }

    /// The feature that a permission belongs to, and the features to enable so that it is on.
    pub(crate) fn missing_features(
        &self,
        permission: Option<PermissionId>,
        standing: &Standing,
    ) -> (String, Vec<String>) {
        let catalog = &self.app.catalog;
        let row = permission.and_then(|id| catalog.permission_by_id(id));
        let (Some(feature), Some(stored)) = (row.and_then(|row| row.feature()), &standing.features) else {
            return (String::new(), Vec::new());
        };
        let missing = catalog.missing(&catalog.on(stored.iter()), feature);
        (feature.to_owned(), missing.into_iter().map(str::to_owned).collect())
    }

    /// An operation that only reads: the span of its row, the decision, then `work`.
    pub(crate) fn read<T, F, Fut>(&self, operation: &'static Operation, work: F) -> Call<T>
    where
        T: Send + 'static,
        F: FnOnce(Self, Standing, Caller) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let access = self.clone();
        self.call(operation, move |caller| async move {
            let standing = access.authorise(operation).await?;
            work(access, standing, caller).await
        })
    }

    /// An operation in the span of its row.
    pub(crate) fn call<T, F, Fut>(&self, operation: &'static Operation, work: F) -> Call<T>
    where
        T: Send + 'static,
        F: FnOnce(Caller) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let span =
            tracing::debug_span!("tenantry", operation = operation.name, actor = %self.actor, place = %self.place);
        Call::new(move |caller| work(caller).instrument(span))
    }
}

/// An operation of the host, in the span of its row.
pub(crate) fn host_call<T, F, Fut>(operation: &'static Operation, work: F) -> Call<T>
where
    T: Send + 'static,
    F: FnOnce(Caller) -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, Error>> + Send + 'static,
{
    let span = tracing::debug_span!("tenantry", operation = operation.name, actor = %Actor::Host);
    Call::new(move |caller| work(caller).instrument(span))
}
