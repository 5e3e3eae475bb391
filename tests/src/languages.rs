//! The same plugin in every language, `guests/languages`, built with tools that are brought once. It refuses to know what the
//! plugin does.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The languages, as `hal9` names them.
pub const LANGUAGES: [&str; 7] = ["rust", "c", "cpp", "zig", "javascript", "typescript", "python"];

/// A plugin that was built, and packed.
#[derive(Clone, Debug)]
pub struct Packed {
    /// The component.
    pub component: PathBuf,
    /// The package.
    pub package: PathBuf,
}

/// The folder with the tools of all languages. The first one who asks has `hal9` bring those that are missing, as an author would;
/// two who ask at once wait for one another.
///
/// # Panics
///
/// Where they cannot be brought, with what `hal9` says.
pub fn tools(hal9: &mut Command) -> &'static Path {
    static TOOLS: OnceLock<PathBuf> = OnceLock::new();
    TOOLS.get_or_init(|| {
        let tools = crate::place("tools");
        hal9.args(["doctor", "--fix"]);
        for language in LANGUAGES {
            hal9.args(["--lang", language]);
        }
        crate::run(hal9.env("HAL9_HOME", crate::place("tools-home")).env("HAL9_TOOLS", &tools));
        tools
    })
}

/// The plugin `keywords` in a language. What is built already is not built again.
///
/// # Panics
///
/// Where it cannot be built, with what `hal9` says.
pub fn keywords(mut hal9: impl FnMut() -> Command, language: &str) -> Packed {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let tools = tools(&mut hal9());
    let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = crate::guests_dir().join("languages").join(language);
    let package = crate::place("languages").join(language).with_extension("hal9");
    if let Some(parent) = package.parent() {
        std::fs::create_dir_all(parent).unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
    }
    let mut pack = hal9();
    pack.args(["--json", "plugin", "pack"]).arg(&folder).arg("-o").arg(&package);
    crate::run(
        pack.env("HAL9_HOME", crate::place("tools-home"))
            .env("HAL9_TOOLS", tools)
            .env("CARGO_TARGET_DIR", crate::guests_target_dir()),
    );
    let component =
        if language == "rust" { crate::guest("keywords-rust") } else { folder.join("build").join("plugin.wasm") };
    Packed { component, package }
}
