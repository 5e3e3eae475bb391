//! `hal9 plugin config get|set|unset`: what a plugin is configured with, where that comes from, and changing it.

use hal9_host::{AuditEvent, AuditKind, ConfigFault, check_configuration};
use hal9_package::{Manifest, PluginId};
use serde_json::{Map, Value, json};

use crate::args::{ConfigCommand, SetArgs};
use crate::failure::Failure;
use crate::output::{bold, green, plain, table, yellow};
use crate::policy_file::PolicyFile;
use crate::schema::{Schema, is_hidden, shown};
use crate::secrets::{Reference, must_be_referred_to, references};
use crate::session::Session;
use crate::settings::Settings;

pub(super) fn run(session: &Session, environment: Option<&str>, command: ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Get { plugin, key } => get(session, environment, &plugin, key.as_deref()),
        ConfigCommand::Set(args) => set(session, environment, &args),
        ConfigCommand::Unset { plugin, key } => unset(session, environment, &plugin, &key),
    }
}

/// One value that is no table, and where it comes from.
#[derive(Debug, serde::Serialize)]
struct Setting {
    key: String,
    /// None, where nothing is set and there is no default. A reference for a secret, never what is there.
    value: Option<Value>,
    from: Option<String>,
    description: Option<String>,
    secret: bool,
}

/// What hal9.toml says of a plugin, for all and for the environment.
struct Said {
    everywhere: Value,
    here: Value,
    environment: Option<String>,
}

impl Said {
    /// Where the value of a member was said.
    fn place(&self, path: &[&str]) -> String {
        let has = |config: &Value| {
            path.iter()
                .try_fold(config, |at, name| if Reference::of(at).is_some() { None } else { at.get(name) })
                .is_some()
        };
        match &self.environment {
            Some(name) if has(&self.here) => format!("hal9.toml, env.{name}"),
            _ if has(&self.everywhere) => "hal9.toml".to_owned(),
            _ => "default".to_owned(),
        }
    }
}

fn get(session: &Session, environment: Option<&str>, name: &str, key: Option<&str>) -> Result<(), Failure> {
    let manifest = session.known(name)?.manifest;
    let id = &manifest.metadata.id;
    let all = Settings::read(&session.home.settings(), None)?;
    let said = Said {
        everywhere: Value::Object(all.plugin(id).config),
        here: Value::Object(environment.map(|name| all.config_in(name, id)).unwrap_or_default()),
        environment: environment.map(str::to_owned),
    };
    let raw = Value::Object(session.settings.plugin(id).config);
    let (config, faults) = check_configuration(&manifest, raw.clone(), &references(&raw))?;
    let schema = manifest.configuration.as_ref().map(Schema::new);
    // References as they were written, without what defaults would make of their members.
    let config = shown(schema, &with_references(config, &raw));
    let mut settings = Vec::new();
    list(&mut settings, &said, schema, Some(&config), &mut Vec::new());
    if let Some(key) = key {
        let wanted = parse_key(id, key)?;
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let shown_key = written(&wanted);
        let below = format!("{shown_key}.");
        let known: Vec<_> = settings.iter().map(|setting| setting.key.clone()).collect();
        settings.retain(|setting| setting.key == shown_key || setting.key.starts_with(&below));
        if settings.is_empty() {
            let help =
                if known.is_empty() { "it takes none".to_owned() } else { format!("there are: {}", known.join(", ")) };
            return Err(Failure::not_found(format!("{id}: nothing is configured as `{}`", plain(key)), help).plugin(id));
        }
    }
    let faults_json: Vec<_> =
        faults.iter().map(|fault| json!({"key": dotted(&fault.place), "message": fault.message})).collect();
    let value = json!({ "plugin": id, "environment": environment, "settings": settings, "faults": faults_json });
    session.output.result(&value, || {
        let mut text = if settings.is_empty() {
            format!(
                "{id} is configured with nothing{}",
                if schema.is_some() { "" } else { ", and has no schema that says what it takes" }
            )
        } else {
            table(["KEY", "VALUE", "FROM", "WHAT IT IS"], settings.iter().map(row))
        };
        for fault in &faults {
            text.push_str(&format!("{}\n", yellow(format!("it would not load so: {}", fault_text(fault)))));
        }
        text
    })
}

