//! Plugins in folders: where they are looked for, which one of an id is the one, and what is not used.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::home::{Home, Run};
use super::packages::{Shelf, Signer, signature};

/// A folder to start commands in, with others beside it.
struct Place {
    home: Home,
    root: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { home: Home::new(), root: tempfile::tempdir().unwrap() }
    }

    /// Puts a guest into a folder.
    fn put(&self, folder: &str, guest: &str) {
        let folder = self.root.path().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(hal9_tests::guest(guest), folder.join(format!("{guest}.wasm"))).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.home.command(args);
        command.current_dir(self.root.path()).env_remove("HAL9_PLUGIN_PATH");
        command.env("HAL9_SYSTEM_PLUGINS", self.root.path().join("system"));
        command
    }

    fn hal9(&self, args: &[&str]) -> Run {
        Run::of(&mut self.command(args))
    }

    fn list(&self, args: &[&str]) -> Value {
        self.hal9(&[&["--json"], args, &["plugin", "list", "--all"]].concat()).json()
    }
}

#[test]
fn info_of_a_plugin_in_a_folder_says_where_it_is_and_that_nobody_granted_it_anything() {
    let place = Place::new();
    place.put("plugins", "uses-memory");
    std::fs::write(place.home.settings(), "[trust]\nallow_unsigned = true\n").unwrap();
    let info = place.hal9(&["--json", "plugin", "info", "test.uses-memory"]).json();
    assert_eq!(info["found"], "./plugins", "{info}");
    assert!(info["path"].as_str().unwrap().ends_with("uses-memory.wasm"), "{info}");
    let text = place.hal9(&["plugin", "info", "test.uses-memory"]).ok().stdout;
    assert!(text.contains("found: ./plugins") && text.contains("uses-memory.wasm"), "{text}");
    assert!(!text.contains("when it was loaded or installed"), "{text}");
}

/// Where each plugin was found: `id place`.
fn found(list: &Value) -> Vec<String> {
    let plugins = list["plugins"].as_array().unwrap().iter();
    plugins.map(|plugin| format!("{} {}", plugin["id"].as_str().unwrap(), plugin["found"].as_str().unwrap())).collect()
}

#[test]
fn the_first_plugin_of_an_id_is_the_one() {
    let place = Place::new();
    std::fs::write(place.home.settings(), "[trust]\nallow_unsigned = true\n").unwrap();
    for folder in ["named", "variable", "plugins", "system"] {
        place.put(folder, "flood");
    }
    let shadowed = |list: &Value| list["shadowed"].as_array().unwrap().len();
    let list = place.list(&["--plugin-path", "named"]);
    assert_eq!((found(&list), shadowed(&list)), (vec!["test.flood --plugin-path".to_owned()], 2));
    let with_variable = Run::of(place.command(&["--json", "plugin", "list"]).env("HAL9_PLUGIN_PATH", "none:variable"));
    assert_eq!(found(&with_variable.json()), ["test.flood HAL9_PLUGIN_PATH"]);
    assert_eq!(found(&place.list(&[])), ["test.flood ./plugins"]);
    place.home.load("flood");
    std::fs::remove_dir_all(place.root.path().join("plugins")).unwrap();
    assert_eq!(found(&place.list(&[])), ["test.flood home"]);
    place.hal9(&["plugin", "unload", "flood"]).ok();
    assert_eq!(found(&place.list(&[])), ["test.flood system"]);
    let text = place.hal9(&["--plugin-path", "named", "plugin", "list", "--all"]).ok().stdout;
    assert!(text.contains("--plugin-path") && text.contains("behind another one: test.flood"), "{text}");
    place.hal9(&["--json", "--plugin-path", "nowhere", "plugin", "list"]).error(3);
}

