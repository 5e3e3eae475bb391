//! Owns finding every fault in a manifest's text, where the reader stops at the first. It refuses to know what is right:
//! each part is read on its own, in the place of its like in a manifest that is.

use hal9_package::{Manifest, ManifestError};
use serde_json::{Map, Value, json};

/// The most faults that are told of one manifest.
const MOST: usize = 50;

/// Every fault, in the order of the text, each with its place. `first` is what reading the whole ended with; the others are
/// known by their path alone.
pub(super) fn all(text: &[u8], first: &ManifestError) -> Vec<String> {
    let mut faults = Vec::new();
    // What is no JSON, or is of another version, has no parts that could be right or wrong.
    if let (ManifestError::Invalid { .. }, Ok(Value::Object(given))) = (first, serde_json::from_slice(text)) {
        for part in parts(&given) {
            if let Some(fault) = part.fault() {
                faults.push(fault);
            }
        }
    }
    let ManifestError::Invalid { path, message, .. } = first else { return vec![first.to_string()] };
    let first_fault = Fault { path: path.clone(), message: message.clone() };
    // The same can be wrong of an item and of its list.
    let mut told: Vec<Fault> = Vec::new();
    for fault in faults {
        if !told.contains(&fault) {
            told.push(fault);
        }
    }
    if !told.contains(&first_fault) {
        told.insert(0, first_fault.clone());
    }
    told.truncate(MOST);
    // That one has its line.
    told.iter().map(|fault| if *fault == first_fault { first.to_string() } else { fault.to_string() }).collect()
}

#[derive(Clone, PartialEq, Eq)]
struct Fault {
    path: String,
    message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// A part of a manifest, in one that is right otherwise.
struct Part {
    whole: Value,
    /// Where it stood in the list that it is of.
    index: Option<(String, usize)>,
}

impl Part {
    fn fault(&self) -> Option<Fault> {
        let ManifestError::Invalid { path, message, .. } = Manifest::parse(self.whole.to_string().as_bytes()).err()?
        else {
            return None;
        };
        let path = match &self.index {
            Some((list, index)) => path.replacen(&format!("{list}[0]"), &format!("{list}[{index}]"), 1),
            None => path,
        };
        Some(Fault { path, message })
    }
}

fn right() -> Map<String, Value> {
    let metadata = json!({"id": "a.b", "name": "a", "version": "1.0.0", "author": "a", "license": "a"});
    Map::from_iter([("api_version".to_owned(), Manifest::API_VERSION.into()), ("metadata".to_owned(), metadata)])
}

/// The parts of a manifest, down to what can be wrong by itself.
fn parts(given: &Map<String, Value>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut part = |whole: Map<String, Value>, index| parts.push(Part { whole: whole.into(), index });
    for (key, value) in given {
        let mut whole = right();
        match value {
            Value::Object(members) if key == "metadata" => {
                for (key, value) in members {
                    let mut whole = right();
                    whole["metadata"][key] = value.clone();
                    part(whole, None);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    whole.insert(key.clone(), json!([item]));
                    part(whole.clone(), Some((key.clone(), index)));
                }
                // Together they can be wrong though each is right, as where one is there twice.
                whole.insert(key.clone(), value.clone());
                part(whole, None);
            }
            _ => {
                whole.insert(key.clone(), value.clone());
                part(whole, None);
            }
        }
    }
    // What is not there at all.
    let metadata = given.get("metadata").and_then(Value::as_object);
    for (key, value) in right() {
        if !given.contains_key(&key) {
            let mut whole = right();
            whole.remove(&key);
            part(whole, None);
        }
        let (Some(there), Value::Object(needed)) = (metadata, &value) else { continue };
        for member in needed.keys().filter(|member| !there.contains_key(*member)) {
            let mut whole = right();
            if let Some(Value::Object(metadata)) = whole.get_mut("metadata") {
                metadata.remove(member);
            }
            part(whole, None);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        all(text.as_bytes(), &Manifest::parse(text.as_bytes()).unwrap_err())
    }

    #[test]
    fn every_fault_is_found_and_the_first_has_its_line() {
        let found = faults(
            r#"{"api_version": 1,
                "metadata": {"id": "Not An Id", "name": "x", "version": "one", "author": "", "licence": "MIT"},
                "permissions": ["SystemTime", "Everything"],
                "limits": {"memory": "much"},
                "colour": "red"}"#,
        );
        let expected = [
            "metadata.id",
            "metadata.version",
            "licence",
            "permissions[1]",
            "limits",
            "colour",
            "missing field `license`",
        ];
        for expected in expected {
            assert!(found.iter().any(|fault| fault.contains(expected)), "{expected} in {found:#?}");
        }
        assert!(found[0].contains("line 2"), "{found:#?}");
        assert_eq!(found.len(), expected.len(), "{found:#?}");
    }

    #[test]
    fn a_fault_of_an_item_or_a_table_is_told_once() {
        for (key, value) in [
            ("dependencies", r#"[{"plugin_id": "a.b", "version": "new"}]"#),
            ("dependencies", r#"[{"plugin_id": "a.b", "version": "1"}, {"plugin_id": "c.d"}]"#),
            ("permissions", r#"["Everything"]"#),
            ("permissions", r#"["SystemTime", 5]"#),
            ("capabilities", r#"[{"Neuron": {}}]"#),
            ("capabilities", r#"[{"NeuronType": {"layer": "L2"}}]"#),
            ("files", r#"{"wasm": "../x.wasm"}"#),
            ("files", r#"{"readme": "README.md"}"#),
            ("files", r#"{"wasm": "a.wasm", "readme": "a.wasm"}"#),
            ("limits", r#"{"memory": "much"}"#),
        ] {
            let metadata = r#"{"id": "a.b", "name": "a", "version": "1.0.0", "author": "a", "license": "a"}"#;
            let found = faults(&format!("{{\"api_version\": 1, \"metadata\": {metadata},\n\"{key}\": {value}}}"));
            assert!(found.len() == 1 && found[0].contains("(line 2, "), "{key}: {value}: {found:#?}");
        }
    }

    #[test]
    fn what_is_no_json_has_one_fault() {
        assert_eq!(faults("{").len(), 1);
        assert_eq!(faults("[]").len(), 1);
        assert_eq!(faults(r#"{"api_version": 99, "metadata": 5}"#).len(), 1);
    }
}
