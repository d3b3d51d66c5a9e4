//! Delivers the invitations of tenantry by SMTP, with [lettre](https://docs.rs/lettre) and rustls.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use tenantry_core as tenantry;
//! use std::time::Duration;
//!
//! use tenantry::{Catalog, RootKey, Tenantry};
//! use tenantry_mail::SmtpCourier;
//!
//! let app = Tenantry::builder(Catalog::standard())
//!     .root_key(RootKey::from_file_or_create("customers.key")?)
//!     .outbox()                                        // invitations are written to the outbox, in the same commit
//!     .open_in_memory().wait()?;
//! let courier = SmtpCourier::builder("smtp.acme.test", "Acme <no-reply@acme.test>", "https://portal.acme.test/join")
//!     .credentials("portal", std::env::var("SMTP_PASSWORD").map_err(|_| "no password")?)
//!     .build()?;
//! let outbox = app.outbox(courier);
//! loop {
//!     outbox.deliver().wait()?;                        // after the commit, again and again until it was sent
//!     std::thread::sleep(Duration::from_secs(5));
//! }
//! # }
//! ```
//!
//! It needs no runtime: SMTP is spoken on threads of the crate `blocking`, under every executor and under none.
//!
//! # The link
//!
//! The token stands behind the `#` of the link. A browser keeps that part to itself: it is in no request, no `Referer` and no
//! log of a server, and a scanner that opens every link of a mail neither sees nor uses the invitation. (Scripts may tell: htmx
//! sends the whole address as `HX-Current-URL` until that header is taken out.) The page behind the link reads it, lets the
//! person sign in, and hands it to `accept_invitation` when they press a button: an invitation must never be accepted by a `GET`.
//!
//! # The message
//!
//! Text and HTML from [`Templates`], which a host replaces. The `Message-ID` is made from the id of the delivery, and the
//! whole message is the same in every attempt: who gets it twice can tell. Names and addresses cannot add a header or a
//! recipient.
//!
//! # Secrets
//!
//! The message with its token, and the password on its way to the server, pass through buffers of lettre and rustls, which do
//! not wipe them. Leave lettre's feature `tracing` off: it logs what is said to the server, password and token included.
#![forbid(unsafe_code)]

mod message;
mod smtp;
mod templates;

pub use secrecy::SecretString;

pub use smtp::{SetupError, SmtpBuilder, SmtpCourier};
pub use templates::Templates;
