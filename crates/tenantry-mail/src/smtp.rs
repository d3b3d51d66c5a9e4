//! The courier that speaks SMTP.

use std::error::Error as _;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use std::{fmt, io, thread};

use async_trait::async_trait;
use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Response, Severity};
use secrecy::{ExposeSecret, SecretString};
use tenantry_core::{Courier, DeliveryError, InvitationMail};
use url::{Host, Url};

use crate::message::{Letter, Letterhead, address};
use crate::templates::Templates;

/// How long the server may take for an answer.
const ANSWER: Duration = Duration::from_secs(15);
/// How long it may take for its answer to the message: what comes later is unknown, and sent again. RFC 5321 would wait for
/// 10 minutes, others take an attempt for broken off after 5.
const TAKEN: Duration = Duration::from_secs(120);
/// How long an attempt may last, whatever the server does: well below the 5 minutes.
const ATTEMPT: Duration = Duration::from_secs(3 * 60);
/// How long is looked whether something waits to be read.
const GLANCE: Duration = Duration::from_millis(1);
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a courier could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The sender is no address, with or without a name before it.
    #[error("sender: `{0}` is no address")]
    Sender(String),
    /// The link is none that a mail may have.
    #[error("link: `{link}` {reason}")]
    Link {
        /// The link.
        link: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A template cannot be filled in, or leaves out the link.
    #[error("template {0}")]
    Template(String),
    /// A certificate to be trusted cannot be read.
    #[error("certificate: {0}")]
    Certificate(String),
    /// TLS cannot be set up for this server.
    #[error("tls: {0}")]
    Tls(String),
}

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encryption {
    /// From the first byte.
    Tls,
    /// After a command, without which nothing is sent.
    StartTls,
    /// Not at all, to this machine only.
    PlainOnLoopback,
}

impl Encryption {
    fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::PlainOnLoopback => 25,
        }
    }
}

/// Says how an [`SmtpCourier`] reaches its server, and what it writes.
#[derive(Debug)]
#[must_use = "a builder does nothing until the courier is built"]
pub struct SmtpBuilder {
    server: String,
    from: String,
    link: String,
    encryption: Encryption,
    port: Option<u16>,
    credentials: Option<(String, SecretString)>,
    certificates: Vec<Vec<u8>>,
    templates: Templates,
}

impl SmtpBuilder {
    /// Encrypts after the command `STARTTLS`, on port 587: for servers that have no TLS from the first byte. A server that does
    /// not offer it gets nothing.
    pub fn starttls(mut self) -> Self {
        self.encryption = Encryption::StartTls;
        self
    }

    /// Does not encrypt, on port 25: for a mail server on the same machine. Any other address is refused when it is
    /// connected to.
    pub fn plain_on_loopback(mut self) -> Self {
        self.encryption = Encryption::PlainOnLoopback;
        self
    }

    /// On this port instead of the usual one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Signs in with this name and password.
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<SecretString>) -> Self {
        self.credentials = Some((user.into(), password.into()));
        self
    }

    /// Trusts this certificate, in PEM, beside those that the machine trusts: for a server with a certificate of its own.
    pub fn certificate(mut self, pem: &[u8]) -> Self {
        self.certificates.push(pem.to_vec());
        self
    }

    /// Writes with these templates.
    pub fn templates(mut self, templates: Templates) -> Self {
        self.templates = templates;
        self
    }

    /// The courier. It connects for each mail; nothing is asked of the server here.
    ///
    /// # Errors
    ///
    /// [`SetupError`] says what does not do.
    pub fn build(self) -> Result<SmtpCourier, SetupError> {
        let from: Mailbox = self.from.parse().map_err(|_| SetupError::Sender(self.from.clone()))?;
        let sender = address(from.email.as_ref()).map_err(|_| SetupError::Sender(self.from))?;
        let from = Mailbox::new(from.name, sender.clone());
        let link = link(self.link)?;
        let templates = self.templates.compile().map_err(SetupError::Template)?;
        let tls = match self.encryption {
            Encryption::PlainOnLoopback => None,
            Encryption::Tls | Encryption::StartTls => {
                let mut builder = TlsParameters::builder(self.server.clone());
                for pem in &self.certificates {
                    let certificate =
                        Certificate::from_pem(pem).map_err(|error| SetupError::Certificate(error.to_string()))?;
                    builder = builder.add_root_certificate(certificate);
                }
                Some(builder.build_rustls().map_err(|error| SetupError::Tls(error.to_string()))?)
            }
        };
        let route = Route {
            port: self.port.unwrap_or(self.encryption.port()),
            server: self.server,
            encryption: self.encryption,
            tls,
            hello: ClientId::Domain(sender.domain().to_owned()),
            credentials: self.credentials,
            sender,
        };
        Ok(SmtpCourier { route: Arc::new(route), letterhead: Arc::new(Letterhead { from, link, templates }) })
    }
}

