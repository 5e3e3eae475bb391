//! `hal9 plugin install|upgrade|uninstall|use|lock|files`: the plugins of a home that came as packages. It owns the order of the
//! steps: what is read is judged, resolved, asked for and tried, in this order, before anything is changed.

mod apply;
mod consent;
mod files;
mod lock;
mod plan;
mod remove;
mod shelves;
mod stock;
mod trial;
mod upgrade;

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use hal9_host::AuditSink as _;
use serde_json::json;

use crate::access;
use crate::args::{InstallArgs, StoreCommand};
use crate::failure::Failure;
use crate::home::Home;
use crate::output::{bold, dim, green, plain, yellow};
use crate::policy_file::lock as lock_file;
use crate::session::{Opening, Session, audit_log};
use crate::settings::Settings;
use crate::trust::{self, Leave, Offer};
use consent::Consent;
use plan::{Plan, Step};
pub(super) use remove::check_dependents;
use stock::Stock;

/// How long another command may take to install something: it may have to compile.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads the packages that a command names. That is done before anything is set up for plugins to run in: to refuse a hostile
/// one takes what reading takes, and no more.
pub(super) fn named(opening: &Opening<'_>, command: &StoreCommand) -> Result<Vec<Offer>, Failure> {
    if matches!(command, StoreCommand::Install(_) | StoreCommand::Upgrade(_) | StoreCommand::Use { .. }) {
        access::check(&Home::find()?)?;
    }
    let (paths, signature, leave): (Vec<&Path>, _, _) = match command {
        StoreCommand::Install(args) if args.lock.is_none() => {
            let leave = Leave { key: args.key.as_ref(), unsigned: args.allow_unsigned };
            (args.files().collect(), args.signature.as_deref(), leave)
        }
        StoreCommand::Upgrade(args) => {
            (upgrade::packages(args).collect(), None, Leave { key: None, unsigned: args.allow_unsigned })
        }
        _ => return Ok(Vec::new()),
    };
    if signature.is_some() && paths.len() != 1 {
        return Err(Failure::usage("--signature is of one package", "install the packages one by one"));
    }
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let home = Home::find()?;
    let trust = match opening.settings {
        Some(settings) => settings.trust(),
        None => Settings::read(&home.settings(), opening.environment)?.trust(),
    };
    let offers = paths.into_iter().map(|path| Offer::read(path, signature, &trust, leave)).collect();
    let offers: Result<_, Failure> = offers;
    if let Some(event) = offers.as_ref().err().and_then(trust::refusal) {
        audit_log(&home)?.record(&event);
    }
    offers
}

/// Keeps others from installing and taking out, as long as what this gives lives: what a plugin needs must not go after a
/// command has found it.
pub(super) fn turn(session: &Session) -> Result<File, Failure> {
    lock_file(&session.home.installing(), PATIENCE, "installing or uninstalling plugins")
}

/// Does what a command says, with the packages that it names.
pub(super) async fn run(
    session: &mut Session,
    environment: Option<&str>,
    command: StoreCommand,
    offers: Vec<Offer>,
) -> Result<(), Failure> {
    let _turn = match &command {
        StoreCommand::Lock { .. } | StoreCommand::Files { .. } => None,
        _ => Some(turn(session)?),
    };
    // What was read before may be from before somebody else's turn.
    session.refresh(environment)?;
    let is_taking_in =
        matches!(command, StoreCommand::Install(_) | StoreCommand::Upgrade(_) | StoreCommand::Use { .. });
    let result = match command {
        StoreCommand::Install(args) => install(session, environment, args, offers).await,
        StoreCommand::Upgrade(args) => upgrade::run(session, environment, args, offers).await,
        StoreCommand::Uninstall { plugin, version, purge } => {
            remove::uninstall(session, &plugin, version.as_ref(), purge).await
        }
        StoreCommand::Use { plugin, version } => remove::switch(session, &plugin, &version).await,
        StoreCommand::Lock { output } => lock::print(session, output.as_deref()),
        StoreCommand::Files { plugin, path } => files::run(session, &plugin, path.as_deref()),
    };
    if let Some(event) = result.as_ref().err().filter(|_| is_taking_in).and_then(trust::refusal) {
        session.audit.record(&event);
    }
    result
}

