//! Owns what is said of the machine that measured: processor, memory, kernel, compiler, profile and date. It refuses to know its
//! name, its folders and whose it is.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use crate::{KIB, Unit};

/// What ratios still depend on.
pub(crate) struct Machine {
    /// A line for each fact: what it is, and its value.
    pub(crate) facts: Vec<(&'static str, String)>,
}

impl Machine {
    /// This machine, with when measures were taken; `folder` is one of the workspace.
    pub(crate) fn here(folder: &Path, times: &[SystemTime]) -> Self {
        let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let lock = std::fs::read_to_string(folder.with_file_name("Cargo.lock")).unwrap_or_default();
        let facts = [
            ("processor", after(&read("/proc/cpuinfo"), "model name")),
            ("cores", Some(cores.to_string())),
            ("memory", memory(&read("/proc/meminfo"))),
            ("kernel", Some(format!("{} {}", std::env::consts::OS, read("/proc/sys/kernel/osrelease").trim()))),
            ("compiler", compiler()),
            ("wasmtime", locked(&lock, "wasmtime")),
            ("profile", profile()),
            ("measured", days(times)),
        ];
        let known =
            facts.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
        Self { facts: known.collect() }
    }

    /// A fact's value.
    pub(crate) fn fact(&self, name: &str) -> Option<&str> {
        self.facts.iter().find(|(of, _)| *of == name).map(|(_, value)| value.as_str())
    }
}

/// What stands behind a name and a colon at the beginning of a line.
fn after(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory(meminfo: &str) -> Option<String> {
    // `MemTotal:        8135184 kB`
    let kibibytes: f64 = after(meminfo, "MemTotal")?.split_whitespace().next()?.parse().ok()?;
    Some(Unit::Bytes.show(kibibytes * KIB))
}

fn compiler() -> Option<String> {
    let output = Command::new("rustc").arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The version of a package in a lock file.
fn locked(lock: &str, package: &str) -> Option<String> {
    let lock: toml::Table = lock.parse().ok()?;
    let packages = lock.get("package")?.as_array()?;
    let package = packages.iter().find(|entry| entry.get("name").and_then(toml::Value::as_str) == Some(package))?;
    Some(package.get("version")?.as_str()?.to_owned())
}

/// The profile that this program was built with, by the folder that it is in.
fn profile() -> Option<String> {
    let program = std::env::current_exe().ok()?;
    let folder = program.ancestors().nth(2)?.file_name()?.to_str()?.to_owned();
    // Cargo puts what it builds for `cargo bench` to the release builds.
    Some(if folder == "release" { "`bench`: thin LTO, one codegen unit".to_owned() } else { format!("`{folder}`") })
}

/// The first and the last day among some times.
fn days(times: &[SystemTime]) -> Option<String> {
    let day = |time: &SystemTime| humantime::format_rfc3339_seconds(*time).to_string()[..10].to_owned();
    let (first, last) = (day(times.iter().min()?), day(times.iter().max()?));
    Some(if first == last { first } else { format!("{first} to {last}") })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn facts_are_read_from_what_the_kernel_and_cargo_write() {
        assert_eq!(after("processor\t: 0\nmodel name\t: A CPU: fast\n", "model name").as_deref(), Some("A CPU: fast"));
        assert_eq!(memory("MemTotal:        8388608 kB\nMemFree: 1 kB\n").as_deref(), Some("8.0 GiB"));
        assert_eq!(memory("MemTotal: much"), None);
        let lock = "[[package]]\nname = \"wasm\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"wasmtime\"\nversion = \"48.0.8\"\n";
        assert_eq!(locked(lock, "wasmtime").as_deref(), Some("48.0.8"));
        assert_eq!(locked("<<<<<<<", "wasmtime"), None);
    }

    #[test]
    fn days_are_said_once_where_they_are_the_same() {
        let day = |days: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(days * 86_400 + 60);
        assert_eq!(days(&[day(1), day(1)]).as_deref(), Some("1970-01-02"));
        assert_eq!(days(&[day(2), day(1)]).as_deref(), Some("1970-01-02 to 1970-01-03"));
        assert_eq!(days(&[]), None);
    }
}
