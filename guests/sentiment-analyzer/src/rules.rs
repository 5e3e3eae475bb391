//! What the words of one sentence are worth together: VADER's rules on emphasis, degree, negation and contrast, and
//! ours where VADER reads plain sentences the wrong way round. It knows one sentence, never the whole text.
//!
//! VADER: C. J. Hutto and E. Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media
//! Text", ICWSM 2014; the constants are its authors' measurements. What differs here:
//!
//! - Nothing reaches over the end of a sentence, nor over a comma, save a list of words of the same kind ("not good,
//!   reliable or cheap").
//! - A comparative under a negation that rules out more is the highest praise, or blame: "never been happier", "could
//!   not be worse", "nothing is better".
//! - A verb of opinion carries its negation into the clause that follows: "I do not think that this is a good idea".
//! - A question that expects a yes does not negate: "Isn't it great?"
//! - "No" is negative as an answer, and a negation before a noun.
//! - "But" weighs within its sentence, or against the one before where it begins one.

use crate::lexicon::Role;
use crate::tokens::{Ending, Token};

/// What a degree word adds.
const DEGREE: f64 = 0.293;
/// What capitals among others add.
const CAPITALS: f64 = 0.733;
/// What a negation makes of a rating: not quite its opposite.
const NEGATION: f64 = -0.74;
/// What "never so" and its like do.
const EXTREME: f64 = 1.25;
/// How many tokens a negation or a degree word reaches.
const REACH: usize = 3;
/// How many tokens lie between a negation and the comparative that it makes a superlative of, at most.
const COMPARATIVE_REACH: usize = 5;
/// How many tokens a verb of opinion carries a negation.
const OPINION_REACH: usize = 8;

/// What a token is worth in its sentence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Worth {
    /// The rating with all that bears on it; 0 for a token without one.
    pub(crate) valence: f64,
    /// The emotions that the token names and that nothing denies, a bit each.
    pub(crate) emotions: u8,
}

/// How two sentences hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// The sentence stands by itself.
    Apart,
    /// It begins with "but": what came before weighs less.
    Contrast,
}

