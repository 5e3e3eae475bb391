//! One tool, `repeat`, which says a text so many times. Knows nothing of the other kinds.

use crate::bindings::exports::hal9::plugin::tool::{Guest, ToolDescription, Violation};
use crate::bindings::hal9::plugin::types::{Failure, FailureCode};
use crate::{Wrong, is};
use serde_json::{Map, Value, json};
use std::cell::Cell;

thread_local! {
    static DESCRIBED: Cell<u32> = const { Cell::new(0) };
}

const REPEAT: &str = "repeat";

fn schema() -> Value {
    let mut schema = json!({
        "type": "object",
        "properties": {
            "text": { "type": "string" },
            "times": { "type": "integer", "minimum": 0, "maximum": 100 },
        },
        "required": ["text"],
        "additionalProperties": false,
    });
    if is("schema") {
        schema["type"] = json!("table");
    }
    if is("any-value") {
        schema["type"] = json!(["object", "string"]);
    }
    schema
}

/// What is wrong with parameters: where, and what.
fn wrong(params: &str) -> Option<(String, &'static str)> {
    let at = |path: &str, message| Some((path.to_string(), message));
    let Ok(params) = serde_json::from_str::<Value>(params) else { return at("", "this is not JSON") };
    let Some(members) = params.as_object() else { return at("", "write a JSON object") };
    let member = |name: &str| if is("pointers") { name.to_string() } else { format!("/{name}") };
    let known = ["text", "times"];
    if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
        let path = name.replace('~', "~0").replace('/', "~1");
        return Some((member(&path), "there is no such parameter"));
    }
    if !members.get("text").is_some_and(Value::is_string) {
        return Some((member("text"), "write a text"));
    }
    match members.get("times").map(Value::as_u64) {
        None | Some(Some(0..=100)) => None,
        _ => Some((member("times"), "write a number from 0 to 100")),
    }
}

impl Guest for Wrong {
    fn describe() -> Vec<ToolDescription> {
        DESCRIBED.set(DESCRIBED.get() + 1);
        let often = if is("unstable") { DESCRIBED.get() } else { 1 };
        let name = if is("name") { "Repeat It" } else { REPEAT };
        let tool = ToolDescription {
            name: name.to_string(),
            description: format!("Says a text so many times, {often} if nobody says how many."),
            parameters: schema().to_string(),
        };
        if is("twice") { vec![tool.clone(), tool] } else { vec![tool] }
    }

    fn validate(name: String, params: String) -> Result<(), Vec<Violation>> {
        let violation = |path: String, message: &str| Err(vec![Violation { path, message: message.to_string() }]);
        if name != REPEAT {
            let path = if is("unknown-path") { "/name" } else { "" };
            return violation(path.to_string(), "there is no such tool");
        }
        match wrong(&params) {
            Some((path, _)) if is("lenient") && path == "/times" => Ok(()),
            Some((path, _)) if is("no-object") && path.is_empty() => Ok(()),
            Some((path, message)) => violation(path, message),
            None => Ok(()),
        }
    }

    fn execute(name: String, params: String) -> Result<String, Failure> {
        let failure = |code, message: &str| Err(Failure { code, message: message.to_string() });
        if name != REPEAT && !is("unknown") {
            return failure(FailureCode::NotFound, "there is no such tool");
        }
        if let Some((_, message)) = wrong(&params) {
            let code = if is("code") { FailureCode::Internal } else { FailureCode::InvalidInput };
            return failure(code, message);
        }
        let members: Map<String, Value> = serde_json::from_str(&params).unwrap_or_default();
        let text = members.get("text").and_then(Value::as_str).unwrap_or_default();
        let times = members.get("times").and_then(Value::as_u64).unwrap_or(1);
        let said = text.repeat(times as usize);
        Ok(if is("result") { said } else { Value::from(said).to_string() })
    }
}
