//! Owns what each language's build works with: the folders of a project, its tools, and how what they say reaches the author.
//! It refuses to know any one language.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tools::{Program, Tool, Tools};
use super::world::World;
use super::{COMPONENT, Language, Making, not_built};
use crate::failure::Failure;
use crate::process::{self, Errors};

/// One build of one project.
pub(super) struct Work<'a> {
    /// The project's folder. Tools run there, so that what they say of files is what the author calls them.
    pub(super) folder: &'a Path,
    pub(super) language: Language,
    /// The project's world; `world.folder` has its text.
    pub(super) world: &'a World,
    /// What an author's editor needs, such as types of HAL9's interfaces. It is there after a build.
    pub(super) bindings: PathBuf,
    /// What lies between sources and component. It is empty when a build begins.
    pub(super) scratch: PathBuf,
    tools: &'a Tools,
    making: &'a Making<'a>,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        folder: &'a Path,
        build: &Path,
        language: Language,
        world: &'a World,
        tools: &'a Tools,
        making: &'a Making<'a>,
    ) -> Result<Self, Failure> {
        let (bindings, scratch) = (build.join("bindings"), build.join("work"));
        match fs::remove_dir_all(&scratch) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Failure::file(&scratch, &error)),
            _ => {}
        }
        for path in [&bindings, &scratch] {
            fs::create_dir_all(path).map_err(|error| Failure::file(path, &error))?;
        }
        Ok(Self { folder, language, world, bindings, scratch, tools, making })
    }

    /// Where a language's build puts the component.
    pub(super) fn made(&self) -> PathBuf {
        self.scratch.join(COMPONENT)
    }

    /// A tool that the build needs.
    ///
    /// # Errors
    ///
    /// Where it is missing, with the command that brings it.
    pub(super) fn need(&self, tool: Tool) -> Result<Program, Failure> {
        self.tools.need(tool, Some(self.folder), self.language)
    }

    /// A tool as a command that is run in the project's folder.
    pub(super) fn command(&self, program: &Program) -> Command {
        let mut command = process::command(&program.path, self.folder);
        self.tools.prepare(&mut command);
        command
    }

    /// Runs a tool to its end. What it says is the author's to read: warnings as they are, errors as the failure.
    pub(super) fn run(&self, what: &str, command: Command) -> Result<Vec<u8>, Failure> {
        self.run_and(what, command, str::to_owned)
    }

    /// As [`Work::run`], of a tool that says more of itself than an author has use for: `complaint` takes what it said of theirs.
    pub(super) fn run_and(
        &self,
        what: &str,
        command: Command,
        complaint: impl Fn(&str) -> String,
    ) -> Result<Vec<u8>, Failure> {
        let name = self.folder.file_name().unwrap_or(self.folder.as_os_str()).to_string_lossy();
        let spinner = self.making.output.spinner(format!("building {name}: {what}"));
        let done = process::run_until(command, Errors::Kept(&spinner), self.making.stop)?;
        drop(spinner);
        // Some compilers complain on standard output.
        let said =
            format!("{}{}", done.stderr, if done.success { "".into() } else { String::from_utf8_lossy(&done.stdout) });
        let said = said.trim_end();
        if !done.success {
            let said = complaint(said);
            let said = if said.is_empty() { String::new() } else { format!(":\n{}", said.trim_end()) };
            let what = format!("building {} failed, {what}{said}", self.folder.display());
            return Err(not_built(what).help("correct what is named"));
        }
        if self.making.shown && !said.is_empty() {
            self.making.output.note(said);
        }
        Ok(done.stdout)
    }
}
