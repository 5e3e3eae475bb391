//! `hal9 wit`: the text of HAL9's WIT, and what a change of WIT breaks. It needs no home.

mod diff;
mod side;

use std::path::Path;

use serde_json::json;

use crate::args::WitCommand;
use crate::failure::{Code, Failure};
use crate::output::{Output, green, plain};

pub(super) fn run(output: Output, command: &WitCommand) -> Result<(), Failure> {
    match command {
        WitCommand::Show { name } => show(output, name.as_deref()),
        WitCommand::Export { dir } => export(output, dir),
        WitCommand::Diff(args) => diff::run(output, args),
    }
}

fn show(output: Output, name: Option<&str>) -> Result<(), Failure> {
    let text = match name {
        None => hal9_wit::text(),
        Some(name) => hal9_wit::item(name).map(str::to_owned).ok_or_else(|| {
            let names = hal9_wit::items().collect::<Vec<_>>().join(", ");
            let message = format!("HAL9's WIT has no interface or world `{}`", plain(name));
            Failure::not_found(message, format!("there are: {names}"))
        })?,
    };
    output.result(&json!({ "package": package(), "name": name, "text": text }), || text.clone())
}

fn export(output: Output, dir: &Path) -> Result<(), Failure> {
    let folder = hal9_wit::write_deps(dir).map_err(failed)?;
    let files: Vec<&str> = hal9_wit::FILES.iter().map(|(name, _)| *name).collect();
    output.result(&json!({ "package": package(), "folder": folder, "files": files }), || {
        format!("{} {} is in {}", green("✓"), package(), folder.display())
    })
}

/// With its version.
fn package() -> String {
    format!("{}@{}", hal9_wit::PACKAGE, hal9_wit::VERSION)
}

fn failed(error: hal9_wit::Error) -> Failure {
    let text = error.to_string();
    match &error {
        hal9_wit::Error::Io { path, source } => Failure::file(path, source),
        hal9_wit::Error::Malformed { .. } => {
            Failure::usage(text, "correct the line; of a package in several files, give the folder")
        }
        hal9_wit::Error::NoComponent { .. } => {
            Failure::new(Code::InvalidPackage, text).help("give a component, as `hal9 plugin build` makes it, or WIT")
        }
        hal9_wit::Error::NothingInCommon { .. } => {
            Failure::usage(text, "give two versions of one package, or components that use one")
        }
        _ => Failure::new(Code::Internal, text),
    }
}
