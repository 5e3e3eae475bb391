//! Owns the module that a plugin's component begins with: it gives the author a console, and holds what they export against the
//! world while the component is built. It refuses to know what the author wrote.

use std::fmt::Write as _;

use wit_parser::{FunctionKind, Interface, Resolve, WorldId, WorldItem};

use super::types::camel;

/// The interface that the console writes to.
const LOGGING: &str = "logging";

/// QuickJS has the language alone. A line of the log is what a line of the console is elsewhere.
const CONSOLE: &str = r#"
const shown = (value) => {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value}\n${value.stack}`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
};
const line = (level) => (...values) => log(level, values.map(shown).join(" "));
globalThis.console = { debug: line("debug"), log: line("info"), info: line("info"), warn: line("warn"), error: line("error") };
"#;

/// Whether a world can log, and the console's module.
pub(super) fn console(resolve: &Resolve, world: WorldId) -> Option<String> {
    let logging = format!("{}/{LOGGING}@{}", hal9_wit::PACKAGE, hal9_wit::VERSION);
    let imports = resolve.worlds[world].imports.values();
    let is_there = imports.filter_map(|item| interface(resolve, item)).any(|(name, _)| name == logging);
    is_there.then(|| format!("import {{ log }} from \"{logging}\";\n{CONSOLE}"))
}

/// The first module: the console, then what the author wrote in `script`, all of whose exports there must be.
pub(super) fn module(resolve: &Resolve, world: WorldId, script: &str, source: &str, has_console: bool) -> String {
    let mut text = String::new();
    if has_console {
        text.push_str("import \"./console.js\";\n");
    }
    let _ = writeln!(text, "import * as plugin from {};", quoted(script));
    let _ = writeln!(
        text,
        "const need = (it, kind, name) => {{\n  if (typeof it !== kind) throw new TypeError(`{source} has no ${{name}}, and HAL9 calls it`);\n}};"
    );
    for (name, interface) in resolve.worlds[world].exports.values().filter_map(|item| interface(resolve, item)) {
        let own = camel(interface.name.as_deref().unwrap_or_default());
        let _ = writeln!(text, "need(plugin.{own}, \"object\", \"`export const {own}`, which is {name}\");");
        for function in interface.functions.values() {
            if matches!(function.kind, FunctionKind::Freestanding | FunctionKind::AsyncFreestanding) {
                let function = camel(&function.name);
                let _ = writeln!(text, "need(plugin.{own}.{function}, \"function\", \"function `{own}.{function}`\");");
            }
        }
        let _ = writeln!(text, "export const {own} = plugin.{own};");
    }
    text
}

fn interface<'r>(resolve: &'r Resolve, item: &WorldItem) -> Option<(String, &'r Interface)> {
    let WorldItem::Interface { id, .. } = item else { return None };
    Some((resolve.id_of(*id)?, &resolve.interfaces[*id]))
}

/// A text as JavaScript writes it, which is as JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
