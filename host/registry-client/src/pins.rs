//! Which registry answers for which plugin: the one that it first came from, and the author's key that it had there. It refuses to know what is
//! installed.

use std::{collections::BTreeMap, path::Path};

use hal9_package::{PluginId, PublicKey};
use hal9_registry_index::{Broken, Record};
use serde::{Deserialize, Serialize};

use crate::{Error, Listed, Registry, saved::Saved};

/// The plugins that came from registries, in a file.
#[derive(Debug)]
pub struct Pins {
    file: Saved,
    pins: BTreeMap<PluginId, Pin>,
}

/// Where a plugin came from first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The registry's identity, as its root names it.
    pub registry: String,
    /// What the user called it.
    pub name: String,
    /// The key that had signed what came first.
    pub key: PublicKey,
}

/// Which registry answers for a plugin, and what it says.
#[derive(Debug)]
#[non_exhaustive]
pub struct Chosen<'a> {
    /// The registry.
    pub registry: &'a Registry,
    /// What it says.
    pub listed: Listed,
    /// The keys that are believed for the plugin: what [`Registry::download`] asks for.
    pub believed: Vec<PublicKey>,
}

impl Pins {
    /// Reads the file; nothing is bound where it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`], [`Error::File`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = Saved::new(path, false);
        let pins = file.read()?;
        Ok(Self { file, pins })
    }

    /// Where a plugin came from.
    pub fn get(&self, id: &PluginId) -> Option<&Pin> {
        self.pins.get(id)
    }

    /// Binds a plugin to where it came from, once it is installed. What is bound already stays so.
    ///
    /// # Errors
    ///
    /// [`Error::OtherRegistry`] where another command has bound it to another registry meanwhile, [`Error::Broken`] where to another key;
    /// [`Error::Busy`], [`Error::File`].
    pub async fn bind(&mut self, id: &PluginId, pin: Pin) -> Result<(), Error> {
        let change = |pins: &mut BTreeMap<PluginId, Pin>| match pins.get(id) {
            None => {
                pins.insert(id.clone(), pin);
                Ok(())
            }
            Some(bound) if bound.registry != pin.registry => Err(Error::OtherRegistry {
                registry: bound.name.clone(),
                plugin: id.clone(),
                expected: bound.registry.clone(),
                found: pin.registry,
            }),
            Some(_) => Ok(()),
        };
        self.pins = self.file.change(change).await?.0;
        Ok(())
    }

    /// Forgets where a plugin came from; `false` if that was not known.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::File`].
    pub async fn unbind(&mut self, id: &PluginId) -> Result<bool, Error> {
        let change = |pins: &mut BTreeMap<PluginId, Pin>| Ok(pins.remove(id).is_some());
        let (pins, was_there) = self.file.change(change).await?;
        self.pins = pins;
        Ok(was_there)
    }

    /// Which of some registries answers for a plugin, and what it says. A plugin that came from one asks only that; one that a registry
    /// claims asks only that; any other asks all, and may be in one of them alone. A registry that cannot be asked may have it: then nobody answers.
    ///
    /// # Errors
    ///
    /// [`Error::Ambiguous`], [`Error::ClaimedElsewhere`], [`Error::Unlisted`], [`Error::OtherRegistry`], [`Error::Unknown`],
    /// [`Error::Broken`] where the key that the plugin came with is none of its keys any more, and those of [`Registry::record`].
    pub async fn choose<'a>(&self, id: &PluginId, registries: &'a [Registry]) -> Result<Chosen<'a>, Error> {
        let claiming: Vec<&Registry> = registries.iter().filter(|one| one.settings().claims(id)).collect();
        let bound = self.get(id);
        let registry = match bound {
            Some(pin) => {
                let registry = of(id, pin, registries).await?;
                if !claiming.is_empty() && claiming.iter().all(|one| one.name() != registry.name()) {
                    let (bound, claimed) = (registry.name().to_owned(), names(&claiming));
                    return Err(Error::ClaimedElsewhere { plugin: id.clone(), bound, claimed });
                }
                registry
            }
            None => {
                let among: Vec<&Registry> = if claiming.is_empty() { registries.iter().collect() } else { claiming };
                let mut having = Vec::new();
                for registry in &among {
                    if among.len() == 1 || registry.find(id).await?.is_some() {
                        having.push(*registry);
                    }
                }
                match having.as_slice() {
                    [one] => *one,
                    [] => {
                        let registry = match among.as_slice() {
                            [one] => format!("the registry `{}`", one.name()),
                            _ => "none of the registries".to_owned(),
                        };
                        return Err(Error::Unknown { registry, plugin: id.clone() });
                    }
                    several => return Err(Error::Ambiguous { plugin: id.clone(), registries: names(several) }),
                }
            }
        };
        let listed = registry.record(id).await?;
        let broken = |source| registry.broken(id, source);
        let believed = believed(id, &listed.record, bound.map(|pin| &pin.key)).map_err(broken)?;
        Ok(Chosen { registry, listed, believed })
    }
}

impl Chosen<'_> {
    /// What to bind the plugin to once a version of it, signed by `key`, is installed.
    pub fn pin(&self, key: &PublicKey) -> Pin {
        Pin { registry: self.listed.registry.clone(), name: self.registry.name().to_owned(), key: key.clone() }
    }
}

fn names(registries: &[&Registry]) -> Vec<String> {
    registries.iter().map(|one| one.name().to_owned()).collect()
}

/// The registry that a plugin came from.
async fn of<'a>(id: &PluginId, pin: &Pin, registries: &'a [Registry]) -> Result<&'a Registry, Error> {
    // The one of that name first, which is the only one to be asked as a rule.
    let (named, others): (Vec<_>, Vec<_>) = registries.iter().partition(|one| one.name() == pin.name);
    let mut found = None;
    for registry in named.iter().chain(&others) {
        match registry.identity().await {
            Ok(identity) if identity == pin.registry => return Ok(registry),
            Ok(identity) if registry.name() == pin.name => found = Some(identity),
            Ok(_) => {}
            Err(error) if registry.name() == pin.name => return Err(error),
            // What cannot be asked may be anything: it is not the one that is called so.
            Err(_) => {}
        }
    }
    Err(match found {
        Some(found) => Error::OtherRegistry {
            registry: pin.name.clone(),
            plugin: id.clone(),
            expected: pin.registry.clone(),
            found,
        },
        None => Error::Unlisted { plugin: id.clone(), bound: pin.name.clone(), identity: pin.registry.clone() },
    })
}

/// The keys that are believed: from the one that the plugin came with on, or from its first one.
fn believed(id: &PluginId, record: &Record, known: Option<&PublicKey>) -> Result<Vec<PublicKey>, Broken> {
    let first = record.keys.first().map(|first| &first.key);
    match (known, first) {
        (Some(known), _) if record.keys.iter().any(|one| one.key == *known) => Ok(record.believed_from(id, known)),
        (Some(known), now) => Err(Broken::OtherKey { was: known.id(), now: now.map(PublicKey::id) }),
        (None, Some(first)) => Ok(record.believed_from(id, first)),
        (None, None) => Ok(Vec::new()),
    }
}
