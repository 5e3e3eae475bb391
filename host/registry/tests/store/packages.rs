//! Packages to install.

use std::collections::BTreeMap;

use hal9_package::{Manifest, Package, pack};
use hal9_registry::{Error, Install, Registry};
use semver::Version;

use crate::common::tool;

/// A package of a plugin in a version, which needs other plugins and has a component of these bytes.
pub(crate) fn package_with(id: &str, version: &str, needs: &[&str], capabilities: &str, component: &[u8]) -> Package {
    let needs: Vec<_> = needs.iter().map(|id| format!(r#"{{"plugin_id": "{id}", "version": "^1"}}"#)).collect();
    let json = format!(
        r#"{{"api_version": 1,
             "metadata": {{"id": "{id}", "name": "The {id}", "version": "{version}", "author": "", "license": "MIT"}},
             "capabilities": [{capabilities}],
             "permissions": ["SystemTime"],
             "dependencies": [{}],
             "files": {{"wasm": "plugin.wasm", "readme": "README.md"}}}}"#,
        needs.join(",")
    );
    let manifest = Manifest::parse(json.as_bytes()).expect("a good manifest");
    let files = [("plugin.wasm", component), ("README.md", b"Read me")];
    let files: BTreeMap<_, _> = files.map(|(path, bytes)| (path.to_owned(), bytes.to_owned())).into();
    Package::read(pack(&manifest, &files).expect("it can be packed")).expect("it can be read")
}

/// A package of a plugin in a version, with a component of its own.
pub(crate) fn package(id: &str, version: &str) -> Package {
    package_with(
        id,
        version,
        &[],
        &tool(&format!("tool-of-{}", id.replace('.', "-"))),
        &component(&format!("{id} {version}")),
    )
}

/// What begins as a component does.
pub(crate) fn component(content: &str) -> Vec<u8> {
    [b"\0asm\x0d\0\x01\0", content.as_bytes()].concat()
}

/// Installs one package where `expected` is current, with everything granted that it asks for.
pub(crate) fn install(registry: &mut Registry, package: &Package, expected: Option<&str>) -> Result<(), Error> {
    let component = package.component().expect("it has a component");
    registry.install(&[to_install(package, &component, expected)])
}

pub(crate) fn to_install<'a>(package: &'a Package, component: &'a [u8], expected: Option<&str>) -> Install<'a> {
    Install {
        package,
        component,
        signed: None,
        granted: package.manifest().permissions.clone(),
        origin: "/downloads/plugin.hal9".to_owned(),
        expected: expected.map(version),
    }
}

pub(crate) fn version(text: &str) -> Version {
    text.parse().expect("a good version")
}
