//! Packing, inspecting and validating: what gets into a package, what does not, and what is written at all.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hal9_package::Package;
use serde_json::Value;

use super::home::{Home, Run};

/// A plugin's folder whose component was built elsewhere, with files in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(guest: &str, files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::copy(hal9_tests::guest(guest), folder.path().join("plugin.wasm")).unwrap();
        for (path, text) in files {
            folder.put(path, text.as_bytes());
        }
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn put(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn pack(&self, home: &Home, more: &[&str]) -> Run {
        let mut command = home.command(["--json", "plugin", "pack"]);
        Run::of(command.arg(self.path()).args(more).current_dir(home.path()))
    }
}

/// Every package below a folder.
fn packages(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.to_string_lossy().contains("hal9-") || path.extension().is_some_and(|it| it == "hal9"))
        .collect()
}

const FILES: [(&str, &str); 6] = [
    ("README.md", "# Echo\n"),
    ("LICENSE", "Do what you like."),
    ("LICENSE-DATA", "Do less."),
    ("examples/one.txt", "one"),
    ("examples/more/two.txt", "two"),
    ("assets/words.txt", "a b c"),
];

#[test]
fn the_same_files_make_the_same_package() {
    let home = Home::new();
    let one = Folder::new("echo", &FILES);
    let reversed: Vec<_> = FILES.into_iter().rev().collect();
    let other = Folder::new("echo", &reversed);
    for (path, _) in FILES {
        let file = std::fs::File::options().write(true).open(other.path().join(path)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
        std::fs::set_permissions(other.path().join(path), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    }
    other.put(".git/HEAD", b"not packed");
    other.put("notes.txt", b"not packed either");
    let first = one.pack(&home, &["-o", "first.hal9"]).json();
    let second = other.pack(&home, &["-o", "second.hal9"]).json();
    assert_eq!(first["digest"], second["digest"]);
    let bytes = |name: &str| std::fs::read(home.path().join(name)).unwrap();
    assert!(bytes("first.hal9") == bytes("second.hal9"), "byte by byte");
    other.put("assets/words.txt", b"a b d");
    assert_ne!(other.pack(&home, &["-o", "second.hal9"]).json()["digest"], first["digest"], "it was packed anew");
    assert_eq!(packages(home.path()).len(), 2, "nothing else was left there");
}

#[test]
fn a_package_has_what_users_need_and_says_so() {
    let home = Home::new();
    let folder = Folder::new("echo", &FILES);
    folder.put("examples/.hidden", b"");
    folder.put(".env", b"TOKEN=secret");
    folder.put("examples/target/debug/x", b"");
    let packed = folder.pack(&home, &[]).json();
    assert_eq!(packed["package"], "echo-0.1.0.hal9");
    let left_out = packed["left_out"].to_string();
    assert!(left_out.contains("examples/.hidden") && left_out.contains("examples/target"), "{packed}");
    assert!(left_out.contains("\".env\""), "what is hidden beside them stays out as well: {packed}");
    let package = Package::open(&home.path().join("echo-0.1.0.hal9")).unwrap();
    let paths: Vec<_> = package.files().map(|file| file.path.to_owned()).collect();
    let mut expected: Vec<_> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
    expected.extend(["manifest.json", "plugin.wasm"].map(str::to_owned));
    expected.sort();
    assert_eq!(paths, expected);
    let files = package.manifest().files.as_ref().unwrap();
    assert_eq!((files.readme.as_deref(), files.license.as_deref()), (Some("README.md"), Some("LICENSE")));
    assert_eq!(files.assets, ["LICENSE-DATA", "assets/words.txt"]);
    assert_eq!(package.file("examples/more/two.txt").unwrap().unwrap(), b"two");

    let inspect = |more: &[&str]| {
        let args = ["plugin", "inspect", "echo-0.1.0.hal9"].iter().chain(more);
        Run::of(home.command(args).current_dir(home.path()))
    };
    let seen = inspect(&["--json"]).json();
    assert_eq!(seen["package"]["digest"], packed["digest"]);
    assert_eq!(seen["manifest"]["metadata"]["id"], "test.echo");
    assert!(seen["exports"].to_string().contains("hal9:plugin/neuron@0.1.0"), "{seen}");
    assert!(seen["package"]["signature"].is_null(), "{seen}");
    let text = inspect(&[]).ok().stdout;
    assert!(text.contains("examples/more/two.txt") && text.contains("sha256:"), "{text}");
    assert!(inspect(&["--wit"]).ok().stdout.contains("export hal9:plugin/neuron@0.1.0"));
    let valid =
        Run::of(home.command(["--json", "plugin", "validate", "echo-0.1.0.hal9"]).current_dir(home.path())).json();
    assert_eq!(valid["valid"], true);
    assert!(!valid["checks"].to_string().contains("warning"), "{valid}");
}

#[test]
fn a_package_without_readme_and_licence_is_one_with_warnings() {
    let home = Home::new();
    let packed = Folder::new("echo", &[]).pack(&home, &[]).json();
    let warnings = warnings(&packed);
    assert!(warnings.contains("no README") && warnings.contains("no licence"), "{warnings}");
    let text = Run::of(home.command(["plugin", "validate", "echo-0.1.0.hal9"]).current_dir(home.path())).ok().stdout;
    assert!(text.contains("it would load"), "{text}");
}

fn warnings(value: &Value) -> String {
    let checks = value["checks"].as_array().unwrap().iter();
    checks.filter(|check| check["outcome"] == "warning").map(|check| check["found"].to_string()).collect()
}

#[test]
fn what_cannot_be_packed_is_named_and_nothing_is_written() {
    let home = Home::new();
    let refused = |folder: &Folder, status: i32, expected: &[&str]| {
        let error = folder.pack(&home, &[]).error(status);
        let message = error["message"].as_str().unwrap();
        for expected in expected {
            assert!(message.contains(expected), "{expected}: {error}");
        }
        assert!(error["help"].is_string(), "{error}");
        assert_eq!(packages(home.path()), Vec::<PathBuf>::new(), "{error}");
    };
    let folder = Folder::new("echo", &[("assets/a.txt", "")]);
    let link = folder.path().join("assets/link");
    std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
    refused(&folder, 4, &["assets/link", "is a link"]);
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("/etc", &link).unwrap();
    refused(&folder, 4, &["assets/link", "is a link"]);
    std::fs::remove_file(&link).unwrap();
    hal9_tests::run(std::process::Command::new("mkfifo").arg(&link));
    refused(&folder, 4, &["assets/link", "no regular file"]);
    std::fs::remove_file(&link).unwrap();

    let name = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"caf\xe9.txt");
    std::fs::write(folder.path().join("assets").join(name), "").unwrap();
    refused(&folder, 4, &["not UTF-8"]);
    std::fs::remove_file(folder.path().join("assets").join(name)).unwrap();

    folder.put("assets/A.TXT", b"");
    refused(&folder, 4, &["A.TXT"]);
    std::fs::remove_file(folder.path().join("assets/A.TXT")).unwrap();

    // Too large as it is, and too large once it is packed; the first has nothing on the disk.
    let large = folder.path().join("assets/huge.bin");
    std::fs::File::create(&large).unwrap().set_len(1 << 40).unwrap();
    refused(&folder, 7, &["huge.bin", "64MiB"]);
    let mut state = 1_u64;
    let noise: Vec<u8> = (0..11 << 20)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect();
    folder.put("assets/huge.bin", &noise);
    refused(&folder, 7, &["huge.bin", "10MiB"]);

    refused(&Folder::new("undeclared", &[]), 6, &["hal9:plugin/memory"]);
    folder.put("other.wasm", b"\0asm\x0d\0\x01\0");
    refused(&folder, 2, &["several components"]);
    folder.pack(&home, &["-o", "no/such/folder/x.hal9"]).error(2);
    std::fs::remove_file(folder.path().join("other.wasm")).unwrap();
    folder.put("plugin.wasm", b"\0asm\x01\0\0\0");
    refused(&folder, 4, &["core WebAssembly module"]);
}

/// The manifest that a guest carries, with a change.
fn manifest(guest: &str, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let home = Home::new();
    let seen = home.hal9(["--json", "plugin", "inspect", hal9_tests::guest(guest).to_str().unwrap()]).json();
    let mut manifest = seen["manifest"].clone();
    change(&mut manifest);
    manifest.to_string().into_bytes()
}

#[test]
fn a_manifest_beside_the_component_says_the_same_and_names_files() {
    let home = Home::new();
    let folder = Folder::new("echo", &[("docs/guide.md", "read me"), ("data/words.txt", "a")]);
    std::fs::rename(folder.path().join("plugin.wasm"), folder.path().join("echo.wasm")).unwrap();
    folder.put(
        "manifest.json",
        &manifest("echo", |manifest| {
            manifest["files"] = serde_json::json!({"wasm": "echo.wasm", "readme": "docs/guide.md", "assets": ["data"]});
        }),
    );
    folder.pack(&home, &[]).json();
    let package = Package::open(&home.path().join("echo-0.1.0.hal9")).unwrap();
    let paths: Vec<_> = package.files().map(|file| file.path).collect();
    assert_eq!(paths, ["data/words.txt", "docs/guide.md", "echo.wasm", "manifest.json"]);

    folder.put("manifest.json", &manifest("echo", |manifest| manifest["metadata"]["version"] = "0.2.0".into()));
    let error = folder.pack(&home, &[]).error(4);
    assert!(error["message"].as_str().unwrap().contains("differ in `metadata.version`"), "{error}");
    assert_eq!(error["plugin"], "test.echo");

    folder.put(
        "manifest.json",
        &manifest("echo", |manifest| {
            manifest["files"] = serde_json::json!({"wasm": "echo.wasm", "readme": "no.md"});
        }),
    );
    let error = folder.pack(&home, &[]).error(4);
    assert!(error["message"].as_str().unwrap().contains("`no.md`"), "{error}");
}

#[test]
fn validation_tells_every_fault_with_its_place() {
    let home = Home::new();
    let folder = Folder::new("echo", &[]);
    let path = folder.put(
        "manifest.json",
        br#"{"api_version": 1,
             "metadata": {"id": "No Id", "name": "x", "version": "one", "author": "", "license": ""},
             "permissions": ["SystemTime", "Everything"],
             "runtime": {"parallel": 65}}"#,
    );
    for path in [path.as_path(), folder.path()] {
        let run = home.hal9(["--json".as_ref(), "plugin".as_ref(), "validate".as_ref(), path.as_os_str()]);
        let seen: Value = serde_json::from_str(&run.stdout).unwrap();
        let error = run.error(4);
        assert_eq!(seen["valid"], false);
        for fault in ["metadata.id (line 2", "metadata.version", "permissions[1]", "parallel"] {
            assert!(seen["checks"].to_string().contains(fault), "{fault}: {seen:#}");
            assert!(error["message"].as_str().unwrap().contains(fault), "{fault}: {error}");
        }
    }
    let seen = |change: fn(&mut Value)| {
        let path = folder.put("manifest.json", &manifest("echo", change));
        let run = home.hal9(["--json".as_ref(), "plugin".as_ref(), "validate".as_ref(), path.as_os_str()]);
        let checks = serde_json::from_str::<Value>(&run.stdout).unwrap()["checks"].to_string();
        (run.status, checks)
    };
    let (status, checks) = seen(|manifest| {
        manifest["configuration"] = serde_json::json!({
            "type": "object",
            "required": ["key"],
            "properties": {"key": {"type": "string"}, "depth": {"type": "integer", "minimum": 1, "default": 0}},
        });
        manifest["dependencies"] = serde_json::json!([{"plugin_id": "test.echo", "version": "^1"}]);
        manifest["min_hal9_version"] = "99.0.0".into();
        manifest["runtime"] = serde_json::json!({"persistent": false, "recycle_after": 5});
    });
    assert_eq!(status, 10, "the first of them is the status");
    for fault in ["default of `/depth`", "depends on itself", "99.0.0", "`recycle_after` does nothing"] {
        assert!(checks.contains(fault), "{fault}: {checks}");
    }
    let (status, checks) =
        seen(|manifest| manifest["configuration"] = serde_json::json!({"$ref": "https://example.org/x"}));
    assert_eq!(status, 4, "{checks}");
    let (status, checks) = seen(|manifest| {
        manifest["configuration"] = serde_json::json!({"required": ["key"], "properties": {"key": {"type": "string"}}});
    });
    assert_eq!(status, 0, "{checks}");
    assert!(checks.contains("to be set") && checks.contains("key"), "{checks}");
}

