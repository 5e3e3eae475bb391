//! What somebody typed as a side of a comparison, and the WIT that it stands for.

use std::path::Path;

use hal9_wit::Wit;

use super::failed;
use crate::failure::{Code, Failure};
use crate::output::{Output, plain};
use crate::source;

/// What the WIT of this build is called.
const BUILTIN: &str = "builtin";

/// Reads a side: `builtin`, a published version, or what is at a path.
pub(super) fn read(text: &str, output: Output) -> Result<Wit, Failure> {
    if text == BUILTIN {
        return Wit::builtin().map_err(failed);
    }
    if let Some(wit) = Wit::published(text) {
        return wit.map_err(failed);
    }
    let path = Path::new(text);
    let kind = path.metadata().map_err(|error| absent(text, &error))?;
    if kind.is_dir() {
        return folder(path, output);
    }
    if source::is_package(path) {
        let package = source::package(path)?;
        return Wit::component(text, &package.component()?).map_err(failed);
    }
    let bytes = source::read(path)?;
    if bytes.starts_with(b"\0asm") {
        return Wit::component(text, &bytes).map_err(failed);
    }
    let text_of_file = String::from_utf8(bytes).map_err(|_| {
        Failure::new(Code::InvalidPackage, format!("{} is neither WIT nor a component", plain(text)))
            .help("give a folder or file of WIT, a component, a package or a plugin's folder")
    })?;
    Wit::document(text, &text_of_file).map_err(failed)
}

/// A folder of WIT, or a plugin's, of which the component is taken.
fn folder(path: &Path, output: Output) -> Result<Wit, Failure> {
    let entries = std::fs::read_dir(path).map_err(|error| Failure::file(path, &error))?;
    let is_wit = |name: &Path| name.extension().is_some_and(|extension| extension == "wit");
    if entries.filter_map(Result::ok).any(|entry| is_wit(Path::new(&entry.file_name()))) {
        return Wit::folder(path).map_err(failed);
    }
    let found = source::find(path, output)?;
    Wit::component(&path.display().to_string(), &source::read(&found.component)?).map_err(failed)
}

fn absent(text: &str, error: &std::io::Error) -> Failure {
    let failure = Failure::file(Path::new(text), error);
    let versions = Wit::versions().collect::<Vec<_>>().join(", ");
    failure.help(format!(
        "give `{BUILTIN}`, a version that was published ({versions}), or the path of WIT or of a component"
    ))
}
