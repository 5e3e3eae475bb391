//! Owns building plugins in Python: componentize-py puts the interpreter, the author's modules and the world into one component.
//! It refuses to know what the author wrote.

use std::fs;

use super::tools::Tool;
use super::work::Work;
use super::{snapshot, world};
use crate::failure::Failure;

/// Where modules are imported from: the author's, and those of others that a plugin takes along
/// (`pip install --target vendor …`).
const MODULES: [&str; 2] = ["src", "vendor"];

pub(super) fn build(work: &Work<'_>) -> Result<(), Failure> {
    let componentize = work.need(Tool::ComponentizePy)?;
    let command = |args: &[&str]| {
        let mut command = work.command(&componentize);
        // The packages of an environment that happens to be active are no part of the plugin, and it says more of itself
        // than of the author's mistake where it is asked for backtraces.
        command.env_remove("VIRTUAL_ENV").env("RUST_BACKTRACE", "0").env_remove("RUST_LIB_BACKTRACE");
        command.arg("--quiet").arg("-d").arg(&work.world.folder).args(["-w", world::NAME]).args(args);
        command
    };
    // Types for the author's editor. It writes into no folder that has something in it.
    let made = work.scratch.join("bindings");
    let mut bindings = command(&["bindings"]);
    bindings.arg(&made);
    work.run("bindings", bindings)?;
    let lost = |error: std::io::Error| Failure::file(&work.bindings, &error);
    fs::remove_dir_all(&work.bindings).map_err(lost)?;
    fs::rename(&made, &work.bindings).map_err(lost)?;
    // Not with stubs in place of WASI: HAL9 has all of it, inert. So `print` logs, a traceback reaches the author, and a file
    // that is not there is an error and no trap.
    let mut componentize = command(&["componentize", world::NAME]);
    for modules in MODULES.into_iter().filter(|modules| work.folder.join(modules).is_dir()) {
        componentize.args(["-p", modules]);
    }
    componentize.arg("-o").arg(work.made());
    work.run_and("componentize-py", componentize, complaint).map(drop)
}

/// What componentize-py says of an author's mistake, without what it says of itself: the traceback, with the files as their author
/// calls them.
fn complaint(said: &str) -> String {
    if let Some(told) = snapshot::too_early(said) {
        return told;
    }
    let own = said.split_once("AssertionError: ").map_or(said, |(_, own)| own);
    let own = own.split_once("\n\nCaused by:").map_or(own, |(own, _)| own);
    // What it says nothing of its own about is told as it is.
    let mut own = if own.trim().is_empty() { said.to_owned() } else { own.trim_end().to_owned() };
    for (at, modules) in MODULES.iter().enumerate() {
        own = own.replace(&format!("File \"/{at}/"), &format!("File \"{modules}/"));
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_told_with_its_place_and_nothing_else() {
        let said = "Traceback (most recent call last):\n  File \"/t/bin/componentize-py\", line 8, in <module>\n    \
                    sys.exit(script())\n             ^^^^^^^^\nAssertionError: Traceback (most recent call last):\n  \
                    File \"/0/plugin.py\", line 2, in <module>\n    import nothere\nModuleNotFoundError: No module named \
                    'nothere'\n\n\nCaused by:\n    ModuleNotFoundError: No module named 'nothere'\n";
        let told = "Traceback (most recent call last):\n  File \"src/plugin.py\", line 2, in <module>\n    import nothere\n\
                    ModuleNotFoundError: No module named 'nothere'";
        assert_eq!(complaint(said), told);
        assert_eq!(complaint("error: no such option"), "error: no such option");
        assert_eq!(
            complaint("AssertionError: \n\nCaused by:\n    a trap"),
            "AssertionError: \n\nCaused by:\n    a trap"
        );
    }
}
