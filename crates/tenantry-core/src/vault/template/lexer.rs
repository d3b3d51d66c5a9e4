//! Cuts the text of a template into texts, actions and the tokens inside them, exactly where Go does.

use super::error::{Spot, TemplateError, TemplateProblem};

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// What stands before the next action, and what kind of action that is.
pub(super) struct Segment<'t> {
    pub(super) text: &'t str,
    pub(super) next: Next,
}

pub(super) enum Next {
    Action,
    Comment,
    /// The end of the template.
    Nothing,
    /// A comment that does not end as it must.
    Broken(TemplateError),
}

/// A token of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// Blanks, tabs, line breaks.
    Space,
    /// `}}`, with or without its trim marker.
    Close,
    Pipe,
    OpenParenthesis,
    CloseParenthesis,
    Dot,
    /// `.Name`, by its name.
    Field(&'t str),
    /// A keyword or the name of a function.
    Word(&'t str),
    /// A text in double quotes, by what stands between them.
    Interpreted(&'t str),
    /// A text in back-quotes, by what stands between them.
    Raw(&'t str),
    /// Something that Go has and these templates do not, by its name in words.
    Foreign(&'static str),
}

pub(super) struct Lexer<'t> {
    rest: &'t str,
    spot: Spot,
    /// Where the current action begins.
    open: Spot,
    /// Whether the current action has been read to its end.
    closed: bool,
    /// Characters looked at: what the tests of linear time count.
    pub(super) steps: u64,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { rest: text, spot: Spot::START, open: Spot::START, closed: true, steps: 0 }
    }

    /// The text up to the next action, trimmed as that action and the one before it say.
    pub(super) fn segment(&mut self) -> Segment<'t> {
        let Some(at) = self.rest.find(OPEN) else {
            let text = self.take(self.rest.len());
            return Segment { text, next: Next::Nothing };
        };
        let mut text = self.take(at);
        self.open = self.spot;
        self.take(OPEN.len());
        if trims_before(self.rest) {
            text = text.trim_end_matches(is_space);
            self.take(2);
        }
        let next = if self.rest.starts_with("/*") { self.comment() } else { Next::Action };
        self.closed = !matches!(next, Next::Action);
        Segment { text, next }
    }

    /// Where the current action begins.
    pub(super) fn open(&self) -> Spot {
        self.open
    }

    fn comment(&mut self) -> Next {
        self.take(2);
        let Some(end) = self.rest.find("*/") else {
            self.take(self.rest.len());
            return Next::Broken(self.open.error(TemplateProblem::UnclosedComment));
        };
        self.take(end + 2);
        if self.close() {
            return Next::Comment;
        }
        let error = self.spot.error(TemplateProblem::CommentWithMore);
        self.skip_to_next();
        Next::Broken(error)
    }

    /// The next token of the current action, and where it begins.
    pub(super) fn token(&mut self) -> Result<(Token<'t>, Spot), TemplateError> {
        let spot = self.spot;
        self.steps += 1;
        if self.close() {
            self.closed = true;
            return Ok((Token::Close, spot));
        }
        let Some(first) = self.rest.chars().next() else {
            return Err(self.open.error(TemplateProblem::UnclosedAction));
        };
        let token = match first {
            _ if is_space(first) => self.space(),
            '|' => self.single(Token::Pipe),
            '(' => self.single(Token::OpenParenthesis),
            ')' => self.single(Token::CloseParenthesis),
            '"' => self.interpreted()?,
            '`' => self.raw()?,
            '\'' => Token::Foreign("a character constant"),
            '$' => Token::Foreign("a variable"),
            '=' => Token::Foreign("an assignment"),
            ':' if self.rest.starts_with(":=") => Token::Foreign("a declaration"),
            '.' => self.dot_or_field()?,
            '0'..='9' => Token::Foreign("a number"),
            '+' | '-' if self.rest.chars().nth(1).is_some_and(|next| next == '.' || next.is_ascii_digit()) => {
                Token::Foreign("a number")
            }
            _ if is_name(first) => {
                let word = self.name();
                self.terminated()?;
                Token::Word(word)
            }
            other => return Err(self.unexpected(other)),
        };
        Ok((token, spot))
    }

    /// Leaves the current action, so that what comes after it can be read although something in it was wrong.
    pub(super) fn leave(&mut self) {
        while !self.closed {
            match self.token() {
                Ok((Token::Foreign(_), _)) => self.foreign(),
                Ok(_) => {}
                Err(_) => self.skip_to_next(),
            }
        }
    }

    // What is foreign is not read when it is met, only stepped over here: one character, and then it is something else.
    fn foreign(&mut self) {
        match self.rest.strip_prefix('\'') {
            // A constant may hold a quote, a back-quote or a brace.
            Some(rest) if rest.chars().nth(1) == Some('\'') => self.characters(3),
            Some(rest) if rest.starts_with('\\') && rest.chars().nth(2) == Some('\'') => self.characters(4),
            _ => self.characters(1),
        }
        self.name();
    }

    // To the end of the action or the beginning of the next, whichever comes first. One pass for both: looking for each
    // in turn would read the whole rest again at every mistake.
    fn skip_to_next(&mut self) {
        let pair = self.rest.as_bytes().windows(2).position(|pair| pair == OPEN.as_bytes() || pair == CLOSE.as_bytes());
        self.take(pair.unwrap_or(self.rest.len()));
        if self.rest.starts_with(CLOSE) {
            self.take(CLOSE.len());
        }
        self.closed = true;
    }

    // Takes `}}` or ` -}}`, and after the latter the blanks too.
    fn close(&mut self) -> bool {
        let mut after = self.rest.chars();
        if after.next().is_some_and(is_space) && after.as_str().starts_with("-}}") {
            self.take(4);
            let blanks = self.rest.len() - self.rest.trim_start_matches(is_space).len();
            self.take(blanks);
            true
        } else if self.rest.starts_with(CLOSE) {
            self.take(CLOSE.len());
            true
        } else {
            false
        }
    }

    // The last blank before `-}}` belongs to the trim marker; that there is one before it, `close` has seen.
    fn space(&mut self) -> Token<'t> {
        let after = self.rest.trim_start_matches(is_space);
        let blanks = self.rest.len() - after.len();
        self.take(if after.starts_with("-}}") { blanks - 1 } else { blanks });
        Token::Space
    }

    fn single(&mut self, token: Token<'t>) -> Token<'t> {
        self.take(1);
        token
    }

    fn dot_or_field(&mut self) -> Result<Token<'t>, TemplateError> {
        if self.rest.chars().nth(1).is_some_and(|next| next.is_ascii_digit()) {
            return Ok(Token::Foreign("a number"));
        }
        self.take(1);
        let name = self.name();
        self.terminated()?;
        Ok(if name.is_empty() { Token::Dot } else { Token::Field(name) })
    }

    fn name(&mut self) -> &'t str {
        self.take(self.rest.len() - self.rest.trim_start_matches(is_name).len())
    }

    // What may follow a name. Without this rule `.Secrets.A"b"` would be two arguments.
    fn terminated(&self) -> Result<(), TemplateError> {
        match self.rest.chars().next() {
            None | Some('.' | ',' | '|' | ':' | ')' | '(') => Ok(()),
            Some(other) if is_space(other) || self.rest.starts_with(CLOSE) => Ok(()),
            Some(other) => Err(self.unexpected(other)),
        }
    }

    fn interpreted(&mut self) -> Result<Token<'t>, TemplateError> {
        let spot = self.spot;
        self.take(1);
        let mut escaped = false;
        for (at, character) in self.rest.char_indices() {
            match character {
                '\n' => {
                    self.take(at);
                    return Err(spot.error(TemplateProblem::UnclosedText));
                }
                '"' if !escaped => {
                    let inner = self.take(at);
                    self.take(1);
                    return Ok(Token::Interpreted(inner));
                }
                _ => escaped = character == '\\' && !escaped,
            }
        }
        self.take(self.rest.len());
        Err(spot.error(TemplateProblem::UnclosedText))
    }

    fn raw(&mut self) -> Result<Token<'t>, TemplateError> {
        let spot = self.spot;
        self.take(1);
        let Some(end) = self.rest.find('`') else {
            self.take(self.rest.len());
            return Err(spot.error(TemplateProblem::UnclosedText));
        };
        let inner = self.take(end);
        self.take(1);
        Ok(Token::Raw(inner))
    }

    fn unexpected(&self, character: char) -> TemplateError {
        self.spot.error(TemplateProblem::Unexpected { found: format!("`{}`", character.escape_debug()) })
    }

    fn characters(&mut self, count: usize) {
        let bytes = self.rest.chars().take(count).map(char::len_utf8).sum();
        self.take(bytes);
    }

    fn take(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        for character in taken.chars() {
            self.steps += 1;
            if character == '\n' {
                self.spot = Spot { line: self.spot.line.saturating_add(1), column: 1 };
            } else {
                self.spot.column = self.spot.column.saturating_add(1);
            }
        }
        self.rest = rest;
        taken
    }
}

/// Blanks as Go's templates see them.
fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn is_name(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

fn trims_before(rest: &str) -> bool {
    rest.strip_prefix('-').is_some_and(|rest| rest.starts_with(is_space))
}
