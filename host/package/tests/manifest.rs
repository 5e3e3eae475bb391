//! Reading manifests: what is accepted, and what each mistake is answered with.

use hal9_package::{Capability, Manifest, ManifestError, PermissionKind, RuntimeOverrides, RuntimePolicy};

/// Every key there is, over several lines, in the order in which they are written back.
const FULL: &str = r#"{
  "api_version": 1,
  "metadata": {
    "id": "ai.hal9.sentiment-analyzer",
    "name": "Sentiment Analyzer",
    "version": "0.1.0-beta.2+linux",
    "author": "Ada, Grüße",
    "description": "Scores \"texts\" 🚀",
    "license": "MIT OR Apache-2.0",
    "repository": "https://example.com/sentiment"
  },
  "capabilities": [
    {
      "NeuronType": {
        "layer": "L2",
        "neuron_type": "sentiment",
        "description": "Scores"
      }
    },
    {
      "ToolProvider": {
        "tool_name": "score_text-2",
        "description": ""
      }
    },
    {
      "MemoryProvider": {
        "provider_name": "notes",
        "description": ""
      }
    },
    {
      "LearningAlgorithm": {
        "algorithm_name": "k nearest neighbours",
        "description": ""
      }
    },
    {
      "ApiExtension": {
        "path": "/sentiment",
        "description": ""
      }
    },
    {
      "Custom": {
        "capability_type": "my_custom_type",
        "config": {
          "feature": [
            1,
            -2,
            0.5,
            null,
            true
          ]
        }
      }
    }
  ],
  "permissions": [
    "FileRead:./data=>/data",
    "PluginCall:550e8400-e29b-41d4-a716-446655440000",
    "PluginCall:ai.hal9.text-tools",
    "Hal9Memory"
  ],
  "limits": {
    "memory": "100MB",
    "call_time": "1m 30s",
    "handles": 5,
    "output": "0B"
  },
  "runtime": {
    "lazy": false,
    "persistent": false,
    "parallel": 4,
    "recycle_after": 1000
  },
  "min_hal9_version": "0.1.0",
  "dependencies": [
    {
      "plugin_id": "ai.hal9.text-tools",
      "version": ">=1.2, <3"
    }
  ],
  "configuration": {
    "type": "object",
    "properties": {
      "z": {},
      "a": {}
    }
  },
  "files": {
    "wasm": "sentiment_analyzer.wasm",
    "readme": "README.md",
    "license": "LICENSE",
    "examples": [
      "examples/basic.rs"
    ],
    "assets": [
      "lexicon.txt",
      "data/Größe.bin"
    ]
  }
}
"#;

/// A small manifest with `rest` behind its metadata.
fn with(rest: &str) -> String {
    format!(
        "{{\n\"api_version\": 1,\n\"metadata\": {{\"id\": \"a.b\", \"name\": \"n\", \"version\": \"1.0.0\", \"author\": \"\", \"license\": \"MIT\"}},\n{rest}\n}}"
    )
}

/// A small manifest with other metadata.
fn with_metadata(metadata: &str) -> String {
    format!("{{\"api_version\": 1,\n\"metadata\": {metadata}}}")
}

#[track_caller]
fn refused(json: impl AsRef<[u8]>) -> String {
    match Manifest::parse(json.as_ref()) {
        Ok(manifest) => panic!("accepted as {}", manifest.to_json()),
        Err(error) => error.to_string(),
    }
}

/// Each mistake, as what stands behind the metadata (line 4), with its message.
#[track_caller]
fn check(mistakes: &[(&str, &str)]) {
    for (rest, message) in mistakes {
        assert_eq!(refused(with(rest)), *message, "for {rest}");
    }
}

#[test]
fn a_full_manifest_is_written_as_it_was_read() -> Result<(), ManifestError> {
    let manifest = Manifest::parse(FULL.as_bytes())?;
    assert_eq!(manifest.to_json(), FULL);
    assert_eq!(manifest.metadata.version.pre.as_str(), "beta.2");
    assert_eq!(manifest.capabilities[0].layer(), Some("L2"));
    assert_eq!(manifest.limits.memory.0, 100_000_000);
    assert_eq!(manifest.limits.call_time.as_secs(), 90);
    assert_eq!(manifest.limits.output.0, 0, "a plugin may give up its log");
    assert_eq!(manifest.limits.memory_keys, 10_000, "absent, so the default");
    Ok(())
}

