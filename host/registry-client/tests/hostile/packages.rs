//! Packages that are not what the index names, come in pieces, or never end.

use std::sync::{Arc, Mutex};

use hal9_package::{Digest, PublicKey, SecretKey};
use hal9_registry_client::{Downloaded, Error, Progress, Registry};
use hal9_registry_index::{VersionRecord, api::ProblemCode};
use tempfile::TempDir;

use crate::{
    documents::{ID, endorsed, key, package, record, signature, version},
    server::{Reply, Server, blob_path, client, settings},
};

struct Shop {
    server: Server,
    folder: TempDir,
    author: SecretKey,
    bytes: Vec<u8>,
    version: VersionRecord,
}

impl Shop {
    async fn open() -> Self {
        let (author, bytes) = (key(), package(ID, "1.0.0", &"read me ".repeat(1000)));
        let version = version(&bytes, &author);
        let server = Server::start().await;
        server.blob(&bytes);
        Self { server, folder: TempDir::new().unwrap(), author, bytes, version }
    }

    fn registry(&self) -> Registry {
        client(&self.server.url, &self.folder)
    }

    async fn download(&self) -> Result<Downloaded, Error> {
        self.download_as(&self.version, &[self.author.public().clone()]).await
    }

    async fn download_as(&self, version: &VersionRecord, believed: &[PublicKey]) -> Result<Downloaded, Error> {
        self.registry().download(&ID.parse().unwrap(), version, believed, &|_| {}).await
    }

    fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        self.server.replies("GET", &blob_path(&self.bytes), replies);
    }

    fn kept(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.folder.path().join("packages")).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn part(&self) -> std::path::PathBuf {
        self.folder.path().join(format!("packages/{}.part", self.version.package.hex()))
    }
}

fn ranges(server: &Server) -> Vec<Option<String>> {
    let range = |asked: crate::server::Asked| Some(asked.headers.get("range")?.to_str().unwrap().to_owned());
    server.asked().into_iter().map(range).collect()
}

#[tokio::test]
async fn a_package_is_fetched_once_and_told_how_far_it_is() {
    let shop = Shop::open().await;
    let seen: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let watch = |progress| seen.lock().unwrap().push(progress);
    let believed = [shop.author.public().clone()];
    let done = shop.registry().download(&ID.parse().unwrap(), &shop.version, &believed, &watch).await.unwrap();
    assert_eq!(done.package.bytes(), shop.bytes);
    assert_eq!(std::fs::read(&done.path).unwrap(), shop.bytes);
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.last().map(|last| (last.done, last.total)), Some((shop.version.size, shop.version.size)));
    assert!(seen.windows(2).all(|pair| pair[0].done <= pair[1].done), "{seen:?}");
    shop.download().await.unwrap();
    assert_eq!(shop.server.paths().len(), 1, "the second time it is there");
    assert_eq!(shop.kept(), [shop.version.package.hex()]);
    shop.registry().discard(&shop.version.package).unwrap();
    assert!(shop.kept().is_empty());
}

#[tokio::test]
async fn a_package_that_was_changed_is_refused_and_not_kept() {
    let shop = Shop::open().await;
    let mut changed = shop.bytes.clone();
    changed[500] ^= 1;
    let longer = [shop.bytes.as_slice(), b"more"].concat();
    let other = package(ID, "1.0.0", "another");
    for bytes in [changed, longer, other, shop.bytes[..100].to_vec(), Vec::new()] {
        shop.reply([Reply::Whole(bytes)]);
        let error = shop.download().await.unwrap_err();
        assert_eq!((error.code(), error.reason()), (ProblemCode::Signature, Some("changed-package")), "{error}");
        assert_eq!(error.plugin(), Some(ID));
        assert!(!shop.kept().contains(&shop.version.package.hex()));
    }
    shop.reply([Reply::Endless]);
    let error = shop.download().await.unwrap_err();
    assert_eq!(error.reason(), Some("changed-package"), "{error}");
    assert!(shop.part().metadata().is_ok_and(|part| part.len() <= shop.version.size), "an endless one fills no disk");
    // What was refused does not stand in the way of the right one.
    shop.server.blob(&shop.bytes);
    shop.download().await.unwrap();
}

#[tokio::test]
async fn what_was_broken_off_is_gone_on_with() {
    let shop = Shop::open().await;
    shop.reply([Reply::Cut(shop.bytes.clone(), 1000), Reply::Bytes(shop.bytes.clone())]);
    shop.download().await.unwrap();
    assert_eq!(ranges(&shop.server), [None, Some("bytes=1000-".to_owned())]);
}

