use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::site::{Answer, PASSWORD, Site};

#[tokio::test]
async fn whoever_asks_too_often_is_told_when_to_come_again() {
    let site = Site::with(|config| config.rates.reads = 5).await;
    let mut refused = 0;
    for _ in 0..40 {
        let answer = site.get("/v1/registry").await;
        if answer.status == 429 {
            answer.refused(429, "limit-exceeded", "rate");
            let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=60).contains(&wait));
            refused += 1;
        }
    }
    assert!(refused > 0);
}

#[tokio::test]
async fn passwords_are_not_tried_without_end() {
    let site = Site::with(|config| config.rates.sign_ins = 3).await;
    let body = json!({
        "credentials": {"name": "ada", "password": PASSWORD}, "token": {"label": "x", "scopes": ["read"], "days": 1},
    });
    for _ in 0..3 {
        let answer = site.send(Method::POST, "/v1/tokens", None, Some(body.clone())).await;
        answer.refused(401, "permission-denied", "wrong-password");
    }
    site.send(Method::POST, "/v1/tokens", None, Some(body)).await.refused(429, "limit-exceeded", "rate");
    assert_eq!(site.get("/v1/registry").await.status, 200, "reading goes on");
}

#[tokio::test]
async fn what_nobody_is_signed_in_for_is_counted_before_it_uses_anything_up() {
    for path in ["/v1/accounts", "/v1/tokens"] {
        let site = Site::with(|config| config.rates.sign_ins = 5).await;
        // These are two of the five.
        let token = site.account("ada").await;
        let send = async |nonce: String| {
            let request = site.request(Method::POST, path, None).header("replay-nonce", nonce);
            Answer::of(request.header("content-type", "application/json").body("no body at all")).await
        };
        for _ in 0..3 {
            send(site.nonce().await).await.refused(400, "usage", "");
        }
        let nonce = site.nonce().await;
        send(nonce.clone()).await.refused(429, "limit-exceeded", "rate");
        // As it was refused before that, the number is good yet.
        let account =
            Answer::of(site.request(Method::DELETE, "/v1/tokens/none", Some(&token)).header("replay-nonce", nonce));
        account.await.refused(404, "not-found", "");
    }
}

#[tokio::test]
async fn an_account_changes_so_much_in_a_minute() {
    let site = Site::with(|config| config.rates.writes = 2).await;
    let (ada, eve) = (site.account("ada").await, site.account("eve").await);
    for _ in 0..2 {
        site.delete("/v1/tokens/none", &ada).await.refused(404, "not-found", "");
    }
    site.delete("/v1/tokens/none", &ada).await.refused(429, "limit-exceeded", "rate");
    site.delete("/v1/tokens/none", &eve).await.refused(404, "not-found", "");
}

#[tokio::test]
async fn behind_a_proxy_the_client_is_who_the_proxy_has_seen() {
    for (behind, refused) in [(true, false), (false, true)] {
        let site = Site::with(|config| {
            (config.behind_proxy, config.rates.sign_ins) = (behind, 1);
        })
        .await;
        let mut last = 0;
        for client in ["10.0.0.1", "10.0.0.2", "10.0.0.3"] {
            let body = json!({"name": "ada", "password": "short"});
            let request = site.request(Method::POST, "/v1/accounts", None).header("replay-nonce", site.nonce().await);
            // What a client writes itself stands in front, and does not count.
            let request = request.header("x-forwarded-for", format!("1.2.3.4, {client}"));
            last = Answer::of(request.json(&body)).await.status.as_u16();
        }
        assert_eq!(last == 429, refused, "{behind}");
    }
}

#[tokio::test]
async fn a_page_is_asked_for_by_the_same_client_as_the_interface() {
    let site = Site::with(|config| (config.behind_proxy, config.rates.sign_ins) = (true, 1)).await;
    let mut last = String::new();
    for written in ["1.1.1.1", "2.2.2.2", "3.3.3.3"] {
        // What the client writes is a line of its own, and the proxy's comes after it.
        let request = site.request(Method::POST, "/sign-in", None).header("x-forwarded-for", written);
        let request = request.header("x-forwarded-for", "10.0.0.1");
        let form = format!("nonce={}&name=ada&password=correct+horse+battery&to=", site.nonce().await);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        last = Answer::of(request).await.text();
    }
    assert!(last.contains("too many requests"), "{last}");
}