#[test]
fn what_may_be_absent_may_be_absent() -> Result<(), ManifestError> {
    let manifest = Manifest::parse(with("\"permissions\": []").as_bytes())?;
    assert_eq!(manifest.metadata.description, "");
    assert_eq!(manifest.capabilities, []);
    assert!(manifest.permissions.is_empty());
    assert_eq!(manifest.limits, Default::default());
    assert_eq!(manifest.dependencies, []);
    assert_eq!(manifest.configuration, None);
    assert_eq!(Manifest::parse(manifest.to_json().as_bytes())?, manifest);
    Ok(())
}

#[test]
fn short_forms_are_written_back_long() -> Result<(), ManifestError> {
    let manifest = Manifest::parse(
        with(r#""permissions": ["fs_read:./data", "fs_write:./output", "network:api.example.com", "env:LANG", "fs_read:./data"]"#).as_bytes(),
    )?;
    assert_eq!(
        manifest.permissions.to_string(),
        "NetworkHttps:api.example.com, FileRead:./data, FileWrite:./output, SystemEnv:LANG"
    );
    assert!(!manifest.permissions.contains(PermissionKind::NetworkHttp));
    Ok(())
}

#[test]
fn a_custom_capability_keeps_its_json() -> Result<(), ManifestError> {
    let manifest = Manifest::parse(
        with(
            r#""capabilities": [{"Custom": {"capability_type": "x", "config": [9007199254740993, 1e300, "\u0000"]}}]"#,
        )
        .as_bytes(),
    )?;
    let [Capability::Custom { config, .. }] = manifest.capabilities.as_slice() else {
        panic!("{:?}", manifest.capabilities);
    };
    assert_eq!(config.to_string(), "[9007199254740993,1e+300,\"\\u0000\"]");
    Ok(())
}

#[test]
fn what_is_not_json_is_refused_where_it_stops_being_json() {
    for (json, message) in [
        ("", "manifest (line 1, column 0): EOF while parsing a value"),
        ("{\n\n  \"api_version\" 1}", "manifest (line 3, column 17): expected `:`"),
        ("[1]", "manifest (line 1, column 0): invalid type: sequence, expected an object"),
        ("\u{feff}{}", "manifest (line 1, column 2): missing field `api_version`"),
    ] {
        assert_eq!(refused(json), message, "for {json:?}");
    }
    assert_eq!(refused(FULL.to_owned() + "{}"), "manifest (line 104, column 1): trailing characters");
    assert_eq!(refused(b"{\"a\xff\": 1}"), "manifest (line 1, column 4): invalid unicode code point");
}

#[test]
fn a_manifest_of_another_version_is_told_apart_from_a_wrong_one() {
    let version = |found: &str| format!(r#"{{"surprise": {{}}, "api_version": {found}, "metadata": {{"id": "a.b"}}}}"#);
    assert_eq!(refused(version("2")), "api_version is 2, and this HAL9 reads 1: a newer HAL9 is needed");
    assert_eq!(refused(version("0")), "api_version is 0, and this HAL9 reads 1: rebuild the plugin with a current SDK");
    assert!(refused(version("1")).starts_with("surprise (line 1, column 11): unknown field"));
    assert!(matches!(
        Manifest::parse(with("\"permissions\": []").replace('1', "7").as_bytes()),
        Err(ManifestError::ApiVersion { found: 7, .. })
    ));
}

#[test]
fn an_unknown_key_is_refused_at_every_level() {
    check(&[
        (
            r#""permission": []"#,
            "permission (line 4, column 12): unknown field `permission`, expected one of `api_version`, `metadata`, `capabilities`, `permissions`, `limits`, `runtime`, `min_hal9_version`, `dependencies`, `configuration`, `files`; perhaps `permissions`",
        ),
        (
            r#""limits": {"cpu": "50%"}"#,
            "limits.cpu (line 4, column 16): unknown field `cpu`, expected one of `memory`, `call_time`, `cpu_share`, `host_memory`, `handles`, `resources`, `host_calls`, `connections`, `http_body`, `open_files`, `file_bytes`, `random_bytes`, `output`, `signal_bytes`, `memory_value`, `memory_keys`, `metric_names`; perhaps `cpu_share`",
        ),
        (
            r#""capabilities": [{"ToolProvider": {"name": "x"}}]"#,
            "capabilities[0].ToolProvider.name (line 4, column 41): unknown field `name`, expected `tool_name` or `description`",
        ),
        (
            r#""dependencies": [{"plugin_id": "a.b", "min_version": "1.0.0"}]"#,
            r#"dependencies[0].min_version (line 4, column 51): unknown field `min_version`, expected `plugin_id` or `version`: write a requirement such as `"version": ">=1.0.0"`"#,
        ),
    ]);
    assert!(
        refused(with_metadata(r#"{"id": "a.b", "requirements": {}}"#))
            .ends_with(r#": write `min_hal9_version`, `permissions` and `dependencies` beside `metadata`, and the memory as `"limits": {"memory": "64MiB"}`"#)
    );
    assert!(refused(with_metadata(r#"{"capabilities": []}"#)).ends_with(": write it beside `metadata`, not in it"));
}

#[test]
fn a_duplicate_key_is_refused_at_every_level() {
    check(&[
        (r#""api_version": 1"#, "manifest (line 4, column 13): duplicate field `api_version`"),
        (r#""limits": {"handles": 1, "handles": 1}"#, "limits (line 4, column 34): duplicate field `handles`"),
        (
            r#""capabilities": [{"ToolProvider": {"tool_name": "x", "tool_name": "x"}}]"#,
            "capabilities[0].ToolProvider (line 4, column 64): duplicate field `tool_name`",
        ),
        (
            r#""capabilities": [{"Custom": {"capability_type": "x", "config": {"a": [{"b": 1, "b": 1}]}}}]"#,
            "capabilities[0].Custom.config.a[0] (line 4, column 82): duplicate key `b`: keep one of them",
        ),
        (
            r#""configuration": {"a": {"b": 1, "c": 2, "b": 1}}"#,
            "configuration.a (line 4, column 43): duplicate key `b`: keep one of them",
        ),
        (
            r#""configuration": {"a": 1, "\u0061": 1}"#,
            "configuration (line 4, column 34): duplicate key `a`: keep one of them",
        ),
    ]);
}

#[test]
fn capabilities_are_objects_of_one_kind_and_all_different() {
    check(&[
        (
            r#""capabilities": [{"Neuron": {}}]"#,
            "capabilities[0].Neuron (line 4, column 26): unknown variant `Neuron`, expected one of `NeuronType`, `ToolProvider`, `MemoryProvider`, `LearningAlgorithm`, `ApiExtension`, `Custom`; perhaps `NeuronType`",
        ),
        (
            r#""capabilities": ["NeuronType"]"#,
            r#"capabilities[0] (line 4, column 29): invalid type: string "NeuronType", expected an object with one kind, such as {"ToolProvider": {"tool_name": …}}"#,
        ),
        (
            r#""capabilities": [{}]"#,
            "capabilities[0] (line 4, column 19): it has no kind: write one such as \"ToolProvider\" with its object",
        ),
        (
            r#""capabilities": [{"ToolProvider": {"tool_name": "x"}, "MemoryProvider": {"provider_name": "x"}}]"#,
            "capabilities[0] (line 4, column 70): it has more than one kind: write an entry for each",
        ),
        (
            r#""capabilities": [{"ToolProvider": ["x", ""]}]"#,
            "capabilities[0].ToolProvider (line 4, column 34): invalid type: sequence, expected an object",
        ),
        (
            r#""capabilities": [{"ToolProvider": {"tool_name": "Word Count"}}]"#,
            r#"capabilities[0].ToolProvider.tool_name (line 4, column 60): "Word Count" is not a tool's name: write 1 to 64 characters out of a-z, 0-9, `_` and `-`"#,
        ),
        (
            r#""capabilities": [{"NeuronType": {"layer": "", "neuron_type": "x"}}]"#,
            "capabilities[0].NeuronType.layer (line 4, column 44): it is empty: write a name",
        ),
        (
            r#""capabilities": [{"ApiExtension": {"path": "weather"}}]"#,
            r#"capabilities[0].ApiExtension.path (line 4, column 52): "weather" is not a path: write one that begins with `/`, such as "/weather""#,
        ),
        (
            r#""capabilities": [{"ToolProvider": {"tool_name": "x"}}, {"ToolProvider": {"tool_name": "x", "description": "y"}}]"#,
            r#"capabilities (line 4, column 112): the ToolProvider "x" is there twice: keep one of them"#,
        ),
    ]);
    // The same neuron on two layers, and the same name for two kinds, are different things.
    for different in [
        r#""capabilities": [{"NeuronType": {"layer": "L1", "neuron_type": "x"}}, {"NeuronType": {"layer": "L2", "neuron_type": "x"}}]"#,
        r#""capabilities": [{"ToolProvider": {"tool_name": "x"}}, {"MemoryProvider": {"provider_name": "x"}}]"#,
    ] {
        assert_eq!(
            Manifest::parse(with(different).as_bytes())
                .map(|manifest| manifest.capabilities.len())
                .map_err(|e| e.to_string()),
            Ok(2)
        );
    }
}

#[test]
fn metadata_is_checked() {
    for (metadata, message) in [
        ("5", "metadata (line 2, column 13): invalid type: integer `5`, expected an object"),
        (r#"["a.b", "n"]"#, "metadata (line 2, column 12): invalid type: sequence, expected an object"),
        (r#"{"id": "a.b"}"#, "metadata (line 2, column 25): missing field `name`"),
        (
            r#"{"id": "plain"}"#,
            r#"metadata.id (line 2, column 26): "plain" is not a plugin id: write a reverse-domain name of lower-case letters, digits and `-`, such as "ai.hal9.text-tools", or a UUID"#,
        ),
        (r#"{"name": ""}"#, "metadata.name (line 2, column 23): it is empty: write a name"),
        (r#"{"name": "  x"}"#, "metadata.name (line 2, column 26): it has white space at an end: remove it"),
        (
            r#"{"name": "a\u001b[2Jb"}"#,
            r"metadata.name (line 2, column 34): it has the character \u{1b}: write one line of printable text",
        ),
        (
            r#"{"description": "a\nb"}"#,
            r"metadata.description (line 2, column 34): it has the character \u{a}: write one line of printable text",
        ),
        (
            r#"{"author": "\u202Egro.lah9"}"#,
            r"metadata.author (line 2, column 39): it has the character \u{202e}: write one line of printable text",
        ),
        (
            r#"{"version": "1.0"}"#,
            r#"metadata.version (line 2, column 29): "1.0" is not a semantic version: unexpected end of input while parsing minor version number; write three numbers such as "1.2.0""#,
        ),
        (
            r#"{"repository": "javascript:alert(1)"}"#,
            r#"metadata.repository (line 2, column 48): "javascript:alert(1)" is not a web address: write one that begins with "https://""#,
        ),
        (
            r#"{"tags": ["Text"]}"#,
            r#"metadata.tags[0] (line 2, column 28): "Text" is not a tag: write 1 to 32 characters out of a-z, 0-9 and `-`"#,
        ),
        (r#"{"repository": null}"#, "metadata.repository (line 2, column 31): invalid type: null, expected a string"),
    ] {
        assert_eq!(refused(with_metadata(metadata)), message, "for {metadata}");
    }
    let long = format!(r#"{{"name": "{}"}}"#, "x".repeat(129));
    assert!(refused(with_metadata(&long)).ends_with("it has 129 bytes: write at most 128"));
}

/// serde_json by itself would name the place where it has looked for the end of the object.
#[test]
fn the_line_is_that_of_the_value() {
    for (last, place) in [
        ("\"min_hal9_version\": \"1\"", "min_hal9_version (line 4, column 23)"),
        ("\"permissions\": [\n\"x\"\n]", "permissions[0] (line 5, column 3)"),
        ("\"limits\": {\n\"memory\": \"x\"\n}", "limits.memory (line 5, column 13)"),
        ("\"limits\": {\n\"handles\": 0\n}", "limits.handles (line 5, column 12)"),
        ("\"dependencies\": [{\n\"plugin_id\": \"x\"\n}]", "dependencies[0].plugin_id (line 5, column 16)"),
        (
            "\"capabilities\": [{\"ToolProvider\": {\n\"tool_name\": \"\"\n}}]",
            "capabilities[0].ToolProvider.tool_name (line 5, column 15)",
        ),
    ] {
        let message = refused(with(&format!("{last}\n\n\n")));
        assert!(message.starts_with(place), "{message}");
    }
}

#[test]
fn the_rest_is_checked() {
    check(&[
        (
            r#""min_hal9_version": "^1""#,
            r#"min_hal9_version (line 4, column 24): "^1" is not a semantic version: unexpected character '^' while parsing major version number; write three numbers such as "1.2.0""#,
        ),
        (
            r#""dependencies": [{"plugin_id": "a.c", "version": "one"}]"#,
            r#"dependencies[0].version (line 4, column 54): "one" is not a version requirement: unexpected character 'o' while parsing major version number; write one such as "^1.0" or ">=1.2, <3""#,
        ),
        (
            r#""dependencies": [{"plugin_id": "a.c", "version": "1"}, {"plugin_id": "a.c", "version": "2"}]"#,
            r#"dependencies (line 4, column 92): the plugin "a.c" is there twice: keep one of them"#,
        ),
        (
            r#""configuration": []"#,
            r#"configuration (line 4, column 17): invalid type: sequence, expected a JSON Schema such as {"type": "object"}"#,
        ),
        (
            r#""permissions": ["Hal9Memory", "Hal9Memories"]"#,
            r#"permissions[1] (line 4, column 44): "Hal9Memories" is not a permission: write one of NetworkHttp, NetworkHttps, FileRead, FileWrite, SystemTime, SystemRandom, SystemEnv, PluginCall, Hal9Signal, Hal9Memory, Hal9Metrics, Hal9Learning"#,
        ),
        (
            r#""limits": {"memory": "64 potatoes"}"#,
            r#"limits.memory (line 4, column 34): "64 potatoes" is not a size: write a number of bytes, or a number with a unit such as "64MiB" or "100MB""#,
        ),
        (
            r#""limits": {"call_time": 5}"#,
            r#"limits.call_time (line 4, column 25): invalid value: integer `5`, expected a time with a unit, such as "5s" or "250ms""#,
        ),
        (
            r#""limits": {"memory": 0}"#,
            "limits.memory (line 4, column 22): it is zero, and nothing could run with it: write more, or leave it out",
        ),
        (r#""limits": ["64MiB"]"#, "limits (line 4, column 10): invalid type: sequence, expected an object"),
    ]);
}

#[test]
fn size_and_depth_are_bounded() {
    let padded = |bytes: usize| {
        let mut json = with("\"permissions\": []");
        json.extend(std::iter::repeat_n(' ', bytes - json.len()));
        json
    };
    assert!(Manifest::parse(padded(Manifest::MAX_BYTES).as_bytes()).is_ok());
    assert!(matches!(
        Manifest::parse(padded(Manifest::MAX_BYTES + 1).as_bytes()),
        Err(ManifestError::TooLarge { size: 262_145, max: 262_144, .. })
    ));

    let nested =
        |depth: usize| with(&format!("\"configuration\": {{\"a\": {}{}}}", "[".repeat(depth), "]".repeat(depth)));
    assert!(Manifest::parse(nested(100).as_bytes()).is_ok());
    assert!(refused(nested(100_000)).ends_with("recursion limit exceeded"));
}

#[test]
fn a_message_never_carries_what_a_terminal_obeys_and_stays_short() {
    let hostile = "\\u001b[2J\\u202e\\n".repeat(5_000);
    for json in [
        with(&format!("\"{hostile}\": 1")),
        with(&format!("\"permissions\": [\"{hostile}\"]")),
        with(&format!("\"capabilities\": [{{\"{hostile}\": 1}}]")),
        with(&format!("\"limits\": {{\"memory\": \"{hostile}\"}}")),
        with(&format!("\"configuration\": {{\"{hostile}\": 1, \"{hostile}\": 1}}")),
        with_metadata(&format!("{{\"id\": \"{hostile}\"}}")),
        with_metadata(&format!("{{\"version\": \"{hostile}\"}}")),
    ] {
        let message = refused(&json);
        assert!(!message.contains(|c: char| c.is_control() || c == '\u{202e}'), "{message:?}");
        assert!(message.len() < 10_000, "{}", message.len());
    }
}

/// Cut anywhere or with any one byte changed, a manifest is refused, or is another one that survives being written.
#[test]
fn a_damaged_manifest_never_panics_and_never_changes_silently() -> Result<(), ManifestError> {
    let whole = FULL.trim_end().as_bytes();
    for end in 0..whole.len() {
        assert!(Manifest::parse(&whole[..end]).is_err(), "cut after {end} bytes");
    }
    let mut accepted = 0;
    for at in 0..whole.len() {
        for byte in [0, b'"', b'\\', b'{', b'}', b'0', b'-', b'z', 0x1b, 0xff] {
            let mut damaged = whole.to_vec();
            damaged[at] = byte;
            if let Ok(manifest) = Manifest::parse(&damaged) {
                assert_eq!(Manifest::parse(manifest.to_json().as_bytes())?, manifest);
                accepted += 1;
            }
        }
    }
    assert!(accepted > 500, "only {accepted} changes were to texts");
    Ok(())
}

#[test]
fn the_runtime_is_checked_and_has_defaults() -> Result<(), ManifestError> {
    let runtime = Manifest::parse(with(r#""runtime": {"parallel": 4}"#).as_bytes())?.runtime;
    assert_eq!((runtime.lazy, runtime.persistent, runtime.parallel, runtime.recycle_after), (true, true, 4, None));
    assert!(!Manifest::parse(with(r#""runtime": {}"#).as_bytes())?.to_json().contains("runtime"));
    check(&[
        (
            r#""runtime": {"parallel": 0}"#,
            "runtime.parallel (line 4, column 25): invalid value: integer `0`, expected a number of calls at once, 1 to 64",
        ),
        (
            r#""runtime": {"parallel": 65}"#,
            "runtime.parallel (line 4, column 26): invalid value: integer `65`, expected a number of calls at once, 1 to 64",
        ),
        (
            r#""runtime": {"recycle_after": -1}"#,
            "runtime.recycle_after (line 4, column 31): invalid value: integer `-1`, expected a number of calls, at least 1",
        ),
        (
            r#""runtime": {"recycle_after": null}"#,
            "runtime.recycle_after (line 4, column 33): invalid type: null, expected a number of calls, at least 1",
        ),
        (
            r#""runtime": {"lazy": "yes"}"#,
            r#"runtime.lazy (line 4, column 25): invalid type: string "yes", expected a boolean"#,
        ),
        (
            r#""runtime": {"threads": 4}"#,
            "runtime.threads (line 4, column 21): unknown field `threads`, expected one of `lazy`, `persistent`, `parallel`, `recycle_after`",
        ),
        (r#""runtime": [true]"#, "runtime (line 4, column 11): invalid type: sequence, expected an object"),
    ]);
    Ok(())
}

#[test]
fn an_operator_says_how_instances_are_kept() -> Result<(), Box<dyn std::error::Error>> {
    let says: RuntimeOverrides = toml::from_str("parallel = 8\nrecycle_after = 100")?;
    let wishes = Manifest::parse(with(r#""runtime": {"parallel": 4, "lazy": false}"#).as_bytes())?.runtime;
    let holds = wishes.with(&says);
    assert_eq!(holds, RuntimePolicy { lazy: false, persistent: true, parallel: 8, recycle_after: Some(100) });
    assert!(toml::from_str::<RuntimeOverrides>("parallel = 65").is_err());
    Ok(())
}

#[test]
fn the_files_are_paths_in_the_package() -> Result<(), ManifestError> {
    assert_eq!(Manifest::parse(with(r#""permissions": []"#).as_bytes())?.files, None);
    check(&[
        (r#""files": {}"#, "files (line 4, column 11): missing field `wasm`"),
        (
            r#""files": {"wasm": "x", "icon": "y"}"#,
            "files.icon (line 4, column 29): unknown field `icon`, expected one of `wasm`, `readme`, `license`, `examples`, `assets`",
        ),
        (
            r#""files": {"wasm": "/x"}"#,
            "files.wasm (line 4, column 22): it is absolute: write it relative to the package",
        ),
        (
            r#""files": {"wasm": "x", "assets": ["a", "b/../../c"]}"#,
            "files.assets[1] (line 4, column 50): it has the part `..`: write the path without it",
        ),
        (r#""files": {"wasm": "x", "readme": "x"}"#, "files (line 4, column 37): `x` is there twice: keep one of them"),
        (
            r#""files": {"wasm": "x", "assets": ["dir/a", "Dir/A"]}"#,
            "files (line 4, column 52): `Dir/A` and `dir/a` are one and the same on some systems: rename one of them",
        ),
        (
            r#""files": {"wasm": "x", "assets": ["Manifest.json"]}"#,
            "files (line 4, column 51): `Manifest.json` is the manifest itself: leave it out",
        ),
        (r#""files": "x""#, r#"files (line 4, column 12): invalid type: string "x", expected an object"#),
    ]);
    let many: Vec<_> = (0..1000).map(|n| format!("\"f{n}\"")).collect();
    let many = format!("\"files\": {{\"wasm\": \"x\", \"assets\": [{}]}}", many.join(","));
    assert!(refused(with(&many)).ends_with("it has 1002 files, and 1000 are allowed: pack fewer of them"));
    Ok(())
}
