//! `hal9 registry add|remove|list`: the registries that plugins are had from.

use hal9_registry_client::{Registry, Tokens};
use serde_json::json;

use crate::args::AddArgs;
use crate::failure::{Code, Failure};
use crate::home::Home;
use crate::output::{Output, bold, dim, green, plain, table, yellow};
use crate::policy_file::PolicyFile;
use crate::registries::{self, Online};
use crate::settings::{RegistrySettings, Settings};

pub(super) async fn add(output: Output, environment: Option<&str>, args: AddArgs) -> Result<(), Failure> {
    let home = Home::find()?;
    let AddArgs { name, url, key, plugins, mirror: mirrors, insecure } = args;
    let mut registry = RegistrySettings { url, key, plugins, mirrors, insecure };
    let settings = Settings::begun(&home.settings(), environment)?;
    if let Some(other) = settings.registries().get(&name) {
        if other.url != registry.url {
            let help = format!("give this one another name, or forget the other: hal9 registry remove {name} --forget");
            return Err(Failure::new(Code::Conflict, format!("`{name}` is {} already", other.url)).help(help));
        }
        // What is not said again stays.
        registry.key = registry.key.or_else(|| other.key.clone());
        registry.insecure |= other.insecure;
        if registry.plugins.is_empty() {
            registry.plugins.clone_from(&other.plugins);
        }
        if registry.mirrors.is_empty() {
            registry.mirrors.clone_from(&other.mirrors);
        }
    }
    // Asked before it is written down, and before others have to wait: what does not answer, or is not whom the key names, is not used.
    let opened = registries::open(&home, &name, &registry, &Online::default())?;
    let spinner = output.spinner(format!("asking {}", registry.url));
    let introduced = introduce(&opened).await;
    drop(spinner);
    let introduced = match introduced {
        Ok(introduced) => Some(introduced),
        // It is private: whoever logs in finds out who it is.
        Err(failure) if failure.code == Code::PermissionDenied => None,
        Err(failure) => return Err(failure),
    };
    let mut file = PolicyFile::open(&home.settings(), environment)?;
    file.set_registry(&name, &registry)?;
    file.save()?;
    let value = json!({
        "name": name, "url": registry.url, "pinned": registry.key.is_some(), "private": introduced.is_none(),
        "registry": introduced.as_ref().map(|it| &it.identity), "title": introduced.as_ref().map(|it| &it.title),
        "root_keys": introduced.as_ref().map(|it| &it.keys),
    });
    output.result(&value, || {
        let Some(Introduced { title, keys, .. }) = &introduced else {
            let next = format!("it answers those alone who are logged in: hal9 auth login ACCOUNT --registry {name}");
            return format!("{} {} is {}\n  {}\n", green("✓"), bold(&name), plain(&registry.url), yellow(next));
        };
        let mut text = format!("{} {} is {}, {}\n", green("✓"), bold(&name), plain(title), plain(&registry.url));
        for key in keys {
            text.push_str(&format!("  {}  {key}\n", dim("its root key")));
        }
        if registry.key.is_none() {
            let doubt = "believed as it was seen first: compare that key with what is said of it elsewhere";
            text.push_str(&format!("  {}\n", yellow(doubt)));
        }
        text
    })
}

/// Who a registry says it is, verified.
struct Introduced {
    identity: String,
    title: String,
    keys: Vec<String>,
}

async fn introduce(registry: &Registry) -> Result<Introduced, Failure> {
    let synced = registry.sync_for(&[], registries::now()).await?;
    let title = registry.about().await?.name;
    let keys = registry.root()?.map(|root| root.root_keys).unwrap_or_default();
    Ok(Introduced { identity: synced.registry, title, keys: keys.iter().map(ToString::to_string).collect() })
}

pub(super) async fn remove(output: Output, environment: Option<&str>, name: &str, forget: bool) -> Result<(), Failure> {
    let home = Home::find()?;
    let settings = Settings::read(&home.settings(), environment)?;
    let registry = settings.registry(name)?.clone();
    let mut file = PolicyFile::open(&home.settings(), environment)?;
    if !file.remove_registry(name)? {
        let message = format!("`{name}` is a registry of every environment, and stays one");
        return Err(Failure::usage(message, "leave --env out"));
    }
    if forget {
        forgotten(&home, name, &registry).await?;
    }
    file.save()?;
    // Otherwise what is kept of it stays: if it is added again, an older index is noticed still.
    output.result(&json!({ "name": name, "removed": true, "forgotten": forget }), || {
        let kept = if forget { ", and what was seen of it is forgotten" } else { "" };
        format!("{} {} is not used any more{kept}; what was installed from it stays\n", green("✓"), bold(name))
    })
}

/// Forgets what was seen of a registry, and who was logged in there.
async fn forgotten(home: &Home, name: &str, registry: &RegistrySettings) -> Result<(), Failure> {
    let opened = registries::open(home, name, registry, &Online::default())?;
    let mut tokens = Tokens::open(&home.credentials())?;
    if tokens.get(opened.url()).is_some() {
        // One that cannot be asked any more keeps its token until it ends.
        let _ = opened.log_out().await;
        tokens.remove(opened.url()).await?;
    }
    let folder = home.registries().join(name);
    std::fs::remove_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))
}

pub(super) fn list(output: Output, environment: Option<&str>) -> Result<(), Failure> {
    let home = Home::find()?;
    let settings = Settings::read(&home.settings(), environment)?;
    let mut rows = Vec::new();
    for (name, registry) in settings.registries() {
        let kept = registries::open(&home, name, registry, &Online::default())?.last_index()?;
        let plugins: Vec<String> = registry.plugins.iter().map(ToString::to_string).collect();
        rows.push((name, registry, plugins, kept));
    }
    let value: Vec<_> = rows
        .iter()
        .map(|(name, registry, plugins, kept)| {
            let seen = kept.as_ref().map(|head| json!({ "version": head.version, "issued": head.issued, "expires": head.expires, "plugins": head.plugins }));
            json!({ "name": name, "url": registry.url, "key": registry.key, "plugins": plugins, "index": seen })
        })
        .collect();
    output.result(&value, || {
        if rows.is_empty() {
            return "No registry is used. Add one: hal9 registry add main URL\n".to_owned();
        }
        table(
            ["NAME", "URL", "PLUGINS", "LAST SEEN"],
            rows.iter().map(|(name, registry, plugins, kept)| {
                let seen = kept.as_ref().map_or_else(|| "never".to_owned(), |kept| registries::ago(kept.issued));
                let plugins = if plugins.is_empty() { "all".to_owned() } else { plugins.join(", ") };
                [(*name).clone(), plain(&registry.url), plugins, seen]
            }),
        )
    })
}
