//! Packages as their users make and read them: what is packed comes back, and nothing else does.
#![expect(clippy::unwrap_used, reason = "tests say with their names what they are about")]

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

/// Such as a table of zeros: what readers refuse to unpack is not packed.
#[test]
fn what_packs_suspiciously_well_is_stored() -> Result<(), PackageError> {
    let zeros = vec![0; 2 * 1024 * 1024];
    let manifest = manifest(r#"{"wasm": "b.wasm", "assets": ["zeros"]}"#);
    let files = [("b.wasm".to_owned(), COMPONENT.to_owned()), ("zeros".to_owned(), zeros.clone())];
    let bytes = pack(&manifest, &files.into())?;
    assert!(bytes.len() > zeros.len());
    assert_eq!(Package::read(bytes)?.file("zeros")?, Some(zeros));
    Ok(())
}

/// Changes at random, of all sorts: the reader refuses or accepts, and does not panic.
#[test]
fn no_damage_makes_the_reader_panic() -> Result<(), PackageError> {
    let (manifest, files) = good();
    let bytes = pack(&manifest, &files)?;
    // Xorshift, so that a failure is found again.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let mut refusals = 0;
    for _ in 0..5_000 {
        let mut damaged = bytes.clone();
        for _ in 0..=random(3) {
            let at = random(damaged.len());
            let end = (at + random(40)).min(damaged.len());
            match random(6) {
                0 => damaged[at] ^= 1 << random(8),
                1 => damaged[at] = [0, 1, 0x7f, 0x80, 0xff, b'/'][random(6)],
                2 => damaged.truncate(at.max(1)),
                3 => drop(damaged.drain(at..end)),
                4 => {
                    let copy = damaged[at..end].to_vec();
                    let to = random(damaged.len());
                    damaged.splice(to..to, copy);
                }
                _ => damaged[at..end].fill(random(256) as u8),
            }
            if damaged.is_empty() {
                damaged.push(0);
            }
        }
        match Package::read(damaged.as_slice()) {
            // What was changed was the time or who may read the file, or changed into what it was.
            Ok(package) => assert_eq!(package.component()?, COMPONENT),
            Err(error) => {
                assert_ne!(damaged, bytes, "{error}");
                let message = error.to_string();
                assert!(message.len() < 4_000 && !message.contains(char::is_control), "{message:?}");
                refusals += 1;
            }
        }
    }
    assert!(refusals > 4_000, "only {refusals} were refused");
    Ok(())
}

/// Each bit of a package matters, but for those that nothing is made of: what is left of a compressed content's last byte, and the
/// directory's notes on who packed it and who may read it.
#[test]
fn every_flipped_byte_is_found_but_for_notes() -> Result<(), PackageError> {
    let (manifest, files) = good();
    let bytes = pack(&manifest, &files)?;
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap_or_default();
    let mut unnoticed = 0;
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        if Package::read(damaged).is_ok() {
            // Compressed content ends within its last byte.
            let last = [b"PK\x03\x04", b"PK\x01\x02"].iter().any(|next| bytes[at + 1..].starts_with(*next));
            assert!(at > directory || last, "byte {at}");
            unnoticed += 1;
        }
    }
    // Of each of six entries: that byte, the program's version, the internal attributes, and those of DOS and Unix.
    assert!(unnoticed <= 6 * 9, "{unnoticed}");
    Ok(())
}
