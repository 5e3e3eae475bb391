//! What is no plugin: bytes that are no component, components of other worlds, manifests that promise too much.

use hal9_host::{Component, Error, Kind, LoadOptions, read_manifest};
use hal9_package::Manifest;
use serde_json::json;

use crate::lab::{Lab, ask, described, manifest};
use crate::raw::{NEURON, Raw, TOOL};

/// Why bytes are no component.
fn compile(lab: &Lab, bytes: &[u8]) -> Result<Component, String> {
    lab.manager.host().compile("file.wasm", bytes).map_err(invalid)
}

/// Why a component is no plugin.
fn load(lab: &Lab, raw: &Raw<'_>, manifest: Manifest) -> Result<(), String> {
    lab.load_raw(&raw.component(), manifest).map(drop).map_err(invalid)
}

#[track_caller]
fn invalid(error: Error) -> String {
    assert!(error.plugin().is_some() && error.help().is_some_and(|help| !help.is_empty()));
    match error {
        Error::InvalidComponent { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T, String>, text: &str) {
    let reason = result.unwrap_err();
    assert!(reason.contains(text), "{reason}");
}

#[tokio::test]
async fn bytes_that_are_no_component_are_told_what_they_are() {
    let lab = Lab::shared();
    let whole = std::fs::read(hal9_tests::guest("echo")).unwrap();
    says(compile(lab, b""), "not WebAssembly");
    says(compile(lab, b"#!/bin/sh"), "not WebAssembly");
    says(compile(lab, &whole[..4]), "");
    says(compile(lab, &wat::parse_str("(module)").unwrap()), "core WebAssembly module");
    says(compile(lab, &whole[..whole.len() / 2]), "malformed component");
    says(compile(lab, &[&whole[..], b"more"].concat()), "");
    // Machine code, which is what running it would make of the host.
    let engine = wat::parse_str("(component)").unwrap();
    says(compile(lab, &[b"\x7fELF", &engine[..]].concat()), "not WebAssembly");
    compile(lab, &whole).unwrap();
}

#[tokio::test]
async fn a_byte_that_changed_never_brings_the_host_down() {
    let lab = Lab::shared();
    let whole = Raw { world: TOOL, ..Raw::default() }.component();
    let mut refused = 0;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        // Most of what comes out is no component; the rest is one of another name.
        match lab.manager.host().compile("file.wasm", &bytes) {
            Ok(component) => drop(lab.manager.host().load(&component, described(manifest("test.raw", json!([]), &[])))),
            Err(error) => {
                invalid(error);
                refused += 1;
            }
        }
    }
    assert!(refused > whole.len() / 2, "{refused} of {}", whole.len());
}

#[tokio::test]
async fn components_of_another_world_are_no_plugins() {
    let lab = Lab::shared();
    says(compile(lab, &wat::parse_str("(component)").unwrap()), "no HAL9 plugin: it exports nothing");
    let other = Raw { world: "export run: func();", ..Raw::default() }.component();
    says(compile(lab, &other), "no HAL9 plugin: it exports run");
    let command = Raw {
        world: "export wasi:cli/run@0.2.0;",
        packages: "package wasi:cli@0.2.0 { interface run { run: func() -> result; } }",
        ..Raw::default()
    };
    says(compile(lab, &command.component()), "wasi:cli/run@0.2.0");
    let lifecycle = Raw { world: "export hal9:plugin/lifecycle@0.1.0;", ..Raw::default() }.component();
    says(compile(lab, &lifecycle), "no HAL9 plugin");
    let both = Raw { world: "export hal9:plugin/lifecycle@0.1.0; export hal9:plugin/tool@0.1.0;", ..Raw::default() };
    assert_eq!(compile(lab, &both.component()).unwrap().kinds(), [Kind::Tool, Kind::Lifecycle]);
}

const OLD: &str = "package hal9:plugin@0.2.0 {
    interface memory { get: func(key: string) -> option<list<u8>>; }
    interface neuron { process-signal: func(text: string) -> string; }
}";

