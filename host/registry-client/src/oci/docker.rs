//! The credentials that `docker login` and its like have written into `config.json`. It runs no credential helper: those are programs
//! that a file names.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

use super::{Auth, OciError};

/// Longer files are none of docker's.
const MAX_BYTES: u64 = 1 << 20;

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl Auth {
    /// As docker has it for a registry: from `$DOCKER_CONFIG/config.json`, or `~/.docker/config.json`.
    ///
    /// # Errors
    ///
    /// As [`from_docker_config`](Self::from_docker_config).
    pub fn from_docker(registry: &str) -> Result<Self, OciError> {
        let folder = match std::env::var_os("DOCKER_CONFIG") {
            Some(folder) if !folder.is_empty() => Some(PathBuf::from(folder)),
            _ => std::env::home_dir().map(|home| home.join(".docker")),
        };
        match folder {
            Some(folder) => Self::from_docker_config(&folder.join("config.json"), registry),
            None => Ok(Self::Anonymous),
        }
    }

    /// As a `config.json` of docker's has it for a registry, among its `auths`; [`Auth::Anonymous`] where there is no such file or entry.
    ///
    /// # Errors
    ///
    /// [`OciError::Credentials`] for a file that cannot be read or is no such file, and for an entry that holds an identity token alone.
    pub fn from_docker_config(path: &Path, registry: &str) -> Result<Self, OciError> {
        let wrong = |reason: String| OciError::Credentials { path: path.display().to_string(), reason };
        let mut text = Vec::new();
        match File::open(path) {
            Ok(file) => file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(|error| wrong(error.to_string()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::Anonymous),
            Err(error) => return Err(wrong(error.to_string())),
        };
        if text.len() as u64 > MAX_BYTES {
            return Err(wrong("it is too long: docker writes a short file".to_owned()));
        }
        // What serde says of a wrong type may quote the value, which may be a password.
        let config: Config = serde_json::from_slice(&text).map_err(|error| {
            wrong(format!("line {} is not as docker writes it: log in again with docker", error.line()))
        })?;
        let Some((_, entry)) = config.auths.iter().find(|(key, _)| host(key) == host(registry)) else {
            return Ok(Self::Anonymous);
        };
        entry.read().map_err(|reason| wrong(format!("the entry of {registry} {reason}")))
    }
}

impl Entry {
    fn read(&self) -> Result<Auth, &'static str> {
        let given = |field: &Option<String>| field.clone().filter(|text| !text.is_empty());
        if let Some(token) = given(&self.registrytoken) {
            return Ok(Auth::Bearer(token));
        }
        if given(&self.identitytoken).is_some() {
            return Err("holds an identity token, which is not understood: give user and password");
        }
        if let (Some(user), Some(password)) = (given(&self.username), given(&self.password)) {
            return Ok(Auth::Basic { user, password });
        }
        let Some(auth) = given(&self.auth) else {
            return Ok(Auth::Anonymous);
        };
        let text = STANDARD.decode(auth).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match text.as_deref().and_then(|text| text.split_once(':')) {
            Some((user, password)) => {
                Ok(Auth::Basic { user: user.to_owned(), password: password.trim_end_matches('\0').to_owned() })
            }
            None => Err("is not as docker writes it: log in again with docker"),
        }
    }
}

/// The host and port of a key, which may be an address such as `https://index.docker.io/v1/`.
fn host(key: &str) -> &str {
    let rest = key.split_once("://").map_or(key, |(_, rest)| rest);
    match rest.split('/').next() {
        Some("index.docker.io" | "registry-1.docker.io") => "docker.io",
        other => other.unwrap_or(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, registry: &str) -> Result<Auth, OciError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, json).unwrap();
        Auth::from_docker_config(&path, registry)
    }

    #[test]
    fn entries_of_each_kind_are_read() {
        let ada = || Auth::Basic { user: "ada".to_owned(), password: "a:b".to_owned() };
        let auth = STANDARD.encode("ada:a:b");
        let config = format!(
            r#"{{"auths": {{"localhost:5000": {{"auth": "{auth}"}}, "https://index.docker.io/v1/": {{"auth": "{auth}"}},
                "ghcr.io": {{"username": "ada", "password": "a:b"}}, "a.io": {{"registrytoken": "t"}}, "b.io": {{}},
                "c.io": {{"identitytoken": "t", "auth": "{auth}"}}, "d.io": {{"auth": "%"}}}}, "credsStore": "pass"}}"#
        );
        assert_eq!(read(&config, "localhost:5000").unwrap(), ada());
        assert_eq!(read(&config, "docker.io").unwrap(), ada());
        assert_eq!(read(&config, "ghcr.io").unwrap(), ada());
        assert_eq!(read(&config, "a.io").unwrap(), Auth::Bearer("t".to_owned()));
        for anonymous in ["b.io", "nobody.io", "localhost:5001", "localhost"] {
            assert_eq!(read(&config, anonymous).unwrap(), Auth::Anonymous, "{anonymous}");
        }
        for refused in ["c.io", "d.io"] {
            assert_eq!(read(&config, refused).unwrap_err().code(), "usage", "{refused}");
        }
    }

    #[test]
    fn what_is_no_such_file_is_refused_without_showing_it() {
        let error = read(r#"{"auths": {"a.io": {"auth": {"secret": "hunter2"}}}}"#, "a.io").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        let error = read(r#"{"auths": {"a.io": "hunter2"}}"#, "a.io").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert_eq!(Auth::from_docker_config(Path::new("/nowhere/config.json"), "a.io").unwrap(), Auth::Anonymous);
    }
}
