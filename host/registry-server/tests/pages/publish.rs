//! Publishing: files that are dropped or chosen, what would be published, and what is told before it is.

use fantoccini::Locator;
use hal9_registry_index::api::PluginPage;
use serde_json::{Value, json};

use crate::{
    browser::{Browser, browse},
    session::sign_in,
    site::{Site, package, tool},
};

const ID: &str = "ai.example.words";

/// Drops files on the page, as a file manager does.
async fn drop_files(browser: &Browser, files: &[(&str, Vec<u8>)]) {
    let files: Vec<Value> = files.iter().map(|(name, bytes)| json!([name, bytes])).collect();
    let script = "const [files] = arguments;
        const dropped = new DataTransfer();
        for (const [name, bytes] of files) dropped.items.add(new File([Uint8Array.from(bytes)], name));
        const at = document.getElementById('drop');
        for (const kind of ['dragenter', 'dragover', 'drop'])
            at.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: dropped }));";
    browser.run(script, vec![json!(files)]).await;
}

async fn plugin(site: &Site) -> PluginPage {
    site.page(&format!("/v1/plugins/{ID}")).await.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_published_by_dropping_its_files() {
    let site = Site::new().await;
    let ada = site.author("ada").await;
    let first = package(&tool(ID, "1.0.0", json!({})), "tool", "# Words");
    browse(async |browser| {
        sign_in(browser, &site, "ada", "/publish").await;
        let signature = ada.key.sign(&first, "a test").unwrap().into_bytes();
        let key = ada.key.public().to_text().into_bytes();
        browser.find("#drop.ready").await;
        drop_files(browser, &[("words.hal9", first.clone()), ("words.hal9.minisig", signature), ("words.pub", key)])
            .await;
        browser.until("document.getElementById('key').value.startsWith('RW')").await;
        assert_eq!(
            browser.run("return document.getElementById('signature').files[0].name", vec![]).await,
            "words.hal9.minisig"
        );
        browser.write("#notes", "The *first* one").await;
        browser.click("#publish .primary").await;
        let would = browser.find("#would").await.text().await.unwrap();
        assert!(would.contains("It is the first version") && would.contains(ID), "{would}");
        assert!(browser.text("section[aria-labelledby=asks]").await.contains("It asks for nothing."));
        assert_eq!(site.page(&format!("/v1/plugins/{ID}")).await.status(), 404, "nothing is public before it is said");
        browser.click("#confirm").await;
        browser.find("#install").await;
        assert_eq!(browser.text("h1").await, format!("{ID} 1.0.0"));
        browser.click(".card a.primary").await;
        browser.until("document.querySelector('#readme')").await;
        assert!(browser.text("section[aria-labelledby=new]").await.contains("The first one"));
        // What is on no list of the page is not taken.
        browser.go(&format!("{}/publish", site.url)).await;
        browser.find("#drop.ready").await;
        drop_files(browser, &[("holiday.jpg", vec![1, 2, 3])]).await;
        browser.until("document.getElementById('sent-words').textContent.includes('holiday.jpg')").await;
    })
    .await;
    assert_eq!(plugin(&site).await.versions.len(), 1);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_version_is_held_against_the_one_before_it_without_a_script() {
    let site = Site::new().await;
    let ada = site.author("ada").await;
    let permissions = json!({"permissions": ["SystemTime"]});
    site.publish(&ada, &package(&tool(ID, "1.0.0", permissions), "tool", "# Words"), "").await;
    let more = json!({
        "permissions": ["NetworkHttps:example.com"],
        "capabilities": [{"ToolProvider": {"tool_name": "echo"}}, {"ToolProvider": {"tool_name": "shout"}}],
    });
    let second = package(&tool(ID, "1.1.0", more), "tool", "# Words");
    let (file, signature) = site.files(&ada, "second", &second);
    browse(async |browser| {
        browser.scripts(false).await;
        sign_in(browser, &site, "ada", "/publish").await;
        browser.write("#package", &file).await;
        browser.write("#signature", &signature).await;
        browser.write("#notes", "More").await;
        browser.click("#publish .primary").await;
        let would = browser.find("#would").await.text().await.unwrap();
        for words in [
            "It comes after 1.0.0",
            "Send HTTPS requests to example.com",
            "no longer asks for",
            "Read the real date and time",
            "Tool shout",
        ] {
            assert!(would.contains(words), "{words:?} in {would}");
        }
        browser.click("#confirm").await;
        browser.find("#install").await;
    })
    .await;
    let plugin = plugin(&site).await;
    assert_eq!(plugin.versions.len(), 2);
    assert_eq!(plugin.versions[0].changes.iter().filter(|change| change.added).count(), 1);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_published_is_told_with_what_to_change() {
    let site = Site::new().await;
    let (ada, eve) = (site.author("ada").await, site.author("eve").await);
    let first = package(&tool(ID, "1.0.0", json!({})), "tool", "# Words");
    site.publish(&ada, &first, "").await;
    let other = package(&tool(ID, "1.0.0", json!({"metadata": {"description": "Other"}})), "tool", "# Words");
    let next = package(&tool(ID, "1.0.1", json!({})), "tool", "# Words");
    let mut broken = next.clone();
    broken.truncate(1000);
    let key = ada.key.public().to_string();
    let cases = [
        ("ada", site.files(&ada, "same", &first), "", "published already, with this very package"),
        ("ada", site.files(&ada, "other", &other), "", "Raise the version"),
        ("ada", site.files(&ada, "broken", &broken), "", "hal9 plugin pack"),
        ("ada", site.files(&eve, "foreign", &next), "", "none of this plugin’s"),
        ("ada", (site.files(&ada, "good", &next).0, site.files(&ada, "mixed", &first).1), "", "cannot be believed"),
        ("ada", site.files(&ada, "nokey", &next), "RWnonsense", "public key"),
        ("eve", site.files(&eve, "stolen", &next), &key, "cannot be believed"),
        ("eve", site.files(&ada, "theirs", &next), &key, "belongs to ada"),
    ];
    browse(async |browser| {
        let mut signed_in = "";
        for (account, (file, signature), key, told) in cases {
            if signed_in != account {
                browser.client.delete_all_cookies().await.unwrap();
                sign_in(browser, &site, account, "/publish").await;
                signed_in = account;
            }
            browser.go(&format!("{}/publish", site.url)).await;
            browser.find("#drop.ready").await;
            browser.write("#package", &file).await;
            browser.write("#signature", &signature).await;
            browser.write("#key", key).await;
            browser.write("#notes", "Kept").await;
            browser.click("#publish .primary").await;
            let alert = browser.find("[role=alert]").await.text().await.unwrap();
            assert!(alert.contains(told), "{file}: {told:?} in {alert}");
            // What was chosen is still there, and what was written.
            assert_eq!(browser.run("return document.getElementById('package').files.length", vec![]).await, 1);
            assert_eq!(browser.find("#notes").await.prop("value").await.unwrap().unwrap(), "Kept");
        }
        // Mended in place, it goes on.
        browser.client.delete_all_cookies().await.unwrap();
        sign_in(browser, &site, "ada", "/publish").await;
        let (file, signature) = site.files(&ada, "good", &next);
        browser.write("#package", &file).await;
        browser.write("#signature", &site.files(&ada, "mixed", &first).1).await;
        browser.click("#publish .primary").await;
        browser.find("[role=alert]").await;
        browser.write("#signature", &signature).await;
        browser.click("#publish .primary").await;
        browser.find("#would").await;
        assert!(browser.client.find(Locator::Css("[role=alert]")).await.is_err());
    })
    .await;
    assert_eq!(plugin(&site).await.versions.len(), 1);
    site.stop().await;
}
