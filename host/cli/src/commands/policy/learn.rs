//! `hal9 policy learn`: the smallest policy under which a command does what it does, found by running it and proved by running
//! it again.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Parser as _;
use hal9_host::{AuditEvent, AuditKind};
use hal9_package::{Permissions, PluginId};
use serde_json::json;

use crate::args::{Args, Command, LoadedCommand, PluginCommand};
use crate::commands::dispatch;
use crate::failure::{Code, Failure};
use crate::grants::Standing;
use crate::output::{Output, bold, dim, green, red};
use crate::policy_file::PolicyFile;
use crate::session::{Opening, Session};
use crate::watch::{Least, Watch};

/// What changes for one plugin.
struct Lesson {
    before: Permissions,
    least: Least,
}

pub(super) async fn run(opening: Opening<'_>, dry_run: bool, command: Vec<String>) -> Result<(), Failure> {
    let output = opening.output;
    let words = command.join(" ");
    let watch = Arc::new(Watch::granting_all());
    // Programs that read JSON get one object.
    let shown = if output.json() { Output::quiet() } else { output };
    output.note(format!("running it with all that its plugins declare: hal9 {words}"));
    let watched = Opening { output: shown, watch: Some(watch.clone()), ..opening.clone() };
    rehearse(watched, &command).await.map_err(|failure| Failure {
        message: format!(
            "the command fails with all that its plugins declare, so nothing was changed: {}",
            failure.message
        ),
        ..failure
    })?;
    let mut session = Session::open(&Opening { watch: None, ..opening.clone() })?;
    let learned = learn(&mut session, &opening, &watch, dry_run, &command).await;
    session.close().await;
    learned
}

async fn learn(
    session: &mut Session,
    opening: &Opening<'_>,
    watch: &Watch,
    dry_run: bool,
    command: &[String],
) -> Result<(), Failure> {
    let output = opening.output;
    let mut file = PolicyFile::open(&session.home.settings(), opening.environment)?;
    session.settings = file.settings()?;
    let mut lessons = BTreeMap::new();
    for id in watch.ran() {
        let now = match session.find(id.as_str())? {
            Some(plugin) => session.standing(&plugin.manifest, &plugin.granted),
            None => Standing::default(),
        };
        let least = watch.least(&id, &now);
        file.set(&id, "grant", &least.granted)?;
        lessons.insert(id, Lesson { before: now.granted, least });
    }
    // The second run may take long, and others may change the file meanwhile.
    file.release();
    let changed = lessons.values().any(|lesson| lesson.before != lesson.least.granted);
    output.line(lessons.iter().map(|(id, lesson)| lesson_text(id, lesson)).collect::<String>());
    let mut proved = false;
    if lessons.is_empty() {
        return Err(Failure::usage(
            "the command called no plugin",
            "give one that does, such as `signal send` or `tool call`",
        ));
    }
    if !dry_run {
        output.note("running it again under this policy");
        let settings = file.settings()?;
        prove(&Opening { settings: Some(&settings), ..opening.clone() }, watch, command).await.map_err(|why| {
            Failure::new(Code::Conflict, format!("the command needs more than it seemed to: {why}"))
                .help(format!("{} is as it was; grant by hand what is missing", file.path().display()))
        })?;
        file.save()?;
        proved = true;
        session.record_policy(lessons.iter().map(|(id, lesson)| {
            let message = format!("granted what a run used, and no more: {}", lesson.least.granted);
            AuditEvent::new(AuditKind::Policy, id, &message)
        }))?;
    }
    let value = json!({
        "changed": changed && !dry_run,
        "proved": proved,
        "plugins": lessons.iter().map(|(id, lesson)| json!({
            "id": id,
            "before": lesson.before,
            "granted": lesson.least.granted,
            "unused": lesson.least.unused,
        })).collect::<Vec<_>>(),
    });
    let path = file.path();
    output.result(&value, || match (dry_run, changed) {
        (true, _) => "Nothing was changed, as this was a dry run.".to_owned(),
        (false, true) => {
            format!("{} the command does the same under this policy; it is in {}", green("✓"), path.display())
        }
        (false, false) => format!("{} the command does the same under this policy, which held before", green("✓")),
    })
}

/// Runs the command under other settings, and says what is missing.
async fn prove(opening: &Opening<'_>, before: &Watch, command: &[String]) -> Result<(), String> {
    let watch = Arc::new(Watch::default());
    let quiet = Opening { output: Output::quiet(), watch: Some(watch.clone()), ..opening.clone() };
    rehearse(quiet, command).await.map_err(|failure| failure.message)?;
    match watch.newly_refused(before).first() {
        Some(refused) => Err(refused.clone()),
        None => Ok(()),
    }
}

/// Runs a command that uses plugins.
async fn rehearse(opening: Opening<'_>, command: &[String]) -> Result<(), Failure> {
    let words = command.iter().map(String::as_str).skip_while(|word| *word == "hal9");
    let args = Args::try_parse_from(std::iter::once("hal9").chain(words)).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Failure::usage(first, "give a command of hal9 after `--`, such as: signal send --layer L2 hello")
    })?;
    match &args.command {
        Command::Signal(_) | Command::Tool(_) | Command::Memory(_) | Command::Learn(_) => {}
        Command::Plugin(PluginCommand::Loaded(LoadedCommand::Load { .. } | LoadedCommand::Activate { .. })) => {}
        _ => {
            let help = "give a command that does, such as `signal send`, `tool call`, `memory` or `learn`";
            return Err(Failure::usage("the command after `--` runs no plugins", help));
        }
    }
    // Where none is said, the command runs in the environment of the policy.
    if args.env.is_some() && args.env.as_deref() != opening.environment {
        let help = "say which before `policy learn`, and not in the command after `--`";
        return Err(Failure::usage("the command after `--` names another environment", help));
    }
    Box::pin(dispatch(args.command, opening)).await
}

/// What is granted to one plugin that was not before, and what is no more.
fn lesson_text(id: &PluginId, lesson: &Lesson) -> String {
    let Lesson { before, least } = lesson;
    let mut text = format!("{}\n", bold(id));
    for permission in before.iter().filter(|before| !least.granted.iter().any(|it| it == *before)) {
        text.push_str(&format!("  {}\n", red(format!("- {permission}"))));
    }
    for permission in least.granted.iter() {
        let is_new = !before.iter().any(|before| before == permission);
        let line = if is_new { green(format!("+ {permission}")) } else { format!("  {permission}") };
        let why = if least.unused.iter().any(|unused| unused == permission) {
            dim("  not used, and kept: it imports what this opens, and would not load without")
        } else {
            String::new()
        };
        text.push_str(&format!("  {line}{why}\n"));
    }
    if least.granted.is_empty() {
        text.push_str(&format!("  {}\n", dim("  nothing")));
    }
    text
}
