//! Builds the tree of a template, by Go's grammar. What is wrong is noted, and reading goes on at the next action.

use super::Template;
use super::error::{Spot, TemplateError, TemplateProblem};
use super::lexer::{Lexer, Next, Token};
use super::literal;
use super::tree::{Arm, Call, Expression, Function, Node, Pipeline};
use crate::model::text::secret_key;

/// What Go has and these templates do not, each under its own name.
const FOREIGN_WORDS: [&str; 19] = [
    "break", "call", "continue", "false", "ge", "gt", "html", "index", "js", "le", "len", "lt", "nil", "print",
    "printf", "println", "slice", "template", "true",
];
/// The same, but they need an `end`.
const FOREIGN_BLOCKS: [&str; 3] = ["range", "define", "block"];
const KEYWORDS: [&str; 4] = ["if", "with", "else", "end"];
/// Names in errors are cut to so many characters.
const SHOWN: usize = 64;

/// What was read, and everything that was wrong with it.
pub(super) struct Parsed {
    pub(super) nodes: Vec<Node>,
    /// In the order of the text.
    pub(super) errors: Vec<TemplateError>,
    /// What the tests of linear time count.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests count"))]
    pub(super) steps: u64,
}

pub(super) fn parse(text: &str) -> Parsed {
    if text.len() > Template::MAX_LENGTH {
        return Parsed { nodes: Vec::new(), errors: vec![Spot::START.error(TemplateProblem::TooLong)], steps: 0 };
    }
    let lexer = Lexer::new(text);
    let mut parser = Parser { lexer, put_back: None, root: Vec::new(), frames: Vec::new(), errors: Vec::new() };
    parser.template();
    let Parser { lexer, root, mut errors, .. } = parser;
    errors.sort_by_key(TemplateError::spot);
    Parsed { nodes: root, errors, steps: lexer.steps }
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    put_back: Option<(Token<'t>, Spot)>,
    root: Vec<Node>,
    /// The blocks that wait for their `end`, the innermost last.
    frames: Vec<Frame>,
    errors: Vec<TemplateError>,
}

/// A block that waits for its `end`.
struct Frame {
    block: &'static str,
    spot: Spot,
    /// What `.` is outside, and so in `else` too.
    outside: Dot,
    /// What `.` is where the parser is.
    inside: Dot,
    arms: Vec<Arm>,
    /// The condition of the arm that is being read; none in `else`.
    condition: Option<Pipeline>,
    body: Vec<Node>,
}

/// What `.` is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dot {
    /// All the data, of which only `.Secrets.KEY` may be used.
    Data,
    /// The value of a `with`.
    Value,
    /// Anything: in a block that is not supported, to report that once.
    Unknown,
}

/// One part of a command.
enum Operand {
    Function(Function, Spot),
    Value(Expression, Spot),
}

impl<'t> Parser<'t> {
    fn template(&mut self) {
        loop {
            let segment = self.lexer.segment();
            if !segment.text.is_empty() {
                self.push(Node::Text(segment.text.into()));
            }
            match segment.next {
                Next::Comment => {}
                Next::Broken(error) => self.errors.push(error),
                Next::Action => {
                    self.put_back = None;
                    if let Err(error) = self.action() {
                        let fatal = *error.kind() == TemplateProblem::TooDeep;
                        self.errors.push(error);
                        if fatal {
                            break;
                        }
                        self.lexer.leave();
                    }
                }
                Next::Nothing => {
                    let open = self.frames.iter();
                    let errors =
                        open.map(|frame| frame.spot.error(TemplateProblem::UnclosedBlock { block: frame.block }));
                    self.errors.extend(errors);
                    break;
                }
            }
        }
        // What has been read of an open block still counts for what else is wrong.
        while self.close_block() {}
    }

    fn push(&mut self, node: Node) {
        self.frames.last_mut().map_or(&mut self.root, |frame| &mut frame.body).push(node);
    }

    fn dot(&self) -> Dot {
        self.frames.last().map_or(Dot::Data, |frame| frame.inside)
    }

