//! What the macro takes, and what it says about what it does not take: the message, and the source that it points at.

use crate::manifest::{self, Package};
use proc_macro2::TokenStream;
use serde_json::{Value, json};

const METADATA: &str = r#"metadata: { name: "N", version: "1.0.0", author: "A", license: "MIT" },"#;

fn read(source: &str) -> Result<Value, Vec<(String, String)>> {
    let package = Package {
        name: "My_Plugin".to_string(),
        variable: |name| (name == "CARGO_PKG_VERSION").then(|| "4.5.6".to_string()),
    };
    let tokens: TokenStream = source.parse().expect("tokens");
    manifest::read(tokens, &package).map_err(|errors| {
        errors.into_iter().map(|error| (error.span().source_text().unwrap_or_default(), error.to_string())).collect()
    })
}

fn check(source: &str, expect: &Value) {
    assert_eq!(read(source).as_ref(), Ok(expect), "{source}");
}

/// Checks that a manifest with this after its metadata is refused, once, at `place`, with all these words.
#[track_caller]
fn refused(rest: &str, place: &str, words: &[&str]) {
    wholly_refused(&format!("{METADATA} {rest}"), place, words);
}

#[track_caller]
fn wholly_refused(source: &str, place: &str, words: &[&str]) {
    let errors = read(source).expect_err(source);
    let [(at, message)] = &errors[..] else { panic!("{source}: {errors:?}") };
    assert!(at.starts_with(place) && (at.is_empty() == place.is_empty()), "{source}: {message}: at {at}");
    for word in words {
        assert!(message.contains(word), "{source}: {message}");
    }
}

#[test]
fn the_least_that_a_plugin_says() {
    check(
        METADATA,
        &json!({
            "api_version": 1,
            "metadata": { "id": "local.my-plugin", "name": "N", "version": "1.0.0", "author": "A", "license": "MIT" },
            "capabilities": [],
            "permissions": [],
        }),
    );
}

#[test]
fn everything_that_a_plugin_can_say() {
    check(
        r#"
        metadata: {
            id: "ai.hal9.all", name: "All".to_string(), version: env!("CARGO_PKG_VERSION"), author: String::from("A"),
            description: "D", license: "MIT", repository: "https://example.com/all", tags: ["text", "nlp-2"],
        },
        capabilities: vec![
            PluginCapability::NeuronType {
                layer: "L2".to_string(), neuron_type: "n".to_owned(), description: "d".into(),
            },
            PluginCapability::ToolProvider { tool_name: "word_count", description: "d" },
            hal9_plugin_sdk::PluginCapability::MemoryProvider { provider_name: "m" },
            PluginCapability::LearningAlgorithm { algorithm_name: "l" },
            PluginCapability::ApiExtension { path: "/weather" },
            PluginCapability::Custom { capability_type: "c".to_string(), config: serde_json::json!({ "f": [1, -2.5, null] }) },
        ],
        permissions: [
            Permission::Hal9Signal, Permission::Hal9Signal("L3"), Permission::PluginCall("ai.hal9.text-tools".to_string()),
            Permission::FileRead("./data=>/data"), "fs_write:./out", "network:api.example.com", "Hal9Memory:notes",
        ],
        limits: { memory: "32MiB", call_time: "1m 30s", handles: 10, output: 0, signal_bytes: 4096 },
        runtime: { lazy: false, persistent: true, parallel: 4, recycle_after: 10000 },
        min_hal9_version: "0.1.0",
        dependencies: [{ plugin_id: "ai.hal9.text-tools", version: ">=1.2, <3" }],
        configuration: { "type": "object", properties: { "a b": { "default": true } } },
        "#,
        &json!({
            "api_version": 1,
            "metadata": {
                "id": "ai.hal9.all", "name": "All", "version": "4.5.6", "author": "A", "description": "D",
                "license": "MIT", "repository": "https://example.com/all", "tags": ["text", "nlp-2"],
            },
            "capabilities": [
                { "NeuronType": { "layer": "L2", "neuron_type": "n", "description": "d" } },
                { "ToolProvider": { "tool_name": "word_count", "description": "d" } },
                { "MemoryProvider": { "provider_name": "m" } },
                { "LearningAlgorithm": { "algorithm_name": "l" } },
                { "ApiExtension": { "path": "/weather" } },
                { "Custom": { "capability_type": "c", "config": { "f": [1, -2.5, null] } } },
            ],
            "permissions": [
                "Hal9Signal", "Hal9Signal:L3", "PluginCall:ai.hal9.text-tools", "FileRead:./data=>/data",
                "FileWrite:./out", "NetworkHttps:api.example.com", "Hal9Memory:notes",
            ],
            "limits": { "memory": "32MiB", "call_time": "1m 30s", "handles": 10, "output": 0, "signal_bytes": 4096 },
            "runtime": { "lazy": false, "persistent": true, "parallel": 4, "recycle_after": 10000 },
            "min_hal9_version": "0.1.0",
            "dependencies": [{ "plugin_id": "ai.hal9.text-tools", "version": ">=1.2, <3" }],
            "configuration": { "type": "object", "properties": { "a b": { "default": true } } },
        }),
    );
}

