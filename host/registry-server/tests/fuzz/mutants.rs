//! Good requests with one thing wrong, also within what is signed, and packages with damaged components: what only whoever has a key and a
//! token gets to ask. Each is refused or does no harm.

use std::collections::BTreeMap;

use hal9_package::{Manifest, Package, SecretKey};
use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::StdRng};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::served::{PASSWORD, Served, answer, package};

/// A request that is good as it is.
struct Good {
    method: Method,
    path: &'static str,
    token: String,
    body: Value,
    signed: Option<Signed>,
}

/// What is signed in a body, as its type has it.
struct Signed {
    /// Where it stands; there the body has `null`.
    at: &'static str,
    kind: &'static str,
    says: Value,
    /// The text of the signer's key.
    key: String,
}

impl Good {
    fn new(method: Method, path: &'static str, token: &str, body: Value) -> Self {
        Self { method, path, token: token.to_owned(), body, signed: None }
    }

    fn signed(self, at: &'static str, kind: &'static str, says: Value, key: &str) -> Self {
        Self { signed: Some(Signed { at, kind, says, key: key.to_owned() }), ..self }
    }

    /// Sends it with another body, or another text that is signed as it should be.
    async fn send(&self, served: &Served, body: &Value, says: Option<&Value>) -> (StatusCode, Value) {
        let mut body = body.clone();
        if let Some(signed) = &self.signed {
            let document = json!({"type": signed.kind, "body": says.unwrap_or(&signed.says)}).to_string();
            let key = SecretKey::from_text(&signed.key, None).unwrap();
            let signature = key.sign(document.as_bytes(), "tests").unwrap();
            if let Some(place) = body.pointer_mut(signed.at).filter(|place| place.is_null()) {
                *place = json!({"document": document, "signatures": [signature]});
            }
        }
        let request = served.anonymous(self.method.clone(), self.path).bearer_auth(&self.token);
        answer(request.header("replay-nonce", served.nonce().await).json(&body)).await
    }
}

async fn good(served: &Served) -> Vec<Good> {
    let (_, about) = answer(served.anonymous(Method::GET, "/v1/registry")).await;
    let registry = &about["registry"];
    let (bob, ada) = (served.sign_up("bob").await, served.token.as_str());
    let (reviewer, public) = SecretKey::generate(None).unwrap();
    let (public, other) = (public.to_string(), SecretKey::generate(None).unwrap().1.to_string());
    let holder = json!({"registry": registry, "account": "bob", "key": public});
    let review = json!({
        "registry": registry, "plugin": "fuzz.tool", "version": "0.1.0", "package": served.digest.to_string(), "author": "bob", "stars": 4,
        "text": "It says it again.", "written": 1_000_000,
    });
    let endorsement = json!({"plugin": "fuzz.tool", "key": other});
    let notice = json!({"severity": "high", "versions": "<1.0.0", "summary": "Stop", "url": "https://example.com"});
    let deprecation = json!({"deprecation": {"message": "Use another", "instead": "fuzz.memory-provider"}});
    let token = json!({
        "credentials": {"name": "bob", "password": PASSWORD},
        "token": {"label": "x", "scopes": ["read"], "days": 1},
    });
    let next = package("tool", "0.9.0", "mutants");
    let publication = served.publication(&served.upload(next.bytes()).await, &next);
    vec![
        Good::new(Method::POST, "/v1/account/keys", &bob, json!({"key": public, "proof": null})).signed(
            "/proof",
            "hal9-reviewer-key",
            holder,
            &reviewer,
        ),
        Good::new(Method::PUT, "/v1/plugins/fuzz.tool/reviews", &bob, json!(null)).signed(
            "",
            "hal9-review",
            review,
            &reviewer,
        ),
        Good::new(Method::POST, "/v1/plugins/fuzz.tool/keys", ada, json!({"key": other, "endorsement": null})).signed(
            "/endorsement",
            "hal9-key-endorsement",
            endorsement,
            &served.key_text,
        ),
        Good::new(Method::POST, "/v1/plugins/fuzz.tool/notices", ada, notice),
        Good::new(Method::PUT, "/v1/plugins/fuzz.tool/deprecation", ada, deprecation),
        Good::new(Method::PUT, "/v1/plugins/fuzz.tool/versions/0.1.0/yank", ada, json!({"reason": "tests"})),
        Good::new(Method::POST, "/v1/plugins", ada, publication),
        Good::new(Method::POST, "/v1/tokens", ada, token),
    ]
}