    fn action(&mut self) -> Result<(), TemplateError> {
        let (token, spot) = self.next_token()?;
        let Token::Word(word) = token else { return self.output(token, spot) };
        match word {
            "if" => self.open_block("if", spot),
            "with" => self.open_block("with", spot),
            "else" => self.otherwise(spot),
            "end" => self.end(spot),
            _ => match FOREIGN_BLOCKS.into_iter().find(|block| *block == word) {
                Some(block) => {
                    self.frame(block, spot, Dot::Unknown, None)?;
                    Err(unsupported(spot, word))
                }
                None => self.output(token, spot),
            },
        }
    }

    fn output(&mut self, token: Token<'t>, spot: Spot) -> Result<(), TemplateError> {
        self.put_back = Some((token, spot));
        let pipeline = self.pipeline(None, 0)?;
        self.push(Node::Output(pipeline));
        Ok(())
    }

    fn open_block(&mut self, block: &'static str, spot: Spot) -> Result<(), TemplateError> {
        let condition = self.pipeline(None, 0);
        let inside = if block == "with" { Dot::Value } else { self.dot() };
        // Without its condition the block still has its `end`.
        let (condition, error) = match condition {
            Ok(condition) => (condition, None),
            Err(error) => (Pipeline::new(Expression::Dot, Vec::new(), spot), Some(error)),
        };
        self.frame(block, spot, inside, Some(condition))?;
        error.map_or(Ok(()), Err)
    }

    fn frame(
        &mut self,
        block: &'static str,
        spot: Spot,
        inside: Dot,
        condition: Option<Pipeline>,
    ) -> Result<(), TemplateError> {
        if self.frames.len() >= Template::MAX_DEPTH {
            return Err(spot.error(TemplateProblem::TooDeep));
        }
        let outside = self.dot();
        let body = Vec::new();
        self.frames.push(Frame { block, spot, outside, inside, arms: Vec::new(), condition, body });
        Ok(())
    }

    fn otherwise(&mut self, spot: Spot) -> Result<(), TemplateError> {
        let (token, next) = self.next_token()?;
        let condition = match token {
            Token::Close => None,
            Token::Word("if") => Some(self.pipeline(None, 0)),
            other => return Err(unexpected(other, next)),
        };
        let frame = self.frames.last_mut().ok_or_else(|| unexpected(Token::Word("else"), spot))?;
        if frame.inside == Dot::Unknown && frame.condition.is_none() && frame.arms.is_empty() {
            return Ok(());
        }
        let Some(before) = frame.condition.take() else { return Err(unexpected(Token::Word("else"), spot)) };
        let binds = frame.block == "with";
        frame.arms.push(Arm { condition: before, binds, body: std::mem::take(&mut frame.body) });
        frame.inside = frame.outside;
        match condition {
            None => Ok(()),
            // Go joins `else` and `if` in an `if` only.
            Some(_) if binds => Err(unsupported(next, "else if` in a `with")),
            Some(Ok(condition)) => {
                frame.condition = Some(condition);
                Ok(())
            }
            Some(Err(error)) => {
                frame.condition = Some(Pipeline::new(Expression::Dot, Vec::new(), spot));
                Err(error)
            }
        }
    }

    fn end(&mut self, spot: Spot) -> Result<(), TemplateError> {
        let (token, next) = self.next_token()?;
        let closed = self.close_block();
        if token != Token::Close {
            Err(unexpected(token, next))
        } else if closed {
            Ok(())
        } else {
            Err(unexpected(Token::Word("end"), spot))
        }
    }

    fn close_block(&mut self) -> bool {
        let Some(Frame { block, mut arms, condition, mut body, .. }) = self.frames.pop() else { return false };
        if let Some(condition) = condition {
            arms.push(Arm { condition, binds: block == "with", body: std::mem::take(&mut body) });
        }
        // What a block that is not supported holds is only looked at for what else is wrong.
        self.push(Node::Choice { arms, otherwise: body });
        true
    }