#[test]
fn metadata() {
    wholly_refused("", "", &["the manifest needs `metadata: …`"]);
    wholly_refused("metadata: \"N\"", "\"N\"", &["expected `{ … }`"]);
    let with = |part: &str| METADATA.replace("name: \"N\"", part);
    wholly_refused(&with("nam: \"N\", name: \"N\""), "nam", &["perhaps `name`", "repository"]);
    wholly_refused(&with("name: \"N\", name: \"M\""), "name", &["twice"]);
    wholly_refused(&with("name: \"\""), "\"\"", &["empty"]);
    wholly_refused(&with("name: \" N\""), "\" N\"", &["white space"]);
    wholly_refused(&with("name: \"a\\nb\""), "\"a\\nb\"", &["one line"]);
    wholly_refused(&with("name: 7"), "7", &["a text in quotes"]);
    wholly_refused(
        &with("name: \"N\", id: \"My Plugin\""),
        "\"My Plugin\"",
        &["reverse-domain", "\"local.my-plugin\""],
    );
    wholly_refused(&with("name: \"N\", repository: \"example.com\""), "\"example.com\"", &["https://"]);
    wholly_refused(&with("name: \"N\", tags: [\"Text\"]"), "\"Text\"", &["a-z"]);
    wholly_refused(&with("name: \"N\", tags: [\"a\", \"a\"]"), "\"a\"", &["twice"]);
    wholly_refused(&with("name: env!(\"NO_SUCH\")"), "env", &["NO_SUCH"]);
    wholly_refused(&with("name: format!(\"N\")"), "format", &["json!"]);
    wholly_refused(&METADATA.replace("1.0.0", "1.0"), "\"1.0\"", &["three numbers"]);
    wholly_refused(&METADATA.replace("license: \"MIT\"", ""), "{", &["metadata needs `license: …`"]);
}

#[test]
fn capabilities() {
    refused("capabilities: [PluginCapability::Neuron { layer: \"L2\" }]", "Neuron", &["perhaps `NeuronType`"]);
    refused("capabilities: [PluginCapability::ToolProvider]", "ToolProvider", &["`ToolProvider { tool_name: \"…\""]);
    refused("capabilities: [\"tool\"]", "\"tool\"", &["PluginCapability::NeuronType {"]);
    refused("capabilities: PluginCapability::Custom", "Custom", &["in brackets"]);
    refused("capabilities: [PluginCapability::NeuronType { layer: \"L2\" }]", "{", &["needs `neuron_type: …`"]);
    refused("capabilities: [PluginCapability::ToolProvider { tool_name: \"Word Count\" }]", "\"Word Count\"", &["a-z"]);
    refused(
        "capabilities: [PluginCapability::ApiExtension { path: \"weather\" }]",
        "\"weather\"",
        &["begins with `/`"],
    );
    refused(
        "capabilities: [PluginCapability::ToolProvider { tool_name: \"a\" }, \
                        PluginCapability::ToolProvider { tool_name: \"a\", description: \"again\" }]",
        "ToolProvider",
        &["this capability is there twice"],
    );
    refused("capabilities: [PluginCapability::Custom { capability_type: \"c\", config: { a: B::C } }]", "C", &["JSON"]);
}

