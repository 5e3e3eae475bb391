//! Files of the store that are lost, altered, replaced, left over or cannot be written.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use hal9_package::{Digest, Package};
use hal9_registry::{Error, Fault, Registry, Remedy};

use crate::{
    HOME, Result,
    common::{id, loaded},
    packages::{component, install, package, package_with, version},
};

fn path(home: &Path, digest: &Digest) -> PathBuf {
    let hex = digest.hex();
    home.join("store/blobs").join(&hex[..2]).join(hex)
}

/// A registry with `a.one`, its package, and the paths of the package and of the component.
fn installed(home: &Path) -> Result<(Registry, Package, PathBuf, PathBuf)> {
    let mut registry = Registry::open(home)?;
    let package = package("a.one", "1.0.0");
    install(&mut registry, &package, None)?;
    let component = path(home, &Digest::of(&package.component()?));
    let packed = path(home, package.digest());
    Ok((registry, package, packed, component))
}

fn component_of(registry: &Registry, name: &str) -> std::result::Result<Vec<u8>, Error> {
    let plugin = registry.get(name)?.expect("it is listed");
    registry.component(&plugin)
}

type Spoil = fn(&Path) -> std::io::Result<()>;

/// Ways to spoil a file, and what is said of it then.
const SPOILT: [(&str, Spoil); 8] = [
    ("it is not there", |file| fs::remove_file(file)),
    ("its 0 bytes have the digest sha256:e3b0c442", |file| fs::write(file, "")),
    ("bytes have the digest", |file| {
        let mut bytes = fs::read(file)?;
        bytes[9] ^= 1;
        fs::write(file, bytes)
    }),
    ("bytes have the digest", |file| {
        let bytes = fs::read(file)?;
        fs::write(file, &bytes[..bytes.len() - 1])
    }),
    ("more than 67108864 bytes", |file| fs::File::options().write(true).open(file)?.set_len(1 << 40)),
    ("a link or a file stands in its way", |file| {
        // Even to what it should be.
        let elsewhere = file.with_extension("elsewhere");
        fs::rename(file, &elsewhere)?;
        symlink(elsewhere, file)
    }),
    ("a link or a file stands in its way", |file| {
        let folder = file.parent().unwrap_or(file);
        let elsewhere = folder.with_extension("elsewhere");
        fs::rename(folder, &elsewhere)?;
        symlink(elsewhere, folder)
    }),
    ("it is no file", |file| {
        fs::remove_file(file)?;
        fs::create_dir(file)
    }),
];

#[test]
fn a_damaged_component_is_not_used_and_says_what_to_do() -> Result {
    for (says, spoil) in SPOILT {
        let home = tempfile::tempdir()?;
        let (registry, _, _, file) = installed(home.path())?;
        spoil(&file)?;
        let error = component_of(&registry, "a.one").expect_err(says);
        assert!(matches!(&error, Error::Damaged { plugin, path, .. } if *plugin == id("a.one") && *path == file));
        let message = error.to_string();
        assert!(message.starts_with(&format!("a.one 1.0.0: {} is damaged: ", file.display())), "{message}");
        assert!(message.contains(says) && message.contains("hal9 doctor --fix"), "{message}");
        let found = registry.check()?;
        assert!(
            found
                .iter()
                .any(|one| one.path == file && matches!(&one.fault, Fault::Component(how) if how.contains(says)))
        );
    }
    Ok(())
}

#[test]
fn a_component_is_made_again_from_its_package() -> Result {
    for (says, spoil) in &SPOILT[..6] {
        let home = tempfile::tempdir()?;
        let (mut registry, package, packed, file) = installed(home.path())?;
        spoil(&file)?;
        let about = packed.metadata()?.modified()?;
        let mended = registry.mend()?;
        let remade: Vec<_> = mended.iter().filter(|one| one.remedy == Remedy::Remade).collect();
        assert!(matches!(remade.as_slice(), [one] if one.damage.path == file), "{says}: {mended:?}");
        assert_eq!(component_of(&registry, "a.one")?, package.component()?);
        assert_eq!(packed.metadata()?.modified()?, about, "what is fine is not touched");
        let left: Vec<_> = registry.check()?.into_iter().filter(|one| one.fault != Fault::Strange).collect();
        assert_eq!(left, [], "{says}");
        assert_eq!(registry.mend()?, []);
    }
    Ok(())
}

