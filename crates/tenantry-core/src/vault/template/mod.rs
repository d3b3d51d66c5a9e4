//! Templates that refer to secrets (S6): a closed subset of Go's `text/template`.
//!
//! ```text
//! {{ .Secrets.KEY }}                      the value of a secret
//! {{ if … }} {{ else if … }} {{ else }} {{ end }}
//! {{ with … }}{{ . }}{{ else }} {{ end }}     `.` is the value of the condition
//! {{/* a comment, also with }} in it */}}
//! {{- … -}}                               trims blanks and line breaks on that side
//! "text" `text` ( … ) a | b               literals, parentheses, pipelines
//! eq ne not and or default                conditions, anywhere an argument may stand
//! json yaml shell b64 urlquery            writes a value for where it is read
//! ```
//!
//! | function | writes |
//! |---|---|
//! | `default "a" x` | `x`, or `"a"` when `x` is missing or empty |
//! | `json` | a JSON text in double quotes, with `<`, `>` and `&` as escapes, as Go does |
//! | `yaml` | a YAML text in double quotes on one line |
//! | `shell` | one word of a POSIX shell, in single quotes; a NUL is refused |
//! | `b64` | standard base64 with padding |
//! | `urlquery` | the escapes of a URL's query |
//!
//! Nothing reaches outside: no other function, no variable, no loop, no other template. Within the subset the output is
//! Go's, with these differences, each on purpose:
//!
//! - A missing secret is an error only where the output needs it. In the condition of `if` and `with`, and as the value
//!   that `default` is for, it is an empty text. (With Go's `missingkey=error` an optional secret cannot be written.)
//! - What can never work is found when the template is read, where Go finds it when it gets there: a key that no secret
//!   can have, a wrong number of arguments, arguments for what is no function, `.Secrets` inside `with`.
//! - A literal with `\x` or octal escapes must be UTF-8.

mod check;
mod error;
mod escape;
mod lexer;
mod literal;
mod parser;
mod render;
mod tree;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use super::SecretValue;
use tree::{Call, Expression, Node, Pipeline};

pub use error::{TemplateError, TemplateProblem, YamlPlace};

/// For what a template is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Values as they are.
    Plain,
    /// Lines of `NAME=value`: in what an action writes, everything that a reader takes for a line break becomes an escape
    /// such as `\n`, so that a value cannot begin a line. A NUL is refused.
    Env,
    /// YAML: an action writes one scalar, whatever the value holds, and never changes the structure.
    ///
    /// Where a node may begin it is written in double quotes, unless the action ends in `json` or `yaml` already. In
    /// double or single quotes and in the lines of a block (`|`, `>`) it is written for that place. Where that cannot be
    /// safe (in a text without quotes, in a comment, a line break in single quotes or in a block) it is an error.
    Yaml,
}

/// A template that has been read: see the [module's text](self) for what it may hold.
pub struct Template {
    nodes: Vec<Node>,
}

impl Template {
    /// How many bytes a template may have.
    pub const MAX_LENGTH: usize = 1024 * 1024;
    /// How deep blocks and parentheses may be nested, together.
    pub const MAX_DEPTH: usize = 100;
    /// How many bytes an output, or a value on its way there, may have.
    pub const MAX_OUTPUT: usize = 16 * 1024 * 1024;
    /// How many bytes one rendering may read, write and compare on the way to the output.
    pub const MAX_WORK: usize = 4 * Self::MAX_OUTPUT;

    /// Reads a template.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong; [`Template::check`] finds all.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let parsed = parser::parse(text);
        match parsed.errors.into_iter().next() {
            None => Ok(Self { nodes: parsed.nodes }),
            Some(error) => Err(error),
        }
    }

    /// Everything that is wrong with a template, in the order of its text: what cannot be read, what is not supported,
    /// and each place where the output may need a secret that is not `known`.
    ///
    /// A place that only a secret that is not known guards is left out: `{{ if .Secrets.A }}{{ .Secrets.A }}{{ end }}`
    /// is right without `A`.
    pub fn check(text: &str, known: impl Fn(&str) -> bool) -> Vec<TemplateError> {
        let parsed = parser::parse(text);
        let mut errors = parsed.errors;
        errors.extend(check::Checker::new(known).check(&parsed.nodes).0);
        errors.sort_by_key(TemplateError::spot);
        errors
    }

    /// The keys of the secrets that the template refers to, sorted, each once.
    pub fn references(&self) -> Vec<&str> {
        let mut keys = BTreeSet::new();
        nodes(&self.nodes, &mut keys);
        keys.into_iter().collect()
    }

    /// Renders the template with the secrets that `lookup` finds.
    ///
    /// # Errors
    ///
    /// A secret that the output needs and that is missing, values of the wrong type, a value that the format cannot hold
    /// in its place, or one of the limits. No error holds a value.
    pub fn render<'v>(
        &self,
        lookup: impl Fn(&str) -> Option<&'v SecretValue>,
        format: Format,
    ) -> Result<SecretValue, TemplateError> {
        let capacity = self.nodes.iter().map(|node| if let Node::Text(text) = node { text.len() } else { 64 }).sum();
        let (output, _) = render::Renderer::new(lookup, format, capacity).render(&self.nodes)?;
        Ok(output.into())
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").field("references", &self.references()).finish_non_exhaustive()
    }
}

fn nodes<'t>(of: &'t [Node], keys: &mut BTreeSet<&'t str>) {
    for node in of {
        match node {
            Node::Text(_) => {}
            Node::Output(inner) => pipeline(inner, keys),
            Node::Choice { arms, otherwise } => {
                for arm in arms {
                    pipeline(&arm.condition, keys);
                    nodes(&arm.body, keys);
                }
                nodes(otherwise, keys);
            }
        }
    }
}

fn pipeline<'t>(of: &'t Pipeline, keys: &mut BTreeSet<&'t str>) {
    expression(&of.first, keys);
    of.stages.iter().for_each(|stage| call(stage, keys));
}

fn call<'t>(of: &'t Call, keys: &mut BTreeSet<&'t str>) {
    of.arguments.iter().for_each(|argument| expression(argument, keys));
}

fn expression<'t>(of: &'t Expression, keys: &mut BTreeSet<&'t str>) {
    match of {
        Expression::Literal(_) | Expression::Dot => {}
        Expression::Secret { key, .. } => drop(keys.insert(key)),
        Expression::Call(inner) => call(inner, keys),
        Expression::Parenthesis(inner) => pipeline(inner, keys),
    }
}
