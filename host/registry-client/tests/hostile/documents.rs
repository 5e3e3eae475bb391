//! The documents of a registry, as whoever has its keys can make them. It does not know how they are served.

use std::collections::BTreeMap;

use hal9_package::{Digest, Manifest, PublicKey, SecretKey, Signature, pack};
use hal9_registry_index::{AuthorKey, Endorsement, Head, Record, Root, Shard, ShardId, Signed, VersionRecord, sign};

/// The time in every test.
pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const DAY: u64 = 86_400;
pub(crate) const ID: &str = "ai.hal9.word-count";

/// Whose registry it is.
pub(crate) struct Keys {
    pub(crate) identity: String,
    pub(crate) root: SecretKey,
    pub(crate) index: SecretKey,
}

pub(crate) fn key() -> SecretKey {
    SecretKey::from_text(&SecretKey::generate(None).unwrap().0, None).unwrap()
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self::of("550e8400-e29b-41d4-a716-446655440000")
    }

    pub(crate) fn of(identity: &str) -> Self {
        Self { identity: identity.to_owned(), root: key(), index: key() }
    }

    pub(crate) fn root(&self) -> Root {
        Root {
            registry: self.identity.clone(),
            version: 1,
            issued: NOW - 100 * DAY,
            root_keys: vec![self.root.public().clone()],
            index_keys: vec![self.index.public().clone()],
        }
    }

    pub(crate) fn head(&self, version: u64, shards: &[Shard]) -> Head {
        Head {
            registry: self.identity.clone(),
            root: 1,
            version,
            issued: NOW - DAY,
            expires: NOW + 6 * DAY,
            plugins: shards.iter().map(|shard| shard.plugins.len() as u64).sum(),
            shards: shards.iter().map(|shard| (shard.shard, Digest::of(&shard.to_bytes()))).collect(),
        }
    }

    pub(crate) fn sign_head(&self, head: &Head) -> Signed {
        sign(head, &[&self.index], "index").unwrap()
    }
}

/// The shards that some plugins are in.
pub(crate) fn shards(plugins: &[(&str, Record)]) -> Vec<Shard> {
    let mut shards: BTreeMap<ShardId, Shard> = BTreeMap::new();
    for (id, record) in plugins {
        let id = id.parse().unwrap();
        let shard = ShardId::of(&id);
        let entry = shards.entry(shard).or_insert_with(|| Shard { shard, plugins: BTreeMap::new() });
        entry.plugins.insert(id, record.clone());
    }
    shards.into_values().collect()
}

/// A package with a real component; `readme` tells two of one version apart.
pub(crate) fn package(id: &str, version: &str, readme: &str) -> Vec<u8> {
    let manifest = format!(
        r#"{{"api_version": 1,
            "metadata": {{"id": "{id}", "name": "Word Count", "version": "{version}", "author": "Ada", "license": "MIT"}},
            "capabilities": [{{"ToolProvider": {{"tool_name": "word-count", "description": "Counts words"}}}}],
            "permissions": ["Hal9Memory:notes/"],
            "files": {{"wasm": "plugin.wasm", "readme": "README.md"}}}}"#
    );
    let component = include_bytes!("../../../../tests/fixtures/0.1.0/tool.wasm").to_vec();
    let files = [("plugin.wasm", component), ("README.md", readme.as_bytes().to_vec())];
    let files = files.into_iter().map(|(path, content)| (path.to_owned(), content)).collect();
    pack(&Manifest::parse(manifest.as_bytes()).unwrap(), &files).unwrap()
}

/// A version as an honest index names it.
pub(crate) fn version(package: &[u8], author: &SecretKey) -> VersionRecord {
    let read = hal9_package::Package::read(package).unwrap();
    let manifest = read.manifest();
    VersionRecord {
        version: manifest.metadata.version.clone(),
        package: Digest::of(package),
        size: package.len() as u64,
        key: author.public().clone(),
        signature: signature(package, author),
        published: NOW - DAY,
        permissions: manifest.permissions.clone(),
        dependencies: manifest.dependencies.clone(),
        min_hal9_version: None,
        yanked: None,
        withdrawn: false,
    }
}

pub(crate) fn signature(package: &[u8], author: &SecretKey) -> String {
    let text = author.sign(package, "a package").unwrap();
    let signature: Signature = text.parse().unwrap();
    author.public().verify(package, &signature).unwrap();
    text
}

pub(crate) fn record(author: &SecretKey, versions: &[VersionRecord]) -> Record {
    let keys = vec![AuthorKey { key: author.public().clone(), endorsement: None }];
    Record { keys, versions: versions.to_vec(), deprecated: None, notices: Vec::new() }
}

pub(crate) fn endorsed(id: &str, key: &PublicKey, by: &SecretKey) -> AuthorKey {
    let endorsement = Endorsement { plugin: id.parse().unwrap(), key: key.clone() };
    AuthorKey { key: key.clone(), endorsement: Some(sign(&endorsement, &[by], "endorsement").unwrap()) }
}