#[tokio::test]
async fn another_command_goes_on_where_one_was_killed() {
    let shop = Shop::open().await;
    shop.registry();
    std::fs::write(shop.part(), &shop.bytes[..2000]).unwrap();
    shop.download().await.unwrap();
    assert_eq!(ranges(&shop.server), [Some("bytes=2000-".to_owned())]);
    assert_eq!(shop.kept(), [shop.version.package.hex()]);
}

#[tokio::test]
async fn who_is_cancelled_leaves_what_came_and_holds_nothing() {
    let shop = Shop::open().await;
    shop.reply([Reply::Stall(shop.bytes.clone(), 3000), Reply::Bytes(shop.bytes.clone())]);
    let (registry, id, believed) = (shop.registry(), ID.parse().unwrap(), [shop.author.public().clone()]);
    let came = tokio::sync::Notify::new();
    let watch = |_| came.notify_one();
    tokio::select! {
        () = came.notified() => {}
        done = registry.download(&id, &shop.version, &believed, &watch) => panic!("{done:?}"),
    }
    shop.download().await.unwrap();
    assert_eq!(ranges(&shop.server), [None, Some("bytes=3000-".to_owned())]);
}

#[tokio::test]
async fn what_was_left_and_changed_is_fetched_anew() {
    for left in [vec![7; 2000], vec![7; 60_000], vec![7; 100_000]] {
        let shop = Shop::open().await;
        shop.registry();
        std::fs::write(shop.part(), &left).unwrap();
        let done = shop.download().await.unwrap();
        assert_eq!(done.package.bytes(), shop.bytes);
        // And the whole one, if that is changed.
        std::fs::write(&done.path, &left).unwrap();
        assert_eq!(shop.download().await.unwrap().package.bytes(), shop.bytes);
        assert_eq!(std::fs::read(&done.path).unwrap(), shop.bytes);
    }
}

#[tokio::test]
async fn a_registry_that_gives_other_parts_than_it_is_asked_for_is_refused() {
    let shop = Shop::open().await;
    shop.registry();
    std::fs::write(shop.part(), &shop.bytes[..2000]).unwrap();
    let range = format!("bytes 0-99/{}", shop.bytes.len());
    shop.reply([Reply::Status(206, vec![("content-range", range)], "x".repeat(100))]);
    let error = shop.download().await.unwrap_err();
    assert_eq!(error.reason(), Some("not-a-registry"), "{error}");
    // Without ranges it is fetched whole.
    shop.reply([Reply::Whole(shop.bytes.clone())]);
    shop.download().await.unwrap();
}

#[tokio::test]
async fn a_registry_that_falls_silent_or_breaks_off_again_and_again_is_left() {
    let shop = Shop::open().await;
    shop.reply([Reply::Cut(shop.bytes.clone(), 0)]);
    let error = shop.download().await.unwrap_err();
    assert_eq!(error.reason(), Some("unreachable"), "{error}");
    shop.reply([Reply::Silent]);
    let error = shop.download().await.unwrap_err();
    assert_eq!(error.reason(), Some("unreachable"), "{error}");
    shop.reply([Reply::Status(404, Vec::new(), String::new())]);
    let error = shop.download().await.unwrap_err();
    assert_eq!(error.code(), ProblemCode::Unavailable, "{error}");
}

#[tokio::test]
async fn a_package_that_its_author_has_not_signed_is_refused() {
    let shop = Shop::open().await;
    let believed = [shop.author.public().clone()];
    let stranger = key();
    // The registry has put its own key in the place of the author's.
    let foreign = version(&shop.bytes, &stranger);
    let error = shop.download_as(&foreign, &believed).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (ProblemCode::Signature, Some("stolen-name")), "{error}");
    assert!(shop.server.paths().is_empty(), "it is not even fetched");
    // Or says that the author has signed what he has not.
    for text in [signature(&shop.bytes, &stranger), signature(b"another", &shop.author), "no signature".to_owned()] {
        let unsigned = VersionRecord { signature: text, ..shop.version.clone() };
        let error = shop.download_as(&unsigned, &believed).await.unwrap_err();
        assert_eq!((error.code(), error.reason()), (ProblemCode::Signature, Some("bad-signature")), "{error}");
    }
    // A key that the author's has endorsed may.
    let mut told = record(&shop.author, &[version(&shop.bytes, &stranger)]);
    told.keys.push(endorsed(ID, stranger.public(), &shop.author));
    let id = ID.parse().unwrap();
    told.check(&id).unwrap();
    let believed = told.believed_from(&id, shop.author.public());
    shop.download_as(&told.versions[0], &believed).await.unwrap();
}

