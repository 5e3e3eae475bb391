//! The provider as a whole: what it says of its tools, and what they say to wrong parameters.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hal9_plugin_sdk::*;
use text_tools::{AnalyzeLog, DescribeData, Diff, Extract, HAL9_MANIFEST, JsonQuery, Slugify, TextStats};

struct Tool {
    description: ToolDescription,
    validate: fn(Value) -> Result<(), PluginError>,
    execute: fn(Value) -> Result<Value, PluginError>,
}

fn tool<T: ToolPlugin>() -> Tool {
    Tool {
        description: T::default().describe(),
        validate: |params| T::default().validate_params(&serde_json::from_value(params).unwrap()),
        execute: |params| {
            let params = serde_json::from_value(params).unwrap();
            let mut tool = T::default();
            tool.validate_params(&params)?;
            tool.execute(params)
        },
    }
}

fn tools() -> [Tool; 7] {
    [
        tool::<TextStats>(),
        tool::<Extract>(),
        tool::<Diff>(),
        tool::<Slugify>(),
        tool::<JsonQuery>(),
        tool::<AnalyzeLog>(),
        tool::<DescribeData>(),
    ]
}

/// A call of each tool that works.
fn sample(name: &str) -> Value {
    match name {
        "diff" => json!({ "old": "a\n", "new": "b\n" }),
        "json_query" => json!({ "json": { "a": 1 }, "pointer": "/a" }),
        "describe_data" => json!({ "values": [1, 2, 3] }),
        _ => json!({ "text": "ERROR 7 on 2026-11-21" }),
    }
}

#[test]
fn the_manifest_names_every_tool_and_asks_for_nothing() {
    let manifest: Value = serde_json::from_str(HAL9_MANIFEST).unwrap();
    let declared = manifest["capabilities"].as_array().unwrap().iter();
    let declared: Vec<_> = declared.map(|capability| capability["ToolProvider"]["tool_name"].clone()).collect();
    let described: Vec<_> = tools().iter().map(|tool| json!(tool.description.name)).collect();
    assert_eq!(declared, described);
    assert_eq!(manifest["permissions"], json!([]));
}

#[test]
fn a_schema_and_what_is_taken_agree() {
    for Tool { description, validate, execute } in tools() {
        let ToolDescription { name, description, parameters } = description;
        assert!(!description.is_empty());
        assert_eq!(parameters["additionalProperties"], false, "{name}");
        execute(sample(&name)).unwrap();
        for (property, schema) in parameters["properties"].as_object().unwrap() {
            assert!(schema["description"].is_string(), "{name}.{property}");
            let required = parameters["required"].as_array().unwrap().contains(&json!(property));
            let mut params = sample(&name);
            params[property] = Value::Null;
            assert_eq!(validate(params).is_err(), required, "{name}.{property}");
            if let Some(default) = schema.get("default") {
                let mut params = sample(&name);
                params[property] = default.clone();
                assert_eq!(execute(params), execute(sample(&name)), "{name}.{property}");
            }
            for bound in ["minimum", "maximum"] {
                if let Some(bound) = schema.get(bound).and_then(Value::as_u64) {
                    let mut params = sample(&name);
                    params[property] = json!(bound);
                    assert_eq!(validate(params), Ok(()), "{name}.{property} = {bound}");
                }
            }
        }
    }
}

#[test]
fn wrong_parameters_are_refused_with_the_fix() {
    for Tool { description, validate, .. } in tools() {
        let name = description.name;
        let mut unknown = sample(&name);
        unknown["nonsense"] = json!(1);
        let error = validate(unknown).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput, "{name}");
        assert!(error.message.contains("`nonsense`; there are "), "{name}: {}", error.message);
        let error = validate(json!({})).unwrap_err();
        assert!(error.message.contains("is missing"), "{name}: {}", error.message);
    }
}