#[test]
fn what_is_found_runs_with_what_the_settings_grant_and_no_more() {
    let place = Place::new();
    place.put("named", "uses-memory");
    place.put("named", "two-kinds");
    let with = |args: &[&str]| place.hal9(&[&["--json", "--plugin-path", "named"], args].concat());
    with(&["tool", "call", "counter"]).ok();
    let send = || with(&["signal", "send", "--layer", "L2", "--neuron", "uses-memory", "get a"]);
    assert_eq!(send().error(6)["reason"], "ungranted");
    std::fs::write(place.home.settings(), "[plugins.\"test.uses-memory\"]\ngrant = [\"Hal9Memory\"]\n").unwrap();
    send().ok();
    assert_eq!(with(&["plugin", "info", "uses-memory"]).json()["granted"], json!(["Hal9Memory"]));
    // It is not the home's to change.
    with(&["plugin", "deactivate", "two-kinds"]).error(10);
    place.hal9(&["--json", "plugin", "info", "two-kinds"]).error(3);
}

#[test]
fn what_is_not_trusted_is_listed_with_why_and_never_run() {
    let place = Place::new();
    place.put("plugins", "two-kinds");
    std::fs::write(place.root.path().join("plugins/broken.wasm"), "no component").unwrap();
    std::fs::write(place.root.path().join("plugins/broken.hal9"), "no package").unwrap();
    let list = place.list(&[]);
    assert!(found(&list).is_empty(), "{list}");
    let unusable = list["unusable"].as_array().unwrap();
    let why = |name: &str| {
        let is_it = |it: &&Value| Path::new(it["path"].as_str().unwrap()).ends_with(name);
        unusable.iter().find(is_it).unwrap_or_else(|| panic!("no {name}: {list}"))["error"]["code"].clone()
    };
    assert_eq!(why("two-kinds.wasm"), "signature");
    assert_eq!(why("broken.wasm"), "signature", "it is not read");
    assert_eq!(why("broken.hal9"), "invalid-package");
    assert_eq!(place.hal9(&["--json", "plugin", "info", "two-kinds"]).error(5)["reason"], "unsigned");
    place.hal9(&["--json", "tool", "call", "counter"]).error(3);
    std::fs::write(place.home.settings(), "[trust]\nallow_unsigned = true\n").unwrap();
    place.hal9(&["tool", "call", "counter"]).ok();
}

#[test]
fn a_package_in_a_folder_is_used_while_its_key_is_trusted() {
    let place = Place::new();
    let (shelf, signer) = (Shelf::new(), Signer::new());
    let plugins = place.root.path().join("plugins");
    std::fs::create_dir(&plugins).unwrap();
    let put = |version: &str| {
        let package = shelf.package("test.packed", version, json!({}));
        signer.sign(&package);
        let there = plugins.join(package.file_name().unwrap());
        std::fs::copy(&package, &there).unwrap();
        std::fs::copy(signature(&package), signature(&there)).unwrap();
        there
    };
    put("1.9.0");
    let newest = put("1.10.0");
    let settings = |trust: &str| {
        let text = format!("{trust}\n[plugins.\"test.packed\"]\nkeys = [\"{}\"]\n", signer.key());
        std::fs::write(place.home.settings(), text).unwrap();
    };
    let error = place.hal9(&["--json", "plugin", "info", "packed"]).error(5);
    assert_eq!((&error["reason"], &error["plugin"]), (&"untrusted-key".into(), &"test.packed".into()));
    settings("");
    let list = place.list(&[]);
    assert_eq!(
        (found(&list), &list["plugins"][0]["version"]),
        (vec!["test.packed ./plugins".to_owned()], &"1.10.0".into())
    );
    let reply = place.hal9(&["--json", "signal", "send", "--layer", "L1", "two   words"]).json();
    assert_eq!(reply["replies"][0]["signal"]["content"], "two words");

    // A byte that was changed leaves the version before.
    let mut bytes = std::fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&newest, bytes).unwrap();
    let list = place.list(&[]);
    assert_eq!(list["plugins"][0]["version"], "1.9.0");
    assert_eq!(list["unusable"][0]["error"]["reason"], "bad-signature");

    // Whoever may write to a folder that the operator names cannot take the place of a plugin that somebody signs.
    std::fs::create_dir_all(place.root.path().join("named/packed")).unwrap();
    let bare = place.root.path().join("named/packed");
    std::fs::copy(hal9_tests::guest("raw-neuron"), bare.join("plugin.wasm")).unwrap();
    let manifest = json!({
        "api_version": 1,
        "metadata": { "id": "test.packed", "name": "p", "version": "9.0.0", "author": "a", "license": "MIT" },
        "capabilities": [],
    });
    std::fs::write(bare.join("manifest.json"), manifest.to_string()).unwrap();
    let list = place.list(&["--plugin-path", "named"]);
    assert_eq!(found(&list), ["test.packed ./plugins"]);
    settings(&format!("[trust]\nrevoked = [\"{}\"]", signer.key()));
    assert!(found(&place.list(&[])).is_empty());
}

