//! The first job: a signal comes back as it was, with one fact more about it. It owns the signal's plain form, and refuses to
//! know the plugin systems' own forms.

use serde::{Deserialize, Serialize};

/// One signal, as `hal9:plugin/types.signal` has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// The high and the low half of its id.
    pub id: (u64, u64),
    /// The text. May be empty.
    pub content: String,
    /// What sort of signal it is.
    pub signal_type: String,
    /// Facts about it, each name once.
    pub metadata: Vec<(String, String)>,
    /// Milliseconds since the Unix epoch.
    pub timestamp: u64,
}

/// The signal with the number of its words as one more fact, `words`.
pub fn answer(mut signal: Signal) -> Signal {
    let words = count_words(&signal.content).to_string();
    signal.metadata.push(("words".to_owned(), words));
    signal
}

/// How many words there are: what is between white space.
pub fn count_words(text: &str) -> usize {
    text.split_whitespace().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_has_one_fact_more() {
        let signal = Signal {
            content: " Grüße\taus \n 東京 ".to_owned(),
            metadata: vec![("lang".to_owned(), "de".to_owned())],
            ..Signal::default()
        };
        let reply = answer(signal.clone());
        assert_eq!(reply.metadata, [("lang", "de"), ("words", "3")].map(|(name, value)| (name.into(), value.into())));
        assert_eq!((reply.content, count_words("")), (signal.content, 0));
    }
}
