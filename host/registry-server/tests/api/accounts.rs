use reqwest::Method;
use serde_json::{Value, json};

use crate::site::{ALL, Answer, Author, PASSWORD, Site, now};

#[tokio::test]
async fn an_account_is_made_once_and_its_tokens_are_told_once() {
    let site = Site::start().await;
    let token = site.account("ada").await;
    let again = json!({"name": "ada", "password": PASSWORD});
    site.send(Method::POST, "/v1/accounts", None, Some(again)).await.refused(409, "conflict", "taken");
    let account = Answer::of(site.request(Method::GET, "/v1/account", Some(&token))).await.json::<Value>();
    assert_eq!((account["name"].as_str(), account["scopes"].as_array().unwrap().len()), (Some("ada"), ALL.len()));
    let tokens = Answer::of(site.request(Method::GET, "/v1/tokens", Some(&token))).await;
    let secret = token.rsplit('_').next().unwrap();
    assert!(!tokens.text().contains(secret));
    let database = std::fs::read(site.data().join("registry.db")).unwrap();
    let wal = std::fs::read(site.data().join("registry.db-wal")).unwrap_or_default();
    for kept in [database, wal] {
        for secret in [secret, PASSWORD] {
            assert!(!kept.windows(secret.len()).any(|part| part == secret.as_bytes()), "a secret is kept as it is");
        }
    }
}

#[tokio::test]
async fn names_passwords_and_tokens_that_may_not_be_are_refused() {
    let site = Site::start().await;
    site.account("ada").await;
    for (name, password) in
        [("Ada", PASSWORD), ("a", PASSWORD), ("-a", PASSWORD), ("eve", "short"), ("eve", &"x".repeat(257))]
    {
        let body = json!({"name": name, "password": password});
        site.send(Method::POST, "/v1/accounts", None, Some(body)).await.refused(400, "usage", "");
    }
    let ask = |name: &str, password: &str, token: Value| json!({"credentials": {"name": name, "password": password}, "token": token});
    let good = json!({"label": "x", "scopes": ["read"], "days": 1});
    for (name, password) in [("ada", "another password"), ("nobody", PASSWORD), ("ada", &"x".repeat(100_000))] {
        let body = ask(name, password, good.clone());
        site.send(Method::POST, "/v1/tokens", None, Some(body)).await.refused(
            401,
            "permission-denied",
            "wrong-password",
        );
    }
    for token in [
        json!({"label": "", "scopes": ["read"], "days": 1}),
        json!({"label": "a\nb", "scopes": ["read"], "days": 1}),
        json!({"label": "x", "scopes": [], "days": 1}),
        json!({"label": "x", "scopes": ["all"], "days": 1}),
        json!({"label": "x", "scopes": ["read"], "days": 0}),
        json!({"label": "x", "scopes": ["read"], "days": 367}),
        json!({"label": "x", "scopes": ["read"], "days": 1, "more": 1}),
    ] {
        let body = ask("ada", PASSWORD, token);
        site.send(Method::POST, "/v1/tokens", None, Some(body)).await.refused(400, "usage", "");
    }
}

