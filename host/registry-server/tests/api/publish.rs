use serde_json::{Value, json};

use crate::site::{Author, Site, manifest, package, package_of, package_with};

#[tokio::test]
async fn what_is_published_is_in_the_index_as_its_author_signed_it() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    let bytes = package("test.words", "1.0.0");
    let before = site.head().await.0;
    let published = site.published(&token, &author, &bytes).await;
    assert!(published.new && published.index > before.version);
    let record = site.record("test.words").await.unwrap();
    let version = &record.versions[0];
    assert_eq!((record.keys[0].key.clone(), version.key.clone()), (author.public.clone(), author.public.clone()));
    author.public.verify(&bytes, &version.signature.parse().unwrap()).unwrap();
    let blob = site.get(&format!("/v1/blobs/{}", version.package)).await;
    assert_eq!((blob.status.as_u16(), blob.body == bytes), (200, true));
    let page: Value = site.get("/v1/plugins/test.words/versions/1.0.0").await.json();
    assert_eq!(page["notes"], "What is *new*.");
    assert!(page["readme"].as_str().unwrap().contains("hummingbirds"));
    assert!(page["wit"].as_str().unwrap().contains("hal9:plugin"), "{page}");
    let exports = page["exports"].as_array().unwrap();
    assert!(exports.iter().any(|one| one["name"].as_str().unwrap().starts_with("hal9:plugin/tool@")), "{page}");
    assert_eq!(page["capabilities"][0]["name"], "word-count");
    assert_eq!(site.head().await.0.plugins, 1);
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_another_package_of_the_version_is_refused() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    let bytes = package("test.words", "1.0.0");
    let first = site.published(&token, &author, &bytes).await;
    let again = site.publish(&token, &author, &bytes).await;
    assert_eq!(again.status, 200);
    let again: Value = again.json();
    assert_eq!((again["new"].as_bool(), again["index"].as_u64()), (Some(false), Some(first.index)));
    let mut other = manifest("test.words", "1.0.0");
    other["metadata"]["description"] = "Something else.".into();
    site.publish(&token, &author, &package_of(&other)).await.refused(409, "conflict", "different");
    assert_eq!(site.record("test.words").await.unwrap().versions[0].package, first.package);
}

#[tokio::test]
async fn a_name_belongs_to_its_first_publisher_and_to_whom_he_lets() {
    let site = Site::start().await;
    let (ada, eve, author) = (site.account("ada").await, site.account("eve").await, Author::new());
    site.published(&ada, &author, &package("test.words", "1.0.0")).await;
    let next = package("test.words", "1.1.0");
    site.publish(&eve, &author, &next).await.refused(409, "conflict", "taken");
    assert_eq!(site.put("/v1/plugins/test.words/owners/eve", &ada, json!(null)).await.status, 204);
    // Still not with a key of her own.
    site.publish(&eve, &Author::new(), &next).await.refused(422, "signature", "foreign-key");
    site.published(&eve, &author, &next).await;
    assert_eq!(site.record("test.words").await.unwrap().versions.len(), 2);
}

#[tokio::test]
async fn ids_that_look_like_another_owners_are_refused() {
    let site = Site::start().await;
    let (ada, eve, author) = (site.account("ada").await, site.account("eve").await, Author::new());
    site.published(&ada, &author, &package("ai.hal9.text-tools", "1.0.0")).await;
    for id in ["ai.hal9.text-too1s", "ai.hal9.texttools", "ai.hal9.text-tool"] {
        site.publish(&eve, &Author::new(), &package(id, "1.0.0")).await.refused(409, "conflict", "look-alike");
    }
    site.published(&ada, &author, &package("ai.hal9.text-tool", "1.0.0")).await;
}

#[tokio::test]
async fn an_older_version_may_follow_a_newer_one() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    for version in ["2.0.0", "1.0.1", "1.0.0"] {
        site.published(&token, &author, &package("test.words", version)).await;
    }
    let record = site.record("test.words").await.unwrap();
    let versions: Vec<_> = record.versions.iter().map(|one| one.version.to_string()).collect();
    assert_eq!(versions, ["1.0.0", "1.0.1", "2.0.0"]);
    let page: Value = site.get("/v1/plugins/test.words").await.json();
    assert_eq!(page["summary"]["version"], "2.0.0");
    assert_eq!(page["versions"][0]["version"], "2.0.0");
}

#[tokio::test]
async fn signatures_that_are_not_over_the_package_by_the_key_are_refused() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    let bytes = package("test.words", "1.0.0");
    let upload = site.upload(&token, &bytes).await;
    for signature in
        [author.sign(b"something else"), Author::new().sign(&bytes), "no signature".to_owned(), "x".repeat(20_000)]
    {
        let body = json!({"upload": upload, "key": author.public, "signature": signature});
        site.post("/v1/plugins", &token, body).await.refused(422, "signature", "bad-signature");
    }
    assert!(site.record("test.words").await.is_none());
}

