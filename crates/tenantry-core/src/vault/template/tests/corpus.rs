//! Go 1.19's answers: `testdata/template_oracle` says where they come from.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Secrets, render};
use crate::vault::{Format, SecretValue, Template, TemplateError, TemplateProblem};

#[derive(Deserialize)]
struct Head {
    oracle: String,
    secrets: BTreeMap<String, String>,
    missing: Vec<String>,
}

#[derive(Deserialize)]
struct Case {
    #[serde(rename = "t")]
    template: String,
    go: String,
    /// Go's answer when the missing secrets are there and empty.
    #[serde(rename = "e")]
    empty: Option<String>,
    #[serde(rename = "k")]
    kind: String,
    #[serde(rename = "p", default)]
    problem: String,
    #[serde(rename = "l", default)]
    line: u32,
    #[serde(rename = "c", default)]
    column: u32,
}

fn corpus() -> (Head, Vec<Case>) {
    let mut lines = include_str!("../../../../testdata/template_go.jsonl").lines();
    let head = serde_json::from_str(lines.next().unwrap()).unwrap();
    (head, lines.map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn values(secrets: &BTreeMap<String, String>) -> Secrets {
    secrets.iter().map(|(key, value)| (key.clone(), SecretValue::from(value.as_str()))).collect()
}

/// How an answer relates to Go's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Relation {
    /// The same output.
    Same,
    /// An error in both, of the same sort.
    BothRefuse,
    /// Rule: in a condition and under `default` a missing secret is empty; Go would say the same if it were there, empty.
    MissingIsEmpty,
    /// Rule: what these templates do not have, or what can never work, is refused when the template is read.
    Outside,
}

fn relation(answer: &Result<String, TemplateError>, go: &str, empty: Option<&str>) -> Result<Relation, &'static str> {
    let missing = go.starts_with("ERR exec") && go.contains("map has no entry for key");
    match answer {
        Ok(output) => match go.strip_prefix("OK ") {
            Some(expected) if expected == output => Ok(Relation::Same),
            Some(_) => Err("another output"),
            None if missing => match empty.and_then(|empty| empty.strip_prefix("OK ")) {
                Some(expected) if expected == output => Ok(Relation::MissingIsEmpty),
                _ => Err("another output than with empty secrets"),
            },
            None => Err("Go refuses it"),
        },
        Err(error) => match error.kind() {
            TemplateProblem::MissingSecret { .. } if missing => Ok(Relation::BothRefuse),
            TemplateProblem::IncompatibleTypes { .. } | TemplateProblem::NotAText { .. } => {
                let types = |go: &str| {
                    go.contains("incompatible types for comparison") || go.contains("expected string; got bool")
                };
                // Behind a missing secret that is only empty, Go does not come as far as to the types.
                if types(go) {
                    Ok(Relation::BothRefuse)
                } else if missing && empty.is_some_and(types) {
                    Ok(Relation::MissingIsEmpty)
                } else {
                    Err("Go knows no type error")
                }
            }
            TemplateProblem::Nul if go.contains("error calling shell: NUL") => Ok(Relation::BothRefuse),
            TemplateProblem::Unsupported { .. }
            | TemplateProblem::UnknownFunction { .. }
            | TemplateProblem::InvalidKey { .. }
            | TemplateProblem::ArgumentCount { .. }
            | TemplateProblem::NotAFunction => Ok(Relation::Outside),
            // Go's texts are bytes.
            TemplateProblem::InvalidText if !go.starts_with("ERR parse") => Ok(Relation::Outside),
            _ if go.starts_with("ERR parse") => Ok(Relation::BothRefuse),
            _ => Err("Go takes it"),
        },
    }
}

