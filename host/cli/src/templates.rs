//! Owns the projects that plugins begin as: the files in `templates/`, which are in this program, and how a plugin's own names
//! get into them. It refuses to know where a project is put.
//!
//! A template is a project called `example-plugin`; whatever is called so in it is renamed. Its files are those of `any/KIND`, of
//! `LANGUAGE/common` and of `LANGUAGE/KIND`, of which a later one takes the place of one before.

mod sdk;

use std::collections::BTreeMap;
use std::path::PathBuf;

use hal9_package::PluginId;
use include_dir::{Dir, DirEntry, include_dir};

use crate::args::NewKind;
use crate::languages::Language;

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Files by their paths below a project's folder.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What a plugin is called, in every way that files spell it.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// `word-count`
    name: String,
    id: PluginId,
}

impl Names {
    pub(crate) fn new(name: &str, id: PluginId) -> Self {
        Self { name: name.to_owned(), id }
    }

    /// A text of a template with the names of the plugin in it.
    fn put_into(&self, text: &str) -> String {
        let words: Vec<_> = self.name.split('-').map(capitalised).collect();
        let spelled = [
            // The id has the name in it.
            ("local.example-plugin", self.id.to_string()),
            ("example-plugin", self.name.clone()),
            ("example_plugin", self.name.replace('-', "_")),
            ("ExamplePlugin", words.concat()),
            ("Example Plugin", words.join(" ")),
        ];
        // One after the other would find the names of one in another.
        let mut text = text;
        let mut out = String::with_capacity(text.len());
        while let Some((at, (from, to))) =
            spelled.iter().filter_map(|spelled| Some((text.find(spelled.0)?, spelled))).min_by_key(|(at, _)| *at)
        {
            out.push_str(&text[..at]);
            out.push_str(to);
            text = &text[at + from.len()..];
        }
        out + text
    }
}

/// The kinds that there are templates of in a language.
pub(crate) fn kinds(language: Language) -> Vec<NewKind> {
    use clap::ValueEnum as _;
    let is_there = |kind: &NewKind| TEMPLATES.get_dir(format!("{}/{}", language.name(), kind.name())).is_some();
    NewKind::value_variants().iter().copied().filter(is_there).collect()
}

/// The files of a project; none, where there is no such template.
pub(crate) fn project(language: Language, kind: NewKind, names: &Names) -> Option<Files> {
    let own = TEMPLATES.get_dir(format!("{}/{}", language.name(), kind.name()))?;
    let mut files = Files::new();
    let shared = [format!("any/{}", kind.name()), format!("{}/common", language.name())];
    for folder in shared.iter().filter_map(|folder| TEMPLATES.get_dir(folder)).chain([own]) {
        gather(folder, folder, language, names, &mut files);
    }
    if language == Language::Rust {
        files.extend(sdk::files());
    }
    Some(files)
}

/// Adds the files of a template, but what tools have made of it where it lies.
fn gather(root: &Dir<'_>, folder: &Dir<'_>, language: Language, names: &Names, files: &mut Files) {
    for entry in folder.entries() {
        let name = entry.path().file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match entry {
            DirEntry::Dir(folder) if !language.makes(name) => gather(root, folder, language, names, files),
            DirEntry::Dir(_) => {}
            DirEntry::File(file) => {
                let path = file.path().strip_prefix(root.path()).unwrap_or(file.path());
                let bytes = match file.contents_utf8() {
                    Some(text) => names.put_into(text).into_bytes(),
                    None => file.contents().to_owned(),
                };
                files.insert(PathBuf::from(names.put_into(&path.to_string_lossy())), bytes);
            }
        }
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_s_names_are_spelled_as_the_template_s_are() {
        let names = Names::new("word-count", "org.example-plugin.x".parse().unwrap());
        let text = "local.example-plugin, example-plugin, example_plugin(), struct ExamplePlugin; # Example Plugin";
        let written = "org.example-plugin.x, word-count, word_count(), struct WordCount; # Word Count";
        assert_eq!(names.put_into(text), written);
    }

    #[test]
    fn every_language_has_a_neuron_and_a_tool_and_rust_has_every_kind() {
        for language in Language::ALL {
            let kinds = kinds(language);
            assert!(kinds.contains(&NewKind::Neuron) && kinds.contains(&NewKind::Tool), "{language:?}: {kinds:?}");
        }
        assert_eq!(kinds(Language::Rust).len(), 5);
    }

    #[test]
    fn a_project_has_what_every_plugin_has_and_none_of_the_template_s_names() {
        let names = Names::new("zq", "local.zq".parse().unwrap());
        for language in Language::ALL {
            for kind in kinds(language) {
                let files = project(language, kind, &names).unwrap();
                let source = if language == Language::Rust { "src/lib.rs" } else { language.source() };
                for file in ["README.md", ".gitignore", source] {
                    assert!(files.contains_key(std::path::Path::new(file)), "{language:?} {kind:?}: no {file}");
                }
                for (path, bytes) in files {
                    let text = String::from_utf8(bytes).unwrap().to_lowercase().replace([' ', '_'], "-");
                    assert!(!text.contains("example-plugin"), "{language:?} {kind:?}: {}", path.display());
                }
            }
        }
    }
}
