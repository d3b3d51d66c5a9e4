//! No value changes the structure of a YAML text, proved with a YAML parser of other hands.

use proptest::prelude::*;
use saphyr_parser::{Event, Parser, ScalarStyle};

use super::random::Dice;
use super::{long, render, secrets};
use crate::vault::{Format, TemplateProblem, YamlPlace};

/// Stands for the value where the structure is read that the author meant.
const MARK: &str = "zq0qz";

/// What a YAML text says: its events, and the scalars apart from their style and place.
fn structure(text: &str) -> Option<Vec<String>> {
    let mut events = Vec::new();
    for event in Parser::new_from_str(text) {
        events.push(match event.ok()?.0 {
            Event::Scalar(value, ScalarStyle::Plain, anchor, tag) => format!("plain {anchor} {tag:?} {value}"),
            Event::Scalar(value, _, anchor, tag) => format!("quoted {anchor} {tag:?} {value}"),
            other => format!("{other:?}"),
        });
    }
    Some(events)
}

/// Renders the template with the mark and with the value: the second must be the first with the value for the mark.
fn unchanged(template: &str, value: &str) -> Result<bool, String> {
    let with = |value: &str| render(template, &secrets([("V", value)]), Format::Yaml);
    let (marked, rendered) = match (with(MARK), with(value)) {
        (_, Err(error)) => match error.kind() {
            TemplateProblem::UnsafeInYaml { .. } => return Ok(false),
            _ => return Err(error.to_string()),
        },
        (Err(error), Ok(rendered)) => return Err(format!("{error}, but not for {rendered:?}")),
        (Ok(marked), Ok(rendered)) => (marked, rendered),
    };
    // Of the blanks that an author leaves around nothing, folding keeps fewer than around something.
    let folded = |events: Vec<String>| -> Vec<String> {
        if value.is_empty() { events.iter().map(|event| event.replace([' ', '\n'], "")).collect() } else { events }
    };
    let expected =
        structure(&marked).map(|events| folded(events.into_iter().map(|event| event.replace(MARK, value)).collect()));
    let found = structure(&rendered).map(folded);
    if found == expected { Ok(found.is_some()) } else { Err(format!("{rendered:?}\n{expected:?}\n{found:?}")) }
}

/// What is trouble in YAML.
const TROUBLE: [&str; 46] = [
    "", " ", "  ", "a", "a b", ": ", ":", "a: b", " #c", "#", "- ", "-", "---", "--- ", "...", "\n", "\r", "\r\n",
    "\n\n", "\n---\n", "\"", "'", "''", "\\", "\\n", "{", "}", "[", "]", ",", "&a ", "*a", "!t ", "|", ">", "%", "@",
    "`", "?", "\t", "\0", "\u{7f}", "\u{85}", "\u{2028}", "\u{feff}", "é😀",
];

