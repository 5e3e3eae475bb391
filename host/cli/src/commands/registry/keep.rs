//! `hal9 registry backup|restore|prune|mirror|rotate-keys|account`: what who runs a registry does beside serving it.

use std::path::PathBuf;
use std::time::Duration;

use hal9_package::PublicKey;
use hal9_registry_index::api::Credentials;
use hal9_registry_server as server;
use serde_json::json;

use crate::args::ServerAccountCommand;
use crate::failure::Failure;
use crate::home::Home;
use crate::output::{Output, bold, dim, green, size};
use crate::password::{self, Of};
use crate::registries::{self, Online};
use crate::settings::RegistrySettings;
