//! Finds the secrets that a template may miss, without their values.

use super::error::{TemplateError, TemplateProblem};
use super::tree::{Call, Expression, Function, Node, Pipeline};

/// What is known of a value before there are values.
#[derive(Clone, Copy)]
enum Guess<'a> {
    Text(&'a str),
    Truth(bool),
    /// Not empty, not false.
    Something,
    Unknown,
}

impl Guess<'_> {
    fn truth(self) -> Option<bool> {
        match self {
            Self::Text(text) => Some(!text.is_empty()),
            Self::Truth(truth) => Some(truth),
            Self::Something => Some(true),
            Self::Unknown => None,
        }
    }
}

pub(super) struct Checker<K> {
    known: K,
    errors: Vec<TemplateError>,
    /// What the tests of linear time count.
    steps: u64,
}

impl<K: Fn(&str) -> bool> Checker<K> {
    pub(super) fn new(known: K) -> Self {
        Self { known, errors: Vec::new(), steps: 0 }
    }

    /// The missing secrets that the output may need; what only stands where the template never comes is left out.
    pub(super) fn check(mut self, nodes: &[Node]) -> (Vec<TemplateError>, u64) {
        self.nodes(nodes, Guess::Unknown);
        (self.errors, self.steps)
    }

    fn nodes<'a>(&mut self, nodes: &'a [Node], dot: Guess<'a>) {
        for node in nodes {
            self.steps += 1;
            match node {
                Node::Text(_) => {}
                Node::Output(pipeline) => drop(self.pipeline(pipeline, dot, false)),
                Node::Choice { arms, otherwise } => {
                    let mut reached = true;
                    for arm in arms.iter() {
                        let condition = self.pipeline(&arm.condition, dot, true).truth();
                        if condition != Some(false) {
                            self.nodes(&arm.body, if arm.binds { Guess::Something } else { dot });
                        }
                        if condition == Some(true) {
                            reached = false;
                            break;
                        }
                    }
                    if reached {
                        self.nodes(otherwise, dot);
                    }
                }
            }
        }
    }

    fn pipeline<'a>(&mut self, pipeline: &'a Pipeline, dot: Guess<'a>, forgiving: bool) -> Guess<'a> {
        let mut value = self.expression(&pipeline.first, dot, forgiving || pipeline.forgives(0));
        for (index, stage) in pipeline.stages.iter().enumerate() {
            value = self.call(stage, Some(value), dot, forgiving || pipeline.forgives(index + 1));
        }
        value
    }

    fn expression<'a>(&mut self, expression: &'a Expression, dot: Guess<'a>, forgiving: bool) -> Guess<'a> {
        self.steps += 1;
        match expression {
            Expression::Literal(text) => Guess::Text(text),
            Expression::Secret { key, spot } => {
                if (self.known)(key) {
                    Guess::Unknown
                } else if forgiving {
                    Guess::Text("")
                } else {
                    let key = key.as_ref().to_owned();
                    self.errors.push(spot.error(TemplateProblem::MissingSecret { key }));
                    Guess::Unknown
                }
            }
            Expression::Dot => dot,
            Expression::Call(call) => self.call(call, None, dot, forgiving),
            Expression::Parenthesis(inner) => self.pipeline(inner, dot, forgiving),
        }
    }

    fn call<'a>(&mut self, call: &'a Call, piped: Option<Guess<'a>>, dot: Guess<'a>, forgiving: bool) -> Guess<'a> {
        self.steps += 1;
        let decides = match call.function {
            Function::And => Some(false),
            Function::Or => Some(true),
            _ => None,
        };
        let mut values = Vec::with_capacity(call.arguments.len() + 1);
        for (index, argument) in call.arguments.iter().enumerate() {
            let forgiving = forgiving || (call.function == Function::Default && index == 1);
            let value = self.expression(argument, dot, forgiving);
            if decides.is_some() && value.truth() == decides {
                // What stands after it is never looked at; what stands before it may be the answer.
                let certain = values.iter().all(|before: &Guess<'_>| before.truth().is_some());
                return if certain { value } else { Guess::Unknown };
            }
            values.push(value);
        }
        values.extend(piped);
        result(call.function, &values)
    }
}

fn result<'a>(function: Function, values: &[Guess<'a>]) -> Guess<'a> {
    let first = values.first().copied().unwrap_or(Guess::Unknown);
    let last = values.last().copied().unwrap_or(Guess::Unknown);
    match function {
        Function::And | Function::Or => {
            let certain = values.iter().rev().skip(1).all(|value| value.truth().is_some());
            if certain { last } else { Guess::Unknown }
        }
        Function::Not => first.truth().map_or(Guess::Unknown, |truth| Guess::Truth(!truth)),
        Function::Eq | Function::Ne => match values {
            [Guess::Text(one), Guess::Text(two)] => Guess::Truth((one == two) == (function == Function::Eq)),
            _ => Guess::Unknown,
        },
        Function::Default => match last.truth() {
            Some(true) => last,
            Some(false) => first,
            None => Guess::Unknown,
        },
        Function::Json | Function::Shell | Function::Yaml => match first {
            Guess::Truth(_) => first,
            // A text is in quotes then, but a truth value is not.
            Guess::Text(_) => Guess::Something,
            Guess::Something | Guess::Unknown => Guess::Unknown,
        },
        Function::Base64 | Function::UrlQuery => match values {
            [Guess::Text("")] => first,
            [Guess::Text(_) | Guess::Something] => Guess::Something,
            _ => Guess::Unknown,
        },
    }
}