fn row(setting: &Setting) -> [String; 4] {
    let value = match &setting.value {
        None => "-".to_owned(),
        Some(value) if is_hidden(value) => "(hidden)".to_owned(),
        Some(value) => match (Reference::of(value), value) {
            (Some(reference), _) => reference.to_string(),
            (None, Value::String(text)) => plain(text),
            (None, value) => plain(&value.to_string()),
        },
    };
    let description = setting.description.as_deref().map(plain).unwrap_or_default();
    [plain(&setting.key), value, setting.from.clone().unwrap_or_default(), description]
}

/// Adds every value of a configuration that is no table, and every member of the schema that is not set.
fn list<'a>(
    settings: &mut Vec<Setting>,
    said: &Said,
    schema: Option<Schema<'a>>,
    value: Option<&'a Value>,
    path: &mut Vec<&'a str>,
) {
    let members = value.and_then(Value::as_object);
    let has_members = schema.is_some_and(|schema| schema.members().next().is_some());
    let is_leaf = match (value, members) {
        (Some(value), Some(members)) => {
            Reference::of(value).is_some() || is_hidden(value) || (members.is_empty() && !has_members)
        }
        (Some(_), None) => true,
        (None, _) => !has_members,
    };
    if is_leaf {
        if !path.is_empty() {
            settings.push(Setting {
                key: written(path),
                value: value.cloned(),
                from: value.map(|_| said.place(path)),
                description: schema.and_then(Schema::description).map(str::to_owned),
                secret: schema.is_some_and(Schema::is_secret)
                    || value.is_some_and(|value| Reference::of(value).is_some()),
            });
        }
        return;
    }
    let known: Vec<_> = schema.into_iter().flat_map(Schema::members).collect();
    for &(name, schema) in &known {
        path.push(name);
        // A circle of the schema ends where no value leads on.
        if path.len() <= DEPTH {
            list(settings, said, Some(schema), members.and_then(|members| members.get(name)), path);
        }
        path.pop();
    }
    for (name, value) in members.into_iter().flatten() {
        if !known.iter().any(|(other, _)| other == name) {
            path.push(name);
            list(settings, said, None, Some(value), path);
            path.pop();
        }
    }
}

/// Members that are not set are shown so deep.
const DEPTH: usize = 8;

/// The configuration with its references as they were written.
fn with_references(mut config: Value, raw: &Value) -> Value {
    for place in references(raw) {
        if let (Some(there), Some(reference)) = (config.pointer_mut(&place), raw.pointer(&place)) {
            *there = reference.clone();
        }
    }
    config
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
    let mut file = PolicyFile::open(&session.home.settings(), environment)?;
    let before = faults(&manifest, &file.settings()?)?;
    file.set_config(id, &path, &value)?;
    let left = only_known(id, faults(&manifest, &file.settings()?)?, &before)?;
    file.save()?;
    record(session, environment, id, &format!("configured {}", args.key))?;
    let shown_value = shown(schema, &value);
    let result = json!({ "plugin": id, "environment": environment, "key": args.key, "value": shown_value, "missing": missing(&left) });
    session.output.result(&result, || told(session, id, &format!("`{}` is set", args.key), environment, &left))
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
    let left = only_known(id, faults(&manifest, &file.settings()?)?, &before)?;
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

/// What `plugin info` shows of a configuration.
pub(super) fn as_info(manifest: &Manifest, config: Map<String, Value>) -> Value {
    shown(manifest.configuration.as_ref().map(Schema::new), &Value::Object(config))
}
