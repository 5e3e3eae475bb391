//! Owns single values of a plugin's configuration in `hal9.toml`: setting one and taking it out again, with all that stands
//! around it as it was. It refuses to know what a value means.

use std::path::Path;

use hal9_package::PluginId;
use serde_json::Value as Json;
use toml_edit::{InlineTable, Item, TableLike, Value};

use super::{PolicyFile, table};
use crate::failure::Failure;
use crate::settings::Settings;

impl PolicyFile {
    /// Opens the file as [`PolicyFile::open`] does, to set something in an environment that it may not have yet; whether it
    /// has it since now.
    pub(crate) fn begin(path: &Path, environment: Option<&str>) -> Result<(Self, bool), Failure> {
        let mut file = Self::open(path, None)?;
        let Some(name) = environment else { return Ok((file, false)) };
        let is_new = Settings::parse(&file.text, path, environment).is_err();
        if table(file.document.as_table_mut(), &["env", name]).is_none() {
            let message = format!("{}: its `env` has a form that cannot be changed from here", path.display());
            return Err(Failure::usage(message, format!("write it as a table: [env.{name}]")));
        }
        file.environment = environment.map(str::to_owned);
        Ok((file, is_new))
    }

    /// Has a member of a plugin's configuration have a value, in the environment that the file was opened for. `path` are the
    /// names on the way there, at least one.
    ///
    /// # Errors
    ///
    /// For a value that TOML cannot write, and for a file with something else than a table on the way.
    pub(crate) fn set_config(&mut self, plugin: &PluginId, path: &[String], value: &Json) -> Result<(), Failure> {
        let value = toml(value).map_err(|why| {
            Failure::usage(format!("{plugin}: TOML cannot write the value: {why}"), "give another value").plugin(plugin)
        })?;
        let (names, last) = self.names(plugin, path);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let Some(table) = table(self.document.as_table_mut(), &names) else { return Err(self.odd(plugin)) };
        match table.get_mut(&last) {
            // What stands around the old value, such as a comment behind it, stands around the new one.
            Some(Item::Value(old)) => {
                let decor = old.decor().clone();
                *old = value;
                *old.decor_mut() = decor;
            }
            _ => {
                table.insert(&last, Item::Value(value));
            }
        }
        Ok(())
    }

    /// Takes a member out of a plugin's configuration, in the environment that the file was opened for; whether it was there.
    /// A table of the configuration that is empty then goes with it, unless a comment stands there.
    pub(crate) fn unset_config(&mut self, plugin: &PluginId, path: &[String]) -> bool {
        let (names, last) = self.names(plugin, path);
        let config = if self.environment.is_some() { 4 } else { 2 };
        let was_there = remove(self.document.as_table_mut(), &names, &last, config);
        if let Some(name) = &self.environment {
            // Others may name it.
            table(self.document.as_table_mut(), &["env", name]);
        }
        was_there
    }

    /// The tables on the way to a member, and its own name.
    fn names(&self, plugin: &PluginId, path: &[String]) -> (Vec<String>, String) {
        let environment = self.environment.iter().flat_map(|name| ["env", name]);
        let head = environment.chain(["plugins", plugin.as_str(), "config"]).map(str::to_owned);
        let (last, way) = path.split_last().map_or((String::new(), path), |(last, way)| (last.clone(), way));
        (head.chain(way.iter().cloned()).collect(), last)
    }
}

/// Takes out what is called `last` in the tables of these names; whether it was there. Tables that are empty then go, but for
/// the first `kept` ones that have a line of their own.
fn remove(at: &mut dyn TableLike, names: &[String], last: &str, kept: usize) -> bool {
    let Some((name, rest)) = names.split_first() else { return at.remove(last).is_some() };
    let Some(item) = at.get_mut(name) else { return false };
    let Some(table) = item.as_table_like_mut() else { return false };
    let was_there = remove(table, rest, last, kept.saturating_sub(1));
    if was_there && table.is_empty() {
        let has_comment = |decor: &toml_edit::Decor| {
            let parts = [decor.prefix(), decor.suffix()].into_iter().flatten();
            parts.filter_map(toml_edit::RawString::as_str).any(|text| text.contains('#'))
        };
        match item {
            Item::Table(table) if (kept > 0 && !table.is_implicit()) || has_comment(table.decor()) => {}
            Item::Value(_) if kept > 0 => {}
            _ => {
                at.remove(name);
            }
        }
    }
    was_there
}

