//! What every request shares.

use std::sync::Arc;

use tenantry::{Tenantry, Vendor};

use crate::mail::Mail;
use crate::notices::{Notice, notices};
use crate::refusals::{Refusal, refusals};
use crate::replay::Replays;
use crate::session::Signer;
use crate::shelf::Shelf;
use crate::verification::Verification;

/// The portal of one vendor.
#[derive(Debug)]
pub struct Portal {
    /// The open store: the only way to the data.
    pub app: Tenantry,
    /// The vendor.
    pub vendor: Vendor,
    /// Signs what browsers keep.
    pub signer: Signer,
    /// Where the portal is reached, without a slash at the end: links that people get begin with it.
    pub url: String,
    /// Sends the mail of invitations; without it whoever invites gets the link to hand on.
    pub mail: Option<Arc<Mail>>,
    /// What is told on the next page.
    pub notices: Shelf<Notice>,
    /// The pages that say why a form was refused.
    pub refusals: Shelf<Refusal>,
    /// What was answered to a form that may come twice.
    pub replays: Replays,
    /// The last check of the audit log.
    pub verification: Verification,
}

impl Portal {
    /// The portal of a vendor, reached at `url`. With mail, the store has to be opened with an outbox.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random numbers.
    pub fn new(app: Tenantry, vendor: Vendor, url: &str, mail: Option<Arc<Mail>>) -> std::io::Result<Arc<Self>> {
        let url = url.trim_end_matches('/').to_owned();
        Ok(Arc::new(Self {
            app,
            vendor,
            signer: Signer::new(url.starts_with("https:"))?,
            url,
            mail,
            notices: notices(),
            refusals: refusals(),
            replays: Replays::default(),
            verification: Verification::default(),
        }))
    }

    /// The page that accepts invitations. The token stands behind its `#`: browsers keep that to themselves, so it is in no
    /// request line and no log, and a scanner that opens the link does not even see the invitation.
    pub fn invitation_page(&self) -> String {
        format!("{}/invitation", self.url)
    }

    /// The link to sign in as the person with this e-mail.
    pub fn sign_in_link(&self, email: &str) -> String {
        format!("{}/sign-in/{}", self.url, self.signer.link(email))
    }
}
