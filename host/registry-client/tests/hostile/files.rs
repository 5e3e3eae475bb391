//! What is kept on the disk: changed by others, left behind by who was killed, held by another command.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use hal9_registry_client::{SavedToken, Secret, Tokens};
use hal9_registry_index::{Root, api::ProblemCode, sign};
use tempfile::TempDir;

use crate::{
    documents::{ID, Keys, NOW, key, package, record, version},
    server::{Reply, Server, client},
};

fn shard(folder: &Path) -> std::path::PathBuf {
    fs::read_dir(folder.join("shards")).unwrap().next().unwrap().unwrap().path()
}

#[tokio::test]
async fn what_was_changed_in_the_cache_is_fetched_anew_and_never_believed() {
    let (keys, folder, author) = (Keys::new(), TempDir::new().unwrap(), key());
    let told = record(&author, &[version(&package(ID, "1.0.0", "one"), &author)]);
    let server = Server::with(&keys, 1, &[(ID, told.clone())]).await;
    let id = ID.parse().unwrap();
    client(&server.url, &folder).sync(NOW).await.unwrap();

    let path = shard(folder.path());
    let good = fs::read(&path).unwrap();
    let mut lie = good.clone();
    let at = lie.windows(7).position(|bytes| bytes == b"\"size\":").unwrap() + 7;
    lie[at] = b'9';
    let empty = Vec::new();
    for bad in [&lie, &empty, &good[..100].to_vec()] {
        fs::write(&path, bad).unwrap();
        let registry = client(&server.url, &folder);
        registry.sync(NOW).await.unwrap();
        assert_eq!(registry.record(&id).await.unwrap().record, told);
        assert_eq!(fs::read(&path).unwrap(), good, "it is there again");
    }
    // A link in its place is not followed.
    let elsewhere = folder.path().join("elsewhere");
    fs::write(&elsewhere, &good).unwrap();
    fs::remove_file(&path).unwrap();
    symlink(&elsewhere, &path).unwrap();
    let registry = client(&server.url, &folder);
    registry.sync(NOW).await.unwrap();
    registry.record(&id).await.unwrap();
    assert!(path.symlink_metadata().unwrap().is_file());

    let head = folder.path().join("head.json");
    for bad in ["", "{}", "not JSON"] {
        fs::write(&head, bad).unwrap();
        client(&server.url, &folder).sync(NOW).await.unwrap();
        assert!(fs::read_to_string(&head).unwrap().contains("hal9-registry-index"));
    }
}

#[tokio::test]
async fn whom_to_believe_is_not_made_up_anew() {
    let (keys, folder, author) = (Keys::new(), TempDir::new().unwrap(), key());
    let told = record(&author, &[version(&package(ID, "1.0.0", "one"), &author)]);
    let server = Server::with(&keys, 1, &[(ID, told)]).await;
    let registry = client(&server.url, &folder);
    registry.sync(NOW).await.unwrap();
    registry.record(&ID.parse().unwrap()).await.unwrap();
    for file in ["trust.json", &format!("records/{ID}.json")] {
        let path = folder.path().join(file);
        let good = fs::read(&path).unwrap();
        for bad in [Vec::new(), b"{}".to_vec(), good[..good.len() / 2].to_vec(), vec![0; 100]] {
            fs::write(&path, bad).unwrap();
            let registry = client(&server.url, &folder);
            let failed = match registry.sync(NOW).await {
                Ok(_) => registry.record(&ID.parse().unwrap()).await.map(drop),
                Err(error) => Err(error),
            };
            let error = failed.unwrap_err();
            assert_eq!(error.reason(), Some("damaged"), "{file}: {error}");
            assert!(error.help().unwrap().contains("move the file away"), "{error}");
        }
        fs::write(&path, good).unwrap();
        client(&server.url, &folder).sync(NOW).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_left_by_who_was_killed_is_in_nobodys_way() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[]).await;
    let registry = client(&server.url, &folder);
    fs::write(folder.path().join("lock.new"), "half a file").unwrap();
    fs::write(folder.path().join("lock"), "").unwrap();
    fs::write(folder.path().join("shards/left"), "from long ago").unwrap();
    registry.sync(NOW).await.unwrap();
    assert!(!folder.path().join("lock.new").exists());
    assert!(!folder.path().join("shards/left").exists());
}

