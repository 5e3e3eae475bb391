//! `hal9 registry backup|restore|prune|mirror|rotate-keys|account`: what who runs a registry does beside serving it.

use std::path::PathBuf;
use std::time::Duration;

use hal9_package::PublicKey;
use hal9_registry_server as server;
use serde_json::json;

use crate::args::ServerAccountCommand;
use crate::failure::Failure;
use crate::output::{Output, dim, green};

pub(super) async fn backup(_output: Output, _data: PathBuf, _file: PathBuf) -> Result<(), Failure> {
    Err(Failure::usage("not yet", ""))
}

pub(super) async fn restore(_output: Output, _file: PathBuf, _data: PathBuf) -> Result<(), Failure> {
    Err(Failure::usage("not yet", ""))
}

pub(super) async fn prune(_output: Output, _data: PathBuf, _yanked: Option<Duration>) -> Result<(), Failure> {
    Err(Failure::usage("not yet", ""))
}

pub(super) async fn mirror(
    _output: Output,
    _url: String,
    _data: PathBuf,
    _key: Option<PublicKey>,
    _insecure: bool,
) -> Result<(), Failure> {
    Err(Failure::usage("not yet", ""))
}

pub(super) async fn rotate_keys(output: Output, data: PathBuf, root: bool) -> Result<(), Failure> {
    let spinner = output.spinner("making keys");
    let version = server::rotate_keys(&data, root)?;
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

pub(super) async fn account(_output: Output, _command: ServerAccountCommand) -> Result<(), Failure> {
    Err(Failure::usage("not yet", ""))
}
