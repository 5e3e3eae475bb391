//! Owns how a policy gets into `hal9.toml`: what was written there by hand stays as it is, and the file is the old one or the
//! new one, whole. It refuses to know what the policy says.

mod values;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hal9_package::{Permission, Permissions, PluginId, PublicKey};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use crate::failure::{Code, Failure};
use crate::grants::absolute;
use crate::home::UNFINISHED;
use crate::settings::{RegistrySettings, Settings};

/// What others wait for, and how long.
const CHANGING: &str = "changing hal9.toml";
const PATIENCE: Duration = Duration::from_secs(5);

/// The file, while nobody else changes it or, after [`PolicyFile::release`], as it was then.
pub(crate) struct PolicyFile {
    path: PathBuf,
    /// What the path leads to, where it is a link.
    target: PathBuf,
    environment: Option<String>,
    document: DocumentMut,
    /// What it said when it was opened.
    text: String,
    /// None while others may change it.
    lock: Option<File>,
}

impl PolicyFile {
    /// Opens the file to change it, or begins one.
    ///
    /// # Errors
    ///
    /// A file that is malformed, with the line; an environment that it does not know; another command that does not end.
    pub(crate) fn open(path: &Path, environment: Option<&str>) -> Result<Self, Failure> {
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let lock = lock(&path.with_extension("lock"), PATIENCE, CHANGING)?;
        let text = read(path)?;
        Settings::parse(&text, path, environment)?;
        let document = text.parse().map_err(|error| Failure::internal("hal9.toml could not be read", &error))?;
        let (path, environment) = (path.to_owned(), environment.map(str::to_owned));
        Ok(Self { path, target, environment, document, text, lock: Some(lock) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What the file says now, changes included.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        Settings::parse(&self.document.to_string(), &self.path, self.environment.as_deref())
    }

    /// What the file says for every environment.
    pub(crate) fn settings_everywhere(&self) -> Result<Settings, Failure> {
        Settings::parse(&self.document.to_string(), &self.path, None)
    }

    /// Has a list of a plugin's, `grant` or `deny`, say this and no more. Entries that stay are left as they were written.
    pub(crate) fn set(&mut self, plugin: &PluginId, list: &str, wanted: &Permissions) -> Result<(), Failure> {
        let folder = self.path.parent().unwrap_or(Path::new("/")).to_owned();
        let read = |text: &str| Some(absolute(text.parse::<Permission>().ok()?, &folder));
        let array = self.list_of(plugin, list)?;
        edit(array, wanted.iter().cloned().collect(), read);
        Ok(())
    }

    /// Has the keys that may sign a plugin be these and no others.
    pub(crate) fn set_keys(&mut self, plugin: &PluginId, wanted: BTreeSet<PublicKey>) -> Result<(), Failure> {
        edit(self.list_of(plugin, "keys")?, wanted, |text| text.parse().ok());
        Ok(())
    }

    /// Has the keys that may sign nothing be these, in every environment: a key that was stolen is stolen everywhere.
    pub(crate) fn set_revoked(&mut self, wanted: BTreeSet<PublicKey>) -> Result<(), Failure> {
        let Some(array) = array(self.document.as_table_mut(), &["trust"], "revoked") else {
            let message = format!("{}: its `trust` has a form that cannot be changed from here", self.path.display());
            return Err(Failure::usage(message, "write it as a table: [trust]"));
        };
        edit(array, wanted, |text| text.parse().ok());
        Ok(())
    }

    /// Has a registry be this one, in this environment.
    pub(crate) fn set_registry(&mut self, name: &str, registry: &RegistrySettings) -> Result<(), Failure> {
        let odd = self.odd_registries();
        let place = self.place(&["registries", name]);
        let names: Vec<&str> = place.iter().map(String::as_str).collect();
        let table = table(self.document.as_table_mut(), &names).ok_or(odd)?;
        let list = |texts: Vec<String>| Value::from(texts.into_iter().collect::<Array>());
        let mut set = |key: &str, value: Option<Value>| match value {
            Some(value) => {
                table.insert(key, Item::Value(value));
            }
            None => {
                table.remove(key);
            }
        };
        set("url", Some(registry.url.as_str().into()));
        set("key", registry.key.as_ref().map(|key| key.to_string().into()));
        let patterns = !registry.plugins.is_empty();
        set("plugins", patterns.then(|| list(registry.plugins.iter().map(ToString::to_string).collect())));
        let mirrors = !registry.mirrors.is_empty();
        set("mirrors", mirrors.then(|| list(registry.mirrors.clone())));
        set("insecure", registry.insecure.then(|| true.into()));
        Ok(())
    }

    /// Has no registry be called so, in this environment; `false` if none was.
    pub(crate) fn remove_registry(&mut self, name: &str) -> Result<bool, Failure> {
        let odd = self.odd_registries();
        let place = self.place(&["registries"]);
        let names: Vec<&str> = place.iter().map(String::as_str).collect();
        let is_there = self.settings()?.registries().contains_key(name);
        if !is_there {
            return Ok(false);
        }
        Ok(table(self.document.as_table_mut(), &names).ok_or(odd)?.remove(name).is_some())
    }

    /// Where something stands in this environment.
    fn place(&self, names: &[&str]) -> Vec<String> {
        let environment = self.environment.iter().flat_map(|name| ["env", name]);
        environment.chain(names.iter().copied()).map(str::to_owned).collect()
    }

    fn odd_registries(&self) -> Failure {
        let message =
            format!("{}: what it says of registries has a form that cannot be changed from here", self.path.display());
        Failure::usage(message, "write each as a table: [registries.NAME]")
    }

    /// A list of a plugin's, in this environment.
    fn list_of(&mut self, plugin: &PluginId, list: &str) -> Result<&mut Array, Failure> {
        let odd = self.odd(plugin);
        let mut names = Vec::new();
        if let Some(environment) = &self.environment {
            names.extend(["env", environment]);
        }
        names.extend(["plugins", plugin.as_str()]);
        array(self.document.as_table_mut(), &names, list).ok_or(odd)
    }

    fn odd(&self, plugin: &PluginId) -> Failure {
        let message =
            format!("{}: what it says of {plugin} has a form that cannot be changed from here", self.path.display());
        Failure::usage(message, format!("write it as a table: [plugins.\"{plugin}\"]"))
    }

    /// Lets others change the file until this is saved.
    pub(crate) fn release(&mut self) {
        self.lock = None;
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    ///
    /// That of the system; a file that was released, and changed by somebody else: it stays as they left it.
    pub(crate) fn save(&mut self) -> Result<(), Failure> {
        if self.lock.is_none() {
            self.lock = Some(lock(&self.path.with_extension("lock"), PATIENCE, CHANGING)?);
            if read(&self.path)? != self.text {
                let message = format!("{} was changed meanwhile, and stays as it is now", self.path.display());
                return Err(Failure::new(Code::Conflict, message).help("run the command again"));
            }
        }
        let folder = self.target.parent().unwrap_or(Path::new("/"));
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
            file.write_all(self.document.to_string().as_bytes())?;
            if let Ok(old) = self.target.metadata() {
                file.as_file().set_permissions(old.permissions())?;
            }
            file.as_file().sync_all()?;
            file.persist(&self.target)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(|error| Failure::file(&self.path, &error))
    }
}

/// The table of these names, made where it is not there; none, where something else is there.
fn table<'a>(root: &'a mut Table, names: &[&str]) -> Option<&'a mut dyn TableLike> {
    let mut at: &mut dyn TableLike = root;
    let mut is_inline = false;
    for (index, name) in names.iter().enumerate() {
        let is_last = index + 1 == names.len();
        let item = at.entry(name).or_insert_with(|| match is_inline {
            // What is in braces stays in braces.
            true => Item::Value(InlineTable::new().into()),
            false => {
                let mut table = Table::new();
                table.set_implicit(!is_last);
                Item::Table(table)
            }
        });
        is_inline = item.is_inline_table();
        at = item.as_table_like_mut()?;
    }
    Some(at)
}

/// The list of this name in the table of these names, made where it is not there.
fn array<'a>(root: &'a mut Table, names: &[&str], list: &str) -> Option<&'a mut Array> {
    table(root, names)?.entry(list).or_insert_with(|| Item::Value(Array::new().into())).as_array_mut()
}