/// A link to which a token may be added: nobody on the way may read it.
fn link(link: String) -> Result<Url, SetupError> {
    let refused = |reason| SetupError::Link { link: link.clone(), reason };
    let url = Url::parse(&link).map_err(|_| refused("is no URL"))?;
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if is_here => {}
        _ => return Err(refused("is not https")),
    }
    if url.fragment().is_some() {
        return Err(refused("has a `#`, behind which the token belongs"));
    }
    Ok(url)
}

/// Delivers invitations by SMTP; cheap to clone.
///
/// A host whose store has several vendors makes one for each, and a [`Courier`] of its own that picks by
/// [`InvitationMail::place`].
#[derive(Clone)]
pub struct SmtpCourier {
    route: Arc<Route>,
    letterhead: Arc<Letterhead>,
}

impl SmtpCourier {
    /// A courier that hands mail to this server, from this sender, with links that begin like this one.
    ///
    /// The server is a host name, reached by TLS on port 465 unless told otherwise, and known by a certificate that the machine
    /// trusts. The sender is an address, with or without a name: `Acme <no-reply@acme.test>`; its domain ends every
    /// `Message-ID`, so it should stay the same. The link is the page of the host that accepts invitations, by https; the token is
    /// put behind its `#`.
    pub fn builder(server: impl Into<String>, from: impl Into<String>, link: impl Into<String>) -> SmtpBuilder {
        SmtpBuilder {
            server: server.into(),
            from: from.into(),
            link: link.into(),
            encryption: Encryption::Tls,
            port: None,
            credentials: None,
            certificates: Vec::new(),
            templates: Templates::new(),
        }
    }
}

impl fmt::Debug for SmtpCourier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Route { server, port, encryption, .. } = &*self.route;
        let mut debug = f.debug_struct("SmtpCourier");
        debug.field("server", server).field("port", port).field("encryption", encryption).finish_non_exhaustive()
    }
}

#[async_trait]
impl Courier for SmtpCourier {
    async fn deliver(&self, mail: &InvitationMail) -> Result<(), DeliveryError> {
        let letter = self.letterhead.write(mail)?;
        let route = Arc::clone(&self.route);
        blocking::unblock(move || within(ATTEMPT, move |begun| route.carry(&letter, begun))).await
    }
}

/// Lets an attempt last so long and no longer. The time for an answer does not see to that: it begins anew with every byte.
///
/// Whoever sets the flag first decides: the attempt, that it hands the message over now, or the end of its time, that it
/// does not any more. The thread of an attempt that was given up ends with its connection.
fn within(
    limit: Duration,
    carry: impl FnOnce(&AtomicBool) -> Result<(), DeliveryError> + Send + 'static,
) -> Result<(), DeliveryError> {
    let begun = Arc::new(AtomicBool::new(false));
    let (says, hears) = mpsc::channel();
    let own = Arc::clone(&begun);
    // Nobody hears what comes too late.
    let thread = thread::Builder::new().name("tenantry-mail".to_owned()).spawn(move || drop(says.send(carry(&own))));
    thread.map_err(|error| DeliveryError::postponed(&format!("no thread: {error}")))?;
    hears.recv_timeout(limit).unwrap_or_else(|_| {
        let is_begun = begun.swap(true, Ordering::AcqRel);
        Err(if is_begun { DeliveryError::unknown("no answer to the message") } else { too_slow() })
    })
}

fn too_slow() -> DeliveryError {
    DeliveryError::postponed("the server is too slow")
}

/// The way to the server.
struct Route {
    server: String,
    port: u16,
    encryption: Encryption,
    tls: Option<TlsParameters>,
    hello: ClientId,
    credentials: Option<(String, SecretString)>,
    sender: Address,
}

impl Route {
    /// Sends a message, step by step, because what an error means depends on the step.
    fn carry(&self, letter: &Letter, begun: &AtomicBool) -> Result<(), DeliveryError> {
        let mut connection = self.connect()?;
        // Until the recipient is named, a refusal speaks of the host's account or settings, which can be put right.
        let sender = connection.command(Mail::new(Some(self.sender.clone()), Vec::new()));
        in_turn(&sender.map_err(|error| postponed(&error))?, Severity::PositiveCompletion)?;
        let recipient = connection.command(Rcpt::new(letter.to.clone(), Vec::new()));
        in_turn(&recipient.map_err(|error| answered(&error))?, Severity::PositiveCompletion)?;
        let data = connection.command(Data).map_err(|error| answered(&error))?;
        in_turn(&data, Severity::PositiveIntermediate)?;
        connection.set_timeout(Some(TAKEN)).map_err(|error| DeliveryError::postponed(&error.to_string()))?;
        if begun.swap(true, Ordering::AcqRel) {
            return Err(too_slow());
        }
        let taken = connection.message(&letter.bytes).map_err(|error| match error.status() {
            Some(_) => answered(&error),
            // The message was on its way, and the server said nothing: it may have taken it.
            None => DeliveryError::unknown(&format!("no answer to the message: {error}")),
        })?;
        in_turn(&taken, Severity::PositiveCompletion).map_err(|error| DeliveryError::unknown(error.reason()))?;
        // It was taken. What becomes of the farewell does not matter.
        if connection.set_timeout(Some(FAREWELL)).is_ok() {
            connection.abort();
        }
        Ok(())
    }

