//! Owns building plugins in Zig: the bindings for C, which zig translates into a module called `hal9`, and one compilation of
//! both. It refuses to know what the author wrote.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::tools::Tool;
use super::work::Work;
use super::{c, component, world};
use crate::failure::Failure;

/// How both modules are compiled. What makes an executable small leaves out checks for what the author got wrong, and with them
/// what prints their messages; in an instance of its own, the worst is a trap or a wrong answer.
const MODULE: [&str; 5] = ["-target", "wasm32-wasi", "-O", "small", "-lc"];

pub(super) fn build(work: &Work<'_>) -> Result<(), Failure> {
    c::write_bindings(work)?;
    let zig = work.need(Tool::Zig)?;
    let (name, bindings) = (world::NAME, &work.bindings);
    let mut translate = work.command(&zig);
    translate.args(["translate-c", "-lc", "-target", "wasm32-wasi"]).arg(bindings.join(format!("{name}.h")));
    let translated = bindings.join("hal9.zig");
    let text = work.run("translating the bindings", translate)?;
    fs::write(&translated, text).map_err(|error| Failure::file(&translated, &error))?;

    let module = work.scratch.join("module.wasm");
    let mut command = work.command(&zig);
    let with = |option: &str, path: &Path| {
        let mut word = OsString::from(option);
        word.push(path);
        word
    };
    command
        .args(["build-exe", "--name", name, "-mexec-model=reactor", "-fno-entry", "-fno-strip", "--stack", "65536"])
        .arg(with("-femit-bin=", &module))
        .arg(bindings.join(format!("{name}_component_type.o")))
        // What is generated is nobody's to correct.
        .args(["-cflags", "-std=c17", "-w", "--"])
        .arg(bindings.join(format!("{name}.c")))
        .args(["--dep", "hal9"])
        .args(MODULE)
        .arg(with("-Mroot=", Path::new(work.language.source())))
        .args(MODULE)
        .arg(with("-Mhal9=", &translated));
    work.run("zig", command)?;
    component::encode(&module, &work.made())
}