#[tokio::test]
async fn a_token_that_is_none_is_refused_and_a_revoked_one_at_once() {
    let site = Site::start().await;
    let token = site.account("ada").await;
    let mut other = token.clone();
    let last = if other.pop() == Some('0') { '1' } else { '0' };
    other.push(last);
    for bad in ["", "hal9_", "hal9_x_y", "x", &other, &format!("{token}0")] {
        let answer = Answer::of(site.request(Method::GET, "/v1/account", Some(bad))).await;
        answer.refused(401, "permission-denied", "unauthenticated");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    site.get("/v1/account").await.refused(401, "permission-denied", "unauthenticated");
    let second = site.token("ada", &["read"]).await;
    assert_eq!(Answer::of(site.request(Method::GET, "/v1/account", Some(&second))).await.status, 200);
    let id = second.split('_').nth(1).unwrap();
    assert_eq!(site.delete(&format!("/v1/tokens/{id}"), &token).await.status, 204);
    let gone = Answer::of(site.request(Method::GET, "/v1/account", Some(&second))).await;
    gone.refused(401, "permission-denied", "unauthenticated");
    site.delete(&format!("/v1/tokens/{id}"), &token).await.refused(404, "not-found", "");
}

#[tokio::test]
async fn a_token_may_do_what_its_scopes_say_and_nothing_else() {
    let site = Site::start().await;
    site.account("ada").await;
    for scope in ALL {
        let token = site.token("ada", &[scope]).await;
        let plugin = "/v1/plugins/test.words";
        let tries = [
            (
                "publish",
                Method::POST,
                "/v1/uploads".to_owned(),
                json!({"package": hal9_package::Digest::of(b""), "size": 1}),
            ),
            ("maintain", Method::PUT, format!("{plugin}/deprecation"), json!({"deprecation": {"message": "x"}})),
            ("own", Method::PUT, format!("{plugin}/owners/ada"), json!(null)),
            ("review", Method::DELETE, format!("{plugin}/reviews"), json!(null)),
        ];
        for (needed, method, path, body) in tries {
            let (status, _, reason) = {
                let answer = site.send(method, &path, Some(&token), Some(body)).await;
                if answer.status.is_success() { (201, String::new(), String::new()) } else { answer.refusal() }
            };
            let is_let_in = (status, reason.as_str()) != (403, "scope");
            assert_eq!(is_let_in, needed == scope, "{scope} for {path}");
        }
        let listing = Answer::of(site.request(Method::GET, "/v1/tokens", Some(&token))).await;
        assert_eq!(listing.status == 200, scope == "tokens");
    }
}

#[tokio::test]
async fn a_request_is_good_once() {
    let site = Site::start().await;
    let token = site.account("ada").await;
    let second = site.token("ada", &["read"]).await;
    let path = format!("/v1/tokens/{}", second.split('_').nth(1).unwrap());
    let nonce = site.nonce().await;
    let send =
        |nonce: String| Answer::of(site.request(Method::DELETE, &path, Some(&token)).header("replay-nonce", nonce));
    assert_eq!(send(nonce.clone()).await.status, 204);
    send(nonce.clone()).await.refused(409, "conflict", "bad-nonce");
    let mut changed = nonce.clone();
    changed.replace_range(0..1, "f");
    for bad in [String::new(), "x".to_owned(), changed, "0".repeat(112), "é".repeat(56)] {
        let Ok(header) = reqwest::header::HeaderValue::from_bytes(bad.as_bytes()) else { continue };
        let answer = Answer::of(site.request(Method::DELETE, &path, Some(&token)).header("replay-nonce", header)).await;
        answer.refused(409, "conflict", "bad-nonce");
    }
    Answer::of(site.request(Method::DELETE, &path, Some(&token))).await.refused(409, "conflict", "bad-nonce");
    let site = Site::on(site.stop().await, |_| {}).await;
    let kept = site.request(Method::DELETE, &path, Some(&token)).header("replay-nonce", nonce);
    Answer::of(kept).await.refused(409, "conflict", "bad-nonce");
}

#[tokio::test]
async fn a_reviewers_key_is_registered_by_who_holds_it() {
    let site = Site::start().await;
    let (token, key, registry) = (site.account("ada").await, Author::new(), site.identity().await);
    let prove = |registry: &str, account: &str, signer: &Author| {
        let proof = hal9_registry_index::ReviewerKey {
            registry: registry.to_owned(),
            account: account.to_owned(),
            key: key.public.clone(),
        };
        hal9_registry_index::sign(&proof, &[&signer.secret], "test").unwrap()
    };
    let add = |proof| json!({"key": key.public, "proof": proof});
    let path = "/v1/account/keys";
    let other = Author::new();
    site.post(path, &token, add(prove(&registry, "ada", &other))).await.refused(422, "signature", "foreign-key");
    site.post(path, &token, add(prove("another", "ada", &key))).await.refused(422, "signature", "foreign-proof");
    site.post(path, &token, add(prove(&registry, "eve", &key))).await.refused(422, "signature", "foreign-proof");
    let added = site.post(path, &token, add(prove(&registry, "ada", &key))).await;
    assert_eq!(added.json::<Value>()["keys"][0], key.public.to_string());
}

#[tokio::test]
async fn nobody_makes_accounts_where_it_is_closed() {
    let site = Site::with(|config| config.open = false).await;
    let body = json!({"name": "ada", "password": PASSWORD});
    site.send(Method::POST, "/v1/accounts", None, Some(body)).await.refused(403, "permission-denied", "closed");
    assert_eq!(site.get("/v1/registry").await.json::<Value>()["open"], false);
}

#[tokio::test]
async fn a_private_registry_is_read_by_those_who_may() {
    let site = Site::with(|config| config.private = true).await;
    site.account("ada").await;
    let (reader, other) = (site.token("ada", &["read"]).await, site.token("ada", &["publish"]).await);
    for path in ["/v1/index", "/v1/root", "/v1/root/1", "/v1/plugins", "/v1/plugins/test.words", "/v1/authors/ada"] {
        site.get(path).await.refused(401, "permission-denied", "unauthenticated");
        let ask = |token: &str| Answer::of(site.request(Method::GET, path, Some(token)));
        ask(&other).await.refused(403, "permission-denied", "scope");
        let answer = ask(&reader).await;
        assert!(matches!(answer.status.as_u16(), 200 | 404), "{path}");
        let cached = answer.headers["cache-control"].to_str().unwrap();
        assert!(cached.contains("private") || cached == "no-store", "{path} {cached}");
    }
    assert_eq!(site.get("/health").await.status, 200);
    assert!(site.get("/v1/registry").await.json::<Value>()["private"].as_bool().unwrap());
    let health: Value = site.get("/health").await.json();
    assert!(health["expires"].as_u64().unwrap() > now());
}