#[test]
fn s6_within_the_subset_the_output_is_gos() {
    let (head, cases) = corpus();
    assert!(head.oracle.starts_with("go1.19"), "{}", head.oracle);
    let secrets = values(&head.secrets);
    assert!(head.missing.iter().all(|key| !secrets.contains_key(key)));
    let mut counts: BTreeMap<(&str, Relation), usize> = BTreeMap::new();
    let mut differences = Vec::new();
    for case in &cases {
        let answer = render(&case.template, &secrets, Format::Plain);
        match relation(&answer, &case.go, case.empty.as_deref()) {
            Ok(Relation::Outside) if case.kind == "in" => differences.push((case, answer, "refused in the subset")),
            Ok(relation) => *counts.entry((&case.kind, relation)).or_default() += 1,
            Err(why) => differences.push((case, answer, why)),
        }
    }
    for (case, answer, why) in differences.iter().take(20) {
        println!("{why}: {:?}\n  Go:    {:?} / {:?}\n  here:  {answer:?}", case.template, case.go, case.empty);
    }
    println!("{} cases: {counts:?}", cases.len());
    assert_eq!(differences.len(), 0);
    assert!(cases.len() >= 8_000 && counts[&("in", Relation::Same)] >= 2_000, "{} cases: {counts:?}", cases.len());
}

#[test]
fn s6_what_is_outside_the_subset_is_named_with_its_place() {
    let (_, cases) = corpus();
    let outside: Vec<_> = cases.iter().filter(|case| case.kind == "out").collect();
    assert!(outside.len() >= 1_000);
    for case in outside {
        let expected = format!("line {}, column {}: {}", case.line, case.column, case.problem);
        let found = Template::parse(&case.template).err().map(|error| error.to_string());
        assert_eq!(found.as_deref(), Some(expected.as_str()), "{:?}", case.template);
        // Some name a variable and use it too; what follows the construct is right.
        let all: Vec<_> = Template::check(&case.template, |_| true).iter().map(ToString::to_string).collect();
        let (first, rest) = all.split_first().unwrap();
        assert_eq!(*first, expected, "{:?}", case.template);
        assert!(
            rest.iter().all(|other| other.ends_with("a variable is not supported")),
            "{:?}: {all:?}",
            case.template
        );
    }
}

#[test]
fn s6_check_finds_nothing_where_rendering_misses_nothing() {
    let (head, cases) = corpus();
    let secrets = values(&head.secrets);
    let known = |key: &str| secrets.contains_key(key);
    for case in cases.iter().filter(|case| case.kind == "in") {
        let problems = Template::check(&case.template, known);
        assert!(problems.is_sorted_by_key(TemplateError::spot), "{:?}", case.template);
        let template = Template::parse(&case.template).unwrap();
        let references = template.references();
        assert!(references.is_sorted_by(|one, two| one < two));
        if let Err(error) = template.render(|key| secrets.get(key), Format::Plain)
            && let TemplateProblem::MissingSecret { key } = error.kind()
        {
            assert!(problems.contains(&error), "{:?}: {error} is not in {problems:?}", case.template);
            assert!(references.contains(&key.as_str()), "{:?}", case.template);
        }
    }
}

#[test]
fn s6_the_first_cases_are_answered_as_go_answers_them() {
    let text = include_str!("../../../../testdata/template_cases.json");
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    let secrets = values(&serde_json::from_value(file["data"]["Secrets"].clone()).unwrap());
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 47);
    for case in cases {
        let (template, go) = (case["template"].as_str().unwrap(), case["go"].as_str().unwrap());
        let go = go.replace("ERR parse template: t:", "ERR parse ").replace("ERR exec template: t:", "ERR exec ");
        let answer = render(template, &secrets, Format::Plain);
        // The one key that the cases miss in a condition is empty there.
        let empty = (template == "{{ if .Secrets.MISSING }}y{{ else }}n{{ end }}").then_some("OK n");
        let relation = relation(&answer, &go, empty);
        assert!(relation.is_ok(), "{template:?}: Go {go:?}, here {answer:?}, {relation:?}");
    }
}
