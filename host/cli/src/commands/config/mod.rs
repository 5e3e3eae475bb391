//! `hal9 plugin config get|set|unset`: what a plugin is configured with, and changing it.

mod get;

use hal9_host::{AuditEvent, AuditKind, ConfigFault, check_configuration};
use hal9_package::{Manifest, PluginId};
use serde_json::{Map, Value, json};

use crate::args::{ConfigCommand, SetArgs};
use crate::failure::Failure;
use crate::output::{bold, green, plain, yellow};
use crate::policy_file::PolicyFile;
use crate::schema::{Schema, is_hidden, shown};
use crate::secrets::{Reference, must_be_referred_to, references};
use crate::session::Session;
use crate::settings::Settings;
use get::with_references;

pub(super) fn run(session: &Session, environment: Option<&str>, command: ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Get { plugin, key } => get::get(session, environment, &plugin, key.as_deref()),
        ConfigCommand::Set(args) => set(session, environment, &args),
        ConfigCommand::Unset { plugin, key } => unset(session, environment, &plugin, &key),
    }
}

fn set(session: &Session, environment: Option<&str>, args: &SetArgs) -> Result<(), Failure> {
    let manifest = session.known(&args.plugin)?.manifest;
    let id = &manifest.metadata.id;
    let path = parse_key(id, &args.key)?;
    let schema = path.iter().fold(manifest.configuration.as_ref().map(Schema::new), |at, name| at?.member(name));
    let value = match (&args.from_env, &args.from_file, &args.value) {
        (Some(name), ..) => Reference::Env(name).value(),
        (_, Some(file), _) => Reference::File(file).value(),
        (.., text) => parse_value(id, &args.key, schema, text.as_deref().unwrap_or_default())?,
    };
    if has_hidden(&shown(schema, &value)) {
        return Err(must_be_referred_to(id, &args.key));
    }
    let (mut file, is_new) = PolicyFile::begin(&session.home.settings(), environment)?;
    let before = faults(&manifest, &file.settings()?)?;
    file.set_config(id, &path, &value)?;
    let left = only_known(id, faults(&manifest, &file.settings()?)?, &before)?;
    file.save()?;
    record(session, environment, id, &format!("configured {}", args.key))?;
    let shown_value = shown(schema, &value);
    let result = json!({ "plugin": id, "environment": environment, "key": args.key, "value": shown_value, "missing": missing(&left) });
    let new = if is_new { ", the first of its environment" } else { "" };
    session.output.result(&result, || told(session, id, &format!("`{}` is set{new}", args.key), environment, &left))
}

fn unset(session: &Session, environment: Option<&str>, name: &str, key: &str) -> Result<(), Failure> {
    let manifest = session.known(name)?.manifest;
    let id = &manifest.metadata.id;
    let path = parse_key(id, key)?;
    let mut file = PolicyFile::open(&session.home.settings(), environment)?;
    let before = faults(&manifest, &file.settings()?)?;
    if !file.unset_config(id, &path) {
        let place = environment.map_or_else(String::new, |name| format!(" for the environment {name}"));
        let message = format!("{id}: `{}` is not set in hal9.toml{place}", plain(key));
        return Err(Failure::not_found(message, format!("see what is: hal9 plugin config get {id}")).plugin(id));
    }
    let left = only_known(id, faults(&manifest, &file.settings()?)?, &before).map_err(|failure| {
        let here = environment.map_or_else(String::new, |name| format!("--env {name} "));
        failure.help(format!("give it another value instead: hal9 {here}plugin config set {id} {} VALUE", plain(key)))
    })?;
    file.save()?;
    record(session, environment, id, &format!("no longer configured {key}"))?;
    let result =
        json!({ "plugin": id, "environment": environment, "key": key, "unset": true, "missing": missing(&left) });
    session.output.result(&result, || told(session, id, &format!("`{key}` is no longer set"), environment, &left))
}

fn told(session: &Session, id: &PluginId, what: &str, environment: Option<&str>, left: &[ConfigFault]) -> String {
    let place = environment.map_or_else(String::new, |name| format!(" for the environment {name}"));
    let mut text =
        format!("{} {}: {}{place}, in {}\n", green("✓"), bold(id), plain(what), session.home.settings().display());
    for fault in left {
        text.push_str(&format!("  {}\n", yellow(format!("it does not load yet: {}", fault_text(fault)))));
    }
    text
}

