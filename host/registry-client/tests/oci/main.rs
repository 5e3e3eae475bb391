//! Plugins in OCI registries: pushed to and pulled from a real one, one that is behind a gate that gives tokens, and some that are
//! nothing of the kind.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod gate;
mod hostile;
mod layout;
mod packages;
mod registry;

use std::sync::Mutex;

use hal9_registry_client::oci::{Auth, OciError, OciReference, pull, push};

use packages::{key, package, sign};
use registry::{PASSWORD, Registry, USER};

/// For those who watch nothing.
pub(crate) fn quiet(_: u64, _: u64) {}

pub(crate) fn ada() -> Auth {
    Auth::Basic { user: USER.to_owned(), password: PASSWORD.to_owned() }
}

pub(crate) async fn refused(reference: &OciReference, code: &str, reason: Option<&str>) -> OciError {
    let error = pull(reference, &Auth::Anonymous, &quiet).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (code, reason), "{error}");
    error
}

#[tokio::test]
async fn what_was_pushed_is_pulled_and_pushing_it_again_changes_nothing() {
    let registry = Registry::open();
    let (package, key) = (package("0.1.0", ""), key());
    let signature = sign(&key, &package);
    let told = Mutex::new(Vec::new());
    let tell = |done: u64, total: u64| told.lock().unwrap().push((done, total));
    let at = registry.at("");
    let digest = push(&at, &package, Some(&signature), &Auth::Anonymous, &tell).await.unwrap();
    let sent = std::mem::take(&mut *told.lock().unwrap());
    assert!(sent.is_sorted() && sent.last().is_some_and(|(done, total)| done == total), "{sent:?}");
    assert!(sent.last().unwrap().0 > package.bytes().len() as u64);

    let pulled = pull(&registry.at(":0.1.0"), &Auth::Anonymous, &tell).await.unwrap();
    assert_eq!(pulled.package.bytes(), package.bytes());
    assert_eq!((pulled.signatures.as_slice(), &pulled.digest), ([signature.clone()].as_slice(), &digest));
    key.public().verify(pulled.package.bytes(), &pulled.signatures[0].parse().unwrap()).unwrap();
    assert!(told.lock().unwrap().last().unwrap().0 > package.bytes().len() as u64);

    assert_eq!(push(&at, &package, Some(&signature), &Auth::Anonymous, &quiet).await.unwrap(), digest);
    let pulled = pull(&registry.at(&format!("@{digest}")), &Auth::Anonymous, &quiet).await.unwrap();
    assert_eq!(pulled.signatures, [signature]);
}

#[tokio::test]
async fn signatures_of_several_keys_are_added_and_each_is_over_this_package() {
    let registry = Registry::open();
    let (package, at) = (package("0.1.0+build.7", ""), registry.at(":0.1.0_build.7"));
    let unsigned = push(&registry.at(""), &package, None, &Auth::Anonymous, &quiet).await.unwrap();
    assert!(pull(&at, &Auth::Anonymous, &quiet).await.unwrap().signatures.is_empty());
    let keys = [key(), key()];
    for key in &keys {
        let digest = push(&at, &package, Some(&sign(key, &package)), &Auth::Anonymous, &quiet).await.unwrap();
        assert_eq!(digest, unsigned, "it is the same artifact");
    }
    let pulled = pull(&at, &Auth::Anonymous, &quiet).await.unwrap();
    assert_eq!(pulled.signatures.len(), 2);
    for (key, text) in keys.iter().zip(&pulled.signatures) {
        key.public().verify(pulled.package.bytes(), &text.parse().unwrap()).unwrap();
    }
    let error = push(&at, &package, Some("no signature"), &Auth::Anonymous, &quiet).await.unwrap_err();
    assert_eq!(error.code(), "signature");
}