    /// Reads up to the end of the action, or of the parenthesis that opened there.
    fn pipeline(&mut self, parenthesis: Option<Spot>, depth: usize) -> Result<Pipeline, TemplateError> {
        let mut first = None;
        let mut start = None;
        let mut stages = Vec::new();
        loop {
            let (token, spot) = self.next_token()?;
            match (token, parenthesis) {
                (Token::Close, None) | (Token::CloseParenthesis, Some(_)) => {
                    let begin = start.or(parenthesis).unwrap_or(spot);
                    let Some(first) = first else {
                        let begin = parenthesis.unwrap_or(self.lexer.open());
                        return Err(begin.error(TemplateProblem::MissingValue));
                    };
                    return Ok(Pipeline::new(first, stages, begin));
                }
                (Token::Close, Some(open)) => return Err(open.error(TemplateProblem::UnclosedParenthesis)),
                (Token::CloseParenthesis | Token::Pipe, _) => return Err(unexpected(token, spot)),
                _ => {}
            }
            self.put_back = Some((token, spot));
            let (head, arguments) = self.command(depth)?;
            start = start.or(Some(spot));
            match head {
                Operand::Function(function, spot) => {
                    let piped = usize::from(first.is_some());
                    let call = call(function, arguments, piped, spot)?;
                    if first.is_none() {
                        first = Some(Expression::Call(call));
                    } else {
                        stages.push(call);
                    }
                }
                Operand::Value(value, _) if first.is_none() && arguments.is_empty() => first = Some(value),
                Operand::Value(_, spot) => return Err(spot.error(TemplateProblem::NotAFunction)),
            }
        }
    }

    /// Reads operands up to a pipe, which it takes, or up to the end of the pipeline, which it leaves.
    fn command(&mut self, depth: usize) -> Result<(Operand, Vec<Expression>), TemplateError> {
        let head = self.operand(depth)?;
        let mut arguments = Vec::new();
        loop {
            let (token, spot) = self.token()?;
            match token {
                Token::Space => {
                    let next = self.next_token()?;
                    self.put_back = Some(next);
                    if matches!(next.0, Token::Close | Token::CloseParenthesis | Token::Pipe) {
                        continue;
                    }
                    arguments.push(match self.operand(depth)? {
                        Operand::Value(value, _) => value,
                        Operand::Function(function, spot) => Expression::Call(call(function, Vec::new(), 0, spot)?),
                    });
                }
                Token::Close | Token::CloseParenthesis => {
                    self.put_back = Some((token, spot));
                    return Ok((head, arguments));
                }
                Token::Pipe => return Ok((head, arguments)),
                _ => return Err(unexpected(token, spot)),
            }
        }
    }

    fn operand(&mut self, depth: usize) -> Result<Operand, TemplateError> {
        let (token, spot) = self.next_token()?;
        let operand = match token {
            Token::Interpreted(inner) => match literal::interpreted(inner) {
                Some(text) => Operand::Value(Expression::Literal(text.into()), spot),
                None => return Err(spot.error(TemplateProblem::InvalidText)),
            },
            Token::Raw(inner) => Operand::Value(Expression::Literal(literal::raw(inner).into()), spot),
            Token::Dot => match self.dot() {
                Dot::Data => return Err(unsupported(spot, ".` outside `with")),
                Dot::Value | Dot::Unknown => Operand::Value(Expression::Dot, spot),
            },
            Token::Field(name) => return self.field(name, spot),
            Token::Word(word) => Operand::Function(function(word, spot)?, spot),
            Token::OpenParenthesis => {
                if depth + self.frames.len() >= Template::MAX_DEPTH {
                    return Err(spot.error(TemplateProblem::TooDeep));
                }
                let inner = self.pipeline(Some(spot), depth + 1)?;
                Operand::Value(Expression::Parenthesis(Box::new(inner)), spot)
            }
            other => return Err(unexpected(other, spot)),
        };
        let (token, next) = self.token()?;
        if let Token::Field(_) = token {
            return Err(next.error(TemplateProblem::Unsupported { construct: "a field of a value".to_owned() }));
        }
        self.put_back = Some((token, next));
        Ok(operand)
    }