#[test]
fn permissions() {
    refused("permissions: [Permission::Hal9Memmory]", "Hal9Memmory", &["perhaps `Permission::Hal9Memory`"]);
    refused(
        "permissions: [Permission::PluginCall]",
        "PluginCall",
        &["`Permission::PluginCall(\"ai.hal9.text-tools\")`"],
    );
    refused("permissions: [Permission::PluginCall(\"Text Tools\")]", "\"Text Tools\"", &["id of a plugin"]);
    refused("permissions: [Permission::SystemTime(\"now\")]", "\"now\"", &["write `Permission::SystemTime`"]);
    refused("permissions: [Permission::NetworkHttps(\"https://a.b\")]", "\"https://a.b\"", &["a host alone"]);
    refused("permissions: [Permission::FileRead(\"=>/data\")]", "\"=>/data\"", &["./data=>/data"]);
    refused("permissions: [Permission::SystemEnv(\"A=B\")]", "\"A=B\"", &["LANG"]);
    refused("permissions: [\"process:ls\"]", "\"process:ls\"", &["no permission `process`"]);
    refused("permissions: [Permission::Hal9Signal(\"L1\", \"L2\")]", "\"L2\"", &["an entry for each"]);
    refused(
        "permissions: [Permission::Hal9Memory, \"Hal9Memory\"]",
        "\"Hal9Memory\"",
        &["this permission is there twice"],
    );
    refused("permissions: [Permission::Hal9Memory Permission::Hal9Signal]", "Permission", &["a comma"]);
}

#[test]
fn the_rest() {
    refused("limits: { memmory: \"1MiB\" }", "memmory", &["perhaps `memory`"]);
    refused("limits: { memory: \"lots\" }", "\"lots\"", &["64MiB"]);
    refused("limits: { memory: 0 }", "0", &["leave it out"]);
    refused("limits: { call_time: 5 }", "5", &["\"5s\""]);
    refused("limits: { call_time: \"5\" }", "\"5\"", &["with a unit"]);
    refused("limits: { handles: \"ten\" }", "\"ten\"", &["whole number"]);
    refused("limits: { cpu_share: \"0%\" }", "\"0%\"", &["100%"]);
    refused("limits: { cpu_share: 25 }", "25", &["text"]);
    refused("limits: { memory_keys: -1 }", "-", &["whole number"]);
    refused("runtime: { paralel: 4 }", "paralel", &["perhaps `parallel`"]);
    refused("runtime: { parallel: 0 }", "0", &["1 to 64"]);
    refused("runtime: { parallel: 65 }", "65", &["1 to 64"]);
    refused("runtime: { recycle_after: 0 }", "0", &["at least 1"]);
    refused("runtime: { lazy: \"yes\" }", "\"yes\"", &["`true` or `false`"]);
    refused("runtime: true", "true", &["expected `{ … }`"]);
    refused("dependencies: [{ plugin_id: \"a.b\", version: \"newest\" }]", "\"newest\"", &["^1.0"]);
    refused(
        "dependencies: [{ plugin_id: \"a.b\", min_version: \"1\", version: \"1\" }]",
        "min_version",
        &["plugin_id, version"],
    );
    refused("min_hal9_version: \"0.1\"", "\"0.1\"", &["three numbers"]);
    refused("configuration: true", "true", &["JSON Schema"]);
    refused("configuration: { a: 1.0e999 }", "1.0e999", &["no number"]);
    refused("configuration: { a: b }", "b", &["JSON"]);
    refused("capability: []", "capability", &["perhaps `capabilities`"]);
    refused(&format!("configuration: {{ a: {}{} }}", "[".repeat(101), "]".repeat(101)), "[", &["100 deep"]);
    refused(&format!("configuration: {{ a: \"{}\" }}", "x".repeat(256 * 1024)), "", &["262144 bytes"]);
}

#[test]
fn all_faults_are_told_at_once() {
    let errors =
        read("metadata: { name: \"\", version: \"1\" }, permissions: [Permission::Fly]").expect_err("five faults");
    let places: Vec<_> = errors.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(errors.len(), 5, "{errors:?}");
    assert!(places.contains(&"\"\"") && places.contains(&"\"1\""), "{places:?}");
}
