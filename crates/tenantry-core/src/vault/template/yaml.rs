//! Where in a YAML text an action stands, so that its value can be written there and change nothing else.
//!
//! The author's text is followed character by character; values are not, they are written so that they cannot matter.
//! Where it is not certain what a YAML parser would see, the place is refused: a value is written only where a node may
//! begin, between quotes, or into a line of a block.

use super::error::{Spot, TemplateError, TemplateProblem, YamlPlace};
use super::escape::{self, Limited};

/// What the next character would belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The blanks at the beginning of a line, outside `[]` and `{}`.
    LineStart,
    /// A tab among them: what comes after it is not certain, unless that is nothing.
    Tabbed,
    /// A node may begin.
    Start,
    /// `-`, `?` or `:` where a node may begin: what follows says what it is.
    Indicator(char),
    /// So many of `---` or `...` at the beginning of a line, which may continue a text without quotes.
    Marker {
        of: char,
        count: u8,
        continues: bool,
    },
    /// A text without quotes. Also everything that is not understood: an action is refused there.
    Plain,
    Single,
    /// `'` in single quotes: the end, or half of `''`.
    SingleQuote,
    Double,
    /// After `\` in double quotes.
    DoubleEscape,
    /// After a node that shows its own end. Whether a `:` follows it directly.
    After {
        colon: bool,
    },
    /// A tag, an anchor or an alias.
    Property,
    /// A comment or a directive.
    Comment,
    /// After `|` or `>`.
    Head,
    /// A line of the text that follows such a head.
    Block,
}

/// The lines of a literal or folded text.
#[derive(Clone, Copy)]
struct Block {
    /// The column of the collection around it.
    parent: Option<usize>,
    /// The column of its lines, once known.
    indent: Option<usize>,
}

pub(super) struct Yaml {
    state: State,
    /// How many `[` and `{` are open.
    flow: usize,
    /// The columns of the open block collections, each greater than the one before.
    collections: Vec<usize>,
    /// The column of the next character, from 0.
    column: usize,
    /// The column of the first character of the line that is no blank.
    indent: Option<usize>,
    before: char,
    /// Where the node began that may turn out to be a key.
    node: Option<usize>,
    /// The same for the outermost `[` or `{` that is open.
    outermost: Option<usize>,
    /// A text without quotes ended the last line that had anything, and may go on in this one.
    unfinished: bool,
    /// What a comment interrupts in `[]` and `{}`.
    interrupted: State,
    block: Option<Block>,
    /// From here on it is not certain what a YAML parser would see.
    lost: bool,
    /// The quotes that are open began on an earlier line.
    later_line: bool,
    /// The last action, if it wrote the node or into the quotes that are open.
    action: Option<Spot>,
}

impl Default for Yaml {
    fn default() -> Self {
        Self {
            state: State::LineStart,
            flow: 0,
            collections: Vec::new(),
            column: 0,
            indent: None,
            before: '\n',
            node: None,
            outermost: None,
            unfinished: false,
            interrupted: State::Start,
            block: None,
            lost: false,
            later_line: false,
            action: None,
        }
    }
}

impl Yaml {
    /// Follows a text of the author.
    pub(super) fn text(&mut self, text: &str) -> Result<(), TemplateError> {
        text.chars().try_for_each(|character| self.character(character))
    }

