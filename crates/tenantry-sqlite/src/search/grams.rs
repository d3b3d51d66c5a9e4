//! What the index is asked for a needle.

/// What the index can be asked. Everything that holds the needle is in the answer, and other things, too.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// For texts that hold all of these or some of them, quoted as FTS5 wants it: no more than are worth a look.
    Trigrams(Vec<String>),
    /// For texts that hold a trigram from this one up to this one: those that begin with one or two characters.
    Terms(String, String),
    /// The index says nothing about the needle.
    Nothing,
}

/// To look at one costs a few microseconds.
const MOST: usize = 24;

/// FTS5's tokenizer does not see this one.
const SKIPPED: char = '\0';

pub(super) fn question(needle: &str) -> Question {
    let characters: Vec<char> = needle.chars().collect();
    // What stands between skipped characters stands together in the index.
    let trigrams = characters.windows(3).filter(|trigram| !trigram.contains(&SKIPPED));
    let trigrams: Vec<String> = trigrams.map(quoted).collect();
    if !trigrams.is_empty() {
        let distance = trigrams.len().div_ceil(MOST).max(1);
        return Question::Trigrams(trigrams.into_iter().step_by(distance).collect());
    }
    let longest = needle.split(SKIPPED).max_by_key(|piece| piece.chars().count()).unwrap_or_default();
    if longest.is_empty() {
        return Question::Nothing;
    }
    // FTS5 takes the two code points that are no characters for another one.
    let first = longest.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    // Behind every trigram that begins so: no character is higher.
    let last = format!("{first}{}{}", char::MAX, char::MAX);
    Question::Terms(first, last)
}

fn quoted(trigram: &[char]) -> String {
    let text: String = trigram.iter().collect();
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(needle: &str) -> Vec<String> {
        match question(needle) {
            Question::Trigrams(trigrams) => trigrams,
            other => vec![format!("{other:?}")],
        }
    }

    #[test]
    fn c7_what_is_asked_for_a_needle() {
        assert_eq!(asked("abcd"), ["\"abc\"", "\"bcd\""]);
        assert_eq!(asked("a\"*c"), ["\"a\"\"*\"", "\"\"\"*c\""]);
        assert_eq!(asked("ab\0cde"), ["\"cde\""]);
        assert_eq!(question("a\0bc"), Question::Terms("bc".into(), "bc\u{10ffff}\u{10ffff}".into()));
        assert_eq!(question("\u{ffff}"), Question::Terms("\u{fffd}".into(), "\u{fffd}\u{10ffff}\u{10ffff}".into()));
        assert_eq!(question("\0"), Question::Nothing);
        assert!((12..=24).contains(&asked(&"0123456789".repeat(1_000)).len()));
    }
}
