//! Owns which registry is asked for which plugin, who is logged in there, and what is known of each from before. It refuses to know what is
//! done with what they say.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hal9_package::{PluginId, PublicKey};
use hal9_registry_client::{
    Claim, Error, Freshness, Listed, Pin, Pins, Registry, RegistrySettings as ClientSettings, Secret, Tokens,
};
use hal9_registry_index::api::Query;
use hal9_registry_index::{Seconds, Severity};

use crate::args::{AtRegistry, Named};
use crate::failure::{Code, Failure};
use crate::home::Home;
use crate::output::Output;
use crate::settings::{RegistrySettings, Settings};

/// The variable with a token, in place of what is kept.
pub(crate) const TOKEN: &str = "HAL9_TOKEN";

/// How registries are asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Online {
    /// This one and no other.
    pub(crate) registry: Option<String>,
    /// None at all: what was seen last is believed, however old.
    pub(crate) offline: bool,
    /// Whether one registry alone is asked: then a token that names none is for it.
    pub(crate) is_only: bool,
}

/// The registries that are used.
#[derive(Debug)]
pub(crate) struct Registries {
    all: Vec<Registry>,
    /// What the others claim for themselves, which are not asked.
    claims: Vec<(String, Vec<Claim>)>,
    pins: Pins,
}

impl Registries {
    /// Those of the settings, or the one that is asked for.
    pub(crate) fn open(home: &Home, settings: &Settings, online: &Online) -> Result<Self, Failure> {
        let named = online.registry.as_deref();
        if let Some(name) = named {
            settings.registry(name)?;
        }
        let used = settings.registries().iter().filter(|(name, _)| named.is_none_or(|named| named == *name));
        let online = Online { is_only: named.is_some() || settings.registries().len() == 1, ..online.clone() };
        let all = used.map(|(name, registry)| open(home, name, registry, &online)).collect::<Result<_, _>>()?;
        let others = settings.registries().iter().filter(|(name, _)| named.is_some_and(|named| named != *name));
        let claims = others.map(|(name, registry)| (name.clone(), registry.plugins.clone())).collect();
        Ok(Self { all, claims, pins: pins(home)? })
    }

