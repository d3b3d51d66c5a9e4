//! The rules that are not Go's, one by one.

use proptest::prelude::*;

use super::{render, secrets};
use crate::vault::{Format, SecretValue, Template, TemplateProblem};

fn check(text: &str, known: &[&str]) -> Vec<String> {
    Template::check(text, |key| known.contains(&key)).iter().map(ToString::to_string).collect()
}

#[test]
fn s6_a_missing_key_in_the_output_is_named_with_its_place() {
    let secrets = secrets([("A", "a")]);
    for (text, line, column) in [
        ("{{ .Secrets.GONE }}", 1, 4),
        ("é\n é {{ .Secrets.A }}{{- .Secrets.GONE | json }}", 2, 24),
        ("{{ or .Secrets.GONE .Secrets.A }}", 1, 7),
        ("{{ \"a\" | eq (.Secrets.GONE) }}", 1, 14),
        ("{{ if .Secrets.A }}{{ .Secrets.GONE }}{{ end }}", 1, 23),
        ("{{ default .Secrets.GONE .Secrets.B }}", 1, 12),
        ("{{ .Secrets.B | default .Secrets.GONE }}", 1, 25),
        ("{{ .Secrets.B | default \"b\" | eq .Secrets.GONE }}", 1, 34),
    ] {
        let error = render(text, &secrets, Format::Plain).unwrap_err();
        assert_eq!(error.kind(), &TemplateProblem::MissingSecret { key: "GONE".to_owned() }, "{text}");
        assert_eq!((error.line(), error.column()), (line, column), "{text}");
        assert_eq!(error.to_string(), format!("line {line}, column {column}: there is no secret `GONE`"));
    }
}

#[test]
fn s6_a_missing_key_in_a_condition_or_under_default_is_empty() {
    let secrets = secrets([("A", "a"), ("EMPTY", "")]);
    for (text, expected) in [
        ("{{ if .Secrets.GONE }}y{{ else }}n{{ end }}", "n"),
        ("{{ if not .Secrets.GONE }}y{{ end }}", "y"),
        ("{{ if or .Secrets.GONE .Secrets.A }}y{{ end }}", "y"),
        ("{{ if eq .Secrets.GONE .Secrets.EMPTY }}y{{ end }}", "y"),
        ("{{ if .Secrets.EMPTY }}{{ else if (.Secrets.GONE | b64) }}y{{ else }}n{{ end }}", "n"),
        ("{{ with .Secrets.GONE }}{{ . }}{{ else }}n{{ end }}", "n"),
        ("{{ with or .Secrets.GONE \"b\" }}{{ . }}{{ end }}", "b"),
        ("{{ .Secrets.GONE | default \"b\" }}", "b"),
        ("{{ default \"b\" .Secrets.GONE }}", "b"),
        ("{{ default \"b\" (.Secrets.GONE | urlquery) }}", "b"),
        ("{{ .Secrets.GONE | b64 | default \"b\" | json }}", "\"b\""),
        ("{{ .Secrets.GONE | default (.Secrets.LOST | default \"b\") }}", "b"),
        ("{{ .Secrets.EMPTY | default .Secrets.A }}", "a"),
    ] {
        assert_eq!(render(text, &secrets, Format::Plain).unwrap(), expected, "{text}");
        assert_eq!(check(text, &["A", "EMPTY"]), [""; 0], "{text}");
    }
}

#[test]
fn s6_check_finds_everything_in_order() {
    let text = "{{ .Secrets.A }}{{ .Secrets.GONE }}\n{{ range .Secrets }}{{ .x }}{{ end }}{{ if }}\n\
                {{ \"open }}\n{{ .Secrets.LOST | b64 .Secrets.A }}{{ end }}{{ $x }}{{ upper }}{{/* x */ }}\n\
                {{ .Secrets.B.c }} {{ if .Secrets.LOST }}{{ .Secrets.LOST }}";
    let expected = [
        "line 1, column 20: there is no secret `GONE`",
        "line 2, column 4: `range` is not supported",
        "line 2, column 24: the field `.x` is not supported",
        "line 2, column 38: a value is missing",
        "line 3, column 4: the quoted text is not closed",
        "line 4, column 20: `b64` takes one argument, not 2",
        "line 4, column 49: a variable is not supported",
        "line 4, column 57: there is no function `upper`",
        "line 4, column 74: a comment must end with its action: `*/}}` or `*/ -}}`",
        "line 5, column 4: a field of a secret is not supported",
        "line 5, column 23: `if` has no `end`",
    ];
    assert_eq!(check(text, &["A", "B"]), expected);
    assert_eq!(Template::parse(text).unwrap_err().to_string(), expected[1]);
}

#[test]
fn s6_check_leaves_out_what_only_a_missing_key_guards() {
    let guarded = "{{ if .Secrets.A }}{{ .Secrets.A }}{{ else if eq .Secrets.MODE \"x\" }}{{ .Secrets.B }}{{ end }}\
                   {{ with .Secrets.A }}{{ . }}{{ .Secrets }}{{ end }}";
    assert_eq!(check(guarded, &[]), ["line 1, column 126: `.Secrets` inside `with` is not supported"]);
    let reached = "{{ if not .Secrets.A }}{{ .Secrets.B }}{{ else }}{{ .Secrets.C }}{{ end }}\
                   {{ if or .Secrets.D .Secrets.A }}{{ .Secrets.E }}{{ end }}{{ and .Secrets.A .Secrets.F }}";
    let missing = |known: &[&str]| -> Vec<String> {
        check(reached, known).iter().map(|error| error.split('`').nth(1).unwrap().to_owned()).collect()
    };
    assert_eq!(missing(&[]), ["B", "A", "F"]);
    assert_eq!(missing(&["D"]), ["B", "E", "A", "F"]);
    assert_eq!(missing(&["A"]), ["B", "C", "E", "F"]);
}

