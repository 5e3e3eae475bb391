//! What the tests and benchmarks share: the guests, built once. It refuses to know the host: whoever needs a plugin loads
//! the file that is named here.

mod languages;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub use languages::{LANGUAGES, Packed, keywords, tools};

/// Rust's target for components.
const TARGET: &str = "wasm32-wasip2";

/// The file of a guest's component, such as `sentiment-analyzer`, or of a probe's. The first call builds all of them with plain
/// cargo; what is built already is not built again.
///
/// # Panics
///
/// Where the guests cannot be built, with what cargo says; and for a guest that is not there.
pub fn guest(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let file = BUILT.get_or_init(build_guests).join(format!("{}.wasm", name.replace('-', "_")));
    assert!(file.is_file(), "no guest `{name}`: {} is not there", file.display());
    file
}

/// The folder of the guests.
pub fn guests_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("guests")
}

/// Where cargo puts what it builds of the guests: beside what is built of the host, where that has a place of its own.
pub fn guests_target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("").join(dir).join("guests"),
        None => guests_dir().join("target"),
    }
}

/// A place beside what cargo builds of the guests.
pub(crate) fn place(name: &str) -> PathBuf {
    guests_target_dir().with_file_name(name)
}

fn build_guests() -> PathBuf {
    add_target();
    let target_dir = guests_target_dir();
    let mut cargo = Command::new(cargo());
    cargo
        .current_dir(guests_dir())
        .args(["build", "--quiet", "--release", "--locked", "--workspace", "--target", TARGET])
        .args(["--exclude", "hal9-plugin-sdk-macros"])
        .env("CARGO_TARGET_DIR", &target_dir);
    run(&mut cargo);
    target_dir.join(TARGET).join("release")
}

/// Has rustup bring the target, unless it is there.
fn add_target() {
    let mut rustc = Command::new("rustc");
    let libraries = rustc.args(["--print", "target-libdir", "--target", TARGET]).output();
    let there = libraries.is_ok_and(|output| {
        output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    });
    if !there {
        run(Command::new("rustup").args(["target", "add", TARGET]));
    }
}

/// The cargo that runs the tests, or the one on the path.
pub fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Runs a command to its end.
///
/// # Panics
///
/// Where it cannot be started or fails, with what it wrote.
pub fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} in {:?}: {}\n{}\n{}",
        command.get_current_dir(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
