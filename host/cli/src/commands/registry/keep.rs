//! `hal9 registry backup|restore|prune|mirror|rotate-keys|account`: what who runs a registry does beside serving it.

use std::path::PathBuf;
use std::time::Duration;

use hal9_package::{PluginId, PublicKey};
use hal9_registry_client::{Registry, RegistrySettings};
use hal9_registry_index::api::{Credentials, Report};
use hal9_registry_server::{self as server, Config, Fetch, Retention, Server};
use serde_json::json;

use crate::args::{Named, ServerAccountCommand};
use crate::failure::{Code, Failure};
use crate::output::{Output, bold, count, dim, green, size};
use crate::password::{self, Of};
use crate::registries::{ago, day};

/// Work that takes the disk's time, off the thread that answers.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, server::Error> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| Failure::internal("the work was broken off", &error))??)
}

pub(super) async fn backup(output: Output, data: PathBuf, file: PathBuf) -> Result<(), Failure> {
    if file.exists() {
        return Err(Failure::new(Code::Conflict, format!("{} is there already", file.display()))
            .help("name another file, or move this one away"));
    }
    let spinner = output.spinner("writing the backup");
    let target = file.clone();
    let saved = blocking(move || server::backup(&data, &target)).await?;
    drop(spinner);
    let value = json!({
        "file": file, "registry": saved.registry, "packages": saved.packages, "bytes": saved.bytes,
    });
    output.result(&value, || {
        let what = format!("{}, {}", count(saved.packages, "package"), size(saved.bytes));
        let secret = "it has the registry's keys within: keep it to yourself";
        format!("{} {} has all of it: {what}\n  {}\n", green("✓"), file.display(), dim(secret))
    })
}

pub(super) async fn restore(output: Output, file: PathBuf, data: PathBuf) -> Result<(), Failure> {
    let spinner = output.spinner("bringing the registry back");
    let folder = data.clone();
    let back = blocking(move || server::restore(&file, &folder)).await?;
    drop(spinner);
    let value = json!({
        "data": data, "registry": back.registry, "made": back.made, "plugins": back.plugins, "packages": back.packages, "index": back.index,
    });
    output.result(&value, || {
        let what = format!("{}, {}", count(back.plugins, "plugin"), count(back.packages, "package"));
        format!("{} {} is what it was {}: {what}\n", green("✓"), data.display(), ago(back.made))
    })
}

pub(super) async fn prune(output: Output, data: PathBuf, yanked: Option<Duration>) -> Result<(), Failure> {
    let spinner = output.spinner("looking for what is over");
    let gone = blocking(move || server::prune(&data, &Retention { keep_yanked: yanked })).await?;
    drop(spinner);
    let value = json!({
        "uploads": gone.uploads, "tokens": gone.tokens, "withdrawn": gone.withdrawn, "files": gone.files, "bytes": gone.bytes,
    });
    output.result(&value, || {
        let what = [
            count(gone.uploads, "upload"),
            count(gone.tokens, "token"),
            format!("the packages of {}", count(gone.withdrawn, "yanked version")),
            format!("{} ({})", count(gone.files, "file"), size(gone.bytes)),
        ];
        format!("{} removed: {}\n", green("✓"), what.join(", "))
    })
}

/// Another registry, as a mirror reaches it.
struct Source(Registry);

