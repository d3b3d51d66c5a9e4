//! The mail of invitations: who sends it, and what must hold of it at every moment.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tenantry::{
    AuditQuery, Courier, CustomerFilter, CustomerScope, DeliveryError, DeliveryState, InvitationMail, InvitationStatus,
    PageRequest, VendorScope,
};

use crate::Failure;

/// Hears the hash of a token, and the id of the delivery that it is sent as.
type Tell = dyn Fn(&str, &str) + Send + Sync;

/// A courier that tells what it sends, token by token and message by message. The outcome of some first attempts is unknown.
#[derive(Clone)]
pub struct Telling(Arc<Tell>);

impl Telling {
    /// It tells this.
    pub fn new(tell: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }
}

impl fmt::Debug for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telling").finish_non_exhaustive()
    }
}

#[async_trait]
impl Courier for Telling {
    async fn deliver(&self, mail: &InvitationMail) -> Result<(), DeliveryError> {
        let hash = mail.token.hash();
        let token: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        (self.0)(&token, &mail.delivery.to_string());
        if mail.attempt == 1 && hash.first().is_some_and(|byte| byte.is_multiple_of(4)) {
            return Err(DeliveryError::unknown("the line went dead"));
        }
        Ok(())
    }
}

/// What is wrong with the invitations that stand in the store: one without its delivery, or without its audit entry, and with
/// `all_sent` one that was not sent.
///
/// # Errors
///
/// Those of reading.
pub fn check(staff: &VendorScope, all_sent: bool) -> Result<Vec<String>, Failure> {
    let mut wrong = Vec::new();
    let mut filter = CustomerFilter::new().any_status().page_size(1_000);
    loop {
        let page = staff.customers().list(filter).wait()?;
        for customer in page.items.iter().filter(|customer| customer.members > 0) {
            let is_archived = customer.status == tenantry::CustomerStatus::Archived;
            wrong.extend(of_customer(&staff.customer(customer.id), all_sent && !is_archived)?);
        }
        match page.next {
            Some(next) => filter = CustomerFilter::new().any_status().page_size(1_000).after(next),
            None => return Ok(wrong),
        }
    }
}

fn of_customer(scope: &CustomerScope, all_sent: bool) -> Result<Vec<String>, Failure> {
    let mut wrong = Vec::new();
    let invitations = scope.invitations().list(PageRequest::first().size(1_000)).wait()?.items;
    let pending = invitations.into_iter().filter(|invitation| invitation.status == InvitationStatus::Pending);
    let pending: Vec<_> = pending.collect();
    if pending.is_empty() {
        return Ok(wrong);
    }
    let log = scope.audit().list(AuditQuery::new().action("member.invited").page_size(1_000)).wait()?.items;
    for invitation in pending {
        if !log.iter().any(|entry| entry.target == invitation.member.to_string()) {
            wrong.push(format!("invitation `{}` has no audit entry", invitation.id));
        }
        match invitation.delivery {
            None => wrong.push(format!("invitation `{}` has no delivery", invitation.id)),
            Some(delivery) if all_sent && delivery.state != DeliveryState::Sent => {
                wrong.push(format!("the mail of invitation `{}` is {:?}", invitation.id, delivery.state));
            }
            Some(_) => {}
        }
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use tenantry::{NewCustomer, Role};

    use super::*;
    use crate::work;

    #[test]
    fn an_invitation_without_its_delivery_and_a_mail_that_is_not_sent_are_found() {
        let app = work::builder(0).open_in_memory().wait().unwrap();
        let staff = work::staff_or_bootstrap(&app).unwrap();
        let globex = staff.customer(staff.customers().create(NewCustomer::new("Globex")).wait().unwrap().id);
        for number in 0..20 {
            let email = format!("p{number}@globex.test");
            globex.members().invite("Person", &email, Role::User).wait().unwrap();
        }
        assert_eq!(check(&staff, false).unwrap(), Vec::<String>::new());
        assert_eq!(check(&staff, true).unwrap().len(), 20);
        let run = app.outbox(Willing).deliver().wait().unwrap();
        assert_eq!((run.sent, check(&staff, true).unwrap().len()), (20, 0));

        let without = tenantry::Tenantry::builder(tenantry::Catalog::standard()).open_in_memory().wait().unwrap();
        let staff = work::staff_or_bootstrap(&without).unwrap();
        let globex = staff.customer(staff.customers().create(NewCustomer::new("Globex")).wait().unwrap().id);
        globex.members().invite("Person", "p@globex.test", Role::User).wait().unwrap();
        let wrong = check(&staff, false).unwrap();
        assert!(wrong.len() == 1 && wrong[0].ends_with("has no delivery"), "{wrong:?}");
    }

    #[derive(Debug)]
    struct Willing;

    #[async_trait]
    impl Courier for Willing {
        async fn deliver(&self, _: &InvitationMail) -> Result<(), DeliveryError> {
            Ok(())
        }
    }
}