/// Makes a named pipe, to which nobody writes.
fn pipe(path: &Path) {
    hal9_tests::run(Command::new("mkfifo").arg(path));
}

#[test]
fn what_is_no_file_keeps_no_command_waiting() {
    let place = Place::new();
    let plugins = place.root.path().join("plugins");
    place.put("plugins", "raw-neuron");
    pipe(&plugins.join("manifest.json"));
    std::fs::create_dir(plugins.join("one")).unwrap();
    std::fs::write(plugins.join("one/manifest.json"), "{}").unwrap();
    pipe(&plugins.join("one/x.wasm"));
    for settings in ["", "[trust]\nallow_unsigned = true\n"] {
        std::fs::write(place.home.settings(), settings).unwrap();
        assert!(found(&place.list(&[])).is_empty());
        place.hal9(&["--json", "signal", "send", "--layer", "L1", "x"]).error(3);
    }
    let why = place.list(&[])["unusable"][0]["error"]["message"].to_string();
    assert!(why.contains("manifest.json: it is not a regular file"), "{why}");
    place.hal9(&["--json", "plugin", "inspect", "plugins/one/x.wasm"]).error(11);
}

#[test]
fn of_a_large_folder_no_more_is_read_than_it_may_have() {
    let place = Place::new();
    place.put("named", "two-kinds");
    for at in 0..9 {
        let file = std::fs::File::create(place.root.path().join(format!("named/{at}.wasm"))).unwrap();
        // Nothing of it is on the disk.
        file.set_len(60 << 20).unwrap();
    }
    let reasons = |list: &Value| {
        let unusable = list["unusable"].as_array().unwrap().iter();
        unusable.filter(|it| it["error"]["reason"] == "folder-size").count()
    };
    let list = place.list(&["--plugin-path", "named"]);
    assert_eq!((reasons(&list), found(&list)), (5, vec!["test.two-kinds --plugin-path".to_owned()]), "{list}");
    // What nobody has signed is not read at all in a folder that nobody has named.
    std::fs::rename(place.root.path().join("named"), place.root.path().join("plugins")).unwrap();
    let list = place.list(&[]);
    let unusable = list["unusable"].as_array().unwrap();
    assert!(unusable.iter().all(|it| it["error"]["reason"] == "unsigned" && it["id"].is_null()), "{list}");
}

/// Why what was found is not used, by reason.
fn reasons(list: &Value) -> Vec<&str> {
    let unusable = list["unusable"].as_array().unwrap().iter();
    unusable.map(|it| it["error"]["reason"].as_str().unwrap_or_default()).collect()
}

#[test]
fn an_older_version_in_a_folder_does_not_take_the_place_of_the_installed_one() {
    let place = Place::new();
    let (shelf, signer) = (Shelf::new(), Signer::new());
    let settings = format!("[plugins.\"test.packed\"]\nkeys = [\"{}\"]\n", signer.key());
    std::fs::write(place.home.settings(), settings).unwrap();
    let versions: Vec<_> = ["1.0.0", "2.0.0", "3.0.0"]
        .map(|version| {
            let package = shelf.package("test.packed", version, json!({}));
            signer.sign(&package);
            package
        })
        .into();
    let put = |folder: &str, package: &Path| {
        let folder = place.root.path().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(package, folder.join(package.file_name().unwrap())).unwrap();
        std::fs::copy(signature(package), folder.join(signature(package).file_name().unwrap())).unwrap();
    };
    place.hal9(&["plugin", "install", versions[1].to_str().unwrap(), "--accept"]).ok();
    put("plugins", &versions[0]);
    let list = place.list(&[]);
    assert_eq!((found(&list), reasons(&list)), (vec!["test.packed home".to_owned()], vec!["downgrade"]));
    let text = |args: &[&str]| place.hal9(&[&["plugin", "list"], args].concat()).ok().stdout;
    assert!(!text(&[]).contains("1.0.0") && text(&["--all"]).contains("is version 1.0.0"), "{}", text(&["--all"]));
    // The operator may mean it.
    assert_eq!(found(&place.list(&["--plugin-path", "plugins"])), ["test.packed --plugin-path"]);
    put("plugins", &versions[2]);
    let list = place.list(&[]);
    assert_eq!((found(&list), reasons(&list)), (vec!["test.packed ./plugins".to_owned()], vec!["downgrade"]));
}

