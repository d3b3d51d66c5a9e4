//! What the index is asked for a needle.

/// What the index is asked. Everything that holds the needle is in the answer, and other things, too.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// An expression of FTS5: these trigrams, all of them.
    Match {
        /// With every trigram, up to [`MOST`]: few answers for a needle that few texts hold.
        narrow: String,
        /// With as few as cover the needle: answers quickly when many texts hold it.
        wide: String,
    },
    /// The trigrams from this one up to this one: those that begin with one or two characters.
    Terms(String, String),
    /// The index says nothing about the needle.
    Nothing,
}

/// A longer expression finds hardly less and costs more.
const MOST: usize = 16;

/// FTS5's tokenizer does not see this one.
const SKIPPED: char = '\0';
/// What FTS5 takes for the two code points that are no characters.
const REPLACED: char = '\u{fffd}';

pub(super) fn question(needle: &str) -> Question {
    // What stands between skipped characters stands together in the index.
    let pieces: Vec<Vec<char>> = needle.split(SKIPPED).map(|piece| piece.chars().collect()).collect();
    let of = |piece: &Vec<char>| piece.windows(3).map(|gram| gram.iter().collect::<String>()).collect::<Vec<_>>();
    let all: Vec<String> = pieces.iter().flat_map(of).collect();
    if !all.is_empty() {
        let cover: Vec<String> = pieces.iter().map(of).flat_map(|grams| every_third(&grams)).collect();
        return Question::Match { narrow: expression(spread(&all, MOST)), wide: expression(spread(&cover, MOST / 2)) };
    }
    let longest: String = pieces.iter().max_by_key(|piece| piece.len()).into_iter().flatten().collect();
    if longest.is_empty() {
        return Question::Nothing;
    }
    let first = longest.replace(['\u{fffe}', '\u{ffff}'], &REPLACED.to_string());
    // Behind every trigram that begins so: no character is higher.
    let last = format!("{first}{}{}", char::MAX, char::MAX);
    Question::Terms(first, last)
}

/// Trigrams that cover the piece which these are the trigrams of.
fn every_third(grams: &[String]) -> Vec<String> {
    let last = grams.len().saturating_sub(1);
    grams
        .iter()
        .enumerate()
        .filter(|(index, _)| index % 3 == 0 || *index == last)
        .map(|(_, gram)| gram.clone())
        .collect()
}

/// As many as that, the first and others at even distances.
fn spread(grams: &[String], most: usize) -> impl Iterator<Item = &String> {
    grams.iter().step_by(grams.len().div_ceil(most).max(1))
}

fn expression<'a>(grams: impl Iterator<Item = &'a String>) -> String {
    let quoted: Vec<String> = grams.map(|gram| format!("\"{}\"", gram.replace('"', "\"\""))).collect();
    quoted.join(" AND ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c7_what_is_asked_for_a_needle() {
        let matching = |narrow: &str, wide: &str| Question::Match { narrow: narrow.into(), wide: wide.into() };
        assert_eq!(question("abc"), matching("\"abc\"", "\"abc\""));
        assert_eq!(question("abcde"), matching("\"abc\" AND \"bcd\" AND \"cde\"", "\"abc\" AND \"cde\""));
        assert_eq!(question("a\"*c"), matching("\"a\"\"*\" AND \"\"\"*c\"", "\"a\"\"*\" AND \"\"\"*c\""));
        assert_eq!(question("ab\0cde"), matching("\"cde\"", "\"cde\""));
        assert_eq!(question("a\0bc"), Question::Terms("bc".into(), "bc\u{10ffff}\u{10ffff}".into()));
        assert_eq!(question("\u{ffff}"), Question::Terms("\u{fffd}".into(), "\u{fffd}\u{10ffff}\u{10ffff}".into()));
        assert_eq!(question("\0"), Question::Nothing);
        let Question::Match { narrow, wide } = question(&"0123456789".repeat(1_000)) else { panic!() };
        assert!(narrow.len() + wide.len() < 400);
    }
}
