//! Evaluates a template.

use std::rc::Rc;

use super::error::{Spot, TemplateError, TemplateProblem};
use super::escape::{self, Limited};
use super::tree::{Call, Expression, Function, Node, Pipeline};
use super::yaml::Yaml;
use super::{Format, Template};
use crate::vault::{SecretBuffer, SecretValue};

/// A text or a truth value: nothing else exists in these templates.
#[derive(Clone)]
enum Value<'a> {
    Truth(bool),
    Text(&'a str),
    Made(Rc<SecretBuffer>),
}

impl Value<'_> {
    /// The text, if it is one.
    fn text(&self) -> Option<&str> {
        match self {
            Self::Truth(_) => None,
            Self::Text(text) => Some(text),
            Self::Made(buffer) => Some(buffer.as_str()),
        }
    }

    /// What Go prints.
    fn printed(&self) -> &str {
        match self {
            Self::Truth(true) => "true",
            Self::Truth(false) => "false",
            Self::Text(text) => text,
            Self::Made(buffer) => buffer.as_str(),
        }
    }

    fn is_true(&self) -> bool {
        match self {
            Self::Truth(truth) => *truth,
            Self::Text(_) | Self::Made(_) => !self.printed().is_empty(),
        }
    }
}

/// What a missing secret is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// In the output: an error.
    Refused,
    /// In a condition and under `default`: an empty text.
    Empty,
}

pub(super) struct Renderer<L> {
    lookup: L,
    output: Limited,
    layout: Layout,
    /// Bytes that were made or compared on the way.
    pub(super) work: usize,
}

/// What a format needs to know of the output so far.
enum Layout {
    Plain,
    Env,
    Yaml(Box<Yaml>),
}

impl<'v, L: Fn(&str) -> Option<&'v SecretValue>> Renderer<L> {
    pub(super) fn new(lookup: L, format: Format, capacity: usize) -> Self {
        let layout = match format {
            Format::Plain => Layout::Plain,
            Format::Env => Layout::Env,
            Format::Yaml => Layout::Yaml(Box::default()),
        };
        Self { lookup, output: Limited::with_capacity(capacity), layout, work: 0 }
    }

    pub(super) fn render(mut self, nodes: &[Node]) -> Result<(SecretBuffer, usize), TemplateError> {
        self.nodes(nodes, None)?;
        Ok((self.output.into_inner(), self.work))
    }

    // INVARIANT: blocks and parentheses are at most `Template::MAX_DEPTH` deep together, so this recursion is too.
    fn nodes<'a>(&mut self, nodes: &'a [Node], dot: Option<&Value<'a>>) -> Result<(), TemplateError>
    where
        'v: 'a,
    {
        for node in nodes {
            match node {
                Node::Text(text) => self.text(text)?,
                Node::Output(pipeline) => {
                    let value = self.pipeline(pipeline, dot, Missing::Refused)?;
                    self.value(pipeline, &value)?;
                }
                Node::Choice { arms, otherwise } => {
                    let mut chosen = (otherwise, dot.cloned());
                    for arm in arms {
                        let value = self.pipeline(&arm.condition, dot, Missing::Empty)?;
                        if value.is_true() {
                            chosen = (&arm.body, if arm.binds { Some(value) } else { dot.cloned() });
                            break;
                        }
                    }
                    self.nodes(chosen.0, chosen.1.as_ref())?;
                }
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), TemplateError> {
        if let Layout::Yaml(yaml) = &mut self.layout {
            yaml.text(text)?;
        }
        self.output.push_str(text).map_err(|problem| Spot::START.error(problem))
    }

    fn value(&mut self, pipeline: &Pipeline, value: &Value<'_>) -> Result<(), TemplateError> {
        let text = value.printed();
        let output = &mut self.output;
        match &mut self.layout {
            Layout::Plain => output.push_str(text),
            Layout::Env => escape::env(text, output),
            Layout::Yaml(yaml) => {
                let scalar = matches!(pipeline.last_function(), Some(Function::Json | Function::Yaml));
                yaml.value(text, scalar || value.text().is_none(), pipeline.spot, output)
            }
        }
        .map_err(|problem| pipeline.spot.error(problem))
    }

    fn pipeline<'a>(
        &mut self,
        pipeline: &'a Pipeline,
        dot: Option<&Value<'a>>,
        missing: Missing,
    ) -> Result<Value<'a>, TemplateError>
    where
        'v: 'a,
    {
        let at = |stage| if pipeline.forgives(stage) { Missing::Empty } else { missing };
        let mut value = self.expression(&pipeline.first, dot, at(0))?;
        for (index, stage) in pipeline.stages.iter().enumerate() {
            value = self.call(stage, Some(value), dot, at(index + 1))?;
        }
        Ok(value)
    }

    fn expression<'a>(
        &mut self,
        expression: &'a Expression,
        dot: Option<&Value<'a>>,
        missing: Missing,
    ) -> Result<Value<'a>, TemplateError>
    where
        'v: 'a,
    {
        match expression {
            Expression::Literal(text) => Ok(Value::Text(text)),
            Expression::Secret { key, spot } => match ((self.lookup)(key), missing) {
                (Some(value), _) => Ok(Value::Text(value.expose())),
                (None, Missing::Empty) => Ok(Value::Text("")),
                (None, Missing::Refused) => {
                    Err(spot.error(TemplateProblem::MissingSecret { key: key.as_ref().to_owned() }))
                }
            },
            // The parser lets `.` stand only where there is one.
            Expression::Dot => Ok(dot.cloned().unwrap_or(Value::Text(""))),
            Expression::Call(call) => self.call(call, None, dot, missing),
            Expression::Parenthesis(inner) => self.pipeline(inner, dot, missing),
        }
    }

