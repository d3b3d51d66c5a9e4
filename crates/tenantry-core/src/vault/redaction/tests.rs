//! Redaction against a naive reading of the rule, and each form in a line of a log.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;

fn redactor(values: &[&str]) -> Redactor {
    Redactor::new(values.iter().map(|value| ("KEY", SecretValue::from(*value)))).unwrap()
}

fn in_pieces(redactor: &Redactor, text: &[u8], lengths: &[usize]) -> Vec<u8> {
    let (mut stream, mut rest, mut out) = (redactor.stream(), text, Vec::new());
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*length).min(rest.len()));
        out.extend(stream.push(piece));
        rest = after;
    }
    out.extend(stream.finish());
    out
}

fn forms_of(values: &[String]) -> Vec<forms::Form> {
    values.iter().filter(|value| value.chars().count() >= 6).flat_map(|value| forms::of(value, 6)).collect()
}

/// Marks every byte of every form at every place, and replaces each row of marked bytes that begins before `end`.
fn naive(forms: &[forms::Form], text: &[u8], end: usize) -> Vec<u8> {
    let mut marked = vec![false; text.len()];
    for form in forms {
        for (start, window) in text.windows(form.len()).enumerate() {
            if window == form.as_slice() {
                marked[start..start + form.len()].fill(true);
            }
        }
    }
    let mut out = Vec::new();
    for index in 0..end {
        if !marked[index] {
            out.push(text[index]);
        } else if index == 0 || !marked[index - 1] {
            out.extend(b"********");
        }
    }
    out
}

/// Values of few letters overlap, nest and repeat; the others have something to escape.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab]{5,12}",
        1 => "a{5,20}",
        2 => "[aé€]{5,9}",
        2 => "[ab+/=% \"\\\\<\n\t]{6,14}",
        1 => "[a-c]{3,14}\n[a-c]{11,14}(\r?\n)?",
    ]
}

