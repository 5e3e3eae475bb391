//! Homes before a command and packages for it, made once; and a copy of such a home, with the command as its user runs it
//! there. It does not trace.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hal9_package::Manifest;
use serde_json::Value;

/// The plugin that is installed.
pub(crate) const ID: &str = "test.fault";

/// A plugin that needs it.
const USER: &str = "test.user";

/// A command that changes a home, and between what.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) before: PathBuf,
    pub(crate) args: Vec<String>,
    /// The plugins and versions that are installed before.
    pub(crate) old: &'static [&'static str],
    /// Those that are installed afterwards.
    pub(crate) new: &'static [&'static str],
}

/// A folder with the homes and the packages.
pub(crate) struct Prepared {
    /// Deletes the folder at the end.
    _folder: tempfile::TempDir,
    pub(crate) scenarios: Vec<Scenario>,
}

/// A copy of a home.
pub(crate) struct Home {
    /// Deletes the folder at the end.
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Prepared {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let component = fs::read(hal9_tests::guest("raw-neuron")).unwrap();
        let old = package(&path, ID, "1.0.0", "", &component);
        // Another component, and the same plugin: an empty custom section more.
        let new = package(&path, ID, "1.1.0", "", &[component.as_slice(), b"\0\x02\x01x"].concat());
        let need = format!(r#"{{"plugin_id": "{ID}", "version": "=1.1.0"}}"#);
        let user = package(&path, USER, "2.0.0", &need, &[component.as_slice(), b"\0\x02\x01y"].concat());
        // What is unsigned is named, also where another needs it.
        let install = |files: &[&Path]| {
            let files = files.iter().map(|file| file.to_str().unwrap());
            let args = ["--json", "plugin", "install", "--allow-unsigned", "--accept"].into_iter().chain(files);
            args.map(str::to_owned).collect::<Vec<_>>()
        };
        let uninstall = |id: &str| ["--json", "plugin", "uninstall", id].map(str::to_owned).to_vec();

        // What is compiled stays in the cache, so that only the first command takes long.
        let home = Home::at(path.join("without"));
        fs::create_dir(&home.path).unwrap();
        fs::write(home.path.join("hal9.toml"), "[trust]\nallow_unsigned = true\n").unwrap();
        for args in [install(&[&old]), install(&[&user, &new]), uninstall(USER), uninstall(ID)] {
            hal9_tests::run(&mut home.command(args));
        }
        let with = home.copy(&path.join("with"));
        hal9_tests::run(&mut with.command(install(&[&old])));

        let scenario =
            |name, before: &Home, args, old, new| Scenario { name, before: before.path.clone(), args, old, new };
        let scenarios = vec![
            scenario("install", &home, install(&[&old]), &[], &["test.fault 1.0.0"]),
            scenario("upgrade", &with, install(&[&new]), &["test.fault 1.0.0"], &["test.fault 1.1.0"]),
            scenario("uninstall", &with, uninstall(ID), &["test.fault 1.0.0"], &[]),
            // With an upgrade of what it needs: all of it or nothing.
            scenario(
                "together",
                &with,
                install(&[&user, &new]),
                &["test.fault 1.0.0"],
                &["test.fault 1.1.0", "test.user 2.0.0"],
            ),
        ];
        Self { _folder: folder, scenarios }
    }
}

/// Packs a neuron of layer L1.
pub(crate) fn package(folder: &Path, id: &str, version: &str, needs: &str, component: &[u8]) -> PathBuf {
    let manifest = format!(
        r#"{{"api_version": 1,
            "metadata": {{"id": "{id}", "name": "{id}", "version": "{version}", "author": "a", "license": "MIT"}},
            "capabilities": [{{"NeuronType": {{"layer": "L1", "neuron_type": "{id}"}}}}],
            "dependencies": [{needs}],
            "files": {{"wasm": "plugin.wasm"}}}}"#
    );
    let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
    let files = BTreeMap::from([("plugin.wasm".to_owned(), component.to_vec())]);
    let path = folder.join(format!("{id}-{version}.hal9"));
    fs::write(&path, hal9_package::pack(&manifest, &files).unwrap()).unwrap();
    path
}

impl Scenario {
    /// A home as it is before the command.
    pub(crate) fn home(&self) -> Home {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("home");
        copy(&self.before, &path);
        Home { _folder: folder, path }
    }
}

impl Home {
    fn at(path: PathBuf) -> Self {
        // An empty folder of its own, to have one to delete.
        Self { _folder: tempfile::tempdir().unwrap(), path }
    }

    fn copy(&self, to: &Path) -> Self {
        copy(&self.path, to);
        Self::at(to.to_owned())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The command, without the machine's other tools: `doctor` would ask each of them for its version.
    pub(crate) fn command<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hal9-under-test"));
        command.args(args).env("HAL9_HOME", &self.path).env_remove("HAL9_ENV").stdin(Stdio::null());
        command.env("PATH", "/usr/bin:/bin").env("CARGO_HOME", &self.path);
        command
    }

    /// The result of a command as JSON, or its status and what it said.
    pub(crate) fn hal9(&self, args: &[&str]) -> Result<Value, String> {
        let output = self.command([&["--json"], args].concat()).output().unwrap();
        let [stdout, stderr] =
            [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        match serde_json::from_str(&stdout) {
            Ok(value) if output.status.success() => Ok(value),
            _ => Err(format!("hal9 {}: {:?}: {stderr}", args.join(" "), output.status)),
        }
    }

    /// The plugins and versions that the home has, as `list` tells them.
    pub(crate) fn versions(&self) -> Result<Vec<String>, String> {
        let value = self.hal9(&["plugin", "list"])?;
        let plugins = value["plugins"].as_array().ok_or_else(|| format!("the list is {value}"))?;
        let text = |plugin: &Value, member: &str| plugin[member].as_str().unwrap_or_default().to_owned();
        Ok(plugins.iter().map(|plugin| format!("{} {}", text(plugin, "id"), text(plugin, "version"))).collect())
    }

    /// What `doctor` says of the store, and what it fixed.
    pub(crate) fn store(&self, fix: &[&str]) -> Result<(String, Value), String> {
        // The machine may lack what this is not about, so the status does not count.
        let output = self.command([&["--json", "doctor"], fix].concat()).output().unwrap();
        let value: Value =
            serde_json::from_slice(&output.stdout).map_err(|error| format!("doctor: {error}: {output:?}"))?;
        let checks = value["checks"].as_array().ok_or_else(|| format!("no checks in {value}"))?;
        let store = checks.iter().find(|row| row["name"] == "store").ok_or_else(|| format!("no store in {value}"))?;
        Ok((format!("{}: {}", store["state"], store["found"]), value["fixed"].clone()))
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
}
