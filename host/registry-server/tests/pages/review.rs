//! Reviews: signed in the browser with a key that stays there, or by the command and sent as a file.

use hal9_registry_index::{
    Review,
    api::{About, ReviewPage},
    sign,
};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{
    browser::browse,
    session::sign_in,
    site::{Author, Site, assert_status, package, tool},
};

/// A registry with a plugin of two versions, and its author.
async fn with_plugin() -> (Site, Author) {
    let site = Site::new().await;
    let ada = site.author("ada").await;
    for version in ["1.0.0", "1.1.0"] {
        site.publish(&ada, &package(&tool("ai.example.echo", version, json!({})), "tool", "Echo."), "").await;
    }
    (site, ada)
}

async fn reviews(site: &Site) -> ReviewPage {
    site.page("/v1/plugins/ai.example.echo/reviews").await.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_signed_in_the_browser_by_a_key_that_stays_there() {
    let (site, _) = with_plugin().await;
    site.author("bob").await;
    browse(async |browser| {
        sign_in(browser, &site, "bob", "/plugins/ai.example.echo/review").await;
        browser
            .until("!document.getElementById('review').hidden && document.getElementById('key-words').textContent")
            .await;
        browser.click("#stars-4").await;
        browser.write("#text", "It “answers”, <b>quickly</b> – and twice.\n日本").await;
        browser.click("#review .primary").await;
        browser.find(".review .text").await;
        let shown = browser.text(".review").await.replace("bob\nof", "bob of");
        assert!(
            shown.contains("It “answers”, <b>quickly</b> – and twice.\n日本") && shown.contains("bob of 1.1.0"),
            "{shown}"
        );

        // A second one by the same key, of another version; then a third in the place of that.
        let (first, about): (_, About) = (reviews(&site).await, site.page("/v1/registry").await.json().await.unwrap());
        for (stars, text) in [("#stars-1", "Older"), ("#stars-2", "Older, and looked at again")] {
            // Times are whole seconds, and a later review has a later one: the page is opened until its time is another.
            let last = reviews(&site).await.reviews.iter().map(|one| one.review.written).max().unwrap();
            loop {
                browser.go(&format!("{}/plugins/ai.example.echo/review?version=1.0.0", site.url)).await;
                let now = browser.find("#review").await.attr("data-now").await.unwrap().unwrap();
                if now.parse::<u64>().unwrap() > last {
                    break;
                }
            }
            browser
                .until("document.getElementById('key-words').textContent.startsWith('Signed with this browser')")
                .await;
            browser.click(stars).await;
            browser.write("#text", text).await;
            browser.click("#review .primary").await;
            browser
                .until(&format!("document.querySelector('#reviews') && document.body.textContent.includes('{text}')"))
                .await;
        }
        let all = reviews(&site).await;
        assert_eq!((first.total, all.total), (1, 2));
        for one in &all.reviews {
            assert_eq!(one.key, first.reviews[0].key);
            // Nobody has to believe the server that the browser has signed this.
            assert_eq!(Review::verify(&one.signed, &one.key, &about.registry).unwrap(), one.review);
        }
        assert_eq!(all.stars, [0, 1, 0, 0, 0], "somebody counts once, with what he has said last");
        browser.go(&format!("{}/plugins/ai.example.echo/review", site.url)).await;
        browser.click("#remove").await;
        browser.until("document.querySelector('#reviews') && document.body.textContent.includes('Nobody has reviewed it yet.')").await;
        assert_eq!(reviews(&site).await.total, 0);
        let extractable = "const [done] = arguments; const open = indexedDB.open('hal9', 1);
            open.onsuccess = () => { const get = open.result.transaction('keys').objectStore('keys').getAll();
            get.onsuccess = () => done(get.result.map((pair) => pair.privateKey.extractable)); };";
        assert_eq!(browser.client.execute_async(extractable, vec![]).await.unwrap(), json!([false]));
    })
    .await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blake2b_in_the_browser_is_that_of_rfc_7693() {
    let (site, _) = with_plugin().await;
    site.author("bob").await;
    browse(async |browser| {
        sign_in(browser, &site, "bob", "/plugins/ai.example.echo/review").await;
        let hash = async |length: usize, text: &str| {
            let script = "const [text, length, done] = arguments;
                const within = async (file, name) => (await (await fetch(file)).text()).match(new RegExp(`\"(/assets/${name}-[^\"]+)\"`))[1];
                const review = document.querySelector('script[src*=\"/review-\"]').src;
                within(review, 'minisign').then((file) => within(file, 'blake2b')).then((file) => import(file)).then(({ blake2b }) => {
                    const bytes = length ? Uint8Array.from({ length }, (_, at) => at) : new TextEncoder().encode(text);
                    done([...blake2b(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
                });";
            browser.client.execute_async(script, vec![json!(text), json!(length)]).await.unwrap()
        };
        // RFC 7693, appendix A.
        assert_eq!(
            hash(0, "abc").await,
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
        );
        // Of nothing, of one block, of one byte more and of several, as Python's hashlib has them.
        for (length, expected) in [
            (0, "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce"),
            (128, "2319e3789c47e2daa5fe807f61bec2a1a6537fa03f19ff32e87eecbfd64b7e0e8ccff439ac333b040f19b0c4ddd11a61e24ac1fe0f10a039806c5dcc0da3d115"),
            (129, "f59711d44a031d5f97a9413c065d1e614c417ede998590325f49bad2fd444d3e4418be19aec4e11449ac1a57207898bc57d76a1bcf3566292c20c683a5c4648f"),
            (1000, "9fe687126e6566313081b43167cbfa0b4f721b45a5afd4076af327765d63a616478ffbd1cd5fbe4033e8638b8bcf8de6b3978b54a30f1d9d8d68fbe66c2b74cf"),
        ] {
            assert_eq!(hash(length, "").await, expected, "{length} bytes");
        }
    })
    .await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_script_a_signed_file_is_sent() {
    let (site, ada) = with_plugin().await;
    let bob = site.author("bob").await;
    // The key is known, as the command has registered it.
    let published =
        site.publish(&ada, &package(&tool("ai.example.other", "1.0.0", json!({})), "tool", "Other."), "").await;
    let known = site.review(&bob, &published, 3, "").await;
    let echo: hal9_registry_index::api::VersionPage =
        site.page("/v1/plugins/ai.example.echo/versions/1.1.0").await.json().await.unwrap();
    let review = Review {
        plugin: echo.id,
        version: echo.summary.version,
        package: echo.summary.package,
        text: "By the command".to_owned(),
        ..known.review
    };
    let signed = sign(&review, &[&bob.key], "a test").unwrap();
    let (good, bad) = (site.folder.path().join("review.json"), site.folder.path().join("changed.json"));
    std::fs::write(&good, serde_json::to_string(&signed).unwrap()).unwrap();
    std::fs::write(&bad, serde_json::to_string(&signed).unwrap().replace("By the command", "By somebody else"))
        .unwrap();
    browse(async |browser| {
        browser.scripts(false).await;
        sign_in(browser, &site, "bob", "/plugins/ai.example.echo/review").await;
        assert!(browser.text("main").await.contains("hal9 plugin review ai.example.echo --stars"));
        assert!(!browser.find("#review").await.is_displayed().await.unwrap());
        for (file, place) in [(&bad, "[role=alert]"), (&good, ".review .text")] {
            browser.click("details summary").await;
            browser.write("#signed-file", file.to_str().unwrap()).await;
            browser.click("details button").await;
            browser.find(place).await;
        }
        assert_eq!(browser.text(".review .text").await, "By the command");
    })
    .await;
    assert_eq!(reviews(&site).await.total, 1);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reviews_without_an_account() {
    let (site, _) = with_plugin().await;
    let answer = site.page("/plugins/ai.example.echo/review").await;
    assert_eq!(answer.headers()["location"], "/sign-in?to=%2Fplugins%2Fai.example.echo%2Freview");
    let form = "--b\r\ncontent-disposition: form-data; name=\"signed\"\r\n\r\n{}\r\n--b--\r\n";
    let answer = site
        .request(Method::POST, "/plugins/ai.example.echo/review")
        .header("content-type", "multipart/form-data; boundary=b")
        .body(form)
        .send()
        .await
        .unwrap();
    assert_status(answer, StatusCode::UNAUTHORIZED).await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authors_do_not_judge_themselves() {
    let (site, _) = with_plugin().await;
    browse(async |browser| {
        sign_in(browser, &site, "ada", "/plugins/ai.example.echo").await;
        assert!(!browser.has("a[href*='/review']").await);
        browser.go(&format!("{}/plugins/ai.example.echo/review", site.url)).await;
        assert!(browser.text("main").await.contains("It is yours: others review it."));
        assert!(!browser.has("form#review").await);
    })
    .await;
    site.stop().await;
}