#[test]
fn a_package_that_is_broken_is_refused_by_everything_that_reads_it() {
    let home = Home::new();
    Folder::new("echo", &FILES).pack(&home, &[]).json();
    let good = std::fs::read(home.path().join("echo-0.1.0.hal9")).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    let cut = &good[..good.len() - 1];
    let behind = [&good[..], b"x"].concat();
    for (what, bytes) in
        [("flipped", &flipped[..]), ("cut", cut), ("behind", &behind), ("empty", b""), ("text", b"letter")]
    {
        let path = home.path().join(format!("{what}.hal9"));
        std::fs::write(&path, bytes).unwrap();
        for command in ["validate", "inspect"] {
            let error = home.hal9(["--json".as_ref(), "plugin".as_ref(), command.as_ref(), path.as_os_str()]).error(4);
            assert!(error["message"].as_str().unwrap().contains(&format!("{what}.hal9")), "{error}");
        }
        let sign = ["--json", "plugin", "sign", path.to_str().unwrap(), "--key", "/nowhere"];
        assert_eq!(home.hal9(sign).error(4)["code"], "invalid-package");
    }
    home.hal9(["--json", "plugin", "inspect", "/nowhere/x.hal9"]).error(3);
}

#[test]
fn a_plugin_is_composed_with_its_part_and_answers() {
    let home = Home::new();
    let folder = Folder::new("uses-part", &[]);
    let error = folder.pack(&home, &[]).error(4);
    assert!(error["message"].as_str().unwrap().contains("test:part/speech@0.1.0"), "{error}");
    let file = |guest: &str| hal9_tests::guest(guest).to_str().unwrap().to_owned();
    for (plug, expected) in [("echo", "is a plugin itself"), ("uses-part", "is a plugin itself")] {
        let error = folder.pack(&home, &["--plug", &file("part"), "--plug", &file(plug)]).error(4);
        assert_eq!(error["reason"], "composition");
        assert!(error["message"].as_str().unwrap().contains(expected), "{error}");
    }
    assert_eq!(packages(home.path()), Vec::<PathBuf>::new());
    folder.pack(&home, &["--plug", "/nowhere.wasm"]).error(3);

    let packed = folder.pack(&home, &["--plug", &file("part")]).json();
    assert_eq!(packed["composed"][0]["import"], "test:part/speech@0.1.0", "{packed}");
    let again = folder.pack(&home, &["--plug", &file("part"), "-o", "again.hal9"]).json();
    assert_eq!(packed["digest"], again["digest"]);
    let package = Package::open(&home.path().join("uses-part-0.1.0.hal9")).unwrap();
    let component = home.path().join("composed.wasm");
    std::fs::write(&component, package.component().unwrap()).unwrap();
    home.hal9(["plugin".as_ref(), "load".as_ref(), "--dev".as_ref(), component.as_os_str()]).ok();
    let answer = home.hal9(["--json", "signal", "send", "--layer", "L2", "hello"]).json();
    assert!(answer.to_string().contains("HELLO HELLO"), "{answer}");
}

