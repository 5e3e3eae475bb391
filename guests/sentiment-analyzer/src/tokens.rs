//! Cuts a text into sentences and these into tokens: words, emoticons, emoji, and the phrases that count as one. It
//! knows where things begin and end, and nothing of what they say.

use crate::lexicon::{self, Entry};

/// A sentence is cut after this many tokens, full stop or not: it bounds the memory that a text takes.
const LONGEST_SENTENCE: usize = 512;

/// What follows a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The next token.
    #[default]
    Nothing,
    /// A comma, or what parts clauses like one.
    Clause,
    /// The end of the sentence.
    Sentence,
}

/// A word, an emoticon, an emoji or a phrase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'t> {
    text: &'t str,
    /// What is known of it.
    pub(crate) entry: Entry,
    /// Whether it is written in capitals.
    pub(crate) shouted: bool,
    /// What follows it.
    pub(crate) ending: Ending,
}

/// Calls `each` with the tokens of every sentence; none for a text of white space.
pub(crate) fn sentences<'t>(text: &'t str, mut each: impl FnMut(&[Token<'t>])) {
    let mut sentence = Vec::with_capacity(32);
    let mut finish = |sentence: &mut Vec<Token<'t>>| {
        if !sentence.is_empty() {
            join_phrases(sentence);
            each(sentence);
            sentence.clear();
        }
    };
    for chunk in text.split_whitespace() {
        tokenize(chunk, &mut |token| {
            sentence.push(token);
            if token.ending == Ending::Sentence || sentence.len() == LONGEST_SENTENCE {
                finish(&mut sentence);
            }
        });
    }
    finish(&mut sentence);
}

/// Whether a text has words in capitals among others, so that capitals mean emphasis.
pub(crate) fn mixes_capitals(text: &str) -> bool {
    let (mut shouted, mut quiet) = (false, false);
    text.split_whitespace().any(|chunk| {
        if is_shouted(chunk) {
            shouted = true;
        } else {
            quiet = true;
        }
        shouted && quiet
    })
}

/// What stands between two white spaces: mostly a token; several if there are emoji in it, or punctuation that parts
/// words without a space ("good,but slow").
fn tokenize<'t>(chunk: &'t str, each: &mut impl FnMut(Token<'t>)) {
    if chunk.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        let shouted = !chunk.bytes().any(|byte| byte.is_ascii_lowercase());
        let entry = lexicon::word(chunk).unwrap_or_default();
        return each(Token { text: chunk, entry, shouted, ending: Ending::Nothing });
    }
    if chunk.is_ascii() {
        return part(chunk, each);
    }
    let mut start = 0;
    for (at, symbol) in chunk.char_indices() {
        let after = at + symbol.len_utf8();
        let joiner = matches!(symbol, '\u{200d}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
        let entry = if symbol.is_ascii() || joiner { None } else { lexicon::emoji(symbol) };
        if joiner || entry.is_some() {
            if start < at {
                part(&chunk[start..at], each);
            }
            start = after;
        }
        if let Some(entry) = entry {
            // What is left of the chunk may be the full stop, and then there is no other token to carry it.
            let rest = chunk[after..].trim_start_matches(['\u{200d}', '\u{fe0f}']);
            let last = rest.chars().all(is_punctuation);
            let ending = if last { ending(rest) } else { Ending::Nothing };
            each(Token { text: &chunk[at..after], entry, shouted: false, ending });
            if last {
                return;
            }
        }
    }
    if start < chunk.len() {
        part(&chunk[start..], each);
    }
}

/// Cuts at punctuation with a letter on either side. Full stops stay: they are in names of hosts and in numbers.
fn part<'t>(chunk: &'t str, each: &mut impl FnMut(Token<'t>)) {
    let parts = |c: char| matches!(c, ',' | ';' | '!' | '?' | '\u{2026}' | '\u{2014}' | '\u{2013}');
    let mut rest = chunk;
    let mut from = 0;
    while let Some(found) = rest[from..].find(parts) {
        let at = from + found;
        let after = rest[at..].find(|c| !parts(c)).map_or(rest.len(), |length| at + length);
        let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        if letter(rest[..at].chars().next_back()) && letter(rest[after..].chars().next()) {
            each(token(&rest[..after]));
            rest = &rest[after..];
            from = 0;
        } else {
            from = after;
        }
    }
    if !rest.is_empty() {
        each(token(rest));
    }
}

