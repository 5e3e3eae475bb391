//! The tool `json_query`: picks values out of a JSON document by JSON Pointer (RFC 6901), with `*` for every element. It
//! knows the form of JSON, and nothing of what is in it.

use crate::params::{MAX_TEXT, Params, shown, wrong};
use hal9_plugin_sdk::{HashMap, PluginError, ToolDescription, ToolPlugin, Value, json, serde_json};
use std::borrow::Cow;

const MAX_POINTERS: usize = 32;
const MAX_POINTER: usize = 1024;
const MAX_MATCHES: u64 = 10_000;

/// Picks values out of a JSON document.
#[derive(Debug, Default)]
pub struct JsonQuery;

struct Arguments<'p> {
    document: Cow<'p, Value>,
    pointers: Vec<&'p str>,
    limit: usize,
}

fn read(params: &HashMap<String, Value>) -> Result<Arguments<'_>, PluginError> {
    let params = Params::new(params, &["json", "pointer", "limit"])?;
    let document = match params.required("json", "a JSON document, or a text with one")? {
        Value::String(_) => {
            let text = params.text("json", MAX_TEXT)?;
            let parsed = serde_json::from_str(text)
                .map_err(|error| wrong(format!("`json` is a text that is not JSON: {error}")))?;
            Cow::Owned(parsed)
        }
        value => Cow::Borrowed(value),
    };
    let given = params.required("pointer", "a JSON Pointer such as \"/items/0/name\", or a list of them")?;
    let pointers = match given {
        Value::Array(_) => params.list("pointer", MAX_POINTERS)?.unwrap_or_default(),
        one => std::slice::from_ref(one),
    };
    let limit = params.integer_or("limit", 1..=MAX_MATCHES, 100)?;
    Ok(Arguments {
        document,
        pointers: pointers.iter().map(pointer).collect::<Result<_, _>>()?,
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
    })
}

fn pointer(value: &Value) -> Result<&str, PluginError> {
    let Some(pointer) = value.as_str() else {
        return Err(wrong(format!("`pointer` must be a text or a list of texts, and has {}", shown(value))));
    };
    if pointer.len() > MAX_POINTER {
        return Err(wrong(format!("a pointer may have {MAX_POINTER} bytes")));
    }
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err(wrong(format!(
            "the pointer {} must be empty or begin with /, as in \"/items/0/name\"",
            shown(value)
        )));
    }
    let escapes = pointer.split('~').skip(1);
    if escapes.into_iter().any(|rest| !rest.starts_with(['0', '1'])) {
        return Err(wrong(format!(
            "the pointer {} has a ~ that is no escape: write ~0 for ~ and ~1 for /",
            shown(value)
        )));
    }
    Ok(pointer)
}

impl ToolPlugin for JsonQuery {
    fn describe(&self) -> ToolDescription {
        ToolDescription {
            name: "json_query".to_owned(),
            description: "Picks values out of a JSON document by JSON Pointer (RFC 6901): \"/items/0/name\". A segment * stands for every element of a list or member of an object: \"/items/*/name\". Gives every match with its own pointer; no match is an empty list.".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "json": { "description": "The document: a JSON value, or a string with JSON text, 1 MiB at most" },
                    "pointer": {
                        "description": "One pointer, or several",
                        "anyOf": [
                            { "type": "string" },
                            { "type": "array", "items": { "type": "string" }, "maxItems": MAX_POINTERS }
                        ]
                    },
                    "limit": { "type": "integer", "minimum": 1, "maximum": MAX_MATCHES, "default": 100, "description": "Most matches to give" }
                },
                "required": ["json", "pointer"],
                "additionalProperties": false
            }),
        }
    }

    fn validate_params(&self, params: &HashMap<String, Value>) -> Result<(), PluginError> {
        read(params).map(drop)
    }

    fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError> {
        let Arguments { document, pointers, limit } = read(&params)?;
        let mut found = Found { matches: Vec::new(), limit, truncated: false };
        for pointer in pointers {
            let segments: Vec<String> =
                pointer.split('/').skip(1).map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect();
            found.walk(&document, &segments, &mut String::new());
        }
        Ok(json!({ "matches": found.matches, "truncated": found.truncated }))
    }
}

struct Found {
    matches: Vec<Value>,
    limit: usize,
    truncated: bool,
}

