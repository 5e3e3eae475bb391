//! The parameters of the tool: which there are, and what is said of those that are wrong. It knows nothing of words.

use hal9_plugin_sdk::{ErrorCode, HashMap, PluginError, Value, err};

/// The text and how many keywords it may have: `limit`, or what stands for it where it was left out.
///
/// # Errors
/// `invalid-input` for what the schema of the tool refuses, naming the parameter.
pub(crate) fn read(params: &HashMap<String, Value>, default: usize) -> Result<(&str, usize), PluginError> {
    // The first in the order of names, so that the same call is always told the same.
    if let Some(unknown) = params.keys().filter(|name| !["text", "limit"].contains(&name.as_str())).min() {
        return err(ErrorCode::InvalidInput, format!("there is no parameter `{unknown}`; there are text and limit"));
    }
    let text = match params.get("text") {
        Some(Value::String(text)) => text,
        Some(_) => return err(ErrorCode::InvalidInput, "`text` must be a text"),
        None => return err(ErrorCode::InvalidInput, "`text` is missing: the text whose keywords to find"),
    };
    let Some(limit) = params.get("limit").map_or(Some(default), limit) else {
        return err(ErrorCode::InvalidInput, "`limit` must be a whole number from 1 to 100");
    };
    Ok((text, limit))
}

/// A whole number from 1 to 100. 3.0 is what some languages write for 3.
pub(crate) fn limit(value: &Value) -> Option<usize> {
    let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
    (1.0..=100.0).contains(&number).then_some(number as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hal9_plugin_sdk::json;

    fn told(params: Value) -> Result<(String, usize), String> {
        let params: HashMap<_, _> =
            params.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
        read(&params, 5).map(|(text, limit)| (text.to_owned(), limit)).map_err(|error| error.message)
    }

    #[test]
    fn a_text_and_a_limit_are_read() {
        assert_eq!(told(json!({ "text": "" })), Ok((String::new(), 5)));
        assert_eq!(told(json!({ "text": "a", "limit": 3.0 })), Ok(("a".to_owned(), 3)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (params, name) in [
            (json!({}), "`text`"),
            (json!({ "text": 1 }), "`text`"),
            (json!({ "text": null }), "`text`"),
            (json!({ "text": "a", "limit": 0 }), "`limit`"),
            (json!({ "text": "a", "limit": 101 }), "`limit`"),
            (json!({ "text": "a", "limit": 1.5 }), "`limit`"),
            (json!({ "text": "a", "limit": "3" }), "`limit`"),
            (json!({ "text": "a", "limit": null }), "`limit`"),
            (json!({ "text": "a", "limit": true }), "`limit`"),
            (json!({ "text": "a", "z": 1, "most": 1 }), "`most`"),
        ] {
            assert!(told(params.clone()).is_err_and(|message| message.contains(name)), "{params}");
        }
    }
}