    /// None.
    pub(crate) fn none(home: &Home) -> Result<Self, Failure> {
        Ok(Self { all: Vec::new(), claims: Vec::new(), pins: pins(home)? })
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All of them, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Registry> {
        self.all.iter()
    }

    /// The one with this name.
    pub(crate) fn get(&self, name: &str) -> Result<&Registry, Failure> {
        let found = self.all.iter().find(|registry| registry.name() == name);
        found.ok_or_else(|| {
            Failure::not_found(format!("no registry `{name}` is used"), "see which are: hal9 registry list")
        })
    }

    /// The only one.
    ///
    /// # Errors
    ///
    /// Code `usage` where there are several, or none.
    pub(crate) fn only(&self) -> Result<&Registry, Failure> {
        match self.all.as_slice() {
            [one] => Ok(one),
            [] => Err(Failure::usage("no registry is used", "add one: hal9 registry add main URL")),
            several => {
                let names = several.iter().map(Registry::name).collect::<Vec<_>>().join(", ");
                Err(Failure::usage(format!("there are several registries: {names}"), "say which: --registry NAME"))
            }
        }
    }

    /// The only one, to be changed.
    pub(crate) fn into_only(mut self) -> Result<Registry, Failure> {
        self.only()?;
        Ok(self.all.remove(0))
    }

    /// The plugin that somebody means by a name: an id as it is; of any other name, the only plugin whose id ends so.
    ///
    /// # Errors
    ///
    /// Code `not-found`, and `conflict` (reason `ambiguous`) where several ids end so.
    pub(crate) async fn named(&self, named: &Named) -> Result<PluginId, Failure> {
        if let Some(id) = named.id() {
            return Ok(id);
        }
        if self.is_empty() {
            let message = format!("`{}` is no file, and no registry is used", named.name);
            return Err(Failure::not_found(
                message,
                "add a registry: hal9 registry add main URL; or give the path of a package",
            ));
        }
        let query = Query { q: named.name.clone(), limit: 100, all: true, ..Query::default() };
        let (mut ids, mut unreachable) = (BTreeSet::new(), None);
        for registry in &self.all {
            match registry.search(&query).await {
                // Among those that are not shown may be the one that is meant.
                Ok(found) if found.total > found.hits.len() as u64 => {
                    let message = format!("`{}` fits {} plugins of {}", named.name, found.total, registry.name());
                    let help = format!("write the whole id: hal9 plugin search {} shows them", named.name);
                    return Err(Failure::new(Code::Conflict, message).reason("ambiguous").help(help));
                }
                Ok(found) => {
                    let hits = found.hits.into_iter().map(|hit| hit.id);
                    ids.extend(hits.filter(|id| id.short() == named.name));
                }
                Err(error) => unreachable = Some(error),
            }
        }
        let ids: Vec<PluginId> = ids.into_iter().collect();
        match (ids.as_slice(), unreachable) {
            ([id], None) => Ok(id.clone()),
            // One that cannot be asked may have another of that name.
            (_, Some(error)) => {
                let failure = Failure::from(error);
                let help = format!("write the whole id, such as com.example.{}", named.name);
                Err(Failure { help: None, ..failure }.help(help))
            }
            ([], None) => Err(Failure::not_found(
                format!("no registry has a plugin `{}`", named.name),
                format!("look for it: hal9 plugin search {}", named.name),
            )),
            (several, None) => {
                let ids = several.iter().map(PluginId::as_str).collect::<Vec<_>>().join(", ");
                Err(Failure::new(Code::Conflict, format!("`{}` may be {ids}", named.name))
                    .reason("ambiguous")
                    .help("write the whole id"))
            }
        }
    }

    /// Refuses a plugin that a registry which is not asked has for itself.
    fn check_claims(&self, id: &PluginId) -> Result<(), Failure> {
        let claims = |all: &[Claim]| all.iter().any(|claim| claim.is_on(id));
        if self.all.iter().any(|registry| claims(&registry.settings().plugins)) {
            return Ok(());
        }
        let Some((name, _)) = self.claims.iter().find(|(_, all)| claims(all)) else { return Ok(()) };
        let message = format!("{id} is had from the registry {name} alone, as hal9.toml says");
        Err(Failure::new(Code::Conflict, message)
            .reason("claimed")
            .help(format!("ask that one: --registry {name}; or leave --registry out"))
            .plugin(id))
    }

    /// The registry that a plugin is had from, or the only one.
    pub(crate) async fn holder(&self, id: &PluginId) -> Result<&Registry, Failure> {
        self.check_claims(id)?;
        match self.all.as_slice() {
            [one] => Ok(one),
            [] => self.only(),
            all => Ok(self.pins.choose(id, all).await?.registry),
        }
    }

    /// What the registry that a plugin is had from says of it; none, where no registry has it.
    ///
    /// # Errors
    ///
    /// What is not believed, and a registry that cannot be asked and was never asked before.
    pub(crate) async fn listed(&self, id: &PluginId, output: Output) -> Result<Option<(&Registry, Listed)>, Failure> {
        if self.is_empty() {
            return Ok(None);
        }
        self.check_claims(id)?;
        let spinner = output.spinner(format!("asking for {id}"));
        let chosen = self.pins.choose(id, &self.all).await;
        drop(spinner);
        match chosen {
            Ok(chosen) => {
                match chosen.listed.freshness {
                    Freshness::Offline { age: seconds } => output.note(format!(
                        "{} cannot be reached: what it said {} is believed",
                        chosen.registry.name(),
                        age(seconds)
                    )),
                    Freshness::Expired { late } => output.note(format!(
                        "{} is not asked, and what it said last has expired {}",
                        chosen.registry.name(),
                        age(late)
                    )),
                    _ => {}
                }
                Ok(Some((chosen.registry, chosen.listed)))
            }
            Err(Error::Unknown { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The author's key that a plugin came with first.
    pub(crate) fn author(&self, id: &PluginId) -> Option<PublicKey> {
        self.pins.get(id).map(|pin| pin.key.clone())
    }

    /// Has a plugin be had from this registry alone from now on.
    pub(crate) async fn bind(&mut self, id: &PluginId, registry: &str, key: &PublicKey) -> Result<(), Failure> {
        let identity = self.get(registry)?.identity().await?;
        let pin = Pin { registry: identity, name: registry.to_owned(), key: key.clone() };
        Ok(self.pins.bind(id, pin).await?)
    }

    /// Forgets where a plugin came from, and what was seen of it.
    pub(crate) async fn unbind(&mut self, id: &PluginId) -> Result<bool, Failure> {
        for registry in &self.all {
            registry.forget(id).await?;
        }
        Ok(self.pins.unbind(id).await?)
    }

    /// The registry that somebody writes to: the one that is named, the one that the plugin is had from, or the only one. Somebody must be logged in.
    pub(crate) async fn signed_in(&self, at: &AtRegistry, id: Option<&PluginId>) -> Result<&Registry, Failure> {
        let registry = match (&at.registry, id.and_then(|id| self.pins.get(id))) {
            (None, Some(pin)) if self.all.len() > 1 => self.get(&pin.name)?,
            _ => self.only()?,
        };
        if registry.settings().token.is_none() {
            let message = format!("nobody is logged in at the registry {}", registry.name());
            let help =
                format!("log in: hal9 auth login --registry {}; or set {}", registry.name(), variable(registry.name()));
            return Err(Failure::new(Code::PermissionDenied, message).reason("signed-out").help(help));
        }
        Ok(registry)
    }
}

/// A registry, with the token that is kept for it.
pub(crate) fn open(home: &Home, name: &str, said: &RegistrySettings, online: &Online) -> Result<Registry, Failure> {
    let mut settings = ClientSettings::new(name, &said.url);
    settings.key = said.key.clone();
    settings.plugins = said.plugins.clone();
    settings.mirrors = said.mirrors.clone();
    settings.allow_http = said.insecure;
    settings.offline = online.offline;
    settings.allow_expired = online.offline;
    let folder = home.registries().join(name);
    // Tokens are kept by the address as it is understood, and not as somebody wrote it.
    let registry = Registry::open(settings.clone(), &folder)?;
    settings.token = token(home, name, registry.url(), online.is_only)?;
    match settings.token {
        Some(_) => Ok(Registry::open(settings, &folder)?),
        None => Ok(registry),
    }
}

/// The token for a registry: that of `HAL9_TOKEN_NAME`, or of `HAL9_TOKEN` where no other registry would get it too, or the one that is kept.
fn token(home: &Home, name: &str, url: &str, is_only: bool) -> Result<Option<Secret>, Failure> {
    let own = variable(name);
    let variables = [Some(own.as_str()), is_only.then_some(TOKEN)];
    let said = variables.into_iter().flatten().filter_map(|variable| std::env::var(variable).ok());
    if let Some(token) = said.into_iter().find(|token| !token.is_empty()) {
        return Ok(Some(Secret::new(token)));
    }
    let tokens = Tokens::open(&home.credentials())?;
    Ok(tokens.get(url).map(|saved| saved.secret))
}

/// The variable with a token for one registry.
fn variable(name: &str) -> String {
    format!("{TOKEN}_{}", name.to_uppercase().replace('-', "_"))
}

fn pins(home: &Home) -> Result<Pins, Failure> {
    Ok(Pins::open(&home.registries().join("pins.toml"))?)
}

/// The time of this machine, in seconds since the Unix epoch.
pub(crate) fn now() -> Seconds {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// So many seconds ago, in words.
pub(crate) fn age(seconds: Seconds) -> String {
    match seconds {
        0..60 => "just now".to_owned(),
        60..7_200 => format!("{} minutes ago", seconds / 60),
        7_200..172_800 => format!("{} hours ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// When something was, in words.
pub(crate) fn ago(at: Seconds) -> String {
    age(now().saturating_sub(at))
}

/// The day of a time, in UTC: `2026-11-21`.
pub(crate) fn day(at: Seconds) -> String {
    // What is further away than the format can say is no time of anybody's.
    let at = at.min(253_402_300_799);
    let text = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(at)).to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}

/// How dangerous something is, in a word.
pub(crate) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}
