//! The provider as a whole: what it says of its tools, and what they say to wrong parameters. Nothing here is fetched.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hal9_plugin_sdk::*;
use web_scraper::{FetchPage, HAL9_MANIFEST, Select};

type Validate = fn(Value) -> Result<(), PluginError>;

fn tools() -> [(ToolDescription, Validate); 2] {
    fn tool<T: ToolPlugin>() -> (ToolDescription, Validate) {
        let validate = |params| T::default().validate_params(&serde_json::from_value(params).unwrap());
        (T::default().describe(), validate)
    }
    [tool::<FetchPage>(), tool::<Select>()]
}

/// Parameters that each tool takes.
fn sample(name: &str) -> Value {
    match name {
        "select" => json!({ "url": "https://example.org/", "selector": "h1" }),
        _ => json!({ "url": "https://example.org/" }),
    }
}

#[test]
fn the_manifest_names_every_tool_and_asks_for_the_network_alone() {
    let manifest: Value = serde_json::from_str(HAL9_MANIFEST).unwrap();
    let declared = manifest["capabilities"].as_array().unwrap().iter();
    let declared: Vec<_> = declared.map(|capability| capability["ToolProvider"]["tool_name"].clone()).collect();
    let described: Vec<_> = tools().iter().map(|(tool, _)| json!(tool.name)).collect();
    assert_eq!(declared, described);
    assert_eq!(manifest["permissions"], json!(["NetworkHttp", "NetworkHttps"]));
}

#[test]
fn a_schema_and_what_is_taken_agree() {
    for (ToolDescription { name, description, parameters }, validate) in tools() {
        assert!(!description.is_empty());
        assert_eq!(parameters["additionalProperties"], false, "{name}");
        assert_eq!(validate(sample(&name)), Ok(()));
        for (property, schema) in parameters["properties"].as_object().unwrap() {
            assert!(schema["description"].is_string(), "{name}.{property}");
            let required = parameters["required"].as_array().unwrap().contains(&json!(property));
            let with = |value: Value| {
                let mut params = sample(&name);
                params[property] = value;
                validate(params)
            };
            assert_eq!(with(Value::Null).is_err(), required, "{name}.{property}");
            assert!(with(json!([])).is_err(), "{name}.{property}");
            if let Some(default) = schema.get("default") {
                assert_eq!(with(default.clone()), Ok(()), "{name}.{property}");
            }
            let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
            if let (Some(least), Some(most)) = (bound("minimum"), bound("maximum")) {
                for (number, good) in [(least, true), (most, true), (least - 1, false), (most + 1, false)] {
                    assert_eq!(with(json!(number)).is_ok(), good, "{name}.{property} = {number}");
                }
            }
            if let Some(most) = bound("maxLength") {
                let most = usize::try_from(most).unwrap();
                assert_eq!(with(json!("a".repeat(most))), Ok(()), "{name}.{property}");
                assert!(with(json!("a".repeat(most + 1))).is_err(), "{name}.{property}");
            }
        }
    }
}

#[test]
fn every_violation_is_named() {
    for (ToolDescription { name, .. }, validate) in tools() {
        let error = validate(json!({ "nonsense": 1, "max_bytes": -1 })).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput, "{name}");
        for part in ["`nonsense`; there are ", "`url` is missing", "`max_bytes` must be"] {
            assert!(error.message.contains(part), "{name}: {}", error.message);
        }
    }
}