#[tokio::test]
async fn a_signed_package_that_is_not_what_the_index_says_is_refused() {
    let shop = Shop::open().await;
    let believed = [shop.author.public().clone()];
    let mut elder = shop.version.clone();
    elder.version = semver::Version::new(3, 0, 0);
    let mut harmless = shop.version.clone();
    harmless.permissions = Default::default();
    let mut longer = shop.version.clone();
    longer.size += 1;
    let mut alone = shop.version.clone();
    alone.dependencies =
        vec![hal9_package::Dependency { plugin_id: ID.parse().unwrap(), version: "^1".parse().unwrap() }];
    let mut newer = shop.version.clone();
    newer.min_hal9_version = Some(semver::Version::new(9, 0, 0));
    for (lie, reason) in [
        (alone, "misdescribed"),
        (newer, "misdescribed"),
        (elder, "misdescribed"),
        (harmless, "misdescribed"),
        (longer, "changed-package"),
    ] {
        let error = shop.download_as(&lie, &believed).await.unwrap_err();
        assert_eq!((error.code(), error.reason()), (ProblemCode::Signature, Some(reason)), "{error}");
    }
    let error = shop
        .registry()
        .download(&"ai.hal9.other".parse().unwrap(), &shop.version, &believed, &|_| {})
        .await
        .unwrap_err();
    assert_eq!(error.reason(), Some("misdescribed"), "{error}");
    // What is signed and no package.
    let junk = b"PK no package".to_vec();
    shop.server.blob(&junk);
    let mut named = shop.version.clone();
    (named.package, named.size, named.signature) =
        (Digest::of(&junk), junk.len() as u64, signature(&junk, &shop.author));
    let error = shop.download_as(&named, &believed).await.unwrap_err();
    assert_eq!(error.code(), ProblemCode::InvalidPackage, "{error}");
    // Too large to be one, and taken out.
    let huge = VersionRecord { size: u64::MAX, ..shop.version.clone() };
    assert_eq!(shop.download_as(&huge, &believed).await.unwrap_err().code(), ProblemCode::InvalidPackage);
    shop.registry().discard(&shop.version.package).unwrap();
    let gone = VersionRecord { withdrawn: true, ..shop.version.clone() };
    assert_eq!(shop.download_as(&gone, &believed).await.unwrap_err().reason(), Some("withdrawn"));
}

#[tokio::test]
async fn a_mirror_helps_out_and_is_neither_believed_nor_told_a_token() {
    let shop = Shop::open().await;
    let mirror = Server::start().await;
    mirror.blob(&shop.bytes);
    shop.reply([Reply::Status(404, Vec::new(), String::new())]);
    let mut settings = settings(&shop.server.url);
    settings.token = Some(hal9_registry_client::Secret::new("hal9_1_secret"));
    settings.mirrors = vec![mirror.url.clone()];
    let registry = Registry::open(settings, shop.folder.path()).unwrap();
    let (id, believed) = (ID.parse().unwrap(), [shop.author.public().clone()]);
    registry.download(&id, &shop.version, &believed, &|_| {}).await.unwrap();
    assert!(shop.server.asked()[0].headers.contains_key("authorization"));
    assert!(mirror.asked().iter().all(|asked| !asked.headers.contains_key("authorization")));
    registry.discard(&shop.version.package).unwrap();
    mirror.get(&blob_path(&shop.bytes), Reply::Whole(package(ID, "1.0.0", "another")));
    let error = registry.download(&id, &shop.version, &believed, &|_| {}).await.unwrap_err();
    assert_eq!(error.reason(), Some("changed-package"), "{error}");
    assert!(error.to_string().contains(&mirror.url), "who gave it is told: {error}");
}

#[tokio::test]
async fn two_commands_that_want_one_package_get_it() {
    let shop = Shop::open().await;
    let (one, two) = (shop.registry(), shop.registry());
    let (id, believed) = (ID.parse().unwrap(), [shop.author.public().clone()]);
    let (one, two) = tokio::join!(
        one.download(&id, &shop.version, &believed, &|_| {}),
        two.download(&id, &shop.version, &believed, &|_| {})
    );
    assert_eq!(one.unwrap().package.bytes(), two.unwrap().package.bytes());
    assert_eq!(shop.kept(), [shop.version.package.hex()]);
    assert_eq!(shop.server.paths().len(), 1, "one of them fetches it");
}
