//! Reviews that nobody has written, or not of this.

use hal9_package::SecretKey;
use hal9_registry_index::{
    Review,
    api::{RatingSummary, ReviewPage, SignedReview},
    sign,
};
use tempfile::TempDir;

use crate::{
    documents::{ID, Keys, NOW, key, package, record, version},
    server::{Reply, Server, client},
};

fn signed(review: &Review, key: &SecretKey) -> SignedReview {
    let signed = sign(review, &[key], "review").unwrap();
    SignedReview { review: review.clone(), key: key.public().clone(), signed }
}

#[tokio::test]
async fn reviews_that_do_not_verify_are_dropped_and_counted() {
    let (keys, folder, author, reader) = (Keys::new(), TempDir::new().unwrap(), key(), key());
    let told = record(&author, &[version(&package(ID, "1.0.0", "one"), &author)]);
    let server = Server::with(&keys, 1, &[(ID, told.clone())]).await;
    let good = Review {
        registry: keys.identity.clone(),
        plugin: ID.parse().unwrap(),
        version: told.versions[0].version.clone(),
        package: told.versions[0].package,
        author: "ben".to_owned(),
        stars: 4,
        text: "does what it says".to_owned(),
        written: NOW,
    };
    let mut better = signed(&good, &reader);
    better.review.stars = 5;
    let mut others = signed(&good, &reader);
    others.key = author.public().clone();
    let lies = [
        better,
        others,
        signed(&Review { registry: "another".to_owned(), ..good.clone() }, &reader),
        signed(&Review { plugin: "ai.hal9.other".parse().unwrap(), ..good.clone() }, &reader),
        signed(&Review { package: hal9_package::Digest::of(b"another"), ..good.clone() }, &reader),
        signed(&Review { version: semver::Version::new(9, 0, 0), ..good.clone() }, &reader),
        signed(&Review { stars: 200, ..good.clone() }, &reader),
        signed(&Review { text: "\u{1b}[2J".to_owned(), ..good.clone() }, &reader),
    ];
    let mut reviews = vec![signed(&good, &reader)];
    reviews.extend(lies.clone());
    let page = ReviewPage { total: 9, rating: RatingSummary::default(), stars: [0; 5], reviews };
    let reply = Reply::Bytes(serde_json::to_vec(&page).unwrap());
    server.get(&format!("/v1/plugins/{ID}/reviews?skip=0&limit=20"), reply);
    let registry = client(&server.url, &folder);
    registry.sync(NOW).await.unwrap();
    let told = registry.reviews(&ID.parse().unwrap(), 0, 20).await.unwrap();
    assert_eq!(told.page.reviews, [page.reviews[0].clone()]);
    assert_eq!(told.dropped, lies.len());
}
