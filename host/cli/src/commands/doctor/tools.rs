//! What plugins in other languages than Rust are built with: rows about each tool, and about what installs it.

use super::{Remedy, Row, State, failed, lacking, ok};
use crate::languages::Language;
use crate::languages::rust::Toolchain;
use crate::languages::tools::{Base, Tool, Tools, fix};

/// Rows about the tools of all languages, where `asked` is empty: what is missing is a warning then. Else about those of the
/// languages that were asked for, which are needed.
pub(super) fn rows(asked: &[Language]) -> Vec<Row> {
    let tools = match Tools::find() {
        Ok(tools) => tools,
        Err(failure) => return vec![failed("tools", failure)],
    };
    let missing_is = if asked.is_empty() { State::Warning } else { State::Failed };
    let is_asked = |tool: Tool| asked.is_empty() || tool.languages().any(|language| asked.contains(&language));
    let mut rows = Vec::new();
    for base in Base::ALL {
        let of_base: Vec<_> = Tool::ALL.into_iter().filter(|tool| tool.base() == base && is_asked(*tool)).collect();
        if of_base.is_empty() {
            continue;
        }
        let installer = tools.installer(base);
        let found: Vec<_> = of_base.iter().map(|tool| tools.find_tool(*tool, None)).collect();
        rows.push(match &installer {
            Some(_) => Row { path: tools.base(base), ..ok(base.name(), version(&tools, base)) },
            // What is there already needs nothing that installs it.
            None if found.iter().all(Option::is_some) => {
                lacking(base.name(), State::Warning, "not found; the tools are there without it", base.fix())
            }
            None => lacking(base.name(), missing_is, format!("not found; {} need it", titles(&of_base)), base.fix()),
        });
        for (tool, program) in of_base.into_iter().zip(found) {
            let language = tool.languages().find(|language| asked.contains(language));
            let fix = fix(language.or_else(|| tool.languages().next()).unwrap_or(Language::Rust));
            rows.push(match program {
                Some(program) => Row { path: Some(program.path), ..ok(tool.name(), program.version) },
                None => Row {
                    remedy: (installer.is_some() && !asked.is_empty()).then_some(Remedy::Tool(tool)),
                    ..lacking(tool.name(), missing_is, absent(&tools, tool), fix)
                },
            });
        }
    }
    rows
}

/// What is wrong with a tool that was not found.
fn absent(tools: &Tools, tool: Tool) -> String {
    let needed = format!("plugins in {} need it", titles(&[tool]));
    match tools.misfit(tool) {
        Some(other) => format!("{}, and {} is what is tested; {needed}", other.version, tool.package().1),
        None => format!("not installed; {needed}"),
    }
}

fn version(tools: &Tools, base: Base) -> String {
    tools.base(base).and_then(|program| Toolchain::words(&program)).map_or_else(
        || "does not say its version".to_owned(),
        // `Python 3.11.2`, `v20.20.2`
        |words| words.trim_start_matches("Python ").trim_start_matches('v').to_owned(),
    )
}

/// The languages that need some tools, as in `C, C++ and Zig`.
fn titles(tools: &[Tool]) -> String {
    let needs = |language: &Language| tools.iter().any(|tool| language.tools().contains(tool));
    let titles: Vec<_> = Language::ALL.into_iter().filter(needs).map(Language::title).collect();
    match titles.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_listed_as_in_a_sentence() {
        assert_eq!(titles(&[Tool::ComponentizePy]), "Python");
        assert_eq!(titles(&[Tool::Zig]), "C, C++ and Zig");
        assert_eq!(titles(&[Tool::ComponentizeQjs, Tool::TypeScript]), "JavaScript and TypeScript");
    }

    #[test]
    fn only_what_was_asked_for_is_looked_at_and_is_needed_then() {
        let names: Vec<_> = rows(&[Language::TypeScript]).iter().map(|row| row.name).collect();
        assert_eq!(names, ["node", "componentize-qjs", "typescript"]);
        let all = rows(&[]);
        assert_eq!(all.len(), Base::ALL.len() + Tool::ALL.len());
        assert!(all.iter().all(|row| row.state != State::Failed && row.remedy.is_none()), "{all:?}");
        assert!(rows(&[Language::Rust]).is_empty());
    }
}