/// Has a list say what is wanted and no more; `read` is what an entry means.
fn edit<T: Ord + Display>(array: &mut Array, wanted: BTreeSet<T>, read: impl Fn(&str) -> Option<T>) {
    let before =
        |value: &Value| value.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned();
    // In a list with a line for each, the new ones get theirs.
    let last = array.iter().last().map(before).unwrap_or_default();
    let indent = last.rfind('\n').map(|at| last[at..].to_owned());
    let mut missing = wanted;
    // Comments that stand before an entry that goes; they can be about the entry before it.
    let mut comments = String::new();
    let mut index = 0;
    while let Some(entry) = array.get_mut(index) {
        let stays = entry.as_str().and_then(&read).is_some_and(|entry| missing.remove(&entry));
        let space = before(entry);
        if stays {
            if !comments.is_empty() {
                entry.decor_mut().set_prefix(std::mem::take(&mut comments) + &space);
            }
            index += 1;
        } else {
            if let (true, Some(end)) = (space.contains('#'), space.rfind('\n')) {
                comments.push_str(&space[..end]);
            }
            array.remove(index);
        }
    }
    for wanted in missing {
        let value = Value::from(wanted.to_string());
        match &indent {
            Some(indent) => array.push_formatted(value.decorated(std::mem::take(&mut comments) + indent, "")),
            None => array.push(value),
        }
    }
    if !comments.is_empty() {
        let trailing = array.trailing().as_str().unwrap_or_default().to_owned();
        array.set_trailing(comments + &trailing);
    }
}

