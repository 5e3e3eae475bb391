//! Packages with a real component, and keys to sign them.

use std::collections::BTreeMap;

use hal9_package::{Manifest, Package, SecretKey};

/// The component in all of them.
pub(crate) const COMPONENT: &[u8] = include_bytes!("../../../../tests/fixtures/0.1.0/tool.wasm");

/// A package of `test.echo` that asks for the permissions.
pub(crate) fn package(version: &str, permissions: &str) -> Package {
    let manifest = format!(
        r#"{{"api_version": 1,
            "metadata": {{"id": "test.echo", "name": "Echo", "version": "{version}", "author": "Ada", "license": "MIT",
                "description": "Says it again", "repository": "https://example.com/echo"}},
            "capabilities": [{{"ToolProvider": {{"tool_name": "echo", "description": "Says it again"}}}}],
            "permissions": [{permissions}],
            "files": {{"wasm": "echo.wasm"}}}}"#
    );
    let files = BTreeMap::from([("echo.wasm".to_owned(), COMPONENT.to_vec())]);
    let bytes = hal9_package::pack(&Manifest::parse(manifest.as_bytes()).unwrap(), &files).unwrap();
    Package::read(bytes).unwrap()
}

pub(crate) fn key() -> SecretKey {
    SecretKey::from_text(&SecretKey::generate(None).unwrap().0, None).unwrap()
}

pub(crate) fn sign(key: &SecretKey, package: &Package) -> String {
    key.sign(package.bytes(), "test.echo").unwrap()
}
