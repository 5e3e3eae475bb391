use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use hal9_registry_server::{Config, Error, Retention, Server, backup, prune, restore, rotate_keys};
use reqwest::Method;
use serde_json::{Value, json};

use crate::site::{Answer, Author, Site, files, now, package};

pub(crate) const YANK: &str = "/v1/plugins/test.words/versions/1.0.0/yank";

pub(crate) async fn published() -> (Site, String, Author) {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    for version in ["1.0.0", "1.1.0"] {
        site.published(&token, &author, &package("test.words", version)).await;
    }
    (site, token, author)
}

#[tokio::test]
async fn a_backup_is_made_and_brought_back_while_it_is_served() {
    let (site, token, author) = published().await;
    let out = tempfile::tempdir().unwrap();
    let tar = out.path().join("backup.tar");
    let saved = backup(site.data(), &tar).unwrap();
    assert_eq!((saved.packages, saved.registry), (2, site.identity().await));
    let (before, _) = site.head().await;
    let second = site.token("ada", &["read"]).await;
    site.published(&token, &author, &package("test.later", "1.0.0")).await;
    let revoked = token.split('_').nth(1).unwrap().to_owned();
    let (later, _) = site.head().await;
    rotate_keys(site.data(), true).unwrap();
    assert_eq!(site.delete(&format!("/v1/tokens/{revoked}"), &token).await.status, 204);

    let restored = restore(&tar, site.data()).unwrap();
    let (head, root) = site.head().await;
    assert!(head.version > later.version && restored.index == head.version, "no client sees an older index");
    assert_eq!((root.version, head.plugins, restored.plugins), (2, 1, 1));
    assert!(site.record("test.later").await.is_none());
    let record = site.record("test.words").await.unwrap();
    assert_eq!(record.versions.len(), 2);
    assert_eq!(site.get(&format!("/v1/blobs/{}", record.versions[0].package)).await.status, 200);
    for gone in [&token, &second] {
        let answer = Answer::of(site.request(Method::GET, "/v1/account", Some(gone))).await;
        answer.refused(401, "permission-denied", "unauthenticated");
    }
    // It goes on as if nothing had been.
    let token = site.token("ada", &["publish"]).await;
    site.published(&token, &author, &package("test.words", "1.2.0")).await;
    assert!(site.head().await.0.version > before.version);
    assert_eq!(site.get("/v1/plugins?q=words").await.json::<Value>()["total"], 1);
    let left: Vec<_> =
        fs::read_dir(site.data()).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!left.iter().any(|name| name.starts_with("backup-") || name.starts_with("restore-")), "{left:?}");
}

#[tokio::test]
async fn a_backup_makes_a_registry_of_an_empty_folder_and_not_of_anothers() {
    let (site, token, author) = published().await;
    let out = tempfile::tempdir().unwrap();
    let tar = out.path().join("backup.tar");
    backup(site.data(), &tar).unwrap();
    let identity = site.identity().await;
    // What clients have seen by then was published after the backup.
    for version in ["2.0.0", "2.1.0"] {
        site.published(&token, &author, &package("test.words", version)).await;
    }
    let (head, _) = site.head().await;
    let folder = tempfile::tempdir().unwrap();
    restore(&tar, folder.path()).unwrap();
    let other = Site::on(folder, |_| {}).await;
    assert_eq!(other.identity().await, identity);
    assert!(other.head().await.0.version > head.version);
    assert_eq!(other.record("test.words").await.unwrap().versions.len(), 2);
    let token = other.token("ada", &["publish"]).await;
    assert!(!token.is_empty());
    let third = Site::start().await;
    assert!(matches!(restore(&tar, third.data()), Err(Error::Folder { .. })));
    assert_ne!(third.identity().await, identity);
    assert!(matches!(backup(out.path(), &tar), Err(Error::Folder { .. })));
}