#[tokio::test]
async fn behind_a_tag_that_was_moved_stands_the_other_package_whole() {
    let registry = Registry::open();
    let (old, new) = (package("0.1.0", ""), package("0.1.0", r#""Hal9Memory:notes/""#));
    let (mine, theirs) = (key(), key());
    let at = registry.at(":stable");
    let first = push(&at, &old, Some(&sign(&mine, &old)), &Auth::Anonymous, &quiet).await.unwrap();
    // The same component, and so the same layer: what tells them apart is the package that the manifest names.
    let second = push(&at, &new, Some(&sign(&theirs, &new)), &Auth::Anonymous, &quiet).await.unwrap();
    assert_ne!(first, second);
    for (reference, package, key) in [
        (at, &new, &theirs),
        (registry.at(&format!("@{second}")), &new, &theirs),
        (registry.at(&format!("@{first}")), &old, &mine),
        (registry.at(&format!(":stable@{first}")), &old, &mine),
    ] {
        let pulled = pull(&reference, &Auth::Anonymous, &quiet).await.unwrap();
        assert_eq!(pulled.package.digest(), package.digest(), "{reference}");
        assert_eq!(pulled.signatures.len(), 1, "{reference}");
        key.public().verify(pulled.package.bytes(), &pulled.signatures[0].parse().unwrap()).unwrap();
    }
}

#[tokio::test]
async fn what_was_changed_in_the_storage_is_refused() {
    let registry = Registry::open();
    let (package, at) = (package("0.1.0", ""), registry.at(":0.1.0"));
    let signature = sign(&key(), &package);
    let digest = push(&at, &package, Some(&signature), &Auth::Anonymous, &quiet).await.unwrap();
    let parts = [package.digest().to_string(), hal9_package::Digest::of(signature.as_bytes()).to_string()];
    for part in &parts {
        let path = registry.blob(part);
        let whole = std::fs::read(&path).unwrap();
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        std::fs::write(&path, changed).unwrap();
        refused(&at, "signature", Some("changed-package")).await;
        std::fs::write(&path, whole).unwrap();
        pull(&at, &Auth::Anonymous, &quiet).await.unwrap();
    }
    // Another manifest is another artifact, which has no package; by its digest it is not what was asked for.
    let path = registry.blob(&digest.to_string());
    let changed = std::fs::read_to_string(&path).unwrap().replace("Echo", "Ecco");
    std::fs::write(&path, changed).unwrap();
    for end in [":0.1.0".to_owned(), format!("@{digest}")] {
        let error = pull(&registry.at(&end), &Auth::Anonymous, &quiet).await.unwrap_err();
        assert!(["signature", "not-found", "unavailable"].contains(&error.code()), "{end}: {error}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_apart() {
    let registry = Registry::open();
    let (package, at) = (package("0.1.0", ""), registry.at(":0.1.0"));
    refused(&at, "not-found", None).await;
    let digest = push(&at, &package, None, &Auth::Anonymous, &quiet).await.unwrap();
    refused(&registry.at(":0.2.0"), "not-found", None).await;
    refused(&registry.at(&format!("@sha256:{}", "0".repeat(64))), "not-found", None).await;
    refused(&registry.at(""), "usage", None).await;
    let error = push(&registry.at(&format!("@{digest}")), &package, None, &Auth::Anonymous, &quiet).await.unwrap_err();
    assert_eq!(error.code(), "usage");
    // As after copying with a tool that knows nothing of referrers.
    std::fs::remove_dir_all(registry.tag(&digest.to_string().replace(':', "-"))).unwrap();
    refused(&at, "not-found", Some("no-package")).await;
    let address = registry.address.clone();
    drop(registry);
    refused(&format!("oci://{address}/tests/echo:0.1.0").parse().unwrap(), "unavailable", None).await;
}

#[tokio::test]
async fn who_may_not_is_refused_and_docker_s_credentials_do() {
    let registry = Registry::with_password();
    let (package, at) = (package("0.1.0", ""), registry.at(":0.1.0"));
    let wrong = Auth::Basic { user: USER.to_owned(), password: "wrong".to_owned() };
    for auth in [Auth::Anonymous, wrong, Auth::Bearer("token".to_owned())] {
        let error = push(&at, &package, None, &auth, &quiet).await.unwrap_err();
        assert_eq!((error.code(), error.reason()), ("permission-denied", Some("unauthenticated")), "{error}");
        let error = pull(&at, &auth, &quiet).await.unwrap_err();
        assert_eq!(error.code(), "permission-denied", "{error}");
    }
    push(&at, &package, None, &ada(), &quiet).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    // Base64 of user and password, as `docker login` writes it.
    let config = format!(r#"{{"auths": {{"{}": {{"auth": "YWRhOmNvcnJlY3QgaG9yc2U="}}}}}}"#, registry.address);
    std::fs::write(&path, config).unwrap();
    let auth = Auth::from_docker_config(&path, at.registry()).unwrap();
    assert_eq!(pull(&at, &auth, &quiet).await.unwrap().package.bytes(), package.bytes());
}
