//! Owns what a plugin's configuration comes to under the schema in its manifest: defaults filled in, and held against the
//! whole. It refuses to fetch what a schema refers to, to run patterns that can take longer than their input, and to repeat a
//! value, which may be a secret.

use hal9_package::Manifest;
use jsonschema::PatternOptions;
use serde_json::{Map, Value};

use crate::Error;
use crate::text::{MESSAGE_BYTES, escape};

/// So often one reference of a schema may lead to another.
const REFERENCES: usize = 16;

/// So many faults are told at most.
const FAULTS: usize = 64;

/// Something in a configuration that its schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// Where, as a JSON pointer; empty for the whole.
    pub place: String,
    /// What is allowed there; never the value that was found, which may be a secret.
    pub message: String,
}

/// The configuration that a plugin gets: what the operator said, and the schema's defaults for what he left out; and what is
/// wrong with the two together. Where there is no schema, nothing is.
///
/// A default is filled in where an object's `properties` have one for a member that is not there. An object that is not
/// there is made of its members' defaults, if these are all that it requires. References within the schema are followed for
/// what the operator said, not for defaults.
///
/// `unknown` are the places, as JSON pointers, whose values nobody knows yet, such as secrets: what the schema says of them
/// and of what is below them is not held against them.
///
/// # Errors
///
/// [`Error::InvalidInput`] for a configuration that is no object; [`Error::InvalidComponent`] for a schema that is none.
pub fn check_configuration(
    manifest: &Manifest,
    mut config: Value,
    unknown: &[String],
) -> Result<(Value, Vec<ConfigFault>), Error> {
    let plugin = &manifest.metadata.id;
    if !config.is_object() {
        return Err(Error::InvalidInput {
            plugin: Some(plugin.clone()),
            what: format!("{plugin}: its configuration is no JSON object"),
            help: "give an object, `{}` for none".to_owned(),
        });
    }
    let Some(schema) = &manifest.configuration else { return Ok((config, Vec::new())) };
    let validator = jsonschema::options().with_pattern_options(PatternOptions::regex()).build(schema);
    let validator = validator.map_err(|error| Error::InvalidComponent {
        plugin: plugin.to_string(),
        reason: {
            let place = error.instance_path().to_string();
            let at = if place.is_empty() { String::new() } else { format!("`{}`: ", escape(&place, 256)) };
            format!("the schema of its configuration: {at}{}", escape(&error.to_string(), MESSAGE_BYTES))
        },
        help: "correct `configuration` in the manifest".to_owned(),
    })?;
    Defaults { root: schema }.fill(schema, &mut config, true);
    let is_unknown = |at: &str| unknown.iter().any(|place| at.strip_prefix(place.as_str()).is_some_and(is_below));
    let faults = validator.iter_errors(&config).map(|error| ConfigFault {
        place: error.instance_path().to_string(),
        message: escape(&error.masked().to_string(), MESSAGE_BYTES),
    });
    let faults = faults.filter(|fault| !is_unknown(&fault.place)).take(FAULTS).collect();
    Ok((config, faults))
}

/// The configuration that a plugin gets, if its schema allows it.
///
/// # Errors
///
/// As [`check_configuration`]; [`Error::InvalidInput`] for the first fault, with its place.
pub(crate) fn check(manifest: &Manifest, config: Value) -> Result<Value, Error> {
    let plugin = &manifest.metadata.id;
    let (config, faults) = check_configuration(manifest, config, &[])?;
    let Some(ConfigFault { place, message }) = faults.first() else { return Ok(config) };
    let at = match place.as_str() {
        "" => "its configuration".to_owned(),
        place => format!("`{}` in its configuration", escape(&dotted(place), 256)),
    };
    Err(Error::InvalidInput {
        plugin: Some(plugin.clone()),
        what: format!("{plugin}: {at}: {message}"),
        help: format!("see what it takes, and correct it: hal9 plugin config get {plugin}"),
    })
}

/// A JSON pointer as people write a key: names with dots between them.
fn dotted(pointer: &str) -> String {
    let names: Vec<_> = pointer.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~")).collect();
    names.join(".")
}

/// Whether the rest of a JSON pointer leads to the place itself or to what is in it.
fn is_below(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

/// Fills in the defaults of a schema. The work is bounded by the schema's size for each value that was given: what is filled
/// in follows no references, which may lead in a circle.
struct Defaults<'a> {
    root: &'a Value,
}

impl<'a> Defaults<'a> {
    fn fill(&self, schema: &'a Value, value: &mut Value, is_given: bool) {
        let Some(schema) = (if is_given { self.referred(schema) } else { Some(schema) }) else { return };
        match value {
            Value::Object(members) => {
                let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
                for (name, property) in properties {
                    if let Some(member) = members.get_mut(name) {
                        self.fill(property, member, is_given);
                    } else if let Some(made) = self.absent(property) {
                        members.insert(name.clone(), made);
                    }
                }
            }
            Value::Array(items) => {
                let Some(each) = schema.get("items").filter(|items| items.is_object()) else { return };
                items.iter_mut().for_each(|item| self.fill(each, item, is_given));
            }
            _ => {}
        }
    }

