//! E-mail addresses and the identity that they stand for (U5).

use std::fmt;

use email_address::Options;

/// How many bytes an address may have (RFC 5321, section 4.5.3.1.3, less the angle brackets).
const LIMIT: usize = 254;

/// A text that is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address: {0}")]
pub struct InvalidEmail(&'static str);

impl InvalidEmail {
    /// What is wrong.
    pub fn reason(&self) -> &'static str {
        self.0
    }
}

/// An e-mail address as given, and the identity key that it stands for.
///
/// The key is the address with ASCII letters in lower case and the domain as its A-label (IDNA). Nothing else is folded:
/// no Unicode case, no dots, no `+tag`; so two addresses that a mail server may tell apart are never one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAddress {
    given: String,
    key: String,
}

impl EmailAddress {
    /// Reads an address: no display name, no domain literal, a domain of two labels at least, ASCII before the `@`.
    ///
    /// # Errors
    ///
    /// [`InvalidEmail`].
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let given = text.trim();
        if given.len() > LIMIT {
            return Err(InvalidEmail("is longer than 254 bytes"));
        }
        let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
        let address = email_address::EmailAddress::parse_with_options(given, options)
            .map_err(|_| InvalidEmail("is not an address of the form `name@example.com`"))?;
        if !address.local_part().is_ascii() {
            return Err(InvalidEmail("has a character before the `@` that is not ASCII"));
        }
        if address.local_part().starts_with('"') {
            // The same mailbox as without the quotes, which would make it a second person.
            return Err(InvalidEmail("has quotes before the `@`"));
        }
        let domain = idna::domain_to_ascii_strict(address.domain());
        let domain = domain.map_err(|_| InvalidEmail("has a domain that is not valid"))?;
        if domain.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(InvalidEmail("has an IP address for a domain"));
        }
        let key = format!("{}@{domain}", address.local_part().to_ascii_lowercase());
        Ok(Self { given: given.to_owned(), key })
    }

    /// The address as given: mail goes only there.
    pub fn given(&self) -> &str {
        &self.given
    }

    /// The identity key: the same for every way to write the same address.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// An e-mail that the host has verified to be that of the person who is signed in.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedEmail(String);

impl VerifiedEmail {
    /// States that the person who is signed in has proved to read this e-mail. tenantry takes the host's word for it.
    pub fn new(email: impl Into<String>) -> Self {
        Self(email.into())
    }

    /// The e-mail.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for VerifiedEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VerifiedEmail").field(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        EmailAddress::parse(text).unwrap().key().to_owned()
    }

    #[test]
    fn u5_the_same_address_in_any_ascii_case_is_one_person() {
        assert_eq!(key(" ADA@Acme.TEST "), "ada@acme.test");
        assert_eq!(EmailAddress::parse(" ADA@Acme.TEST ").unwrap().given(), "ADA@Acme.TEST");
        assert_eq!(key("ada@bücher.example"), key("ADA@xn--bcher-kva.EXAMPLE"));
        assert_eq!(key("ada@BÜCHER.example"), key("ada@bücher.example"));
    }

    #[test]
    fn u5_addresses_that_a_server_may_tell_apart_stay_apart() {
        assert_ne!(key("ada+x@acme.test"), key("ada@acme.test"));
        assert_ne!(key("a.da@acme.test"), key("ada@acme.test"));
        // IDNA keeps `ß`: straße and strasse are two domains.
        assert_ne!(key("ada@straße.example"), key("ada@strasse.example"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ada",
            "@acme.test",
            "ada@",
            "ada@acme",
            "ada@[127.0.0.1]",
            "Ada <ada@acme.test>",
            "a da@acme.test",
            "ada@acme..test",
            "adä@acme.test",
            "İ@acme.test",
            "ada@acme.test\nbcc: x@y.z",
            "ada@-acme.test",
            "\"ada\"@acme.test",
            "\"a\tb\"@acme.test",
            "ada@127.0.0.1",
        ] {
            assert!(EmailAddress::parse(text).is_err(), "{text}");
        }
        assert!(EmailAddress::parse(&format!("{}@acme.test", "a".repeat(250))).is_err());
    }
}
