//! `hal9 plugin config get`: every value of a configuration, where it comes from, and what it is for.

use hal9_host::check_configuration;
use serde_json::{Value, json};

use super::{dotted, fault_text, parse_key, written};
use crate::failure::Failure;
use crate::output::{plain, text_table, yellow};
use crate::schema::{Schema, is_hidden, shown};
use crate::secrets::{Reference, references};
use crate::session::Session;
use crate::settings::Settings;

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

pub(super) fn get(session: &Session, environment: Option<&str>, name: &str, key: Option<&str>) -> Result<(), Failure> {
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
            text_table(["KEY", "VALUE", "FROM", "WHAT IT IS"], settings.iter().map(row))
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
pub(super) fn with_references(mut config: Value, raw: &Value) -> Value {
    for place in references(raw) {
        if let (Some(there), Some(reference)) = (config.pointer_mut(&place), raw.pointer(&place)) {
            *there = reference.clone();
        }
    }
    config
}