impl Found {
    /// Adds what `segments` lead to from `value`, which is at `path`. It goes as deep as the document, whose depth the
    /// parser bounds.
    fn walk(&mut self, value: &Value, segments: &[String], path: &mut String) {
        if self.truncated {
            return;
        }
        let Some((segment, rest)) = segments.split_first() else {
            if self.matches.len() == self.limit {
                self.truncated = true;
            } else {
                self.matches.push(json!({ "pointer": path.as_str(), "value": value }));
            }
            return;
        };
        match value {
            Value::Object(members) => match members.get(segment) {
                Some(member) => self.step(member, segment, rest, path),
                None if segment == "*" => {
                    for (name, member) in members {
                        self.step(member, name, rest, path);
                    }
                }
                None => {}
            },
            Value::Array(elements) if segment == "*" => {
                for (index, element) in elements.iter().enumerate() {
                    self.step(element, &index.to_string(), rest, path);
                }
            }
            Value::Array(elements) => {
                if let Some(element) = index(segment).and_then(|index| elements.get(index)) {
                    self.step(element, segment, rest, path);
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, value: &Value, name: &str, rest: &[String], path: &mut String) {
        let length = path.len();
        path.push('/');
        path.push_str(&name.replace('~', "~0").replace('/', "~1"));
        self.walk(value, rest, path);
        path.truncate(length);
    }
}

/// An index as RFC 6901 has it: digits, without a zero in front.
fn index(segment: &str) -> Option<usize> {
    let plain = segment == "0" || (!segment.starts_with('0') && segment.bytes().all(|byte| byte.is_ascii_digit()));
    if plain { segment.parse().ok() } else { None }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn query(document: Value, pointer: Value) -> Result<Value, PluginError> {
        let params = [("json", document), ("pointer", pointer), ("limit", json!(3))];
        JsonQuery.execute(params.map(|(name, value)| (name.to_owned(), value)).into())
    }

    fn values(document: Value, pointer: Value) -> Vec<(String, Value)> {
        let found = query(document, pointer).unwrap();
        let matches = found["matches"].as_array().unwrap().iter();
        matches.map(|found| (found["pointer"].as_str().unwrap().to_owned(), found["value"].clone())).collect()
    }

    #[test]
    fn pointers_lead_to_values() {
        let document = json!({ "items": [{ "name": "a" }, { "name": "b" }], "a/b": { "~": 1 }, "": 2 });
        for (pointer, value) in
            [("/items/1/name", json!("b")), ("/a~1b/~0", json!(1)), ("/", json!(2)), ("", document.clone())]
        {
            assert_eq!(values(document.clone(), json!(pointer)), [(pointer.to_owned(), value)]);
        }
        for pointer in ["/items/2", "/items/01", "/items/-", "/items/+1", "/nothing", "/items/0/name/x"] {
            assert_eq!(values(document.clone(), json!(pointer)), [], "{pointer}");
        }
    }

    #[test]
    fn a_star_is_every_element_unless_a_member_is_called_so() {
        let document = json!({ "items": [{ "name": "a" }, { "name": "b" }, {}], "*": 1 });
        let names = [("/items/0/name".to_owned(), json!("a")), ("/items/1/name".to_owned(), json!("b"))];
        assert_eq!(values(document.clone(), json!("/items/*/name")), names);
        assert_eq!(values(document, json!("/*")), [("/*".to_owned(), json!(1))]);
    }

    #[test]
    fn several_pointers_are_answered_in_their_order_up_to_the_limit() {
        let found = query(json!("[1, 2, 3]"), json!(["/2", "/*"])).unwrap();
        assert_eq!(found["matches"].as_array().unwrap().len(), 3);
        assert_eq!(found["matches"][0]["value"], 3);
        assert_eq!(found["truncated"], true);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (document, pointer, why) in [
            (json!("{\"a\": }"), json!(""), "line 1"),
            (json!({}), json!("items"), "begin with /"),
            (json!({}), json!("/a~2"), "~0 for ~"),
            (json!({}), json!([1]), "a list of texts"),
            (json!({}), Value::Null, "`pointer` is missing"),
            (json!("[".repeat(100_000)), json!(""), "recursion limit"),
        ] {
            let message = query(document, pointer).unwrap_err().message;
            assert!(message.contains(why), "{message}");
        }
    }
}