    /// Writes a value. One that is `whole` is a scalar of JSON already.
    pub(super) fn value(
        &mut self,
        text: &str,
        whole: bool,
        spot: Spot,
        out: &mut Limited,
    ) -> Result<(), TemplateProblem> {
        let shown;
        let text = if whole && !is_plain(text) {
            let mut json = Limited::with_capacity(text.len());
            escape::yaml_from_json(text, &mut json)?;
            shown = json.into_inner();
            shown.as_str()
        } else {
            text
        };
        let first = self.indent.is_none();
        let indent = *self.indent.get_or_insert(self.column);
        if self.state == State::LineStart {
            self.begin_line(None);
        }
        let place = match self.state {
            _ if self.lost => Some(YamlPlace::Uncertain),
            State::Start => None,
            State::After { colon: true } if self.flow > 0 => None,
            State::After { .. } | State::SingleQuote => Some(YamlPlace::BesideAnother),
            State::LineStart | State::Tabbed | State::Indicator(_) | State::Marker { .. } | State::Plain => {
                Some(YamlPlace::Unquoted)
            }
            State::Property | State::Head => Some(YamlPlace::Property),
            State::Comment => Some(YamlPlace::Comment),
            State::DoubleEscape => Some(YamlPlace::DoubleQuotes),
            // `---` at the beginning of a line ends the document even in quotes.
            State::Double => (self.later_line && indent == 0).then_some(YamlPlace::DoubleQuotes),
            State::Single => (self.later_line || !is_plain(text)).then_some(YamlPlace::SingleQuotes),
            State::Block => {
                let begins = first && text.chars().next().is_none_or(|character| character == ' ');
                (begins || !is_plain(text)).then_some(YamlPlace::Block)
            }
        };
        if let Some(place) = place {
            return Err(TemplateProblem::UnsafeInYaml { place });
        }
        match self.state {
            State::Double => double(text, out)?,
            State::Single => escape::yaml_single(text, out)?,
            State::Block => out.push_str(text)?,
            _ if whole => out.push_str(text)?,
            _ => escape::yaml(text, out)?,
        }
        if let State::Start | State::After { .. } = self.state {
            self.node.get_or_insert(self.column);
            self.state = State::After { colon: false };
        }
        self.action = Some(spot);
        self.before = '"';
        self.column += 1;
        Ok(())
    }

    fn character(&mut self, character: char) -> Result<(), TemplateError> {
        if is_break(character) {
            self.line_break()?;
            self.column = 0;
            self.indent = None;
            self.before = '\n';
            return Ok(());
        }
        if character != ' ' {
            self.indent.get_or_insert(self.column);
        }
        self.within(character)?;
        self.column += 1;
        self.before = character;
        Ok(())
    }

    /// Any character but a line break.
    fn within(&mut self, character: char) -> Result<(), TemplateError> {
        let blank = matches!(character, ' ' | '\t');
        match self.state {
            State::LineStart if character == ' ' => {}
            State::LineStart => {
                self.begin_line(Some(character));
                if self.state == State::Start {
                    self.start(character);
                }
            }
            State::Tabbed => self.lost |= !blank,
            State::Start => self.start(character),
            State::Indicator(first) => self.indicator(first, character),
            State::Marker { of, count, continues } => self.marker(of, count, continues, character),
            State::Plain => self.plain(character),
            State::Single if character == '\'' => self.state = State::SingleQuote,
            State::SingleQuote if character == '\'' => self.state = State::Single,
            State::SingleQuote => {
                self.state = State::After { colon: false };
                self.action = None;
                return self.within(character);
            }
            State::Double if character == '\\' => self.state = State::DoubleEscape,
            State::Double if character == '"' => {
                self.state = State::After { colon: false };
                self.action = None;
            }
            State::DoubleEscape => self.state = State::Double,
            State::After { colon } => return self.after(colon, character),
            State::Property if blank || (self.flow > 0 && is_flow(character)) => {
                self.state = State::Start;
                self.start(character);
            }
            // Of the rest of the line a reader takes nothing but a comment, whatever stands in it.
            State::Head if character == ' ' => self.state = State::Comment,
            State::Head => {
                let parent = self.collections.last().copied();
                if let (Some(digit), Some(block)) = (character.to_digit(10), &mut self.block) {
                    block.indent = usize::try_from(digit).ok().map(|digit| parent.unwrap_or(0) + digit);
                }
            }
            State::Single | State::Double | State::Property | State::Comment | State::Block => {}
        }
        Ok(())
    }

