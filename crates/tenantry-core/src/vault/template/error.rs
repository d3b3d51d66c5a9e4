//! Why a template does not do, and where.

use std::fmt;

/// A place in the text of a template: line and column, both from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Spot {
    pub(super) const START: Self = Self { line: 1, column: 1 };

    pub(super) fn error(self, problem: TemplateProblem) -> TemplateError {
        TemplateError { problem, spot: self }
    }
}

/// Why a template cannot be read or rendered, and the place in its text. Holds no value of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {problem}", spot.line, spot.column)]
pub struct TemplateError {
    problem: TemplateProblem,
    spot: Spot,
}

impl TemplateError {
    /// What is wrong.
    pub fn kind(&self) -> &TemplateProblem {
        &self.problem
    }

    /// The line, from 1.
    pub fn line(&self) -> u32 {
        self.spot.line
    }

    /// The column, from 1, in characters.
    pub fn column(&self) -> u32 {
        self.spot.column
    }

    pub(super) fn spot(&self) -> Spot {
        self.spot
    }
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateProblem {
    /// The output needs a secret that is not there.
    #[error("there is no secret `{key}`")]
    MissingSecret {
        /// Its key.
        key: String,
    },
    /// No secret can have this key: a letter, then letters, digits and underscores, 128 characters at most.
    #[error("no secret can have the key `{key}`")]
    InvalidKey {
        /// The key, cut when it is long.
        key: String,
    },
    /// Go's templates may have it; these do not.
    #[error("{construct} is not supported")]
    Unsupported {
        /// Its name, as a template writes it or in words.
        construct: String,
    },
    /// There is no such function.
    #[error("there is no function `{name}`")]
    UnknownFunction {
        /// The name, cut when it is long.
        name: String,
    },
    /// A function with too few or too many arguments.
    #[error("`{function}` takes {takes}, not {given}")]
    ArgumentCount {
        /// The function.
        function: &'static str,
        /// What it takes, in words.
        takes: &'static str,
        /// How many it was given, the piped one included.
        given: usize,
    },
    /// An argument, or a piped value, for something that is no function.
    #[error("only a function takes arguments or a piped value")]
    NotAFunction,
    /// Texts and truth values (what `eq`, `ne` and `not` answer) do not compare.
    #[error("`{function}` cannot compare a text with a truth value")]
    IncompatibleTypes {
        /// The function.
        function: &'static str,
    },
    /// The function takes a text and was given a truth value.
    #[error("`{function}` takes a text, not a truth value")]
    NotAText {
        /// The function.
        function: &'static str,
    },
    /// `{{` without its `}}`.
    #[error("the action is not closed")]
    UnclosedAction,
    /// `{{/*` without its `*/`.
    #[error("the comment is not closed")]
    UnclosedComment,
    /// Something stands between the end of a comment and the end of its action.
    #[error("a comment must end with its action: `*/}}}}` or `*/ -}}}}`")]
    CommentWithMore,
    /// A literal without its closing quote.
    #[error("the quoted text is not closed")]
    UnclosedText,
    /// A literal with an escape that Go does not know, or whose bytes are not UTF-8.
    #[error("the quoted text has an escape that is none, or is not UTF-8")]
    InvalidText,
    /// `(` without its `)`.
    #[error("the parenthesis is not closed")]
    UnclosedParenthesis,
    /// `if` or `with` without its `end`.
    #[error("`{block}` has no `end`")]
    UnclosedBlock {
        /// `if`, `with`, or what is not supported anyway.
        block: &'static str,
    },
    /// An action, a pair of parentheses, `if` or `with` that holds nothing.
    #[error("a value is missing")]
    MissingValue,
    /// Something that cannot stand there.
    #[error("{found} cannot stand here")]
    Unexpected {
        /// What it is.
        found: String,
    },
    /// A value has a NUL, which neither an env file nor a shell can hold.
    #[error("the value has a NUL character, which cannot be written here")]
    Nul,
    /// YAML cannot hold every value in this place.
    #[error("a value cannot be written safely {place}")]
    UnsafeInYaml {
        /// The place, in words.
        place: YamlPlace,
    },
    /// The text is longer than [`Template::MAX_LENGTH`](super::Template::MAX_LENGTH).
    #[error("the template is too long")]
    TooLong,
    /// Deeper than [`Template::MAX_DEPTH`](super::Template::MAX_DEPTH).
    #[error("the template is nested too deeply")]
    TooDeep,
    /// More than [`Template::MAX_OUTPUT`](super::Template::MAX_OUTPUT).
    #[error("the output is too long")]
    OutputTooLong,
    /// More than [`Template::MAX_WORK`](super::Template::MAX_WORK).
    #[error("rendering takes too much work")]
    TooMuchWork,
}

/// A place in a YAML text where a value could change more than itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum YamlPlace {
    /// In a text without quotes, or touching one: `a{{ . }}`.
    Unquoted,
    /// Touching another value: `{{ . }}{{ . }}`, `"a"{{ . }}`, `{{ . }}a`.
    BesideAnother,
    /// In a comment or a directive.
    Comment,
    /// In single quotes, which have no escapes: the value has a line break or a control character, or the text goes on
    /// over more than one line.
    SingleQuotes,
    /// In double quotes, on a line of theirs that is not indented.
    DoubleQuotes,
    /// In a block of literal or folded lines: the value has a line break or a control character, or begins the line
    /// with a blank, or with nothing.
    Block,
    /// After a line that is indented by a tab, or a block that is the whole document and not indented: what a YAML parser
    /// would see there is not certain.
    Uncertain,
    /// In the name of a tag, an anchor or an alias, or in the head of a block.
    Property,
}

impl fmt::Display for YamlPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unquoted => "in a YAML text without quotes",
            Self::BesideAnother => "beside another YAML text or value",
            Self::Comment => "in a YAML comment or directive",
            Self::SingleQuotes => "in single quotes of YAML",
            Self::DoubleQuotes => "in double quotes of YAML on a line that is not indented",
            Self::Block => "in a block of YAML lines",
            Self::Uncertain => "after a line of YAML that may be read in more than one way",
            Self::Property => "in a YAML tag, anchor, alias or block head",
        })
    }
}
