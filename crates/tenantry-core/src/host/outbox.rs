//! The outbox: what is due is taken, brought by the courier, and what became of it is written.
//!
//! Taking and the outcome are commits of their own, so that a mail is never in the hands of two, and an attempt that broke
//! off between them is known to have begun (D3, D4).

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::courier::{Courier, DeliveryError, DeliveryFailure, InvitationMail};
use crate::access::{Actor, Operation, host_call, operations};
use crate::app::App;
use crate::call::{Call, Caller};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::ids::{DeliveryId, InvitationId};
use crate::model::Delivered;
use crate::store::{CustomerStatus, Due, InvitationRow, OutboxRow, OutboxState, Place, WriteOp};
use crate::unit::{Change, Unit, open_token};
use crate::vault::InvitationToken;

/// How long an attempt may last before others may take it for broken off.
const LEASE: Duration = Duration::from_secs(5 * 60);
/// How long is waited after the first attempt that failed; after each further one twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// How long is waited at most, before the chance that keeps many from coming back at once.
const LONGEST_PAUSE: Duration = Duration::from_secs(4 * 60 * 60);
/// How often a mail is tried: over about 18 hours.
const ATTEMPTS: u32 = 12;
/// How many deliveries are read at a time.
const ROWS: usize = 100;

/// The outbox of a store, with the courier that delivers it.
///
/// Any number of processes may deliver from the same store: each mail is in the hands of one of them.
#[derive(Clone, Debug)]
pub struct Outbox {
    app: App,
    courier: Arc<dyn Courier>,
}

impl Outbox {
    pub(crate) fn new(app: &App, courier: Arc<dyn Courier>) -> Self {
        Self { app: Arc::clone(app), courier }
    }

    /// Delivers what is due, one mail after another, and answers what became of it and when the next one is due: call it
    /// again then, and whenever somebody was invited.
    ///
    /// A mail that fails is tried again after 1 minute, 2, 4 and so on up to 4 hours, each time up to a quarter later by
    /// chance; 12 times in all, as long as its invitation is open (D3). An attempt that broke off, because the process was
    /// killed, the connection lost or a panic of the courier, is shown as unknown and made again, as the same message (D4).
    /// Mail into an archived customer waits (C5).
    ///
    /// When the call is dropped, the mail that is on its way counts as broken off.
    ///
    /// # Errors
    ///
    /// [`Error::KeyNotAvailable`], [`Error::DecryptionFailed`] and [`Error::UnsupportedFormat`] when a token does not open,
    /// after all others were delivered; [`Error::KeyProvider`]; when the store cannot be read or written.
    pub fn deliver(&self) -> Call<Delivered> {
        let (app, courier) = (Arc::clone(&self.app), Arc::clone(&self.courier));
        host_call(&operations::DELIVER, move |caller| async move { deliver(&app, &*courier, caller).await })
    }
}

