//! Every page by axe-core, in light and dark, on a desk and on a phone: no violation of WCAG 2 A and AA. With `HAL9_SHOTS` set to a folder it leaves a
//! picture of each there.

use std::{path::Path, process::Command, sync::OnceLock};

use serde_json::{Value, json};

use crate::{
    browser::{Browser, browse},
    plugin::with_history,
    search::several_of,
    session::sign_in,
    site::{Site, package, tool},
};

/// Asserts that axe-core finds nothing wrong with what is shown.
async fn check(browser: &Browser, what: &str) {
    for (scheme, width) in [("light", 1400), ("dark", 1400), ("light", 360), ("dark", 360)] {
        browser.prefer(scheme).await;
        browser.size(width, 900).await;
        browser.run(axe(), vec![]).await;
        let script = "const [done] = arguments;
            axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] }).then(
                ({ violations }) => done(violations.map((one) => [one.id, one.help, one.nodes.map((node) => `${node.html} ${node.failureSummary}`)])),
                (error) => done(String(error)),
            );";
        let found = browser.client.execute_async(script, vec![]).await.unwrap();
        assert_eq!(found, json!([]), "{what}, {scheme}, {width} pixels wide: {found:#}");
        let wide = browser.run("return document.documentElement.scrollWidth", vec![]).await;
        assert!(wide.as_u64().unwrap() <= width.into(), "{what} is {wide} pixels wide at {width}");
        shoot(browser, &format!("{what}-{scheme}-{width}")).await;
    }
}

async fn shoot(browser: &Browser, name: &str) {
    let Some(folder) = std::env::var_os("HAL9_SHOTS") else { return };
    let width = browser.run("return innerWidth", vec![]).await.as_u64().unwrap();
    let height = browser.run("return document.documentElement.scrollHeight", vec![]).await.as_u64().unwrap();
    browser.size(u32::try_from(width).unwrap(), u32::try_from(height.min(4000)).unwrap()).await;
    let picture = browser.client.screenshot().await.unwrap();
    std::fs::write(Path::new(&folder).join(format!("{name}.png")), picture).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_accessible_in_light_and_dark_on_a_desk_and_on_a_phone() {
    let site = Site::new().await;
    let (ada, bob) = with_history(&site).await;
    several_of(&site, &ada).await;
    let alone = json!({"permissions": ["NetworkHttp", "NetworkHttps", "FileWrite:./out=>/out", "SystemEnv:HOME", "Hal9Memory", "PluginCall:ai.example.words"]});
    let published =
        site.publish(&bob, &package(&tool("ai.example.greedy", "2.0.0", alone), "tool", "Wants everything."), "").await;
    site.review(&ada, &published, 1, "It wants everything.").await;
    let deprecated = json!({"deprecation": {"message": "It wanted too much.", "instead": "ai.example.words"}});
    let path = "/v1/plugins/ai.example.greedy/deprecation";
    let _: Value = site.change(Some(&bob.token), reqwest::Method::PUT, path, &deprecated).await;
    let next = package(
        &tool("ai.example.words", "2.0.0", json!({"permissions": ["NetworkHttps:example.com"]})),
        "tool",
        "More.",
    );
    let (file, signature) = site.files(&ada, "next", &next);
    browse(async |browser| {
        for (what, path) in [
            ("home", "/"),
            ("search", "/search"),
            ("search-narrowed", "/search?q=e&without=network&order=name"),
            ("search-nothing", "/search?q=nothing+like+this"),
            ("plugin", "/plugins/ai.example.words"),
            ("plugin-dangerous", "/plugins/ai.example.words/1.1.0"),
            ("plugin-greedy", "/plugins/ai.example.greedy"),
            ("author", "/authors/ada"),
            ("docs", "/docs"),
            ("sign-in", "/sign-in"),
            ("sign-up", "/sign-up"),
            ("nothing", "/nothing"),
        ] {
            browser.go(&format!("{}{path}", site.url)).await;
            check(browser, what).await;
        }
        sign_in(browser, &site, "ada", "/account").await;
        browser.click("details.card summary").await;
        check(browser, "account").await;
        browser.go(&format!("{}/plugins/ai.example.greedy/review", site.url)).await;
        browser.until("!document.getElementById('review').hidden").await;
        check(browser, "review").await;
        browser.go(&format!("{}/publish", site.url)).await;
        browser.find("#drop.ready").await;
        check(browser, "publish").await;
        browser.click("#publish .primary").await;
        browser.write("#package", &file).await;
        browser.write("#signature", &signature).await;
        browser.write("#key", "RWnonsense").await;
        browser.click("#publish .primary").await;
        browser.find("[role=alert]").await;
        check(browser, "publish-refused").await;
        browser.find("#key").await.clear().await.unwrap();
        browser.click("#publish .primary").await;
        browser.find("#would").await;
        check(browser, "confirm").await;
        browser.click("#confirm").await;
        browser.find("#install").await;
        check(browser, "published").await;
    })
    .await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_are_chosen_and_kept_by_the_browser_alone() {
    let site = Site::new().await;
    browse(async |browser| {
        browser.prefer("dark").await;
        browser.go(&site.url).await;
        let paper = "return getComputedStyle(document.body).backgroundColor";
        let dark = browser.run(paper, vec![]).await;
        browser.click("[data-theme-switch]").await;
        assert_eq!(browser.find("[data-theme-name]").await.prop("textContent").await.unwrap().unwrap(), "light");
        let light = browser.run(paper, vec![]).await;
        assert_ne!(light, dark);
        browser.go(&format!("{}/docs", site.url)).await;
        assert_eq!(browser.run(paper, vec![]).await, light, "it is kept");
        assert_eq!(browser.client.get_all_cookies().await.unwrap().len(), 0);
        browser.scripts(false).await;
        browser.go(&site.url).await;
        assert_eq!(browser.run(paper, vec![]).await, dark, "without a script it is the system's");
        assert!(!browser.find("[data-theme-switch]").await.is_displayed().await.unwrap());
    })
    .await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_is_enough() {
    let site = Site::new().await;
    browse(async |browser| {
        browser.go(&format!("{}/docs", site.url)).await;
        browser.find("body").await.send_keys("\u{e004}").await.unwrap();
        assert_eq!(browser.run("return document.activeElement.textContent", vec![]).await, "Skip to the content");
        browser.client.active_element().await.unwrap().send_keys("\u{e007}").await.unwrap();
        browser.until("document.activeElement.id === 'main'").await;
        browser.client.active_element().await.unwrap().send_keys("\u{e004}").await.unwrap();
        let outline = browser.run("return getComputedStyle(document.activeElement).outlineStyle", vec![]).await;
        assert_eq!(outline, "solid", "where the keyboard is can be seen");
    })
    .await;
    site.stop().await;
}

/// The text of axe-core, which npm brings where it is missing.
///
/// # Panics
///
/// Where it cannot be had.
fn axe() -> &'static str {
    static AXE: OnceLock<String> = OnceLock::new();
    AXE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("axe");
        let file = folder.join("node_modules/axe-core/axe.min.js");
        if !file.is_file() {
            std::fs::create_dir_all(&folder).unwrap();
            let npm = Command::new("npm")
                .args(["install", "--no-audit", "--no-fund", "--no-save", "--prefix"])
                .arg(&folder)
                .arg("axe-core@4")
                .output();
            let said =
                npm.map_or_else(|error| error.to_string(), |done| String::from_utf8_lossy(&done.stderr).into_owned());
            assert!(file.is_file(), "this test needs npm, which brings axe-core: apt-get install npm\n{said}");
        }
        std::fs::read_to_string(file).unwrap()
    })
}
