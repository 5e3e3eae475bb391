//! Owns how tools get into the user's folder: with Python's `venv` and `pip`, and with npm. It refuses to know who needs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Base, Tool, Tools};
use crate::failure::{Code, Failure};
use crate::languages::rust::{is_program, last_lines};
use crate::output::Output;
use crate::process::{self, Errors};

impl Tools {
    /// The program that installs the tools of a base; none, where it is missing.
    pub(crate) fn installer(&self, base: Base) -> Option<PathBuf> {
        match base {
            Base::Python => self.base(base),
            // npm is a script that node runs.
            Base::Node => self.base(base).and_then(|_| self.on_path(&["npm"])),
        }
    }

    /// Installs tools, at the versions that plugins are tested with, and says which.
    ///
    /// # Errors
    ///
    /// Where what installs them is missing or fails, with what it said.
    pub(crate) fn install(&self, tools: &[Tool], output: Output) -> Result<(), Failure> {
        fs::create_dir_all(&self.folder).map_err(|error| Failure::file(&self.folder, &error))?;
        let lock = self.folder.join(".lock");
        let lock = fs::File::create(&lock).and_then(|file| file.lock().map(|()| file));
        let _lock = lock.map_err(|error| Failure::file(&self.folder, &error))?;
        for base in Base::ALL {
            let packages: Vec<_> = tools.iter().filter(|tool| tool.base() == base).map(|tool| tool.package()).collect();
            if packages.is_empty() {
                continue;
            }
            let installer = self.installer(base).ok_or_else(|| missing(base))?;
            match base {
                Base::Python => self.install_with_pip(&installer, &packages, output)?,
                Base::Node => self.install_with_npm(&installer, &packages, output)?,
            }
        }
        Ok(())
    }

    fn install_with_pip(&self, python: &Path, packages: &[(&str, &str)], output: Output) -> Result<(), Failure> {
        let own = self.python();
        let interpreter = own.join("bin").join("python");
        // One whose Python is gone, as after an upgrade of the system, is made anew.
        if !is_program(&interpreter) || !own.join("bin").join("pip").is_file() {
            let mut venv = process::command(python, &self.folder);
            venv.args(["-m", "venv", "--clear"]).arg(&own);
            output.note(format!("{} -m venv --clear {}", python.display(), own.display()));
            run(venv, "making a Python environment", Base::Python.fix(), output)?;
        }
        let packages: Vec<_> = packages.iter().map(|(name, version)| format!("{name}=={version}")).collect();
        let mut pip = process::command(&interpreter, &self.folder);
        pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input"]).args(&packages);
        output.note(format!("{} -m pip install {}", interpreter.display(), packages.join(" ")));
        run(pip, &format!("installing {}", packages.join(", ")), NETWORK, output)
    }

    fn install_with_npm(&self, npm: &Path, packages: &[(&str, &str)], output: Output) -> Result<(), Failure> {
        let own = self.node();
        fs::create_dir_all(&own).map_err(|error| Failure::file(&own, &error))?;
        let packages: Vec<_> = packages.iter().map(|(name, version)| format!("{name}@{version}")).collect();
        let mut command = process::command(npm, &own);
        command.args(["install", "--no-audit", "--no-fund", "--save-exact", "--prefix"]).arg(&own).args(&packages);
        output.note(format!("npm install --prefix {} {}", own.display(), packages.join(" ")));
        run(command, &format!("installing {}", packages.join(", ")), NETWORK, output)
    }
}

const NETWORK: &str = "see to the network, then try again: hal9 doctor --fix --lang all";

/// Why tools cannot be installed.
pub(super) fn missing(base: Base) -> Failure {
    let what = match base {
        Base::Python => "python3 is not installed",
        Base::Node => "node and npm are not installed",
    };
    Failure::new(Code::Unavailable, what).reason("tool").help(base.fix())
}

fn run(command: Command, what: &str, help: &str, output: Output) -> Result<(), Failure> {
    let spinner = output.spinner(what);
    let done = process::run(command, Errors::Kept(&spinner))?;
    drop(spinner);
    if done.success {
        return Ok(());
    }
    // Python says what is missing of it on standard output.
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), done.stderr);
    Err(Failure::new(Code::Unavailable, format!("{what} failed:\n{}", last_lines(&said))).help(help))
}
