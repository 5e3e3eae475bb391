//! What each command does, a file for each group. It owns the order of steps, and refuses to know formats of files.

mod audit;
mod auth;
mod config;
mod demo;
mod dev;
mod develop;
mod doctor;
mod found;
mod health;
mod inspect;
mod install;
mod keys;
mod learn;
mod logs;
mod market;
mod memory;
mod new;
mod pack;
mod plugin;
mod policy;
mod provenance;
mod registry;
mod signal;
mod state;
mod test;
mod tool;
mod why_denied;
mod wit;

use std::io::Read as _;
use std::sync::OnceLock;

use hal9_package::PluginId;
use hal9_registry::Plugin;

use crate::args::{Args, Command, ConfigCommand, LoadedCommand, PackageCommand, PluginCommand};
use crate::failure::{Code, Failure};
use crate::home::Home;
use crate::output::{Output, plain};
use crate::session::{Opening, Session};
use crate::settings::Settings;

/// Runs what was typed.
pub(crate) async fn run(args: Args, output: &Output) -> Result<(), Failure> {
    // A variable that is empty says nothing, as everywhere; an empty argument is a mistake, and stays one.
    let is_said = std::env::var_os("HAL9_ENV").is_none_or(|name| !name.is_empty());
    dispatch(
        args.command,
        Opening {
            output: *output,
            environment: args.env.as_deref().filter(|name| is_said || !name.is_empty()),
            settings: None,
            watch: None,
            plugin_path: &args.plugin_path,
            log: None,
        },
    )
    .await
}

async fn dispatch(command: Command, opening: Opening<'_>) -> Result<(), Failure> {
    let (output, environment) = (opening.output, opening.environment);
    match command {
        Command::Demo { guests } => demo::run(output, guests.as_deref()).await,
        Command::Doctor(args) => doctor::run(output, environment, args.fix, &args.languages()),
        Command::Dev(args) => dev::run(opening, args).await,
        Command::Plugin(PluginCommand::Develop(command)) => develop::run(output, command),
        Command::Plugin(PluginCommand::Test(args)) => test::run(output, args).await,
        Command::Plugin(PluginCommand::Store(command)) => {
            let offers = install::named(&opening, &command)?;
            in_home(opening, async |session| install::run(session, environment, command, offers).await).await
        }
        Command::Plugin(PluginCommand::Package(command)) => match command {
            PackageCommand::Pack(args) => pack::run(output, &args),
            PackageCommand::Keygen { output: name, no_password } => keys::keygen(output, name.as_deref(), no_password),
            PackageCommand::Sign { file, key } => keys::sign(output, &file, key.as_deref()),
            PackageCommand::Verify { file, key, signature } => keys::verify(output, &file, &key, signature.as_deref()),
        },
        Command::Plugin(PluginCommand::Market(command)) => market::run(opening, command).await,
        Command::Plugin(PluginCommand::Loaded(command)) => {
            // An environment is there once something is set in it.
            let begun = match (&command, environment) {
                (LoadedCommand::Config(ConfigCommand::Set(_)), Some(_)) => {
                    Some(Settings::begun(&Home::find()?.settings(), environment)?)
                }
                _ => None,
            };
            let opening = Opening { settings: begun.as_ref().or(opening.settings), ..opening };
            in_home(opening, async |session| plugin::run(session, environment, command).await).await
        }
        Command::Signal(command) => in_home(opening, async |session| signal::run(session, command).await).await,
        Command::Tool(command) => in_home(opening, async |session| tool::run(session, command).await).await,
        Command::Memory(command) => in_home(opening, async |session| memory::run(session, command).await).await,
        Command::Learn(command) => in_home(opening, async |session| learn::run(session, command).await).await,
        Command::Policy(command) => policy::run(opening, command).await,
        Command::WhyDenied(args) => {
            in_home(opening, async |session| why_denied::run(session, environment, &args)).await
        }
        Command::Audit(command) => audit::run(output, command),
        Command::Registry(command) => registry::run(output, environment, command).await,
        Command::Auth(command) => auth::run(output, environment, command).await,
        Command::Wit(command) => wit::run(output, &command),
    }
}

