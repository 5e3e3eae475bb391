//! `hal9 demo`: the whole of it on real plugins, built from their sources, in a home of its own that is gone afterwards. Every
//! step says what it expects, and the demo fails where that does not happen.

mod packages;
mod registry;
mod stage;
mod steps;

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::home::Home;
use crate::languages::rust::workspace;
use crate::output::Output;
use stage::Stage;

/// The plugins that the demo runs, below the folder of the guests.
const GUESTS: [&str; 4] = ["sentiment-analyzer", "text-tools", "custom-memory", "online-learner"];

/// Where the memory provider stands among them.
const MEMORY: usize = 2;

/// Where the learning algorithm stands among them.
const LEARNER: usize = 3;

/// A plugin that goes wrong on demand.
const FAULTS: &str = "probes/faults";

pub(super) async fn run(output: Output, guests: Option<&Path>) -> Result<(), Failure> {
    let guests = find_guests(guests)?;
    let folder =
        tempfile::tempdir().map_err(|error| Failure::internal("a folder for the demo could not be made", &error))?;
    let home = Home::at(folder.path())?;
    let mut stage = Stage::open(output);
    let played = steps::play(&mut stage, &guests, &home).await;
    stage.close(played)
}

/// The folder with the guests' sources: the one that was named, else the nearest here, else that of the workspace.
fn find_guests(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        let named = std::path::absolute(named).map_err(|error| Failure::file(named, &error))?;
        return match lacking(&named) {
            None => Ok(named),
            Some(guest) => Err(not_there(format!("{} has no `{guest}`", named.display()))),
        };
    }
    let here = std::env::current_dir().ok();
    let above = here.iter().flat_map(|here| here.ancestors());
    above
        .flat_map(|folder| [folder.to_owned(), folder.join("guests")])
        .chain(workspace().map(|workspace| workspace.join("guests")))
        .find(|folder| lacking(folder).is_none())
        .ok_or_else(|| not_there("the sources of the demo's plugins are not here".to_owned()))
}

/// The first guest that a folder does not have.
fn lacking(folder: &Path) -> Option<&'static str> {
    GUESTS.into_iter().chain([FAULTS]).find(|guest| !folder.join(guest).join("Cargo.toml").is_file())
}

fn not_there(what: String) -> Failure {
    Failure::not_found(what, "run it in a clone of the project, or say where the plugins are: hal9 demo --guests DIR")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Code;

    #[test]
    fn a_folder_without_the_guests_is_refused_with_what_it_lacks() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sentiment-analyzer")).unwrap();
        std::fs::write(folder.path().join("sentiment-analyzer/Cargo.toml"), "").unwrap();
        let failure = find_guests(Some(folder.path())).unwrap_err();
        assert!(failure.code == Code::NotFound && failure.message.ends_with("has no `text-tools`"), "{failure:?}");
    }

    #[test]
    fn the_guests_of_the_workspace_are_found() {
        assert!(find_guests(None).unwrap().ends_with("guests"));
    }
}
