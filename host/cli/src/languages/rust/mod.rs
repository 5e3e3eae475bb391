//! Owns plugins that are written in Rust: cargo and its targets, what it knows of a project, and building it. It refuses to
//! know other languages.

mod build;
mod project;
mod toolchain;

pub(crate) use build::Build;
pub(crate) use project::{Project, is_rust};
pub(crate) use toolchain::{CARGO_COMPONENT, Toolchain, Way, add_target, install_cargo_component, workspace};
pub(super) use toolchain::{is_program, last_lines};