    /// What a member is that was left out.
    fn absent(&self, schema: &'a Value) -> Option<Value> {
        if let Some(default) = schema.get("default") {
            let mut default = default.clone();
            self.fill(schema, &mut default, false);
            return Some(default);
        }
        let mut made = Value::Object(Map::new());
        self.fill(schema, &mut made, false);
        let mut required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let is_whole = required.all(|name| name.as_str().is_some_and(|name| made.get(name).is_some()));
        (is_whole && made.as_object().is_some_and(|members| !members.is_empty())).then_some(made)
    }

    /// The schema itself, or the one in this document that it refers to.
    fn referred(&self, mut schema: &'a Value) -> Option<&'a Value> {
        for _ in 0..REFERENCES {
            let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return Some(schema) };
            schema = self.root.pointer(reference.strip_prefix('#')?)?;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn manifest(schema: &Value) -> Manifest {
        let manifest = json!({
            "api_version": 1,
            "metadata": {"id": "test.plugin", "name": "T", "version": "1.0.0", "author": "a", "license": "MIT"},
            "capabilities": [],
            "permissions": [],
            "configuration": schema,
        });
        Manifest::parse(manifest.to_string().as_bytes()).unwrap()
    }

    fn configured(schema: &Value, config: Value) -> Result<Value, Error> {
        check(&manifest(schema), config)
    }

    #[test]
    fn the_member_that_is_wrong_is_named_and_its_value_is_not() {
        let schema = json!({"type": "object", "additionalProperties": false, "properties": {
            "depth": {"type": "integer", "minimum": 1},
            "mode": {"enum": ["fast", "good"]},
            "key": {"type": "string", "pattern": "^k-"},
        }});
        assert_eq!(configured(&schema, json!({"depth": 2})).unwrap(), json!({"depth": 2}));
        let wrong = |config: Value| configured(&schema, config).unwrap_err().to_string();
        assert!(wrong(json!({"depth": 0})).contains("`depth`"));
        assert!(wrong(json!({"deep": 1})).contains("deep"));
        assert!(wrong(json!({"mode": "hunter2"})).contains("\"good\""));
        for config in [json!({"mode": "hunter2"}), json!({"key": "hunter2"}), json!({"depth": "hunter2"})] {
            assert!(!wrong(config).contains("hunter2"));
        }
        assert!(matches!(configured(&schema, json!([])), Err(Error::InvalidInput { .. })));
    }

    #[test]
    fn a_schema_that_is_none_or_looks_elsewhere_is_the_plugins_fault() {
        for schema in [json!({"type": "thing"}), json!({"$ref": "https://example.org/schema.json"})] {
            assert!(matches!(configured(&schema, json!({})), Err(Error::InvalidComponent { .. })), "{schema}");
        }
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let schema = json!({"properties": {
            "depth": {"default": 3},
            "server": {"properties": {"port": {"default": 80}, "host": {"default": "::1"}}, "required": ["host"]},
            "proxy": {"properties": {"port": {"default": 80}, "host": {}}, "required": ["host"]},
            "rules": {"items": {"properties": {"on": {"default": true}}}},
            "log": {"default": {"level": "info"}, "properties": {"keep": {"default": 7}}},
        }});
        let filled = configured(&schema, json!({"server": {"port": 8080}, "rules": [{}, {"on": false}]})).unwrap();
        assert_eq!(
            filled,
            json!({
                "depth": 3,
                "server": {"port": 8080, "host": "::1"},
                "rules": [{"on": true}, {"on": false}],
                "log": {"level": "info", "keep": 7},
            }),
            "nobody asked for a proxy, and what it is cannot be made up"
        );
        assert_eq!(configured(&schema, json!({})).unwrap()["server"], json!({"port": 80, "host": "::1"}));
        // The whole is held against the schema, defaults included.
        let wrong = json!({"properties": {"depth": {"type": "string", "default": 3}}});
        assert!(matches!(configured(&wrong, json!({})), Err(Error::InvalidInput { .. })));
    }

    #[test]
    fn references_are_followed_for_what_was_said_and_circles_end() {
        let schema = json!({
            "properties": {"node": {"$ref": "#/$defs/node"}},
            "$defs": {"node": {"properties": {
                "weight": {"default": 1},
                "left": {"$ref": "#/$defs/node", "default": {}},
                "right": {"$ref": "#/$defs/node", "default": {}},
            }}},
        });
        let filled = configured(&schema, json!({"node": {"left": {}}})).unwrap();
        assert_eq!((&filled["node"]["weight"], &filled["node"]["left"]["weight"]), (&json!(1), &json!(1)));
        assert_eq!(filled["node"]["right"], json!({}), "a default is as it is written");
    }

    #[test]
    fn what_is_not_known_yet_is_not_judged() {
        let schema = json!({"properties": {"key": {"type": "string", "minLength": 9}, "keys": {"type": "string"}}});
        let config = json!({"key": {"$env": "KEY"}, "keys": 1});
        let places = |unknown: &str| -> Vec<String> {
            let (_, faults) = check_configuration(&manifest(&schema), config.clone(), &[unknown.to_owned()]).unwrap();
            faults.into_iter().map(|fault| fault.place).collect()
        };
        assert_eq!(places("/key"), ["/keys"], "another member whose name begins so is judged");
        assert_eq!(places("/keys"), ["/key"]);
        assert!(places("").is_empty());
    }
}