#[tokio::test]
async fn commands_that_sync_at_once_do_not_disturb_each_other() {
    let (keys, folder, author) = (Keys::new(), TempDir::new().unwrap(), key());
    let told = record(&author, &[version(&package(ID, "1.0.0", "one"), &author)]);
    let server = Server::with(&keys, 1, &[(ID, told.clone())]).await;
    let registries: Vec<_> = (0..8).map(|_| client(&server.url, &folder)).collect();
    let synced = futures::future::join_all(registries.iter().map(|registry| registry.sync(NOW))).await;
    assert!(synced.iter().all(|synced| synced.as_ref().is_ok_and(|synced| synced.version == 1)), "{synced:?}");
    let id = ID.parse().unwrap();
    let records = futures::future::join_all(registries.iter().map(|registry| registry.record(&id))).await;
    assert!(records.into_iter().all(|listed| listed.unwrap().record == told));

    // One that another command holds for ever is told.
    let lock = fs::File::options().write(true).open(folder.path().join("lock")).unwrap();
    lock.lock().unwrap();
    server.index(&keys, 2, &[]);
    let mut settings = crate::server::settings(&server.url);
    settings.patience.lock = std::time::Duration::from_millis(100);
    let hasty = hal9_registry_client::Registry::open(settings, folder.path()).unwrap();
    let error = hasty.sync(NOW).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (ProblemCode::Unavailable, Some("busy")), "{error}");
}

#[tokio::test]
async fn of_two_first_roots_only_one_is_pinned() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[]).await;
    // Whoever is between gives two commands, which both use the registry for the first time, different roots.
    let other = Root { issued: NOW, ..keys.root() };
    let roots =
        [keys.root(), other].map(|root| serde_json::to_vec(&sign(&root, &[&keys.root], "root").unwrap()).unwrap());
    server.replies("GET", "/v1/root/1", roots.map(Reply::Bytes));
    let (one, two) = (client(&server.url, &folder), client(&server.url, &folder));
    let (one, two) = tokio::join!(one.sync(NOW), two.sync(NOW));
    let error = match (one, two) {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => error,
        both => panic!("{both:?}"),
    };
    assert_eq!(error.reason(), Some("other-registry"), "{error}");
}

#[tokio::test]
async fn only_the_user_can_read_what_is_kept() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[]).await;
    let inner = folder.path().join("registries/test");
    let settings = crate::server::settings(&server.url);
    hal9_registry_client::Registry::open(settings, &inner).unwrap().sync(NOW).await.unwrap();
    for path in [inner.clone(), inner.join("trust.json"), inner.join("head.json"), inner.join("packages")] {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
}

#[tokio::test]
async fn tokens_are_for_their_owners_eyes_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("home/credentials.toml");
    let mut tokens = Tokens::open(&path).unwrap();
    assert!(tokens.get("https://plugins.example/").is_none());
    let saved = SavedToken { account: "ada".to_owned(), secret: Secret::new("hal9_1_abc"), expires: NOW };
    tokens.set("https://plugins.example/", &saved).await.unwrap();
    // Two programs that each keep one.
    let mut other = Tokens::open(&path).unwrap();
    other.set("https://work.example/", &saved).await.unwrap();
    tokens.set("https://third.example/", &saved).await.unwrap();
    let read = Tokens::open(&path).unwrap();
    for url in ["https://plugins.example/", "https://work.example/", "https://third.example/"] {
        assert_eq!(read.get(url), Some(saved.clone()), "{url}");
    }
    assert!(!format!("{read:?}").contains("abc"), "{read:?}");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(other.remove("https://work.example/").await.unwrap());
    assert!(!other.remove("https://work.example/").await.unwrap());
    assert!(Tokens::open(&path).unwrap().get("https://work.example/").is_none());

    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = Tokens::open(&path).unwrap_err();
        assert_eq!((error.code(), error.reason()), (ProblemCode::PermissionDenied, Some("exposed")), "{error}");
        assert!(tokens.set("https://plugins.example/", &saved).await.is_err());
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, "a = \"hal9_1_abc").unwrap();
    let error = Tokens::open(&path).unwrap_err();
    assert_eq!(error.reason(), Some("damaged"), "{error}");
    assert!(!format!("{error}{error:?}").contains("abc"), "{error:?}");
}
