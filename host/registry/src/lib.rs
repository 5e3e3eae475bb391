//! Which plugins a HAL9 home knows, where they are, what they were granted and what they have used up, kept in SQLite.
//! This crate does not run plugins, does not read packages, and decides nothing about grants.
//!
//! ```
//! use hal9_registry::{Loaded, Recorded, Registry};
//!
//! # let home = tempfile::tempdir()?;
//! # let home = home.path();
//! let manifest = hal9_package::Manifest::parse(br#"{
//!     "api_version": 1,
//!     "metadata": {"id": "ai.hal9.word-count", "name": "Word Count", "version": "0.1.0", "author": "Ada", "license": "MIT"},
//!     "capabilities": [{"ToolProvider": {"tool_name": "word-count"}}]
//! }"#)?;
//! let mut registry = Registry::open(home)?;
//! let recorded = registry.record_loaded(&Loaded {
//!     granted: manifest.permissions.clone(),
//!     source_dir: "/src/word-count".into(),
//!     component: "/src/word-count/target/wasm32-wasip1/release/word_count.wasm".into(),
//!     manifest,
//! })?;
//! assert_eq!(recorded, Recorded::Added);
//! let plugin = registry.tool("word-count")?.expect("just loaded");
//! assert_eq!(plugin.id().as_str(), "ai.hal9.word-count");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod plugin;
mod registry;
mod schema;
mod usage;

pub use error::Error;
pub use plugin::{Loaded, Plugin, Recorded};
pub use registry::Registry;
pub use usage::Usage;
