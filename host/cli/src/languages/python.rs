//! Owns building plugins in Python: componentize-py puts the interpreter, the author's modules and the world into one component.
//! It refuses to know what the author wrote.

use super::tools::Tool;
use super::work::Work;
use super::world;
use crate::failure::Failure;

pub(super) fn build(work: &Work<'_>) -> Result<(), Failure> {
    let componentize = work.need(Tool::ComponentizePy)?;
    let command = |args: &[&str]| {
        let mut command = work.command(&componentize);
        command.arg("-d").arg(&work.world.folder).args(["-w", world::NAME]).args(args);
        command
    };
    // Types for the author's editor.
    let mut bindings = command(&["bindings"]);
    bindings.arg(&work.bindings);
    work.run("bindings", bindings)?;
    let mut componentize = command(&["componentize", world::NAME, "-p", "src", "-o"]);
    componentize.arg(work.made());
    work.run("componentize-py", componentize).map(drop)
}
