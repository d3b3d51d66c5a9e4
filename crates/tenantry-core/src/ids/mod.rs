//! Identifiers: a type for each kind, a UUIDv7 inside, a prefix in writing.

mod source;

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

pub(crate) use source::new_uuid;
pub use source::{IdSource, RandomIds};

/// A text that is no id of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form `{prefix}_…`")]
pub struct ParseIdError {
    prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        ///
        /// Written with its prefix, read back with [`FromStr`]; no id converts into one of another kind.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What every written id of this kind begins with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// The id with this UUID; for stores, which keep ids as 16 bytes.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse($prefix, text).map(Self)
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// A vendor: who sells software.
    VendorId, "ven"
);
id!(
    /// A customer of a vendor.
    CustomerId, "cus"
);
id!(
    /// A person, known by e-mail within one vendor.
    UserId, "usr"
);
id!(
    /// One membership of a person in one place; a person who is removed and invited again gets a new one.
    MemberId, "mem"
);
id!(
    /// An invitation of a person into a place.
    InvitationId, "inv"
);
id!(
    /// One delivery from the outbox: the same in all its attempts, a new one with every token.
    DeliveryId, "dlv"
);
id!(
    /// A secret of a place.
    SecretId, "sec"
);
id!(
    /// One commit to a store; the same id sent again is answered with the first receipt.
    CommitId, "com"
);

/// Only the form that `Display` writes: 32 lower-case hexadecimal digits after the prefix.
fn parse(prefix: &'static str, text: &str) -> Result<Uuid, ParseIdError> {
    let error = ParseIdError { prefix };
    let digits = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .filter(|rest| rest.len() == 32 && !rest.bytes().any(|byte| byte.is_ascii_uppercase()))
        .ok_or_else(|| error.clone())?;
    Uuid::try_parse(digits).map_err(|_| error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_with_its_prefix_and_read_back() {
        let id = CustomerId::from_uuid(Uuid::from_u128(7));
        assert_eq!(id.to_string(), "cus_00000000000000000000000000000007");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(format!("{id:?}"), id.to_string());
    }

    #[test]
    fn an_id_of_another_kind_or_form_is_refused() {
        for text in [
            "usr_00000000000000000000000000000007",
            "cus-00000000000000000000000000000007",
            "cus_0000000000000000000000000000000",
            "cus_0000000000000000000000000000000G",
            "cus_0000000000000000000000000000000A",
            "cus_00000000-0000-0000-0000-000000000007",
            "",
        ] {
            assert!(text.parse::<CustomerId>().is_err(), "{text}");
        }
    }
}