/// Rates the tokens of a sentence, in their order, into `worths`. `emphasis` says that capitals mean something.
pub(crate) fn rate(sentence: &[Token<'_>], emphasis: bool, worths: &mut Vec<Worth>) -> Link {
    worths.clear();
    let mut opinion = None;
    for (at, token) in sentence.iter().enumerate() {
        opinion = opinion_scope(sentence, at, opinion);
        let context = Context { sentence, at, emphasis, opinion };
        let base = context.base();
        let (valence, denied) = if base == 0.0 {
            (0.0, token.entry.emotions != 0 && context.is_denied())
        } else {
            let valence = context.valence(base);
            (valence, valence.signum() != base.signum())
        };
        let emotions = if denied { 0 } else { token.entry.emotions };
        worths.push(Worth { valence, emotions });
    }
    contrast(sentence, worths)
}

/// Halves what stands before the first "but" and adds half to what stands after it.
fn contrast(sentence: &[Token<'_>], worths: &mut [Worth]) -> Link {
    match sentence.iter().position(|token| token.entry.role == Role::But) {
        None => Link::Apart,
        Some(but) => {
            for (at, worth) in worths.iter_mut().enumerate() {
                match at.cmp(&but) {
                    std::cmp::Ordering::Less => worth.valence *= 0.5,
                    std::cmp::Ordering::Equal => {}
                    std::cmp::Ordering::Greater => worth.valence *= 1.5,
                }
            }
            if but == 0 { Link::Contrast } else { Link::Apart }
        }
    }
}

/// Where a negated verb of opinion stands, as long as its clause goes on.
fn opinion_scope(sentence: &[Token<'_>], at: usize, open: Option<usize>) -> Option<usize> {
    if sentence[at].entry.role == Role::Think {
        let before = sentence[..at].iter().enumerate().rev().take(2);
        let negation = before
            .take_while(|(_, token)| token.ending == Ending::Nothing)
            .find(|(at, token)| negates(sentence, *at, token.entry.role));
        if let Some((negation, _)) = negation {
            return Some(negation);
        }
    }
    let since = open?;
    let closed = sentence[at].entry.role == Role::But
        || sentence[since..at].iter().any(|token| token.ending != Ending::Nothing)
        || at - since > OPINION_REACH;
    (!closed).then_some(since)
}

/// Whether the token at `at` is a negation. A contraction that opens a question is none: "Isn't it great?"
fn negates(sentence: &[Token<'_>], at: usize, role: Role) -> bool {
    match role {
        Role::Negate | Role::No | Role::Nothing | Role::Never => true,
        Role::Contracted | Role::Could => {
            let opens = at == 0 || sentence[at - 1].ending != Ending::Nothing;
            let asks = sentence.get(at + 1).is_some_and(|next| next.entry.role == Role::Pronoun);
            !(opens && asks)
        }
        _ => false,
    }
}

/// A token and what bears on it.
struct Context<'s, 't> {
    sentence: &'s [Token<'t>],
    at: usize,
    emphasis: bool,
    opinion: Option<usize>,
}

impl Context<'_, '_> {
    fn role(&self, at: usize) -> Role {
        self.sentence[at].entry.role
    }

    /// The rating of the token, 0 where it stands for something else.
    fn base(&self) -> f64 {
        let token = &self.sentence[self.at];
        let rating = f64::from(token.entry.tenths) / 10.0;
        match token.entry.role {
            Role::No if token.ending == Ending::Nothing && self.at + 1 < self.sentence.len() => 0.0,
            Role::Plain | Role::No | Role::Comparative | Role::Perfect | Role::Think | Role::Enough => rating,
            _ => 0.0,
        }
    }

    fn valence(&self, base: f64) -> f64 {
        let mut valence = base;
        if self.emphasis && self.sentence[self.at].shouted {
            valence += CAPITALS.copysign(valence);
        }
        let superlative = self.superlative();
        for (before, at) in self.reach() {
            // A rated word neither strengthens nor negates.
            if self.sentence[at].entry.tenths != 0 && self.role(at) != Role::No {
                continue;
            }
            valence += self.degree(at, valence) * [1.0, 0.95, 0.9][before];
            if superlative == Some(at) {
                valence += DEGREE.copysign(valence);
            } else if negates(self.sentence, at, self.role(at)) {
                valence *= if self.is_extreme(at) { EXTREME } else { NEGATION };
            } else if self.role(at) == Role::Least && before == 0 {
                valence *= NEGATION;
            }
        }
        match self.opinion {
            Some(negation) if self.at - negation > REACH && superlative != Some(negation) => valence * NEGATION,
            _ => valence,
        }
    }

    /// The tokens before this one that may bear on it, the nearest first, each with how many lie between.
    fn reach(&self) -> impl Iterator<Item = (usize, usize)> {
        let sign = self.sentence[self.at].entry.tenths.signum();
        (0..REACH.min(self.at)).map(|before| (before, self.at - before - 1)).take_while(move |(_, at)| {
            let token = &self.sentence[*at];
            token.ending == Ending::Nothing || (token.entry.tenths != 0 && token.entry.tenths.signum() == sign)
        })
    }

    /// What the degree word at `at` adds to a valence.
    fn degree(&self, at: usize, valence: f64) -> f64 {
        let mut degree = match self.role(at) {
            Role::Boost | Role::So | Role::More => DEGREE,
            Role::Dampen => -DEGREE,
            _ => return 0.0,
        };
        if self.emphasis && self.sentence[at].shouted {
            degree += CAPITALS;
        }
        if valence < 0.0 { -degree } else { degree }
    }

    /// "Never so good": more than good.
    fn is_extreme(&self, at: usize) -> bool {
        self.role(at) == Role::Never
            && (at + 1..self.at).any(|between| matches!(self.role(between), Role::So | Role::This))
    }

    /// Whether a negation reaches the token, for words that have no rating.
    fn is_denied(&self) -> bool {
        self.opinion.is_some() || self.reach().any(|(_, at)| negates(self.sentence, at, self.role(at)))
    }

    /// The negation that makes this comparative the highest of all: "never been happier".
    fn superlative(&self) -> Option<usize> {
        let from = self.at.saturating_sub(COMPARATIVE_REACH);
        let (at, role) = (from..self.at).rev().find_map(|at| {
            let role = self.role(at);
            matches!(role, Role::Could | Role::Never | Role::Nothing)
                .then_some((at, role))
                .or_else(|| (Some(at) == self.opinion).then_some((at, role)))
        })?;
        if self.sentence[at..self.at].iter().any(|token| token.ending != Ending::Nothing) {
            return None;
        }
        let between = |wanted: Role| (at + 1..self.at).any(|between| self.role(between) == wanted);
        let comparative =
            self.role(self.at) == Role::Comparative || (self.at > 0 && self.role(self.at - 1) == Role::More);
        let rules_out_more = match role {
            // "I could not agree more", "I cannot thank you enough", "there is nothing that I like more".
            Role::Could => comparative || self.is_followed_by_more(),
            // "It never gets better" is no praise: the perfect tense makes the difference, or no verb at all.
            Role::Never => comparative && (between(Role::Perfect) || at + 1 == self.at),
            Role::Nothing => (comparative && between(Role::Can)) || self.is_followed_by_more(),
            // "I do not think that I have ever been happier".
            _ => comparative && between(Role::Ever),
        };
        rules_out_more.then_some(at)
    }

    fn is_followed_by_more(&self) -> bool {
        self.sentence[self.at].ending == Ending::Nothing
            && self.sentence[self.at + 1..]
                .iter()
                .take(REACH)
                .any(|token| matches!(token.entry.role, Role::More | Role::Enough))
    }
}