/// Opens the home, works in it, and writes back what plugins used up.
async fn in_home(
    opening: Opening<'_>,
    work: impl AsyncFnOnce(&mut Session) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut session = Session::open(&opening)?;
    let result = work(&mut session).await;
    if let Err(failure) = &result {
        session.note_error(failure);
    }
    session.close().await;
    result
}

/// The most that is read from standard input or a file, in bytes.
const INPUT_BYTES: u64 = 64 << 20;

/// All of standard input. A command that runs twice reads the same twice.
fn standard_input() -> Result<Vec<u8>, Failure> {
    static READ: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(bytes) = READ.get() {
        return Ok(bytes.clone());
    }
    let bytes = read_standard_input()?;
    Ok(READ.get_or_init(|| bytes).clone())
}

fn read_standard_input() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(INPUT_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::internal("standard input could not be read", &error))?;
    if bytes.len() as u64 > INPUT_BYTES {
        return Err(Failure::usage("standard input has more than 64 MiB", "give less at once"));
    }
    Ok(bytes)
}

/// All of standard input as text, without the line break at its end.
fn standard_input_text() -> Result<String, Failure> {
    let mut text = String::from_utf8(standard_input()?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::usage(format!("standard input is not UTF-8: byte {at} is wrong"), "convert it, as with iconv")
    })?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// The active plugin with a capability of that kind and name; the only one of the kind, where no name is given.
fn only(session: &Session, kind: &str, what: &str, option: &str, name: Option<&str>) -> Result<Plugin, Failure> {
    let mut offers: Vec<(String, Plugin)> = Vec::new();
    for plugin in session.plugins()?.into_iter().filter(|plugin| plugin.active) {
        let of_kind = plugin.manifest.capabilities.iter().filter(|capability| capability.kind() == kind);
        offers.extend(of_kind.map(|capability| (capability.name().to_owned(), plugin.clone())));
    }
    let names = offers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let mut fitting = offers.iter().filter(|(offer, _)| name.is_none_or(|name| name == offer));
    match (fitting.next(), fitting.next(), name) {
        (Some((_, plugin)), None, _) => Ok(plugin.clone()),
        (Some(_), Some(_), None) => Err(Failure::usage(
            format!("there are several of the kind {what}: {names}"),
            format!("say which: {option} NAME"),
        )),
        (Some((name, one)), Some((_, other)), Some(_)) => Err(Failure::new(
            Code::Conflict,
            format!("the {what} `{name}` is provided by {} and by {}", one.id(), other.id()),
        )
        .help(format!("deactivate one: hal9 plugin deactivate {}", other.id()))),
        (None, _, _) if offers.is_empty() => {
            Err(Failure::not_found(format!("no active plugin is a {what}"), "load one: hal9 plugin load --dev DIR"))
        }
        (None, _, _) => Err(Failure::not_found(
            format!("no active {what} is called `{}`", plain(name.unwrap_or_default())),
            format!("there are: {names}"),
        )),
    }
}

/// Starts the plugin that a model was trained with.
async fn by_id(session: &mut Session, id: &PluginId) -> Result<hal9_host::Plugin, Failure> {
    let plugin = session.known(id.as_str())?;
    session.activate(&plugin).await
}

/// Milliseconds since the Unix epoch as a time in UTC.
fn moment(millis: u64) -> String {
    let since = std::time::Duration::from_millis(millis);
    let moment = std::time::UNIX_EPOCH.checked_add(since).unwrap_or(std::time::UNIX_EPOCH);
    // Of times after the year 9999, nothing can be written.
    let latest = std::time::UNIX_EPOCH + std::time::Duration::from_secs(253_402_300_799);
    humantime::format_rfc3339_millis(moment.min(latest)).to_string()
}
