//! The forms in which a value may stand in a text.

use base64ct::{Base64, Base64Url, Encoding};
use zeroize::Zeroizing;

/// A line of a value is looked for by itself from this many characters on.
const SHORTEST_LINE: usize = 12;

/// What is looked for, in a buffer of its exact size: one that grew would leave copies behind.
pub(super) type Form = Zeroizing<Vec<u8>>;

/// All forms of a value, some more than once. They are UTF-8, so that a match never begins or ends inside a character.
pub(super) fn of(value: &str, shortest: usize) -> Vec<Form> {
    let mut forms = Vec::new();
    whole(value, &mut forms);
    // A file's last line break is in its value, and seldom where the value is printed.
    let trimmed = value.trim();
    if trimmed.len() < value.len() && trimmed.chars().count() >= shortest {
        whole(trimmed, &mut forms);
    }
    if value.contains(['\n', '\r']) {
        for line in value.split(['\n', '\r']).map(str::trim) {
            // The first and last line of a PEM file are the same in every key.
            if line.chars().count() >= SHORTEST_LINE && !line.starts_with("-----") {
                escaped(line, &mut forms);
            }
        }
    }
    forms
}

/// In order, each once, and none that a shorter one covers, standing at both its ends: whatever text has it, has the shorter
/// one there twice, and that masks the same. Values of one repeated letter would otherwise all end in every state of the
/// longest.
pub(super) fn uncovered(mut forms: Vec<Form>) -> Vec<Form> {
    forms.sort_unstable_by(|one, other| one.as_slice().cmp(other));
    let mut kept: Vec<Form> = Vec::new();
    // Those of the kept ones that the form at hand begins with, the longest last.
    let mut beginnings: Vec<usize> = Vec::new();
    for form in forms {
        while beginnings.pop_if(|at| !kept.get(*at).is_some_and(|kept| form.starts_with(kept))).is_some() {}
        let mut long_enough =
            beginnings.iter().rev().filter_map(|at| kept.get(*at)).take_while(|kept| 2 * kept.len() >= form.len());
        if !long_enough.any(|kept| form.ends_with(kept)) {
            beginnings.push(kept.len());
            kept.push(form);
        }
    }
    kept
}

fn whole(value: &str, forms: &mut Vec<Form>) {
    escaped(value, forms);
    for url in URL {
        forms.push(written(value, |character, out| url.write(character, out)));
    }
    for before in 0..3 {
        base64::<Base64>(value, before, forms);
        base64::<Base64Url>(value, before, forms);
    }
}

