//! The message: how an invitation is written down for SMTP.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::{Address, address::AddressError};
use tenantry_core::{DeliveryError, InvitationMail};
use url::Url;

use crate::templates::Compiled;

/// What every mail of a courier has in common.
#[derive(Clone, Debug)]
pub(crate) struct Letterhead {
    pub(crate) from: Mailbox,
    pub(crate) link: Url,
    pub(crate) templates: Compiled,
}

/// A message that is ready to be sent.
pub(crate) struct Letter {
    pub(crate) to: Address,
    pub(crate) bytes: Vec<u8>,
}

impl Letterhead {
    /// Writes a mail down: the same bytes in every attempt of a delivery.
    pub(crate) fn write(&self, mail: &InvitationMail) -> Result<Letter, DeliveryError> {
        let to = address(&mail.email).map_err(|_| DeliveryError::refused("the address cannot be written in a mail"))?;
        let mut link = self.link.clone();
        link.set_fragment(Some(mail.token.expose()));
        let filled = self.templates.of(mail, link.as_str());
        let filled =
            filled.map_err(|template| DeliveryError::postponed(&format!("the template `{template}` fails")))?;
        let body = MultiPart::alternative()
            .boundary(mail.delivery.to_string())
            .singlepart(SinglePart::plain(filled.text))
            .singlepart(SinglePart::html(filled.html));
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(one_line(&mail.name)), to.clone()))
            .subject(filled.subject)
            .date(date(mail.created_at.into()))
            .message_id(Some(format!("<{}@{}>", mail.delivery, self.from.email.domain())))
            // RFC 3834: an answering machine keeps silent.
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .multipart(body)
            .map_err(|_| DeliveryError::refused("the mail cannot be written"))?;
        Ok(Letter { to, bytes: message.formatted() })
    }
}

/// An address with its domain as A-label, so that every server takes it. Before the `@` there is ASCII without quotes, as in
/// every e-mail of the core: what else lettre lets pass is no word of SMTP without SMTPUTF8, or holds spaces and brackets.
pub(crate) fn address(email: &str) -> Result<Address, AddressError> {
    let (user, domain) = email.rsplit_once('@').ok_or(AddressError::MissingParts)?;
    if !user.is_ascii() || user.contains('"') {
        return Err(AddressError::InvalidUser);
    }
    let domain = idna::domain_to_ascii(domain).map_err(|_| AddressError::InvalidDomain)?;
    Address::new(user, domain)
}

/// The nearest time that a header can say: lettre panics before 1970 and after 9999, where a clock may be that is set wrong.
fn date(time: SystemTime) -> SystemTime {
    const LAST: Duration = Duration::from_secs(253_402_300_799);
    time.clamp(UNIX_EPOCH, UNIX_EPOCH + LAST)
}

