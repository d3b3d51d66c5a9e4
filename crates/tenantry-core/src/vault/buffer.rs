//! A text that grows without leaving copies of itself behind.

use std::fmt;

use zeroize::Zeroize;

use super::SecretValue;

/// Text that is built piece by piece and may hold a secret: every block that it gives back was wiped.
///
/// A `Zeroizing<String>` wipes only its last block; the blocks that it outgrew keep what was in them.
pub(crate) struct SecretBuffer(String);

impl SecretBuffer {
    /// An empty text with room for so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    /// What was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Adds a text.
    pub(crate) fn push_str(&mut self, text: &str) {
        self.reserve(text.len());
        self.0.push_str(text);
    }

    // Doubles, so that the copies together are no longer than the text; never leaves it to `String` to move.
    fn reserve(&mut self, bytes: usize) {
        let free = self.0.capacity() - self.0.len();
        if bytes > free {
            let needed = self.0.len().saturating_add(bytes);
            let mut grown = String::with_capacity(needed.max(self.0.capacity().saturating_mul(2)));
            grown.push_str(&self.0);
            self.0.zeroize();
            self.0 = grown;
        }
    }
}

impl Drop for SecretBuffer {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBuffer([REDACTED])")
    }
}

impl From<SecretBuffer> for SecretValue {
    fn from(buffer: SecretBuffer) -> Self {
        // A copy of the exact size; the buffer wipes its own on the way out.
        Self::from(buffer.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_was_written(pieces in proptest::collection::vec(".{0,40}", 0..40), room in 0_usize..64) {
            let mut buffer = SecretBuffer::with_capacity(room);
            let mut moves = 0;
            for piece in &pieces {
                let before = buffer.0.as_ptr();
                buffer.push_str(piece);
                moves += usize::from(before != buffer.0.as_ptr());
            }
            let expected = pieces.concat();
            prop_assert_eq!(buffer.as_str(), &expected);
            prop_assert!(moves <= 14, "{} moves for {} bytes", moves, expected.len());
            prop_assert_eq!(format!("{buffer:?}"), "SecretBuffer([REDACTED])");
            let value = SecretValue::from(buffer);
            prop_assert_eq!(value.expose(), expected);
        }
    }
}
