//! Owns how a plan is carried out: every version is tried before anything is changed, then all are installed at once, and then
//! it is recorded. It refuses to know how the plan came about.

use std::collections::{BTreeMap, BTreeSet};

use hal9_host::{AuditEvent, AuditKind, AuditSink as _, Host};
use hal9_package::{PluginId, PublicKey};
use hal9_registry::Install;

use super::plan::{Before, Plan, Step};
use super::stock::Stock;
use super::trial;
use crate::compile;
use crate::failure::{Code, Failure};
use crate::policy_file::PolicyFile;
use crate::secrets::GIVEN;
use crate::session::Session;
use crate::trust::{Leave, Trust};
use crate::validation;

/// Tries the versions of a plan, and installs them: all or none. Gives what the operator has to do then.
///
/// # Errors
///
/// Whatever keeps one from loading, or from starting where it takes the place of a version that does. Nothing is changed then.
pub(super) async fn apply(
    session: &mut Session,
    environment: Option<&str>,
    plan: &Plan,
    stock: &mut Stock,
    leave: Leave<'_>,
) -> Result<Vec<String>, Failure> {
    let steps = &plan.steps;
    let (mut components, mut warnings) = (Vec::new(), Vec::new());
    // One without the audit log: what is looked at with all that it declares was not granted that.
    let inspector = compile::host()?.cache(session.home.cache()).build()?;
    for step in steps {
        let tried = try_out(session, step, &inspector).await.map_err(|failure| kept(step, failure))?;
        warnings.extend(tried.lacks.map(|what| format!("it does not start before it is configured: {what}")));
        components.push(tried.component);
    }
    if steps.is_empty() && plan.vouched.is_empty() {
        return Ok(warnings);
    }
    // Somebody may have revoked a key while the operator was asked. From here on, nobody changes the settings.
    let mut file = PolicyFile::open(&session.home.settings(), environment)?;
    judge_again(&file.settings()?.trust(), plan, leave)?;
    let said = file.settings()?.trust().keys;
    for (id, vouched) in &plan.vouched {
        file.set_keys(id, said.get(id).into_iter().flatten().chain(vouched).cloned().collect())?;
    }
    if !steps.is_empty() {
        // Before it is installed: from here on, nobody else's plugin of that name is taken for it.
        for step in steps {
            stock.bind(step).await?;
        }
        let installs: Vec<_> =
            steps.iter().zip(&components).map(|(step, component)| install(step, component)).collect();
        session.registry.install(&installs)?;
        record(session, steps)?;
    }
    if !plan.vouched.is_empty() {
        trust(session, &mut file, &plan.vouched)?;
    }
    Ok(warnings)
}

/// Judges what is to be installed by the settings as they are now.
fn judge_again(now: &Trust, plan: &Plan, leave: Leave<'_>) -> Result<(), Failure> {
    for step in &plan.steps {
        let leave = if step.is_named { leave } else { Leave::default() };
        now.judge(&step.offer, leave)?;
    }
    let alone = plan.vouched.iter().filter(|(id, _)| !plan.steps.iter().any(|step| step.offer.id() == *id));
    let mut alone = alone.flat_map(|(id, keys)| keys.iter().map(move |key| (id, key)));
    alone.try_for_each(|(id, key)| now.may(id, Some(key), leave, "its package"))
}

fn install<'a>(step: &'a Step, component: &'a [u8]) -> Install<'a> {
    Install {
        package: &step.offer.package,
        component,
        signed: step.signer.clone().zip(step.offer.signature.clone()),
        granted: step.granted.clone(),
        origin: step.offer.origin(),
        expected: step.before.as_ref().map(|before| before.version.clone()),
    }
}

/// A version that works.
struct Tried {
    /// The component in it: what is tried is what is installed.
    component: Vec<u8>,
    /// What it lacks in its configuration before it can start.
    lacks: Option<String>,
}

