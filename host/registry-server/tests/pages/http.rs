//! What holds for every page: headers, files that never change, and friendly refusals.

use reqwest::{Method, StatusCode};

use crate::site::{Site, assert_status};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_runs_and_loads_nothing_but_our_own_files() {
    let site = Site::new().await;
    for path in ["/", "/search", "/docs", "/sign-in", "/sign-up", "/nothing", "/plugins/a.b"] {
        let answer = site.page(path).await;
        let headers = answer.headers().clone();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self';"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["cache-control"], "private, no-store", "{path}");
        let text = answer.text().await.unwrap();
        assert!(!text.contains("<style") && !text.contains(" style=") && !text.contains(" onclick="), "{path}");
        for script in text.split("<script").skip(1) {
            assert!(script.starts_with(" src=\"/assets/"), "{path}: {}", &script[..60]);
        }
        assert!(!text.contains("/assets/missing"), "{path}");
    }
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_have_names_that_change_with_them_and_are_kept_for_ever() {
    let site = Site::new().await;
    let page = site.page("/search").await.text().await.unwrap();
    let files: Vec<&str> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let answer = site.page(file).await;
        assert_eq!(answer.status(), StatusCode::OK, "{file}");
        assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable");
        assert!(answer.headers()["content-type"].to_str().unwrap().contains(if file.ends_with(".js") {
            "javascript"
        } else if file.ends_with(".css") {
            "css"
        } else {
            "svg"
        }));
    }
    let script = page.split('"').find(|part| part.starts_with("/assets/style-")).unwrap();
    assert_status(site.page(&script.replace("style-", "style-0")).await, StatusCode::NOT_FOUND).await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told_in_the_words_of_who_asked() {
    let site = Site::new().await;
    for path in [
        "/nothing",
        "/plugins/ai.example.none",
        "/plugins/not an id",
        "/plugins/a.b/1.0.0",
        "/authors/nobody",
        "/authors/%00",
        "/assets/x.js",
    ] {
        let answer = site.page(path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        let text = answer.text().await.unwrap();
        assert!(text.contains("<h1>Not found</h1>") && text.contains("href=\"/search\""), "{path}: {text}");
    }
    let api = site.page("/v1/nothing").await;
    assert_eq!(api.headers()["content-type"], "application/json");
    assert!(assert_status(api, StatusCode::NOT_FOUND).await.contains("\"not-found\""));
    let page = site.request(Method::PUT, "/search").send().await.unwrap();
    assert!(assert_status(page, StatusCode::METHOD_NOT_ALLOWED).await.contains("<h1>That did not work</h1>"));
    let page = site.request(Method::POST, "/sign-in").body("x").send().await.unwrap();
    assert!(assert_status(page, StatusCode::UNSUPPORTED_MEDIA_TYPE).await.contains("<h1>That did not work</h1>"));
    let form = "application/x-www-form-urlencoded";
    let large = site.request(Method::POST, "/sign-in").header("content-type", form).body("x".repeat(300 << 10));
    assert!(
        assert_status(large.send().await.unwrap(), StatusCode::PAYLOAD_TOO_LARGE).await.contains("<h1>Too large</h1>")
    );
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_too_often_gets_a_page_that_says_so() {
    let site = Site::with(|config| config.rates.reads = 3).await;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let answer = site.page("/docs").await;
        statuses.push(answer.status());
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers().contains_key("retry-after"));
            assert!(answer.text().await.unwrap().contains("<h1>A little slower, please</h1>"));
            site.stop().await;
            return;
        }
    }
    panic!("nobody was told to wait: {statuses:?}");
}