#[test]
fn s6_references_are_sorted_and_each_stands_once() {
    let text = "{{ .Secrets.Z }}{{/* .Secrets.NO */}}{{ \".Secrets.NO\" }}.Secrets.NO\
                {{ if eq (.Secrets.B | default .Secrets.A) \"\" }}{{ .Secrets.Z | b64 }}{{ else }}{{ .Secrets.c }}{{ end }}";
    let template = Template::parse(text).unwrap();
    assert_eq!(template.references(), ["A", "B", "Z", "c"]);
    assert_eq!(format!("{template:?}"), "Template { references: [\"A\", \"B\", \"Z\", \"c\"], .. }");
}

#[test]
fn s6_no_error_holds_a_value() {
    let value = "hush\0hush";
    let secrets = secrets([("A", value)]);
    for text in [
        "{{ .Secrets.A | shell }}",
        "{{ ne .Secrets.A (not .Secrets.A) }}",
        "{{ not .Secrets.A | b64 }}",
        "{{ .Secrets.A }}",
    ] {
        let error = render(text, &secrets, Format::Env).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}

proptest! {
    #[test]
    fn s6_a_text_without_actions_is_itself(text in "\\PC{0,40}[\r\n\t{}]{0,3}\\PC{0,40}") {
        prop_assume!(!text.contains("{{"));
        prop_assert_eq!(render(&text, &secrets([]), Format::Plain).unwrap(), text);
    }

    #[test]
    fn s6_a_value_is_written_as_it_is(value in any::<String>(), before in "[^{]{0,9}", after in "[^{]{0,9}") {
        let text = format!("{before}{{{{ .Secrets.A }}}}{after}");
        let rendered = render(&text, &secrets([("A", value.as_str())]), Format::Plain).unwrap();
        prop_assert_eq!(rendered, format!("{before}{value}{after}"));
    }

    #[test]
    fn s6_trim_markers_take_the_blanks_beside_them(before in "[a \t\r\n]{0,9}", after in "[a \t\r\n]{0,9}") {
        let text = format!("{before}{{{{- \"x\" -}}}}{after}{{{{- /* }}}} */ -}}}}{before}");
        let blank = [' ', '\t', '\r', '\n'];
        let (start, end) = (before.trim_end_matches(blank), before.trim_start_matches(blank));
        let expected = format!("{start}x{}{end}", after.trim_matches(blank));
        prop_assert_eq!(render(&text, &secrets([]), Format::Plain).unwrap(), expected);
    }

    #[test]
    fn s6_a_literal_is_what_was_quoted(text in any::<String>()) {
        // What Rust writes as an escape, Go reads, but for the braces of `\u{…}` and `\'`.
        let quoted: String = text.chars().map(|character| format!("\\U{:08x}", u32::from(character))).collect();
        let rendered = render(&format!("{{{{ \"{quoted}\" }}}}"), &secrets([]), Format::Plain).unwrap();
        prop_assert_eq!(rendered, text);
    }

    #[test]
    fn s6_a_value_in_an_env_file_begins_no_line(value in any::<String>(), breaks in "[ab\r\n\u{b}\u{c}\u{1c}\u{85}\u{2028}]{0,9}") {
        let value = value + &breaks;
        let rendered = render("A={{ .Secrets.A }}", &secrets([("A", value.as_str())]), Format::Env);
        if value.contains('\0') {
            let error = rendered.unwrap_err();
            prop_assert_eq!(error.kind(), &TemplateProblem::Nul);
        } else {
            let rendered = rendered.unwrap();
            // Every line break that Unicode or a terminal knows.
            let line_break = |c: char| matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}');
            prop_assert!(!rendered.contains(line_break), "{:?}", rendered);
            if !value.contains(line_break) {
                prop_assert_eq!(rendered, format!("A={value}"));
            }
        }
    }

    #[test]
    fn s6_json_is_read_back(value in any::<String>()) {
        let secrets = secrets([("A", value.as_str())]);
        for text in ["{{ .Secrets.A | json }}", "{{ yaml .Secrets.A }}"] {
            let rendered = render(text, &secrets, Format::Plain).unwrap();
            prop_assert_eq!(&serde_json::from_str::<String>(&rendered).unwrap(), &value);
        }
    }
}

#[test]
fn s6_a_template_is_used_from_many_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Template>();
    let template = Template::parse("{{ .Secrets.A }}").unwrap();
    let value = SecretValue::from("a");
    assert_eq!(template.render(|_| Some(&value), Format::Plain).unwrap().expose(), "a");
    // A lookup may also be a function whose values live for ever.
    fn none(_: &str) -> Option<&'static SecretValue> {
        None
    }
    assert!(template.render(none, Format::Plain).is_err());
}
