//! HAL9's WIT, as it is in this build: the text of every file, for whoever makes bindings from it; and what differs between two
//! versions of WIT, or two components, and whom that breaks. This crate does not know which tools make bindings, nor how a
//! component is run.
//!
//! ```
//! let neuron = hal9_wit::item("neuron").expect("it is an interface of ours");
//! assert!(neuron.contains("process-signal: func(signal: signal)"));
//!
//! // A project's `wit/` gets what its world refers to as `hal9:plugin`.
//! let project = tempfile::tempdir()?;
//! let package = hal9_wit::write_deps(project.path())?;
//! assert!(package.ends_with("deps/hal9-plugin") && package.join("neuron.wit").is_file());
//!
//! // A plugin that was built before loads all the same where there is one more function that it could import.
//! use hal9_wit::{Kind, Party, Wit, diff};
//! let old = Wit::document("old", "package a:b; interface i { f: func(); } world w { import i; }")?;
//! let new = Wit::document("new", "package a:b; interface i { f: func(); g: func(); } world w { import i; }")?;
//! let diff = diff(&old, &new)?;
//! assert_eq!(diff.changes[0].kind, Kind::FunctionAdded);
//! assert_eq!(diff.breaking(&[Party::BuiltPlugins, Party::PluginSource]), 0);
//! assert_eq!(diff.breaking(&[Party::OlderHosts]), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod diff;
mod error;
mod text;
mod wit;

pub use diff::{Change, Diff, Kind, Party, Question, diff};
pub use error::Error;
pub use text::{FILES, PACKAGE, VERSION, item, items, text, write_deps};
pub use wit::Wit;
