//! A provider of one tool, `count_words`, which agents call with `{"text": "…"}`.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: {
        id: "local.example-plugin",
        name: "Example Plugin",
        version: env!("CARGO_PKG_VERSION"),
        author: "The authors of Example Plugin",
        description: "A tool that counts the words of a text.",
        license: "Apache-2.0",
    },
    capabilities: [PluginCapability::ToolProvider { tool_name: "count_words" }],
}

/// Counts the words of a text.
#[derive(Default)]
struct CountWords;

impl ToolPlugin for CountWords {
    fn describe(&self) -> ToolDescription {
        ToolDescription {
            name: "count_words".to_owned(),
            description: "Counts the words of a text: what white space separates.".to_owned(),
            parameters: json!({
                "type": "object",
                "required": ["text"],
                "additionalProperties": false,
                "properties": { "text": { "type": "string", "description": "Any text" } },
            }),
        }
    }

    fn validate_params(&self, params: &HashMap<String, Value>) -> Result<(), PluginError> {
        text_of(params).map(drop)
    }

    fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError> {
        let words = text_of(&params)?.split_ascii_whitespace().count();
        log_info(format!("{words} words"));
        Ok(json!({ "words": words }))
    }
}

/// The one parameter.
fn text_of(params: &HashMap<String, Value>) -> Result<&str, PluginError> {
    if let Some(other) = params.keys().find(|name| *name != "text") {
        return err(ErrorCode::InvalidInput, format!("`{other}` is not known: `text` is the only parameter"));
    }
    match params.get("text") {
        Some(Value::String(text)) => Ok(text),
        Some(_) => err(ErrorCode::InvalidInput, "`text` must be a string"),
        None => err(ErrorCode::InvalidInput, "`text` is missing: give {\"text\": \"…\"}"),
    }
}

tool_plugin!(CountWords);

#[cfg(test)]
mod tests {
    use super::*;

    fn call(params: Value) -> Result<Value, PluginError> {
        let params = params.as_object().cloned().unwrap_or_default().into_iter().collect();
        CountWords.validate_params(&params)?;
        CountWords.execute(params)
    }

    #[test]
    fn words_are_what_white_space_separates() {
        assert_eq!(call(json!({ "text": "  two\n words " })), Ok(json!({ "words": 2 })));
        assert_eq!(call(json!({ "text": "" })), Ok(json!({ "words": 0 })));
    }

    #[test]
    fn bad_parameters_are_named() {
        for (params, words) in
            [(json!({}), "missing"), (json!({ "text": 1 }), "string"), (json!({ "txt": "" }), "`txt`")]
        {
            let error = call(params).expect_err(words);
            assert!(error.code == ErrorCode::InvalidInput && error.message.contains(words), "{error}");
        }
    }
}