#[test]
fn a_damaged_package_is_reported_and_heals_when_it_is_installed_again() -> Result {
    for (says, spoil) in &SPOILT[..5] {
        let home = tempfile::tempdir()?;
        let (mut registry, package, packed, _) = installed(home.path())?;
        spoil(&packed)?;
        let (_, about) = registry.versions(&id("a.one"))?.remove(0);
        let error = registry.package(&about).expect_err(says);
        assert!(matches!(&error, Error::Damaged { path, .. } if *path == packed), "{error:?}");
        assert_eq!(component_of(&registry, "a.one")?, package.component()?, "it runs on");

        let before = packed.metadata().ok().map(|about| about.len());
        assert_eq!(registry.mend()?, [], "it cannot be made again");
        assert_eq!(packed.metadata().ok().map(|about| about.len()), before, "nothing is removed");
        let found = registry.check()?;
        let [damage] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert!(!damage.mends && matches!(&damage.fault, Fault::Package(_)), "{damage:?}");
        assert_eq!(damage.owner, Some((id("a.one"), version("1.0.0"))));
        assert!(damage.to_string().ends_with("install it again"), "{damage}");

        install(&mut registry, &package, Some("1.0.0"))?;
        assert_eq!(registry.package(&about)?.bytes(), package.bytes());
        assert_eq!(registry.check()?, []);
    }
    Ok(())
}

#[test]
fn a_component_without_its_package_is_lost_until_it_is_installed_again() -> Result {
    let home = tempfile::tempdir()?;
    let (mut registry, package, packed, file) = installed(home.path())?;
    fs::remove_file(&packed)?;
    fs::remove_file(&file)?;
    assert_eq!(registry.mend()?, []);
    assert_eq!(registry.check()?.iter().filter(|one| !one.mends).count(), 2);
    install(&mut registry, &package, Some("1.0.0"))?;
    assert_eq!(component_of(&registry, "a.one")?, package.component()?);
    Ok(())
}

#[test]
fn leftovers_are_found_and_removed_and_what_is_strange_is_left() -> Result {
    let home = tempfile::tempdir()?;
    let (mut registry, _, packed, _) = installed(home.path())?;
    let store = home.path().join("store");
    let stranger = Digest::of(b"of a command that was killed");
    let unreferenced = path(home.path(), &stranger);
    fs::create_dir_all(unreferenced.parent().ok_or("no folder")?)?;
    fs::write(&unreferenced, "of a command that was killed")?;
    let leftover = store.join("tmp").join(stranger.hex());
    fs::write(&leftover, "of a com")?;
    let strange = [store.join("blobs/notes.txt"), packed.with_file_name("README"), store.join("tmp/folder")];
    fs::write(&strange[0], "somebody's")?;
    fs::write(&strange[1], "somebody's")?;
    fs::create_dir(&strange[2])?;

    let found = registry.check()?;
    let of = |path: &Path| found.iter().find(|one| one.path == *path).map(|one| (one.fault.clone(), one.mends));
    assert_eq!(of(&unreferenced), Some((Fault::Unreferenced, true)));
    assert_eq!(of(&leftover), Some((Fault::Leftover, true)));
    for path in &strange {
        assert_eq!(of(path), Some((Fault::Strange, false)), "{}", path.display());
    }
    assert_eq!(found.len(), 5, "{found:?}");
    let mended = registry.mend()?;
    assert_eq!(mended.len(), 2, "{mended:?}");
    assert!(mended.iter().all(|one| one.remedy == Remedy::Removed));
    assert!(!unreferenced.exists() && !leftover.exists());
    assert!(strange.iter().all(|path| path.exists()));
    assert_eq!(registry.check()?.len(), 3);

    fs::write(&leftover, "again")?;
    install(&mut registry, &package("b.two", "1.0.0"), None)?;
    assert!(!leftover.exists(), "the next install cleans up");
    Ok(())
}

