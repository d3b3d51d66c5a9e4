//! Secret values in memory.

use std::fmt;

use secrecy::{ExposeSecret, SecretBox};

/// The value of a secret: zeroed when dropped, never printed, compared or serialised.
///
/// It is copied from a `&str` into a buffer of its exact size; the caller's own copy is the caller's to wipe.
#[derive(Clone)]
pub struct SecretValue(SecretBox<str>);

impl SecretValue {
    /// The value itself: hand it to what needs it, and to nothing that keeps or prints it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.expose().len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl From<&str> for SecretValue {
    fn from(value: &str) -> Self {
        Self(SecretBox::new(Box::from(value)))
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue([REDACTED])")
    }
}