async fn deliver(app: &App, courier: &dyn Courier, caller: Caller) -> Result<Delivered, Error> {
    // What becomes due meanwhile is for the next call.
    let until = app.now();
    let (mut delivered, mut after, mut sealed) = (Delivered::default(), None, None);
    loop {
        let rows = app.store.outbox_due(until, after, ROWS, caller).await?;
        let Some(last) = rows.iter().rev().find_map(|row| Some((row.due.as_ref()?.at, row.invitation))) else { break };
        after = Some(last);
        for row in rows {
            match deliver_one(app, courier, row, caller).await {
                Ok(Some(end)) => delivered.count(end),
                // Somebody else took it, or its invitation ended.
                Ok(None) | Err(Error::NotFound(_)) => {}
                // One that does not open keeps no other from being sent.
                Err(error @ (Error::KeyNotAvailable | Error::DecryptionFailed | Error::UnsupportedFormat)) => {
                    sealed = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
    }
    let later = (until, InvitationId::from_uuid(uuid::Uuid::max()));
    let next = app.store.outbox_due(Timestamp::from_micros(i64::MAX), Some(later), 1, caller).await?;
    delivered.next_attempt_at = next.into_iter().find_map(|row| row.due).map(|due| due.at.to_datetime());
    sealed.map_or(Ok(delivered), Err)
}

/// How an attempt ended, as a run counts it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Sent,
    Postponed,
    Failed,
}

impl Delivered {
    fn count(&mut self, end: End) {
        let count = match end {
            End::Sent => &mut self.sent,
            End::Postponed => &mut self.postponed,
            End::Failed => &mut self.failed,
        };
        *count += 1;
    }
}

async fn deliver_one(app: &App, courier: &dyn Courier, row: OutboxRow, caller: Caller) -> Result<Option<End>, Error> {
    let access = super::access(app, Actor::Host, row.place);
    let mail = match access.commit(&Take { invitation: row.invitation, delivery: row.id }, caller).await? {
        Taken::Mail(mail) => *mail,
        Taken::GivenUp => return Ok(Some(End::Failed)),
        Taken::Nothing => return Ok(None),
    };
    let outcome = bring(courier, &mail).await;
    if let Err(error) = &outcome {
        // Not its reason: it may name a person.
        tracing::warn!(place = %row.place, invitation = %row.invitation, failure = ?error.failure(), "mail not delivered");
    }
    let InvitationMail { delivery, attempt, token, .. } = mail;
    access.commit(&Finish { invitation: row.invitation, delivery, attempt, token, outcome }, caller).await
}

/// Lets the courier bring a mail. One that panics keeps no other mail from being sent; what it did with this one is unknown.
async fn bring(courier: &dyn Courier, mail: &InvitationMail) -> Result<(), DeliveryError> {
    let mut attempt = courier.deliver(mail);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| attempt.as_mut().poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(DeliveryError::unknown("the courier panicked"))))
    })
    .await
}

/// Takes a delivery that is due into these hands.
struct Take {
    invitation: InvitationId,
    delivery: DeliveryId,
}

enum Taken {
    Mail(Box<InvitationMail>),
    /// It is not tried any more.
    GivenUp,
    /// It is not due any more, or waits for its customer to be in use again.
    Nothing,
}

impl Change for Take {
    type Answer = Taken;

    fn operation(&self) -> &'static Operation {
        &operations::DELIVER
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Taken, Error> {
        unit.bump_place().await?;
        let now = unit.now;
        let Some((row, invitation)) = unit.posted(self.invitation, self.delivery).await? else {
            return Ok(Taken::Nothing);
        };
        let Some(due) = row.due.clone().filter(|due| due.at <= now) else { return Ok(Taken::Nothing) };
        let customer_name = match row.place {
            Place::Vendor(_) => None,
            Place::Customer(..) => {
                let customer = unit.customer().await?;
                if customer.status == CustomerStatus::Archived {
                    return Ok(Taken::Nothing);
                }
                Some(customer.name)
            }
        };
        // An attempt that was begun and never finished.
        let unknown = row.unknown.saturating_add(u32::from(row.state == OutboxState::Sending));
        let row = OutboxRow { unknown, ..row };
        if !invitation.is_open(now) || row.attempts >= ATTEMPTS {
            let reason =
                if invitation.is_open(now) { row.reason.clone() } else { Some("the invitation expired".to_owned()) };
            unit.put(
                OutboxRow { state: OutboxState::Failed, due: None, reason, ..row },
                &invitation,
                "delivery.failed",
            );
            return Ok(Taken::GivenUp);
        }
        let token = open_token(unit.store(), &unit.access.app.keys, &row, &due).await?;
        let mail = unit.mail(&row, &invitation, customer_name, token).await?;
        let due = Some(Due { at: now.plus(LEASE), ..due });
        unit.put(
            OutboxRow { state: OutboxState::Sending, due, attempts: mail.attempt, ..row },
            &invitation,
            "delivery.begun",
        );
        Ok(Taken::Mail(Box::new(mail)))
    }
}

/// Writes what became of an attempt.
struct Finish {
    invitation: InvitationId,
    delivery: DeliveryId,
    attempt: u32,
    token: InvitationToken,
    outcome: Result<(), DeliveryError>,
}

impl Change for Finish {
    type Answer = Option<End>;

