use reqwest::Method;
use serde_json::Value;

use crate::site::{Answer, Author, Site, package};

#[tokio::test]
async fn a_package_comes_whole_in_parts_and_not_again() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    let bytes = package("test.words", "1.0.0");
    let digest = site.published(&token, &author, &bytes).await.package;
    let path = format!("/v1/blobs/{digest}");
    let whole = site.get(&path).await;
    assert!(whole.body == bytes && whole.headers["cache-control"].to_str().unwrap().contains("immutable"));
    assert_eq!(whole.headers["content-length"], bytes.len().to_string().as_str());
    assert_eq!(whole.headers["content-disposition"], "attachment; filename=\"test.words-1.0.0.hal9\"");
    let ask =
        |name: &'static str, value: String| Answer::of(site.request(Method::GET, &path, None).header(name, value));
    let part = ask("range", "bytes=10-".to_owned()).await;
    assert!(part.status == 206 && part.body == bytes[10..]);
    assert_eq!(part.headers["content-range"], format!("bytes 10-{}/{}", bytes.len() - 1, bytes.len()).as_str());
    ask("range", format!("bytes={}-", bytes.len())).await.refused(416, "usage", "range");
    let known = ask("if-none-match", whole.headers["etag"].to_str().unwrap().to_owned()).await;
    assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
    let head = Answer::of(site.request(Method::HEAD, &path, None)).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    let other = site.request(Method::GET, &path, None).header("range", "bytes=10-").header("if-range", "\"other\"");
    assert_eq!(Answer::of(other).await.status, 200, "a part of something else is not given");
    site.get(&format!("/v1/blobs/{}", hal9_package::Digest::of(b"x"))).await.refused(404, "not-found", "");
    for bad in ["x", "sha256:x", "..%2f..%2fkeys%2findex.key"] {
        site.get(&format!("/v1/blobs/{bad}")).await.refused(400, "usage", "");
    }
}

#[tokio::test]
async fn a_whole_download_counts_once_a_day_for_an_address_and_is_kept() {
    let site = Site::with(|config| config.behind_proxy = true).await;
    let (token, author) = (site.account("ada").await, Author::new());
    let digest = site.published(&token, &author, &package("test.words", "1.0.0")).await.package;
    let path = format!("/v1/blobs/{digest}");
    // Whoever has one address of IPv6 has as many as he likes.
    for client in ["10.0.0.1", "10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2", "2001:db8::3"] {
        Answer::of(site.request(Method::GET, &path, None).header("x-forwarded-for", client)).await;
    }
    let part = site.request(Method::GET, &path, None).header("x-forwarded-for", "10.0.0.4").header("range", "bytes=1-");
    Answer::of(part).await;
    // What is counted in memory is written when the server stops.
    let site = Site::on(site.stop().await, |_| {}).await;
    let page: Value = site.get("/v1/plugins/test.words").await.json();
    let downloads = &page["downloads"];
    assert_eq!((downloads["total"].as_u64(), downloads["recent"].as_u64()), (Some(3), Some(3)));
    assert_eq!(downloads["trend"]["now"], 3);
    let days = downloads["days"].as_array().unwrap();
    assert_eq!((days.len(), days.iter().map(|day| day.as_u64().unwrap()).sum::<u64>()), (90, 3));
    assert_eq!((page["versions"][0]["downloads"].as_u64(), page["summary"]["downloads"].as_u64()), (Some(3), Some(3)));
}

#[tokio::test]
async fn a_part_of_the_index_is_compressed_and_a_package_is_not() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    let digest = site.published(&token, &author, &package("test.words", "1.0.0")).await.package;
    let ask = |path: String| Answer::of(site.request(Method::GET, &path, None).header("accept-encoding", "gzip"));
    let (head, _) = site.head().await;
    let shard = ask(format!("/v1/index/shards/{}", head.shards.values().next().unwrap())).await;
    assert_eq!(shard.headers["content-encoding"], "gzip");
    assert!(!ask(format!("/v1/blobs/{digest}")).await.headers.contains_key("content-encoding"));
}
