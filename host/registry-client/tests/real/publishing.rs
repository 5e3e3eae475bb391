//! Writing: uploads that are broken off, what may not be published, and all that authors and reviewers say.

use std::sync::atomic::{AtomicU64, Ordering};

use hal9_registry_client::{Progress, Registry};
use hal9_registry_index::{
    Deprecation, Endorsement, Review, ReviewerKey, Severity,
    api::{AddKey, Endorse, ProblemCode, Report},
    sign,
};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::site::{ID, Site, key, now, package, publish};

/// Bytes that no compression makes fewer.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

async fn record(registry: &Registry) -> hal9_registry_index::Record {
    registry.sync(now()).await.unwrap();
    registry.record(&ID.parse().unwrap()).await.unwrap().record
}

#[tokio::test]
async fn an_upload_that_was_broken_off_goes_on_where_it_was() {
    let (site, author, folder) = (Site::start().await, key(), TempDir::new().unwrap());
    let writer = site.account(&folder, "ada").await;
    let bytes = package(ID, "1.0.0", &noise(3 << 20));
    let signature = author.sign(&bytes, "test").unwrap();
    let cut = Notify::new();
    let watch = |progress: Progress| {
        if progress.done >= 1 << 20 {
            cut.notify_one();
        }
    };
    tokio::select! {
        biased;
        () = cut.notified() => {}
        done = writer.publish(&bytes, author.public(), &signature, "", &watch) => panic!("{done:?}"),
    }
    let first = AtomicU64::new(u64::MAX);
    let watch = |progress: Progress| {
        first.fetch_min(progress.done, Ordering::Relaxed);
    };
    let published = writer.publish(&bytes, author.public(), &signature, "", &watch).await.unwrap();
    assert!(published.new);
    assert!(first.load(Ordering::Relaxed) >= 1 << 20, "what was sent is not sent again");
    let again = writer.publish(&bytes, author.public(), &signature, "", &|_| {}).await.unwrap();
    assert!(!again.new, "the very same may be published again");
    assert_eq!(record(&writer).await.versions.len(), 1);
}