fn value() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(&TROUBLE[..]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[ -~]{0,12}",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Places where every value is written.
const ANY: [&str; 16] = [
    "key: {{ .Secrets.V }}\nnext: a\n",
    "key: {{ .Secrets.V }} # note\n",
    "key:\n  {{ .Secrets.V }}\nnext: a\n",
    "- {{ .Secrets.V }}\n- - {{ .Secrets.V }}\n  - a\n- k: {{ .Secrets.V }}\n  l: a\n",
    "{a: {{ .Secrets.V }}, \"b\":{{ .Secrets.V }}, {{ .Secrets.V }}: c}\n",
    "[{{ .Secrets.V }},{{ .Secrets.V }}, [ {{ .Secrets.V }}\n]]\n",
    "{{ .Secrets.V }}",
    "--- {{ .Secrets.V }}\n---\nkey: {{ .Secrets.V }}\n...\n",
    "key: &a {{ .Secrets.V }}\nother: !!str {{ .Secrets.V }}\nthird: *a\n",
    "key: \"{{ .Secrets.V }}\"\nnext: a\n",
    "url: \"postgres://u:{{ .Secrets.V }}@host/{{ .Secrets.V }}?a=b\"\n",
    "key: \"a {{ .Secrets.V }}\n  {{ .Secrets.V }} b\n\n  {{ .Secrets.V }}\"\nnext: a\n",
    "key: plain\nother: {{ .Secrets.V }}\n",
    "a:\n  b: plain text\n    goes on\n  c: {{ .Secrets.V }}\nd:\n- plain\n- {{ .Secrets.V }}\n",
    "block: |\n  text\n   more\nkey: {{ .Secrets.V }}\n",
    "{{ if .Secrets.V }}on: {{ .Secrets.V }}{{ else }}off: {{ .Secrets.V }}{{ end }}\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if long() { 20_000 } else { 600 }))]

    #[test]
    fn s6_a_value_in_yaml_is_one_scalar_with_the_same_text(value in value()) {
        // An empty value chooses another branch; the mark does not.
        let templates = ANY.iter().filter(|text| !(text.contains("if") && value.is_empty()));
        for template in templates {
            prop_assert_eq!(unchanged(template, &value), Ok(true), "{:?}", template);
        }
    }

    #[test]
    fn s6_a_value_in_quotes_or_a_block_is_refused_or_keeps_its_text(value in value()) {
        for template in [
            "key: '{{ .Secrets.V }}'\nnext: a\n",
            "key: 'it''s {{ .Secrets.V }}'\nnext: a\n",
            "key: |\n  {{ .Secrets.V }}\n  b\nnext: a\n",
            "key: |\n  a={{ .Secrets.V }}\n\n    b={{ .Secrets.V }}c\nnext: {{ .Secrets.V }}\n",
            "key: >-\n  a {{ .Secrets.V }}\n  b {{ .Secrets.V }}\nnext: a\n",
            "- |2\n    {{ .Secrets.V }}\n- a\n",
        ] {
            let simple = value.chars().all(|character| character.is_ascii_graphic() || character == ' ');
            let simple = simple && !value.starts_with(' ') && !value.is_empty();
            let unchanged = unchanged(template, &value);
            prop_assert!(unchanged == Ok(true) || (unchanged == Ok(false) && !simple), "{:?}: {:?}", template, unchanged);
        }
    }

    #[test]
    fn s6_json_and_yaml_are_not_escaped_twice(value in value()) {
        for (template, times) in [
            ("key: {{ .Secrets.V | json }}\n", 1),
            ("key: {{ yaml .Secrets.V }}\n", 1),
            ("key: {{ (json (.Secrets.V)) }}\n", 1),
            ("key: {{ .Secrets.V | json | yaml }}\n", 2),
            ("key: '{{ .Secrets.V | json }}'\n", 2),
            ("key: \"{{ .Secrets.V | json }}\"\n", 2),
            ("key: |-\n  {{ .Secrets.V | yaml }}\n", 2),
        ] {
            let rendered = render(template, &secrets([("V", value.as_str())]), Format::Yaml).unwrap();
            let events: Vec<_> = Parser::new_from_str(&rendered).map(|event| event.unwrap().0).collect();
            let [_, _, _, _, Event::Scalar(found, ..), ..] = events.as_slice() else { panic!("{rendered:?}") };
            let found = if times == 2 { serde_json::from_str(found).unwrap() } else { found.clone().into_owned() };
            prop_assert_eq!(&found, &value, "{}", rendered);
        }
    }
}

/// What authors write, in any order.
const AUTHOR: [&str; 48] = [
    "\n",
    "\n",
    "\n",
    "\n  ",
    "\n  ",
    "\n    ",
    " ",
    "  ",
    "key: ",
    "k: ",
    "\"k\": ",
    "- ",
    "- ",
    "? ",
    ": ",
    ":",
    "a",
    "a b",
    "\"",
    "\"",
    "'",
    "'",
    "|\n",
    "|\n  ",
    ">-\n  ",
    "|2\n   ",
    "|1-",
    "| # 9\n   ",
    "> #2 x\n    ",
    " # c",
    "#",
    "[",
    "]",
    "{ ",
    "}",
    ", ",
    ",",
    "&a ",
    "*a",
    "!t ",
    "---",
    "---\n",
    "--- ",
    "...\n",
    "\\",
    "\t",
    "%Y 1",
    "é",
];

#[test]
fn s6_a_digit_in_the_comment_of_a_block_is_no_indentation() {
    for (template, value) in [
        ("x:\n  a: | # 9 lines\n    \"hello\n  b: {{ .Secrets.V }}\n", "{admin: true}"),
        ("a: | # 9\n  text: {{ .Secrets.V }}\n", "plain"),
    ] {
        unchanged(template, value).unwrap();
    }
}

#[test]
fn s6_no_value_changes_the_structure_of_any_text() {
    let mut dice = Dice(42);
    let mut read = 0;
    for _ in 0..if long() { 3_000_000 } else { 60_000 } {
        let mut template = String::new();
        for _ in 0..1 + dice.below(9) {
            template.push_str(dice.pick(&AUTHOR));
            if dice.below(3) == 0 {
                template.push_str(dice.pick(&["{{ .Secrets.V }}", "{{ .Secrets.V }}", "{{ \"a\" }}"]));
            }
        }
        let mut value = String::new();
        for _ in 0..1 + dice.below(4) {
            value.push_str(dice.pick(&TROUBLE));
        }
        match unchanged(&template, &value) {
            Ok(same) => read += usize::from(same && template.contains('V')),
            Err(why) => panic!("{template:?} with {value:?}: {why}"),
        }
    }
    assert!(read > 1_500, "{read} templates were YAML");
}

#[test]
fn s6_a_place_that_is_not_safe_is_named() {
    let place = |text: &str| {
        let error = render(text, &secrets([("V", "a\nb"), ("W", "w")]), Format::Yaml).unwrap_err();
        let TemplateProblem::UnsafeInYaml { place } = error.kind() else { panic!("{error}") };
        (*place, error.line(), error.column())
    };
    assert_eq!(place("a: b\nurl: http://{{ .Secrets.W }}\n"), (YamlPlace::Unquoted, 2, 16));
    assert_eq!(place("a: b\n  {{ .Secrets.W }}\n"), (YamlPlace::Unquoted, 2, 6));
    assert_eq!(place("a:{{ .Secrets.W }}\n"), (YamlPlace::Unquoted, 1, 6));
    assert_eq!(place("a: {{ .Secrets.W }}{{ .Secrets.V }}\n"), (YamlPlace::BesideAnother, 1, 23));
    assert_eq!(place("a: {{ .Secrets.W }}b\n"), (YamlPlace::BesideAnother, 1, 7));
    assert_eq!(place("# {{ .Secrets.W }}\n"), (YamlPlace::Comment, 1, 6));
    assert_eq!(place("a: '{{ .Secrets.W }} {{ .Secrets.V }}'\n"), (YamlPlace::SingleQuotes, 1, 25));
    assert_eq!(place("a: '{{ .Secrets.W }}\n b'\n"), (YamlPlace::SingleQuotes, 1, 8));
    assert_eq!(place("\"a\n{{ .Secrets.W }}\"\n"), (YamlPlace::DoubleQuotes, 2, 4));
    assert_eq!(place("a: |\n  {{ .Secrets.V }}\n"), (YamlPlace::Block, 2, 6));
    assert_eq!(place("a: &{{ .Secrets.W }} b\n"), (YamlPlace::Property, 1, 8));
    let error = render("# {{ .Secrets.W }}\n", &secrets([("W", "w")]), Format::Yaml).unwrap_err();
    assert_eq!(error.to_string(), "line 1, column 6: a value cannot be written safely in a YAML comment or directive");
}

#[test]
fn s6_a_truth_value_in_yaml_is_one() {
    let text = "a: {{ eq \"a\" \"a\" }}\nb: \"{{ not \"a\" }}\"\nc: {{ not \"\" | yaml }}\n";
    assert_eq!(render(text, &secrets([]), Format::Yaml).unwrap(), "a: true\nb: \"false\"\nc: true\n");
}