/// A name without what ends a line.
fn one_line(name: &str) -> String {
    name.split(char::is_control).collect::<Vec<_>>().join(" ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use mail_parser::{MessageParser, MimeHeaders};
    use proptest::prelude::*;
    use tenantry_core::testing::invitation_mail;

    use super::*;
    use crate::Templates;

    fn letterhead() -> Letterhead {
        Letterhead {
            from: "Acme Software <no-reply@acme.test>".parse().unwrap(),
            link: "https://portal.acme.test/join?from=mail".parse().unwrap(),
            templates: Templates::new().compile().unwrap(),
        }
    }

    const HEADERS: [&str; 8] =
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"];

    /// The names of the headers as they stand in the message, before anybody parses it.
    fn names(bytes: &[u8]) -> Vec<String> {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let begins = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        let mut names: Vec<_> = begins.map(|line| line.split(':').next().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn d4_a_message_says_what_it_is_and_is_the_same_in_every_attempt() {
        let mail = invitation_mail("Hank Scorpio", "hank@globex.test", "Acme", Some("Globex")).unwrap();
        let letter = letterhead().write(&mail).unwrap();
        assert_eq!(letter.to.to_string(), "hank@globex.test");
        assert_eq!(letter.bytes, letterhead().write(&mail).unwrap().bytes);
        let message = MessageParser::default().parse(&letter.bytes).unwrap();
        assert_eq!(message.message_id(), Some(format!("{}@acme.test", mail.delivery).as_str()));
        assert_eq!(message.subject(), Some("You are invited to join Globex"));
        assert_eq!(message.date().unwrap().to_timestamp(), mail.created_at.timestamp());
        assert_eq!(message.header("Auto-Submitted").unwrap().as_text(), Some("auto-generated"));
        assert_eq!(message.content_type().unwrap().subtype(), Some("alternative"));
        let link = format!("https://portal.acme.test/join?from=mail#{}", mail.token.expose());
        assert!(message.body_text(0).unwrap().contains(&link));
        // The reader of HTML undoes the escapes.
        let html = message.body_html(0).unwrap().replace("&#x2f;", "/");
        assert!(html.contains(&format!("href=\"{link}\"")), "{html}");
        let head = String::from_utf8(letter.bytes).unwrap();
        let (head, _) = head.split_once("\r\n\r\n").unwrap();
        assert!(!head.contains("tny_inv_"), "a token in a header is in every log");
    }

    #[test]
    fn a_clock_that_is_far_out_keeps_no_mail_from_being_written() {
        let year = Duration::from_secs(366 * 24 * 60 * 60);
        for created_at in [UNIX_EPOCH - year, UNIX_EPOCH + 8_100 * year] {
            let mut mail = invitation_mail("Hank", "hank@globex.test", "Acme", None).unwrap();
            mail.created_at = created_at.into();
            let letter = letterhead().write(&mail).unwrap();
            assert!(MessageParser::default().parse(&letter.bytes).unwrap().date().is_some());
        }
    }

    #[test]
    fn an_address_is_written_with_its_a_label() {
        assert_eq!(address("Ada@faß.test").unwrap().to_string(), "Ada@xn--fa-hia.test");
        for wrong in [
            "",
            "ada",
            "ada@",
            "@x.test",
            "a b@x.test",
            "ada@x.test>\r\nRCPT TO:<eve@x.test",
            "ada@x.test\n",
            "ädä@x.test",
            "\"ada> <eve\"@x.test",
        ] {
            assert!(address(wrong).is_err(), "{wrong:?}");
            let mail = invitation_mail("Hank", wrong, "Acme", None).unwrap();
            let error = letterhead().write(&mail).map(drop).unwrap_err();
            assert_eq!(error.reason(), "the address cannot be written in a mail");
        }
    }

    /// Texts that want to be more than a name.
    fn names_of_people() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[\\x00-\\x7f]{0,80}",
            "[a-z\",;:<>()@\\\\\\[\\]=?_ ]{0,200}",
            Just("Eve\r\nBcc: eve@evil.test\r\n\r\nHello".to_owned()),
            Just("Eve\nBcc: eve@evil.test".to_owned()),
            Just("Eve\rBcc: eve@evil.test".to_owned()),
            Just("Eve\" <eve@evil.test>, \"".to_owned()),
            Just("=?utf-8?q?Eve=0d=0aBcc:_eve@evil.test?=".to_owned()),
            Just("\u{85}\u{2028}Bcc: eve@evil.test".to_owned()),
            "[äöü漢字\u{1F600}\u{202E}]{60,200}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn d5_names_cannot_add_a_header_a_recipient_or_a_part(
            name in names_of_people(),
            vendor in names_of_people(),
            customer in proptest::option::of(names_of_people()),
        ) {
            let mail = invitation_mail(&name, "hank@globex.test", &vendor, customer.as_deref()).unwrap();
            let letter = letterhead().write(&mail).unwrap();
            let mut expected = HEADERS.map(str::to_owned);
            expected.sort();
            prop_assert_eq!(names(&letter.bytes), expected);
            // A line that ends otherwise could end the message for one server and not for the next.
            let text = String::from_utf8(letter.bytes.clone()).unwrap().replace("\r\n", "");
            prop_assert!(!text.contains(['\r', '\n']));
            prop_assert!(letter.bytes.is_ascii(), "what a server without 8BITMIME takes");
            prop_assert!(letter.bytes.split(|byte| *byte == b'\n').all(|line| line.len() < 998));
            let message = MessageParser::default().parse(&letter.bytes).unwrap();
            let to = message.to().unwrap().as_list().unwrap();
            prop_assert_eq!(to.len(), 1);
            prop_assert_eq!(to[0].address(), Some("hank@globex.test"));
            prop_assert_eq!(message.from().unwrap().first().unwrap().address(), Some("no-reply@acme.test"));
            prop_assert_eq!((message.text_body_count(), message.html_body_count(), message.attachment_count()), (1, 1, 0));
            prop_assert_eq!(letter.to.to_string(), "hank@globex.test");
        }

        #[test]
        fn a_name_is_read_as_it_was_written(name in "[A-Za-z0-9äöüßéñ漢字@<>\",;:()\\\\.'=?_-]{1,60}( [A-Za-zäöü]{1,30}){0,3}") {
            let mail = invitation_mail(&name, "hank@globex.test", "Acme", None).unwrap();
            let letter = letterhead().write(&mail).unwrap();
            let message = MessageParser::default().parse(&letter.bytes).unwrap();
            prop_assert_eq!(message.to().unwrap().first().unwrap().name(), Some(name.as_str()));
        }

        #[test]
        fn d5_addresses_cannot_add_a_recipient(email in names_of_people()) {
            let mail = invitation_mail("Hank", &email, "Acme", None).unwrap();
            if let Ok(letter) = letterhead().write(&mail) {
                let to = letter.to.to_string();
                prop_assert!(to.is_ascii() && !to.contains(|letter: char| letter.is_control() || "<> ,".contains(letter)));
                prop_assert_eq!(names(&letter.bytes).len(), HEADERS.len());
            }
        }
    }
}
