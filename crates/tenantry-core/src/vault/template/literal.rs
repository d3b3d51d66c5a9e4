//! Go's literals of text.

/// A text in double quotes, by what stands between them: Go's escapes. `None` when an escape is none, or when the
/// bytes that the escapes give are not UTF-8.
pub(super) fn interpreted(inner: &str) -> Option<String> {
    if !inner.contains('\\') {
        return Some(inner.to_owned());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(character) = rest.next() {
        if character == '\\' {
            escape(&mut rest, &mut bytes)?;
        } else {
            push(&mut bytes, character);
        }
    }
    String::from_utf8(bytes).ok()
}

/// A text in back-quotes: everything as it stands, but Go drops carriage returns.
pub(super) fn raw(inner: &str) -> String {
    inner.replace('\r', "")
}

fn escape(rest: &mut std::str::Chars<'_>, bytes: &mut Vec<u8>) -> Option<()> {
    match rest.next()? {
        'a' => bytes.push(0x07),
        'b' => bytes.push(0x08),
        'f' => bytes.push(0x0c),
        'n' => bytes.push(b'\n'),
        'r' => bytes.push(b'\r'),
        't' => bytes.push(b'\t'),
        'v' => bytes.push(0x0b),
        '\\' => bytes.push(b'\\'),
        '"' => bytes.push(b'"'),
        // A byte, not a character: two of them may make one.
        'x' => bytes.push(u8::try_from(digits(rest, 2, 16, 0)?).ok()?),
        first @ '0'..='7' => bytes.push(u8::try_from(digits(rest, 2, 8, first.to_digit(8)?)?).ok()?),
        'u' => push(bytes, char::from_u32(digits(rest, 4, 16, 0)?)?),
        'U' => push(bytes, char::from_u32(digits(rest, 8, 16, 0)?)?),
        _ => return None,
    }
    Some(())
}

fn digits(rest: &mut std::str::Chars<'_>, count: usize, radix: u32, first: u32) -> Option<u32> {
    let mut number = first;
    for _ in 0..count {
        number = number.checked_mul(radix)?.checked_add(rest.next()?.to_digit(radix)?)?;
    }
    Some(number)
}

fn push(bytes: &mut Vec<u8>, character: char) {
    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}
