use super::*;

/// A section of a component: its number, its length, what is in it.
fn section(number: u8, content: &[u8]) -> Vec<u8> {
    // Lengths of two bytes do for all here.
    let length = [content.len() as u8 | 0x80, (content.len() >> 7) as u8];
    [&[number][..], &length, content].concat()
}

fn named(before: &[u8], name: &str, after: &[u8]) -> Vec<u8> {
    [before, &[name.len() as u8], name.as_bytes(), after].concat()
}

/// A component that imports and exports interfaces without functions, and carries a manifest.
fn component(imports: &[&str], exports: &[&str], manifest: &serde_json::Value) -> Vec<u8> {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    // One type, that of an instance with nothing in it.
    bytes.extend(section(7, &[1, 0x42, 0]));
    for import in imports {
        bytes.extend(section(10, &named(&[1, 0], import, &[5, 0])));
    }
    // One instance with nothing in it, exported under each name.
    bytes.extend(section(5, &[1, 1, 0]));
    for export in exports {
        bytes.extend(section(11, &named(&[1, 0], export, &[5, imports.len() as u8, 0])));
    }
    bytes.extend(section(0, &named(&[], Manifest::SECTION, manifest.to_string().as_bytes())));
    bytes
}

fn manifest(capabilities: serde_json::Value, permissions: &[&str]) -> serde_json::Value {
    let metadata = serde_json::json!({
        "id": "test.plugin", "name": "Test", "version": "0.1.0", "author": "", "license": "MIT",
    });
    serde_json::json!({
        "api_version": 1, "metadata": metadata, "capabilities": capabilities, "permissions": permissions,
    })
}

fn neuron() -> serde_json::Value {
    serde_json::json!([{"NeuronType": {"layer": "L2", "neuron_type": "test"}}])
}

fn validated(bytes: &[u8]) -> Validation {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("test.wasm");
    std::fs::write(&component, bytes).unwrap();
    project(&Host::new().unwrap(), &Found { folder: folder.path().to_owned(), component })
}

fn found(seen: &Validation, outcome: Outcome) -> Vec<&str> {
    seen.checks.iter().filter(|check| check.outcome == outcome).map(|check| check.found.as_str()).collect()
}

const NEURON: &str = "hal9:plugin/neuron@0.1.0";
const MEMORY: &str = "hal9:plugin/memory@0.1.0";

#[test]
fn an_import_that_is_not_declared_is_named_with_its_permission() {
    let seen = validated(&component(&[MEMORY], &[NEURON], &manifest(neuron(), &[])));
    assert_eq!(found(&seen, Outcome::Failed), ["hal9:plugin/memory@0.1.0 needs Hal9Memory, which is not declared"]);
    let failure = seen.failure.unwrap();
    assert_eq!((failure.code, failure.reason.as_deref()), (Code::PermissionDenied, Some("undeclared")));
}

#[test]
fn what_is_declared_and_of_no_use_is_a_warning() {
    let permissions = ["Hal9Memory", "Hal9Metrics", "SystemTime", "FileRead:/data"];
    let imports = [MEMORY, "wasi:filesystem/types@0.2.3"];
    let seen = validated(&component(&imports, &[NEURON], &manifest(neuron(), &permissions)));
    let warnings = found(&seen, Outcome::Warning);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings.iter().any(|it| it.starts_with("SystemTime is declared")), "{warnings:?}");
    assert!(warnings.iter().any(|it| it.starts_with("Hal9Metrics is declared")), "{warnings:?}");
}

#[test]
fn capabilities_and_exports_are_held_against_each_other() {
    let seen = validated(&component(&[], &["hal9:plugin/tool@0.1.0"], &manifest(neuron(), &[])));
    let failed = found(&seen, Outcome::Failed);
    assert_eq!(failed, ["NeuronType `test` on layer L2 is declared, and `hal9:plugin/neuron` is not exported"]);
    assert!(found(&seen, Outcome::Warning)[0].contains("declares no ToolProvider"));
    assert_eq!(seen.failure.unwrap().code, Code::InvalidPackage);
}

#[test]
fn a_plugin_for_a_newer_hal9_is_refused() {
    let mut newer = manifest(neuron(), &[]);
    newer["min_hal9_version"] = "99.0.0".into();
    let failure = validated(&component(&[], &[NEURON], &newer)).failure.unwrap();
    assert_eq!((failure.code, failure.reason.as_deref()), (Code::Conflict, Some("version")));
    assert!(failure.message.contains("99.0.0"), "{}", failure.message);
    let mut this = manifest(neuron(), &[]);
    this["min_hal9_version"] = env!("CARGO_PKG_VERSION").into();
    let seen = validated(&component(&[], &[NEURON], &this));
    assert!(seen.checks.iter().any(|check| check.name == "version" && check.outcome == Outcome::Passed));
}

#[test]
fn a_schema_that_is_none_is_told_once_with_its_place() {
    let mut wrong = manifest(neuron(), &[]);
    wrong["configuration"] = serde_json::json!({"type": "object", "properties": {"depth": {"type": "nothing"}}});
    let seen = validated(&component(&[], &[NEURON], &wrong));
    let failed = found(&seen, Outcome::Failed);
    assert!(failed.len() == 1 && failed[0].contains("`/properties/depth/type`: "), "{failed:?}");
}

#[test]
fn a_member_that_is_marked_as_a_secret_by_another_word_is_a_warning() {
    let mut marked = manifest(neuron(), &[]);
    marked["configuration"] = serde_json::json!({"type": "object", "properties": {
        "a/b": {"type": "object", "properties": {"key": {"type": "string", "secret": true}}},
        "good": {"type": "string", "secret": true, "writeOnly": true},
        "secret": true,
    }});
    let seen = validated(&component(&[], &[NEURON], &marked));
    let warnings = found(&seen, Outcome::Warning);
    assert!(
        warnings.len() == 1 && warnings[0].contains("`/properties/a~1b/properties/key` does nothing"),
        "{warnings:?}"
    );
    let help = seen.checks.iter().filter_map(|check| check.help.as_deref()).collect::<String>();
    assert!(help.contains("writeOnly"), "{help}");
}

#[test]
fn what_is_no_component_fails_at_once_without_its_path_twice() {
    let seen = validated(b"\0asm\x01\0\0\0");
    assert_eq!(found(&seen, Outcome::Failed), ["this is a core WebAssembly module, not a component"]);
    assert_eq!((seen.failure.unwrap().code, seen.size), (Code::InvalidPackage, 8));
}
