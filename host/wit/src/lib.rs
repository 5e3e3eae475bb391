//! HAL9's WIT, as it is in this build: the text of every file, for whoever makes bindings from it. This crate does not know
//! which tools those are, nor how a component is run.
//!
//! ```
//! let neuron = hal9_wit::item("neuron").expect("it is an interface of ours");
//! assert!(neuron.contains("process-signal: func(signal: signal)"));
//!
//! // A project's `wit/` gets what its world refers to as `hal9:plugin`.
//! let project = tempfile::tempdir()?;
//! let package = hal9_wit::write_deps(project.path())?;
//! assert!(package.ends_with("deps/hal9-plugin") && package.join("neuron.wit").is_file());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod text;

pub use error::Error;
pub use text::{FILES, PACKAGE, VERSION, item, items, text, write_deps};