    fn call<'a>(
        &mut self,
        call: &'a Call,
        piped: Option<Value<'a>>,
        dot: Option<&Value<'a>>,
        missing: Missing,
    ) -> Result<Value<'a>, TemplateError>
    where
        'v: 'a,
    {
        if let Function::And | Function::Or = call.function {
            return self.decide(call, piped, dot, missing);
        }
        let mut values = Vec::with_capacity(call.arguments.len() + 1);
        for (index, argument) in call.arguments.iter().enumerate() {
            // The second argument of `default` is the one that may be missing.
            let missing = if call.function == Function::Default && index == 1 { Missing::Empty } else { missing };
            values.push(self.expression(argument, dot, missing)?);
        }
        values.extend(piped);
        self.apply(call.function, &values).map_err(|problem| call.spot.error(problem))
    }

    // `and` and `or` answer the argument that decides and do not look at those after it, as in Go.
    fn decide<'a>(
        &mut self,
        call: &'a Call,
        piped: Option<Value<'a>>,
        dot: Option<&Value<'a>>,
        missing: Missing,
    ) -> Result<Value<'a>, TemplateError>
    where
        'v: 'a,
    {
        let mut last = Value::Text("");
        for argument in &call.arguments {
            last = self.expression(argument, dot, missing)?;
            if last.is_true() == (call.function == Function::Or) {
                return Ok(last);
            }
        }
        Ok(piped.unwrap_or(last))
    }

    fn apply<'a>(&mut self, function: Function, values: &[Value<'a>]) -> Result<Value<'a>, TemplateProblem> {
        let first = values.first();
        let truth = first.is_some_and(Value::is_true);
        match function {
            // Decided before their arguments are evaluated.
            Function::And | Function::Or => Ok(Value::Truth(truth)),
            Function::Not => Ok(Value::Truth(!truth)),
            Function::Eq => self.equal(function, values).map(Value::Truth),
            Function::Ne => self.equal(function, values).map(|equal| Value::Truth(!equal)),
            Function::Default => {
                let given = values.last().filter(|value| value.is_true());
                Ok(given.or(first).cloned().unwrap_or(Value::Text("")))
            }
            Function::Json | Function::Yaml => match (first, function) {
                (Some(Value::Truth(_)), _) => Ok(Value::Text(if truth { "true" } else { "false" })),
                (_, Function::Json) => self.made(first.and_then(Value::text).unwrap_or_default(), escape::json),
                _ => self.made(first.and_then(Value::text).unwrap_or_default(), escape::yaml),
            },
            Function::Shell | Function::Base64 => {
                let not_a_text = TemplateProblem::NotAText { function: function.name() };
                let text = first.and_then(Value::text).ok_or(not_a_text)?;
                self.made(text, if function == Function::Shell { escape::shell } else { escape::base64 })
            }
            Function::UrlQuery => {
                let mut out = Limited::with_capacity(64);
                let mut before: Option<&Value<'a>> = None;
                for value in values {
                    // `fmt.Sprint` puts a blank between two values of which neither is a text.
                    if let (Some(Value::Truth(_)), Value::Truth(_)) = (before, value) {
                        out.push('+')?;
                    }
                    self.spend(value.printed().len())?;
                    escape::url_query(value.printed(), &mut out)?;
                    before = Some(value);
                }
                self.keep(out)
            }
        }
    }

    fn equal(&mut self, function: Function, values: &[Value<'_>]) -> Result<bool, TemplateProblem> {
        let Some((first, others)) = values.split_first() else { return Ok(false) };
        for other in others {
            let equal = match (first, other) {
                (Value::Truth(one), Value::Truth(two)) => one == two,
                (Value::Truth(_), _) | (_, Value::Truth(_)) => {
                    return Err(TemplateProblem::IncompatibleTypes { function: function.name() });
                }
                _ => {
                    let (one, two) = (first.printed(), other.printed());
                    self.spend(if one.len() == two.len() { one.len() } else { 0 })?;
                    one == two
                }
            };
            if equal {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn made<'a>(
        &mut self,
        text: &str,
        write: fn(&str, &mut Limited) -> Result<(), TemplateProblem>,
    ) -> Result<Value<'a>, TemplateProblem> {
        self.spend(text.len())?;
        let mut out = Limited::with_capacity(text.len() + text.len() / 2 + 2);
        write(text, &mut out)?;
        self.keep(out)
    }

    fn keep<'a>(&mut self, out: Limited) -> Result<Value<'a>, TemplateProblem> {
        let buffer = out.into_inner();
        self.spend(buffer.as_str().len())?;
        Ok(Value::Made(Rc::new(buffer)))
    }

    fn spend(&mut self, bytes: usize) -> Result<(), TemplateProblem> {
        self.work = self.work.saturating_add(bytes);
        if self.work > Template::MAX_WORK { Err(TemplateProblem::TooMuchWork) } else { Ok(()) }
    }
}
