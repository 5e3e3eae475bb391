//! `hal9 doctor`: what this machine lacks to build and run plugins, and the fix. It looks at each thing by itself, so that one
//! that is broken does not hide the others.

mod home;
mod tools;

use std::path::{Path, PathBuf};

use hal9_host::Host;
use hal9_registry::Registry;
use serde::Serialize;
use serde_json::json;

use crate::access;
use crate::failure::{Code, Failure};
use crate::home::Home;
use crate::languages::Language;
use crate::languages::rust::{CARGO_COMPONENT, Toolchain, Way, add_target, install_cargo_component};
use crate::languages::tools::{Tool, Tools};
use crate::output::{Output, bold, columns, dim, green, red, wrap, yellow};

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    /// It is missing or wrong, and all works without it.
    Warning,
    /// It is missing or wrong, and is needed.
    Failed,
}

/// What `--fix` can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remedy {
    Target(&'static str),
    CargoComponent,
    /// What another language than Rust needs.
    Tool(Tool),
    /// What a crash left in the store.
    Store,
    /// What others can write.
    Access,
    /// What a crash left beside keys, models and settings.
    Leftovers,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    state: State,
    /// What is there, or what is wrong.
    found: String,
    /// Where it is.
    path: Option<PathBuf>,
    /// The command that puts it right, or what to do.
    fix: Option<String>,
    #[serde(skip)]
    remedy: Option<Remedy>,
}

/// Looks at this machine: for plugins in Rust, where no languages are named, and at what the others need besides.
pub(super) fn run(output: Output, environment: Option<&str>, fix: bool, languages: &[Language]) -> Result<(), Failure> {
    let mut rows = examine(environment, languages);
    let mut fixed = Vec::new();
    if fix {
        let toolchain = Toolchain::find();
        let missing: Vec<_> = rows.iter().filter_map(|row| row.remedy.and_then(Remedy::tool)).collect();
        if !missing.is_empty() {
            Tools::find()?.install(&missing, output)?;
        }
        for row in &rows {
            match row.remedy {
                Some(Remedy::Target(target)) => {
                    output.note(add_target(target));
                    toolchain.add_target(target, Path::new("."), output)?;
                }
                Some(Remedy::CargoComponent) => {
                    output.note(format!("{}  (about nine minutes of processor time)", install_cargo_component()));
                    toolchain.install_cargo_component(output)?;
                }
                Some(Remedy::Store) => {
                    for mended in Registry::open(Home::find()?.folder())?.mend()? {
                        output.note(mended);
                    }
                }
                Some(Remedy::Access) => {
                    for writable in access::writable(&Home::find()?) {
                        output.note(writable.fix());
                        writable.close()?;
                    }
                }
                Some(Remedy::Leftovers) => {
                    for path in Home::find()?.leftovers() {
                        std::fs::remove_file(&path).map_err(|error| Failure::file(&path, &error))?;
                        output.note(format!("{} was removed", path.display()));
                    }
                }
                Some(Remedy::Tool(_)) => {}
                None => continue,
            }
            fixed.push(row.name);
        }
        if !fixed.is_empty() {
            rows = examine(environment, languages);
        }
    }
    let missing: Vec<_> = rows.iter().filter(|row| row.state == State::Failed).collect();
    let value = json!({ "ready": missing.is_empty(), "checks": rows, "fixed": fixed });
    output.result(&value, || table(&rows, fix, languages))?;
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|row| row.name).collect();
    let can_fix = rows.iter().any(|row| row.state == State::Failed && row.remedy.is_some());
    let help = match missing.as_slice() {
        _ if can_fix && !fix => command(languages),
        [one] => one.fix.clone().unwrap_or_default(),
        _ => "see to each of them".to_owned(),
    };
    Err(Failure::new(Code::Unavailable, format!("not ready: {}", names.join(", "))).help(help))
}

impl Remedy {
    fn tool(self) -> Option<Tool> {
        match self {
            Self::Tool(tool) => Some(tool),
            _ => None,
        }
    }
}

/// The command that puts right what is missing for some languages.
fn command(languages: &[Language]) -> String {
    let languages = languages.iter().map(|language| format!(" --lang {}", language.name()));
    format!("hal9 doctor --fix{}", languages.collect::<String>())
}

fn table(rows: &[Row], fix: bool, languages: &[Language]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let margin = width + 4;
    let mut text = String::new();
    for row in rows {
        let mark = match row.state {
            State::Ok => green("✓"),
            State::Warning => yellow("!"),
            State::Failed => red("✗"),
        };
        let path = row.path.as_ref().map_or_else(String::new, |path| dim(format!("  {}", path.display())));
        let fix = row.fix.as_ref().map_or_else(String::new, |fix| format!("\n{} {fix}", dim("fix:")));
        let about = format!("{}{path}{fix}", row.found).replace('\n', &format!("\n{:margin$}", ""));
        let row = format!("{mark} {}{}  {about}", bold(row.name), " ".repeat(width - row.name.len()));
        for line in row.lines() {
            text.push_str(&columns().map_or(line.to_owned(), |columns| wrap(line, columns, margin)));
            text.push('\n');
        }
    }
    let is_fixable = rows.iter().any(|row| row.remedy.is_some());
    if rows.iter().all(|row| row.state != State::Failed) {
        text.push_str(&format!("\n{}\n", green("Ready to build and run plugins.")));
    }
    if is_fixable && !fix {
        text.push_str(&dim(format!("`{}` installs what is missing, and mends what it can.\n", command(languages))));
    }
    text
}

