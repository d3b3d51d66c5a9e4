//! What a template is when it has been read.

use super::error::Spot;

/// A part of the output.
pub(super) enum Node {
    /// Text as it stands.
    Text(Box<str>),
    /// The value of an action.
    Output(Pipeline),
    /// `if` or `with`: the first arm whose condition is true, or what `else` holds.
    Choice { arms: Vec<Arm>, otherwise: Vec<Node> },
}

/// A condition and what it guards.
pub(super) struct Arm {
    pub(super) condition: Pipeline,
    /// `with`: the value of the condition is `.` inside.
    pub(super) binds: bool,
    pub(super) body: Vec<Node>,
}

/// `first | stage | stage`: a list, not a nest, so that a long one is not deep.
pub(super) struct Pipeline {
    pub(super) first: Expression,
    pub(super) stages: Vec<Call>,
    /// How many stages come before the last `default`: until then a missing secret is only empty.
    pub(super) forgiven: Option<usize>,
    pub(super) spot: Spot,
}

impl Pipeline {
    pub(super) fn new(first: Expression, stages: Vec<Call>, spot: Spot) -> Self {
        let forgiven = stages.iter().rposition(|stage| stage.function == Function::Default);
        Self { first, stages, forgiven, spot }
    }

    /// Whether a missing secret at this stage (0 is the first command) is only empty.
    pub(super) fn forgives(&self, stage: usize) -> bool {
        self.forgiven.is_some_and(|last| stage <= last)
    }

    /// The function that makes the value, if one does.
    pub(super) fn last_function(&self) -> Option<Function> {
        let mut pipeline = self;
        loop {
            if let Some(last) = pipeline.stages.last() {
                return Some(last.function);
            }
            match &pipeline.first {
                Expression::Call(call) => return Some(call.function),
                Expression::Parenthesis(inner) => pipeline = inner,
                Expression::Literal(_) | Expression::Secret { .. } | Expression::Dot => return None,
            }
        }
    }
}

/// Something with a value.
pub(super) enum Expression {
    Literal(Box<str>),
    Secret { key: Box<str>, spot: Spot },
    Dot,
    Call(Call),
    Parenthesis(Box<Pipeline>),
}

/// A function and its arguments; in a pipeline the value so far comes last.
pub(super) struct Call {
    pub(super) function: Function,
    pub(super) arguments: Vec<Expression>,
    pub(super) spot: Spot,
}

/// The functions that a template has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    And,
    Base64,
    Default,
    Eq,
    Json,
    Ne,
    Not,
    Or,
    Shell,
    UrlQuery,
    Yaml,
}

impl Function {
    pub(super) const ALL: [Self; 11] = [
        Self::And,
        Self::Base64,
        Self::Default,
        Self::Eq,
        Self::Json,
        Self::Ne,
        Self::Not,
        Self::Or,
        Self::Shell,
        Self::UrlQuery,
        Self::Yaml,
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::And => "and",
            Self::Base64 => "b64",
            Self::Default => "default",
            Self::Eq => "eq",
            Self::Json => "json",
            Self::Ne => "ne",
            Self::Not => "not",
            Self::Or => "or",
            Self::Shell => "shell",
            Self::UrlQuery => "urlquery",
            Self::Yaml => "yaml",
        }
    }

    /// How many arguments it takes, and the same in words.
    pub(super) fn takes(self, given: usize) -> Result<(), &'static str> {
        let (fits, words) = match self {
            Self::Base64 | Self::Json | Self::Not | Self::Shell | Self::Yaml => (given == 1, "one argument"),
            Self::Default | Self::Ne => (given == 2, "two arguments"),
            Self::Eq => (given >= 2, "two arguments or more"),
            Self::And | Self::Or => (given >= 1, "one argument or more"),
            Self::UrlQuery => (true, "any number of arguments"),
        };
        if fits { Ok(()) } else { Err(words) }
    }
}