/// A tar file of some files; the first name is not checked by what writes it.
fn tar_of(path: &Path, members: &[(&str, &[u8])]) {
    let mut builder = tar::Builder::new(fs::File::create(path).unwrap());
    for (name, bytes) in members {
        let mut header = tar::Header::new_old();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.finish().unwrap();
}

#[tokio::test]
async fn files_that_are_no_backups_are_refused_and_change_nothing() {
    let (site, _, _) = published().await;
    let out = tempfile::tempdir().unwrap();
    let good = out.path().join("good.tar");
    backup(site.data(), &good).unwrap();
    let mut members: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut archive = tar::Archive::new(fs::File::open(&good).unwrap());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        members.insert(name, bytes);
    }
    let about = members["hal9-registry.json"].clone();
    let database = members["registry.db"].clone();
    let blob = members.keys().find(|name| name.starts_with("blobs/")).unwrap().clone();
    let front = ("hal9-registry.json", about.as_slice());
    let mut damaged = database.clone();
    damaged[100..8_000].fill(0xff);
    let bad: &[&[(&str, &[u8])]] = &[
        &[],
        &[("registry.db", &database)],
        &[front],
        &[front, ("registry.db", b"no database")],
        &[front, ("registry.db", &damaged)],
        &[front, ("registry.db", &database)],
        &[front, ("../escaped", b"x")],
        &[front, ("/tmp/hal9-escaped", b"x")],
        &[front, ("keys/other.key", b"x")],
        &[front, ("blobs/../x", b"x")],
        &[front, (&blob, b"something else")],
        &[front, front, ("registry.db", &database)],
        &[("hal9-registry.json", b"{\"format\": 2, \"registry\": \"x\", \"made\": 0}"), ("registry.db", &database)],
    ];
    let whole: Vec<(&str, &[u8])> = std::iter::once(front)
        .chain(
            members.iter().filter(|(name, _)| *name != front.0).map(|(name, bytes)| (name.as_str(), bytes.as_slice())),
        )
        .collect();
    let with = |more: (&'static str, &'static [u8])| [whole.clone(), vec![more]].concat();
    let altered: Vec<_> =
        whole.iter().map(|(name, bytes)| (*name, if *name == blob { b"x" } else { *bytes })).collect();
    let lacking: Vec<_> = whole.iter().filter(|(name, _)| *name != blob).copied().collect();
    let changed = out.path().join("changed.db");
    let strange: Vec<Vec<u8>> = [
        "CREATE TRIGGER t AFTER INSERT ON account BEGIN DELETE FROM owner; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE more (x)",
        "DROP TABLE notice",
    ]
    .into_iter()
    .map(|sql| {
        fs::write(&changed, &database).unwrap();
        rusqlite::Connection::open(&changed).unwrap().execute_batch(sql).unwrap();
        fs::read(&changed).unwrap()
    })
    .collect();
    let strange = strange.iter().map(|strange| {
        whole
            .iter()
            .map(|(name, bytes)| (*name, if *name == "registry.db" { strange.as_slice() } else { *bytes }))
            .collect()
    });
    let twice = [whole.clone(), vec![("registry.db", database.as_slice())]].concat();
    let wrong =
        [altered, lacking, twice, with(("../escaped", b"x")), with(("keys/../escaped", b"x")), with(("more", b"x"))];
    let wrong: Vec<Vec<(&str, &[u8])>> = wrong.into_iter().chain(strange).collect();
    let bad: Vec<&[(&str, &[u8])]> = bad.iter().copied().chain(wrong.iter().map(Vec::as_slice)).collect();
    let before = site.head().await.0;
    for (at, members) in bad.iter().enumerate() {
        let path = out.path().join("bad.tar");
        tar_of(&path, members);
        let fresh = out.path().join(format!("fresh-{at}"));
        for data in [site.data(), &fresh] {
            let error = restore(&path, data).unwrap_err();
            assert!(matches!(error, Error::Backup { .. }), "{at}: {error}");
        }
        assert!(!fresh.join("registry.db").exists(), "{at}");
    }
    fs::write(out.path().join("bad.tar"), b"no tar file at all").unwrap();
    assert!(matches!(restore(&out.path().join("bad.tar"), site.data()), Err(Error::Backup { .. })));
    assert_eq!(site.head().await.0, before);
    assert!(!Path::new("/tmp/hal9-escaped").exists() && !out.path().join("escaped").exists());
}

#[tokio::test]
async fn what_is_over_and_what_nobody_refers_to_is_taken_out() {
    let (site, token, author) = published().await;
    let packages = || files(&site.data().join("store/blobs")).len();
    fs::write(site.data().join("uploads/stray"), b"x").unwrap();
    let stray = hal9_package::Digest::of(b"stray");
    let place = site.data().join("store/blobs").join(&stray.hex()[..2]);
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join(stray.hex()), b"stray").unwrap();
    let begun = site.upload(&token, b"an upload that goes on").await;
    assert_eq!(site.put(YANK, &token, json!({"reason": "wrong"})).await.status, 204);
    let pruned = prune(site.data(), &Retention::default()).unwrap();
    assert_eq!((pruned.files, pruned.bytes, pruned.withdrawn, packages()), (1, 5, 0, 2));
    let left: Vec<_> = files(&site.data().join("uploads"));
    assert!(left.len() == 1 && left[0].ends_with(&begun), "{left:?}");

    let keep = |seconds| Retention { keep_yanked: Some(Duration::from_secs(seconds)) };
    assert_eq!(prune(site.data(), &keep(1_000)).unwrap().withdrawn, 0);
    assert_eq!(prune(site.data(), &keep(0)).unwrap().withdrawn, 1);
    assert_eq!(packages(), 1);
    let record = site.record("test.words").await.unwrap();
    assert_eq!((record.versions[0].withdrawn, record.versions[1].withdrawn), (true, false));
    let gone = site.get(&format!("/v1/blobs/{}", record.versions[0].package)).await;
    gone.refused(404, "not-found", "withdrawn");
    // The version stays taken.
    let mut other = crate::site::manifest("test.words", "1.0.0");
    other["metadata"]["description"] = "other".into();
    let other = crate::site::package_of(&other);
    site.publish(&token, &author, &other).await.refused(409, "conflict", "different");
}

#[tokio::test]
async fn a_database_of_a_newer_hal9_is_left_alone_and_an_older_one_comes_up_to_date() {
    let site = Site::start().await;
    let folder = site.stop().await;
    let database = folder.path().join("registry.db");
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection.pragma_update(None, "user_version", 1_000).unwrap();
    let error = Server::open(Config::new(folder.path())).unwrap_err();
    assert!(matches!(error, Error::Newer { found: 1_000, .. }), "{error}");
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 1_000);
    // One that a process was killed before it made anything of.
    let empty = tempfile::tempdir().unwrap();
    fs::write(empty.path().join("registry.db"), b"").unwrap();
    let site = Site::on(empty, |_| {}).await;
    assert!(site.head().await.0.expires > now());
}
