//! A gate in front of the real registry that does what others do and Debian's does not: it gives tokens for passwords, and has a
//! referrers API.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use hal9_package::Digest;
use hal9_registry_client::oci::{Auth, pull, push};
use serde_json::{Value, json};

use super::{
    ada,
    packages::{key, package, sign},
    quiet,
    registry::Registry,
};

struct Gate {
    behind: String,
    http: reqwest::Client,
    /// What was asked for, by method and path.
    asked: Mutex<Vec<String>>,
    /// The descriptors of manifests with a subject, by its digest.
    referrers: Mutex<Vec<(String, Value)>>,
}

async fn gate(registry: &Registry) -> (Arc<Gate>, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let gate = Arc::new(Gate {
        behind: registry.address.clone(),
        http: reqwest::Client::new(),
        asked: Mutex::default(),
        referrers: Mutex::default(),
    });
    let router = Router::new().fallback(answer).with_state(gate.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (gate, address)
}

async fn answer(State(gate): State<Arc<Gate>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let target = parts.uri.path_and_query().unwrap().to_string();
    gate.asked.lock().unwrap().push(format!("{} {}", parts.method, parts.uri.path()));
    let host = parts.headers[header::HOST].to_str().unwrap();
    let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(query) = target.strip_prefix("/token?") {
        // `ada` and her password, and exactly what is to be done.
        if authorization != Some("Basic YWRhOmNvcnJlY3QgaG9yc2U=") {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let actions = if query.contains("pull%2Cpush") { "push" } else { "pull" };
        assert!(query.contains("scope=repository%3Atests%2Fecho%3A") && query.contains("service=gate"), "{query}");
        return axum::Json(json!({"token": actions, "expires_in": 60})).into_response();
    }
    let may = match authorization {
        Some("Bearer push") => true,
        Some("Bearer pull") => parts.method == Method::GET,
        _ => false,
    };
    if !may {
        let challenge = format!(r#"Bearer realm="http://{host}/token",service="gate",scope="ignored""#);
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response();
    }
    if let Some((_, subject)) = parts.uri.path().split_once("/referrers/") {
        let all = gate.referrers.lock().unwrap();
        let manifests: Vec<_> = all.iter().filter(|(of, _)| of == subject).map(|(_, entry)| entry.clone()).collect();
        let index =
            json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests});
        return axum::Json(index).into_response();
    }
    gate.pass(parts.method, &target, &parts.headers, body).await
}

impl Gate {
    async fn pass(&self, method: Method, target: &str, headers: &HeaderMap, body: Bytes) -> Response {
        let subject = match method == Method::PUT && target.contains("/manifests/") {
            true => serde_json::from_slice::<Value>(&body).ok().filter(|manifest| manifest["subject"].is_object()),
            false => None,
        };
        if let Some(manifest) = &subject {
            let entry = json!({"mediaType": manifest["mediaType"], "digest": Digest::of(&body).to_string(),
                "size": body.len(), "artifactType": manifest["artifactType"]});
            let of = manifest["subject"]["digest"].as_str().unwrap().to_owned();
            self.referrers.lock().unwrap().push((of, entry));
        }
        let mut request = self.http.request(method, format!("http://{}{target}", self.behind)).body(body);
        for name in [header::ACCEPT, header::CONTENT_TYPE, header::HOST] {
            request = request.header(&name, headers.get(&name).cloned().unwrap_or(HeaderValue::from_static("*/*")));
        }
        let answer = request.send().await.unwrap();
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer
            .headers()
            .iter()
            .filter(|(name, _)| !["content-length", "transfer-encoding"].contains(&name.as_str()))
        {
            response = response.header(name, value);
        }
        if let Some(manifest) = subject {
            response = response.header("oci-subject", manifest["subject"]["digest"].as_str().unwrap());
        }
        response.body(Body::from(answer.bytes().await.unwrap())).unwrap()
    }
}

#[tokio::test]
async fn tokens_are_fetched_and_referrers_are_the_registry_s_own() {
    let registry = Registry::open();
    let (gate, address) = gate(&registry).await;
    let at = format!("oci://{address}/tests/echo:0.1.0").parse().unwrap();
    let package = package("0.1.0", "");
    let signature = sign(&key(), &package);
    let error = push(&at, &package, None, &Auth::Anonymous, &quiet).await.unwrap_err();
    assert_eq!(error.code(), "permission-denied", "{error}");
    push(&at, &package, Some(&signature), &ada(), &quiet).await.unwrap();
    let pulled = pull(&at, &ada(), &quiet).await.unwrap();
    assert_eq!((pulled.package.bytes(), pulled.signatures), (package.bytes(), vec![signature]));
    pull(&at, &Auth::Bearer("pull".to_owned()), &quiet).await.unwrap();
    let asked = gate.asked.lock().unwrap();
    assert!(asked.iter().any(|asked| asked.starts_with("GET /v2/tests/echo/referrers/sha256:")), "{asked:?}");
    assert!(
        !asked.iter().any(|asked| asked.contains("/sha256-")),
        "no tag is written where it is not needed: {asked:?}"
    );
}