#[tokio::test]
async fn bodies_that_are_too_large_or_none_are_refused() {
    let site = Site::start().await;
    let site = &site;
    let post = |body: String, kind: &'static str| async move {
        let request = site.request(Method::POST, "/v1/accounts", None).header("replay-nonce", site.nonce().await);
        Answer::of(request.header("content-type", kind).body(body)).await
    };
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(300 << 10));
    post(large, "application/json").await.refused(413, "limit-exceeded", "size");
    post("{}".to_owned(), "text/plain").await.refused(415, "usage", "media-type");
    for body in ["", "{", "[]", "null", "{\"name\": 1}", "{\"name\":\"ada\",\"password\":\"x\",\"more\":1}"] {
        post(body.to_owned(), "application/json").await.refused(400, "usage", "");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    post(deep, "application/json").await.refused(400, "usage", "");
}

#[tokio::test]
async fn what_is_not_there_and_methods_that_are_not_taken_are_told() {
    let site = Site::start().await;
    site.get("/v1/nothing").await.refused(404, "not-found", "");
    site.get("/v1/plugins/test.words/nothing").await.refused(404, "not-found", "");
    Answer::of(site.request(Method::DELETE, "/v1/index", None)).await.refused(405, "usage", "method");
    site.get("/v1/plugins/Not%20an%20id").await.refused(400, "usage", "");
    site.get("/v1/plugins/test.words/versions/one").await.refused(400, "usage", "");
    site.get("/v1/plugins/%FF").await.refused(400, "usage", "");
    site.get("/v1/authors/%00").await.refused(400, "usage", "");
    let answer = site.get("/v1/registry").await;
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn headers_without_end_are_cut_off() {
    let site = Site::start().await;
    for headers in [format!("x: {}\r\n", "x".repeat(100_000)), "x: x\r\n".repeat(1_000)] {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        // It may be cut off while it is written.
        let _ = stream.write_all(format!("GET /health HTTP/1.1\r\nhost: x\r\n{headers}\r\n").as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(site.get("/health").await.status, 200);
}

#[tokio::test]
async fn a_request_that_runs_comes_to_its_end_when_the_server_stops() {
    let site = Site::start().await;
    let token = site.account("ada").await;
    let body = json!({"package": hal9_package::Digest::of(b"x"), "size": 1}).to_string();
    let nonce = site.nonce().await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let head = format!(
        "POST /v1/uploads HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nreplay-nonce: {nonce}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // It asks for the body: so it is in the middle of the request.
    let mut line = [0; 25];
    stream.read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"HTTP/1.1 100 Continue\r\n\r\n");
    let address = site.address;
    let stopping = tokio::spawn(site.stop());
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    stopping.await.unwrap();
}

#[tokio::test]
async fn the_document_describes_every_path_and_says_how_it_is_refused() {
    let site = Site::start().await;
    let document: Value = site.get("/openapi.json").await.json();
    let mut found: Vec<String> = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push(format!("{method} {path}"));
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in responses {
                if status.starts_with(['4', '5']) {
                    let schema = &response["content"]["application/json"]["schema"]["$ref"];
                    assert_eq!(schema, "#/components/schemas/Problem", "{method} {path} {status}");
                }
            }
            for status in ["400", "429", "500", "503"] {
                assert!(responses.contains_key(status), "{method} {path} {status}");
            }
            let is_signed_in = operation.get("security").is_some();
            assert!(!is_signed_in || responses.contains_key("401") && responses.contains_key("403"), "{method} {path}");
        }
    }
    found.sort();
    let mut expected: Vec<String> = include_str!("paths.txt").lines().map(str::to_owned).collect();
    expected.sort();
    assert_eq!(found, expected);
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(schema.is_object(), "{name}");
    }
    assert_eq!(document["components"]["securitySchemes"]["token"]["scheme"], "bearer");
    // Every reference leads somewhere.
    let text = document.to_string();
    for part in text.split("\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
    // And every path that is described is one that is answered.
    for line in expected {
        let (method, path) = line.split_once(' ').unwrap();
        let path = path.replace("{id}", "test.words").replace("{version}", "1.0.0").replace("{name}", "ada");
        let path = path.replace("{account}", "ada").replace("{notice}", "1");
        let path = path.replace("{digest}", &hal9_package::Digest::of(b"x").to_string());
        let answer = Answer::of(site.request(method.to_uppercase().parse().unwrap(), &path, None)).await;
        assert_ne!(answer.status, 405, "{method} {path}");
        assert!(!answer.text().contains("there is nothing at"), "{method} {path}");
    }
}
