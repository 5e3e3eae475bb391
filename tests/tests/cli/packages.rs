//! Packages as publishers make them: from a real guest, under whatever name and version a test needs, signed or not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hal9_package::{Manifest, PublicKey, SecretKey};
use serde_json::{Value, json};

use super::home::Home;

/// A folder with packages.
pub(crate) struct Shelf(tempfile::TempDir);

impl Shelf {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The neuron without the SDK, which is what its `manifest.json` says: its id and version, and what `more` says beside.
    pub(crate) fn package(&self, id: &str, version: &str, more: Value) -> PathBuf {
        self.packed(id, version, more, &std::fs::read(hal9_tests::guest("raw-neuron")).unwrap())
    }

    /// One that needs others: each an id and a requirement.
    pub(crate) fn needing(&self, id: &str, version: &str, needs: &[(&str, &str)]) -> PathBuf {
        let needs: Vec<_> = needs.iter().map(|(id, version)| json!({"plugin_id": id, "version": version})).collect();
        self.package(id, version, json!({ "dependencies": needs }))
    }

    /// As [`package`](Self::package), around another component.
    pub(crate) fn packed(&self, id: &str, version: &str, more: Value, component: &[u8]) -> PathBuf {
        let mut manifest = json!({
            "api_version": 1,
            "metadata": { "id": id, "name": id, "version": version, "author": "a", "license": "Apache-2.0" },
            "capabilities": [{ "NeuronType": { "layer": "L1", "neuron_type": id } }],
            "files": { "wasm": "plugin.wasm", "readme": "README.md" },
        });
        for (key, value) in more.as_object().unwrap() {
            manifest[key] = value.clone();
        }
        let manifest = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
        self.write(&manifest, component)
    }

    /// A guest with the manifest that it carries, in another version; both are written with as many signs.
    pub(crate) fn guest(&self, name: &str, version: &str) -> PathBuf {
        let mut component = std::fs::read(hal9_tests::guest(name)).unwrap();
        let (was, is) = (b"\"version\":\"0.1.0\"".as_slice(), format!("\"version\":\"{version}\""));
        assert_eq!(was.len(), is.len());
        for at in 0..component.len() - was.len() {
            if component[at..].starts_with(was) {
                component[at..at + was.len()].copy_from_slice(is.as_bytes());
            }
        }
        let carried = hal9_host::read_manifest(name, &component).unwrap().unwrap();
        let mut manifest = serde_json::from_str::<Value>(&carried.to_json()).unwrap();
        manifest["files"] = json!({ "wasm": "plugin.wasm", "readme": "README.md" });
        self.write(&Manifest::parse(manifest.to_string().as_bytes()).unwrap(), &component)
    }

    fn write(&self, manifest: &Manifest, component: &[u8]) -> PathBuf {
        let metadata = &manifest.metadata;
        let files = BTreeMap::from([
            ("plugin.wasm".to_owned(), component.to_vec()),
            ("README.md".to_owned(), format!("# {} {}\n", metadata.name, metadata.version).into_bytes()),
        ]);
        let path = self.path().join(format!("{}-{}.hal9", metadata.id.short(), metadata.version));
        std::fs::write(&path, hal9_package::pack(manifest, &files).unwrap()).unwrap();
        path
    }
}

/// Somebody who signs.
pub(crate) struct Signer(SecretKey);

impl Signer {
    pub(crate) fn new() -> Self {
        let (text, _) = SecretKey::generate(None).unwrap();
        Self(SecretKey::from_text(&text, None).unwrap())
    }

    pub(crate) fn key(&self) -> &PublicKey {
        self.0.public()
    }

    /// Signs a package, beside it.
    pub(crate) fn sign(&self, package: &Path) {
        let text = self.0.sign(&std::fs::read(package).unwrap(), "for a test").unwrap();
        std::fs::write(signature(package), text).unwrap();
    }

    /// Signs packages, and has a home trust that: a plugin that was not named is not taken on anybody's word.
    pub(crate) fn publish<'a>(&self, home: &Home, packages: impl IntoIterator<Item = &'a PathBuf>) {
        for package in packages {
            self.sign(package);
            let id = hal9_package::Package::open(package).unwrap().manifest().metadata.id.to_string();
            home.hal9(["policy", "trust", &id, &self.key().to_string()]).ok();
        }
    }
}

/// Where the signature of a package is.
pub(crate) fn signature(package: &Path) -> PathBuf {
    PathBuf::from(format!("{}.minisig", package.display()))
}

impl Home {
    /// A home in which packages need no signature.
    pub(crate) fn trusting() -> Self {
        let home = Self::new();
        std::fs::write(home.path().join("hal9.toml"), "[trust]\nallow_unsigned = true\n").unwrap();
        home
    }

    /// Installs a package without a signature, granting what it asks for.
    #[track_caller]
    pub(crate) fn install(&self, package: &Path) -> Value {
        self.try_install(package, &["--accept"]).json()
    }

    /// `hal9 --json plugin install PACKAGE --allow-unsigned ARGS`
    pub(crate) fn try_install(&self, package: &Path, args: &[&str]) -> super::home::Run {
        let file = package.to_str().unwrap();
        self.hal9([&["--json", "plugin", "install", file, "--allow-unsigned"], args].concat())
    }

    /// `id version` of every plugin, in order.
    #[track_caller]
    pub(crate) fn versions(&self) -> Vec<String> {
        let value = self.hal9(["--json", "plugin", "list"]).json();
        let text = |plugin: &Value, member: &str| plugin[member].as_str().unwrap().to_owned();
        let plugins = value["plugins"].as_array().unwrap();
        plugins.iter().map(|plugin| format!("{} {}", text(plugin, "id"), text(plugin, "version"))).collect()
    }
}