#[test]
fn nothing_unsigned_takes_an_id_that_somebody_has_decided_about() {
    let place = Place::new();
    place.put("plugins", "flood");
    let allowed = "[trust]\nallow_unsigned = true\n";
    std::fs::write(place.home.settings(), allowed).unwrap();
    assert_eq!(found(&place.list(&[])), ["test.flood ./plugins"]);
    std::fs::write(place.home.settings(), format!("{allowed}[plugins.\"test.flood\".config]\na = 1\n")).unwrap();
    let list = place.list(&[]);
    assert_eq!((found(&list).len(), reasons(&list)), (0, vec!["unsigned"]));
    assert_eq!(place.hal9(&["--json", "plugin", "info", "flood"]).error(5)["plugin"], "test.flood");
    std::fs::write(place.home.settings(), allowed).unwrap();
    place.home.load("flood");
    let list = place.list(&[]);
    assert_eq!((found(&list), reasons(&list)), (vec!["test.flood home".to_owned()], vec!["unsigned"]));
    assert_eq!(found(&place.list(&["--plugin-path", "plugins"])), ["test.flood --plugin-path"]);
}

#[test]
fn a_package_is_what_its_component_says_and_what_it_lacks_is_told() {
    let (place, shelf) = (Place::new(), Shelf::new());
    let component = std::fs::read(hal9_tests::guest("two-kinds")).unwrap();
    shelf.packed("test.two-kinds", "9.9.9", json!({}), &component);
    shelf.needing("test.needy", "1.0.0", &[("test.absent", "^1")]);
    let folder = shelf.path().to_str().unwrap();
    let list = place.list(&["--plugin-path", folder]);
    assert_eq!(found(&list), ["test.needy --plugin-path"]);
    let error = &list["unusable"][0]["error"];
    assert_eq!((&error["code"], &error["plugin"]), (&"invalid-package".into(), &"test.two-kinds".into()));
    assert!(error["message"].as_str().unwrap().contains("`metadata.version`"), "{error}");
    assert_eq!(list["unmet"][0]["id"], "test.needy");
    let text = place.hal9(&["--plugin-path", folder, "plugin", "list"]).ok().stdout;
    assert!(text.contains("test.needy needs test.absent ^1, which is not there"), "{text}");
}

#[test]
fn names_of_files_are_shown_and_not_obeyed() {
    let place = Place::new();
    place.put("plugins", "flood");
    let plugins = place.root.path().join("plugins");
    std::fs::rename(plugins.join("flood.wasm"), plugins.join("\u{1b}]0;pwned\u{7}\u{1b}[2K.wasm")).unwrap();
    std::fs::write(place.home.settings(), "[trust]\nallow_unsigned = true\n").unwrap();
    let shown = |args: &[&str]| {
        // Whoever asks for colours gets what a terminal gets.
        let run = Run::of(place.command(args).env("CLICOLOR_FORCE", "1"));
        let text = format!("{}{}", run.stdout, run.stderr);
        let harmful = text.contains("\u{1b}]") || text.contains('\u{7}') || text.contains("\u{1b}[2K");
        assert!(text.contains(r"\u{1b}]0;pwned\u{7}\u{1b}[2K.wasm") && !harmful, "{args:?}: {text}");
    };
    shown(&["plugin", "info", "flood"]);
    place.home.load("flood");
    shown(&["plugin", "list", "--all"]);
    place.hal9(&["plugin", "unload", "flood"]).ok();
    let settings = "[trust]\nallow_unsigned = true\n[plugins.\"test.flood\"]\ngrant = []\n";
    std::fs::write(place.home.settings(), settings).unwrap();
    shown(&["plugin", "info", "flood"]);
}