#[tokio::test]
async fn what_may_not_be_published_is_refused_with_its_reason() {
    let (site, author, ada, eve) = (Site::start().await, key(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let (writer, thief) = (site.account(&ada, "ada").await, site.account(&eve, "eve").await);
    publish(&writer, &author, &package(ID, "1.0.0", b"one")).await;
    let refused = async |registry: &Registry, key: &hal9_package::SecretKey, bytes: &[u8]| {
        let signature = key.sign(bytes, "test").unwrap();
        let error = registry.publish(bytes, key.public(), &signature, "", &|_| {}).await.unwrap_err();
        (error.code(), error.reason().map(str::to_owned), error.to_string())
    };
    let (code, reason, text) = refused(&writer, &author, &package(ID, "1.0.0", b"other")).await;
    assert_eq!((code, reason.as_deref()), (ProblemCode::Conflict, Some("different")), "{text}");
    let (code, _, text) = refused(&thief, &key(), &package(ID, "2.0.0", b"two")).await;
    assert!(matches!(code, ProblemCode::PermissionDenied | ProblemCode::Conflict), "{text}");
    let (code, reason, text) = refused(&thief, &key(), &package("ai.hal9.word-c0unt", "1.0.0", b"one")).await;
    assert_eq!((code, reason.as_deref()), (ProblemCode::Conflict, Some("look-alike")), "{text}");
    let (code, _, text) = refused(&writer, &key(), &package(ID, "2.0.0", b"two")).await;
    assert!(matches!(code, ProblemCode::Signature | ProblemCode::Conflict), "{text}");
    assert_eq!(record(&writer).await.versions.len(), 1);
}

#[tokio::test]
async fn what_authors_say_of_their_plugins_is_in_the_index() {
    let (site, author, folder) = (Site::start().await, key(), TempDir::new().unwrap());
    let writer = site.account(&folder, "ada").await;
    site.account(&TempDir::new().unwrap(), "ben").await;
    publish(&writer, &author, &package(ID, "1.0.0", b"one")).await;
    let id = ID.parse().unwrap();
    let one = "1.0.0".parse().unwrap();
    record(&writer).await;

    writer.yank(&id, &one, "broken").await.unwrap();
    assert_eq!(record(&writer).await.versions[0].yanked.as_deref(), Some("broken"));
    writer.unyank(&id, &one).await.unwrap();
    let deprecation = Deprecation { message: "use another".to_owned(), instead: None };
    writer.deprecate(&id, Some(deprecation.clone())).await.unwrap();
    let told = record(&writer).await;
    assert_eq!((told.versions[0].yanked.as_ref(), told.deprecated), (None, Some(deprecation)));
    writer.deprecate(&id, None).await.unwrap();
    let report = Report {
        severity: Severity::High,
        versions: "<1.0.1".parse().unwrap(),
        summary: "it leaks".to_owned(),
        url: None,
    };
    let notice = writer.report(&id, &report).await.unwrap();
    assert!(record(&writer).await.notices[0].is_about(&one));
    writer.take_back(&id, notice.id).await.unwrap();
    assert!(record(&writer).await.notices.is_empty());

    let second = key();
    let endorsement = Endorsement { plugin: id.clone(), key: second.public().clone() };
    let endorsement = sign(&endorsement, &[&author], "endorsement").unwrap();
    writer.endorse(&id, &Endorse { key: second.public().clone(), endorsement }).await.unwrap();
    publish(&writer, &second, &package(ID, "1.1.0", b"two")).await;
    let told = record(&writer).await;
    let believed = told.believed_from(&id, author.public());
    assert_eq!(believed, [author.public().clone(), second.public().clone()]);
    writer.download(&id, &told.versions[1], &believed, &|_| {}).await.unwrap();

    let ben = "ben".parse().unwrap();
    writer.add_owner(&id, &ben).await.unwrap();
    assert_eq!(writer.plugin(&id).await.unwrap().owners.len(), 2);
    writer.remove_owner(&id, &ben).await.unwrap();
    assert_eq!(writer.plugin(&id).await.unwrap().owners.len(), 1);
}

#[tokio::test]
async fn a_review_is_signed_by_its_author_and_verified_by_who_reads_it() {
    let (site, author, reader) = (Site::start().await, key(), key());
    let (ada, ben) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (writer, reviewer) = (site.account(&ada, "ada").await, site.account(&ben, "ben").await);
    publish(&writer, &author, &package(ID, "1.0.0", b"one")).await;
    let id: hal9_package::PluginId = ID.parse().unwrap();
    let told = record(&reviewer).await;
    let registry = reviewer.identity().await.unwrap();
    let of = ReviewerKey { registry: registry.clone(), account: "ben".to_owned(), key: reader.public().clone() };
    let proof = sign(&of, &[&reader], "key").unwrap();
    reviewer.add_key(&AddKey { key: reader.public().clone(), proof }).await.unwrap();
    assert_eq!(reviewer.whoami().await.unwrap().keys, [reader.public().clone()]);
    let review = Review {
        registry,
        plugin: id.clone(),
        version: told.versions[0].version.clone(),
        package: told.versions[0].package,
        author: "ben".to_owned(),
        stars: 4,
        text: "does what it says".to_owned(),
        written: now(),
    };
    let signed = sign(&review, &[&reader], "review").unwrap();
    assert_eq!(reviewer.review(&signed).await.unwrap().review, review);
    let reviews = writer.reviews(&id, 0, 20).await.unwrap();
    assert!(reviews.page.reviews.iter().map(|one| &one.review).eq([&review]));
    assert_eq!((reviews.dropped, reviews.page.stars), (0, [0, 0, 0, 1, 0]));
    // By a key that is not the account's.
    let forged = sign(&Review { stars: 1, ..review }, &[&author], "review").unwrap();
    assert_eq!(reviewer.review(&forged).await.unwrap_err().code(), ProblemCode::Signature);
    reviewer.remove_review(&id).await.unwrap();
    assert_eq!(writer.reviews(&id, 0, 20).await.unwrap().page.total, 0);
}

#[tokio::test]
async fn a_token_is_one_until_it_is_revoked() {
    let (site, folder) = (Site::start().await, TempDir::new().unwrap());
    let registry = site.account(&folder, "ada").await;
    assert_eq!(registry.whoami().await.unwrap().name.as_str(), "ada");
    assert_eq!(registry.tokens().await.unwrap().len(), 1);
    registry.log_out().await.unwrap();
    let error = registry.whoami().await.unwrap_err();
    assert_eq!(error.code(), ProblemCode::PermissionDenied, "{error}");
    let wrong =
        hal9_registry_index::api::Credentials { name: "ada".parse().unwrap(), password: "another password".to_owned() };
    let error = registry.register(&wrong).await.unwrap_err();
    assert_eq!(error.code(), ProblemCode::Conflict, "{error}");
}
