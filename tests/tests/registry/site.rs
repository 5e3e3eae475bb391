//! A real registry, served by the command, and people who use it. It does not know what they do there.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::Value;

use super::home::{Home, Run};

/// A registry that is served.
pub(crate) struct Site {
    server: Child,
    pub(crate) url: String,
    /// The home of who runs it.
    pub(crate) keeper: Home,
    pub(crate) data: PathBuf,
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Site {
    pub(crate) fn new() -> Self {
        let keeper = Home::new();
        let data = keeper.path().join("registry");
        Self::at(keeper, data, &[])
    }

    /// One of a folder that is there.
    pub(crate) fn at(keeper: Home, data: PathBuf, more: &[&str]) -> Self {
        let args = ["--json", "registry", "serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
        let mut command = keeper.command(args.iter().chain(more));
        let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        let stdout = server.stdout.as_mut().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        Self { server, url: said["url"].as_str().unwrap().to_owned(), keeper, data }
    }

    /// Ends it as its keeper does, and gives what is left.
    pub(crate) fn stop(mut self) -> (Home, PathBuf) {
        let id = nix::unistd::Pid::from_raw(self.server.id().try_into().unwrap());
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).unwrap();
        assert!(self.server.wait().unwrap().success(), "it ends well when it is told to");
        (std::mem::replace(&mut self.keeper, Home::new()), self.data.clone())
    }

    /// Somebody who uses the registry.
    pub(crate) fn visitor(&self) -> Home {
        let home = Home::new();
        home.hal9(["registry", "add", "main", &self.url]).ok();
        home
    }

    /// Somebody with an account and a key.
    pub(crate) fn author(&self, name: &str) -> Home {
        let home = self.visitor();
        signed_up(&home, ["auth", "register", name]).ok();
        home.hal9(["plugin", "keygen", "--no-password"]).ok();
        home
    }
}

/// Runs a command that asks for the password of an account.
pub(crate) fn signed_up<const N: usize>(home: &Home, args: [&str; N]) -> Run {
    Run::of(home.command(args).env("HAL9_PASSWORD", "correct horse battery"))
}

/// A package of a plugin, signed by somebody's default key.
pub(crate) fn signed(home: &Home, id: &str, version: &str, readme: &str) -> PathBuf {
    let path = home.path().join(format!("{id}-{version}.hal9"));
    std::fs::write(&path, super::documents::package(id, version, readme)).unwrap();
    sign(home, &path);
    path
}

pub(crate) fn sign(home: &Home, package: &Path) {
    home.hal9(["plugin", "sign", package.to_str().unwrap()]).ok();
}

pub(crate) fn publish(home: &Home, package: &Path) -> Run {
    home.hal9(["--json", "plugin", "publish", package.to_str().unwrap()])
}
