//! Owns building the components of Rust plugins, with cargo-component or with plain cargo, and where they then are. It
//! refuses to know what is in them.

use std::path::{Path, PathBuf};

use cargo_metadata::Message;

use super::project::Project;
use super::toolchain::{Toolchain, Way, install_cargo_component};
use crate::failure::Failure;
use crate::languages::{is_component, not_built, real};
use crate::output::Output;
use crate::process::{self, Errors, Stop};

/// What is to be built.
pub(crate) struct Build<'a> {
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) way: Way,
    /// Whether the user sees what cargo says while it builds; else it is in the failure, if there is one.
    pub(crate) shown: bool,
    pub(crate) output: Output,
    /// Who may end it before it is done.
    pub(crate) stop: Option<&'a Stop>,
}

impl<'a> Build<'a> {
    /// With cargo-component, where it is there.
    pub(crate) fn new(toolchain: &'a Toolchain, output: Output) -> Self {
        Self { toolchain, way: toolchain.way(), shown: false, output, stop: None }
    }

    /// Says, where cargo-component is missing, how to get it and what is done instead.
    pub(crate) fn tell_way(&self) {
        if self.way == Way::Cargo && self.toolchain.cargo_component.is_none() {
            self.output.note(format!(
                "cargo-component is not installed ({}); building the same component with cargo for {}",
                install_cargo_component(),
                self.way.target(),
            ));
        }
    }

    /// Builds a project's component.
    pub(crate) fn project(&self, project: &Project) -> Result<PathBuf, Failure> {
        let built = self.run(&project.folder, &[], &project.folder.display().to_string())?;
        self.find(&built, &project.folder)
    }

    /// Builds several members of the workspace in a folder at once: the component of each, in their order. A member is
    /// called as its folder is.
    pub(crate) fn members(&self, workspace: &Path, members: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
        let names: Vec<_> = members.iter().filter_map(|member| member.file_name()?.to_str()).collect();
        let built = self.run(workspace, &names, &format!("{} plugins in {}", members.len(), workspace.display()))?;
        members.iter().map(|member| self.find(&built, &workspace.join(member))).collect()
    }

    /// Runs cargo: the components that it made, with the folder of each one's package.
    fn run(&self, folder: &Path, packages: &[&str], what: &str) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
        self.toolchain.ensure_target(self.way.target(), folder, self.output)?;
        let mut command = self.toolchain.cargo(folder)?;
        match self.way {
            Way::CargoComponent => command.args(["component", "build"]),
            Way::Cargo => command.args(["build", "--target", self.way.target()]),
        };
        command.args(["--release", "--message-format", "json-render-diagnostics"]);
        command.args(packages.iter().flat_map(|package| ["-p", package]));
        let done = if self.shown {
            process::run_until(command, Errors::Shown, self.stop)?
        } else {
            // What it says is shown later, if it is; a terminal that takes no colours gets none then.
            command.env("CARGO_TERM_COLOR", if self.output.json() { "never" } else { "always" });
            process::run_until(command, Errors::Kept(&self.output.spinner(format!("building {what}"))), self.stop)?
        };
        if !done.success {
            let said = if done.stderr.is_empty() { String::new() } else { format!(":\n{}", complaints(&done.stderr)) };
            return Err(not_built(format!("building {what} failed{said}")).help("correct what cargo names"));
        }
        Ok(components(&done.stdout))
    }

    fn find(&self, built: &[(PathBuf, PathBuf)], folder: &Path) -> Result<PathBuf, Failure> {
        let folder = real(folder);
        let Some((_, component)) = built.iter().find(|(package, _)| real(package) == folder) else {
            let what = format!("{} was built, and no component came of it", folder.display());
            return Err(not_built(what).help("add to its Cargo.toml: [lib] crate-type = [\"cdylib\"]"));
        };
        if !is_component(component) {
            let what = format!("{} was built as a core module, not as a component", component.display());
            let help =
                "export a world: `neuron_plugin!`, `tool_plugin!`, `memory_plugin!` or `learning_plugin!` of the SDK";
            return Err(not_built(what).help(help));
        }
        Ok(component.clone())
    }
}

/// The WebAssembly files in cargo's messages, with the folder of each one's package.
fn components(messages: &[u8]) -> Vec<(PathBuf, PathBuf)> {
    Message::parse_stream(messages)
        .filter_map(|message| match message {
            Ok(Message::CompilerArtifact(artifact)) => Some(artifact),
            _ => None,
        })
        .filter_map(|artifact| {
            let file = artifact.filenames.iter().find(|file| file.extension() == Some("wasm"))?;
            Some((artifact.manifest_path.parent()?.into(), file.into()))
        })
        .collect()
}

/// What cargo said without the lines about what it was doing, which come before what went wrong. They begin with a word that
/// ends in the twelfth column.
fn complaints(text: &str) -> String {
    let is_progress = |line: &&str| {
        let line = anstream::adapter::strip_str(line).to_string();
        line.starts_with(' ')
            && line.as_bytes().get(12) == Some(&b' ')
            && line.get(..12).is_some_and(|word| word.trim_start().bytes().all(|byte| byte.is_ascii_alphabetic()))
            && !line.trim().is_empty()
    };
    text.trim_end().lines().filter(|line| !is_progress(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_left_out_of_what_went_wrong() {
        let text = "   Compiling x v0.1.0\nerror[E0308]: mismatched types\n  --> src/lib.rs\n";
        assert_eq!(complaints(text), "error[E0308]: mismatched types\n  --> src/lib.rs");
        assert_eq!(complaints("\x1b[1m\x1b[32m   Compiling\x1b[0m x v0.1.0\nerror: no\n"), "error: no");
    }

    #[test]
    fn components_are_found_by_the_folder_of_their_package() {
        let target = r#"{"kind":["cdylib"],"crate_types":["cdylib"],"name":"x","src_path":"/p/x/src/lib.rs","edition":"2024","doc":true,"doctest":true,"test":true}"#;
        let profile =
            r#"{"opt_level":"3","debuginfo":0,"debug_assertions":false,"overflow_checks":false,"test":false}"#;
        let message = format!(
            r#"{{"reason":"compiler-artifact","package_id":"path+file:///p/x#0.1.0","manifest_path":"/p/x/Cargo.toml","target":{target},"profile":{profile},"features":[],"filenames":["/t/x.rlib","/t/x.wasm"],"executable":null,"fresh":false}}"#
        );
        let messages = format!("{message}\n{{\"reason\":\"build-finished\",\"success\":true}}\n");
        assert_eq!(components(messages.as_bytes()), [(PathBuf::from("/p/x"), PathBuf::from("/t/x.wasm"))]);
    }
}
