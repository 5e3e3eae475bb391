use hal9_package::Digest;
use hal9_registry_index::{Review, ReviewerKey, Signed, sign};
use serde_json::{Value, json};

use crate::site::{Author, Site, now, package};

const PATH: &str = "/v1/plugins/test.words/reviews";

struct Reviewed {
    site: Site,
    token: String,
    key: Author,
    review: Review,
}

/// A plugin of ada's, and eve with a key who has something to say of it.
async fn reviewed() -> Reviewed {
    let site = Site::start().await;
    let (ada, author) = (site.account("ada").await, Author::new());
    let package = site.published(&ada, &author, &package("test.words", "1.0.0")).await.package;
    let (token, key) = (reviewer(&site, "eve").await, Author::new());
    register(&site, &token, "eve", &key).await;
    let review = Review {
        registry: site.identity().await,
        plugin: "test.words".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        package,
        author: "eve".to_owned(),
        stars: 4,
        text: "It counts well.".to_owned(),
        written: now() - 100,
    };
    Reviewed { site, token, key, review }
}

async fn reviewer(site: &Site, name: &str) -> String {
    site.account(name).await
}

async fn register(site: &Site, token: &str, account: &str, key: &Author) {
    let proof = ReviewerKey { registry: site.identity().await, account: account.to_owned(), key: key.public.clone() };
    let proof = sign(&proof, &[&key.secret], "test").unwrap();
    let added = site.post("/v1/account/keys", token, json!({"key": key.public, "proof": proof})).await;
    assert_eq!(added.status, 200, "{}", added.text());
}

fn signed(review: &Review, key: &Author) -> Value {
    serde_json::to_value(sign(review, &[&key.secret], "test").unwrap()).unwrap()
}

#[tokio::test]
async fn a_review_is_shown_with_what_proves_whose_it_is_and_counts_once() {
    let Reviewed { site, token, key, review } = reviewed().await;
    let put = site.put(PATH, &token, signed(&review, &key)).await;
    assert_eq!(put.status, 200, "{}", put.text());
    let page: Value = site.get(PATH).await.json();
    assert_eq!((page["total"].as_u64(), page["rating"]["mean"].as_f64()), (Some(1), Some(4.0)));
    let one: Signed = serde_json::from_value(page["reviews"][0]["signed"].clone()).unwrap();
    let key_told = page["reviews"][0]["key"].as_str().unwrap().parse().unwrap();
    assert_eq!(Review::verify(&one, &key_told, &review.registry).unwrap(), review);
    // A later one takes its place.
    let later = Review { stars: 1, written: review.written + 1, ..review.clone() };
    assert_eq!(site.put(PATH, &token, signed(&later, &key)).await.status, 200);
    for older in [&review, &later] {
        site.put(PATH, &token, signed(older, &key)).await.refused(409, "conflict", "older");
    }
    let page: Value = site.get(PATH).await.json();
    assert_eq!((page["total"].as_u64(), &page["stars"]), (Some(1), &json!([1, 0, 0, 0, 0])));
    let plugin: Value = site.get("/v1/plugins/test.words").await.json();
    assert_eq!(
        (plugin["summary"]["rating"]["mean"].as_f64(), plugin["versions"][0]["rating"]["count"].as_u64()),
        (Some(1.0), Some(1))
    );
    assert_eq!(site.get("/v1/authors/eve").await.json::<Value>()["reviews"], 1);
    assert_eq!(site.delete(PATH, &token).await.status, 204);
    site.delete(PATH, &token).await.refused(404, "not-found", "");
    assert_eq!(site.get("/v1/plugins/test.words").await.json::<Value>()["summary"]["rating"]["count"], 0);
}

#[tokio::test]
async fn reviews_of_other_things_by_others_or_out_of_time_are_refused() {
    let Reviewed { site, token, key, review } = reviewed().await;
    let other = |change: &dyn Fn(&mut Review)| {
        let mut other = review.clone();
        change(&mut other);
        other
    };
    for (review, status, code, reason) in [
        (other(&|it| it.registry = "another".to_owned()), 422, "signature", "other-registry"),
        (other(&|it| it.plugin = "test.other".parse().unwrap()), 422, "signature", "foreign-review"),
        (other(&|it| it.author = "ada".to_owned()), 422, "signature", "foreign-review"),
        (other(&|it| it.package = Digest::of(b"x")), 422, "signature", "other-package"),
        (other(&|it| it.version = "2.0.0".parse().unwrap()), 404, "not-found", ""),
        (other(&|it| it.stars = 6), 400, "usage", "malformed"),
        (other(&|it| it.stars = 0), 400, "usage", "malformed"),
        (other(&|it| it.text = "x".repeat(4_001)), 400, "usage", "malformed"),
        (other(&|it| it.text = "\u{202e}".to_owned()), 400, "usage", "malformed"),
        (other(&|it| it.written = now() + 10_000), 400, "usage", "future"),
    ] {
        site.put(PATH, &token, signed(&review, &key)).await.refused(status, code, reason);
    }
    site.put(PATH, &token, signed(&review, &Author::new())).await.refused(422, "signature", "foreign-key");
    let mut altered = signed(&review, &key);
    altered["document"] = altered["document"].as_str().unwrap().replace("well", "ill").into();
    site.put(PATH, &token, altered).await.refused(422, "signature", "altered");
    site.put(PATH, &token, json!({"document": "{}", "signatures": []})).await.refused(400, "usage", "malformed");
    assert_eq!(site.get(PATH).await.json::<Value>()["total"], 0);
}

#[tokio::test]
async fn nobody_reviews_a_plugin_of_his_own() {
    let Reviewed { site, review, .. } = reviewed().await;
    let (ada, key) = (site.token("ada", &["review"]).await, Author::new());
    register(&site, &ada, "ada", &key).await;
    let own = Review { author: "ada".to_owned(), ..review };
    site.put(PATH, &ada, signed(&own, &key)).await.refused(403, "permission-denied", "own-plugin");
}

#[tokio::test]
async fn of_an_account_its_newest_review_rates_and_pages_are_bounded() {
    let Reviewed { site, token, key, review } = reviewed().await;
    assert_eq!(site.put(PATH, &token, signed(&review, &key)).await.status, 200);
    for name in ["max", "kim"] {
        let (token, key) = (reviewer(&site, name).await, Author::new());
        register(&site, &token, name, &key).await;
        let one = Review { author: name.to_owned(), stars: 1, ..review.clone() };
        assert_eq!(site.put(PATH, &token, signed(&one, &key)).await.status, 200);
    }
    let page: Value = site.get(&format!("{PATH}?limit=2&skip=2")).await.json();
    assert_eq!((page["total"].as_u64(), page["reviews"].as_array().unwrap().len()), (Some(3), 1));
    assert_eq!(page["stars"], json!([2, 0, 0, 1, 0]));
    site.get(&format!("{PATH}?skip=10001")).await.refused(400, "usage", "");
    site.get(&format!("{PATH}?limit=101")).await.refused(400, "usage", "");
    site.get(&format!("{PATH}?limit=-1")).await.refused(400, "usage", "");
    site.get(&format!("{PATH}?more=1")).await.refused(400, "usage", "");
}
