//! No block of memory that redaction gives back holds a value, or a form of one, in one piece (S7).
//!
//! The allocator of this program scans every block before it is freed.

#[cfg(test)]
mod scanning;

#[cfg(test)]
mod redaction_memory {
    use std::io::{self, Write};

    use base64ct::{Base64, Base64Unpadded, Base64Url, Encoding};
    use tenantry_core::{Redactor, RedactorTooLarge, SecretValue};

    use crate::scanning::{found_in_freed, look_for};

    const PASSWORD: &str = "Kx7-planted \"value\" <&>/ü?\\ ~~end";
    const KEY: &str = "-----BEGIN KEY-----\nUGxhbnRlZCBsaW5l\r\nT25lIG1vcmUgbGlu\n-----END KEY-----\n";
    const REPEATED: &str = "zqzqzqzqzqzqzqzqzqzqzqzq";

    /// The values in all forms, written here without the code under test.
    fn forms() -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> = Vec::new();
        for value in [PASSWORD, KEY, KEY.trim(), REPEATED] {
            let json = serde_json::to_string(value).unwrap();
            let json = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap();
            let lines = value.replace('\n', r"\n").replace('\r', r"\r");
            let percent = |kept: &str, space: &str, small: bool| {
                let escape = |byte: u8| match byte {
                    b' ' => space.to_owned(),
                    _ if byte.is_ascii_alphanumeric() || kept.contains(char::from(byte)) => {
                        char::from(byte).to_string()
                    }
                    _ if small => format!("%{byte:02x}"),
                    _ => format!("%{byte:02X}"),
                };
                value.bytes().map(escape).collect::<String>()
            };
            let texts = [
                value.to_owned(),
                json.to_owned(),
                json.replace('<', r"\u003c").replace('>', r"\u003e").replace('&', r"\u0026"),
                json.replace('\\', r"\\").replace('"', r#"\""#),
                lines.replace('\\', r"\\"),
                lines,
                percent("-._~", "%20", false),
                percent("-._~", "+", false),
                percent("-._~", "%20", true),
            ];
            all.extend(texts.into_iter().map(String::into_bytes));
            for before in 0..3 {
                let bytes = [&b"xx"[..before], value.as_bytes()].concat();
                let first = (before * 8).div_ceil(6);
                let end = bytes.len() * 8 / 6;
                all.push(Base64::encode_string(&bytes).as_bytes()[first..end].to_vec());
                all.push(Base64Url::encode_string(&bytes).as_bytes()[first..end].to_vec());
            }
            all.push(Base64Unpadded::encode_string(value.as_bytes()).into_bytes());
        }
        all.extend(["UGxhbnRlZCBsaW5l", "T25lIG1vcmUgbGlu"].map(|line| line.as_bytes().to_vec()));
        all
    }

    /// The forms, and their halves: a piece of a value is not to be left either.
    fn needles() -> Vec<Vec<u8>> {
        let mut all = forms();
        let halves: Vec<Vec<u8>> = all
            .iter()
            .flat_map(|form| {
                let (left, right) = form.split_at(form.len() / 2);
                [left.to_vec(), right.to_vec()]
            })
            .filter(|half| half.len() >= 12 && !half.starts_with(b"-----"))
            .collect();
        all.extend(halves);
        all
    }

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn s7_no_freed_block_of_memory_holds_a_value() {
        look_for(needles());
        // The text belongs to the caller, who keeps it here.
        let lines = forms().into_iter().map(|form| format!("12:00:01 with {}\n", str::from_utf8(&form).unwrap()));
        let text: String = lines.collect();
        let values = || {
            [("PASSWORD", PASSWORD), ("KEY", KEY), ("REPEATED", REPEATED), ("SHORT", "short")]
                .map(|(key, value)| (key, SecretValue::from(value)))
        };

        assert_eq!(found_in_freed(|| drop(values())), 0, "values");
        assert_eq!(found_in_freed(|| drop(Redactor::new(values()))), 0, "building");
        assert_eq!(found_in_freed(|| drop(Redactor::new([("PASSWORD", SecretValue::from(PASSWORD))]))), 0, "one value");
        let whole = found_in_freed(|| {
            let redactor = Redactor::new(values()).unwrap();
            drop(redactor.redact(&text));
            drop(format!("{redactor:?} {:?}", redactor.left_out()));
        });
        assert_eq!(whole, 0, "a whole text");
        for length in [1, 7, 64, 4096] {
            let streamed = found_in_freed(|| {
                let redactor = Redactor::new(values()).unwrap();
                let mut stream = redactor.stream();
                let mut out = Vec::new();
                for piece in text.as_bytes().chunks(length) {
                    out.extend(stream.push(piece));
                }
                out.extend(stream.finish());
            });
            assert_eq!(streamed, 0, "pieces of {length} bytes");
        }
        let dropped = found_in_freed(|| {
            let redactor = Redactor::new(values()).unwrap();
            for value in [PASSWORD, KEY, REPEATED] {
                // All but the last byte, in pieces, so that what is held back grows.
                let mut stream = redactor.stream();
                for piece in value.as_bytes()[..value.len() - 1].chunks(3) {
                    drop(stream.push(piece));
                }
                drop(stream);
            }
        });
        assert_eq!(dropped, 0, "a stream dropped in the middle of a value");
        let written = found_in_freed(|| {
            let redactor = Redactor::new(values()).unwrap();
            let mut writer = redactor.writer(Full);
            assert!(writer.write_all(text.as_bytes()).is_err());
            let mut writer = redactor.writer(Vec::new());
            writer.write_all(text.as_bytes()).unwrap();
            drop(writer.finish().unwrap());
        });
        assert_eq!(written, 0, "a writer");
        // What `repeat` makes is the caller's own.
        let long: Vec<_> = (0..40).map(|_| ("LONG", SecretValue::from(KEY.repeat(800).as_str()))).collect();
        let refused = found_in_freed(|| {
            assert_eq!(Redactor::new(values().into_iter().chain(long)).unwrap_err(), RedactorTooLarge);
        });
        assert_eq!(refused, 0, "too many values");
    }
}
