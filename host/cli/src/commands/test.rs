//! `hal9 plugin test`: a plugin against its own cases and the conformance suite. It needs no home, and leaves nothing but what
//! it was asked to write.

mod screen;

use std::path::Path;

use hal9_package::Manifest;
use hal9_testing::{Bench, CaseError, Report, Selection};
use serde_json::json;

use crate::args::TestArgs;
use crate::compile;
use crate::failure::{Code, Failure};
use crate::output::{Output, count};
use crate::source;

/// The folder with a plugin's cases, beside its manifest. (Not `tests`: that is the language's own.)
const CASES: &str = "cases";

pub(super) async fn run(output: Output, args: TestArgs) -> Result<(), Failure> {
    let component = component(&args.path, output)?;
    let spinner = output.spinner(format!("compiling {}", component.name));
    let bench = Bench::new(compile::host()?, &component.name, &component.bytes, component.manifest)?;
    drop(spinner);
    let bench = match (&args.cases, args.path.is_dir()) {
        (Some(folder), _) if !folder.is_dir() => {
            return Err(Failure::not_found(
                format!("{} is no folder", folder.display()),
                "give the folder of case files",
            ));
        }
        (Some(folder), _) => bench.with_cases(folder),
        (None, true) => bench.with_cases(&args.path.join(CASES)),
        (None, false) => Ok(bench),
    };
    let bench = bench.map_err(unreadable)?;
    let wanted = Selection { name: args.case.clone(), own: !args.conformance, conformance: true, update: args.update };
    let spinner = output.spinner("testing");
    let report = bench.run(&wanted, |case| spinner.set_message(format!("testing: {}", case.name))).await;
    drop(spinner);
    if let Some(file) = &args.junit {
        write_junit(&report, file)?;
    }
    let sums = report.sums();
    if sums.passed + sums.failed + sums.skipped == 0 {
        return Err(nothing(&args, &bench));
    }
    let value = json!({ "plugin": report.plugin, "version": report.version, "sums": sums, "suites": report.suites });
    output.result(&value, || screen::text(&report, args.verbose))?;
    if sums.failed == 0 {
        return Ok(());
    }
    let all = count((sums.passed + sums.failed) as u64, "case");
    let message = format!("{}: {} of {all} failed", report.plugin, sums.failed);
    let help = "each says what was expected and what came; run one alone with --case NAME";
    Err(Failure::new(Code::PluginError, message).reason("tests").plugin(report.plugin).help(help))
}

/// A component to test.
struct Component {
    name: String,
    bytes: Vec<u8>,
    manifest: Option<Manifest>,
}

fn component(path: &Path, output: Output) -> Result<Component, Failure> {
    if source::is_package(path) {
        let package = source::package(path)?;
        let bytes = package.component()?;
        return Ok(Component { name: path.display().to_string(), bytes, manifest: Some(package.manifest().clone()) });
    }
    let found = source::find(path, output)?;
    let bytes = source::read(&found.component)?;
    let manifest = source::manifest_with(&found, &bytes)?;
    Ok(Component { name: found.component.display().to_string(), bytes, manifest: Some(manifest) })
}

/// A case file that cannot be run.
fn unreadable(error: CaseError) -> Failure {
    match &error {
        CaseError::File { path, source } => Failure::file(path, source),
        CaseError::Text { text, .. } => {
            let line = text.trim_end().to_owned();
            Failure::usage(format!("{error}\n  {line}"), "guests/TESTING.md has what a case may say")
                .reason("case-file")
        }
        _ => Failure::usage(error.to_string(), "write it in one file").reason("case-file"),
    }
}

/// No case was run.
fn nothing(args: &TestArgs, bench: &Bench) -> Failure {
    match &args.case {
        Some(name) => {
            let message = format!("no case has `{name}` in its name");
            Failure::not_found(message, "see all names with --verbose, and no --case")
        }
        None => {
            let kinds: Vec<_> = bench.kinds().iter().map(ToString::to_string).collect();
            let message = format!(
                "{} exports {}, of which there is no suite, and has no cases",
                bench.manifest().metadata.id,
                kinds.join(", ")
            );
            Failure::not_found(message, "write cases: guests/TESTING.md has the format")
        }
    }
}

fn write_junit(report: &Report, file: &Path) -> Result<(), Failure> {
    let xml = report.junit().map_err(|error| Failure::internal("the report could not be written as XML", &*error))?;
    std::fs::write(file, xml).map_err(|error| Failure::file(file, &error))
}
