//! The automaton that finds all forms in one pass.

use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::nfa::contiguous::NFA;

use super::forms::Form;

/// All forms, and how much of an incomplete one has been read in each state.
///
/// The contiguous NFA keeps every byte of a form beside the number of the next state, and so does what it is built from:
/// none of both ever has a form in one piece. Prefilters would, so there is none.
pub(super) struct Automaton {
    nfa: NFA,
    start: StateID,
    depths: Vec<(StateID, usize)>,
}

impl Automaton {
    /// Of forms in order, each once. Nothing when they have more states than the automaton can number.
    pub(super) fn new(forms: &[Form]) -> Option<Self> {
        let nfa = NFA::builder().prefilter(false).build(forms.iter().map(|form| form.as_slice())).ok()?;
        let start = nfa.start_state(Anchored::No).ok()?;
        let mut depths = Vec::with_capacity(forms.iter().map(|form| form.len()).sum());
        for form in forms {
            let mut state = start;
            depths.extend(form.iter().zip(1..).map(|(byte, depth)| {
                state = nfa.next_state(Anchored::No, state, *byte);
                (state, depth)
            }));
        }
        depths.sort_unstable();
        depths.dedup();
        depths.shrink_to_fit();
        let mut automaton = Self { nfa, start, depths };
        automaton.release_complete(forms);
        Some(automaton)
    }

    /// A complete form that no longer one begins with waits for nothing: what may go on is the longest end of it that is the
    /// beginning of another. The short forms first, for that end may be a complete form too.
    fn release_complete(&mut self, forms: &[Form]) {
        let following = forms.iter().skip(1).map(Some).chain([None]);
        let mut complete: Vec<&Form> = forms
            .iter()
            .zip(following)
            .filter(|(form, next)| !next.is_some_and(|next| next.starts_with(form)))
            .map(|(form, _)| form)
            .collect();
        complete.sort_by_key(|form| form.len());
        for form in complete {
            let end = self.read(self.start, form.get(1..).unwrap_or_default(), |_, _| {});
            let depth = self.depth(end);
            let state = self.read(self.start, form, |_, _| {});
            if let Ok(index) = self.find(state)
                && let Some(entry) = self.depths.get_mut(index)
            {
                entry.1 = depth;
            }
        }
    }

    pub(super) fn start(&self) -> StateID {
        self.start
    }

    /// Reads on; tells of each place where a form ends, and the length of the longest that ends there.
    pub(super) fn read(&self, mut state: StateID, bytes: &[u8], mut found: impl FnMut(usize, usize)) -> StateID {
        for (byte, end) in bytes.iter().zip(1..) {
            state = self.nfa.next_state(Anchored::No, state, *byte);
            if self.nfa.is_special(state) && self.nfa.is_match(state) {
                // The first is the longest: the others are ends of it.
                found(end, self.nfa.pattern_len(self.nfa.match_pattern(state, 0)));
            }
        }
        state
    }

    /// How many of the bytes that were read last may still become part of a form.
    pub(super) fn depth(&self, state: StateID) -> usize {
        self.find(state).ok().and_then(|index| self.depths.get(index)).map_or(0, |(_, depth)| *depth)
    }

    fn find(&self, state: StateID) -> Result<usize, usize> {
        self.depths.binary_search_by_key(&state, |(state, _)| *state)
    }
}