/// What the file says; nothing, where there is none.
fn read(path: &Path) -> Result<String, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Failure::file(path, &error)),
    }
}

/// Keeps other commands from doing the same, as long as what this gives lives: however this process ends, they go on then.
pub(crate) fn lock(path: &Path, patience: Duration, doing: &str) -> Result<File, Failure> {
    let until = Instant::now() + patience;
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(|error| Failure::file(path, &error))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(Failure::file(path, &error)),
            Err(TryLockError::WouldBlock) if Instant::now() > until => {
                return Err(Failure::new(Code::Unavailable, format!("another command is {doing}"))
                    .help("wait until it has ended, and try again"));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(texts: &[&str]) -> Permissions {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// The file after a list of `ai.hal9.x` was set.
    fn after(text: &str, environment: Option<&str>, list: &str, wanted: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hal9.toml");
        std::fs::write(&path, text).unwrap();
        let id: PluginId = "ai.hal9.x".parse().unwrap();
        let mut file = PolicyFile::open(&path, environment).unwrap();
        file.set(&id, list, &set(wanted)).unwrap();
        file.save().unwrap();
        let settings = Settings::read(&path, environment).unwrap().plugin(&id);
        let read = if list == "grant" { settings.grant.unwrap() } else { settings.deny };
        assert_eq!(read, set(wanted), "what was written is what is read");
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn comments_order_and_spelling_stay() {
        let text = "# mine\n[plugins.\"ai.hal9.y\"]\ngrant = []\n\n[plugins.\"ai.hal9.x\"]   # the one\ngrant = [\n    \
                    \"env:HOME\", # why\n    \"Hal9Memory\",\n]\nlimits = { memory = \"1MiB\" }\n";
        let changed = after(text, None, "grant", &["SystemEnv:HOME", "SystemTime"]);
        let expected = text.replace("    \"Hal9Memory\",\n", "    \"SystemTime\",\n");
        assert_eq!(changed, expected);
        assert_eq!(
            after(text, None, "grant", &["SystemEnv:HOME", "Hal9Memory"]),
            text,
            "nothing is changed for nothing"
        );
    }

    #[test]
    fn an_entry_goes_without_its_neighbours_comment() {
        let text = "[plugins.\"ai.hal9.x\"]\ngrant = [\n    \"env:HOME\", # why\n    \"Hal9Memory\",\n]\n";
        assert_eq!(after(text, None, "grant", &["SystemEnv:HOME"]), text.replace("\n    \"Hal9Memory\",", ""));
    }

    #[test]
    fn tables_are_made_where_they_are_not_there() {
        let head = "[plugins.\"ai.hal9.x\"]\n";
        assert_eq!(after("", None, "deny", &["Hal9Memory"]), format!("{head}deny = [\"Hal9Memory\"]\n"));
        let made = after("[plugins.\"ai.hal9.x\".limits]\nmemory = \"1MiB\"\n", None, "grant", &["SystemTime"]);
        assert!(made.contains("grant = [\"SystemTime\"]") && made.contains("memory = \"1MiB\""), "{made}");
        let made = after("plugins = { \"ai.hal9.y\" = { grant = [] } }\n", None, "grant", &["SystemTime"]);
        assert_eq!(made.lines().count(), 1, "{made}");
        let made = after("plugins.\"ai.hal9.y\".grant = []\n", None, "grant", &["SystemTime"]);
        assert!(made.contains("plugins.\"ai.hal9.y\".grant = []"), "{made}");
        let text = "[env.production]\n";
        let made = after(text, Some("production"), "grant", &["SystemTime"]);
        assert!(made.contains("[env.production.plugins.\"ai.hal9.x\"]\ngrant = [\"SystemTime\"]"), "{made}");
    }

    #[test]
    fn changes_at_once_are_all_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hal9.toml");
        // Guards the lock: without it, one would write over what another has written.
        std::thread::scope(|scope| {
            for n in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    let id: PluginId = "ai.hal9.x".parse().unwrap();
                    let mut file = PolicyFile::open(path, None).unwrap();
                    let mut granted = file.settings().unwrap().plugin(&id).grant.unwrap_or_default();
                    granted.insert(format!("Hal9Memory:{n}").parse().unwrap());
                    file.set(&id, "grant", &granted).unwrap();
                    file.save().unwrap();
                });
            }
        });
        let settings = Settings::read(&path, None).unwrap();
        assert_eq!(settings.plugin(&"ai.hal9.x".parse().unwrap()).grant.unwrap().len(), 8);
    }

    #[test]
    fn what_others_changed_after_a_release_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hal9.toml");
        let id: PluginId = "ai.hal9.x".parse().unwrap();
        let open = |wanted: &str| {
            let mut file = PolicyFile::open(&path, None).unwrap();
            file.set(&id, "grant", &set(&[wanted])).unwrap();
            file
        };
        let mut mine = open("SystemTime");
        mine.release();
        open("SystemRandom").save().unwrap();
        let theirs = std::fs::read_to_string(&path).unwrap();
        assert_eq!(mine.save().unwrap_err().code, Code::Conflict);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), theirs);
        drop(mine);
        let mut mine = open("SystemTime");
        mine.release();
        mine.save().unwrap();
        assert_ne!(std::fs::read_to_string(&path).unwrap(), theirs, "nobody else had changed it");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.toml"), folder.path().join("hal9.toml"));
        std::fs::write(&real, "").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let mut file = PolicyFile::open(&link, None).unwrap();
        file.set(&"ai.hal9.x".parse().unwrap(), "deny", &set(&["SystemTime"])).unwrap();
        file.save().unwrap();
        assert!(link.is_symlink() && std::fs::read_to_string(&real).unwrap().contains("SystemTime"));
    }
}
