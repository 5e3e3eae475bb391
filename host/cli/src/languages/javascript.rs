//! Owns building plugins in JavaScript and TypeScript: tsc makes JavaScript of TypeScript, and componentize-qjs puts that, QuickJS
//! and the world into one component. It refuses to know what the author wrote.

mod entry;
mod types;

use std::fs;
use std::path::Path;

use super::tools::Tool;
use super::work::Work;
use super::{Language, not_built, snapshot, world};
use crate::failure::Failure;

/// What an author's editor reads: HAL9's interfaces, and the console, which a test on the machine has of its own.
const TYPES: &str = "hal9.d.ts";
const CONSOLE: &str = "console.d.ts";

pub(super) fn build(work: &Work<'_>) -> Result<(), Failure> {
    let componentize = work.need(Tool::ComponentizeQjs)?;
    let (resolve, id) = (&work.world.resolve, work.world.id);
    let console = entry::console(resolve, id);
    put(&work.bindings.join(TYPES), &types::declarations(resolve, id))?;
    put(&work.bindings.join(CONSOLE), if console.is_some() { types::CONSOLE } else { "export {};\n" })?;

    // Seen from the folder of the first module, which is `build/work`.
    let mut script = format!("../../{}", work.language.source());
    if work.language == Language::TypeScript {
        let compiler = work.need(Tool::TypeScript)?;
        let made = work.scratch.join("js");
        let mut compile = work.command(&compiler);
        compile.args(["--project", ".", "--noEmit", "false", "--pretty", "false", "--outDir"]).arg(&made);
        work.run("tsc", compile)?;
        script = "./js/plugin.js".to_owned();
        if !made.join("plugin.js").is_file() {
            let what = format!("tsc made no plugin.js of {}", work.language.source());
            return Err(not_built(what).help("give tsconfig.json \"rootDir\": \"src\", and include src"));
        }
    }
    let first = work.scratch.join("entry.js");
    put(&first, &entry::module(resolve, id, &script, work.language.source(), console.is_some()))?;
    if let Some(console) = console {
        put(&work.scratch.join("console.js"), &console)?;
    }
    let mut command = work.command(&componentize);
    command.arg("-w").arg(&work.world.folder).args(["-n", world::NAME, "--sync", "--module-root", ".", "-j"]);
    command.arg(&first).arg("-o").arg(work.made());
    work.run_and("componentize-qjs", command, complaint).map(drop)
}

/// What componentize-qjs says of an author's mistake, without what it says of itself: the message and where it is.
fn complaint(said: &str) -> String {
    if let Some(told) = snapshot::too_early(said) {
        return told;
    }
    let lines = said.lines().map(|line| {
        let mut line = line.trim_start_matches("Error: : ");
        for before in [
            "Failed to evaluate user JavaScript module: ",
            "Failed to declare JavaScript module: ",
            "Failed to finish JavaScript module evaluation: ",
        ] {
            line = line.strip_prefix(before).unwrap_or(line);
        }
        // As the author calls it: the module root is the project's folder.
        line.replace("(/src/", "(src/").replace("at /src/", "at src/")
    });
    let is_own = |line: &String| {
        line.contains("/build/work/entry.js")
            || line == "componentize-qjs"
            || ["  WIT: ", "  JS: ", "  Output: "].iter().any(|before| line.starts_with(before))
    };
    lines.filter(|line| !is_own(line)).collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    // An editor reads again what is written.
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    fs::write(path, text).map_err(|error| Failure::file(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_told_with_its_place_and_nothing_else() {
        let said = "Error: : Failed to evaluate user JavaScript module: Failed to declare JavaScript module: \
                    Error: unexpected token in expression: ';'\n    at /src/plugin.js:1:18\n";
        assert_eq!(complaint(said), "Error: unexpected token in expression: ';'\n    at src/plugin.js:1:18");
        let said = "Error: : Failed to evaluate user JavaScript module: Failed to finish JavaScript module evaluation: \
                    Error: top\n    at <anonymous> (/src/words.js:1:11)\n    at <anonymous> (/build/work/entry.js:2:1)\n";
        assert_eq!(complaint(said), "Error: top\n    at <anonymous> (src/words.js:1:11)");
    }
}
