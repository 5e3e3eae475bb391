//! The second job: a tool that tells the most frequent words of a text, JSON in and JSON out. It owns the work and the form of
//! parameters and result, and refuses to know what tools are called.

use std::collections::HashMap;

use serde_json::{Value, json};

/// The most frequent words of `text`, `top` at most, and how many words there are:
/// `{"distinct": 2, "top": [["the", 3], ["box", 1]], "words": 4}`, words of the same count in the order of their bytes.
pub fn word_frequency(text: &str, top: usize) -> Value {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word).or_default() += 1;
    }
    let (distinct, words) = (counts.len(), counts.values().sum::<u64>());
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable_by(|(word, count), (other, others)| others.cmp(count).then(word.cmp(other)));
    counts.truncate(top);
    json!({ "distinct": distinct, "top": counts, "words": words })
}

/// The same from the parameters' text, `{"text": "…", "top": 5}`.
///
/// # Errors
///
/// What is wrong with the parameters.
pub fn call(params: &str) -> Result<String, String> {
    let params: Value =
        serde_json::from_str(params).map_err(|error| format!("the parameters are not JSON: {error}"))?;
    let text = params["text"].as_str().ok_or("`text` is missing; give the text whose words to count")?;
    let top = params["top"].as_u64().ok_or("`top` is missing; give the number of words to tell")?;
    Ok(word_frequency(text, usize::try_from(top).unwrap_or(usize::MAX)).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_come_first_and_equals_in_order() {
        let result = call(r#"{ "text": "b a ä b\na c", "top": 3 }"#);
        let result: Value = serde_json::from_str(&result.unwrap_or_default()).unwrap_or_default();
        assert_eq!(result, json!({ "distinct": 4, "top": [["a", 2], ["b", 2], ["c", 1]], "words": 6 }));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (params, said) in [("[", "not JSON"), ("{}", "`text`"), (r#"{"text": "a"}"#, "`top`")] {
            assert!(call(params).is_err_and(|error| error.contains(said)), "{params}");
        }
    }
}