fn missing(left: &[ConfigFault]) -> Vec<Value> {
    left.iter().map(|fault| json!({"key": dotted(&fault.place), "message": fault.message})).collect()
}

/// What is wrong with a plugin's configuration, references not looked at.
fn faults(manifest: &Manifest, settings: &Settings) -> Result<Vec<ConfigFault>, Failure> {
    let config = Value::Object(settings.plugin(&manifest.metadata.id).config);
    let unknown = references(&config);
    Ok(check_configuration(manifest, config, &unknown)?.1)
}

/// The faults that are left after a change, which it may not have made: so that what is wrong in several places, or not all
/// there yet, can be put right one by one.
fn only_known(id: &PluginId, after: Vec<ConfigFault>, before: &[ConfigFault]) -> Result<Vec<ConfigFault>, Failure> {
    match after.iter().find(|fault| !before.contains(fault)) {
        None => Ok(after),
        Some(fault) => Err(Failure::usage(
            format!("{id}: {}; hal9.toml stays as it is", fault_text(fault)),
            format!("see what it takes: hal9 plugin config get {id}"),
        )
        .plugin(id)),
    }
}

fn fault_text(fault: &ConfigFault) -> String {
    match fault.place.as_str() {
        "" => format!("its configuration: {}", fault.message),
        place => format!("`{}`: {}", plain(&dotted(place)), fault.message),
    }
}

/// A JSON pointer as a key is typed.
fn dotted(pointer: &str) -> String {
    let names: Vec<_> = pointer.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~")).collect();
    written(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A key as it is typed: names with dots between them, and in quotes where they are no plain words.
fn written(path: &[&str]) -> String {
    path.iter().map(|name| toml_edit::Key::new(*name).to_string().trim().to_owned()).collect::<Vec<_>>().join(".")
}

fn parse_key(id: &PluginId, key: &str) -> Result<Vec<String>, Failure> {
    let keys = toml_edit::Key::parse(key).map_err(|_| {
        let help = "give a name, or several with dots between them; one that is no plain word in quotes: '\"a b\".c'";
        Failure::usage(format!("{id}: `{}` is no key", plain(key)), help).plugin(id)
    })?;
    Ok(keys.iter().map(|key| key.get().to_owned()).collect())
}

fn parse_value(id: &PluginId, key: &str, schema: Option<Schema<'_>>, text: &str) -> Result<Value, Failure> {
    if schema.is_some_and(|schema| schema.takes_text(text)) {
        return Ok(Value::from(text));
    }
    serde_json::from_str(text).map_err(|_| {
        if let Some(form) = schema.and_then(Schema::form) {
            let message = format!("{id}: the value of `{}` is not {form}", plain(key));
            return Failure::usage(message, format!("give {form}")).plugin(id);
        }
        let message = format!("{id}: the value of `{}` is not JSON", plain(key));
        // Not what was typed: it may be a secret.
        Failure::usage(message, "give JSON; text in quotes, and those in quotes for the shell: '\"text\"'").plugin(id)
    })
}

fn has_hidden(value: &Value) -> bool {
    is_hidden(value)
        || match value {
            Value::Object(members) => members.values().any(has_hidden),
            Value::Array(items) => items.iter().any(has_hidden),
            _ => false,
        }
}

/// Records the change, without the value.
fn record(session: &Session, environment: Option<&str>, id: &PluginId, what: &str) -> Result<(), Failure> {
    let place = environment.map_or_else(String::new, |name| format!(" in the environment {name}"));
    session.record_policy([AuditEvent::new(AuditKind::Policy, id, &format!("{what}{place}"))])
}

/// What `plugin info` shows of a configuration: all that holds, with defaults, and references as they were written.
pub(super) fn as_info(manifest: &Manifest, config: Map<String, Value>) -> Result<Value, Failure> {
    let raw = Value::Object(config);
    let (config, _) = check_configuration(manifest, raw.clone(), &references(&raw))?;
    Ok(shown(manifest.configuration.as_ref().map(Schema::new), &with_references(config, &raw)))
}
