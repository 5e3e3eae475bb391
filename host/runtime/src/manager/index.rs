//! What the active plugins can do, by name. It refuses to know plugins that are not active.

use std::collections::BTreeMap;

use hal9_package::{Capability, Manifest, PluginId};

use super::{Provider, indexed};
use crate::{Error, Kind, Plugin};

/// From what is asked for to who has it.
#[derive(Default)]
pub(super) struct Index {
    /// Neurons by layer, in the order of activation.
    neurons: BTreeMap<String, Vec<Provider>>,
    /// Tools, memory providers and learning algorithms, each by name.
    named: BTreeMap<(Kind, String), Plugin>,
}

impl Index {
    /// Whether a plugin of this id could be added with what a manifest declares.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] for a name that is taken.
    pub(super) fn check(&self, id: &PluginId, manifest: &Manifest) -> Result<(), Error> {
        for (kind, name) in manifest.capabilities.iter().filter_map(indexed) {
            if let Some(other) = self.named.get(&(kind, name.to_owned())).filter(|other| other.id() != id) {
                return Err(Error::Conflict {
                    plugin: Some(id.clone()),
                    what: format!("{id}: the {kind} `{name}` is provided by {} already", other.id()),
                    help: format!("deactivate {} first", other.id()),
                });
            }
        }
        Ok(())
    }

    /// Adds what a plugin can do.
    ///
    /// # Errors
    ///
    /// As [`Index::check`]; nothing is added then.
    pub(super) fn add(&mut self, plugin: &Plugin) -> Result<(), Error> {
        let manifest = plugin.manifest();
        self.check(plugin.id(), &manifest)?;
        for capability in &manifest.capabilities {
            let Some((kind, name)) = indexed(capability) else { continue };
            match capability {
                Capability::NeuronType { layer, .. } => {
                    let neuron = Provider { name: name.to_owned(), plugin: plugin.clone() };
                    self.neurons.entry(layer.clone()).or_default().push(neuron);
                }
                _ => {
                    self.named.insert((kind, name.to_owned()), plugin.clone());
                }
            }
        }
        Ok(())
    }

    /// Has what another version of a plugin can do take the place of what the one before could: its neurons keep their places in
    /// the layers that both have. `set_current` makes it that version.
    ///
    /// # Errors
    ///
    /// As [`Index::check`] of `manifest`; nothing has changed then.
    pub(super) fn replace(
        &mut self,
        plugin: &Plugin,
        manifest: &Manifest,
        set_current: impl FnOnce(),
    ) -> Result<(), Error> {
        self.check(plugin.id(), manifest)?;
        let of_it = |neuron: &Provider| neuron.plugin.id() == plugin.id();
        let places: BTreeMap<_, _> = self
            .neurons
            .iter()
            .filter_map(|(layer, neurons)| Some((layer.clone(), neurons.iter().position(of_it)?)))
            .collect();
        self.remove(plugin.id());
        set_current();
        self.add(plugin)?;
        for (layer, place) in places {
            let Some(neurons) = self.neurons.get_mut(&layer) else { continue };
            // The last ones, as they were added last.
            let added = neurons.iter().filter(|neuron| of_it(neuron)).count();
            neurons[place..].rotate_right(added);
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, id: &PluginId) {
        for neurons in self.neurons.values_mut() {
            neurons.retain(|neuron| neuron.plugin.id() != id);
        }
        self.neurons.retain(|_, neurons| !neurons.is_empty());
        self.named.retain(|_, plugin| plugin.id() != id);
    }

    /// The neurons of a layer; of those, the ones whose type or plugin id is `name`, if one is given.
    pub(super) fn neurons(&self, layer: &str, name: Option<&str>) -> Vec<Provider> {
        let wanted =
            |neuron: &&Provider| name.is_none_or(|name| neuron.name == name || neuron.plugin.id().as_str() == name);
        self.neurons.get(layer).into_iter().flatten().filter(wanted).cloned().collect()
    }

    /// The layers that have neurons.
    pub(super) fn layers(&self) -> Vec<&str> {
        self.neurons.keys().map(String::as_str).collect()
    }

    pub(super) fn all(&self, kind: Kind) -> Vec<Provider> {
        let of_kind = self.named.iter().filter(|((of, _), _)| *of == kind);
        of_kind.map(|((_, name), plugin)| Provider { name: name.clone(), plugin: plugin.clone() }).collect()
    }

    /// Who has something of that name.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], with the names that there are.
    pub(super) fn find(&self, kind: Kind, name: &str) -> Result<Plugin, Error> {
        self.named.get(&(kind, name.to_owned())).cloned().ok_or_else(|| {
            let names: Vec<_> = self.all(kind).into_iter().map(|provider| provider.name).collect();
            let help = match names.as_slice() {
                [] => format!("load and activate a plugin that is a {kind}"),
                names => format!("there are: {}", names.join(", ")),
            };
            Error::NotFound { plugin: None, what: format!("no active plugin has a {kind} `{name}`"), help }
        })
    }
}
