//! Whatever the text, reading it ends, and says something.

use std::fmt::Write as _;

use super::{long, secrets};
use crate::vault::template::parser;
use crate::vault::{Format, Template, TemplateError, TemplateProblem};

/// Numbers at random, the same each time.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    pub(super) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

const TOKENS: [&str; 62] = [
    "{{",
    "{{ ",
    "{{- ",
    "}}",
    " }}",
    " -}}",
    "{{ end }}",
    "{{else}}",
    "{{ else if ",
    "{{ if ",
    "{{ with ",
    "{{/*",
    "*/}}",
    "{{ .Secrets.A }}",
    "{{ if .Secrets.A }}",
    "{{ with \"b\" }}",
    "((((",
    "))))",
    ".Secrets.A",
    ".Secrets.B",
    ".Secrets",
    ".",
    " . ",
    "(",
    ")",
    " (",
    ") ",
    "|",
    " | ",
    "\"",
    "\"a\"",
    "`",
    "`b`",
    "\\",
    "\\n",
    "\\xff",
    "'",
    "$x",
    ":=",
    "=",
    "1.5",
    "-",
    "+",
    "and ",
    "or ",
    "not ",
    "eq ",
    "ne ",
    "default ",
    "json",
    " yaml",
    " shell",
    " b64",
    " urlquery",
    "range ",
    "define",
    "printf",
    "\n",
    " ",
    "é",
    "\0",
    ",",
];

/// Half of the texts are made of tokens, so that they get somewhere; the others are bytes.
fn text(dice: &mut Dice) -> String {
    if dice.below(2) == 0 {
        let bytes: Vec<u8> = (0..dice.below(48)).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    } else {
        (0..dice.below(24)).map(|_| dice.pick(&TOKENS)).collect()
    }
}

#[test]
fn s6_no_text_panics_and_every_error_has_its_place() {
    let rounds = if long() { 10_000_000 } else { 1_000_000 };
    let value = "s3cr3t-value: ";
    let secrets = secrets([("A", value)]);
    let mut dice = Dice(1);
    let (mut right, mut message) = (0, String::new());
    for _ in 0..rounds {
        let text = text(&mut dice);
        let errors = Template::check(&text, |key| key == "A");
        assert!(errors.is_sorted_by_key(TemplateError::spot), "{text:?}");
        for error in &errors {
            message.clear();
            write!(message, "{error}|{error:?}").unwrap();
            assert!(!message.contains('\n') && !message.contains(value), "{text:?}: {message}");
            let line = text.split('\n').nth(error.line() as usize - 1);
            let length = line.map(|line| line.chars().count());
            assert!(length.is_some_and(|length| error.column() as usize <= length + 1), "{text:?}: {error}");
        }
        match Template::parse(&text) {
            Err(error) => assert!(errors.contains(&error), "{text:?}: {error}"),
            Ok(template) => {
                right += 1;
                for format in [Format::Plain, Format::Env, Format::Yaml] {
                    match template.render(|key| secrets.get(key), format) {
                        Ok(output) => assert!(output.len() <= 64 * text.len() + 64, "{text:?}"),
                        Err(error) => {
                            assert!(!error.to_string().contains(value), "{text:?}: {error}");
                            if let TemplateProblem::MissingSecret { .. } = error.kind() {
                                assert!(errors.contains(&error), "{text:?}: {error}");
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(right > rounds / 20, "{right} of {rounds} texts were templates");
}

#[test]
fn s6_twice_the_text_is_about_twice_the_work() {
    let patterns = [
        ("{{", ""),
        ("}}", ""),
        ("{{ ", ""),
        ("{{ ? ", ""),
        ("{{ (", ""),
        ("(", "{{ "),
        (")", "{{ "),
        ("{{/* ", ""),
        ("{{/**/ ", ""),
        ("{{ \" ", ""),
        ("{{ \"\n", ""),
        ("{{ ` ", ""),
        ("{{ ' ", ""),
        ("' ", "{{ "),
        ("$ ", "{{ "),
        (".a", "{{ "),
        ("a", "{{ ."),
        ("\\", "{{ \""),
        ("| b64 ", "{{ .Secrets.A "),
        ("| default .Secrets.B ", "{{ .Secrets.A "),
        (" .Secrets.B", "{{ or "),
        ("{{ if .Secrets.B }}", ""),
        ("{{ else if .Secrets.B }}", "{{ if .Secrets.A }}"),
        ("{{ if .Secrets.B }}{{ end }}", ""),
        ("{{ end }}", ""),
        ("{{ range }}", ""),
        ("    {{- \"\" -}}    ", ""),
        (" -", "{{ "),
        ("-", "{{ "),
        ("\n", "{{ "),
        ("é{{ .Secrets.B }}\n", ""),
    ];
    for (pattern, before) in patterns {
        let steps = |count: usize| {
            let parsed = parser::parse(&format!("{before}{}", pattern.repeat(count)));
            parsed.steps
                + super::super::check::Checker::new(|_| false).check(&parsed.nodes).1
                + parsed.errors.len() as u64
        };
        let (once, twice) = (steps(2_000), steps(4_000));
        assert!(twice <= once * 21 / 10 + 64, "{pattern:?}: {once}, then {twice}");
        assert!(twice <= 8 * (pattern.len() as u64 * 4_000) + 64, "{pattern:?}: {twice}");
    }
}
