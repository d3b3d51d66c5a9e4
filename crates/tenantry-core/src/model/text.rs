//! The rules of names and keys, and how text is folded for the search.

use unicode_normalization::UnicodeNormalization;

use crate::error::Error;

/// How many characters a name or an external id may have (C2).
pub(crate) const NAME_LIMIT: usize = 200;
const KEY_LIMIT: usize = 128;
const VENDOR_KEY_LIMIT: usize = 64;

/// A name as it is stored: trimmed, in NFC, 1 to 200 characters, no control characters (C2).
pub(crate) fn name(field: &'static str, input: &str) -> Result<String, Error> {
    let name: String = input.trim().nfc().collect();
    let length = name.chars().count();
    if length == 0 {
        Err(Error::invalid(field, "is empty"))
    } else if length > NAME_LIMIT {
        Err(Error::invalid(field, format!("has {length} characters, {NAME_LIMIT} are the most")))
    } else if name.chars().any(char::is_control) {
        Err(Error::invalid(field, "has a control character"))
    } else {
        Ok(name)
    }
}

/// A vendor's key: a lower-case letter, then lower-case letters, digits and hyphens, 64 at most (V1).
pub(crate) fn vendor_key(input: &str) -> Result<String, Error> {
    let mut bytes = input.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase());
    let rest = bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if first && rest && input.len() <= VENDOR_KEY_LIMIT {
        Ok(input.to_owned())
    } else {
        let rule = "is not a lower-case letter followed by lower-case letters, digits and hyphens, 64 at most";
        Err(Error::invalid("key", rule))
    }
}

/// A secret's key (S2).
pub(crate) fn secret_key(input: &str) -> Result<String, Error> {
    let mut bytes = input.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let rest = bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if first && rest && input.len() <= KEY_LIMIT {
        Ok(input.to_owned())
    } else {
        let rule = "is not a letter followed by letters, digits and underscores, 128 at most";
        Err(Error::invalid("key", rule))
    }
}

/// The name of a service of the host: letters, digits, `.`, `_` and `-`, 64 at most.
pub(crate) fn service_name(input: &str) -> Result<(), Error> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if (1..=64).contains(&input.len()) && input.bytes().all(known) {
        Ok(())
    } else {
        Err(Error::invalid("service", "is not 1 to 64 letters, digits, `.`, `_` and `-`"))
    }
}

/// Text as the filter compares it: NFC of the lower case of NFC, both sides alike (C7).
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let normal: String = text.nfc().collect();
    normal.to_lowercase().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn c2_a_name_is_trimmed_of_all_unicode_white_space_and_kept_inside() {
        assert_eq!(name("name", "\u{a0}\u{2002} A  B\t").unwrap(), "A  B");
        assert_eq!(name("name", "e\u{301}").unwrap(), "\u{e9}");
        assert!(name("name", &"x".repeat(200)).is_ok());
        for bad in ["", " \u{2002}", "a\u{0}b", "a\nb", "a\u{85}b", &"x".repeat(201)] {
            assert_eq!(name("name", bad).unwrap_err().code(), "invalid_input", "{bad:?}");
        }
    }

    #[test]
    fn s2_a_key_begins_with_a_letter() {
        for good in ["A", "smtp_PASSWORD", "k9", &"k".repeat(128)] {
            assert!(secret_key(good).is_ok(), "{good}");
        }
        for bad in ["", "9k", "_k", "a-b", "a b", "ä", "a\n", &"k".repeat(129)] {
            assert!(secret_key(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn c7_sharp_s_is_not_two_s() {
        assert_eq!(fold("HAUSGERÄTE"), "hausgeräte");
        assert_ne!(fold("Straße"), fold("STRASSE"));
    }

    proptest! {
        #[test]
        fn c2_a_stored_name_is_its_own_name(input in "\\PC{0,40}") {
            if let Ok(stored) = name("name", &input) {
                prop_assert_eq!(name("name", &stored).unwrap(), stored);
            }
        }

        #[test]
        fn c7_folding_does_not_depend_on_the_form(input in "\\PC{0,40}") {
            use unicode_normalization::UnicodeNormalization;
            let decomposed: String = input.nfd().collect();
            prop_assert_eq!(fold(&decomposed), fold(&input));
        }
    }
}
