//! The functions that write a text so that it stays one text where it is read.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use super::Template;
use super::error::TemplateProblem;
use crate::vault::SecretBuffer;

/// A buffer that takes no more than [`Template::MAX_OUTPUT`].
pub(super) struct Limited(SecretBuffer);

impl Limited {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(SecretBuffer::with_capacity(bytes.min(Template::MAX_OUTPUT)))
    }

    pub(super) fn push_str(&mut self, text: &str) -> Result<(), TemplateProblem> {
        if text.len() > Template::MAX_OUTPUT.saturating_sub(self.0.as_str().len()) {
            return Err(TemplateProblem::OutputTooLong);
        }
        self.0.push_str(text);
        Ok(())
    }

    pub(super) fn push(&mut self, character: char) -> Result<(), TemplateProblem> {
        self.push_str(character.encode_utf8(&mut [0; 4]))
    }

    pub(super) fn into_inner(self) -> SecretBuffer {
        self.0
    }

    /// Writes the text, and instead of each character for which there is one, its replacement.
    fn replaced<R: Fn(char) -> Option<Replacement>>(
        &mut self,
        text: &str,
        replacement: R,
    ) -> Result<(), TemplateProblem> {
        let mut rest = text;
        while let Some((at, character, instead)) =
            rest.char_indices().find_map(|(at, character)| Some((at, character, replacement(character)?)))
        {
            let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.push_str(before)?;
            match instead {
                Replacement::Text(text) => self.push_str(text)?,
                Replacement::Unicode => self.unicode(character)?,
            }
            rest = after.get(character.len_utf8()..).unwrap_or_default();
        }
        self.push_str(rest)
    }

    fn unicode(&mut self, character: char) -> Result<(), TemplateProblem> {
        self.push_str("\\u")?;
        let number = u32::from(character);
        for shift in [12, 8, 4, 0] {
            self.push(hex((number >> shift) & 15, 'a'))?;
        }
        Ok(())
    }
}

/// What is written instead of a character.
enum Replacement {
    Text(&'static str),
    /// `\u` and four digits: only for what those can say.
    Unicode,
}

/// As `json.Marshal` of Go 1.19 writes it, `<`, `>` and `&` as escapes too.
pub(super) fn json(text: &str, out: &mut Limited) -> Result<(), TemplateProblem> {
    out.push('"')?;
    out.replaced(text, |character| match character {
        '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => Some(Replacement::Unicode),
        '"' => Some(Replacement::Text("\\\"")),
        '\\' => Some(Replacement::Text("\\\\")),
        '\n' => Some(Replacement::Text("\\n")),
        '\r' => Some(Replacement::Text("\\r")),
        '\t' => Some(Replacement::Text("\\t")),
        _ => (character < ' ').then_some(Replacement::Unicode),
    })?;
    out.push('"')
}

/// In double quotes, on one line, for every version of YAML; it is JSON too.
pub(super) fn yaml(text: &str, out: &mut Limited) -> Result<(), TemplateProblem> {
    out.push('"')?;
    yaml_inner(text, out)?;
    out.push('"')
}

/// What stands between the quotes.
pub(super) fn yaml_inner(text: &str, out: &mut Limited) -> Result<(), TemplateProblem> {
    out.replaced(text, |character| match character {
        '"' => Some(Replacement::Text("\\\"")),
        '\\' => Some(Replacement::Text("\\\\")),
        '\n' => Some(Replacement::Text("\\n")),
        '\r' => Some(Replacement::Text("\\r")),
        '\t' => Some(Replacement::Text("\\t")),
        _ => (!is_yaml_plain(character)).then_some(Replacement::Unicode),
    })
}

/// A text that is JSON, with the characters as escapes that JSON may have and YAML may not.
pub(super) fn yaml_from_json(text: &str, out: &mut Limited) -> Result<(), TemplateProblem> {
    out.replaced(text, |character| (!is_yaml_plain(character)).then_some(Replacement::Unicode))
}

/// Whether YAML, 1.1 or 1.2, shows the character as it is and takes it for no line break.
pub(super) fn is_yaml_plain(character: char) -> bool {
    !matches!(
        character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
    )
}

/// A word of a POSIX shell: always in single quotes.
pub(super) fn shell(text: &str, out: &mut Limited) -> Result<(), TemplateProblem> {
    if text.contains('\0') {
        return Err(TemplateProblem::Nul);
    }
    out.push('\'')?;
    out.replaced(text, |character| (character == '\'').then_some(Replacement::Text("'\\''")))?;
    out.push('\'')
}

/// Text in single quotes of YAML, by what stands between them.
pub(super) fn yaml_single(text: &str, out: &mut Limited) -> Result<(), TemplateProblem> {
    out.replaced(text, |character| (character == '\'').then_some(Replacement::Text("''")))
}

/// For an env file: what any reader takes for the end of a line is written as an escape.
pub(super) fn env(text: &str, out: &mut Limited) -> Result<(), TemplateProblem> {
    if text.contains('\0') {
        return Err(TemplateProblem::Nul);
    }
    out.replaced(text, |character| match character {
        '\n' => Some(Replacement::Text("\\n")),
        '\r' => Some(Replacement::Text("\\r")),
        '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(Replacement::Unicode),
        _ => None,
    })
}

/// Standard base64 with padding.
pub(super) fn base64(text: &str, out: &mut Limited) -> Result<(), TemplateProblem> {
    // In pieces of whole groups of three bytes: only the last one is padded.
    let mut piece = Zeroizing::new([0; 64]);
    for chunk in text.as_bytes().chunks(48) {
        let encoded = Base64::encode(chunk, &mut *piece).map_err(|_| TemplateProblem::OutputTooLong)?;
        out.push_str(encoded)?;
    }
    Ok(())
}

/// As `url.QueryEscape` writes it.
pub(super) fn url_query(text: &str, out: &mut Limited) -> Result<(), TemplateProblem> {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte))?,
            b' ' => out.push('+')?,
            _ => {
                out.push('%')?;
                out.push(hex(u32::from(byte >> 4), 'A'))?;
                out.push(hex(u32::from(byte & 15), 'A'))?;
            }
        }
    }
    Ok(())
}

fn hex(digit: u32, ten: char) -> char {
    let base = if digit < 10 { u32::from('0') + digit } else { u32::from(ten) + digit - 10 };
    char::from_u32(base).unwrap_or('0')
}