/// Checks that a version works as things are.
async fn try_out(session: &Session, step: &Step, inspector: &Host) -> Result<Tried, Failure> {
    let (id, package) = (step.offer.id(), &step.offer.package);
    let spinner = session.output.spinner(format!("compiling {id}"));
    if let Some(failure) = validation::package(package, inspector).failure {
        return Err(failure);
    }
    let component = package.component()?;
    let compiled = session.manager.host().compile(id.as_str(), &component)?;
    drop(spinner);
    let plugin = match trial::load(session, &compiled, package.manifest(), &step.granted) {
        Ok(plugin) => plugin,
        // Before it is installed, nobody can know how to configure it.
        Err(failure) if failure.code == Code::Usage && step.before.is_none() => {
            return Ok(Tried { component, lacks: Some(GIVEN.failure(&failure).message) });
        }
        Err(failure) => return Err(failure),
    };
    if step.before.as_ref().is_some_and(|before| before.active) {
        trial::start(session, &plugin).await?;
    }
    Ok(Tried { component, lacks: None })
}

/// Says of a version that does not work that the old one goes on.
fn kept(step: &Step, failure: Failure) -> Failure {
    let (id, version) = (step.offer.id(), step.offer.version());
    let goes_on = match &step.before {
        Some(Before { version, .. }) => format!("; version {version} goes on"),
        None => String::new(),
    };
    let message = format!("{id} {version} was not installed{goes_on}: {}", failure.message);
    Failure { message, plugin: failure.plugin.or(Some(id.to_string())), ..failure }
}

/// Has the file say which keys are trusted for which plugins from now on: the one that was named, and those that registries have shown to be the authors'.
///
/// That is the last step. A command that is killed before leaves a plugin that is installed and runs, and whose next version
/// needs the key to be named again, as does installing this one again. In the other order, a command that fails would leave
/// a key trusted that nothing is installed by.
fn trust(
    session: &mut Session,
    file: &mut PolicyFile,
    vouched: &BTreeMap<PluginId, BTreeSet<PublicKey>>,
) -> Result<(), Failure> {
    file.save().map_err(|failure| {
        let message = format!("it is installed, and its key is not trusted yet: {}", failure.message);
        Failure { message, ..failure }.help("find out what keeps hal9 from writing there, and run the command again")
    })?;
    session.settings = file.settings()?;
    session.record_policy(vouched.iter().flat_map(|(id, keys)| keys.iter().map(move |key| (id, key))).map(
        |(id, key)| {
            AuditEvent::new(AuditKind::Policy, id, &format!("the key {} may sign it, by the first install", key.id()))
        },
    ))
}

/// Records what was installed. Nobody is told that all is well while the log does not say so.
fn record(session: &Session, steps: &[Step]) -> Result<(), Failure> {
    let event = |step: &Step| {
        let (id, version) = (step.offer.id(), step.offer.version());
        let done = match &step.before {
            Some(before) if before.version < *version => format!("upgraded from {} to {version}", before.version),
            Some(before) if before.version > *version => format!("downgraded from {} to {version}", before.version),
            Some(_) => format!("version {version} installed again"),
            None => format!("version {version} installed"),
        };
        let by = step.signer.as_ref().map_or_else(|| "unsigned".to_owned(), |key| format!("signed by {}", key.id()));
        let (digest, granted) = (step.offer.package.digest(), &step.granted);
        AuditEvent::new(AuditKind::Install, id, &format!("{done}, {by}, {digest}, granted {granted}"))
    };
    steps.iter().for_each(|step| session.audit.record(&event(step)));
    recorded(session, "was installed")
}

/// Has the records of what was done on the disk.
pub(super) fn recorded(session: &Session, done: &str) -> Result<(), Failure> {
    session.audit.flush().map_err(|error| {
        let path = session.home.audit();
        let message = format!("it {done}, and the audit log does not say so: {}: {error}", path.display());
        Failure::new(Code::Unavailable, message).help("find out what keeps hal9 from writing there")
    })
}
