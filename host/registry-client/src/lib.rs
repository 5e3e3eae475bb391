//! The client of registries of plugins: what they say is verified, kept, and held against what they said before.
//! It does not know what is installed, and asks nobody for anything.
//!
//! A [`Registry`] is one of them: its index is [`sync`](Registry::sync)ed, a plugin's [`record`](Registry::record) read from it, a package
//! [`download`](Registry::download)ed and held against both. [`Pins`] says which of several registries answers for a plugin, so that no name is taken
//! for another's. What a registry answers to a [`search`](Registry::search) is for people; what is installed comes from the index alone.
//!
//! ```no_run
//! use hal9_registry_client::{Pins, Registry, RegistrySettings};
//!
//! # async fn example() -> Result<(), hal9_registry_client::Error> {
//! let settings = RegistrySettings::new("main", "https://plugins.example");
//! let registry = Registry::open(settings, "/home/ada/.hal9/registries/main".as_ref())?;
//! let mut pins = Pins::open("/home/ada/.hal9/pins.toml".as_ref())?;
//! registry.sync(1_800_000_000).await?;
//!
//! let id = "ai.hal9.word-count".parse().expect("an id");
//! let registries = [registry];
//! let chosen = pins.choose(&id, &registries).await?;
//! let version = chosen.listed.record.versions.last().expect("a version");
//! let downloaded = chosen.registry.download(&id, version, &chosen.believed, &|_| {}).await?;
//! println!("{:?}", downloaded.package);
//! pins.bind(&id, chosen.pin(&version.key)).await?;
//! # Ok(())
//! # }
//! ```

mod account;
mod advice;
mod ask;
mod browse;
mod described;
mod download;
mod error;
mod folder;
mod http;
mod index;
mod kept;
mod maintain;
pub mod oci;
mod part;
mod pins;
mod publish;
mod registry;
mod saved;
mod settings;
mod shards;
mod text;
mod tokens;
mod trust;

pub use browse::Reviews;
pub use download::{Downloaded, Progress, Watch};
pub use error::Error;
pub use index::{Freshness, Synced};
pub use pins::{Chosen, Pin, Pins};
pub use registry::{Listed, Registry};
pub use settings::{Claim, Patience, RegistrySettings, Secret};
pub use tokens::{SavedToken, Tokens};
