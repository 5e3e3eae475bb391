//! Plugins to record.

use hal9_package::{Manifest, PluginId};
use hal9_registry::Loaded;

/// A plugin with these capabilities (JSON), loaded from `/src/ID`.
pub(crate) fn loaded(id: &str, capabilities: &str) -> Loaded {
    let json = format!(
        r#"{{"api_version": 1,
             "metadata": {{"id": "{id}", "name": "The {id}", "version": "0.1.0", "author": "", "license": "MIT"}},
             "capabilities": [{capabilities}],
             "permissions": ["Hal9Memory:notes/", "SystemTime"],
             "limits": {{"memory": "32MiB"}}}}"#
    );
    let manifest = Manifest::parse(json.as_bytes()).expect("a good manifest");
    Loaded {
        granted: manifest.permissions.clone(),
        folder: format!("/src/{id}").into(),
        component: format!("/src/{id}/plugin.wasm").into(),
        manifest,
    }
}

pub(crate) fn neuron(layer: &str) -> String {
    format!(r#"{{"NeuronType": {{"layer": "{layer}", "neuron_type": "n"}}}}"#)
}

pub(crate) fn tool(name: &str) -> String {
    format!(r#"{{"ToolProvider": {{"tool_name": "{name}"}}}}"#)
}

pub(crate) fn id(text: &str) -> PluginId {
    text.parse().expect("a good id")
}
