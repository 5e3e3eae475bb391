//! The demo's steps about versions: a package that is signed and installed, and a plugin that is replaced while it works. It
//! owns what is expected of them, and refuses to know how packages are made by hand.

use hal9_host::{Call, Component, LoadOptions, Manager, Plugin, Signal, Widening};
use hal9_package::{Files, KeyError, Manifest, Package, PublicKey, SecretKey, Signature, pack};
use hal9_registry::{Install, Registry, Source};

use super::stage::{Told, unexpected};
use crate::failure::Failure;
use crate::home::Home;
use crate::keys;
use crate::output::{dim, plain, red, size, time};

/// Calls while a version takes over.
const CALLS: usize = 500;

/// Packs a component, signs it, has a changed byte refused, installs it, and runs what the store gives back.
pub(super) async fn install(told: &mut Told, home: &Home, plugin: &Plugin, component: &[u8]) -> Result<(), Failure> {
    let (key, public) = author()?;
    let package = packed(plugin, component, &[])?;
    let manifest = package.manifest().clone();
    let id = manifest.metadata.id.as_str();
    let signature = key.sign(package.bytes(), id).map_err(of_key)?;
    check(&public, package.bytes(), &signature)?;
    let packed = size(package.bytes().len() as u64);
    told.line(format!(
        "{} {}  {}",
        manifest.metadata.id,
        manifest.metadata.version,
        dim(format!("{packed}, signed by {}", public.id()))
    ));

    let mut changed = package.bytes().to_vec();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let Err(refusal) = check(&public, &changed, &signature) else {
        return Err(unexpected("a package with a changed byte was taken"));
    };
    told.line(format!("{} {}", red("one byte changed:"), plain(&refusal.message)));

    let mut registry = Registry::open(home.folder())?;
    registry.install(&[Install {
        package: &package,
        component,
        signed: Some((public, signature)),
        granted: manifest.permissions.clone(),
        origin: "the demo".to_owned(),
        expected: None,
    }])?;
    let installed = registry.get(id)?.ok_or_else(|| unexpected("what was installed is not there"))?;
    if registry.component(&installed)? != component {
        return Err(unexpected("the store gave back other bytes than it was given"));
    }
    let Source::Installed(version) = &installed.source else { return Err(unexpected("it was not installed")) };
    told.line(format!("installed as {}", dim(version.package)));
    told.fact("digest", version.package.to_string());
    told.fact("refused", refusal.message);
    Ok(())
}

/// Has another version take over while calls go on: none is lost.
pub(super) async fn reload(
    told: &mut Told,
    host: &Manager,
    plugin: &Plugin,
    component: &Component,
) -> Result<(), Failure> {
    let calls = async {
        for n in 0..CALLS {
            plugin.process_signal(&mut Call::new(), &Signal::text(&format!("I love number {n}!"))).await?;
            // The only thread is the swap's as well.
            tokio::task::yield_now().await;
        }
        Ok::<_, Failure>(())
    };
    let swap = async { Ok(host.replace(component, LoadOptions::declared(), Widening::Refuse).await?) };
    let ((), swap) = tokio::try_join!(calls, swap)?;
    told.line(format!(
        "{CALLS} calls answered, none lost  {}",
        dim(format!("swapped in {}, calls waited for {}", time(swap.elapsed), time(swap.paused)))
    ));
    told.fact("calls", CALLS);
    told.fact("swap_us", u64::try_from(swap.elapsed.as_micros()).unwrap_or(u64::MAX));
    told.fact("paused_us", u64::try_from(swap.paused.as_micros()).unwrap_or(u64::MAX));
    Ok(())
}

/// A package of a plugin, with some files beside its component.
pub(super) fn packed(plugin: &Plugin, component: &[u8], beside: &[(&str, &str)]) -> Result<Package, Failure> {
    let assets = beside.iter().map(|(path, _)| (*path).to_owned()).collect();
    let files = Files { wasm: "plugin.wasm".to_owned(), assets, ..Files::default() };
    let manifest = Manifest { files: Some(files), ..(*plugin.manifest()).clone() };
    let beside = beside.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    let contents = std::iter::once(("plugin.wasm".to_owned(), component.to_owned())).chain(beside).collect();
    Ok(Package::read(pack(&manifest, &contents)?)?)
}

/// A key of somebody who publishes plugins.
pub(super) fn author() -> Result<(SecretKey, PublicKey), Failure> {
    let (text, public) = SecretKey::generate(None).map_err(of_key)?;
    Ok((SecretKey::from_text(&text, None).map_err(of_key)?, public))
}

pub(super) fn of_key(error: KeyError) -> Failure {
    keys::of_key("a new key", &error)
}

fn check(key: &PublicKey, bytes: &[u8], signature: &str) -> Result<(), Failure> {
    let signature: Signature = signature.parse()?;
    Ok(key.verify(bytes, &signature)?)
}
