//! Owns building plugins in JavaScript and TypeScript: tsc makes JavaScript of TypeScript, and componentize-qjs puts that, QuickJS
//! and the world into one component. It refuses to know what the author wrote.

use super::tools::Tool;
use super::work::Work;
use super::{Language, world};
use crate::failure::Failure;

pub(super) fn build(work: &Work<'_>) -> Result<(), Failure> {
    let mut script = work.folder.join(work.language.source());
    let componentize = work.need(Tool::ComponentizeQjs)?;
    if work.language == Language::TypeScript {
        let compiler = work.need(Tool::TypeScript)?;
        let mut compile = work.command(&compiler);
        compile.args(["--project", ".", "--noEmit", "false", "--outDir"]).arg(&work.scratch);
        work.run("tsc", compile)?;
        script = work.scratch.join("plugin.js");
    }
    let mut command = work.command(&componentize);
    command.arg("-w").arg(&work.world.folder).args(["-n", world::NAME, "--sync", "-j"]).arg(&script);
    command.arg("-o").arg(work.made());
    work.run("componentize-qjs", command).map(drop)
}