    fn operation(&self) -> &'static Operation {
        &operations::DELIVER
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Option<End>, Error> {
        unit.bump_place().await?;
        let Some((row, invitation)) = unit.posted(self.invitation, self.delivery).await? else { return Ok(None) };
        let error = match &self.outcome {
            // Sent is sent, also when others took it for broken off meanwhile.
            Ok(()) if row.state == OutboxState::Sent => return Ok(Some(End::Sent)),
            Ok(()) => {
                let row = OutboxRow { state: OutboxState::Sent, due: None, reason: None, ..row };
                unit.put(row, &invitation, "delivery.sent");
                return Ok(Some(End::Sent));
            }
            Err(error) => error,
        };
        if row.state != OutboxState::Sending || row.attempts != self.attempt {
            return Ok(None);
        }
        let is_unknown = error.failure() == DeliveryFailure::Unknown;
        let unknown = row.unknown.saturating_add(u32::from(is_unknown));
        let reason = Some(error.reason_without(&self.token));
        let row = OutboxRow { unknown, reason, ..row };
        if error.failure() == DeliveryFailure::Refused || row.attempts >= ATTEMPTS {
            unit.put(OutboxRow { state: OutboxState::Failed, due: None, ..row }, &invitation, "delivery.failed");
            return Ok(Some(End::Failed));
        }
        let at = unit.now.plus(unit.pause(row.attempts)?);
        let due = row.due.clone().map(|due| Due { at, ..due });
        let action = if is_unknown { "delivery.unknown" } else { "delivery.postponed" };
        unit.put(OutboxRow { state: OutboxState::Waiting, due, ..row }, &invitation, action);
        Ok(Some(End::Postponed))
    }
}

impl Unit<'_> {
    /// A delivery that is still the one of its invitation, which is pending as long as there is one. After
    /// [`Unit::bump_place`].
    async fn posted(
        &self,
        invitation: InvitationId,
        delivery: DeliveryId,
    ) -> Result<Option<(OutboxRow, InvitationRow)>, Error> {
        let (place, store) = (self.place(), self.store());
        let Some(row) = store.outbox_row(place, invitation).await?.filter(|row| row.id == delivery) else {
            return Ok(None);
        };
        let invitation = store.invitation(place, invitation).await?.ok_or_else(|| self.overtaken())?;
        Ok(Some((row, invitation)))
    }

    /// Writes a delivery as it is from now on, on the record.
    fn put(&mut self, row: OutboxRow, invitation: &InvitationRow, action: &'static str) {
        self.record(row.place, action, invitation.member);
        self.write(WriteOp::PutOutbox(OutboxRow { updated_at: self.now, ..row }));
    }

    /// What the courier is handed: names and address as they are now.
    async fn mail(
        &self,
        row: &OutboxRow,
        invitation: &InvitationRow,
        customer_name: Option<String>,
        token: InvitationToken,
    ) -> Result<InvitationMail, Error> {
        let (place, store) = (row.place, self.store());
        let overtaken = || self.overtaken();
        let vendor = store.vendor(place.vendor()).await?.ok_or_else(overtaken)?;
        let member = store.member(place, invitation.member).await?.ok_or_else(overtaken)?;
        let email = match member.invited_email {
            Some(email) => email,
            None => store.user(place.vendor(), member.user).await?.ok_or_else(overtaken)?.email,
        };
        Ok(InvitationMail {
            delivery: row.id,
            attempt: row.attempts.saturating_add(1),
            invitation: row.invitation,
            place,
            vendor_name: vendor.name,
            customer_name,
            name: member.name,
            email,
            role: invitation.role,
            token,
            created_at: row.created_at.to_datetime(),
            expires_at: invitation.expires_at.to_datetime(),
        })
    }

    /// How long is waited after this many attempts: twice as long each time, and up to a quarter more by chance.
    fn pause(&self, attempts: u32) -> Result<Duration, Error> {
        let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
        let pause = doubled.min(LONGEST_PAUSE);
        let [.., chance] = self.access.app.new_uuid(self.now)?.into_bytes();
        Ok(pause + pause * u32::from(chance) / (4 * 255))
    }
}
