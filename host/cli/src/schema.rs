//! Owns what the JSON Schema of a configuration tells people about one member: its description, its type, whether it is a
//! secret. It refuses to judge values: that is the host's.

use serde_json::{Map, Value};

use crate::secrets::Reference;

/// So often one reference of a schema may lead to another.
const REFERENCES: usize = 16;

/// What stands in place of a secret that somebody wrote down in plain text.
const HIDDEN: &str = "$hidden";

/// A schema, or the part of it that is about one member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema<'a> {
    root: &'a Value,
    here: &'a Value,
}

impl<'a> Schema<'a> {
    pub(crate) fn new(root: &'a Value) -> Self {
        Self { root, here: root }
    }

    /// What is said of the member of an object; none, where nothing is.
    pub(crate) fn member(self, name: &str) -> Option<Self> {
        Some(Self { here: self.get("properties")?.get(name)?, ..self })
    }

    /// The members that are said anything of.
    pub(crate) fn members(self) -> impl Iterator<Item = (&'a str, Self)> {
        let properties = self.get("properties").and_then(Value::as_object).into_iter().flatten();
        properties.map(move |(name, here)| (name.as_str(), Self { here, ..self }))
    }

    /// What a member is for, in its author's words.
    pub(crate) fn description(self) -> Option<&'a str> {
        self.get("description").or_else(|| self.get("title")).and_then(Value::as_str)
    }

    /// Whether it is a secret: something to be written and never to be read back.
    pub(crate) fn is_secret(self) -> bool {
        self.get("writeOnly").and_then(Value::as_bool).unwrap_or_default()
    }

    /// Lines of TOML for the members that must be there and are not, with values to be replaced.
    pub(crate) fn missing(self, config: &Value) -> Vec<String> {
        let required = self.get("required").and_then(Value::as_array).into_iter().flatten();
        let missing = required.filter_map(Value::as_str).filter(|name| config.get(name).is_none());
        let line = |name: &str| {
            let member = self.member(name);
            let value = match member.and_then(|member| member.get("type")).and_then(Value::as_str) {
                _ if member.is_some_and(Self::is_secret) => "{ \"$env\" = \"NAME\" }",
                Some("integer" | "number") => "0",
                Some("boolean") => "false",
                Some("array") => "[]",
                Some("object") => "{}",
                _ => "\"…\"",
            };
            format!("{} = {value}", toml_edit::Key::new(name).to_string().trim())
        };
        missing.map(line).collect()
    }

    /// What a value is written as that is not in JSON's quotes; none, where the schema does not say.
    pub(crate) fn form(self) -> Option<&'static str> {
        match self.get("type")?.as_str()? {
            "integer" => Some("a whole number, such as 5"),
            "number" => Some("a number, such as 0.5"),
            "boolean" => Some("true or false"),
            "array" => Some("a list in JSON, such as '[\"a\", \"b\"]'"),
            "object" => Some("a table in JSON, such as '{\"a\": 1}', or set its members one by one"),
            _ => None,
        }
    }

    /// Whether a text is meant as it is, without the quotes of JSON: where text is the only thing that is allowed, or where it
    /// is one of those that are.
    pub(crate) fn takes_text(self, text: &str) -> bool {
        let is_string = |kind: &Value| kind == "string" || kind == "null";
        match (self.get("type"), self.get("enum").and_then(Value::as_array)) {
            (Some(Value::Array(kinds)), _) => kinds.iter().all(is_string) && kinds.iter().any(|kind| kind == "string"),
            (Some(kind), _) => kind == "string",
            (None, Some(allowed)) => allowed.iter().all(Value::is_string) || allowed.iter().any(|value| value == text),
            (None, None) => false,
        }
    }

    /// A keyword, of the schema itself or of one that it refers to.
    fn get(self, keyword: &str) -> Option<&'a Value> {
        let mut here = self.here;
        for _ in 0..REFERENCES {
            if let Some(value) = here.get(keyword) {
                return Some(value);
            }
            here = self.root.pointer(here.get("$ref")?.as_str()?.strip_prefix('#')?)?;
        }
        None
    }
}

/// A configuration as people may see it: what is a secret and stands there in plain text is hidden.
pub(crate) fn shown(schema: Option<Schema<'_>>, config: &Value) -> Value {
    if Reference::of(config).is_some() {
        return config.clone();
    }
    if schema.is_some_and(Schema::is_secret) {
        return Value::Object(Map::from_iter([(HIDDEN.to_owned(), Value::Bool(true))]));
    }
    match config {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), shown(schema.and_then(|schema| schema.member(name)), value)))
            .collect(),
        Value::Array(items) => {
            let each = schema.and_then(|schema| Some(Schema { here: schema.get("items")?, ..schema }));
            items.iter().map(|item| shown(each, item)).collect()
        }
        other => other.clone(),
    }
}

/// Whether a value is what [`shown`] puts in place of a secret.
pub(crate) fn is_hidden(value: &Value) -> bool {
    value.as_object().is_some_and(|members| members.len() == 1 && members.contains_key(HIDDEN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        let schema = json!({
            "properties": {"key": {"$ref": "#/$defs/secret", "description": "d"}, "users": {"items": {"properties": {"password": {"writeOnly": true}}}}},
            "$defs": {"secret": {"type": "string", "writeOnly": true}},
        });
        let config = json!({"key": "k", "users": [{"name": "n", "password": "p"}], "other": {"$env": "X"}});
        let expected = json!({
            "key": {"$hidden": true},
            "users": [{"name": "n", "password": {"$hidden": true}}],
            "other": {"$env": "X"},
        });
        assert_eq!(shown(Some(Schema::new(&schema)), &config), expected);
        assert_eq!(shown(None, &config), config, "nobody says what is a secret");
        assert_eq!(shown(Some(Schema::new(&schema)), &json!({"key": {"$env": "K"}})), json!({"key": {"$env": "K"}}));
    }

    #[test]
    fn text_is_text_where_nothing_else_is_allowed() {
        let takes = |schema: Value| Schema::new(&schema).takes_text("12");
        assert!(takes(json!({"type": "string"})) && takes(json!({"type": ["string", "null"]})));
        assert!(
            takes(json!({"enum": ["12", 1]})) && takes(json!({"enum": ["1"]})) && !takes(json!({"enum": ["1", 12]}))
        );
        assert!(!takes(json!({"type": ["string", "integer"]})) && !takes(json!({})) && !takes(json!({"type": "null"})));
    }

    #[test]
    fn references_in_a_circle_end() {
        let schema = json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}});
        assert!(Schema::new(&schema).member("x").is_none());
    }
}
