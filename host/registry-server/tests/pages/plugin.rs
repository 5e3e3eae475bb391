//! A plugin's page: what it may do, how that changed, what others say of it, and how to verify it.

use hal9_package::Signature;
use serde_json::{Value, json};

use crate::{
    browser::browse,
    site::{Author, Site, package, tool},
};

/// A plugin with a history: three versions that ask for different things, one of them yanked, with reviews, a notice and a plugin that needs it.
pub(crate) async fn with_history(site: &Site) -> (Author, Author) {
    let (ada, bob, carol) = (site.author("ada").await, site.author("bob").await, site.author("carol").await);
    let id = "ai.example.words";
    let readme = "# Words\n\nCounts words, and [says so](https://example.com/words).\n\n## Use\n\n```sh\nhal9 tool call echo --params '{}'\n```\n\n| word | count |\n|---|---|\n| a | 1 |\n\n![a picture](https://example.com/a.png)\n";
    let of = |version: &str, permissions: Value| {
        let changes = json!({
            "metadata": {"name": "Words", "description": "Counts the words of a text, in any language that has some", "tags": ["text", "language"], "repository": "https://example.com/words"},
            "permissions": permissions,
        });
        package(&tool(id, version, changes), "tool", readme)
    };
    site.publish(&ada, &of("1.0.0", json!(["SystemTime"])), "").await;
    let second = site.publish(&ada, &of("1.1.0", json!(["NetworkHttps:api.example.com", "SystemTime"])), "").await;
    site.review(&bob, &second, 2, "It asked for the network.\nI do not know why.").await;
    let notes = "## Calmer\n\n- asks for **no network** any more\n- reads the words from `/words`\n";
    let third = site.publish(&ada, &of("1.2.0", json!(["FileRead:./words=>/words", "SystemTime"])), notes).await;
    site.review(&carol, &third, 5, "").await;
    let token = Some(ada.token.as_str());
    let path = format!("/v1/plugins/{id}/versions/1.0.0/yank");
    let _: Value = site.change(token, reqwest::Method::PUT, &path, &json!({"reason": "Counted twice"})).await;
    let notice = json!({"severity": "high", "versions": "<1.2.0", "summary": "It sent words to a server.", "url": "https://example.com/advisory"});
    let _: Value = site.change(token, reqwest::Method::POST, &format!("/v1/plugins/{id}/notices"), &notice).await;
    let needs = json!({"metadata": {"name": "Sentences"}, "dependencies": [{"plugin_id": id, "version": "^1.1"}]});
    site.publish(&bob, &package(&tool("ai.example.sentences", "0.1.0", needs), "tool", "Counts sentences."), "").await;
    site.page(&format!("/v1/blobs/{}", third.package)).await.bytes().await.unwrap();
    (ada, bob)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_says_what_a_plugin_may_do_and_how_that_changed() {
    let site = Site::new().await;
    with_history(&site).await;
    browse(async |browser| {
        browser.go(&format!("{}/plugins/ai.example.words", site.url)).await;
        assert_eq!(browser.text("h1").await, "Words 1.2.0");
        assert_eq!(browser.text("#install").await, "hal9 plugin install ai.example.words");
        let permissions = browser.text("section[aria-labelledby=permissions]").await;
        for words in [
            "Read every file below ./words, which it knows as /words",
            "It cannot change them",
            "FileRead:./words=>/words",
            "reach the network",
            "change any file",
        ] {
            assert!(permissions.contains(words), "{words:?} in {permissions}");
        }
        let versions = browser.text("section[aria-labelledby=versions]").await;
        for words in ["yanked", "“Counted twice”", "dangerous", "Send HTTPS requests to api.example.com"] {
            assert!(versions.contains(words), "{words:?} in {versions}");
        }
        assert!(browser.has(".versions li.here .removed").await, "the newest asks for less than the one before it");
        assert!(browser.has(".versions li:nth-child(2) .added").await);
        assert!(!browser.has(".told.wrong").await, "the notice is about other versions");
        assert!(browser.text("section[aria-labelledby=new]").await.contains("no network"));

        let readme = browser.text("section[aria-labelledby=readme]").await;
        assert!(readme.contains("Image: a picture") && !browser.has("main img").await, "{readme}");
        assert!(browser.has(".written-by-author a[rel~=nofollow][href='https://example.com/words']").await);
        assert!(!browser.has(".written-by-author h1, .written-by-author h2").await);
        let reviews = browser.text("section[aria-labelledby=reviews]").await;
        for words in ["3.5", "by 2 people", "bob of 1.1.0", "another version", "I do not know why.", "Signed by key"] {
            assert!(reviews.replace('\n', " ").contains(words), "{words:?} in {reviews}");
        }
        assert!(browser.text("section[aria-labelledby=offers]").await.contains("ai.example.sentences"));

        // The other plugins with an interface are a click away.
        browser.click(".interfaces[open] li a").await;
        browser.until("location.search.startsWith('?exports=hal9%3Aplugin%2Ftool')").await;
        assert_eq!(browser.text("#how-many").await, "2 plugins");

        browser.go(&format!("{}/plugins/ai.example.words/1.1.0", site.url)).await;
        assert!(browser.text(".told.wrong").await.contains("It sent words to a server."));
        assert_eq!(browser.text("#install").await, "hal9 plugin install ai.example.words@1.1.0");
        browser.go(&format!("{}/plugins/ai.example.words/1.0.0", site.url)).await;
        assert!(browser.text("main").await.contains("This version was yanked"));
        browser.go(&format!("{}/authors/bob", site.url)).await;
        assert_eq!(browser.text(".hit h3 a").await, "Sentences");
        assert!(browser.text(".numbers").await.contains("1 review written"));
    })
    .await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_offers_to_verify_is_what_the_author_has_signed() {
    let site = Site::new().await;
    let (ada, _) = with_history(&site).await;
    let answer = site.page("/plugins/ai.example.words/1.2.0/package.minisig").await;
    let name = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert_eq!(name, "attachment; filename=\"ai.example.words-1.2.0.hal9.minisig\"");
    let signature: Signature = answer.text().await.unwrap().parse().unwrap();
    let page = site.page("/plugins/ai.example.words").await.text().await.unwrap();
    let blob = page.split("href=\"/v1/blobs/").nth(1).unwrap().split('"').next().unwrap();
    let package = site.page(&format!("/v1/blobs/{blob}")).await.bytes().await.unwrap();
    ada.key.public().verify(&package, &signature).unwrap();
    assert!(page.contains(&format!("-P {}", ada.key.public())), "the command names the key");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_small() {
    let site = Site::new().await;
    with_history(&site).await;
    for path in ["/", "/search", "/plugins/ai.example.words", "/authors/ada", "/docs", "/sign-in", "/nothing"] {
        let length = site.page(path).await.text().await.unwrap().len();
        assert!(length < 40_000, "{path} has {length} bytes");
    }
    site.stop().await;
}
