//! Redaction of a text that comes in pieces.

use std::ops::Range;
use std::sync::Arc;
use std::{fmt, io};

use aho_corasick::automaton::StateID;
use zeroize::Zeroizing;

use super::automaton::Automaton;

/// What stands in the place of a value.
const MASK: &[u8] = b"********";

/// Redacts a text that comes in pieces, cut anywhere, also inside a character.
///
/// What comes out is what [`Redactor::redact`](super::Redactor::redact) makes of the whole text. A piece comes out at
/// once, but for an end that may be the beginning of a value; that is held back until it is decided. If the stream is
/// dropped instead of finished, this end is lost.
pub struct RedactionStream {
    automaton: Arc<Automaton>,
    state: StateID,
    held: Held,
    /// What of the held and the new bytes is masked, in order; none of them touch.
    masked: Vec<Masked>,
}

#[derive(Clone, Copy)]
struct Masked {
    start: usize,
    end: usize,
    /// Whether its mask is out already: it began before the bytes that are held.
    written: bool,
}

impl RedactionStream {
    pub(super) fn new(automaton: Arc<Automaton>) -> Self {
        let state = automaton.start();
        Self { automaton, state, held: Held::default(), masked: Vec::new() }
    }

    /// Takes the next piece; answers what is decided.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let held = self.held.bytes().len();
        let masked = &mut self.masked;
        self.state = self.automaton.read(self.state, piece, |end, length| {
            let end = held + end;
            let mut found = Masked { start: end.saturating_sub(length), end, written: false };
            while let Some(other) = masked.pop_if(|other| other.end >= found.start) {
                found.start = found.start.min(other.start);
                found.written |= other.written;
            }
            masked.push(found);
        });
        let decided = (held + piece.len()).saturating_sub(self.automaton.depth(self.state));
        let out = self.write(piece, decided);
        self.held.advance(decided, piece);
        // The last one stays even when it ends here: a value that touches it is united with it.
        self.masked.retain_mut(|masked| {
            let stays = masked.end >= decided;
            masked.written |= masked.start < decided;
            masked.start = masked.start.saturating_sub(decided);
            masked.end = masked.end.saturating_sub(decided);
            stays
        });
        out
    }

    /// Ends the text; answers what was held back.
    pub fn finish(self) -> Vec<u8> {
        self.write(&[], self.held.bytes().len())
    }

    /// The held bytes and the piece, up to where they are decided.
    fn write(&self, piece: &[u8], decided: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(decided);
        let mut next = 0;
        for masked in self.masked.iter().take_while(|masked| masked.start < decided || masked.written) {
            self.copy(piece, next..masked.start, &mut out);
            if !masked.written {
                out.extend_from_slice(MASK);
            }
            next = masked.end;
        }
        self.copy(piece, next..decided, &mut out);
        out
    }

    fn copy(&self, piece: &[u8], range: Range<usize>, out: &mut Vec<u8>) {
        let held = self.held.bytes();
        let split = held.len();
        out.extend_from_slice(held.get(range.start.min(split)..range.end.min(split)).unwrap_or_default());
        let range = range.start.saturating_sub(split)..range.end.saturating_sub(split);
        out.extend_from_slice(piece.get(range).unwrap_or_default());
    }
}

impl fmt::Debug for RedactionStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedactionStream([REDACTED])")
    }
}

/// Bytes that may be the beginning of a value. They never come to lie in a buffer that grows.
#[derive(Default)]
struct Held {
    buffer: Zeroizing<Vec<u8>>,
    /// Where they begin; what stands before is done.
    start: usize,
}

impl Held {
    fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Passes so many of the held bytes and of the piece; holds the rest of both.
    fn advance(&mut self, count: usize, piece: &[u8]) {
        let held = self.bytes().len();
        let rest = piece.get(count.saturating_sub(held)..).unwrap_or_default();
        self.start += count.min(held);
        if self.bytes().is_empty() {
            self.buffer.clear();
            self.start = 0;
        }
        if self.buffer.len() + rest.len() > self.buffer.capacity() {
            // Twice the need, so that moving costs no more than the bytes that come in.
            let mut buffer = Zeroizing::new(Vec::with_capacity(2 * (self.bytes().len() + rest.len())));
            buffer.extend_from_slice(self.bytes());
            *self = Self { buffer, start: 0 };
        }
        self.buffer.extend_from_slice(rest);
    }
}

/// Writes to another writer what a [`RedactionStream`] leaves of what is written to it.
///
/// [`finish`](Self::finish) it: an end that is held back is neither flushed nor written on drop.
#[derive(Debug)]
pub struct RedactingWriter<W> {
    stream: RedactionStream,
    inner: W,
}

impl<W: io::Write> RedactingWriter<W> {
    pub(super) fn new(stream: RedactionStream, inner: W) -> Self {
        Self { stream, inner }
    }

    /// Writes what was held back, flushes, and answers the other writer.
    ///
    /// # Errors
    ///
    /// Those of the other writer.
    pub fn finish(self) -> io::Result<W> {
        let Self { stream, mut inner } = self;
        inner.write_all(&stream.finish())?;
        inner.flush()?;
        Ok(inner)
    }
}

impl<W: io::Write> io::Write for RedactingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write_all(&self.stream.push(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
