//! Owns where this command compiles: in a child of the same program, which can be killed. It refuses to know what is
//! compiled.

use std::path::{Path, PathBuf};

use hal9_host::{Child, CompileIn, Host, HostBuilder};

use crate::failure::Failure;

/// What the child is started with. Not among what people can type, as it does nothing for them.
pub(crate) const COMMAND: &str = "compile-component";

/// A host that compiles in children.
pub(crate) fn host() -> Result<HostBuilder, Failure> {
    Ok(Host::builder().compile_in(CompileIn::Child(Child::new(program()?, [COMMAND]))))
}

/// The program that runs now. On Linux that is not its path, where another version may have been installed since.
fn program() -> Result<PathBuf, Failure> {
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        return Ok(running.to_owned());
    }
    std::env::current_exe().map_err(|error| Failure::internal("the path of this program is not known", &error))
}