#[tokio::test]
async fn packages_that_are_none_and_components_that_are_none_are_refused() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    let manifest = manifest("test.words", "1.0.0");
    // What is no WebAssembly at all is not packed.
    let module = b"\0asm\x01\0\0\0".as_slice();
    let malformed = b"\0asm\x0d\0\x01\0\x07\xff".as_slice();
    let mut cut = package("test.words", "1.0.0");
    cut.truncate(cut.len() - 10);
    let mut changed = package("test.words", "1.0.0");
    changed[100] ^= 1;
    let mut packages = vec![b"PK\x03\x04".to_vec(), cut, changed, package_with(&manifest, malformed, "")];
    packages.extend(std::panic::catch_unwind(|| package_with(&manifest, module, "")).ok());
    for bytes in packages {
        site.publish(&token, &author, &bytes).await.refused(422, "invalid-package", "");
    }
    assert_eq!(site.head().await.0.plugins, 0);
}

#[tokio::test]
async fn an_import_that_is_not_declared_is_refused_and_one_that_is_is_shown() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    for (at, (interface, permission)) in [
        ("hal9:plugin/memory@0.1.0", "Hal9Memory:notes/"),
        ("hal9:plugin/plugins@0.1.0", "PluginCall:test.other"),
        ("wasi:http/outgoing-handler@0.2.6", "NetworkHttps:example.com"),
    ]
    .into_iter()
    .enumerate()
    {
        let text = format!("(component (import \"{interface}\" (instance)))");
        let component = wat::parse_str(text).unwrap();
        let id = format!("test.number-{at}");
        let mut manifest = manifest(&id, "1.0.0");
        let refused = site.publish(&token, &author, &package_with(&manifest, &component, "x")).await;
        refused.refused(422, "invalid-package", "undeclared");
        manifest["permissions"] = json!([permission]);
        site.published(&token, &author, &package_with(&manifest, &component, "x")).await;
        let page: Value = site.get(&format!("/v1/plugins/{id}/versions/1.0.0")).await.json();
        assert_eq!(page["imports"][0]["name"], interface);
        assert_eq!(page["permissions"][0]["permission"], permission);
    }
}

#[tokio::test]
async fn a_readme_that_is_too_long_or_no_text_is_refused_and_notes_are_checked() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    let manifest = manifest("test.words", "1.0.0");
    let long = package_with(&manifest, crate::site::TOOL, &"long ".repeat(200_000));
    site.publish(&token, &author, &long).await.refused(422, "invalid-package", "readme");
    let bytes = package_of(&manifest);
    let upload = site.upload(&token, &bytes).await;
    for notes in ["x".repeat((64 << 10) + 1), "a\u{202e}b".to_owned()] {
        let body = json!({"upload": upload, "key": author.public, "signature": author.sign(&bytes), "notes": notes});
        site.post("/v1/plugins", &token, body).await.refused(400, "usage", "");
    }
}

#[tokio::test]
async fn what_a_version_asks_for_more_than_the_one_before_it_is_told() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    for (version, permissions) in [("1.0.0", json!(["SystemTime"])), ("1.1.0", json!(["NetworkHttps:example.com"]))] {
        let mut manifest = manifest("test.words", version);
        manifest["permissions"] = permissions;
        site.published(&token, &author, &package_of(&manifest)).await;
    }
    let page: Value = site.get("/v1/plugins/test.words").await.json();
    let changes = &page["versions"][0]["changes"];
    assert_eq!(changes[0]["permission"]["words"], "send HTTPS requests: example.com");
    assert_eq!((changes[0]["added"].as_bool(), changes[1]["added"].as_bool()), (Some(true), Some(false)));
    assert_eq!(changes[1]["permission"]["permission"], "SystemTime");
    assert_eq!(page["versions"][1]["changes"], json!([]));
}

#[tokio::test]
async fn of_many_who_publish_one_name_at_once_one_has_it() {
    let site = Site::start().await;
    let mut publishing = Vec::new();
    for name in ["ada", "eve", "max", "kim"] {
        publishing.push((site.account(name).await, Author::new()));
    }
    let bytes = package("test.words", "1.0.0");
    let tries = publishing.iter().map(|(token, author)| site.publish(token, author, &bytes));
    let answers = futures::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.refused(409, "conflict", "taken");
    }
    let winner = answers.iter().position(|answer| answer.status == 201).unwrap();
    let record = site.record("test.words").await.unwrap();
    assert_eq!((record.versions.len(), &record.keys[0].key), (1, &publishing[winner].1.public));
}