    /// A connection that is encrypted and signed in.
    fn connect(&self) -> Result<SmtpConnection, DeliveryError> {
        let failed = |error: &dyn fmt::Display| DeliveryError::postponed(&format!("{}: {error}", self.server));
        let addresses = (self.server.as_str(), self.port).to_socket_addrs().map_err(|error| failed(&error))?;
        let mut addresses: Vec<SocketAddr> = addresses.collect();
        if self.encryption == Encryption::PlainOnLoopback {
            addresses.retain(|address| address.ip().is_loopback());
        }
        if addresses.is_empty() {
            return Err(failed(&"no address that mail may be sent to"));
        }
        let from_the_first_byte = self.tls.as_ref().filter(|_| self.encryption == Encryption::Tls);
        let connected =
            SmtpConnection::connect(addresses.as_slice(), Some(ANSWER), &self.hello, from_the_first_byte, None);
        let mut connection = connected.map_err(|error| failed(&error))?;
        if let (Encryption::StartTls, Some(tls)) = (self.encryption, &self.tls) {
            connection.starttls(tls, &self.hello).map_err(|error| failed(&error))?;
            if !is_silent(&mut connection).map_err(|error| failed(&error))? {
                return Err(failed(&"somebody on the way answers for the server"));
            }
        }
        if let Some((user, password)) = &self.credentials {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            let signed_in = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials);
            // Not in the server's words: it may repeat the command, and the password is in that.
            signed_in.map_err(|error| match error.status() {
                Some(code) => failed(&format_args!("signing in was refused ({code})")),
                None => failed(&"signing in failed"),
            })?;
        }
        Ok(connection)
    }
}

/// Whether nothing more was said than was asked for. What somebody on the way appends to the last answer before the
/// encryption stays in lettre's buffer, and would be taken for answers of the server after it: that a mail was sent.
fn is_silent(connection: &mut SmtpConnection) -> io::Result<bool> {
    connection.set_timeout(Some(GLANCE))?;
    let nothing = |error: &SmtpError| {
        let error = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        error.is_some_and(|error| matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut))
    };
    let is_silent = connection.read_response().is_err_and(|error| nothing(&error));
    connection.set_timeout(Some(ANSWER))?;
    Ok(is_silent)
}

/// Refuses an answer that is none to what was said. lettre takes every 2xx and 3xx for a yes.
fn in_turn(response: &Response, expected: Severity) -> Result<(), DeliveryError> {
    if response.code().severity == expected {
        Ok(())
    } else {
        Err(DeliveryError::postponed("the server answers out of turn"))
    }
}

fn postponed(error: &SmtpError) -> DeliveryError {
    DeliveryError::postponed(&error.to_string())
}

/// What the server says of the recipient or of the message: a code of 5xx is for good (RFC 5321, section 4.2.1).
fn answered(error: &SmtpError) -> DeliveryError {
    if error.is_permanent() { DeliveryError::refused(&error.to_string()) } else { postponed(error) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::panic;

    use tenantry_core::DeliveryFailure;
    use tenantry_core::testing::invitation_mail;

    use super::*;

    #[test]
    fn d3_a_server_that_says_a_byte_now_and_then_holds_no_mail_for_ever() {
        let (listener, done) = (TcpListener::bind(("localhost", 0)).unwrap(), Arc::new(AtomicBool::new(false)));
        let (port, is_done) = (listener.local_addr().unwrap().port(), Arc::clone(&done));
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // It never comes to the end of its first line.
            while !is_done.load(Ordering::Acquire) {
                stream.write_all(b"2").unwrap();
            }
        });
        let courier = SmtpCourier::builder("localhost", "no-reply@acme.test", "https://x.test/").port(port);
        let courier = courier.plain_on_loopback().build().unwrap();
        let mail = invitation_mail("Hank", "hank@globex.test", "Acme", None).unwrap();
        let (letter, route) = (courier.letterhead.write(&mail).unwrap(), courier.route);
        let carried = within(Duration::from_millis(50), move |begun| route.carry(&letter, begun));
        done.store(true, Ordering::Release);
        assert_eq!(carried, Err(DeliveryError::postponed("the server is too slow")));
        server.join().unwrap();
    }

    #[test]
    fn d4_an_attempt_that_was_given_up_hands_nothing_over_and_one_that_did_is_unknown() {
        let (goes_on, waits) = mpsc::channel();
        let (says, hears) = mpsc::channel();
        let given_up = within(Duration::ZERO, move |begun| {
            waits.recv().unwrap();
            says.send(begun.swap(true, Ordering::AcqRel)).unwrap();
            Ok(())
        });
        assert_eq!(given_up.unwrap_err().failure(), DeliveryFailure::Postponed);
        goes_on.send(()).unwrap();
        assert!(hears.recv().unwrap(), "it finds that it was given up");

        let broken = within(ATTEMPT, |begun| {
            begun.store(true, Ordering::Release);
            panic::resume_unwind(Box::new("the thread ends"))
        });
        assert_eq!(broken.unwrap_err().failure(), DeliveryFailure::Unknown);
    }
}