    /// The first character of a line that is no blank, or an action there.
    fn begin_line(&mut self, first: Option<char>) {
        if let Some(block) = &mut self.block {
            let least = block.indent.unwrap_or(block.parent.map_or(0, |parent| parent + 1));
            if self.column >= least {
                block.indent.get_or_insert(self.column);
                // In a block that is the whole document, a line that is not indented may be its text or its end.
                self.lost |= self.column == 0;
                self.state = State::Block;
                return;
            }
        }
        if first == Some('\t') {
            self.state = State::Tabbed;
            return;
        }
        self.block = None;
        self.node = None;
        self.action = None;
        if first == Some('#') {
            self.unfinished = false;
        }
        let deeper = self.collections.last().is_none_or(|collection| self.column > *collection);
        let continues = std::mem::take(&mut self.unfinished) && deeper;
        if !continues {
            self.leave_collections(self.column);
        }
        self.state = match first {
            Some(of @ ('-' | '.')) if self.column == 0 => {
                self.node = Some(0);
                State::Marker { of, count: 1, continues }
            }
            _ if continues => {
                self.node = Some(self.column);
                State::Plain
            }
            _ => State::Start,
        };
    }

    fn leave_collections(&mut self, column: usize) {
        while self.collections.last().is_some_and(|collection| *collection >= column) {
            self.collections.pop();
        }
    }

    /// A character where a node may begin.
    fn start(&mut self, character: char) {
        let blank_before = matches!(self.before, ' ' | '\t' | '\n');
        let flow = self.flow > 0;
        let next = match character {
            ' ' | '\t' => return,
            ',' if flow => {
                self.node = None;
                self.state = State::Start;
                return;
            }
            ']' | '}' if flow => {
                self.flow -= 1;
                self.action = None;
                self.node = if self.flow == 0 { self.outermost.take() } else { None };
                State::After { colon: false }
            }
            '[' | '{' => {
                if !flow {
                    self.outermost = Some(self.node.unwrap_or(self.column));
                }
                self.flow += 1;
                State::Start
            }
            '"' => State::Double,
            '\'' => State::Single,
            '#' if blank_before => {
                self.interrupted = State::Start;
                State::Comment
            }
            '%' if self.column == 0 => State::Comment,
            '&' | '!' | '*' => State::Property,
            '|' | '>' if !flow => {
                self.block = Some(Block { parent: self.collections.last().copied(), indent: None });
                State::Head
            }
            '-' | '?' | ':' => State::Indicator(character),
            _ => State::Plain,
        };
        self.state = next;
        if matches!(next, State::Double | State::Single) {
            self.later_line = false;
            self.action = None;
        }
        if next != State::Comment {
            self.node.get_or_insert(self.column);
        }
    }

    fn indicator(&mut self, first: char, character: char) {
        if matches!(character, ' ' | '\t') {
            self.indicated(first);
        } else {
            self.state = State::Plain;
            self.plain(character);
        }
    }

    /// `-`, `?` or `:` stood alone.
    fn indicated(&mut self, first: char) {
        let column = self.node.take().unwrap_or(self.column);
        self.state = State::Start;
        if self.flow == 0 {
            self.collection(column);
        } else if first == '-' {
            self.state = State::Plain;
        }
    }

    fn marker(&mut self, of: char, count: u8, continues: bool, character: char) {
        if character == of && count < 3 {
            self.state = State::Marker { of, count: count + 1, continues };
        } else if matches!(character, ' ' | '\t') {
            self.marked(of, count, continues);
        } else {
            self.state = State::Plain;
            self.plain(character);
        }
    }

    /// A word of `-` or of `.` began the line.
    fn marked(&mut self, of: char, count: u8, continues: bool) {
        match (of, count) {
            (_, 3) => {
                self.collections.clear();
                self.node = None;
                // After `...` nothing may follow but a comment.
                self.state = if of == '-' { State::Start } else { State::Comment };
            }
            ('-', 1) if !continues => self.indicated('-'),
            _ => self.state = State::Plain,
        }
    }

