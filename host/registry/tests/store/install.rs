//! Packages go in, are upgraded, switched and shadowed, and go out again.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::Path};

use hal9_package::{Digest, SecretKey};
use hal9_registry::{Error, Installed, Plugin, Registry, Source, Usage};

use crate::{
    Result,
    common::{id, loaded, tool},
    packages::{component, install, package, package_with, to_install, version},
};

fn installed(plugin: &Plugin) -> &Installed {
    match &plugin.source {
        Source::Installed(installed) => installed,
        Source::Linked(link) => panic!("{link:?}"),
    }
}

/// The version that serves, whether it is linked or installed.
fn served(registry: &Registry, id: &str) -> std::result::Result<Option<String>, Error> {
    Ok(registry.get(id)?.map(|plugin| plugin.manifest.metadata.version.to_string()))
}

fn versions(registry: &Registry, plugin: &str) -> std::result::Result<Vec<String>, Error> {
    Ok(registry.versions(&id(plugin))?.into_iter().map(|(_, it)| it.version.to_string()).collect())
}

/// The files of a store and their modes, by their paths in it.
fn files(folder: &Path) -> std::io::Result<BTreeMap<String, u32>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.join("store")];
    while let Some(next) = waiting.pop() {
        let about = next.metadata()?;
        if about.is_dir() {
            assert_eq!(about.permissions().mode() & 0o777, 0o700, "{}", next.display());
            waiting.extend(fs::read_dir(&next)?.filter_map(|entry| Some(entry.ok()?.path())));
        } else {
            found.insert(next.display().to_string(), about.permissions().mode() & 0o777);
        }
    }
    Ok(found)
}

/// How many files with content there are: all but the lock.
fn blobs(home: &Path) -> std::io::Result<usize> {
    Ok(files(home)?.len() - 1)
}

#[test]
fn an_installed_plugin_is_there_for_the_next_process() -> Result {
    let home = tempfile::tempdir()?;
    let package = package("a.one", "1.2.0");
    let code = package.component()?;
    let (text, key) = SecretKey::generate(None)?;
    let signature = SecretKey::from_text(&text, None)?.sign(package.bytes(), "a.one 1.2.0")?;
    let mut registry = Registry::open(home.path())?;
    registry.install(&[hal9_registry::Install {
        signed: Some((key.clone(), signature.clone())),
        ..to_install(&package, &code, None)
    }])?;

    let registry = Registry::open(home.path())?;
    let plugin = registry.get("a.one")?.ok_or("its tool is found")?;
    assert_eq!(registry.list()?, std::slice::from_ref(&plugin));
    assert!(plugin.active);
    assert_eq!(plugin.manifest, *package.manifest());
    assert_eq!(plugin.granted, package.manifest().permissions);
    let about = installed(&plugin);
    assert_eq!((about.version.clone(), about.size), (version("1.2.0"), package.bytes().len() as u64));
    assert_eq!((about.package, about.component), (*package.digest(), Digest::of(&code)));
    assert_eq!((about.key.as_ref(), about.signature.as_ref()), (Some(&key), Some(&signature)));
    assert_eq!(about.origin, "/downloads/plugin.hal9");

    assert_eq!(registry.component(&plugin)?, code);
    let kept = registry.package(about)?;
    assert_eq!(kept.bytes(), package.bytes());
    assert_eq!(kept.file("README.md")?.as_deref(), Some(b"Read me".as_slice()));
    assert_eq!(registry.usage(plugin.id())?, Usage::default());
    assert_eq!(registry.check()?, []);

    let files = files(home.path())?;
    assert_eq!(files.len(), 3, "package, component and lock: {files:?}");
    assert!(files.values().all(|mode| *mode == 0o600), "{files:?}");
    assert_eq!(home.path().join("registry.db").metadata()?.permissions().mode() & 0o777, 0o600);
    Ok(())
}

