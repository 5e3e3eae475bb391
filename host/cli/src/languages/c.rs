//! Owns building plugins in C and C++: bindings by wit-bindgen, compiled with what the author wrote by zig's clang. It refuses
//! to know what the author wrote.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wit_bindgen_core::Files;

use super::tools::{Program, Tool};
use super::work::Work;
use super::{Language, component, not_built, world};
use crate::failure::Failure;

/// How everything is compiled: for a library that is called, not for a program that runs; small; with names of functions, which
/// are what an author has of a trap.
const TARGET: [&str; 3] = ["-target", "wasm32-wasi", "-mexec-model=reactor"];

/// C's library wants a stack of its own in the memory of each instance. 64 KiB are what plugins in C were measured with, and
/// recursion that goes deeper traps instead of writing over data.
const STACK: &str = "-Wl,--stack,65536";

pub(super) fn build(work: &Work<'_>) -> Result<(), Failure> {
    write_bindings(work)?;
    let zig = work.need(Tool::Zig)?;
    let (extensions, standard): (&[&str], _) = match work.language {
        Language::Cpp => (&["c", "cc", "cpp", "cxx"], "-std=c++20"),
        _ => (&["c"], "-std=c17"),
    };
    let sources = sources(&work.folder.join("src"), extensions)?;
    let mut objects = vec![work.bindings.join(format!("{}_component_type.o", world::NAME))];
    let mut compile = |source: &Path, name: String, flags: &[&str]| {
        let object = work.scratch.join(name);
        let mut command = compiler(work, &zig, is_cpp(source));
        command.args(TARGET).args(["-Os", "-g", "-c"]).args(flags).arg("-I").arg(&work.bindings);
        command.arg(source).arg("-o").arg(&object);
        objects.push(object);
        work.run(&source.display().to_string(), command)
    };
    // What is generated is nobody's to correct.
    compile(&work.bindings.join(format!("{}.c", world::NAME)), "bindings.o".to_owned(), &["-std=c17", "-w"])?;
    for (index, source) in sources.iter().enumerate() {
        let mut flags = vec!["-Wall", "-Wextra", "-Werror"];
        if is_cpp(source) {
            flags.extend([standard, "-fno-exceptions", "-fno-rtti"]);
        } else {
            flags.push("-std=c17");
        }
        // As its author calls it, which is how the compiler then calls it.
        let shown = source.strip_prefix(work.folder).unwrap_or(source);
        compile(shown, format!("{index}.o"), &flags)?;
    }
    let module = work.scratch.join("module.wasm");
    let mut link = compiler(work, &zig, work.language == Language::Cpp);
    link.args(TARGET).args(["-Os", "-g", STACK]).args(&objects).arg("-o").arg(&module);
    work.run("linking", link)?;
    component::encode(&module, &work.made())
}

/// Writes C bindings of a project's world: `plugin.h`, `plugin.c`, and an object that carries the world.
pub(super) fn write_bindings(work: &Work<'_>) -> Result<(), Failure> {
    let mut files = Files::default();
    let mut resolve = work.world.resolve.clone();
    wit_bindgen_c::Opts::default()
        .build()
        .generate(&mut resolve, work.world.id, &mut files)
        .map_err(|error| not_built(format!("no bindings for C could be made of the world: {error:#}")))?;
    for (name, bytes) in files.iter() {
        let path = work.bindings.join(name);
        // Zig compiles again what is newer, and editors read again what was written.
        if fs::read(&path).is_ok_and(|there| there == bytes) {
            continue;
        }
        fs::write(&path, bytes).map_err(|error| Failure::file(&path, &error))?;
    }
    Ok(())
}

fn compiler(work: &Work<'_>, zig: &Program, is_cpp: bool) -> Command {
    let mut command = work.command(zig);
    command.arg(if is_cpp { "c++" } else { "cc" });
    command
}

fn is_cpp(source: &Path) -> bool {
    source.extension().is_some_and(|extension| extension != "c")
}

/// The files below a folder that end in one of these, in order.
fn sources(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| Failure::file(folder, &error))? {
        let entry = entry.map_err(|error| Failure::file(folder, &error))?;
        let path = entry.path();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(sources(&path, extensions)?);
        } else if extensions.contains(&extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
