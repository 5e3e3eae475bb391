//! Owns what a manifest says that can be wrong though it is well-formed: the HAL9 that it needs, its configuration's schema,
//! its runtime policy, its dependencies. It refuses to know the component.

use hal9_host::{ConfigFault, check_configuration, escape};
use hal9_package::{Manifest, PermissionKind};
use serde_json::{Map, Value, json};

use super::{Outcome, Validation};
use crate::failure::{Code, Failure};

/// All that can be held against a manifest alone.
pub(super) fn check(seen: &mut Validation, manifest: &Manifest) {
    if manifest.min_hal9_version.is_some() && seen.step("version", check_version(manifest)).is_some() {
        seen.passed("version", format!("this is HAL9 {}", env!("CARGO_PKG_VERSION")));
    }
    configuration(seen, manifest);
    runtime(seen, manifest);
    dependencies(seen, manifest);
}

/// Holds the oldest HAL9 that a plugin works with against this one.
pub(crate) fn check_version(manifest: &Manifest) -> Result<(), Failure> {
    let Some(least) = &manifest.min_hal9_version else { return Ok(()) };
    let this = env!("CARGO_PKG_VERSION");
    if this.parse().is_ok_and(|this| *least <= this) {
        return Ok(());
    }
    let id = &manifest.metadata.id;
    let mut failure = Failure::new(Code::Conflict, format!("{id}: needs HAL9 {least} or newer, and this is {this}"))
        .plugin(id)
        .help("use a newer HAL9, or an older version of the plugin");
    failure.reason = Some("version".to_owned());
    Err(failure)
}

/// What a component's own manifest says otherwise than the one beside it, and what to do about it; nothing, where they agree.
pub(crate) fn disagreement(carried: &Manifest, beside: &Manifest) -> Option<(String, &'static str)> {
    let differing = differences(carried, beside);
    let found = format!("manifest.json and the component's own manifest differ in {}", differing.join(", "));
    let help = "write the same in both, or leave to manifest.json nothing but what `hal9_plugin!` says too";
    (!differing.is_empty()).then_some((found, help))
}

/// The members that two manifests say differently; where the package's files are is no such thing, as a component cannot know.
fn differences(carried: &Manifest, beside: &Manifest) -> Vec<String> {
    let members = |manifest: &Manifest| match serde_json::to_value(Manifest { files: None, ..manifest.clone() }) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let mut differing = Vec::new();
    compare("", &members(carried), &members(beside), &mut differing);
    differing
}

/// Goes into objects that both have, so that the member is named and not the whole of `metadata`.
fn compare(path: &str, one: &Map<String, Value>, other: &Map<String, Value>, differing: &mut Vec<String>) {
    for key in one.keys().chain(other.keys().filter(|key| !one.contains_key(*key))) {
        let at = format!("{path}{key}");
        match (one.get(key), other.get(key)) {
            (Some(Value::Object(one)), Some(Value::Object(other))) if path.is_empty() && key != "configuration" => {
                compare(&format!("{at}."), one, other, differing);
            }
            (one, other) if one == other => {}
            _ => differing.push(format!("`{}`", escape(&at, 128))),
        }
    }
}

/// The schema of its configuration: whether it is one, and whether its own defaults pass it, as a host fills them in.
fn configuration(seen: &mut Validation, manifest: &Manifest) {
    let Some(schema) = &manifest.configuration else { return };
    let mut taken = Vec::new();
    taken_for_secrets(schema, &mut String::new(), &mut taken);
    for place in taken {
        let found = format!("`\"secret\": true` at `{}` does nothing: anybody may see the value", escape(&place, 256));
        seen.add(Outcome::Warning, "configuration", found, "write `\"writeOnly\": true`, which is what marks a secret");
    }
    let checked = check_configuration(manifest, json!({}), &[]).map_err(Failure::from);
    let Some((_, faults)) = seen.step("configuration", checked) else { return };
    // What is said of the whole, such as a member that is required, is for the operator to see to.
    let (to_be_set, wrong): (Vec<_>, Vec<_>) = faults.into_iter().partition(|fault| fault.place.is_empty());
    for ConfigFault { place, message } in &wrong {
        let found = format!("the default of `{}` does not fit its own schema: {message}", escape(place, 256));
        seen.add(Outcome::Failed, "configuration", found, "correct the default, or the schema beside it");
    }
    if wrong.is_empty() {
        let must: String = to_be_set.iter().map(|fault| format!("; to be set: {}", fault.message)).collect();
        seen.passed("configuration", format!("a schema whose defaults fit{must}"));
    }
}

/// The places in a schema that are marked as secrets by a word that no schema has, as JSON pointers.
fn taken_for_secrets(schema: &Value, place: &mut String, taken: &mut Vec<String>) {
    let Some(members) = schema.as_object() else { return };
    let flag = |name: &str| members.get(name).and_then(Value::as_bool).unwrap_or_default();
    if flag("secret") && !flag("writeOnly") {
        taken.push(if place.is_empty() { "/".to_owned() } else { place.clone() });
    }
    let length = place.len();
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    let mut below = |way: &str, schema: &Value, place: &mut String| {
        place.push_str(&format!("/{way}"));
        taken_for_secrets(schema, place, taken);
        place.truncate(length);
    };
    for (name, value) in members {
        match (name.as_str(), value) {
            ("properties" | "patternProperties" | "$defs" | "definitions", Value::Object(schemas)) => {
                schemas.iter().for_each(|(key, schema)| below(&format!("{name}/{}", escaped(key)), schema, place));
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => {
                schemas.iter().enumerate().for_each(|(at, schema)| below(&format!("{name}/{at}"), schema, place));
            }
            ("items" | "additionalProperties", schema) => below(name, schema, place),
            _ => {}
        }
    }
}

/// Settings that each are allowed, and together do not do what they seem to.
fn runtime(seen: &mut Validation, manifest: &Manifest) {
    let runtime = &manifest.runtime;
    if !runtime.persistent && runtime.recycle_after.is_some() {
        let found = "`recycle_after` does nothing beside `persistent: false`: each call has an instance of its own";
        seen.add(Outcome::Warning, "runtime", found.to_owned(), "remove one of them from `runtime`");
    }
}

/// What it needs of others.
fn dependencies(seen: &mut Validation, manifest: &Manifest) {
    for dependency in &manifest.dependencies {
        let (id, version) = (&dependency.plugin_id, &dependency.version);
        if *id == manifest.metadata.id {
            let found = format!("it depends on itself, {id}");
            seen.add(Outcome::Failed, "dependency", found, "remove it from `dependencies`");
            continue;
        }
        seen.passed("dependency", format!("{id} {version}"));
    }
    let calls = manifest.permissions.iter().filter(|permission| permission.kind == PermissionKind::PluginCall);
    for target in calls.filter_map(|permission| permission.scope.as_ref()) {
        let target = target.to_string();
        if !manifest.dependencies.iter().any(|dependency| dependency.plugin_id.as_str() == target) {
            let found = format!("it may call {target}, and does not depend on it: nothing installs that with it");
            let help = format!("add to `dependencies`: {{\"plugin_id\": \"{target}\", \"version\": \"^1.0\"}}");
            seen.add(Outcome::Warning, "dependency", found, &help);
        }
    }
}