#[test]
fn an_upgrade_keeps_usage_and_state_and_the_older_version() -> Result {
    let home = tempfile::tempdir()?;
    let mut registry = Registry::open(home.path())?;
    let one = id("a.one");
    install(&mut registry, &package("a.one", "1.9.0"), None)?;
    registry.add_usage(&one, &Usage { calls: 7, ..Usage::default() })?;
    registry.set_active(&one, false)?;
    let (old, new) = (package("a.one", "1.9.0"), package_with("a.one", "1.10.0", &[], &tool("new"), &component("new")));
    install(&mut registry, &new, Some("1.9.0"))?;

    let plugin = registry.get("a.one")?.ok_or("lost")?;
    assert_eq!(installed(&plugin).version, version("1.10.0"));
    assert!(!plugin.active, "an upgrade does not make it active");
    assert_eq!(registry.usage(&one)?.calls, 7);
    assert_eq!(versions(&registry, "a.one")?, ["1.10.0", "1.9.0"], "by number");
    assert_eq!(registry.package(&registry.versions(&one)?[1].1)?.bytes(), old.bytes());
    registry.set_active(&one, true)?;
    assert_eq!(tools(&registry, "a.one")?, ["new"]);

    registry.switch(&one, &version("1.9.0"))?;
    let plugin = registry.get("a.one")?.ok_or("what it offers is the older version's")?;
    assert_eq!(registry.component(&plugin)?, old.component()?);
    assert_eq!(tools(&registry, "a.one")?, ["tool-of-a-one"]);
    let error = registry.switch(&one, &version("3.0.0")).expect_err("not installed");
    assert_eq!(error.to_string(), "a.one is not installed in version 3.0.0; there is 1.10.0, 1.9.0");
    let error = registry.switch(&id("a.two"), &version("3.0.0")).expect_err("not installed");
    assert_eq!(error.to_string(), "a.two is not installed in version 3.0.0; no version is");
    assert_eq!(registry.list()?.len(), 1);
    Ok(())
}

#[test]
fn uninstalling_takes_the_files_that_nobody_else_needs() -> Result {
    let home = tempfile::tempdir()?;
    let mut registry = Registry::open(home.path())?;
    let one = id("a.one");
    let shared = component("the same in both versions");
    for (at, expected) in [("1.0.0", None), ("2.0.0", Some("1.0.0")), ("1.5.0", Some("2.0.0"))] {
        install(&mut registry, &package_with("a.one", at, &[], "", &shared), expected)?;
    }
    install(&mut registry, &package("b.two", "1.0.0"), None)?;
    assert_eq!(blobs(home.path())?, 3 + 1 + 2, "three packages share one component");

    let gone = registry.uninstall(&one, Some(&version("1.5.0")))?;
    assert_eq!(gone.iter().map(|it| it.version.to_string()).collect::<Vec<_>>(), ["1.5.0"]);
    assert_eq!(served(&registry, "a.one")?.as_deref(), Some("2.0.0"), "the newest that is left");
    assert_eq!(blobs(home.path())?, 2 + 1 + 2);
    registry.uninstall(&one, Some(&version("1.0.0")))?;
    assert_eq!(served(&registry, "a.one")?.as_deref(), Some("2.0.0"), "which was current stays so");
    let plugin = registry.get("a.one")?.ok_or("lost")?;
    assert_eq!(registry.component(&plugin)?, shared);
    let error = registry.uninstall(&one, Some(&version("1.0.0"))).expect_err("it is gone");
    assert!(matches!(error, Error::NoVersion { .. }), "{error:?}");

    assert_eq!(registry.uninstall(&one, None)?.len(), 1);
    assert_eq!(registry.get("a.one")?, None);
    assert!(matches!(registry.usage(&one), Err(Error::Unknown { .. })));
    assert_eq!(blobs(home.path())?, 2, "the other plugin's");
    assert!(matches!(registry.component(&plugin), Err(Error::Gone { .. })), "not damaged: it was taken out");
    assert!(matches!(registry.package(installed(&plugin)), Err(Error::Gone { .. })));
    assert!(matches!(registry.uninstall(&one, None), Err(Error::Unknown { .. })));
    assert_eq!(registry.check()?, []);
    Ok(())
}

