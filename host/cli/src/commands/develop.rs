//! `hal9 plugin build|validate|inspect`: what an author asks of a plugin that need not be loaded, and no home is needed for.

use std::path::Path;
use std::time::Instant;

use serde_json::json;

use crate::args::DevelopCommand;
use crate::build::Build;
use crate::compile;
use crate::failure::Failure;
use crate::inspection::{self, Inspection, Item};
use crate::output::{Output, bold, dim, green, plain, red, size, time, yellow};
use crate::project::Project;
use crate::source::{self, Found};
use crate::toolchain::Toolchain;
use crate::validation::{self, Check, Outcome, Validation};

pub(super) fn run(output: Output, command: DevelopCommand) -> Result<(), Failure> {
    match command {
        DevelopCommand::Build { dir } => build(output, &dir),
        DevelopCommand::Validate { path } => validate(output, &path),
        DevelopCommand::Inspect { path, wit } => inspect(output, &path, wit),
    }
}

fn build(output: Output, dir: &Path) -> Result<(), Failure> {
    let folder = std::path::absolute(dir).map_err(|error| Failure::file(dir, &error))?;
    let kind = folder.metadata().map_err(|error| Failure::file(&folder, &error))?;
    if !kind.is_dir() {
        return Err(Failure::usage(format!("{} is a file", dir.display()), "give the folder of a plugin"));
    }
    let toolchain = Toolchain::find();
    let project = Project::read(&toolchain, &folder)?;
    let build = Build { shown: !output.json(), ..Build::new(&toolchain, output) };
    build.tell_way();
    let started = Instant::now();
    let component = build.project(&project)?;
    let elapsed = started.elapsed();
    let seen =
        validation::validate(&compile::host()?.build()?, &Found { folder, component: component.clone() }, output);
    if let Some(failure) = &seen.failure {
        output.line(checklist(&seen.checks));
        return Err(failure.clone());
    }
    let Some(metadata) = seen.manifest.as_ref().map(|manifest| &manifest.metadata) else { return Ok(()) };
    let value = json!({
        "id": metadata.id,
        "version": metadata.version,
        "kinds": seen.kinds,
        "size": seen.size,
        "component": component,
        "built_with": build.way,
        "time_us": u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        "checks": seen.checks,
    });
    output.result(&value, || {
        let about = dim(format!("{} · {}", build.way.name(), time(elapsed)));
        let mut text = format!("{} {} {} is built  {about}\n", green("✓"), bold(&metadata.id), metadata.version);
        text.push_str(&format!("  kinds      {}\n", kinds(&seen)));
        text.push_str(&format!("  size       {}\n", size(seen.size)));
        text.push_str(&format!("  component  {}\n", component.display()));
        let warnings: Vec<_> = seen.checks.iter().filter(|check| check.outcome == Outcome::Warning).cloned().collect();
        text.push_str(&checklist(&warnings));
        text
    })
}

fn validate(output: Output, path: &Path) -> Result<(), Failure> {
    let found = source::find(path, output)?;
    let seen = validation::validate(&compile::host()?.build()?, &found, output);
    let value = json!({
        "valid": seen.failure.is_none(),
        "id": seen.manifest.as_ref().map(|manifest| &manifest.metadata.id),
        "version": seen.manifest.as_ref().map(|manifest| &manifest.metadata.version),
        "kinds": seen.kinds,
        "size": seen.size,
        "component": found.component,
        "checks": seen.checks,
    });
    output.result(&value, || {
        let about = dim(format!("{} · {}", found.component.display(), size(seen.size)));
        let warnings = seen.checks.iter().filter(|check| check.outcome == Outcome::Warning).count();
        let end = match (&seen.failure, warnings) {
            (Some(_), _) => red("it would not load"),
            (None, 0) => green("it would load"),
            (None, 1) => yellow("it would load; there is one warning"),
            (None, warnings) => yellow(format!("it would load; there are {warnings} warnings")),
        };
        format!("{about}\n{}{end}\n", checklist(&seen.checks))
    })?;
    seen.failure.map_or(Ok(()), Err)
}