#[test]
fn a_folder_that_cannot_be_used_is_named_and_nothing_is_installed() -> Result {
    for (name, spoil) in [
        ("store", (|path| fs::write(path, "")) as Spoil),
        ("store/blobs", |path| fs::write(path, "")),
        ("store/blobs", |path| symlink("/tmp", path)),
        ("store/tmp", |path| symlink("/tmp", path)),
        ("store/lock", |path| symlink("/etc/hostname", path)),
    ] {
        let home = tempfile::tempdir()?;
        let mut registry = Registry::open(home.path())?;
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        spoil(&path)?;
        let error = install(&mut registry, &package("a.one", "1.0.0"), None).expect_err(name);
        assert!(matches!(&error, Error::Store { .. }), "{error:?}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        assert_eq!(registry.list()?, []);
    }
    Ok(())
}

#[test]
fn what_cannot_be_read_of_a_version_is_reported_and_can_be_uninstalled() -> Result {
    let home = tempfile::tempdir()?;
    let (mut registry, _, packed, file) = installed(home.path())?;
    install(&mut registry, &package_with("b.two", "1.0.0", &["a.one"], "", &component("b")), None)?;
    registry.record_loaded(&loaded("c.three", ""))?;
    rusqlite::Connection::open(home.path().join("registry.db"))?
        .execute("UPDATE version SET manifest = '{}', component = '?', size = 0 WHERE plugin = 'a.one'", [])?;
    let mended = registry.mend()?;
    assert!(matches!(mended.as_slice(), [one] if one.remedy == Remedy::Reread), "{mended:?}");
    assert!(registry.get("a.one")?.is_some() && registry.check()?.is_empty(), "its package has it all");
    // What no package says is lost.
    rusqlite::Connection::open(home.path().join("registry.db"))?
        .execute("UPDATE version SET key = '{}' WHERE plugin = 'a.one'", [])?;
    let error = registry.get("a.one").expect_err("no key");
    assert!(matches!(&error, Error::Stored { plugin, .. } if plugin == "a.one"), "{error:?}");
    assert!(registry.get("b.two")?.is_some() && registry.get("c.three")?.is_some());
    let found = registry.check()?;
    assert!(matches!(found.as_slice(), [one] if matches!(&one.fault, Fault::Row(id, _) if id == "a.one")), "{found:?}");
    assert_eq!(registry.mend()?, []);
    assert!(packed.exists() && file.exists(), "its files are not for anybody to remove");
    assert_eq!(registry.dependents(&id("a.one"))?, [id("b.two")]);
    registry.uninstall(&id("a.one"), None)?;
    assert_eq!(registry.list()?.len(), 2);
    assert_eq!(registry.check()?, []);
    assert!(!packed.exists() && !file.exists());
    Ok(())
}

#[test]
fn a_store_that_may_only_be_read_is_read() -> Result {
    let home = tempfile::tempdir()?;
    let (registry, package, ..) = installed(home.path())?;
    let store = home.path().join("store");
    fs::set_permissions(store.join("lock"), fs::Permissions::from_mode(0o400))?;
    fs::set_permissions(&store, fs::Permissions::from_mode(0o500))?;
    assert_eq!(component_of(&registry, "a.one")?, package.component()?);
    assert_eq!(registry.check()?, []);
    fs::set_permissions(&store, fs::Permissions::from_mode(0o700))?;
    Ok(())
}

/// A component that does not get smaller by packing.
fn large() -> Vec<u8> {
    let mut digest = Digest::of(b"");
    let mut text = String::new();
    while text.len() < 3 << 20 {
        digest = Digest::of(digest.hex().as_bytes());
        text.push_str(&digest.hex());
    }
    component(&text)
}

/// The other process, which may write files of a megabyte only.
#[test]
fn the_process_without_room() -> Result {
    let Some(home) = std::env::var_os(HOME) else {
        return Ok(());
    };
    let home = Path::new(&home);
    let mut registry = Registry::open(home)?;
    let large = package_with("b.large", "1.0.0", &[], "", &large());
    let error = install(&mut registry, &large, None).expect_err("there is no room for it");
    assert!(matches!(&error, Error::Store { doing: "write", path, .. } if path.starts_with(home.join("store/tmp"))));
    assert_eq!(registry.list()?.len(), 1);
    assert_eq!(registry.check()?, [], "nothing of it is left");
    install(&mut registry, &package("c.small", "1.0.0"), None)?;
    Ok(())
}

#[test]
fn a_file_that_there_is_no_room_for_leaves_nothing() -> Result {
    let home = tempfile::tempdir()?;
    let (registry, ..) = installed(home.path())?;
    // The signal is ignored: then the write is cut short at the limit, and the next one fails.
    let status = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" --exact damage::the_process_without_room --nocapture"])
        .arg(std::env::current_exe()?)
        .env(HOME, home.path())
        .status()?;
    assert!(status.success());
    assert_eq!(registry.list()?.len(), 2);
    assert_eq!(registry.check()?, []);
    Ok(())
}
