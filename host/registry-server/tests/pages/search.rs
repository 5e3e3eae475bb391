//! Searching: while typing, by facets, by what plugins do not ask for, and without a script.

use serde_json::json;

use crate::{
    browser::browse,
    site::{Author, Site, package, tool},
};

/// Some plugins that differ in what they are and ask for.
async fn several(site: &Site) {
    several_of(site, &site.author("ada").await).await;
}

/// Those plugins, by an author.
pub(crate) async fn several_of(site: &Site, author: &Author) {
    for (id, name, kind, permissions, tags) in [
        ("ai.example.echo", "Echo chamber", "tool", json!([]), json!(["text"])),
        (
            "ai.example.fetcher",
            "Page fetcher",
            "tool",
            json!(["NetworkHttps:example.com", "SystemTime"]),
            json!(["web", "text"]),
        ),
        ("ai.example.archive", "Paper archive", "tool", json!(["FileRead:./papers=>/papers"]), json!(["files"])),
        ("ai.example.keeper", "Keeper", "memory-provider", json!(["Hal9Memory:notes/"]), json!(["memory"])),
    ] {
        let capability = match kind {
            "tool" => json!([{"ToolProvider": {"tool_name": "echo", "description": "Gives back its parameters"}}]),
            _ => json!([{"MemoryProvider": {"provider_name": "keeper", "description": "Keeps what it is told"}}]),
        };
        let changes =
            json!({"metadata": {"name": name, "tags": tags}, "permissions": permissions, "capabilities": capability});
        site.publish(author, &package(&tool(id, "1.0.0", changes), kind, "# A plugin\n\nIt works."), "").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_is_found_at_once_and_stands_in_the_address() {
    let site = Site::new().await;
    several(&site).await;
    browse(async |browser| {
        browser.go(&format!("{}/search", site.url)).await;
        assert_eq!(browser.text("#how-many").await, "4 plugins");
        browser.write("#q", "fetch").await;
        browser.until("document.querySelector('#how-many').textContent === '1 plugin'").await;
        assert_eq!(browser.text(".hit h3 a").await, "Page fetcher");
        browser.until("location.search === '?q=fetch'").await;
        assert_eq!(browser.text("#said").await, "1 plugin", "who does not see the list hears how long it is");
        browser.write("#q", "ing nothing").await;
        browser.until("document.querySelector('#how-many').textContent === 'Nothing found'").await;

        // The key that leads to the box, and the form that does what the script did.
        browser.go(&format!("{}/search", site.url)).await;
        browser.find("body").await.send_keys("/").await.unwrap();
        assert_eq!(browser.run("return document.activeElement.id", vec![]).await, "q");
        browser.write("#q", "archive\n").await;
        browser.until("document.querySelectorAll('.hit').length === 1 && location.search === '?q=archive'").await;
    })
    .await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_narrowed_by_facets_and_widened_by_going_back() {
    let site = Site::new().await;
    several(&site).await;
    browse(async |browser| {
        browser.go(&format!("{}/search", site.url)).await;
        browser.click(".toggles li:nth-child(1) a").await;
        browser.until("document.querySelectorAll('.hit').length === 3").await;
        assert!(!browser.text("#found").await.contains("Page fetcher"), "it asks for the network");
        browser.click(".toggles li:nth-child(2) a").await;
        browser.until("document.querySelectorAll('.hit').length === 2").await;
        browser.until("location.search === '?without=network%2Cfiles'").await;
        browser.click("a[href*='kind=MemoryProvider']").await;
        browser.until("document.querySelectorAll('.hit').length === 1").await;
        assert_eq!(browser.text(".hit h3 a").await, "Keeper");
        // What is typed keeps the filters.
        browser.write("#q", "echo").await;
        browser.until("document.querySelector('#how-many').textContent === 'Nothing found'").await;
        browser.click(".chips a").await;
        browser.until("document.querySelectorAll('.hit').length === 1").await;
        assert_eq!(browser.text(".hit h3 a").await, "Echo chamber");
        browser.client.back().await.unwrap();
        browser.until("location.search.includes('kind=MemoryProvider')").await;
        browser.until("document.querySelector('#how-many').textContent === 'Nothing found'").await;
    })
    .await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_found_without_a_script() {
    let site = Site::new().await;
    several(&site).await;
    browse(async |browser| {
        browser.scripts(false).await;
        browser.go(&site.url).await;
        assert!(browser.text("h1").await.contains("Know what it may do"));
        browser.write("#q", "fetcher").await;
        browser.click(".hero button").await;
        assert_eq!(browser.find(".hit h3 a").await.text().await.unwrap(), "Page fetcher");
        browser.click("a[href*='tag=web']").await;
        browser.find(".chips a").await;
        assert_eq!(browser.text("#how-many").await, "1 plugin");
        browser.click(".toggles li:nth-child(1) a").await;
        browser.find(".toggles li:nth-child(1) a.on").await;
        assert_eq!(browser.text("#how-many").await, "Nothing found");
        // The form hands the filters on.
        browser.find("#q").await.clear().await.unwrap();
        browser.write("#q", "echo").await;
        browser.click("#search button").await;
        browser.find(".toggles li:nth-child(1) a.on").await;
        assert!(browser.client.current_url().await.unwrap().query().unwrap().contains("tag=web"));
        browser.click("a[href='/search?without=network&q=echo'], a[href='/search?q=echo&without=network']").await;
        assert_eq!(browser.find(".hit h3 a").await.text().await.unwrap(), "Echo chamber");
        browser.click(".hit h3 a").await;
        assert!(browser.find("h1").await.text().await.unwrap().starts_with("Echo chamber"));
    })
    .await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_is_none_is_told_beside_the_filters() {
    let site = Site::new().await;
    let answer = site.page("/search?kind=Banana&q=x").await;
    assert_eq!(answer.status(), 400);
    let text = answer.text().await.unwrap();
    assert!(text.contains("role=\"alert\"") && text.contains("Banana"), "{text}");
    // What is unknown in an address is left out, and not a reason to show nothing.
    assert_eq!(site.page("/search?utm_source=x&kind=&q=").await.status(), 200);
    site.stop().await;
}