fn kinds(seen: &Validation) -> String {
    seen.kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn checklist(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let mark = match check.outcome {
            Outcome::Passed => green("✓"),
            Outcome::Warning => yellow("!"),
            Outcome::Failed => red("✗"),
        };
        text.push_str(&format!("{mark} {:<10}  {}\n", check.name, plain(&check.found)));
        // A failure's help is said with the error.
        if let Some(help) = check.help.as_ref().filter(|_| check.outcome == Outcome::Warning) {
            text.push_str(&format!("              {}\n", dim(plain(help))));
        }
    }
    text
}

fn inspect(output: Output, path: &Path, wit: bool) -> Result<(), Failure> {
    let found = source::find(path, output)?;
    let bytes = source::read(&found.component)?;
    let seen = Inspection::read(&found.component, &bytes)?;
    let wit = if wit { Some(seen.wit()?) } else { None };
    // One that carries no manifest, or a wrong one, can be looked at all the same.
    let manifest = source::manifest_of(&found);
    let import = |item: &Item| json!({ "interface": item.name, "functions": item.functions, "permission": inspection::permission(item).map(|kind| kind.as_str()) });
    let mut value = json!({
        "component": found.component,
        "size": bytes.len(),
        "kinds": seen.kinds,
        "imports": seen.imports.iter().map(import).collect::<Vec<_>>(),
        "exports": seen.exports.iter().map(|item| json!({ "interface": item.name, "functions": item.functions })).collect::<Vec<_>>(),
        "manifest": manifest.as_ref().ok(),
        "producers": seen.producers,
    });
    if let Some(wit) = &wit {
        value["wit"] = wit.as_str().into();
    }
    output.result(&value, || match wit {
        Some(wit) => wit,
        None => {
            let mut text = String::new();
            let mut row = |name: &str, value: String| text.push_str(&format!("{name:<14}{value}\n"));
            row("component", found.component.display().to_string());
            row("size", size(bytes.len() as u64));
            let kinds: Vec<_> = seen.kinds.iter().map(ToString::to_string).collect();
            row("kinds", if kinds.is_empty() { yellow("none: no HAL9 plugin") } else { kinds.join(", ") });
            match &manifest {
                Ok(manifest) => {
                    let metadata = &manifest.metadata;
                    row("id", format!("{} {}", bold(&metadata.id), metadata.version));
                    row("name", format!("{}  {}", metadata.name, dim(&metadata.description)));
                    row("author", format!("{}, {}", metadata.author, metadata.license));
                    let declared = manifest.permissions.to_string();
                    row("declares", if manifest.permissions.is_empty() { dim("no permissions") } else { declared });
                }
                Err(failure) => row("manifest", yellow(&failure.message)),
            }
            for (role, names) in &seen.producers {
                row(role, plain(&names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")));
            }
            let (hal9, other): (Vec<_>, Vec<_>) = seen.imports.iter().partition(|item| item.name.starts_with("hal9:"));
            text.push_str(&group("Imports of HAL9", &hal9, true));
            text.push_str(&group("Imports of WASI and others", &other, false));
            text.push_str(&group("Exports", &seen.exports.iter().collect::<Vec<_>>(), true));
            text
        }
    })
}

/// Interfaces under a head; each with the permission that it needs, and with its functions where `detailed`.
fn group(head: &str, items: &[&Item], detailed: bool) -> String {
    if items.is_empty() {
        return String::new();
    }
    let width = items.iter().map(|item| item.name.chars().count()).max().unwrap_or_default();
    let mut text = format!("\n{}\n", bold(head));
    for item in items {
        let needs =
            inspection::permission(item).map_or_else(String::new, |kind| yellow(format!("needs {kind}")) + "  ");
        let detailed = detailed && !item.functions.is_empty();
        let functions = if detailed { dim(plain(&item.functions.join(", "))) } else { String::new() };
        let (name, about) = (plain(&item.name), format!("{needs}{functions}"));
        text.push_str(&if about.is_empty() { format!("  {name}\n") } else { format!("  {name:<width$}  {about}\n") });
    }
    text
}
