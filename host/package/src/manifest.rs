//! The manifest: what a plugin says of itself, read strictly and within bounds. It does not know whether the component
//! beside it keeps the promise, or where the text came from.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{
    Capability, Files, Limits, ManifestError, ParseError, Permissions, PluginId, RuntimePolicy, capability, files,
    json, text,
};

/// What a plugin says of itself.
///
/// The JSON form is the one that a component carries in its custom section [`Manifest::SECTION`], or that stands in
/// `manifest.json` beside a plugin without the SDK.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the plugin interface that the plugin is written for: [`Manifest::API_VERSION`].
    pub api_version: u32,
    /// Who the plugin is.
    #[serde(deserialize_with = "json::fields")]
    pub metadata: Metadata,
    /// What it offers. May be empty.
    #[serde(default, deserialize_with = "capability::list")]
    pub capabilities: Vec<Capability>,
    /// What it asks for. Nothing of it is granted by being here.
    #[serde(default)]
    pub permissions: Permissions,
    /// How much it may use up; what the manifest leaves out has its default.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "json::fields")]
    pub limits: Limits,
    /// When its instances are made, kept and replaced; what the manifest leaves out has its default.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "json::fields")]
    pub runtime: RuntimePolicy,
    /// The oldest HAL9 that it works with.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_version")]
    pub min_hal9_version: Option<semver::Version>,
    /// The plugins that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "dependencies")]
    pub dependencies: Vec<Dependency>,
    /// The JSON Schema of its configuration, an object.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "json::schema")]
    pub configuration: Option<Value>,
    /// The files of its package; absent where the plugin is none yet.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "files::read")]
    pub files: Option<Files>,
}

/// Who a plugin is. All texts are one printable line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// The identity, the same for all versions.
    pub id: PluginId,
    /// What people call it; 1 to 128 bytes.
    #[serde(deserialize_with = "text::name::<_, 128>")]
    pub name: String,
    /// The version of the plugin.
    #[serde(deserialize_with = "version")]
    pub version: semver::Version,
    /// Who wrote it; at most 256 bytes.
    #[serde(deserialize_with = "text::line::<_, 256>")]
    pub author: String,
    /// What it does; at most 4096 bytes.
    #[serde(default, deserialize_with = "text::line::<_, 4096>")]
    pub description: String,
    /// Its licence, best as an SPDX expression; at most 256 bytes.
    #[serde(deserialize_with = "text::line::<_, 256>")]
    pub license: String,
    /// Where its source is: an `https://` or `http://` address.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "web_address")]
    pub repository: Option<String>,
    /// What it is found by in a registry: at most [`MAX_TAGS`](Self::MAX_TAGS), each 1 to 32 of `a-z`, `0-9` and `-`.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "tags")]
    pub tags: Vec<String>,
}

/// Another plugin that must be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// Which one.
    pub plugin_id: PluginId,
    /// The versions of it that will do, such as `^1.0`.
    #[serde(deserialize_with = "version_requirement")]
    pub version: semver::VersionReq,
}

impl Metadata {
    /// The greatest number of tags.
    pub const MAX_TAGS: usize = 8;
}

impl Manifest {
    /// The custom section of a core module that carries the JSON.
    pub const SECTION: &str = "hal9:manifest";
    /// The version of the plugin interface that this crate reads.
    pub const API_VERSION: u32 = 1;
    /// The greatest length of the JSON in bytes.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// Reads a manifest from its JSON, which may be hostile.
    ///
    /// # Errors
    ///
    /// [`ManifestError`] for more than [`MAX_BYTES`](Self::MAX_BYTES), for what is not JSON or nested more than 127 deep,
    /// for an unknown or duplicate key at any level, and for a value that its place does not allow.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        if json.len() > Self::MAX_BYTES {
            return Err(ManifestError::TooLarge { size: json.len(), max: Self::MAX_BYTES });
        }
        // Some editors begin every file with a byte order mark, which JSON's readers may skip (RFC 8259, 8.1).
        let json = json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(json);
        match read(json) {
            Ok(manifest) if manifest.api_version == Self::API_VERSION => Ok(manifest),
            result => Err(other_version(json).unwrap_or_else(|| match result {
                Ok(manifest) => ManifestError::ApiVersion { found: manifest.api_version.into() },
                Err(error) => error,
            })),
        }
    }

    /// The JSON form, indented, ending in a line break. [`parse`](Self::parse) reads it back to an equal manifest, unless
    /// the indentation makes it longer than [`MAX_BYTES`](Self::MAX_BYTES).
    pub fn to_json(&self) -> String {
        // Every map in here has text keys and no writer is involved, which are the two ways in which this can fail.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

fn read(json: &[u8]) -> Result<Manifest, ManifestError> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let json::Object(manifest) = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| ManifestError::at(&error.path().to_string(), error.inner()))?;
    reader.end().map_err(|error| ManifestError::at(".", &error))?;
    Ok(manifest)
}

/// The error of a manifest of another version: what else seems wrong with it may well be right there.
fn other_version(json: &[u8]) -> Option<ManifestError> {
    #[derive(Deserialize)]
    struct OnlyVersion {
        api_version: u64,
    }
    let OnlyVersion { api_version: found } = serde_json::from_slice(json).ok()?;
    (found != u64::from(Manifest::API_VERSION)).then_some(ManifestError::ApiVersion { found })
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn dependencies<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Dependency>, D::Error> {
    let name = |json::Object(one): &json::Object<Dependency>| format!("the plugin \"{}\"", one.plugin_id);
    let dependencies = json::distinct(deserializer, name)?;
    Ok(dependencies.into_iter().map(|json::Object(one)| one).collect())
}

fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct Tag(#[serde(deserialize_with = "tag")] String);

    let tags = json::distinct(deserializer, |Tag(tag)| format!("the tag \"{tag}\""))?;
    if tags.len() > Metadata::MAX_TAGS {
        let message = format!("it has {} tags: write at most {}", tags.len(), Metadata::MAX_TAGS);
        return Err(serde::de::Error::custom(message));
    }
    Ok(tags.into_iter().map(|Tag(tag)| tag).collect())
}

fn tag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    text::read(deserializer, |tag| {
        if !(1..=32).contains(&tag.len()) || !tag.bytes().all(plain) {
            return Err(ParseError::new(tag, "a tag", "write 1 to 32 characters out of a-z, 0-9 and `-`").to_string());
        }
        Ok(tag.to_owned())
    })
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<semver::Version, D::Error> {
    text::read(deserializer, |text| {
        text::check_line(text, 128)?;
        text.parse().map_err(|error| {
            let fix = format!("{error}; write three numbers such as \"1.2.0\"");
            ParseError::new(text, "a semantic version", fix).to_string()
        })
    })
}

fn some_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<semver::Version>, D::Error> {
    version(deserializer).map(Some)
}

fn version_requirement<'de, D: Deserializer<'de>>(deserializer: D) -> Result<semver::VersionReq, D::Error> {
    text::read(deserializer, |text| {
        text::check_line(text, 256)?;
        text.parse().map_err(|error| {
            let fix = format!("{error}; write one such as \"^1.0\" or \">=1.2, <3\"");
            ParseError::new(text, "a version requirement", fix).to_string()
        })
    })
}

/// Pages and terminals make links of it, so no other scheme.
fn web_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text::read(deserializer, |address| {
        text::check_line(address, 2048)?;
        let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) || address.contains(char::is_whitespace) {
            let fix = "write one that begins with \"https://\"";
            return Err(ParseError::new(address, "a web address", fix).to_string());
        }
        Ok(Some(address.to_owned()))
    })
}