#[tokio::test]
async fn another_version_of_the_same_interface_is_not_offered() {
    let lab = Lab::shared();
    let world = format!("import hal9:plugin/memory@0.2.0; {TOOL}");
    let raw = Raw { world: &world, packages: OLD, ..Raw::default() };
    let reason = load(lab, &raw, manifest("test.raw", json!([]), &["Hal9Memory"])).unwrap_err();
    assert!(reason.contains("hal9:plugin/memory@0.2.0") && reason.contains("0.1.0"), "{reason}");
    let raw = Raw { world: "export hal9:plugin/neuron@0.2.0;", packages: OLD, ..Raw::default() };
    let reason = compile(lab, &raw.component()).unwrap_err();
    assert!(reason.contains("hal9:plugin/neuron@0.2.0") && reason.contains("0.1.0"), "{reason}");
}

#[tokio::test]
async fn imports_that_no_host_offers_are_named() {
    let lab = Lab::shared();
    let cases = [
        (
            "import evil:thing/all@1.0.0;",
            "package evil:thing@1.0.0 { interface all { run: func(); } }",
            "evil:thing/all@1.0.0",
        ),
        ("import run: func();", "", "run"),
        (
            "import wasi:http/proxies@0.2.0;",
            "package wasi:http@0.2.0 { interface proxies { run: func(); } }",
            "wasi:http/proxies@0.2.0",
        ),
        (
            "import wasi:cli/spawn@0.2.0;",
            "package wasi:cli@0.2.0 { interface spawn { spawn: func(); } }",
            "wasi:cli/spawn@0.2.0",
        ),
        (
            "import wasi:cli/environment@0.9.0;",
            "package wasi:cli@0.9.0 { interface environment { initial-cwd: func(); } }",
            "wasi:cli/environment@0.9.0",
        ),
    ];
    for (import, packages, named) in cases {
        let world = format!("{import} {TOOL}");
        let raw = Raw { world: &world, packages, ..Raw::default() };
        says(load(lab, &raw, manifest("test.raw", json!([]), &[])), named);
    }
}

/// The interfaces by their right names, with functions of other types.
const FORGED: &str = "package hal9:plugin@0.1.0 {
    interface logging { log: func(message: string); }
    interface neuron { process-signal: func(text: string) -> string; process-batch: func(); state: func(); }
    interface tool { execute: func(name: string, params: string) -> string; }
}";

#[tokio::test]
async fn interfaces_of_the_right_name_and_the_wrong_shape_are_refused() {
    let lab = Lab::shared();
    let plain = || manifest("test.raw", json!([]), &[]);
    let import = Raw {
        world: "import hal9:plugin/logging@0.1.0; export hal9:plugin/tool@0.1.0;",
        packages: FORGED,
        ..Raw::default()
    };
    says(load(lab, &import, plain()), "logging");
    let missing = Raw { world: TOOL, packages: FORGED, ..Raw::default() };
    says(load(lab, &missing, plain()), "describe");
    let export = Raw { world: NEURON, packages: FORGED, ..Raw::default() };
    let bytes = export.component();
    let result = match lab.load_raw(&bytes, plain()) {
        Ok(plugin) => ask(&plugin, "hello").await.map(drop),
        Err(error) => Err(error),
    };
    says(result.map_err(invalid), "type mismatch");
}

#[tokio::test]
async fn a_component_of_too_many_parts_is_refused() {
    let lab = Lab::shared();
    let instances = "(core instance (instantiate $m))".repeat(100);
    let bytes = wat::parse_str(format!("(component (core module $m) {instances})")).unwrap();
    says(compile(lab, &bytes), "instances");
    let tables = "(table 1 funcref)".repeat(100);
    let raw = Raw { world: TOOL, fields: &tables, ..Raw::default() };
    says(compile(lab, &raw.component()), "tables");
}

