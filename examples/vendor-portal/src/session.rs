//! The stand-in for the host's own login: signed cookies, signed links to sign in, and the tokens of forms.
//!
//! A real host has passwords, passkeys or single sign-on instead. What it has to bring is here too: the id of the
//! person, whose e-mail it has verified.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderValue, header};
use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tenantry::UserId;

/// How long a session lasts.
const SESSION: Duration = Duration::from_secs(12 * 60 * 60);
/// How long a link to sign in works.
const LINK: Duration = Duration::from_secs(12 * 60 * 60);

/// A browser, and who is signed in with it.
#[derive(Clone, Debug)]
pub struct Session {
    /// What the tokens of its forms are bound to.
    pub id: String,
    /// Who is signed in.
    pub person: Option<Person>,
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The person, as tenantry knows them.
    pub user: UserId,
    /// The e-mail that they signed in with.
    pub email: String,
}

impl Session {
    /// The session of a browser that is signed in as this person, or as nobody.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random numbers.
    pub fn new(person: Option<Person>) -> std::io::Result<Self> {
        Ok(Self { id: random_text()?, person })
    }
}

/// A text that nobody guesses.
///
/// # Errors
///
/// When the operating system gives no random numbers.
pub fn random_text() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(Base64UrlUnpadded::encode_string(&bytes))
}

/// Signs what a browser keeps. The key is made at every start, so a restart signs everybody out.
pub struct Signer {
    key: [u8; 64],
    /// Whether the portal is reached by https: then the cookie goes nowhere else.
    secure: bool,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("secure", &self.secure).finish_non_exhaustive()
    }
}

impl Signer {
    /// With a new key.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random numbers.
    pub fn new(secure: bool) -> std::io::Result<Self> {
        let mut key = [0; 64];
        getrandom::fill(&mut key).map_err(std::io::Error::other)?;
        Ok(Self { key, secure })
    }

    /// The session of a request, if its cookie is one of ours and not over.
    pub fn session(&self, headers: &HeaderMap) -> Option<Session> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|cookies| cookies.split("; ")).filter_map(|cookie| cookie.split_once('='));
        let value = pairs.find(|(name, _)| *name == self.cookie_name())?.1;
        let text = self.open("session", value)?;
        let mut lines = text.lines();
        let id = lines.next()?.to_owned();
        let person = match (lines.next(), lines.next()) {
            (Some(user), Some(email)) => Some(Person { user: user.parse().ok()?, email: email.to_owned() }),
            _ => None,
        };
        Some(Session { id, person })
    }

    /// The header that makes a browser keep a session.
    pub fn cookie(&self, session: &Session) -> Option<HeaderValue> {
        let mut text = session.id.clone();
        if let Some(person) = &session.person {
            text = format!("{text}\n{}\n{}", person.user, person.email);
        }
        let value = self.seal("session", &text, SESSION);
        let secure = if self.secure { "; Secure" } else { "" };
        let (name, age) = (self.cookie_name(), SESSION.as_secs());
        // Lax: who comes by the link in a mail is signed in.
        let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
        HeaderValue::from_str(&cookie).ok()
    }

    fn cookie_name(&self) -> &'static str {
        if self.secure { "__Host-portal" } else { "portal" }
    }

    /// What the link to sign in as this person ends with.
    pub fn link(&self, email: &str) -> String {
        self.seal("sign in", email, LINK)
    }

    /// The e-mail of a link to sign in, if it is one of ours and not over.
    pub fn read_link(&self, link: &str) -> Option<String> {
        self.open("sign in", link)
    }

    /// The token of the forms of a session.
    pub fn form_token(&self, session: &Session) -> String {
        Base64UrlUnpadded::encode_string(&self.mac(&["form", &session.id]).finalize().into_bytes())
    }

    /// Whether a form came with the token of its session.
    pub fn is_form_token(&self, session: &Session, token: &str) -> bool {
        let token = Base64UrlUnpadded::decode_vec(token).unwrap_or_default();
        self.mac(&["form", &session.id]).verify_slice(&token).is_ok()
    }

    /// The text with its end and a signature, in letters that a cookie and a link can hold.
    fn seal(&self, purpose: &str, text: &str, lasts: Duration) -> String {
        let text = format!("{}\n{text}", now().saturating_add(lasts.as_secs()));
        let mac = self.mac(&[purpose, &text]).finalize().into_bytes();
        let [text, mac] = [text.as_bytes(), &mac].map(Base64UrlUnpadded::encode_string);
        format!("{text}.{mac}")
    }

    fn open(&self, purpose: &str, sealed: &str) -> Option<String> {
        let (text, mac) = sealed.split_once('.')?;
        let [text, mac] = [text, mac].map(Base64UrlUnpadded::decode_vec);
        let text = String::from_utf8(text.ok()?).ok()?;
        self.mac(&[purpose, &text]).verify_slice(&mac.ok()?).ok()?;
        let (end, text) = text.split_once('\n')?;
        (end.parse::<u64>().ok()? > now()).then(|| text.to_owned())
    }

    fn mac(&self, parts: &[&str]) -> Hmac<Sha256> {
        // Shorter than a block, so the key always fits.
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&self.key.into());
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser(signer: &Signer, session: &Session) -> HeaderMap {
        let cookie = signer.cookie(session).unwrap();
        let pair = cookie.to_str().unwrap().split("; ").next().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(&format!("other=1; {pair}")).unwrap());
        headers
    }

    #[test]
    fn a_session_is_read_back_by_its_own_key_only() {
        let signer = Signer::new(false).unwrap();
        let user = "usr_00000000000000000000000000000007".parse().unwrap();
        let session = Session::new(Some(Person { user, email: "ada@acme.test".to_owned() })).unwrap();
        let headers = browser(&signer, &session);
        let read = signer.session(&headers).unwrap();
        assert_eq!((read.id, read.person.unwrap().user), (session.id, user));
        assert!(Signer::new(false).unwrap().session(&headers).is_none());
    }

    #[test]
    fn what_was_altered_or_made_for_another_purpose_is_no_session() {
        let signer = Signer::new(false).unwrap();
        let nobody = Session::new(None).unwrap();
        assert!(signer.session(&browser(&signer, &nobody)).unwrap().person.is_none());
        let link = signer.link("ada@acme.test");
        assert_eq!(signer.read_link(&link).unwrap(), "ada@acme.test");
        assert!(signer.open("session", &link).is_none());
        for index in 0..link.len() {
            let mut bytes = link.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            assert!(signer.read_link(str::from_utf8(&bytes).unwrap()).is_none(), "character {index}");
        }
    }

    #[test]
    fn what_is_over_does_not_open() {
        let signer = Signer::new(false).unwrap();
        assert!(signer.open("sign in", &signer.seal("sign in", "ada@acme.test", Duration::ZERO)).is_none());
    }

    #[test]
    fn the_token_of_a_form_belongs_to_one_session() {
        let signer = Signer::new(true).unwrap();
        let [one, other] = [(); 2].map(|()| Session::new(None).unwrap());
        let token = signer.form_token(&one);
        assert!(signer.is_form_token(&one, &token));
        assert!(!signer.is_form_token(&other, &token));
        assert!(!signer.is_form_token(&one, ""));
        assert!(signer.cookie(&one).unwrap().to_str().unwrap().contains("__Host-portal="));
    }
}