/// A value as TOML writes it.
fn toml(value: &Json) -> Result<Value, &'static str> {
    Ok(match value {
        Json::Null => return Err("it has no null: leave the member out, as with `config unset`"),
        Json::Bool(it) => (*it).into(),
        Json::Number(it) => match (it.as_i64(), it.as_f64().filter(|_| it.is_f64())) {
            (Some(it), _) => it.into(),
            (None, Some(it)) => it.into(),
            (None, None) => return Err("the number is too large"),
        },
        Json::String(it) => it.as_str().into(),
        Json::Array(items) => Value::Array(items.iter().map(toml).collect::<Result<toml_edit::Array, _>>()?),
        Json::Object(members) => {
            let mut table = InlineTable::new();
            for (name, value) in members {
                table.insert(name, toml(value)?);
            }
            table.into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The file after a change, whatever the change does.
    fn after(text: &str, environment: Option<&str>, change: impl FnOnce(&mut PolicyFile, &PluginId)) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hal9.toml");
        std::fs::write(&path, text).unwrap();
        let mut file = PolicyFile::open(&path, environment).unwrap();
        change(&mut file, &"ai.hal9.x".parse().unwrap());
        file.save().unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    fn set(text: &str, environment: Option<&str>, path: &[&str], value: Json) -> String {
        let path: Vec<_> = path.iter().map(|&name| name.to_owned()).collect();
        let changed = after(text, environment, |file, id| file.set_config(id, &path, &value).unwrap());
        let settings = Settings::parse(&changed, "/hal9.toml".as_ref(), environment).unwrap();
        let config = Json::Object(settings.plugin(&"ai.hal9.x".parse().unwrap()).config);
        assert_eq!(config.pointer(&format!("/{}", path.join("/"))), Some(&value), "{changed}");
        changed
    }

    #[test]
    fn a_value_is_changed_and_what_stands_around_it_stays() {
        let text = "# mine\n[plugins.\"ai.hal9.x\".config] # its own\ndepth = 3 # why\nother = \"a\"\n";
        assert_eq!(set(text, None, &["depth"], json!(4)), text.replace('3', "4"));
        let nested = set(text, None, &["server", "port"], json!(80));
        assert!(nested.starts_with(text) && nested.contains("port = 80"), "{nested}");
        let inline = "[plugins.\"ai.hal9.x\"]\nconfig = { depth = 3 } # one line\n";
        let changed = set(inline, None, &["server", "port"], json!(80));
        assert!(changed.lines().count() == 2 && changed.ends_with("# one line\n"), "{changed}");
        let made = set("[env.test]\n", Some("test"), &["a b"], json!({"x": [1, 2.5, {"$env": "Y"}], "t": true}));
        assert!(made.contains("[env.test.plugins.\"ai.hal9.x\".config]"), "{made}");
    }

    #[test]
    fn what_toml_cannot_write_is_refused() {
        for value in [json!(null), json!([1, null]), json!(u64::MAX)] {
            after("", None, |file, id| assert!(file.set_config(id, &["a".to_owned()], &value).is_err(), "{value}"));
        }
        set("", None, &["a"], json!(1e300));
    }

    #[test]
    fn a_member_is_taken_out_and_one_that_is_not_there_changes_nothing() {
        let text = "[plugins.\"ai.hal9.x\".config]\ndepth = 3\nserver = { port = 80, host = \"a\" }\n";
        let unset = |path: &[&str], was_there: bool| {
            let path: Vec<_> = path.iter().map(|&name| name.to_owned()).collect();
            after(text, None, |file, id| assert_eq!(file.unset_config(id, &path), was_there))
        };
        assert!(!unset(&["depth"], true).contains("depth"));
        let alone = |text: &str, environment: Option<&str>| {
            after(text, environment, |file, id| assert!(file.unset_config(id, &["depth".to_owned()])))
        };
        let config = "[plugins.\"ai.hal9.x\".config]\ndepth = 3\n";
        assert_eq!(alone(config, None), "", "no empty table is left");
        let granted = "[plugins.\"ai.hal9.x\"]\ngrant = []\n";
        assert_eq!(alone(&format!("{granted}\n{config}"), None), granted);
        let why = format!("# why\n{config}");
        assert_eq!(alone(&why, None), why.replace("depth = 3\n", ""));
        let production = format!("[env.production]\n\n[env.production.{}", &config[1..]);
        assert_eq!(alone(&production, Some("production")), "[env.production]\n");
        let production = format!("[env.production.{}", &config[1..]);
        assert_eq!(alone(&production, Some("production")), "[env.production]\n");
        let changed = unset(&["server", "port"], true);
        assert!(!changed.contains("port") && changed.contains("host"), "{changed}");
        assert_eq!(unset(&["server", "name"], false), text);
        assert_eq!(unset(&["no", "such"], false), text);
    }
}
