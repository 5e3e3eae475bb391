//! What the peers load: the library, the child and the guests, built once with plain cargo, beside this program. It refuses to know
//! what is in them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The files.
pub(crate) struct Artefacts {
    /// The library behind a C ABI.
    pub(crate) library: PathBuf,
    /// The program of the child.
    pub(crate) child: PathBuf,
    /// The core module.
    pub(crate) module: PathBuf,
    /// The plugin for Extism.
    pub(crate) extism: PathBuf,
    /// The plugin for HAL9.
    pub(crate) component: PathBuf,
}

impl Artefacts {
    /// Builds what is not built yet, all of it with the profile `guest`.
    ///
    /// # Panics
    ///
    /// Where cargo fails, with what it says.
    pub(crate) fn build() -> Self {
        use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
        let native = build(None, &["peer-library", "peer-child"]);
        let core = build(Some("wasm32-wasip1"), &["peer-module", "peer-extism"]);
        let component = build(Some("wasm32-wasip2"), &["peer-component"]);
        Self {
            library: native.join(format!("{DLL_PREFIX}peer_library{DLL_SUFFIX}")),
            child: native.join(format!("peer-child{EXE_SUFFIX}")),
            module: core.join("peer_module.wasm"),
            extism: core.join("peer_extism.wasm"),
            component: component.join("peer_component.wasm"),
        }
    }
}

/// Builds packages for a target, or for this machine; the folder that they are in then.
fn build(target: Option<&str>, packages: &[&str]) -> PathBuf {
    let target_dir = target_dir();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--quiet", "--locked", "--profile", "guest"])
        .args(packages.iter().flat_map(|package| ["--package", package]))
        .args(target.iter().flat_map(|target| ["--target", target]))
        .env("CARGO_TARGET_DIR", &target_dir);
    let output = cargo.output().unwrap_or_else(|error| panic!("{cargo:?}: {error}"));
    assert!(output.status.success(), "{cargo:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    target_dir.join(target.unwrap_or_default()).join("guest")
}

/// Where cargo put this program: `target/<profile>/deps/<program>`.
fn target_dir() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.ancestors().nth(3).unwrap_or(Path::new("target")).to_owned()
}

/// Where criterion keeps its results: beside those of the host's own benchmarks.
pub(crate) fn criterion_dir() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    match target_dir() {
        // Without a folder of its own for what is built, each workspace has one.
        dir if dir == own.join("target") => own.join("../../target/criterion"),
        dir => dir.join("criterion"),
    }
}
