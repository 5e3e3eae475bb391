//! Owns what building a Rust plugin needs: cargo, the WebAssembly targets, cargo-component; whether they are there, and how
//! they get there. It refuses to know projects.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use etcetera::BaseStrategy as _;
use indicatif::ProgressBar;

use crate::failure::{Code, Failure};
use crate::output::Output;
use crate::process::{self, Errors};

/// The version of cargo-component that plugins are tested with.
pub(crate) const CARGO_COMPONENT: &str = "0.21.1";

/// How a component is made out of a Rust plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// `cargo component build`, which makes a component of a module for `wasm32-wasip1`.
    CargoComponent,
    /// `cargo build --target wasm32-wasip2`, whose linker makes a component.
    Cargo,
}

impl Way {
    /// The target that is compiled for.
    pub(crate) fn target(self) -> &'static str {
        match self {
            Self::CargoComponent => "wasm32-wasip1",
            Self::Cargo => "wasm32-wasip2",
        }
    }

    /// What programs know it as.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::CargoComponent => "cargo-component",
            Self::Cargo => "cargo",
        }
    }

    /// What a user would call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CargoComponent => "cargo-component",
            Self::Cargo => "plain cargo",
        }
    }
}

/// The programs that were found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Toolchain {
    pub(crate) cargo: Option<PathBuf>,
    pub(crate) rustc: Option<PathBuf>,
    pub(crate) rustup: Option<PathBuf>,
    pub(crate) cargo_component: Option<PathBuf>,
}

impl Toolchain {
    /// Looks on the path, and then where rustup, cargo and this project put programs. Starts none of them.
    pub(crate) fn find() -> Self {
        let mut folders: Vec<PathBuf> =
            std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
        let cargo_home = std::env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        let user_home = etcetera::choose_base_strategy().ok().map(|base| base.home_dir().join(".cargo"));
        folders.extend(cargo_home.or(user_home).map(|home| home.join("bin")));
        let rust = folders.clone();
        // This project's own tools, where it is still where it was built.
        folders.extend(workspace().map(|workspace| workspace.join(".tools").join("bin")));
        let find = |name: &str, folders: &[PathBuf]| {
            let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
            folders.iter().map(|folder| folder.join(&name)).find(|path| is_program(path))
        };
        Self {
            cargo: find("cargo", &rust),
            rustc: find("rustc", &rust),
            rustup: find("rustup", &rust),
            cargo_component: find("cargo-component", &folders),
        }
    }

    /// How plugins are built here.
    pub(crate) fn way(&self) -> Way {
        if self.cargo_component.is_some() { Way::CargoComponent } else { Way::Cargo }
    }

    /// Cargo, to be run in a folder.
    pub(crate) fn cargo(&self, folder: &Path) -> Result<Command, Failure> {
        let Some(cargo) = &self.cargo else {
            return Err(Failure::new(Code::Unavailable, "cargo is not installed")
                .help("install Rust with rustup, from https://rustup.rs"));
        };
        let mut command = process::command(cargo, folder);
        if let Some(path) = self.path() {
            command.env("PATH", path);
        }
        Ok(command)
    }

    /// The path with the folder of cargo-component, so that cargo knows it as `cargo component`; and with that of cargo, for
    /// those who call it by name.
    fn path(&self) -> Option<OsString> {
        let mut folders: Vec<PathBuf> =
            std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
        for program in [&self.cargo, &self.cargo_component].into_iter().flatten() {
            if let Some(folder) = program.parent()
                && !folders.iter().any(|other| other == folder)
            {
                folders.push(folder.to_owned());
            }
        }
        std::env::join_paths(folders).ok()
    }

    /// What a program says of its version; none, where it does not run.
    pub(crate) fn version(program: &Path) -> Option<String> {
        // `rustc 1.95.0 (59807616e 2026-04-14)`
        Self::words(program)?.split_whitespace().nth(1).map(str::to_owned)
    }

    /// The line that a program says of its version; none, where it does not run.
    pub(crate) fn words(program: &Path) -> Option<String> {
        let mut command = process::command(program, Path::new("."));
        command.arg("--version");
        let done = process::run(command, Errors::Kept(&ProgressBar::hidden())).ok()?;
        let text = String::from_utf8(done.stdout).ok().filter(|_| done.success)?;
        text.lines().next().map(|line| line.trim().to_owned())
    }