    /// A block collection has an entry in this column.
    fn collection(&mut self, column: usize) {
        self.leave_collections(column);
        self.collections.push(column);
    }

    fn plain(&mut self, character: char) {
        let blank_before = matches!(self.before, ' ' | '\t' | '\n');
        if matches!(character, ' ' | '\t') && self.before == ':' {
            self.key();
        } else if character == '#' && blank_before {
            self.interrupted = State::After { colon: false };
            self.action = None;
            self.state = State::Comment;
        } else if self.flow > 0 && is_flow(character) {
            self.start(character);
        }
    }

    /// A `:` made a key of what stands before it.
    fn key(&mut self) {
        let column = self.node.take().unwrap_or(self.column);
        if self.flow == 0 {
            self.collection(column);
        }
        self.state = State::Start;
    }

    fn after(&mut self, colon: bool, character: char) -> Result<(), TemplateError> {
        let blank_before = matches!(self.before, ' ' | '\t' | '\n');
        match character {
            ' ' | '\t' if colon => self.key(),
            ' ' | '\t' => {}
            '#' if blank_before && !colon => {
                self.interrupted = State::After { colon: false };
                self.state = State::Comment;
            }
            ',' | ']' | '}' if self.flow > 0 => self.start(character),
            ':' if !colon => self.state = State::After { colon: true },
            // `{"a":"b"}`: after quotes the colon needs no blank.
            _ if colon && self.flow > 0 => {
                self.node = None;
                self.start(character);
            }
            _ => {
                if let Some(spot) = self.action {
                    return Err(spot.error(TemplateProblem::UnsafeInYaml { place: YamlPlace::BesideAnother }));
                }
                self.state = State::Plain;
            }
        }
        Ok(())
    }

    fn line_break(&mut self) -> Result<(), TemplateError> {
        if self.state == State::SingleQuote {
            self.state = State::After { colon: false };
            self.action = None;
        }
        match self.state {
            State::Indicator(first) => self.indicated(first),
            State::Marker { of, count, continues } => self.marked(of, count, continues),
            State::After { colon: true } => self.key(),
            State::Plain if self.before == ':' => self.key(),
            _ => {}
        }
        let outside = self.flow == 0;
        self.state = match self.state {
            // The blanks around a line break in quotes are folded: those of a value would be lost.
            State::Single => {
                if let Some(spot) = self.action {
                    return Err(spot.error(TemplateProblem::UnsafeInYaml { place: YamlPlace::SingleQuotes }));
                }
                self.later_line = true;
                State::Single
            }
            State::Double | State::DoubleEscape => {
                self.later_line = true;
                State::Double
            }
            State::Plain if outside => {
                self.unfinished = true;
                State::LineStart
            }
            _ if outside => State::LineStart,
            State::Comment => self.interrupted,
            State::Property => State::Start,
            same => same,
        };
        Ok(())
    }
}

/// What stands between double quotes: blanks at the edges as escapes, because beside a line break they would be folded.
fn double(text: &str, out: &mut Limited) -> Result<(), TemplateProblem> {
    const BLANK: &str = "\\u0020";
    let (first, rest) = text.strip_prefix(' ').map_or(("", text), |rest| (BLANK, rest));
    let (middle, last) = rest.strip_suffix(' ').map_or((rest, ""), |middle| (middle, BLANK));
    out.push_str(first)?;
    escape::yaml_inner(middle, out)?;
    out.push_str(last)
}

fn is_plain(text: &str) -> bool {
    text.chars().all(escape::is_yaml_plain)
}

fn is_break(character: char) -> bool {
    matches!(character, '\n' | '\r')
}

/// What ends a text without quotes in `[]` and `{}`.
fn is_flow(character: char) -> bool {
    matches!(character, ',' | '[' | ']' | '{' | '}')
}