#[tokio::test]
async fn components_in_components_without_end_are_refused() {
    let lab = Lab::shared();
    let header = b"\0asm\x0d\0\x01\0";
    let (mut size, mut levels) = (header.len(), Vec::new());
    for _ in 0..10_000 {
        let mut level = [&header[..], &[4]].concat();
        let mut rest = size;
        while rest >= 0x80 {
            level.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        level.push(rest as u8);
        size += level.len();
        levels.push(level);
    }
    let bytes = [levels.into_iter().rev().flatten().collect(), header.to_vec()].concat();
    compile(lab, &bytes).unwrap_err();
}

#[tokio::test]
async fn what_is_said_of_a_component_is_fit_for_a_terminal() {
    let lab = Lab::shared();
    let texts = [
        r#"(component (import "\1b[2Ja" (func)))"#,
        r#"(component (core module (@custom "hal9:manifest" "{\"\1b[2J\": 1}")))"#,
        r#"(component (core module (@custom "hal9:manifest" "{\"api_version\": 1, \"\e2\80\aea\": 1}")))"#,
    ];
    for text in texts {
        let reason = compile(lab, &wat::parse_str(text).unwrap()).unwrap_err();
        assert!(!reason.contains(|c: char| c.is_control() || c == '\u{202e}'), "{reason:?}");
    }
}

#[tokio::test]
async fn a_component_needs_a_manifest_and_exactly_one() {
    let lab = Lab::shared();
    let text = manifest("test.raw", json!([]), &[]).to_json().replace('\n', "").replace('"', "\\\"");
    let section = format!("(@custom \"hal9:manifest\" \"{text}\")");
    let bytes = |fields: &str| Raw { world: TOOL, fields, ..Raw::default() }.component();

    let component = compile(lab, &bytes(&section)).unwrap();
    assert_eq!(component.manifest().unwrap().metadata.id.as_str(), "test.raw");
    let plugin = lab.manager.host().load(&component, LoadOptions::default()).unwrap();
    assert_eq!((plugin.id().as_str(), plugin.kinds()), ("test.raw", vec![Kind::Tool]));
    assert_eq!(read_manifest("raw", &bytes(&section)).unwrap(), component.manifest().cloned());
    assert_eq!(read_manifest("raw", &bytes("")).unwrap(), None);

    let none = compile(lab, &bytes("")).unwrap();
    says(lab.manager.host().load(&none, LoadOptions::default()).map_err(invalid), "nothing says what it is");
    says(compile(lab, &bytes(&section.repeat(2))), "two manifests");
    says(compile(lab, &bytes("(@custom \"hal9:manifest\" \"{\")")), "the manifest that it carries");
    says(compile(lab, &bytes("(@custom \"hal9:manifest\" \"\\ff\")")), "the manifest that it carries");
    let unknown = section.replacen("{", "{\\\"more\\\": 1,", 1);
    says(compile(lab, &bytes(&unknown)), "more");
}

#[tokio::test]
async fn a_capability_needs_the_export_that_it_promises() {
    let lab = Lab::shared();
    let raw = Raw { world: TOOL, ..Raw::default() };
    let promises = [
        (json!({ "NeuronType": { "layer": "L2", "neuron_type": "x", "description": "" } }), "hal9:plugin/neuron"),
        (json!({ "MemoryProvider": { "provider_name": "x", "description": "" } }), "hal9:plugin/memory-provider"),
        (
            json!({ "LearningAlgorithm": { "algorithm_name": "x", "description": "" } }),
            "hal9:plugin/learning-algorithm",
        ),
        (json!({ "ApiExtension": { "path": "/x", "description": "" } }), "wasi:http/incoming-handler"),
    ];
    for (capability, export) in promises {
        says(load(lab, &raw, manifest("test.raw", json!([capability]), &[])), export);
    }
    let kept = json!([{ "ToolProvider": { "tool_name": "x", "description": "" } }, { "Custom": { "capability_type": "x", "config": {} } }]);
    load(lab, &raw, manifest("test.raw", kept, &[])).unwrap();
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_found() {
    let lab = Lab::shared();
    let error = lab.manager.host().compile_file("no/such/file.wasm".as_ref()).unwrap_err();
    assert!(matches!(&error, Error::NotFound { what, .. } if what.contains("no/such/file.wasm")), "{error:?}");
    let error = lab.manager.host().compile_file(env!("CARGO_MANIFEST_DIR").as_ref()).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "a folder: {error:?}");
}