    /// Whether the toolchain of a folder can compile for a target.
    pub(crate) fn has_target(&self, target: &str, folder: &Path) -> bool {
        let Some(rustc) = &self.rustc else { return false };
        let mut command = process::command(rustc, folder);
        command.args(["--print", "target-libdir", "--target", target]);
        let Ok(done) = process::run(command, Errors::Kept(&ProgressBar::hidden())) else { return false };
        // It names the folder whether it is there or not.
        done.success && std::str::from_utf8(&done.stdout).is_ok_and(|libraries| Path::new(libraries.trim()).is_dir())
    }

    /// Has rustup bring what is missing of a target; says so where it is.
    pub(crate) fn ensure_target(&self, target: &str, folder: &Path, output: Output) -> Result<(), Failure> {
        if self.has_target(target, folder) {
            return Ok(());
        }
        output.note(format!("the target {target} is missing; adding it: {}", add_target(target)));
        self.add_target(target, folder, output)
    }

    /// Has rustup bring a target.
    pub(crate) fn add_target(&self, target: &str, folder: &Path, output: Output) -> Result<(), Failure> {
        let Some(rustup) = &self.rustup else {
            let what = format!("the target {target} is missing, and rustup is not there to bring it");
            let help = format!("install the target as you installed Rust, or use rustup: {}", add_target(target));
            return Err(Failure::new(Code::Unavailable, what).help(help));
        };
        let mut command = process::command(rustup, folder);
        command.args(["target", "add", target]);
        let spinner = output.spinner(format!("adding {target}"));
        let done = process::run(command, Errors::Kept(&spinner))?;
        drop(spinner);
        if done.success {
            return Ok(());
        }
        let what = format!("the target {target} could not be added:\n{}", last_lines(&done.stderr));
        Err(Failure::new(Code::Unavailable, what).help(format!("see to the network, then: {}", add_target(target))))
    }

    /// Builds and installs cargo-component, which takes minutes.
    pub(crate) fn install_cargo_component(&self, output: Output) -> Result<(), Failure> {
        let mut command = self.cargo(Path::new("."))?;
        command.args(["install", "--locked", &format!("cargo-component@{CARGO_COMPONENT}")]);
        let spinner = output.spinner("installing cargo-component");
        let done = process::run(command, Errors::Kept(&spinner))?;
        drop(spinner);
        if done.success {
            return Ok(());
        }
        let what = format!("cargo-component could not be installed:\n{}", last_lines(&done.stderr));
        Err(Failure::new(Code::Unavailable, what).help(format!("try it yourself: {}", install_cargo_component())))
    }
}

/// The command that adds a target.
pub(crate) fn add_target(target: &str) -> String {
    format!("rustup target add {target}")
}

/// The command that installs cargo-component.
pub(crate) fn install_cargo_component() -> String {
    format!("cargo install --locked cargo-component@{CARGO_COMPONENT}")
}

/// The workspace that this program was built in, where it is still there.
pub(crate) fn workspace() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.parent()?;
    root.is_dir().then(|| root.to_owned())
}

/// Whether a file may be run.
pub(in crate::languages) fn is_program(path: &Path) -> bool {
    let Ok(file) = path.metadata() else { return false };
    #[cfg(unix)]
    let may_run = std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let may_run = true;
    file.is_file() && may_run
}

/// The last lines of what a program said.
pub(in crate::languages) fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cargo_that_runs_this_test_is_found_and_knows_its_own_target() {
        let toolchain = Toolchain::find();
        let version = Toolchain::version(toolchain.rustc.as_deref().unwrap()).unwrap();
        assert!(version.starts_with("1."), "{version}");
        assert!(toolchain.has_target(&format!("{}-unknown-linux-gnu", std::env::consts::ARCH), Path::new(".")));
        assert!(!toolchain.has_target("wasm32-no-such-target", Path::new(".")));
    }

    #[test]
    fn without_a_program_its_absence_is_what_is_wrong() {
        let none = Toolchain::default();
        assert_eq!(none.way(), Way::Cargo);
        assert_eq!(none.cargo(Path::new(".")).unwrap_err().code, Code::Unavailable);
        let failure = none.add_target("wasm32-wasip2", Path::new("."), Output::new(true)).unwrap_err();
        assert!(failure.help.unwrap().contains("rustup target add wasm32-wasip2"));
    }
}
