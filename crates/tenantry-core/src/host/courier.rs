//! Who brings the mail of invitations to people: the core knows only that there is somebody.

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::catalog::Role;
use crate::ids::{DeliveryId, InvitationId};
use crate::store::Place;
use crate::vault::InvitationToken;

/// How long a text of a courier may be that is kept and shown, in characters.
const SHOWN: usize = 200;
/// What every token begins with.
const TOKEN: &str = "tny_inv_";

/// Brings an invitation to the person invited: by SMTP with the crate `tenantry-mail`, or by a service of the host's own.
///
/// It is called for one mail at a time. It has a time limit of its own, well below 5 minutes: after those others may take
/// the attempt for broken off.
#[async_trait]
pub trait Courier: fmt::Debug + Send + Sync + 'static {
    /// Delivers one mail. It may be called again for the same delivery, when an earlier attempt failed or broke off: then
    /// everything is the same but `attempt`, and a `Message-ID` made from `delivery` lets a recipient know it again.
    ///
    /// # Errors
    ///
    /// [`DeliveryError`] says whether it is tried again.
    async fn deliver(&self, mail: &InvitationMail) -> Result<(), DeliveryError>;
}

/// What a courier brings: the token of an invitation, and what a mail says of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InvitationMail {
    /// The id of the delivery, the same in every attempt.
    pub delivery: DeliveryId,
    /// Which attempt this is: 1, 2, 3 …
    pub attempt: u32,
    /// The invitation.
    pub invitation: InvitationId,
    /// Where to: the vendor itself, or one of its customers.
    pub place: Place,
    /// The name of the vendor.
    pub vendor_name: String,
    /// The name of the customer; `None` for an invitation into the vendor itself.
    pub customer_name: Option<String>,
    /// The name of the person invited, as the inviter gave it.
    pub name: String,
    /// The address, as the inviter gave it: mail goes only there.
    pub email: String,
    /// The role that the invitation gives.
    pub role: Role,
    /// The token: put it into the link, and nowhere else.
    pub token: InvitationToken,
    /// When the token was made.
    pub created_at: DateTime<Utc>,
    /// When the token stops working.
    pub expires_at: DateTime<Utc>,
}

/// How an attempt ended that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryFailure {
    /// It was not sent, and may be later: it is tried again.
    Postponed,
    /// It was refused for good: it is not tried again.
    Refused,
    /// It may have been sent: the connection broke before the answer came. It is tried again, and shown as unknown.
    Unknown,
}

/// Why an attempt to deliver did not succeed.
///
/// Its reason is shown to those who invited. Control characters and tokens are taken out of it, and it is cut to 200
/// characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DeliveryError {
    failure: DeliveryFailure,
    reason: String,
}

impl DeliveryError {
    /// An attempt that ended like this, for this reason, which may be text from elsewhere.
    pub fn new(failure: DeliveryFailure, reason: &str) -> Self {
        Self { failure, reason: shown(reason) }
    }

    /// Not sent, and may be later.
    pub fn postponed(reason: &str) -> Self {
        Self::new(DeliveryFailure::Postponed, reason)
    }

    /// Refused for good.
    pub fn refused(reason: &str) -> Self {
        Self::new(DeliveryFailure::Refused, reason)
    }

    /// May have been sent.
    pub fn unknown(reason: &str) -> Self {
        Self::new(DeliveryFailure::Unknown, reason)
    }

    /// How the attempt ended.
    pub fn failure(&self) -> DeliveryFailure {
        self.failure
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The reason, unless it repeats a part of this token: a mail server may quote what it refused.
    pub(super) fn reason_without(&self, token: &InvitationToken) -> String {
        const PART: usize = 8;
        let secret = token.expose().strip_prefix(TOKEN).unwrap_or_default().as_bytes();
        let text = self.reason.as_bytes();
        let repeats = text.windows(PART).any(|part| secret.windows(PART).any(|own| own.eq_ignore_ascii_case(part)));
        if repeats { "the answer repeats what was sent, and is not shown".to_owned() } else { self.reason.clone() }
    }
}

/// A text from elsewhere as it may be kept and shown: one line, bounded, without tokens and without what writes invisibly or
/// backwards.
fn shown(text: &str) -> String {
    let hidden = |letter: char| matches!(letter, '\u{00AD}' | '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
    let spaced: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let mut shown = String::new();
    for word in spaced.split_whitespace() {
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.extend(word.chars().filter(|letter| !hidden(*letter)));
    }
    let mut masked = String::new();
    let mut rest = shown.as_str();
    while let Some((before, after)) = rest.split_once(TOKEN) {
        masked.push_str(before);
        masked.push_str("********");
        rest = after.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'));
    }
    masked.push_str(rest);
    masked.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn d5_a_reason_is_one_line_and_shows_no_token() {
        let token = InvitationToken::generate().unwrap();
        let reason = |text: &str| DeliveryError::refused(text).reason().to_owned();
        assert_eq!(reason("550 5.1.1 no\r\n  such\tus\u{AD}er\u{202E}\u{0}"), "550 5.1.1 no such user");
        assert_eq!(
            reason(&format!("554 <https://x.test/#{}> is listed", token.expose())),
            "554 <https://x.test/#********> is listed"
        );
        assert_eq!(reason(&"ä".repeat(1_000)).chars().count(), 200);
        let secret = token.expose().strip_prefix(TOKEN).unwrap();
        // However it is broken up or spelled, and also a part of it.
        for part in [secret.get(3..20).unwrap().to_owned(), secret.get(40..).unwrap().to_uppercase()] {
            let error = DeliveryError::refused(&format!("554 rejected: …{part}"));
            assert_eq!(error.reason_without(&token), "the answer repeats what was sent, and is not shown");
        }
        assert_eq!(DeliveryError::refused("550 no such user").reason_without(&token), "550 no such user");
    }

    proptest! {
        #[test]
        fn d5_no_text_breaks_out_of_its_line(text in any::<String>()) {
            let error = DeliveryError::unknown(&text);
            prop_assert!(error.reason().chars().count() <= SHOWN);
            prop_assert!(!error.reason().chars().any(char::is_control));
        }
    }
}
