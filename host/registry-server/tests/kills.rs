//! A process that publishes is killed at any moment: what it acknowledged is there, and the index never names what is not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use hal9_package::{Digest, Manifest, Package, SecretKey, pack};
use hal9_registry_index::{Head, Root, Shard, api::Scope};
use hal9_registry_server::{Config, Offer, Server};
use rand::RngExt as _;

/// What stands in the variable when this program runs as the process that is killed.
const DATA: &str = "HAL9_REGISTRY_SERVER_TEST_DATA";

const KILLS: usize = 25;
const PASSWORD: &str = "correct horse battery";

/// The process that is killed: publishes one version after the other, with a line before and after each. Nothing to do in a run by hand.
#[tokio::test]
async fn the_other_process() {
    let Some(data) = std::env::var_os(DATA) else { return };
    let data = Path::new(&data);
    let server = Server::open(Config::new(data)).unwrap();
    let state = server.state();
    let credentials = serde_json::json!({"name": "ada", "password": PASSWORD});
    let credentials: hal9_registry_index::api::Credentials = serde_json::from_value(credentials).unwrap();
    // There is one already after the first time.
    let _ = state.make_account(credentials.clone()).await;
    let new = hal9_registry_index::api::NewToken { label: "test".to_owned(), scopes: Scope::ALL.to_vec(), days: 1 };
    let token = state.token_by_password(credentials, new).await.unwrap();
    let caller = state.authenticate(&token.secret).await.unwrap();
    let secret = std::fs::read_to_string(data.join("author.key")).unwrap();
    let secret = SecretKey::from_text(&secret, None).unwrap();
    let mut out = std::io::stdout();
    for _ in 0..1_000 {
        let version = format!("1.0.0-{}", uuid::Uuid::new_v4().simple());
        let bytes = package(&version);
        let offer = Offer {
            key: secret.public().clone(),
            signature: secret.sign(&bytes, "test").unwrap(),
            notes: String::new(),
        };
        writeln!(out, "\nbegin {version}").unwrap();
        state.publish(&caller, bytes, offer).await.unwrap();
        writeln!(out, "\ndone {version}").unwrap();
    }
}

fn package(version: &str) -> Vec<u8> {
    let manifest = serde_json::json!({
        "api_version": 1,
        "metadata": {"id": "test.killed", "name": "Killed", "version": version, "author": "Ada", "license": "MIT"},
        "files": {"wasm": "plugin.wasm"},
    });
    let manifest = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
    pack(&manifest, &BTreeMap::from([("plugin.wasm".to_owned(), b"\0asm\x0d\0\x01\0".to_vec())])).unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_is_there_and_the_index_names_nothing_else() {
    let data = tempfile::tempdir().unwrap();
    let (secret, _) = SecretKey::generate(None).unwrap();
    std::fs::write(data.path().join("author.key"), secret).unwrap();
    let (mut acknowledged, mut seen, mut cut_short) = (Vec::new(), None, 0);
    for _ in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_other_process", "--nocapture"])
            .env(DATA, data.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told = Vec::new();
        let (begun, turns) = (rand::rng().random_range(1..4), rand::rng().random_range(0..3_000));
        while told.iter().filter(|line: &&String| line.starts_with("begin")).count() < begun {
            told.push(lines.next().expect("it publishes until it is killed").unwrap());
        }
        // Somewhere in what follows.
        (0..turns).for_each(|_| std::thread::yield_now());
        child.kill().unwrap();
        child.wait().unwrap();
        told.extend(lines.map_while(Result::ok));
        let word =
            |what: &str| told.iter().filter_map(|line| line.strip_prefix(what)).map(str::to_owned).collect::<Vec<_>>();
        cut_short += usize::from(word("begin ").len() > word("done ").len());
        acknowledged.extend(word("done "));
        check(data.path(), &acknowledged, &mut seen).await;
    }
    assert!(cut_short > 0 && acknowledged.len() > KILLS / 2, "{cut_short} {}", acknowledged.len());
}

/// Reads the index as a client does, and everything that it names.
async fn check(data: &Path, acknowledged: &[String], seen: &mut Option<hal9_registry_index::Seen>) {
    let server = Server::open(Config::new(data)).unwrap();
    let (root, head) =
        server.state().read(|catalogue| Ok((catalogue.root(Some(1))?, catalogue.head()?))).await.unwrap();
    let (root, signed) = (Root::first(&root, None).unwrap(), head);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let head = Head::verify(&signed, &root, seen.as_ref(), now).unwrap();
    *seen = Some(head.seen(&signed));
    let mut named = Vec::new();
    for (id, digest) in &head.shards {
        let of = *digest;
        let bytes = server.state().read(move |catalogue| catalogue.shard(&of)).await.unwrap();
        for (plugin, record) in Shard::read(&bytes, *id, digest).unwrap().plugins {
            record.check(&plugin).unwrap();
            for version in record.versions {
                let hex = version.package.hex();
                let bytes = std::fs::read(data.join("store/blobs").join(&hex[..2]).join(&hex)).unwrap();
                assert_eq!(Digest::of(&bytes), version.package);
                version.key.verify(&bytes, &version.signature.parse().unwrap()).unwrap();
                assert_eq!(Package::read(bytes).unwrap().manifest().metadata.version, version.version);
                named.push(version.version.to_string());
            }
        }
    }
    for version in acknowledged {
        assert!(named.contains(version), "{version} was acknowledged, and is lost");
    }
}