impl Fetch for Source {
    async fn fetch(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, String> {
        self.0.fetch(path, most).await.map_err(|error| error.to_string())
    }
}

pub(super) async fn mirror(
    output: Output,
    url: String,
    data: PathBuf,
    key: Option<PublicKey>,
    insecure: bool,
) -> Result<(), Failure> {
    // What is kept by who asks is of no use: the mirror keeps it itself.
    let folder = tempfile::tempdir().map_err(|error| Failure::file(&std::env::temp_dir(), &error))?;
    let mut settings = RegistrySettings::new("mirrored", &url);
    settings.key = key.clone();
    settings.allow_http = insecure;
    let source = Source(Registry::open(settings, folder.path())?);
    let spinner = output.spinner(format!("copying {url}"));
    let copied = server::mirror(&url, &source, &data, key.as_ref()).await?;
    drop(spinner);
    let value = json!({
        "data": data, "source": url, "registry": copied.registry, "index": copied.index, "plugins": copied.plugins,
        "new_packages": copied.packages, "expires": copied.expires,
    });
    output.result(&value, || {
        let what = format!("{}, {} new", count(copied.plugins, "plugin"), count(copied.packages, "package"));
        let next = format!(
            "its index expires {}: copy it again before; serve it: hal9 registry serve --data {}",
            day(copied.expires),
            data.display()
        );
        format!("{} {} has what {} has: {what}\n  {}\n", green("✓"), data.display(), bold(&url), dim(next))
    })
}

pub(super) async fn rotate_keys(output: Output, data: PathBuf, root: bool) -> Result<(), Failure> {
    let spinner = output.spinner("making keys");
    let folder = data.clone();
    let version = blocking(move || server::rotate_keys(&folder, root)).await?;
    drop(spinner);
    let keys = data.join("keys");
    output.result(&json!({ "root": version, "root_key": root, "keys": keys }), || {
        let which = if root { "a new root key and a new index key" } else { "a new index key" };
        format!(
            "{} the registry has {which}, by its root {version}\n  {}\n",
            green("✓"),
            dim(format!("keep {} elsewhere again", keys.join("root.key").display()))
        )
    })
}

pub(super) async fn withdraw(output: Output, named: Named, data: PathBuf, reason: String) -> Result<(), Failure> {
    let (Some(id), Some(version)) = (named.id(), named.version()) else {
        let help = "write the whole id and the version: com.example.tools@0.2.0";
        return Err(Failure::usage("one version of one plugin is withdrawn", help));
    };
    let (plugin, number) = (id.clone(), version.clone());
    let index = blocking(move || server::withdraw(&data, &plugin, &number, &reason)).await?;
    output.result(&json!({ "id": id, "version": version, "withdrawn": true, "index": index }), || {
        format!("{} {} {version} cannot be had any more, and its number stays taken\n", green("✓"), bold(&id))
    })
}

pub(super) async fn warn(
    output: Output,
    id: PluginId,
    data: PathBuf,
    report: Option<Report>,
    undo: Option<u64>,
) -> Result<(), Failure> {
    let plugin = id.clone();
    if let Some(number) = undo {
        blocking(move || server::unwarn(&data, &plugin, number)).await?;
        return output.result(&json!({ "id": id, "withdrawn": number }), || {
            format!("{} the warning {number} of {} is taken back\n", green("✓"), bold(&id))
        });
    }
    let Some(report) = report else {
        return Err(Failure::usage(
            "there is nothing to warn of",
            "say what: --versions '<1.2.3' --severity high TEXT",
        ));
    };
    let notice = blocking(move || server::warn(&data, &plugin, report)).await?;
    output.result(&json!({ "id": id, "notice": notice }), || {
        format!("{} whoever has {} {} is warned, number {}\n", green("✓"), bold(&id), notice.versions, notice.id)
    })
}

pub(super) async fn account(output: Output, command: ServerAccountCommand) -> Result<(), Failure> {
    let (name, done) = match command {
        ServerAccountCommand::Add { name, data } => {
            let password = password::choose(Of::Account(name.as_str()))?;
            let server = Server::open(Config::new(&data))?;
            server.state().make_account(Credentials { name: name.clone(), password }).await?;
            (name, "has an account")
        }
        ServerAccountCommand::Password { name, data } => {
            let password = password::choose(Of::Account(name.as_str()))?;
            let account = name.clone();
            blocking(move || server::set_password(&data, &account, &password)).await?;
            (name, "has another password, and no token any more")
        }
        ServerAccountCommand::Disable { name, data } => {
            let account = name.clone();
            blocking(move || server::disable(&data, &account)).await?;
            (name, "cannot sign in any more, and has no token")
        }
        ServerAccountCommand::Enable { name, data } => {
            let account = name.clone();
            blocking(move || server::enable(&data, &account)).await?;
            (name, "can sign in again")
        }
    };
    output.result(&json!({ "account": name, "done": done }), || format!("{} {} {done}\n", green("✓"), bold(&name)))
}
