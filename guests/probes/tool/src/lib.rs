//! Three tools: one that adds, one that breaks, and one whose name is none.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: { id: "test.tool", name: "Tool", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [
        PluginCapability::ToolProvider { tool_name: "add", description: "Adds two whole numbers." },
        PluginCapability::ToolProvider { tool_name: "crash", description: "Panics." },
    ],
}

#[derive(Default)]
struct Add;

impl ToolPlugin for Add {
    fn validate_params(&self, params: &HashMap<String, Value>) -> Result<(), PluginError> {
        match ["a", "b"].iter().find(|name| !params.get(**name).is_some_and(Value::is_i64)) {
            Some(name) => err(ErrorCode::InvalidInput, format!("`{name}` must be a whole number")),
            None => Ok(()),
        }
    }

    fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError> {
        let number = |name| params.get(name).and_then(Value::as_i64).unwrap_or_default();
        Ok(json!({ "sum": number("a") + number("b") }))
    }
}

#[derive(Default)]
struct Crash;

impl ToolPlugin for Crash {
    fn execute(&mut self, _params: HashMap<String, Value>) -> Result<Value, PluginError> {
        panic!("the tool was asked to")
    }
}

#[derive(Default)]
struct Nameless;

impl ToolPlugin for Nameless {
    fn describe(&self) -> ToolDescription {
        ToolDescription { name: "No Name!".to_string(), description: String::new(), parameters: json!({}) }
    }

    fn execute(&mut self, _params: HashMap<String, Value>) -> Result<Value, PluginError> {
        Ok(Value::Null)
    }
}

tool_plugin!(Add, Crash, Nameless);
