//! What somebody stores in a registry stays text: nothing of it runs in another's browser, and nothing is loaded for it.

use serde_json::{Value, json};

use crate::{
    browser::browse,
    site::{Site, package, tool},
};

/// Texts that run where they are taken for something else.
const HOSTILE: [&str; 10] = [
    "<script>window.ran=1;alert(1)</script>",
    "<img src=x onerror=\"window.ran=2;alert(2)\">",
    "<svg onload=\"window.ran=3;alert(3)\"></svg>",
    "\"><script>window.ran=4;alert(4)</script>",
    "' autofocus onfocus='window.ran=5;alert(5)",
    "</title></textarea></style><script>window.ran=6</script>",
    "<iframe srcdoc=\"<script>parent.ran=7</script>\"></iframe>",
    "<a href=\"javascript:window.ran=8\" id=trap>click</a>",
    "<style>body{display:none}</style><link rel=stylesheet href=https://example.com/x.css>",
    "{{7*7}}${7*7}<!--",
];

const MARKDOWN: &str = "
[one](javascript:window.ran=10) [two](JAVASCRIPT:window.ran=11) [three](data:text/html,<script>parent.ran=12</script>)
[four](<javascript:window.ran=13>) ![five](javascript:window.ran=14) ![six](https://example.com/x.png\"onerror=\"window.ran=15)
<javascript:window.ran=16> [seven]

[seven]: javascript:window.ran=17 \"title\"

<details open ontoggle=\"window.ran=18\"><summary>s</summary></details>
<form action=/sign-out method=post><button id=out>x</button></form>
<math><mtext><table><mglyph><style><img src=x onerror=window.ran=19></style></mglyph></table></mtext></math>

```<script>window.ran=20</script>
code
```
";

#[tokio::test(flavor = "multi_thread")]
async fn stored_scripts_do_not_run_anywhere() {
    let site = Site::new().await;
    let (ada, eve) = (site.author("ada").await, site.author("eve").await);
    let all = HOSTILE.join(" ");
    let readme = format!("# {}\n\n{}\n\n{MARKDOWN}", HOSTILE[0], HOSTILE.join("\n\n"));
    let line: String = all.chars().take(120).collect();
    let version = |version: &str| {
        let changes = json!({
            "metadata": {"name": line, "author": all.chars().take(200).collect::<String>(), "description": all, "license": HOSTILE[3], "repository": "https://example.com/\"onmouseover=\"window.ran=30"},
            "capabilities": [
                {"ToolProvider": {"tool_name": "echo", "description": all}},
                {"Custom": {"capability_type": HOSTILE[1], "config": {}}},
            ],
            "permissions": [format!("Hal9Memory:{}", HOSTILE[0]), format!("SystemEnv:{}", HOSTILE[0].replace('=', ""))],
        });
        package(&tool("ai.example.trap", version, changes), "tool", &readme)
    };
    let first = site.publish(&eve, &version("1.0.0"), &readme).await;
    site.publish(&eve, &version("1.1.0"), &readme).await;
    site.review(&ada, &first, 1, &format!("{all}\n{MARKDOWN}")).await;
    let token = eve.token.as_str();
    for (method, path, body) in [
        (reqwest::Method::PUT, "versions/1.0.0/yank", json!({"reason": all.chars().take(300).collect::<String>()})),
        (reqwest::Method::PUT, "deprecation", json!({"deprecation": {"message": all}})),
        (
            reqwest::Method::POST,
            "notices",
            json!({"severity": "critical", "versions": "*", "summary": all, "url": "https://example.com/\"><script>window.ran=31</script>"}),
        ),
    ] {
        let path = format!("/v1/plugins/ai.example.trap/{path}");
        // What the API does not take cannot be stored.
        let request =
            site.request(method, &path).header("replay-nonce", site.nonce().await).bearer_auth(token).json(&body);
        let status = request.send().await.unwrap().status();
        assert!(status.is_success() || status == 400, "{path}: {status}");
    }
    let query: String = all.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>().chars().take(700).collect();
    browse(async |browser| {
        for path in [
            "/".to_owned(),
            "/search?all=true".to_owned(),
            format!("/search?all=true&q={}", &query[..600]),
            format!("/search?all=true&tag={}&license={0}", &query[..300]),
            "/plugins/ai.example.trap".to_owned(),
            "/plugins/ai.example.trap/1.0.0".to_owned(),
            "/authors/eve".to_owned(),
            format!("/plugins/{}", &query[..300]),
            format!("/sign-in?to={}", &query[..300]),
        ] {
            browser.go(&format!("{}{path}", site.url)).await;
            browser.find("main").await;
            let found = browser
                .run(
                    "const of = (selector) => [...document.querySelectorAll(selector)].map((one) => one.outerHTML);
                     return { ran: window.ran ?? null,
                        foreign: of('main script, main img, main iframe, main style, main link, main math, main [onerror], main [onload], main [onclick], main [ontoggle], main [autofocus], main [style], main [srcdoc], .written-by-author form, .written-by-author [id]'),
                        leads: [...document.querySelectorAll('a[href]')].map((a) => a.protocol).filter((one) => !/^(https?|mailto):$/.test(one)),
                        bare: [...document.querySelectorAll('.written-by-author a[href]')].filter((a) => !a.relList.contains('nofollow')).length };",
                    vec![],
                )
                .await;
            assert_eq!(found, json!({"ran": null, "foreign": [], "leads": [], "bare": 0}), "{path}");
            assert!(browser.client.get_alert_text().await.is_err(), "{path}: a box is open");
        }
        // The text is there, as text.
        browser.go(&format!("{}/plugins/ai.example.trap", site.url)).await;
        let review = browser.text(".review .text").await;
        assert!(review.contains("<script>window.ran=1;alert(1)</script>"), "{review}");
        for link in 0..browser.run("return document.querySelectorAll('.written-by-author a').length", vec![]).await.as_u64().unwrap() {
            let href = browser.run("return document.querySelectorAll('.written-by-author a')[arguments[0]].getAttribute('href')", vec![json!(link)]).await;
            assert!(href == Value::Null || href.as_str().unwrap().starts_with("http"), "{href}");
        }
        // And as one types.
        browser.go(&format!("{}/search?all=true", site.url)).await;
        browser.write("#q", "script").await;
        browser.until("document.querySelector('#found').dataset.shows?.includes('script')").await;
        assert_eq!(browser.run("return window.ran ?? null", vec![]).await, Value::Null);
    })
    .await;
    site.stop().await;
}
