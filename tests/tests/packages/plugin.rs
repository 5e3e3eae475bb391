//! A plugin's package before it is packed: its files, its manifest, and how the archive is to be written.

use serde_json::{Value, json};

use crate::zip::{Archive, Entry};

/// What a case changes. `archive` is made of the rest unless the case has made it.
pub(crate) struct Plugin {
    pub(crate) manifest: Value,
    /// The manifest's text, where it is not that of `manifest`.
    pub(crate) text: Option<String>,
    /// What follows the manifest.
    pub(crate) entries: Vec<Entry>,
    /// What happens to the archive in the end.
    pub(crate) finish: fn(&mut Archive),
    /// What happens to its bytes.
    pub(crate) damage: fn(&mut Vec<u8>),
}

impl Plugin {
    /// A neuron without the SDK: the manifest is in the package alone, so that it may have any id.
    pub(crate) fn new(id: &str) -> Self {
        let component = std::fs::read(hal9_tests::guest("raw-neuron")).unwrap();
        Self {
            manifest: json!({
                "api_version": 1,
                "metadata": { "id": id, "name": id, "version": "1.0.0", "author": "a", "license": "Apache-2.0" },
                "capabilities": [{ "NeuronType": { "layer": "L1", "neuron_type": id } }],
                "files": { "wasm": "plugin.wasm", "readme": "README.md", "examples": ["examples/one.txt"], "assets": [] },
            }),
            text: None,
            entries: vec![
                Entry::deflated("plugin.wasm", &component),
                Entry::stored("README.md", b"# Read me\n"),
                Entry::folder("examples/"),
                Entry::deflated("examples/one.txt", "an example ".repeat(20).as_bytes()),
            ],
            finish: |_| {},
            damage: |_| {},
        }
    }

    /// Adds an entry and names it as an asset.
    pub(crate) fn add(&mut self, entry: Entry) {
        let name = String::from_utf8_lossy(&entry.local.name).into_owned();
        self.manifest["files"]["assets"].as_array_mut().unwrap().push(name.into());
        self.entries.push(entry);
    }

    /// Adds a small file of this name.
    pub(crate) fn asset(&mut self, name: &str) {
        self.add(Entry::stored(name, b"an asset"));
    }

    /// Adds an entry that the manifest does not name.
    pub(crate) fn unnamed(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    pub(crate) fn entry(&mut self, name: &str) -> &mut Entry {
        self.entries.iter_mut().find(|entry| entry.local.name == name.as_bytes()).unwrap()
    }

    /// Puts another component in place of the good one.
    pub(crate) fn component(&mut self, bytes: &[u8]) {
        *self.entry("plugin.wasm") = Entry::stored("plugin.wasm", bytes);
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        let text = self.text.unwrap_or_else(|| self.manifest.to_string());
        let mut archive =
            Archive { entries: vec![Entry::deflated("manifest.json", text.as_bytes())], ..Archive::default() };
        archive.entries.extend(self.entries);
        (self.finish)(&mut archive);
        let mut bytes = archive.bytes();
        (self.damage)(&mut bytes);
        bytes
    }
}
