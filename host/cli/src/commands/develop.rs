//! `hal9 plugin build|validate`: whether a plugin's component can be made, and would load. It needs no home.

use std::path::Path;
use std::time::Instant;

use serde_json::json;

use super::{inspect, new};
use crate::args::DevelopCommand;
use crate::compile;
use crate::failure::{Code, Failure};
use crate::languages::{self, Language, Made, Making};
use crate::output::{Output, bold, dim, green, plain, red, size, time, yellow};
use crate::source::{self, Found};
use crate::validation::{self, Check, Outcome, Validation};

pub(super) fn run(output: Output, command: DevelopCommand) -> Result<(), Failure> {
    match command {
        DevelopCommand::New(args) => new::run(output, &args),
        DevelopCommand::Build { dir } => build(output, &dir),
        DevelopCommand::Validate { path } => validate(output, &path),
        DevelopCommand::Inspect { path, wit } => inspect::run(output, &path, wit),
    }
}

fn build(output: Output, dir: &Path) -> Result<(), Failure> {
    let folder = std::path::absolute(dir).map_err(|error| Failure::file(dir, &error))?;
    let kind = folder.metadata().map_err(|error| Failure::file(&folder, &error))?;
    if !kind.is_dir() {
        return Err(Failure::usage(format!("{} is a file", dir.display()), "give the folder of a plugin"));
    }
    let Some(language) = languages::of(&folder)? else { return Err(no_project(&folder)) };
    let started = Instant::now();
    let making = Making { output, shown: !output.json(), stop: None };
    let Made { component, with } = languages::make(&folder, language, &making)?;
    let elapsed = started.elapsed();
    let seen = look(output, &Found { folder, component: component.clone() })?;
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
        "language": language,
        "built_with": with,
        "time_us": u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        "checks": seen.checks,
    });
    output.result(&value, || {
        let about = dim(format!("{} · {with} · {}", language.title(), time(elapsed)));
        let mut text = format!("{} {} {} is built  {about}\n", green("✓"), bold(&metadata.id), metadata.version);
        text.push_str(&format!("  kinds      {}\n", kinds(&seen)));
        text.push_str(&format!("  size       {}\n", size(seen.size)));
        text.push_str(&format!("  component  {}\n", component.display()));
        let warnings: Vec<_> = seen.checks.iter().filter(|check| check.outcome == Outcome::Warning).cloned().collect();
        text.push_str(&checklist(&warnings));
        text
    })
}

fn no_project(folder: &Path) -> Failure {
    let begins: Vec<_> = Language::ALL.into_iter().skip(1).map(Language::source).collect();
    let what =
        format!("{} is no plugin's project: it has no Cargo.toml, and none of {}", folder.display(), begins.join(", "));
    Failure::usage(what, "give the folder of a plugin; begin one: hal9 plugin new NAME --lang python")
}

fn validate(output: Output, path: &Path) -> Result<(), Failure> {
    let (what, place, seen) = if source::is_package(path) {
        ("package", path.to_owned(), of_package(output, path)?)
    } else if path.extension().is_some_and(|extension| extension == "json") {
        ("manifest", path.to_owned(), validation::manifest_file(path)?)
    } else {
        let found = source::find(path, output)?;
        let seen = look(output, &found)?;
        ("component", found.component, seen)
    };
    let mut value = json!({
        "valid": seen.failure.is_none(),
        "id": seen.manifest.as_ref().map(|manifest| &manifest.metadata.id),
        "version": seen.manifest.as_ref().map(|manifest| &manifest.metadata.version),
        "kinds": seen.kinds,
        "size": seen.size,
        "checks": seen.checks,
    });
    value[what] = json!(place);
    output.result(&value, || {
        let size = if seen.size == 0 { String::new() } else { format!(" · {}", size(seen.size)) };
        let warnings = seen.checks.iter().filter(|check| check.outcome == Outcome::Warning).count();
        let would = if seen.component.is_some() { "it would load" } else { "it is well-formed" };
        let end = match (&seen.failure, warnings) {
            (Some(_), _) => red("it would not load"),
            (None, 0) => green(would),
            (None, warnings) => yellow(format!("{would}; warnings: {warnings}")),
        };
        format!("{}\n{}{end}\n", dim(format!("{}{size}", place.display())), checklist(&seen.checks))
    })?;
    seen.failure.map_or(Ok(()), Err)
}

/// A package that cannot be read is one that was looked at, and would not load.
fn of_package(output: Output, path: &Path) -> Result<Validation, Failure> {
    let package = match source::package(path) {
        Ok(package) => package,
        Err(failure) if failure.code == Code::InvalidPackage => return Ok(Validation::refused("package", failure)),
        Err(failure) => return Err(failure),
    };
    let _spinner = output.spinner(format!("compiling {}", package.manifest().metadata.id));
    Ok(validation::package(&package, &compile::host()?.build()?))
}

/// Holds a component against its manifest, with a word on what takes so long.
fn look(output: Output, found: &Found) -> Result<Validation, Failure> {
    let _spinner = output.spinner(format!("compiling {}", found.component.display()));
    Ok(validation::project(&compile::host()?.build()?, found))
}

fn kinds(seen: &Validation) -> String {
    seen.kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

pub(super) fn checklist(checks: &[Check]) -> String {
    let mut text = String::new();
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or_default().max(10);
    for check in checks {
        let mark = match check.outcome {
            Outcome::Passed => green("✓"),
            Outcome::Warning => yellow("!"),
            Outcome::Failed => red("✗"),
        };
        text.push_str(&format!("{mark} {:<width$}  {}\n", check.name, plain(&check.found)));
        // A failure's help is said with the error.
        if let Some(help) = check.help.as_ref().filter(|_| check.outcome == Outcome::Warning) {
            text.push_str(&format!("{:width$}    {}\n", "", dim(plain(help))));
        }
    }
    text
}
