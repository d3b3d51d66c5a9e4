//! The limits, each with an error of its own.

use super::{render, secrets};
use crate::vault::{Format, SecretValue, Template, TemplateProblem};

fn problem(text: &str) -> TemplateProblem {
    Template::parse(text).unwrap_err().kind().clone()
}

#[test]
fn s6_a_template_has_a_greatest_length() {
    assert!(Template::parse(&"a".repeat(Template::MAX_LENGTH)).is_ok());
    assert_eq!(problem(&"a".repeat(Template::MAX_LENGTH + 1)), TemplateProblem::TooLong);
}

#[test]
fn s6_blocks_and_parentheses_have_a_greatest_depth() {
    let blocks = |depth: usize| format!("{}{}", "{{ if .Secrets.A }}".repeat(depth), "{{ end }}".repeat(depth));
    let parentheses = |depth: usize| format!("{{{{ {}\"a\"{} }}}}", "(".repeat(depth), ")".repeat(depth));
    // Also where a thread has little room for its stack.
    let deepest = [blocks(Template::MAX_DEPTH), parentheses(Template::MAX_DEPTH)];
    let small = std::thread::Builder::new().stack_size(512 * 1024).spawn(move || {
        for text in deepest {
            render(&text, &secrets([("A", "a")]), Format::Yaml).unwrap();
            assert!(Template::check(&text, |_| true).is_empty());
        }
    });
    small.unwrap().join().unwrap();
    for text in
        [blocks(Template::MAX_DEPTH + 1), parentheses(Template::MAX_DEPTH + 1), blocks(30_000), parentheses(300_000)]
    {
        assert_eq!(problem(&text), TemplateProblem::TooDeep);
        assert_eq!(Template::check(&text, |_| true).first().unwrap().kind(), &TemplateProblem::TooDeep);
    }
    // A chain is no nest.
    let chain = format!("{{{{ if .Secrets.A }}}}{}{{{{ end }}}}", "{{ else if .Secrets.A }}".repeat(30_000));
    assert_eq!(render(&chain, &secrets([]), Format::Plain).unwrap(), "");
    let stages = format!("{{{{ \"a\"{} }}}}", " | not".repeat(100_000));
    assert_eq!(render(&stages, &secrets([]), Format::Plain).unwrap(), "true");
}

#[test]
fn s6_an_output_has_a_greatest_length() {
    let megabyte = SecretValue::from("a".repeat(1024 * 1024).as_str());
    let times = |count: usize, action: &str| {
        let template = Template::parse(&action.repeat(count)).unwrap();
        template.render(|_| Some(&megabyte), Format::Plain).map(|output| output.len())
    };
    assert_eq!(times(16, "{{ .Secrets.A }}").unwrap(), Template::MAX_OUTPUT);
    let error = times(17, "{{ .Secrets.A }}").unwrap_err();
    assert_eq!((error.kind(), error.column()), (&TemplateProblem::OutputTooLong, 16 * 16 + 4));
    // A value on its way counts too.
    let long = SecretValue::from("a".repeat(13 * 1024 * 1024).as_str());
    let template = Template::parse("{{ if .Secrets.A | b64 }}{{ end }}").unwrap();
    let error = template.render(|_| Some(&long), Format::Plain).unwrap_err();
    assert_eq!(error.kind(), &TemplateProblem::OutputTooLong);
    // Nothing is written, and yet it does not go on for ever.
    let idle = times(1_000, "{{ if eq .Secrets.A .Secrets.A }}{{ end }}").unwrap_err();
    assert_eq!(idle.kind(), &TemplateProblem::TooMuchWork);
}

#[test]
fn s6_what_is_only_looked_up_is_not_copied_on_the_way() {
    let keys: Vec<String> = (0..20).map(|number| format!("KEY_{number}")).collect();
    let text: String = keys.iter().map(|key| format!("{key}={{{{ .Secrets.{key} }}}}\n")).collect();
    let values = keys.iter().map(|key| (key.as_str(), "a value of some thirty characters"));
    let secrets = secrets(values);
    let template = Template::parse(&text).unwrap();
    for format in [Format::Plain, Format::Env] {
        // Counted, not timed: nothing is made on the way, and the output is written once.
        let renderer = super::super::render::Renderer::new(|key: &str| secrets.get(key), format, 0);
        let (output, work) = renderer.render(&template.nodes).unwrap();
        assert_eq!((output.as_str().lines().count(), work), (20, 0));
    }
}
