//! Owns how permissions become a linker: what a component imports is held against what it was granted, and only the
//! granted interfaces are linked. It refuses to know who granted what.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hal9_package::{Permission, PermissionKind, Permissions, PluginId};
use wasmtime::component::{HasSelf, InstancePre, Linker};

use crate::Error;
use crate::bindings::hal9::plugin::{clock, config, learning, logging, memory, metrics, plugins, signals, types};
use crate::compile::Artifact;
use crate::component::{Component, split_version};
use crate::engine::{Engine, Place};
use crate::imports::interposed;
use crate::instance::{Exports, State};
use crate::sandbox::{self, network};
use crate::text::shell_word;

/// The version of `hal9:plugin` that this host offers.
pub const API_VERSION: semver::Version = semver::Version::new(0, 1, 0);

/// Packages of WASI that are always linked, and inert until granted.
const WASI: [&str; 6] = ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// Either of them opens the network; each request is held against both, by its scheme.
const NETWORK: &[PermissionKind] = &[PermissionKind::NetworkHttps, PermissionKind::NetworkHttp];

/// What an import interface needs.
enum Need {
    Nothing,
    /// This one, granted.
    Permission(PermissionKind),
    /// One of these, declared: what is granted is asked of every use.
    Declared(&'static [PermissionKind]),
    /// There is no such interface.
    Unknown,
}

fn need(interface: &str) -> Need {
    if WASI.iter().any(|package| interface.starts_with(package)) {
        return Need::Nothing;
    }
    match interface {
        "hal9:plugin/types" | "hal9:plugin/logging" | "hal9:plugin/config" => Need::Nothing,
        // Nothing can be reached by it: who answers requests needs it as well.
        "wasi:http/types" => Need::Nothing,
        _ => match PermissionKind::of_interface(interface) {
            [] => Need::Unknown,
            [kind] => Need::Permission(*kind),
            kinds => Need::Declared(kinds),
        },
    }
}

/// Holds a version of `hal9:plugin` against the one that this host offers.
pub(crate) fn check_version(version: Option<&str>) -> Result<(), String> {
    let Some(version) = version else { return Err(format!("it names no version; this host offers {API_VERSION}")) };
    let wanted = semver::VersionReq::parse(&format!("^{version}")).map_err(|_| format!("`{version}` is no version"))?;
    if wanted.matches(&API_VERSION) {
        Ok(())
    } else {
        Err(format!("this host offers version {API_VERSION} of hal9:plugin"))
    }
}

/// Holds every import of a component against its permissions.
///
/// # Errors
///
/// [`Error::Ungranted`] for an interface whose permission was not declared or not granted, and
/// [`Error::InvalidComponent`] for one that no host offers.
pub(crate) fn check(
    plugin: &PluginId,
    component: &Component,
    declared: &Permissions,
    granted: &Permissions,
) -> Result<(), Error> {
    for import in component.imports() {
        let (interface, version) = split_version(import);
        let unknown = |reason: String, help: &str| Error::InvalidComponent {
            plugin: plugin.to_string(),
            reason: format!("imports `{import}`: {reason}"),
            help: help.to_owned(),
        };
        match need(interface) {
            Need::Unknown => {
                return Err(unknown(
                    "this host does not offer it".to_owned(),
                    "remove the import; wit/ lists what is offered",
                ));
            }
            Need::Permission(_) | Need::Nothing if interface.starts_with("hal9:") => {
                check_version(version)
                    .map_err(|reason| unknown(reason, "build the plugin against the WIT of this host"))?;
            }
            _ => {}
        }
        let missing = match need(interface) {
            Need::Permission(kind) if !granted.contains(kind) => Some(kind),
            Need::Declared(kinds @ [first, ..]) if !kinds.iter().any(|kind| declared.contains(*kind)) => Some(*first),
            _ => None,
        };
        if let Some(permission) = missing {
            // The scopes that were declared are what can be granted: some permissions are none without.
            let of_kind: Vec<_> = declared.iter().filter(|declared| declared.kind == permission).collect();
            return Err(Error::Ungranted {
                plugin: plugin.clone(),
                interface: import.clone(),
                permission,
                declared: !of_kind.is_empty(),
                help: match of_kind.as_slice() {
                    [] => declare_line(&Permission::unscoped(permission)),
                    declared => grant_line(plugin, declared),
                },
            });
        }
    }
    Ok(())
}

/// What an operator writes to grant permissions.
pub(crate) fn grant_line(plugin: &PluginId, permissions: &[&Permission]) -> String {
    let list = |quoted: &dyn Fn(&str) -> String, between: &str| {
        permissions.iter().map(|permission| quoted(&permission.to_string())).collect::<Vec<_>>().join(between)
    };
    let in_toml = |text: &str| format!("\"{}\"", text.replace('\\', r"\\").replace('"', r#"\""#));
    format!(
        "grant it: hal9 policy grant {plugin} {}, or in hal9.toml, under [plugins.\"{plugin}\"]: grant = [{}]",
        list(&shell_word, " "),
        list(&in_toml, ", "),
    )
}

/// What an author writes to declare a permission.
pub(crate) fn declare_line(permission: &Permission) -> String {
    let Permission { kind, scope } = permission;
    let scope = scope.as_ref().map_or_else(String::new, |scope| format!("(\"{scope}\")"));
    format!(
        "declare it in the plugin: permissions: [Permission::{kind}{scope}] in `hal9_plugin!`, or \
         \"permissions\": [\"{permission}\"] in manifest.json; or remove the calls that need it"
    )
}

/// What an author or an operator writes to raise a limit.
pub(crate) fn limit_line(plugin: &PluginId, setting: &str) -> String {
    format!(
        "let the plugin do less at once, or raise `{setting}` in the manifest's `limits`, or in hal9.toml under \
         [plugins.\"{plugin}\".limits]"
    )
}

/// Which interfaces a linker has beside those that are always there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Links {
    http: bool,
    network: bool,
    interposed: bool,
    granted: Vec<PermissionKind>,
}

impl Links {
    /// What a component gets that has declared and was granted these, and whether each call of HAL9's interfaces is asked about.
    pub(crate) fn new(component: &Component, declared: &Permissions, granted: &Permissions, interposed: bool) -> Self {
        Self {
            interposed,
            http: component.imports().iter().any(|import| import.starts_with("wasi:http/")),
            network: NETWORK.iter().any(|permission| declared.contains(*permission)),
            granted: PermissionKind::ALL.iter().copied().filter(|kind| granted.contains(*kind)).collect(),
        }
    }
}

/// A component that is linked, with the places of its exports: all plugins of it that have the same links share it.
pub(crate) struct Linked {
    pub(crate) pre: InstancePre<State>,
    pub(crate) exports: Exports,
}

/// What a component or a linker is made for.
type For = (Place, Links);

/// What one component is linked to, made when it is first needed.
#[derive(Default)]
pub(crate) struct AllLinked(Mutex<HashMap<For, Arc<Linked>>>);

/// The linkers of a host, each made once: plugins that are granted the same interfaces share one.
#[derive(Default)]
pub(crate) struct Linkers(Mutex<HashMap<For, Arc<Linker<State>>>>);

impl Linkers {
    /// A component, linked for instances in a place: its own, or on demand for one whose own is the pool.
    ///
    /// # Errors
    ///
    /// An import or an export of another type than the interface's, and a component that another host has compiled.
    pub(crate) fn link(
        &self,
        engine: &Engine,
        component: &Component,
        place: Place,
        links: &Links,
    ) -> wasmtime::Result<Arc<Linked>> {
        let own = engine.at(component.place())?;
        wasmtime::ensure!(wasmtime::Engine::same(own, component.compiled().engine()), "another host has compiled it");
        let mut all = component.linked().0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (place, links.clone());
        if let Some(linked) = all.get(&key) {
            return Ok(linked.clone());
        }
        let compiled = if place == component.place() {
            component.compiled().clone()
        } else if let Some(linked) = all.iter().find_map(|((at, _), linked)| (*at == place).then_some(linked)) {
            linked.pre.component().clone()
        } else {
            Artifact::of(component.compiled())?.deserialize(engine.at(place)?)?
        };
        let pre = self.linker(engine, &key)?.instantiate_pre(&compiled)?;
        let exports = Exports::find(&pre, component.kinds())?;
        let linked = Arc::new(Linked { pre, exports });
        all.insert(key, linked.clone());
        Ok(linked)
    }

    /// A linker with base WASI, the network where it is declared, the interfaces that are always there, and those that are
    /// granted.
    fn linker(&self, engine: &Engine, key: &For) -> wasmtime::Result<Arc<Linker<State>>> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(linker) = made.get(key) {
            return Ok(linker.clone());
        }
        let linker = Arc::new(linker(engine.at(key.0)?, &key.1)?);
        made.insert(key.clone(), linker.clone());
        Ok(linker)
    }
}

fn linker(engine: &wasmtime::Engine, links: &Links) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::<State>::new(engine);
    let to = &mut linker;
    sandbox::link(to)?;
    network::close_sockets(to)?;
    if links.http {
        network::link_types(to)?;
    }
    if links.network {
        network::link_handler(to)?;
    }
    types::add_to_linker::<_, HasSelf<State>>(to, |state| state)?;
    if links.interposed {
        interposed::link_always(to)?;
        links.granted.iter().try_for_each(|permission| interposed::link(to, *permission))?;
        return Ok(linker);
    }
    logging::add_to_linker::<_, HasSelf<_>>(to, |state: &mut State| &mut state.logging)?;
    config::add_to_linker::<_, HasSelf<_>>(to, |state: &mut State| &mut state.config)?;
    for permission in &links.granted {
        match permission {
            PermissionKind::SystemTime => {
                clock::add_to_linker::<_, HasSelf<_>>(to, |state: &mut State| &mut state.clock)?;
            }
            PermissionKind::Hal9Memory => {
                memory::add_to_linker::<_, HasSelf<_>>(to, |state: &mut State| &mut state.memory)?;
            }
            PermissionKind::Hal9Signal => {
                signals::add_to_linker::<_, HasSelf<_>>(to, |state: &mut State| &mut state.signals)?;
            }
            PermissionKind::Hal9Metrics => {
                metrics::add_to_linker::<_, HasSelf<_>>(to, |state: &mut State| &mut state.metrics)?;
            }
            PermissionKind::Hal9Learning => {
                learning::add_to_linker::<_, HasSelf<_>>(to, |state: &mut State| &mut state.learning)?;
            }
            PermissionKind::PluginCall => {
                plugins::add_to_linker::<_, HasSelf<_>>(to, |state: &mut State| &mut state.plugins)?;
            }
            // These open up WASI, which is always linked: see `sandbox`.
            _ => {}
        }
    }
    Ok(linker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_held_against_the_one_that_is_offered() {
        check_version(Some("0.1.0")).unwrap();
        for version in [None, Some("0.1.1"), Some("0.2.0"), Some("1.0.0"), Some("0.0.9"), Some("x")] {
            check_version(version).unwrap_err();
        }
    }

    #[test]
    fn every_import_interface_has_its_permission() {
        assert!(matches!(need("hal9:plugin/memory"), Need::Permission(PermissionKind::Hal9Memory)));
        assert!(matches!(need("hal9:plugin/logging"), Need::Nothing));
        assert!(matches!(need("wasi:cli/environment"), Need::Nothing));
        assert!(matches!(need("wasi:http/outgoing-handler"), Need::Declared([_, _])));
        assert!(matches!(need("wasi:http/types"), Need::Nothing));
        assert!(matches!(need("evil:thing/all"), Need::Unknown));
        assert!(matches!(need("wasi:http/proxies"), Need::Unknown));
        assert!(matches!(need("wasi:clips/x"), Need::Unknown));
    }
}