/// Looks at everything.
fn examine(environment: Option<&str>, languages: &[Language]) -> Vec<Row> {
    let mut rows = Vec::new();
    if languages.is_empty() || languages.contains(&Language::Rust) {
        rows.extend(toolchain());
    }
    rows.extend(tools::rows(languages));
    rows.extend(home::rows(environment));
    rows.push(engine());
    rows
}

fn ok(name: &'static str, found: impl Into<String>) -> Row {
    Row { name, state: State::Ok, found: found.into(), path: None, fix: None, remedy: None }
}

fn lacking(name: &'static str, state: State, found: impl Into<String>, fix: impl Into<String>) -> Row {
    let fix = Some(fix.into()).filter(|fix: &String| !fix.is_empty());
    Row { name, state, found: found.into(), path: None, fix, remedy: None }
}

fn failed(name: &'static str, failure: Failure) -> Row {
    lacking(name, State::Failed, failure.message, failure.help.unwrap_or_default())
}

const RUSTUP: &str = "install Rust with rustup, from https://rustup.rs";

/// What builds Rust plugins.
fn toolchain() -> Vec<Row> {
    let tools = Toolchain::find();
    let mut rows = Vec::new();
    let program = |path: &PathBuf| Some((Toolchain::version(path)?, Some(path.clone())));
    rows.push(match tools.rustup.as_ref().and_then(program) {
        Some((version, path)) => Row { path, ..ok("rustup", version) },
        None => lacking("rustup", State::Warning, "not found; targets cannot be added with it", RUSTUP),
    });
    rows.push(match tools.cargo.as_ref().and_then(program) {
        Some((version, path)) => Row { path, ..ok("cargo", version) },
        None => lacking("cargo", State::Failed, "not found", RUSTUP),
    });
    let least = env!("CARGO_PKG_RUST_VERSION");
    rows.push(match tools.rustc.as_ref().and_then(program) {
        Some((version, path)) if at_least(&version, least) => Row { path, ..ok("rustc", version) },
        Some((version, _)) => lacking(
            "rustc",
            State::Failed,
            format!("{version}, and {least} or newer is needed"),
            "rustup update stable",
        ),
        None => lacking("rustc", State::Failed, "not found", RUSTUP),
    });
    let component = tools.cargo_component.as_ref().and_then(program);
    for (way, state) in [
        (Way::Cargo, State::Failed),
        // It is what cargo-component compiles for, and without that nobody does.
        (Way::CargoComponent, if component.is_some() { State::Failed } else { State::Warning }),
    ] {
        let target = way.target();
        rows.push(if tools.has_target(target, Path::new(".")) {
            ok(target, "installed")
        } else {
            let remedy = tools.rustup.is_some().then_some(Remedy::Target(target));
            Row { remedy, ..lacking(target, state, "not installed", add_target(target)) }
        });
    }
    rows.push(match component {
        Some((version, path)) if version == CARGO_COMPONENT => Row { path, ..ok("cargo-component", version) },
        Some((version, path)) => {
            let found = format!("{version}, and {CARGO_COMPONENT} is what is tested");
            Row { path, ..lacking("cargo-component", State::Warning, found, install_cargo_component()) }
        }
        None => Row {
            remedy: tools.cargo.is_some().then_some(Remedy::CargoComponent),
            ..lacking(
                "cargo-component",
                State::Warning,
                "not installed; plain cargo builds the same components",
                install_cargo_component(),
            )
        },
    });
    rows
}

/// Whether a version, such as `1.96.0-nightly`, is that of `least` or a later one, such as `1.95`.
fn at_least(version: &str, least: &str) -> bool {
    let numbers =
        |text: &str| -> Vec<u64> { text.split(['.', '-']).map_while(|number| number.parse().ok()).take(3).collect() };
    numbers(version) >= numbers(least)
}

/// What runs plugins: it sets address space aside for them.
fn engine() -> Row {
    match Host::new() {
        Ok(_) => ok("engine", "starts"),
        Err(error) => {
            let mut failure = Failure::from(error);
            failure.help.get_or_insert_with(|| "raise the limit on address space: ulimit -v unlimited".to_owned());
            failed("engine", failure)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        for version in ["1.95.0", "1.95.3", "1.100.0", "2.0.0", "1.96.0-nightly"] {
            assert!(at_least(version, "1.95"), "{version}");
        }
        for version in ["1.94.9", "1.9.0", "0.100.0", ""] {
            assert!(!at_least(version, "1.95"), "{version}");
        }
    }

    #[test]
    fn the_table_says_what_is_missing_and_how_to_get_it() {
        let rows = [
            ok("cargo", "1.95.0"),
            Row {
                remedy: Some(Remedy::Target("wasm32-wasip2")),
                ..lacking("wasm32-wasip2", State::Failed, "not installed", add_target("wasm32-wasip2"))
            },
        ];
        let text = anstream::adapter::strip_str(&table(&rows, false, &[])).to_string();
        assert!(
            text.contains("✗ wasm32-wasip2  not installed\n                 fix: rustup target add wasm32-wasip2\n"),
            "{text}"
        );
        assert!(text.contains("doctor --fix") && !text.contains("Ready"), "{text}");
        let text = table(&rows[..1], false, &[]);
        assert!(text.contains("Ready") && !text.contains("--fix"), "{text}");
    }
}
