//! Owns values that fit a JSON Schema, as far as its usual words say what fits. It refuses to be complete: what fits a schema of every
//! sort is a search, and whoever uses this looks at what the plugin says of it.

use serde_json::{Map, Value, json};

/// How deep a schema is followed into itself.
const DEPTH: usize = 8;

/// A small value that fits: an example or a default where the schema has one, and of an object the members that it must have.
pub(super) fn sample(schema: &Value) -> Value {
    value(schema, schema, DEPTH)
}

fn value(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    let given = [&schema["const"], &schema["default"], &schema["examples"][0], &schema["enum"][0]];
    if let Some(given) = given.into_iter().find(|given| !given.is_null()) {
        return given.clone();
    }
    if let Some(at) = schema["$ref"].as_str().and_then(|name| name.strip_prefix('#')) {
        return root.pointer(at).map_or(Value::Null, |schema| value(schema, root, depth - 1));
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        if schema.get("type").is_none() && schema[choice][0].is_object() {
            return value(&schema[choice][0], root, depth - 1);
        }
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match kind.unwrap_or(if schema["properties"].is_object() { "object" } else { "string" }) {
        "object" => object(schema, root, depth),
        "array" => {
            let least = schema["minItems"].as_u64().unwrap_or(0).min(100);
            (0..least).map(|_| value(&schema["items"], root, depth - 1)).collect()
        }
        "string" => string(schema),
        "integer" => json!(number(schema).ceil() as i64),
        "number" => json!(number(schema)),
        "boolean" => json!(false),
        _ => Value::Null,
    }
}

fn object(schema: &Value, root: &Value, depth: usize) -> Value {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let member = |name: &str| (name.to_owned(), value(&schema["properties"][name], root, depth - 1));
    Value::Object(required.map(member).collect::<Map<_, _>>())
}

fn string(schema: &Value) -> Value {
    let text = match schema["format"].as_str() {
        Some("uri" | "url" | "iri") => "https://example.org/",
        Some("date") => "2026-01-31",
        Some("date-time") => "2026-01-31T12:00:00Z",
        Some("email") => "ada@example.org",
        Some("uuid") => "67e55044-10b1-426f-9247-bb680e5fe0c8",
        _ => "text",
    };
    let length = |name: &str| schema[name].as_u64().and_then(|length| usize::try_from(length).ok());
    let least = length("minLength").unwrap_or(0).min(10_000);
    let most = length("maxLength").unwrap_or(usize::MAX);
    let padded = text.chars().chain(std::iter::repeat_n('x', least.saturating_sub(text.chars().count())));
    padded.take(most).collect::<String>().into()
}

fn number(schema: &Value) -> f64 {
    let of = |name: &str| schema[name].as_f64();
    let least = of("minimum").or_else(|| of("exclusiveMinimum").map(|least| least + 1.0));
    let most = of("maximum").or_else(|| of("exclusiveMaximum").map(|most| most - 1.0));
    match (least, most) {
        (Some(least), _) => least.max(1.0).min(most.unwrap_or(f64::MAX)),
        (None, Some(most)) => most.min(1.0),
        (None, None) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_fits() {
        let schemas = [
            json!({"type": "object", "required": ["a", "b"], "properties": {
                "a": {"type": "string", "minLength": 6, "maxLength": 8},
                "b": {"type": "integer", "minimum": 3, "maximum": 3},
                "c": {"type": "string"},
            }}),
            json!({"type": "object", "required": ["x"], "properties": {"x": {"$ref": "#/$defs/x"}},
                "$defs": {"x": {"type": "array", "minItems": 2, "items": {"enum": ["p", "q"]}}}}),
            json!({"type": "object", "required": ["x"], "properties": {"x": {"anyOf": [{"type": "number", "exclusiveMaximum": 0}, {}]}}}),
            json!({"type": ["object", "null"]}),
        ];
        for schema in schemas {
            let made = sample(&schema);
            assert!(jsonschema::is_valid(&schema, &made), "{schema}\n{made}");
        }
    }

    #[test]
    fn a_schema_that_is_in_itself_ends() {
        let endless = json!({"type": "object", "required": ["x"], "properties": {"x": {"$ref": "#"}}});
        assert!(sample(&endless)["x"].is_object());
    }
}