    /// `.Secrets.KEY`, whose `.Secrets` has been read.
    fn field(&mut self, name: &str, spot: Spot) -> Result<Operand, TemplateError> {
        let mut names = vec![name];
        let follows = loop {
            match self.token()? {
                (Token::Field(name), _) => names.push(name),
                other => break other,
            }
        };
        self.put_back = Some(follows);
        let unsupported = |construct: String| Err(spot.error(TemplateProblem::Unsupported { construct }));
        match (self.dot(), names.as_slice()) {
            (Dot::Value, ["Secrets", ..]) => unsupported("`.Secrets` inside `with`".to_owned()),
            (_, ["Secrets", key]) if secret_key(key).is_ok() => {
                Ok(Operand::Value(Expression::Secret { key: (*key).into(), spot }, spot))
            }
            (_, ["Secrets", key]) => Err(spot.error(TemplateProblem::InvalidKey { key: shown(key) })),
            (_, ["Secrets"]) => unsupported("`.Secrets` without a key".to_owned()),
            (_, ["Secrets", ..]) => unsupported("a field of a secret".to_owned()),
            (_, names) => unsupported(format!("the field `{}`", shown(&format!(".{}", names.join("."))))),
        }
    }

    /// The next token that is no blank.
    fn next_token(&mut self) -> Result<(Token<'t>, Spot), TemplateError> {
        loop {
            match self.token()? {
                (Token::Space, _) => {}
                other => return Ok(other),
            }
        }
    }

    fn token(&mut self) -> Result<(Token<'t>, Spot), TemplateError> {
        self.put_back.take().map_or_else(|| self.lexer.token(), Ok)
    }
}

fn call(function: Function, arguments: Vec<Expression>, piped: usize, spot: Spot) -> Result<Call, TemplateError> {
    let given = arguments.len() + piped;
    match function.takes(given) {
        Ok(()) => Ok(Call { function, arguments, spot }),
        Err(takes) => Err(spot.error(TemplateProblem::ArgumentCount { function: function.name(), takes, given })),
    }
}

fn function(word: &str, spot: Spot) -> Result<Function, TemplateError> {
    if let Some(function) = Function::named(word) {
        Ok(function)
    } else if KEYWORDS.contains(&word) {
        Err(unexpected(Token::Word(word), spot))
    } else if FOREIGN_WORDS.contains(&word) || FOREIGN_BLOCKS.contains(&word) {
        Err(unsupported(spot, word))
    } else {
        Err(spot.error(TemplateProblem::UnknownFunction { name: shown(word) }))
    }
}

fn unsupported(spot: Spot, construct: &str) -> TemplateError {
    spot.error(TemplateProblem::Unsupported { construct: format!("`{construct}`") })
}

fn unexpected(token: Token<'_>, spot: Spot) -> TemplateError {
    spot.error(found(token))
}

fn found(token: Token<'_>) -> TemplateProblem {
    let found = match token {
        Token::Foreign(construct) => return TemplateProblem::Unsupported { construct: construct.to_owned() },
        Token::Space => "a blank".to_owned(),
        Token::Close => "the end of the action".to_owned(),
        Token::Pipe => "`|`".to_owned(),
        Token::OpenParenthesis => "`(`".to_owned(),
        Token::CloseParenthesis => "`)`".to_owned(),
        Token::Dot => "`.`".to_owned(),
        Token::Field(name) => format!("`.{}`", shown(name)),
        Token::Word(word) => format!("`{}`", shown(word)),
        Token::Interpreted(_) | Token::Raw(_) => "a quoted text".to_owned(),
    };
    TemplateProblem::Unexpected { found }
}

fn shown(name: &str) -> String {
    let mut shown: String = name.chars().take(SHOWN).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    shown
}
