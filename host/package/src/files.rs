//! Which file of a package is what, as the manifest says it. It does not know whether these files are there: the package
//! is held against it where it is read.

use std::{collections::HashMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::{path, text};

/// The files of a package, by what they are for. Each is a path in the package, such as `examples/basic.rs`; none is there
/// twice.
///
/// A path is relative, with `/` between its parts, of 240 bytes at most and without anything that a file system may take in
/// another way: no `.` or `..`, backslash, colon or control character.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// The component.
    #[serde(deserialize_with = "path")]
    pub wasm: String,
    /// What users read first.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_path")]
    pub readme: Option<String>,
    /// The text of the licence.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_path")]
    pub license: Option<String>,
    /// Examples of use.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "paths")]
    pub examples: Vec<String>,
    /// Everything else that belongs to the plugin.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "paths")]
    pub assets: Vec<String>,
}

impl Files {
    /// The greatest number of files in a package, its manifest and folders among them.
    pub const MAX: usize = 1000;

    /// The paths of all of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        [&self.wasm]
            .into_iter()
            .chain(&self.readme)
            .chain(&self.license)
            .chain(&self.examples)
            .chain(&self.assets)
            .map(String::as_str)
    }

    /// Says which two files are one, where two are: by case and by the Unicode form of their letters.
    fn check(&self) -> Result<(), String> {
        let mut seen = HashMap::from([(path::folded(crate::Package::MANIFEST), crate::Package::MANIFEST)]);
        for file in self.iter() {
            match seen.insert(path::folded(file), file) {
                Some(crate::Package::MANIFEST) => {
                    return Err(format!("`{file}` is the manifest itself: leave it out"));
                }
                Some(same) if same == file => return Err(format!("`{file}` is there twice: keep one of them")),
                Some(same) => {
                    return Err(format!(
                        "`{file}` and `{same}` are one and the same on some systems: rename one of them"
                    ));
                }
                None => {}
            }
        }
        match seen.len() {
            0..=Self::MAX => Ok(()),
            more => Err(format!("it has {more} files, and {} are allowed: pack fewer of them", Self::MAX)),
        }
    }
}

/// The files of a manifest.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Files>, D::Error> {
    struct Checked;

    impl<'de> Visitor<'de> for Checked {
        type Value = Files;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Files, A::Error> {
            let files = Files::deserialize(MapAccessDeserializer::new(entries))?;
            files.check().map_err(A::Error::custom)?;
            Ok(files)
        }
    }

    deserializer.deserialize_map(Checked).map(Some)
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text::read(deserializer, |text| path::check(text).map(|()| text.to_owned()))
}

fn some_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    path(deserializer).map(Some)
}

fn paths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct Path(#[serde(deserialize_with = "path")] String);

    let paths = Vec::<Path>::deserialize(deserializer)?;
    Ok(paths.into_iter().map(|Path(path)| path).collect())
}
