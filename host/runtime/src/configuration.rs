//! Owns the check of a plugin's configuration against the schema in its manifest. It refuses to fetch what a schema refers
//! to, and to run patterns that can take longer than their input.

use hal9_package::Manifest;
use jsonschema::PatternOptions;
use serde_json::Value;

use crate::Error;
use crate::text::{MESSAGE_BYTES, escape};

/// The configuration, if it is an object that the plugin's schema allows; any object, where there is no schema.
///
/// # Errors
///
/// [`Error::InvalidInput`] for a configuration that is not allowed, with the member; [`Error::InvalidComponent`] for a
/// schema that is none.
pub(crate) fn check(manifest: &Manifest, config: Value) -> Result<Value, Error> {
    let plugin = &manifest.metadata.id;
    let wrong = |what: String, help: String| Error::InvalidInput { plugin: Some(plugin.clone()), what, help };
    if !config.is_object() {
        let help = "give an object, `{}` for none".to_owned();
        return Err(wrong(format!("{plugin}: its configuration is no JSON object"), help));
    }
    let Some(schema) = &manifest.configuration else { return Ok(config) };
    let validator = jsonschema::options().with_pattern_options(PatternOptions::regex()).build(schema);
    let validator = validator.map_err(|error| Error::InvalidComponent {
        plugin: plugin.to_string(),
        reason: format!("the schema of its configuration: {}", escape(&error.to_string(), MESSAGE_BYTES)),
        help: "correct `configuration` in the manifest".to_owned(),
    })?;
    if let Some(error) = validator.iter_errors(&config).next() {
        let at = error.instance_path().to_string();
        let at = if at.is_empty() { "its configuration".to_owned() } else { format!("`{}`", escape(&at, 256)) };
        let what = format!("{plugin}: {at} in its configuration: {}", escape(&error.to_string(), MESSAGE_BYTES));
        let help =
            format!("correct it in hal9.toml, under [plugins.\"{plugin}\".config]; the schema is in the manifest");
        return Err(wrong(what.replace("its configuration in its configuration", "its configuration"), help));
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checked(schema: &Value, config: Value) -> Result<Value, Error> {
        let manifest = json!({
            "api_version": 1,
            "metadata": {"id": "test.plugin", "name": "T", "version": "1.0.0", "author": "a", "license": "MIT"},
            "capabilities": [],
            "permissions": [],
            "configuration": schema,
        });
        check(&Manifest::parse(manifest.to_string().as_bytes()).unwrap(), config)
    }

    #[test]
    fn the_member_that_is_wrong_is_named() {
        let schema = json!({"type": "object", "properties": {"depth": {"type": "integer", "minimum": 1}}, "additionalProperties": false});
        assert_eq!(checked(&schema, json!({"depth": 2})).unwrap(), json!({"depth": 2}));
        assert!(checked(&schema, json!({"depth": 0})).unwrap_err().to_string().contains("`/depth`"));
        assert!(checked(&schema, json!({"deep": 1})).unwrap_err().to_string().contains("deep"));
        assert!(matches!(checked(&schema, json!([])), Err(Error::InvalidInput { .. })));
    }

    #[test]
    fn a_schema_that_is_none_or_looks_elsewhere_is_the_plugins_fault() {
        for schema in [json!({"type": "thing"}), json!({"$ref": "https://example.org/schema.json"})] {
            assert!(matches!(checked(&schema, json!({})), Err(Error::InvalidComponent { .. })), "{schema}");
        }
    }
}