#[test]
fn a_link_shadows_what_is_installed_until_it_is_taken_away() -> Result {
    let home = tempfile::tempdir()?;
    let mut registry = Registry::open(home.path())?;
    let one = id("a.one");
    install(&mut registry, &package("a.one", "1.0.0"), None)?;
    registry.add_usage(&one, &Usage { calls: 2, ..Usage::default() })?;
    let file = home.path().join("plugin.wasm");
    fs::write(&file, "as it was built last")?;
    let mut link = loaded("a.one", &tool("linked"));
    link.component = file.clone();
    registry.record_loaded(&link)?;

    let plugin = registry.get("a.one")?.ok_or("lost")?;
    assert!(matches!(plugin.source, Source::Linked(_)), "{plugin:?}");
    assert_eq!(plugin.granted, link.granted);
    assert_eq!(registry.component(&plugin)?, b"as it was built last");
    assert_eq!(tools(&registry, "a.one")?, ["linked"]);
    install(&mut registry, &package("a.one", "1.1.0"), Some("1.0.0"))?;
    assert_eq!(served(&registry, "a.one")?.as_deref(), Some("0.1.0"), "an upgrade waits, too");

    assert!(registry.unlink(&one)?);
    let plugin = registry.get("a.one")?.ok_or("the installed one serves again")?;
    assert_eq!((installed(&plugin).version.clone(), plugin.granted.len()), (version("1.1.0"), 1));
    assert_eq!(registry.usage(&one)?.calls, 2, "it is one plugin");
    assert!(!registry.unlink(&one)?, "it has no link any more");
    assert!(registry.get("a.one")?.is_some());

    registry.record_loaded(&link)?;
    registry.uninstall(&one, None)?;
    assert_eq!(served(&registry, "a.one")?.as_deref(), Some("0.1.0"), "the link stays");
    assert!(matches!(registry.uninstall(&one, None), Err(Error::NotInstalled { .. })));
    fs::remove_file(&file)?;
    let plugin = registry.get("a.one")?.ok_or("lost")?;
    let error = registry.component(&plugin).expect_err("the file is gone");
    assert!(matches!(&error, Error::Component { path, .. } if *path == file), "{error:?}");
    Ok(())
}

#[test]
fn what_was_decided_for_another_state_is_not_done() -> Result {
    let home = tempfile::tempdir()?;
    let mut registry = Registry::open(home.path())?;
    let (old, new) = (package("a.one", "1.0.0"), package("a.one", "2.0.0"));
    let error = install(&mut registry, &new, Some("1.0.0")).expect_err("nothing is installed");
    assert_eq!(
        error.to_string(),
        "a.one: no version is current, and version 1.0.0 was when this was decided: another command has changed it; look at \
         it and try again"
    );
    install(&mut registry, &old, None)?;
    install(&mut registry, &old, None)?;
    let code = old.component()?;
    let ungranted = hal9_registry::Install { granted: Default::default(), ..to_install(&old, &code, None) };
    assert!(matches!(registry.install(&[ungranted]), Err(Error::Changed { .. })), "other grants were decided on");
    let error = install(&mut registry, &new, None).expect_err("1.0.0 is installed");
    assert!(matches!(error, Error::Changed { expected: None, found: Some(_), .. }), "{error:?}");
    assert_eq!(versions(&registry, "a.one")?, ["1.0.0"]);
    assert_eq!(blobs(home.path())?, 2, "nothing is left of what was refused");

    install(&mut registry, &new, Some("1.0.0"))?;
    install(&mut registry, &old, Some("2.0.0"))?;
    assert_eq!(served(&registry, "a.one")?.as_deref(), Some("1.0.0"), "the same bytes again: it becomes current");
    assert_eq!(versions(&registry, "a.one")?, ["2.0.0", "1.0.0"]);
    Ok(())
}

