//! Packages as their users make and read them: what is packed comes back, and nothing else does.

use std::collections::BTreeMap;

use hal9_package::{Manifest, Package, PackageError, PackagedFile, pack};

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0 and more";

fn manifest(files: &str) -> Manifest {
    let json = format!(
        r#"{{"api_version": 1, "metadata": {{"id": "a.b", "name": "n", "version": "1.0.0", "author": "", "license": "MIT"}}, "files": {files}}}"#
    );
    Manifest::parse(json.as_bytes()).unwrap()
}

/// A manifest with one file of each sort, and the files.
fn good() -> (Manifest, BTreeMap<String, Vec<u8>>) {
    let manifest = manifest(
        r#"{"wasm": "b.wasm", "readme": "README.md", "license": "LICENSE", "examples": ["examples/größe.rs"], "assets": ["data/empty"]}"#,
    );
    let files = [
        ("b.wasm", COMPONENT),
        ("README.md", b"# Read me"),
        ("LICENSE", b"MIT"),
        ("examples/größe.rs", b"fn main() {}"),
        ("data/empty", b""),
    ];
    (manifest, files.map(|(path, content)| (path.to_owned(), content.to_owned())).into())
}

#[track_caller]
fn refused(result: Result<impl Sized, PackageError>) -> String {
    match result {
        Ok(_) => panic!("it was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_packed_comes_back() -> Result<(), PackageError> {
    let (manifest, files) = good();
    let bytes = pack(&manifest, &files)?;
    let package = Package::read(bytes.as_slice())?;
    assert_eq!(package.manifest(), &manifest);
    assert_eq!(package.component()?, COMPONENT);
    for (path, content) in &files {
        assert_eq!(package.file(path)?.as_ref(), Some(content), "{path}");
    }
    assert_eq!(package.file("manifest.json")?, Some(manifest.to_json().into_bytes()));
    assert_eq!(package.file("examples")?, None);
    let paths: Vec<_> = package.files().map(|PackagedFile { path, .. }| path).collect();
    assert_eq!(paths, ["LICENSE", "README.md", "b.wasm", "data/empty", "examples/größe.rs", "manifest.json"]);
    assert_eq!(package.bytes(), bytes);
    assert_eq!(*package.digest(), hal9_package::Digest::of(&bytes));
    Ok(())
}

#[test]
fn the_same_input_gives_the_same_bytes() -> Result<(), PackageError> {
    let (manifest, files) = good();
    let bytes = pack(&manifest, &files)?;
    assert_eq!(pack(&manifest, &files)?, bytes);
    let mut other = files.clone();
    other.insert("LICENSE".to_owned(), b"MIT ".to_vec());
    assert_ne!(pack(&manifest, &other)?, bytes);
    Ok(())
}

#[test]
fn what_would_be_refused_is_not_packed() {
    let (manifest_of_all, mut files) = good();
    files.remove("LICENSE");
    assert_eq!(
        refused(pack(&manifest_of_all, &files)),
        "`LICENSE`: the manifest names it, and it is not in the package: add it, or remove it from `files`"
    );
    let only = |wasm: &[u8]| pack(&manifest(r#"{"wasm": "b.wasm"}"#), &[("b.wasm".to_owned(), wasm.to_owned())].into());
    assert!(only(COMPONENT).is_ok());
    assert!(refused(only(b"\0asm\x01\0\0\0")).starts_with("`b.wasm`: it is a core module: "));
    assert!(refused(only(b"\x7fELF\x02\x01\x01\0")).starts_with("`b.wasm`: it is machine code"));
    assert!(refused(only(b"")).starts_with("`b.wasm`: \"\" is not the beginning of a component"));
}

/// What Info-ZIP's program makes, as the plugin guide has it.
#[test]
fn a_package_of_the_zip_program_is_read() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("hal9-package-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("examples/more"))?;
    let (manifest, _) = good();
    let text = manifest.to_json().replace("größe", "basic").replace("data/empty", "examples/more/x");
    for (path, content) in [
        ("manifest.json", text.as_bytes()),
        ("b.wasm", COMPONENT),
        ("README.md", b"# Read me"),
        ("LICENSE", b"MIT"),
        ("examples/basic.rs", b"fn main() {}"),
        ("examples/more/x", b""),
    ] {
        std::fs::write(folder.join(path), content)?;
    }
    let zip = std::process::Command::new("zip")
        .current_dir(&folder)
        .args(["-q", "-r", "x.hal9", "manifest.json", "b.wasm", "README.md", "LICENSE", "examples/"])
        .status();
    let package = Package::open(&folder.join("x.hal9"));
    std::fs::remove_dir_all(&folder)?;
    // Where there is no such program, there is nothing to hold against.
    if zip.is_ok_and(|status| status.success()) {
        assert_eq!(package?.file("examples/basic.rs")?.as_deref(), Some(b"fn main() {}".as_slice()));
    }
    Ok(())
}
