//! Schemathesis, which makes requests of all kinds from the OpenAPI document and holds the answers to it. It is installed from PyPI into a
//! folder of its own below the target folder.
//!
//! `HAL9_FUZZ_SECONDS` says for how long (60, where it is not set), `HAL9_FUZZ_SEED` with which requests.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use super::served::{ACCOUNT, PASSWORD, PLUGINS, Served};

const VERSION: &str = "4.32.5";
const HOOKS: &str = include_str!("hooks.py");
const SETTINGS: &str = include_str!("schemathesis.toml");

/// The program, in a virtual environment that is made once.
///
/// # Panics
///
/// Where it cannot be had: what it finds cannot be known without it.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(install)
}

fn install() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("schemathesis-{VERSION}"));
    let program = folder.join("bin/schemathesis");
    let whole = folder.join("whole");
    if !whole.exists() {
        // One that was not made to its end is made again.
        let _ = std::fs::remove_dir_all(&folder);
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder), "apt-get install python3-venv");
        let pip = folder.join("bin/pip");
        let package = format!("schemathesis=={VERSION}");
        run(
            Command::new(pip).args(["install", "--quiet", "--disable-pip-version-check", &package]),
            "pip install schemathesis",
        );
        std::fs::write(whole, VERSION).unwrap();
    }
    program
}

fn run(command: &mut Command, help: &str) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; {help}"));
    assert!(output.status.success(), "{command:?}; {help}: {}", String::from_utf8_lossy(&output.stderr));
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Asks the server for so many seconds.
fn ask(served: &Served, signed_in: bool, seconds: u64) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let quoted = PLUGINS.map(|kind| format!("\"fuzz.{kind}\"")).join(", ");
    let settings = SETTINGS
        .replace("@PLUGINS@", &quoted)
        .replace("@ACCOUNT@", &format!("\"{ACCOUNT}\""))
        .replace("@DIGEST@", &format!("\"{}\"", served.digest));
    std::fs::write(folder.path().join("schemathesis.toml"), settings).unwrap();
    std::fs::write(folder.path().join("hooks.py"), HOOKS).unwrap();
    let mut command = Command::new(program());
    command
        .current_dir(folder.path())
        .env("HAL9_REGISTRY", served.url(""))
        .env("HAL9_TOKEN_ID", served.token_id())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("HAL9_ACCOUNT", ACCOUNT).env("HAL9_PASSWORD", PASSWORD);
    command.args(["run", &served.url("/openapi.json"), "--no-color", "--max-time", &seconds.to_string()]);
    let seed = number("HAL9_FUZZ_SEED", 9000);
    command.args(["--seed", &seed.to_string()]);
    if signed_in {
        command.args(["--header", &format!("Authorization: Bearer {}", served.token)]);
    }
    command.output().unwrap()
}

#[expect(clippy::print_stdout, reason = "with `--nocapture` it is seen what was asked, and with which seed")]
async fn finds_nothing(signed_in: bool, seconds: u64) {
    let served = Served::open().await;
    let (served, output) = tokio::task::spawn_blocking(move || {
        let output = ask(&served, signed_in, seconds);
        (served, output)
    })
    .await
    .unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}");
    println!("{told}");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_holds_for_whoever_is_signed_in() {
    finds_nothing(true, number("HAL9_FUZZ_SECONDS", 60) * 2 / 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_holds_for_whoever_is_not_signed_in() {
    finds_nothing(false, number("HAL9_FUZZ_SECONDS", 60) / 3).await;
}