#[test]
fn a_version_never_changes() -> Result {
    let home = tempfile::tempdir()?;
    let mut registry = Registry::open(home.path())?;
    let (first, other) = (package("a.one", "1.0.0"), package_with("a.one", "1.0.0", &[], "", &component("other")));
    install(&mut registry, &first, None)?;
    let error = install(&mut registry, &other, Some("1.0.0")).expect_err("other content");
    let message = error.to_string();
    assert!(matches!(error, Error::Different { .. }), "{error:?}");
    assert!(
        message.contains(&first.digest().to_string()) && message.contains(&other.digest().to_string()),
        "{message}"
    );
    assert_eq!(registry.component(&registry.get("a.one")?.ok_or("lost")?)?, first.component()?);
    assert_eq!(blobs(home.path())?, 2);
    Ok(())
}

#[test]
fn several_packages_are_installed_together_or_not_at_all() -> Result {
    let home = tempfile::tempdir()?;
    let mut registry = Registry::open(home.path())?;
    install(&mut registry, &package("c.three", "1.0.0"), None)?;
    let packages = [package("a.one", "1.0.0"), package("b.two", "1.0.0"), package("c.three", "2.0.0")];
    let codes: Vec<_> = packages.iter().map(|package| package.component()).collect::<std::result::Result<_, _>>()?;
    let all = |expected| -> Vec<_> {
        let expected = [None, None, expected];
        (0..3).map(|at| to_install(&packages[at], &codes[at], expected[at])).collect()
    };
    assert!(matches!(registry.install(&all(None)), Err(Error::Changed { .. })));
    assert_eq!(registry.list()?.len(), 1);
    assert_eq!(blobs(home.path())?, 2);
    registry.install(&all(Some("1.0.0")))?;
    assert_eq!(registry.list()?.len(), 3);
    assert_eq!(served(&registry, "c.three")?.as_deref(), Some("2.0.0"));
    assert_eq!(registry.check()?, []);
    Ok(())
}

#[test]
fn no_other_component_is_installed_beside_a_package() -> Result {
    let home = tempfile::tempdir()?;
    let mut registry = Registry::open(home.path())?;
    let package = package("a.one", "1.0.0");
    let other = component("what nobody has signed");
    let error = registry.install(&[to_install(&package, &other, None)]).expect_err("another component");
    assert!(matches!(error, Error::Foreign { .. }), "{error:?}");
    assert_eq!(registry.list()?, []);
    Ok(())
}

#[test]
fn dependents_are_those_whose_current_version_needs_a_plugin() -> Result {
    let home = tempfile::tempdir()?;
    let mut registry = Registry::open(home.path())?;
    install(&mut registry, &package_with("a.base", "1.0.0", &["a.base"], "", &component("0")), None)?;
    install(&mut registry, &package_with("c.user", "1.0.0", &["a.base"], "", &component("1")), None)?;
    install(&mut registry, &package_with("b.user", "1.0.0", &["x.other", "a.base"], "", &component("2")), None)?;
    install(&mut registry, &package_with("d.none", "1.0.0", &["b.user"], "", &component("3")), None)?;
    assert_eq!(registry.dependents(&id("a.base"))?, [id("b.user"), id("c.user")]);
    install(&mut registry, &package_with("c.user", "2.0.0", &[], "", &component("4")), Some("1.0.0"))?;
    assert_eq!(registry.dependents(&id("a.base"))?, [id("b.user")]);
    registry.record_loaded(&loaded("b.user", ""))?;
    assert_eq!(registry.dependents(&id("a.base"))?, [id("b.user")], "it waits behind its link");
    assert_eq!(registry.dependents(&id("d.none"))?, []);
    Ok(())
}

/// What serves offers these.
fn tools(registry: &Registry, id: &str) -> std::result::Result<Vec<String>, Error> {
    let plugin = registry.get(id)?.map(|plugin| plugin.manifest.capabilities).unwrap_or_default();
    Ok(plugin.iter().map(|capability| capability.name().to_owned()).collect())
}