#[test]
fn what_is_said_to_be_typed_next_works() {
    let home = Home::new();
    let project = home.path().join("project");
    std::fs::create_dir(&project).unwrap();
    std::fs::copy(hal9_tests::guest("uses-memory"), project.join("uses_memory.wasm")).unwrap();
    let hal9 = |args: &[&str]| Run::of(home.command(args).current_dir(home.path()));
    let packed = hal9(&["plugin", "pack", "project", "-o", "dist/"]).ok().stdout;
    assert!(packed.contains("hal9 plugin keygen; and sign it"), "{packed}");
    let package = std::fs::read_dir(home.path().join("dist")).unwrap().next().unwrap().unwrap().path();
    hal9(&["plugin", "keygen", "--no-password"]).ok();
    let signed = hal9(&["plugin", "sign", package.to_str().unwrap()]).ok().stdout;
    let next = signed.lines().find_map(|line| line.split_once("install it: hal9 ")).unwrap().1;
    hal9(&next.trim_end_matches("\u{1b}[0m").split(' ').collect::<Vec<_>>()).ok();
    let other = Home::new();
    let again = hal9(&["plugin", "pack", "project", "-o", "two/one.hal9", "--sign", "keys/default.key"]).ok().stdout;
    let next = again.lines().find_map(|line| line.split_once("install it: hal9 ")).unwrap().1;
    let args: Vec<_> = next.trim_end_matches("\u{1b}[0m").split(' ').collect();
    Run::of(other.command(args).current_dir(home.path())).ok();
    let error = hal9(&["--json", "plugin", "keygen", "-o", "nodir/x", "--no-password"]).error(3);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("nodir") && !message.contains(".hal9-"), "{error}");
}

#[test]
fn a_component_that_the_manifest_names_and_that_is_not_there_is_refused() {
    let home = Home::new();
    let project = home.path().join("project");
    std::fs::create_dir(&project).unwrap();
    std::fs::copy(hal9_tests::guest("raw-neuron"), project.join("raw_neuron.wasm")).unwrap();
    let text = std::fs::read_to_string(hal9_tests::guests_dir().join("raw-neuron/manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_str(&text).unwrap();
    let mut pack = |named: &str| {
        manifest["files"] = serde_json::json!({ "wasm": named });
        std::fs::write(project.join("manifest.json"), manifest.to_string()).unwrap();
        let args = ["--json".as_ref(), "plugin".as_ref(), "pack".as_ref(), project.as_os_str()];
        Run::of(home.command(args).current_dir(home.path()))
    };
    let error = pack("nope.wasm").error(4);
    assert!(error["message"].as_str().unwrap().contains("nope.wasm"), "{error}");
    assert!(error["help"].as_str().unwrap().contains("raw_neuron.wasm"), "{error}");
    pack("raw_neuron.wasm").ok();
}