async fn install(
    session: &mut Session,
    environment: Option<&str>,
    args: InstallArgs,
    offers: Vec<Offer>,
) -> Result<(), Failure> {
    let leave = Leave { key: args.key.as_ref(), unsigned: args.allow_unsigned };
    let mut stock = Stock::open(session, &args.online)?;
    let plan = match &args.lock {
        Some(path) => lock::plan(session, path, &args.from, leave)?,
        None => {
            let names =
                args.names().map_err(|message| Failure::usage(message, "give names or packages that there are"))?;
            let wanted = stock.find(session, &names).await?;
            Plan::install(session, offers, wanted, &mut stock, &args.from, leave, args.allow_downgrade).await?
        }
    };
    carry_out(session, environment, plan, &mut stock, &Consent::from(args.consent), leave, args.dry_run).await
}

/// Asks for what a plan needs, tries it, and has it done; or says what would be done.
async fn carry_out(
    session: &mut Session,
    environment: Option<&str>,
    mut plan: Plan,
    stock: &mut Stock,
    consent: &Consent,
    leave: Leave<'_>,
    dry_run: bool,
) -> Result<(), Failure> {
    plan.warnings.extend(plan.steps.iter().filter_map(Step::doubt));
    if !dry_run {
        // Before it is done: whoever reads it can stop it still.
        plan.warnings.iter().for_each(|warning| session.output.note(yellow(warning)));
        consent.ask(session, &mut plan.steps)?;
        let warnings = apply::apply(session, environment, &plan, stock, leave).await?;
        plan.warnings.extend(warnings);
    }
    let value = json!({
        "dry_run": dry_run,
        "installed": plan.steps.iter().map(|step| step_json(step, dry_run)).collect::<Vec<_>>(),
        "unchanged": plan.unchanged.iter().map(|(id, version)| json!({ "id": id, "version": version })).collect::<Vec<_>>(),
        "warnings": plan.warnings,
    });
    session.output.result(&value, || {
        let mut text = String::new();
        for (id, version) in &plan.unchanged {
            text.push_str(&format!("{} {} {version} is installed already\n", green("✓"), bold(id)));
        }
        text.push_str(&plan.steps.iter().map(|step| step_text(step, dry_run)).collect::<String>());
        for warning in &plan.warnings {
            text.push_str(&format!("{}\n", yellow(warning)));
        }
        if dry_run {
            text.push_str(&dim("Nothing was changed, as this was a dry run.\n"));
        } else if text.is_empty() {
            text.push_str("Nothing is to be done.\n");
        }
        text
    })
}

fn step_json(step: &Step, dry_run: bool) -> serde_json::Value {
    let manifest = step.offer.package.manifest();
    json!({
        "id": manifest.metadata.id,
        "version": manifest.metadata.version,
        "before": step.before.as_ref().map(|before| &before.version),
        "digest": step.offer.package.digest(),
        "size": step.offer.package.bytes().len(),
        "origin": step.offer.origin(),
        "key": step.signer.as_ref().map(|key| key.id().to_string()),
        "declared": manifest.permissions,
        "asks": step.asks,
        "granted": if dry_run { None } else { Some(&step.granted) },
        "kinds": manifest.capabilities.iter().map(|capability| capability.kind()).collect::<Vec<_>>(),
    })
}

fn step_text(step: &Step, dry_run: bool) -> String {
    let (id, version) = (bold(step.offer.id()), step.offer.version());
    let was = match &step.before {
        Some(before) if before.version < *version => format!(", upgraded from {}", before.version),
        Some(before) if before.version == *version => ", again".to_owned(),
        Some(before) => format!(", in place of {}", before.version),
        None => String::new(),
    };
    let done = if dry_run { "would be installed" } else { "is installed" };
    let mut text = format!("{} {id} {version} {done}{was}\n", green("✓"));
    let mut row = |name: &str, value: String| text.push_str(&format!("  {name:<9} {value}\n"));
    row("digest", step.offer.package.digest().to_string());
    if let Some(published) = &step.offer.published {
        row("from", plain(&published.origin));
    }
    match &step.signer {
        Some(key) => row("signed", format!("by the key {}", key.id())),
        None => row("signed", yellow("by nobody")),
    }
    if dry_run {
        row("asks for", step.asks.to_string());
    } else {
        row("granted", step.granted.to_string());
    }
    text
}
