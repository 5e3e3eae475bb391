use serde_json::{Value, json};

use crate::site::{Author, Site, manifest, package_of, package_with};

/// Four plugins that differ in what one may look for.
async fn site() -> Site {
    let site = Site::start().await;
    let (ada, eve, author) = (site.account("ada").await, site.account("eve").await, Author::new());
    let mut words = manifest("test.word-count", "1.0.0");
    words["metadata"]["name"] = "Word Count".into();
    words["dependencies"] = json!([{"plugin_id": "test.weather", "version": "^1.0"}]);
    site.published(&ada, &author, &package_of(&words)).await;

    let mut weather = manifest("test.weather", "1.0.0");
    weather["metadata"]["name"] = "Weather".into();
    weather["metadata"]["description"] = "Says what the sky does: Überraschung.".into();
    weather["metadata"]["license"] = "Apache-2.0".into();
    weather["metadata"]["tags"] = json!(["sky", "net"]);
    weather["permissions"] = json!(["NetworkHttps:api.example.com", "Hal9Memory:weather/"]);
    weather["capabilities"] = json!([{"ToolProvider": {"tool_name": "forecast", "description": "Tomorrow"}}]);
    let component = wat::parse_str(
        "(component (import \"wasi:http/outgoing-handler@0.2.6\" (instance)) (import \"hal9:plugin/memory@0.1.0\" (instance)))",
    );
    site.published(&eve, &author, &package_with(&weather, &component.unwrap(), "word word word")).await;

    let mut neuron = manifest("test.sentiment", "1.0.0");
    neuron["metadata"]["name"] = "Sentiment".into();
    neuron["capabilities"] = json!([{"NeuronType": {"layer": "L2", "neuron_type": "sentiment"}}]);
    neuron["permissions"] = json!(["FileRead:/data=>/data"]);
    site.published(&ada, &author, &package_of(&neuron)).await;

    let mut old = manifest("test.old", "1.0.0");
    old["metadata"]["name"] = "Old".into();
    site.published(&ada, &author, &package_of(&old)).await;
    let path = "/v1/plugins/test.old/deprecation";
    assert_eq!(site.put(path, &ada, json!({"deprecation": {"message": "old"}})).await.status, 204);
    site
}

async fn ids(site: &Site, query: &str) -> Vec<String> {
    let answer = site.get(&format!("/v1/plugins?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    let found: Value = answer.json();
    let hits = found["hits"].as_array().unwrap();
    assert_eq!(found["total"].as_u64().unwrap() as usize, hits.len(), "{query}");
    hits.iter().map(|hit| hit["id"].as_str().unwrap().trim_start_matches("test.").to_owned()).collect()
}

#[tokio::test]
async fn words_find_what_begins_with_them_and_names_weigh_most() {
    let site = site().await;
    for (query, expected) in [
        ("q=word", &["word-count", "sentiment", "weather"][..]),
        ("q=wo", &["word-count", "sentiment", "weather"]),
        ("q=w", &["weather", "word-count"]),
        ("q=count+word", &["word-count", "sentiment"]),
        ("q=forec", &["weather"]),
        ("q=uberrasch", &["weather"]),
        ("q=%C3%9CBERRASCHUNG", &["weather"]),
        ("q=hummingbird", &["sentiment", "word-count"]),
        ("q=sky", &["weather"]),
        ("q=test.weather", &["weather"]),
        ("q=nothing-like-it", &[]),
    ] {
        let mut found = ids(&site, query).await;
        if ["q=w", "q=hummingbird"].contains(&query) {
            found.sort();
        }
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test]
async fn filters_hold_together_and_by_themselves() {
    let site = site().await;
    for (query, expected) in [
        ("order=name", &["sentiment", "weather", "word-count"][..]),
        ("order=name&all=true", &["old", "sentiment", "weather", "word-count"]),
        ("kind=tool&order=name", &["weather", "word-count"]),
        ("kind=NeuronType", &["sentiment"]),
        ("capability=forecast", &["weather"]),
        ("tag=sky", &["weather"]),
        ("author=eve", &["weather"]),
        ("author=nobody", &[]),
        ("license=Apache-2.0", &["weather"]),
        ("imports=wasi:http/outgoing-handler", &["weather"]),
        ("imports=wasi:http/outgoing-handler@0.2.6", &["weather"]),
        ("imports=wasi:http/outgoing-handler@9.9.9", &[]),
        ("exports=hal9:plugin/tool&order=name", &["sentiment", "word-count"]),
        ("asks=Hal9Memory", &["weather"]),
        ("asks=Hal9Memory,NetworkHttps", &["weather"]),
        ("asks=Hal9Memory:weather/", &["weather"]),
        ("asks=Hal9Memory:other/", &[]),
        ("asks=Hal9Memory,FileRead", &[]),
        ("kind=tool&without=network", &["word-count"]),
        ("without=network,files", &["word-count"]),
        ("without=any", &["word-count"]),
        ("without=Hal9Memory&order=name", &["sentiment", "word-count"]),
        ("q=word&kind=tool&without=network", &["word-count"]),
    ] {
        assert_eq!(ids(&site, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn facets_count_all_that_was_found_and_pages_go_on() {
    let site = site().await;
    let found: Value = site.get("/v1/plugins?limit=1&order=name").await.json();
    assert_eq!((found["total"].as_u64(), found["hits"].as_array().unwrap().len()), (Some(3), 1));
    let facets = &found["facets"];
    assert_eq!(facets["kinds"], json!([{"value": "ToolProvider", "count": 2}, {"value": "NeuronType", "count": 1}]));
    assert_eq!(facets["licenses"], json!([{"value": "MIT", "count": 2}, {"value": "Apache-2.0", "count": 1}]));
    assert!(facets["permissions"].as_array().unwrap().iter().any(|one| one["value"] == "NetworkHttps"));
    let last: Value = site.get("/v1/plugins?limit=1&skip=2&order=name").await.json();
    assert_eq!(last["hits"][0]["id"], "test.word-count");
    assert_eq!(last["facets"], *facets);
    let page: Value = site.get("/v1/plugins/test.weather").await.json();
    assert_eq!(page["dependents"][0]["id"], "test.word-count");
    assert_eq!(page["dependents"][0]["requirement"], "^1.0");
}

#[tokio::test]
async fn whatever_is_looked_for_is_no_error() {
    let site = site().await;
    for text in [
        "\"",
        "\"\"",
        "*",
        "a*",
        "-",
        "(",
        ")",
        "NEAR(a b)",
        "AND",
        "OR NOT",
        "name:word",
        "{name}:x",
        "^word",
        "a\"b",
        "'; DROP TABLE plugin; --",
        "\u{0}",
        "\u{301}",
        "🦀",
        "%",
        "_",
        "ﬁ",
        "a.b.c",
        "\\",
        "word\u{0}count",
        "İ",
        "ⅷ²",
    ] {
        let query = reqwest::Url::parse_with_params("http://x/", [("q", text)]).unwrap();
        let answer = site.get(&format!("/v1/plugins?{}", query.query().unwrap())).await;
        assert_eq!(answer.status, 200, "{text:?}: {}", answer.text());
    }
    let long = "a".repeat(257);
    for query in [
        "kind=x",
        "asks=x",
        "asks=Hal9Memory:",
        "without=x",
        "order=x",
        "limit=101",
        "skip=10001",
        "limit=x",
        "more=1",
        &format!("q={long}"),
        &format!("tag={long}"),
        "q=a&q=b",
    ] {
        site.get(&format!("/v1/plugins?{query}")).await.refused(400, "usage", "");
    }
}