fn token(chunk: &str) -> Token<'_> {
    let word = chunk.trim_matches(is_punctuation);
    // What is punctuation for the most part may be an emoticon, also before a full stop.
    if word.chars().nth(2).is_none() {
        let emoticon = chunk.trim_end_matches(['.', ',', '!', '?']);
        for (face, rest) in [(chunk, ""), (emoticon, &chunk[emoticon.len()..])] {
            if let Some(entry) = lexicon::word(face) {
                return Token { text: face, entry, shouted: is_shouted(face), ending: ending(rest) };
            }
        }
    }
    let entry = lexicon::word(word).unwrap_or_default();
    let trailing = &chunk[chunk.trim_end_matches(is_punctuation).len()..];
    Token { text: word, entry, shouted: is_shouted(word), ending: ending(trailing) }
}

fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation()
        || matches!(c, '\u{2018}'..='\u{201f}' | '\u{2026}' | '\u{2013}' | '\u{2014}' | '\u{ab}' | '\u{bb}')
}

fn ending(trailing: &str) -> Ending {
    let mut ending = Ending::Nothing;
    for c in trailing.chars() {
        match c {
            '.' | '!' | '?' | '\u{2026}' => return Ending::Sentence,
            ',' | ';' | ':' | ')' | '\u{2013}' | '\u{2014}' => ending = Ending::Clause,
            _ => {}
        }
    }
    ending
}

fn is_shouted(word: &str) -> bool {
    let mut cased = false;
    for c in word.chars() {
        if c.is_lowercase() {
            return false;
        }
        cased |= c.is_uppercase();
    }
    cased
}

/// Puts one token in the place of every phrase. A phrase does not reach over a comma.
fn join_phrases(sentence: &mut Vec<Token<'_>>) {
    let (mut from, mut to) = (0, 0);
    while let Some(&first) = sentence.get(from) {
        let rest = &sentence[from + 1..];
        let open = usize::from(first.ending == Ending::Nothing) * rest.len();
        let clause = rest.iter().take(open).scan(false, |ended, token| {
            (!std::mem::replace(ended, token.ending != Ending::Nothing)).then_some(token.text)
        });
        let mut joined = first;
        let mut taken = 0;
        if let Some((words, entry)) = lexicon::phrase(first.entry, clause) {
            joined.entry = entry;
            joined.ending = sentence[from + words].ending;
            joined.shouted = sentence[from..=from + words].iter().all(|token| token.shouted);
            taken = words;
        }
        sentence[to] = joined;
        to += 1;
        from += taken + 1;
    }
    sentence.truncate(to);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::Role;

    fn cut(text: &str) -> Vec<Vec<(String, Ending)>> {
        let mut all = Vec::new();
        sentences(text, |tokens| {
            all.push(tokens.iter().map(|token| (token.text.to_owned(), token.ending)).collect());
        });
        all
    }

    fn words(text: &str) -> Vec<Vec<String>> {
        cut(text).into_iter().map(|s| s.into_iter().map(|(word, _)| word).collect()).collect()
    }

    #[test]
    fn sentences_end_at_full_stops_and_not_in_numbers_or_names() {
        assert_eq!(words("It works. Really?! Yes"), [vec!["It", "works"], vec!["Really"], vec!["Yes"]]);
        assert_eq!(words("see 3.14 at www.example.org now"), [["see", "3.14", "at", "www.example.org", "now"]]);
        assert_eq!(words(" \n\t "), Vec::<Vec<String>>::new());
    }

    #[test]
    fn punctuation_without_a_space_parts_words() {
        assert_eq!(words("good,but slow"), [["good", "but", "slow"]]);
        assert_eq!(words("1,000 items"), [["1,000", "items"]]);
        assert_eq!(words("great!awful"), [["great"], ["awful"]]);
    }

    #[test]
    fn emoticons_and_emoji_are_tokens() {
        assert_eq!(words("nice :)."), [["nice", ":)"]]);
        assert_eq!(words("nice👍🏽great"), [["nice", "👍", "great"]]);
        assert_eq!(cut("❤️!"), [[("❤".to_owned(), Ending::Sentence)]]);
    }

    #[test]
    fn phrases_become_one_token() {
        let mut roles = Vec::new();
        sentences("It is by no means good", |tokens| roles.extend(tokens.iter().map(|t| t.entry.role)));
        assert_eq!(roles, [Role::Pronoun, Role::Can, Role::Negate, Role::Plain]);
        assert_eq!(cut("I can\u{2019}t wait!")[0].len(), 2);
        assert_eq!(cut("I can't, wait").concat().len(), 3);
    }

    #[test]
    fn a_sentence_without_end_is_cut() {
        let lengths: Vec<usize> = cut(&"word ".repeat(1_200)).iter().map(Vec::len).collect();
        assert_eq!(lengths, [512, 512, 176]);
    }

    #[test]
    fn capitals_are_emphasis_only_among_others() {
        assert!(mixes_capitals("this is GREAT"));
        assert!(!mixes_capitals("THIS IS GREAT"));
        assert!(!mixes_capitals("this is great"));
        assert!(!mixes_capitals(""));
    }
}
