//! Replaces secret values in texts (S7).

mod automaton;
mod forms;
mod stream;
#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::sync::Arc;
use std::{fmt, io};

use automaton::Automaton;
pub use stream::{RedactingWriter, RedactionStream};

use super::SecretValue;

/// A value of fewer characters stands in too many texts by chance.
const SHORTEST: usize = 6;
/// How many bytes all forms may have together. Building takes some 35 bytes of memory for each.
const LIMIT: usize = 16 * 1024 * 1024;

/// The values are too many or too long to be redacted together. Ten thousand usual ones are not, nor are eight of 64 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the values are too many or too long to be redacted together")]
pub struct RedactorTooLarge;

/// Replaces secret values in texts by `********`.
///
/// It finds a value
///
/// - as it is, and without white space around it;
/// - in base64, both alphabets, with and without padding, also inside a longer text: there, up to four bits of its first
///   and last byte stay in the characters beside it;
/// - percent-encoded, as the usual libraries do it;
/// - escaped in JSON, as the usual libraries do it, once or twice;
/// - with line breaks and tabs as `\n`, `\r` and `\t`, or with two backslashes.
///
/// Of a value of several lines, each line of 12 characters and more is found by itself, so that a key that is printed line
/// by line is found; the frame of a PEM file is not. Values that overlap or touch become one mask.
///
/// The work grows with the length of the text alone, however many values there are. Values under six characters are left
/// out: see [`left_out`](Self::left_out). What it is built from is wiped, but the automaton itself holds every value, if
/// never in one piece: build it for the work at hand, and drop it then. A clone shares it.
///
/// ```
/// use tenantry_core::{Redactor, SecretValue};
///
/// let redactor = Redactor::new([("DB_PASSWORD", SecretValue::from("hunter2"))])?;
/// assert_eq!(redactor.redact("login with hunter2"), "login with ********");
/// # Ok::<(), tenantry_core::RedactorTooLarge>(())
/// ```
#[derive(Clone)]
pub struct Redactor {
    automaton: Arc<Automaton>,
    left_out: Vec<String>,
}

impl Redactor {
    /// For these values, each with the key of its secret; a key may come with several versions of its value.
    ///
    /// # Errors
    ///
    /// [`RedactorTooLarge`] when all forms of all values have more than 16 MiB.
    pub fn new<K, V>(values: impl IntoIterator<Item = (K, V)>) -> Result<Self, RedactorTooLarge>
    where
        K: Into<String>,
        V: Borrow<SecretValue>,
    {
        let (mut forms, mut size, mut left_out) = (Vec::new(), 0, Vec::new());
        for (key, value) in values {
            let value = value.borrow().expose();
            if value.trim().chars().count() < SHORTEST {
                left_out.push(key.into());
            }
            if value.chars().count() < SHORTEST {
                continue;
            }
            let of_value = forms::uncovered(forms::of(value, SHORTEST));
            size += of_value.iter().map(|form| form.len()).sum::<usize>();
            if size > LIMIT {
                return Err(RedactorTooLarge);
            }
            forms.extend(of_value);
        }
        left_out.sort_unstable();
        left_out.dedup();
        let automaton = Automaton::new(&forms::uncovered(forms)).ok_or(RedactorTooLarge)?;
        Ok(Self { automaton: Arc::new(automaton), left_out })
    }

    /// The keys with a value that is not redacted because it has fewer than six characters, each once, in order; also those
    /// with a value that is redacted only with the white space around it, because it has fewer without.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The text without the values.
    pub fn redact(&self, text: &str) -> String {
        let mut stream = self.stream();
        let mut redacted = stream.push(text.as_bytes());
        redacted.extend(stream.finish());
        // It is UTF-8: all forms are, and so no match splits a character.
        String::from_utf8(redacted).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// Redacts a text that comes in pieces.
    pub fn stream(&self) -> RedactionStream {
        RedactionStream::new(Arc::clone(&self.automaton))
    }

    /// Redacts what is written, and writes it to the other writer.
    pub fn writer<W: io::Write>(&self, inner: W) -> RedactingWriter<W> {
        RedactingWriter::new(self.stream(), inner)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("left_out", &self.left_out).finish_non_exhaustive()
    }
}