/// What stands in the place of anything.
fn instead() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e308),
        json!(""),
        json!(" "),
        json!("\0"),
        json!("\u{202e}\u{1b}[31m<script>alert(1)</script>"),
        json!("../../keys/root.key"),
        json!("javascript:alert(1)"),
        json!("a".repeat(20_000)),
        json!("99999999999999999999.0.0"),
        json!("untrusted comment: x\nRUQ\ntrusted comment: y\nAAAA"),
        json!([]),
        json!([[], {}]),
        json!(vec!["read"; 1000]),
        json!({}),
        json!({"a": {"b": []}}),
    ]
}

/// The same with one value replaced by each of those, or one left out and one more.
fn mutants(good: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for at in places(good, String::new()) {
        for value in instead() {
            let mut changed = good.clone();
            *changed.pointer_mut(&at).unwrap() = value;
            all.push(changed);
        }
        let (parent, name) = at.rsplit_once('/').unwrap_or(("", ""));
        let mut changed = good.clone();
        if let Some(parent) = changed.pointer_mut(parent).and_then(Value::as_object_mut) {
            parent.remove(name);
            parent.insert("more".to_owned(), json!(1));
            all.push(changed);
        }
    }
    all
}

/// The pointers to all values.
fn places(value: &Value, at: String) -> Vec<String> {
    let within: Vec<_> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (value, format!("{at}/{name}"))).collect(),
        Value::Array(values) => values.iter().enumerate().map(|(n, value)| (value, format!("{at}/{n}"))).collect(),
        _ => Vec::new(),
    };
    let within = within.into_iter().flat_map(|(value, at)| places(value, at));
    std::iter::once(at.clone()).chain(within).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn good_requests_with_one_thing_wrong_do_no_harm() {
    let served = Served::open().await;
    for good in good(&served).await {
        let mut sent = Vec::new();
        for body in mutants(&good.body) {
            sent.push(good.send(&served, &body, None).await);
        }
        for says in good.signed.iter().flat_map(|signed| mutants(&signed.says)) {
            sent.push(good.send(&served, &good.body, Some(&says)).await);
        }
        sent.push(good.send(&served, &good.body, None).await);
        // Some are as good as what they were made of, and it is good itself: what was refused is what was wrong.
        let taken = sent.iter().filter(|(status, _)| status.is_success()).count();
        assert!((1..sent.len() / 2 + 1).contains(&taken), "{} {}: {taken}, {:?}", good.method, good.path, sent.last());
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_components_are_refused_and_break_nothing() {
    const SEED: u64 = 9000;
    let served = Served::open().await;
    let whole = package("tool", "1.0.0", "whole").component().unwrap();
    let mut random = StdRng::seed_from_u64(SEED);
    let mut refused = 0;
    for n in 0..120 {
        let mut component = whole.clone();
        // The header stays, as a package without it is none.
        match n % 4 {
            0 => component.truncate(random.random_range(8..whole.len())),
            1 => (0..random.random_range(1..8)).for_each(|_| {
                let at = random.random_range(8..whole.len());
                component[at] ^= 1 << random.random_range(0..8);
            }),
            2 => {
                let at = random.random_range(8..whole.len() - 64);
                random.fill_bytes(&mut component[at..at + 64]);
            }
            _ => {
                let half = whole.len() / 2;
                component.drain(random.random_range(8..half)..random.random_range(half..whole.len()));
            }
        }
        let (status, body) = served.publish(&with_component(&format!("1.0.{n}"), component)).await;
        match status.as_u16() {
            201 => {}
            422 => refused += 1,
            _ => panic!("seed {SEED}, {n}: {status}, {body}"),
        }
    }
    assert!(refused > 60, "what was damaged where nobody looks may be published: {refused}");
    served.stop().await;
}

fn with_component(version: &str, component: Vec<u8>) -> Package {
    let manifest = json!({
        "api_version": 1,
        "metadata": {"id": "fuzz.tool", "name": "tool", "version": version, "author": "Ada", "license": "MIT"},
        "capabilities": [{"ToolProvider": {"tool_name": "echo", "description": "Says it again"}}],
        "files": {"wasm": "plugin.wasm"},
    });
    let manifest = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
    let files = BTreeMap::from([("plugin.wasm".to_owned(), component)]);
    Package::read(hal9_package::pack(&manifest, &files).unwrap()).unwrap()
}
