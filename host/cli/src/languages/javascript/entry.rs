//! Owns the module that a plugin's component begins with: it gives the author a console, holds what they export against the
//! world while the component is built, and makes up for numbers that QuickJS cannot hold. It refuses to know what the author wrote.

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

/// A neuron whose signals have 64-bit numbers, of which QuickJS gets doubles, and those near 2^64 below zero. The halves of an id
/// are rounded: a reply that has kept what came is given the nil id, for which the host puts the true one.
const NEURON: &str = r#"
const whole = (number) => (number < 0 ? number + 2 ** 64 : number);
const kept = (one, other) => one === other || (one?.length === other.length && other.every((half, at) => half === one[at]));
export const neuron = {
  processSignal(signal) {
    const id = signal.id.map(whole);
    const reply = plugin.neuron.processSignal({ ...signal, id, timestamp: whole(signal.timestamp) });
    return kept(reply?.id, id) ? { ...reply, id: [0, 0] } : reply;
  },
  processBatch(batch) {
    const ids = batch.ids.map(whole);
    const reply = plugin.neuron.processBatch({ ...batch, ids, timestamps: batch.timestamps.map(whole) });
    return kept(reply?.ids, ids) ? { ...reply, ids: [] } : reply;
  },
  state() {
    return plugin.neuron.state();
  },
};
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
        if name == format!("{}/neuron@{}", hal9_wit::PACKAGE, hal9_wit::VERSION) {
            text.push_str(NEURON);
        } else {
            let _ = writeln!(text, "export const {own} = plugin.{own};");
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The first module of a world, and its console.
    fn of(world: &str) -> (String, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("world.wit"), format!("package a:b;\n{world}")).unwrap();
        hal9_wit::write_deps(folder.path()).unwrap();
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(folder.path()).unwrap();
        let world = *resolve.packages[package].worlds.get("plugin").unwrap();
        let console = console(&resolve, world);
        (module(&resolve, world, "../../src/a \"b\".js", "src/plugin.js", console.is_some()), console)
    }

    #[test]
    fn every_function_of_the_world_is_looked_for() {
        let (text, console) = of("world plugin { export hal9:plugin/tool@0.1.0; export hal9:plugin/lifecycle@0.1.0; }");
        for part in [
            r#"import * as plugin from "../../src/a \"b\".js";"#,
            "need(plugin.tool, \"object\"",
            "need(plugin.tool.execute, \"function\"",
            "need(plugin.lifecycle.exportState, \"function\"",
            "export const lifecycle = plugin.lifecycle;",
        ] {
            assert!(text.contains(part), "{part}\nis missing of\n{text}");
        }
        assert!(console.is_none() && !text.contains("console"), "this world cannot log");
    }

    #[test]
    fn a_world_that_can_log_has_a_console() {
        let (text, console) = of("world plugin { import hal9:plugin/logging@0.1.0; export hal9:plugin/neuron@0.1.0; }");
        assert!(text.starts_with("import \"./console.js\";\n"), "before what the author wrote: {text}");
        assert!(console.unwrap().contains("hal9:plugin/logging@0.1.0"));
        assert!(text.contains("id: [0, 0]"));
    }
}
