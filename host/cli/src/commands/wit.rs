//! `hal9 wit`: the text of HAL9's WIT. It needs no home.

use std::path::Path;

use serde_json::json;

use crate::args::WitCommand;
use crate::failure::{Code, Failure};
use crate::output::{Output, green, plain};

pub(super) fn run(output: Output, command: &WitCommand) -> Result<(), Failure> {
    match command {
        WitCommand::Show { name } => show(output, name.as_deref()),
        WitCommand::Export { dir } => export(output, dir),
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
    let folder = hal9_wit::write_deps(dir).map_err(unwritten)?;
    let files: Vec<&str> = hal9_wit::FILES.iter().map(|(name, _)| *name).collect();
    output.result(&json!({ "package": package(), "folder": folder, "files": files }), || {
        format!("{} {} is in {}", green("✓"), package(), folder.display())
    })
}

/// With its version.
fn package() -> String {
    format!("{}@{}", hal9_wit::PACKAGE, hal9_wit::VERSION)
}

fn unwritten(error: hal9_wit::Error) -> Failure {
    match &error {
        hal9_wit::Error::Io { path, source } => Failure::file(path, source),
        _ => Failure::new(Code::Internal, error.to_string()),
    }
}