/// The value itself, and as it stands in JSON and in texts of one line.
fn escaped(value: &str, forms: &mut Vec<Form>) {
    forms.push(Zeroizing::new(value.as_bytes().to_vec()));
    for json in JSON {
        forms.push(written(value, |character, out| json.write(character, out)));
    }
    // JSON as a string in JSON: a log line that quotes a document.
    for json in JSON.iter().take(2) {
        forms.push(written(value, |character, out| {
            json.write(character, &mut |once| once.chars().for_each(|character| json.write(character, out)));
        }));
    }
    forms.push(written(value, |character, out| line_break(character, r"\", out)));
    forms.push(written(value, |character, out| line_break(character, r"\\", out)));
    forms.push(written(value, |character, out| match character {
        '\\' => out(r"\\"),
        _ => line_break(character, r"\", out),
    }));
}

/// Writes a form twice: once to learn its size, once into a buffer of that size.
fn written(value: &str, write: impl Fn(char, &mut dyn FnMut(&str))) -> Form {
    let mut size = 0;
    value.chars().for_each(|character| write(character, &mut |part| size += part.len()));
    let mut form = Zeroizing::new(Vec::with_capacity(size));
    value.chars().for_each(|character| write(character, &mut |part| form.extend_from_slice(part.as_bytes())));
    form
}

fn plain(character: char, out: &mut dyn FnMut(&str)) {
    out(character.encode_utf8(&mut [0; 4]));
}

fn line_break(character: char, backslashes: &str, out: &mut dyn FnMut(&str)) {
    let letter = match character {
        '\n' => "n",
        '\r' => "r",
        '\t' => "t",
        _ => return plain(character, out),
    };
    out(backslashes);
    out(letter);
}

/// A way of writing JSON strings.
struct Json {
    /// `<`, `>`, `&` and the line separators as numbers.
    html: bool,
    /// Everything that is not ASCII as numbers.
    ascii: bool,
    /// A backslash before `/`.
    slash: bool,
    /// `\b` and `\f` instead of numbers.
    short: bool,
}

#[rustfmt::skip]
const JSON: [Json; 5] = [
    // serde_json, and most others.
    Json { html: false, ascii: false, slash: false, short: true },
    // Go, and Go before 1.22.
    Json { html: true, ascii: false, slash: false, short: true },
    Json { html: true, ascii: false, slash: false, short: false },
    // Python; PHP.
    Json { html: false, ascii: true, slash: false, short: true },
    Json { html: false, ascii: true, slash: true, short: true },
];

impl Json {
    fn write(&self, character: char, out: &mut dyn FnMut(&str)) {
        match character {
            '"' => out(r#"\""#),
            '\\' => out(r"\\"),
            '\n' => out(r"\n"),
            '\r' => out(r"\r"),
            '\t' => out(r"\t"),
            '\u{8}' if self.short => out(r"\b"),
            '\u{c}' if self.short => out(r"\f"),
            '/' if self.slash => out(r"\/"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if self.html => numbers(character, out),
            _ if character < ' ' || self.ascii && !character.is_ascii() => numbers(character, out),
            _ => plain(character, out),
        }
    }
}

fn numbers(character: char, out: &mut dyn FnMut(&str)) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        out(r"\u");
        for shift in [12, 8, 4, 0] {
            plain(digit(u32::from(*unit) >> shift), out);
        }
    }
}

fn digit(number: u32) -> char {
    char::from_digit(number & 0xf, 16).unwrap_or_default()
}

/// A way of writing URLs.
struct Url {
    /// What stays as it is, beside letters and digits.
    kept: &'static str,
    space: &'static str,
    upper: bool,
}

#[rustfmt::skip]
const URL: [Url; 8] = [
    // RFC 3986 in both cases of its digits; the same with a space as Go's QueryEscape and Python's quote_plus write it.
    Url { kept: "-._~", space: "%20", upper: true },
    Url { kept: "-._~", space: "%20", upper: false },
    Url { kept: "-._~", space: "+", upper: true },
    Url { kept: "-._~", space: "+", upper: false },
    // HTML forms and Java.
    Url { kept: "-._*", space: "+", upper: true },
    // JavaScript's encodeURIComponent.
    Url { kept: "-._~!'()*", space: "%20", upper: true },
    // Python's quote.
    Url { kept: "-._~/", space: "%20", upper: true },
    // Go's PathEscape.
    Url { kept: "-._~$&+=:@", space: "%20", upper: true },
];

impl Url {
    fn write(&self, character: char, out: &mut dyn FnMut(&str)) {
        if character.is_ascii_alphanumeric() || self.kept.contains(character) {
            return plain(character, out);
        }
        if character == ' ' {
            return out(self.space);
        }
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            out("%");
            for shift in [4, 0] {
                let digit = digit(u32::from(byte) >> shift);
                plain(if self.upper { digit.to_ascii_uppercase() } else { digit }, out);
            }
        }
    }
}

/// Base64 of the value after so many other bytes: three bytes are four characters, so a value inside a longer text is
/// written in one of three ways. The characters that also hold bits of what stands before it are left out; the last one is
/// there as it is when the value ends the text, with and without padding.
fn base64<E: Encoding>(value: &str, before: usize, forms: &mut Vec<Form>) {
    let size = before + value.len();
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    bytes.resize(before, 0);
    bytes.extend_from_slice(value.as_bytes());
    let mut encoded = Zeroizing::new(vec![0; size.div_ceil(3) * 4]);
    if E::encode(&bytes, &mut encoded).is_err() {
        return;
    }
    let first = (before * 8).div_ceil(6);
    for end in [size * 8 / 6, (size * 8).div_ceil(6), encoded.len()] {
        forms.extend(encoded.get(first..end).map(|form| Zeroizing::new(form.to_vec())));
    }
}