/// Texts of values, of their forms, of parts of both, and of the same letters.
fn text(values: Vec<String>) -> impl Strategy<Value = (Vec<String>, String)> {
    let forms: Vec<String> = values
        .iter()
        .flat_map(|value| forms::of(value, 6))
        .map(|form| str::from_utf8(&form).unwrap().to_owned())
        .collect();
    let part = (proptest::sample::select(forms), any::<proptest::sample::Index>(), any::<proptest::sample::Index>())
        .prop_map(|(form, from, to)| {
            let characters: Vec<char> = form.chars().collect();
            let (from, to) = (from.index(characters.len()), to.index(characters.len() + 1));
            if from < to { characters[from..to].iter().collect() } else { form }
        });
    let parts = proptest::collection::vec(prop_oneof![3 => part, 1 => "[ab]{0,6}", 1 => "[aé€ \n*%\\\\]{0,3}"], 0..12);
    (Just(values), parts.prop_map(|parts| parts.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn s7_all_values_are_replaced_and_nothing_else_in_whole_texts_and_in_streams(
        (values, text) in proptest::collection::vec(value(), 1..6).prop_flat_map(text),
        lengths in proptest::collection::vec(1_usize..20, 1..8),
    ) {
        let redactor = Redactor::new(values.iter().map(|value| ("K", SecretValue::from(value.as_str())))).unwrap();
        let expected = String::from_utf8(naive(&forms_of(&values), text.as_bytes(), text.len())).unwrap();
        prop_assert_eq!(redactor.redact(&text), expected.as_str());
        for lengths in [lengths.as_slice(), &[1], &[usize::MAX]] {
            prop_assert_eq!(in_pieces(&redactor, text.as_bytes(), lengths), expected.as_bytes());
        }
    }
}

proptest! {
    // The oracle reads the text again for every byte.
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn s7_a_stream_holds_back_only_what_may_begin_a_value(
        (values, text) in proptest::collection::vec(value(), 1..4).prop_flat_map(text),
    ) {
        let redactor = Redactor::new(values.iter().map(|value| ("K", SecretValue::from(value.as_str())))).unwrap();
        let forms = forms_of(&values);
        let read_by_automaton = forms::uncovered(forms.clone());
        let (mut stream, mut out) = (redactor.stream(), Vec::new());
        // Long ones would take the oracle too long.
        for end in 1..=text.len().min(120) {
            let read = &text.as_bytes()[..end];
            out.extend(stream.push(&read[end - 1..]));
            let begins = |start: &usize| {
                read_by_automaton.iter().any(|form| form.len() > end - start && form.starts_with(&read[*start..]))
            };
            let undecided = (0..end).find(begins).unwrap_or(end);
            prop_assert_eq!(&out, &naive(&forms, read, undecided));
        }
    }
}

#[test]
fn s7_each_form_of_a_value_is_found_in_a_log() {
    let password = r#"p<ss/w"rd\é +&~?"#;
    let redactor = redactor(&[password]);
    for form in [
        r#"p<ss/w"rd\é +&~?"#,
        // JSON: serde_json, Go, Python, PHP, a document in a document.
        r#"p<ss/w\"rd\\é +&~?"#,
        r#"p\u003css/w\"rd\\é +\u0026~?"#,
        r#"p<ss/w\"rd\\\u00e9 +&~?"#,
        r#"p<ss\/w\"rd\\\u00e9 +&~?"#,
        r#"p<ss/w\\\"rd\\\\é +&~?"#,
        // URLs: RFC 3986, Go's QueryEscape, small digits, forms, JavaScript, Python, Go's PathEscape.
        "p%3Css%2Fw%22rd%5C%C3%A9%20%2B%26~%3F",
        "p%3Css%2Fw%22rd%5C%C3%A9+%2B%26~%3F",
        "p%3css%2fw%22rd%5c%c3%a9%20%2b%26~%3f",
        "p%3Css%2Fw%22rd%5C%C3%A9+%2B%26%7E%3F",
        "p%3Css/w%22rd%5C%C3%A9%20%2B%26~%3F",
        "p%3Css%2Fw%22rd%5C%C3%A9%20+&~%3F",
        // Base64: both alphabets, with and without padding.
        "cDxzcy93InJkXMOpICsmfj8=",
        "cDxzcy93InJkXMOpICsmfj8",
    ] {
        let line = |inner: &str| format!("12:00:01 INFO connect to db: \"{inner}\" (3 ms)");
        assert_eq!(redactor.redact(&line(form)), line("********"), "{form}");
    }
    assert_eq!(redactor.redact(&serde_json::json!({ "password": password }).to_string()), r#"{"password":"********"}"#);
}

#[test]
fn s7_base64_is_found_at_each_place_of_a_longer_text() {
    use base64ct::{Base64, Base64Url, Base64UrlUnpadded, Encoding};

    let redactor = redactor(&["hunter2?>~~"]);
    for before in ["", "u", "us", "user:", "user::", "user:::"] {
        for after in ["", "\n", "@host", "@host:1"] {
            let whole = format!("{before}hunter2?>~~{after}");
            for encoded in [
                Base64::encode_string(whole.as_bytes()),
                Base64Url::encode_string(whole.as_bytes()),
                Base64UrlUnpadded::encode_string(whole.as_bytes()),
            ] {
                let redacted = redactor.redact(&format!("Authorization: Basic {encoded}\r\n"));
                assert!(redacted.contains("********"), "{encoded}: {redacted}");
                // What stays are the characters with bits of what stands around it.
                let stays = redacted.len() - "Authorization: Basic ********\r\n".len();
                let first = (before.len() * 8).div_ceil(6);
                let end = if after.is_empty() { encoded.len() } else { (before.len() + 11) * 8 / 6 };
                assert!(stays <= encoded.len() - (end - first), "{encoded}: {redacted}");
                assert!(!after.is_empty() || !redacted.contains('='), "{encoded}: {redacted}");
            }
        }
    }
}

#[test]
fn s7_a_value_of_several_lines_is_found_whole_escaped_and_line_by_line() {
    let key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\nAgEGCCqGSM49AwEHBG0w\n-----END PRIVATE KEY-----\n";
    let redactor = redactor(&[key, "one\ttwo\r\nthree\\four"]);
    assert_eq!(redactor.redact(&format!("key={key}.")), "key=********.");
    assert_eq!(redactor.redact(&format!("key={}.", key.trim())), "key=********.");
    assert_eq!(redactor.redact(&format!("key={key:?}.")), "key=\"********\".");
    assert_eq!(redactor.redact(&format!("key={}.", key.replace('\n', r"\n"))), "key=********.");
    assert_eq!(redactor.redact(&format!("key={}.", key.replace('\n', r"\\n"))), "key=********.");
    assert_eq!(
        redactor.redact("1: -----BEGIN PRIVATE KEY-----\n2: MIGHAgEAMBMGByqGSM49\n3: AgEGCCqGSM49AwEHBG0w\n"),
        "1: -----BEGIN PRIVATE KEY-----\n2: ********\n3: ********\n"
    );
    for form in [
        r"one\ttwo\r\nthree\four",
        r"one\ttwo\r\nthree\\four",
        r"one\\ttwo\\r\\nthree\four",
        r"one\\ttwo\\r\\nthree\\\\four",
    ] {
        assert_eq!(redactor.redact(&format!("({form})")), "(********)", "{form}");
    }
}

#[test]
fn s7_values_that_overlap_nest_or_touch_become_one_mask() {
    let redactor = redactor(&["abcdef", "defghi", "cdefgh12", "aaaaaa"]);
    assert_eq!(redactor.redact("<abcdefghi>"), "<********>");
    assert_eq!(redactor.redact("<abcdefgh12>"), "<********>");
    assert_eq!(redactor.redact("<abcdefabcdef>"), "<********>");
    assert_eq!(redactor.redact("<abcdef abcdef>"), "<******** ********>");
    assert_eq!(redactor.redact("<aaaaaaa>"), "<********>");
    assert_eq!(redactor.redact("<aaaaa>"), "<aaaaa>");
    assert_eq!(redactor.redact("<abcdegh12>"), "<abcdegh12>");
}

#[test]
fn s7_values_under_six_characters_are_left_out_and_reported() {
    let values = [("LONG", "éééééé"), ("SHORT", "ééééé"), ("BLANK", "ab1\n\n\n"), ("SHORT", "x"), ("LONG", "secret\n")];
    let values = values.map(|(key, value)| (key, SecretValue::from(value)));
    let redactor = Redactor::new(values.iter().map(|(key, value)| (*key, value))).unwrap();
    assert_eq!(redactor.left_out(), ["BLANK", "SHORT"]);
    assert_eq!(redactor.redact("ééééé x éééééé secret ab1 ab1\n\n\n"), "ééééé x ******** ******** ab1 ********");
    let none = Redactor::new(Vec::<(String, SecretValue)>::new()).unwrap();
    assert_eq!(none.redact("anything"), "anything");
    assert_eq!(in_pieces(&none, b"anything", &[1]), b"anything");
}

#[test]
fn s7_lines_flow_at_once_and_the_beginning_of_a_value_waits() {
    let redactor = redactor(&["hunter2-hunter3"]);
    let mut stream = redactor.stream();
    assert_eq!(stream.push(b"12:00 start\n"), b"12:00 start\n");
    assert_eq!(stream.push(b"user=x password=hunt"), b"user=x password=");
    assert_eq!(stream.push(b"er2-hunt"), b"");
    assert_eq!(stream.push(b"ing\n"), b"hunter2-hunting\n");
    assert_eq!(stream.push(b"hunter2-"), b"");
    assert_eq!(stream.push(b"hunter3"), b"********");
    assert_eq!(stream.push(b"hunter2-hunter3, hun"), b", ", "touches the last one");
    assert_eq!(stream.finish(), b"hun");
}

#[test]
fn s7_a_stream_passes_bytes_that_are_no_text() {
    let redactor = redactor(&["hunter2"]);
    let bytes = b"\xff\xfe\x00hunter2\xc3\xff";
    assert_eq!(in_pieces(&redactor, bytes, &[1]), b"\xff\xfe\x00********\xc3\xff");
}

#[test]
fn s7_a_writer_redacts_what_is_written_across_calls() {
    let mut writer = redactor(&["hunter2"]).writer(Vec::new());
    write!(writer, "password=hun").unwrap();
    writer.flush().unwrap();
    write!(writer, "ter{} hunter", 2).unwrap();
    assert_eq!(writer.finish().unwrap(), b"password=******** hunter");
}

#[test]
fn s7_values_of_one_letter_in_a_text_of_that_letter_do_not_multiply() {
    // Every byte of the text ends a thousand values and begins as many.
    let mut values: Vec<String> = (6..1_000).map(|length| "a".repeat(length)).collect();
    values.push("a".repeat(60_000));
    values.push("ab".repeat(30_000));
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let redactor = redactor(&values);
    let text = "a".repeat(300_000);
    assert_eq!(redactor.redact(&text), "********");
    assert_eq!(in_pieces(&redactor, text.as_bytes(), &[1]), b"********");
    assert_eq!(in_pieces(&redactor, &text.as_bytes()[..299], &[1]), b"********");
}

#[test]
fn values_of_the_greatest_length_are_redacted_and_too_many_of_them_refused() {
    let long = |letter: char| SecretValue::from(letter.to_string().repeat(64 * 1024).as_str());
    let redactor = Redactor::new([("A", long('a')), ("B", long('b'))]).unwrap();
    assert_eq!(redactor.redact(&format!("<{}>", long('b').expose())), "<********>");
    let many = ('a'..='z').map(|letter| (letter, long(letter)));
    assert_eq!(Redactor::new(many).unwrap_err(), RedactorTooLarge);
}

#[test]
fn nothing_of_a_value_is_printed() {
    let redactor = redactor(&["hunter2", "short"]);
    let mut stream = redactor.stream();
    stream.push(b"hunter");
    let writer = redactor.writer(Vec::new());
    let printed = format!("{redactor:?} {stream:?} {writer:?} {RedactorTooLarge:?}");
    assert!(!printed.contains("hunt") && !printed.contains("short"), "{printed}");
    assert!(printed.contains("KEY"));
}
