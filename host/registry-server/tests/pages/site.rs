//! A registry that is served on this machine, and what its authors do over its HTTP interface. It does not know browsers.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Once};

use hal9_package::{Digest, Manifest, PublicKey, SecretKey};
use hal9_registry_index::{
    Review, ReviewerKey,
    api::{
        About, AddKey, Begin, Credentials, NewToken, Nonce, Publish, Published, Scope, SignedReview, TokenMade,
        TokenRequest, Upload,
    },
    sign,
};
use hal9_registry_server::{Config, Server};
use reqwest::{Method, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{sync::oneshot, task::JoinHandle};

/// The password of every account in these tests.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A registry that is served.
pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) folder: tempfile::TempDir,
    http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<()>>,
}

/// An author: an account with a token and a key.
pub(crate) struct Author {
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) key: SecretKey,
}

impl Site {
    /// A registry with nothing in it.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A registry that is run in another way.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(folder.path().join("registry"));
        config.name = "Test plugins".to_owned();
        // A test asks as fast as it can, and is one address.
        (config.rates.reads, config.rates.sign_ins, config.rates.writes) = (100_000, 1_000, 10_000);
        change(&mut config);
        let server = Server::open(config).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            server.serve(listener, async { drop(stopped.await) }).await.unwrap();
        });
        // A cookie and a key of WebCrypto want a name that browsers trust.
        let url = format!("http://localhost:{}", address.port());
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { url, folder, http, stop: Some(stop), served: Some(served) }
    }

    /// Stops serving.
    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        self.served.take().unwrap().await.unwrap();
    }

    /// A page as a program gets it.
    pub(crate) async fn page(&self, path: &str) -> reqwest::Response {
        self.http.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    /// A request that is made up elsewhere.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// A number for one change.
    pub(crate) async fn nonce(&self) -> String {
        let answer = self.request(Method::POST, "/v1/nonces").send().await.unwrap();
        answer.json::<Nonce>().await.unwrap().nonce
    }

    /// Changes something, which must go well.
    pub(crate) async fn change<T: DeserializeOwned>(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> T {
        let mut request = self.request(method.clone(), path).header("replay-nonce", self.nonce().await).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(if text.is_empty() { "null" } else { &text }).unwrap()
    }

    /// An author with an account.
    pub(crate) async fn author(&self, name: &str) -> Author {
        let credentials = Credentials { name: name.parse().unwrap(), password: PASSWORD.to_owned() };
        let _: Value = self.change(None, Method::POST, "/v1/accounts", &credentials).await;
        let token = NewToken { label: "test".to_owned(), scopes: Scope::ALL.to_vec(), days: 1 };
        let made: TokenMade = self.change(None, Method::POST, "/v1/tokens", &TokenRequest { credentials, token }).await;
        let (text, _) = SecretKey::generate(None).unwrap();
        Author { name: name.to_owned(), token: made.secret, key: SecretKey::from_text(&text, None).unwrap() }
    }

    /// Publishes a package.
    pub(crate) async fn publish(&self, author: &Author, package: &[u8], notes: &str) -> Published {
        let token = Some(author.token.as_str());
        let begin = Begin { package: Digest::of(package), size: package.len() as u64 };
        let upload: Upload = self.change(token, Method::POST, "/v1/uploads", &begin).await;
        let part = self
            .request(Method::PATCH, &format!("/v1/uploads/{}", upload.id))
            .bearer_auth(&author.token)
            .header("upload-offset", "0")
            .header("content-type", "application/offset+octet-stream")
            .body(package.to_vec())
            .send()
            .await
            .unwrap();
        assert!(part.status().is_success(), "{}", part.text().await.unwrap());
        let signature = author.key.sign(package, "a test").unwrap();
        let publish =
            Publish { upload: upload.id, key: author.key.public().clone(), signature, notes: notes.to_owned() };
        self.change(token, Method::POST, "/v1/plugins", &publish).await
    }

    /// Writes a review, as the command does.
    pub(crate) async fn review(&self, author: &Author, published: &Published, stars: u8, text: &str) -> SignedReview {
        let about: About = self.page("/v1/registry").await.json().await.unwrap();
        let token = Some(author.token.as_str());
        let key: PublicKey = author.key.public().clone();
        let statement =
            ReviewerKey { registry: about.registry.clone(), account: author.name.clone(), key: key.clone() };
        let add = AddKey { key, proof: sign(&statement, &[&author.key], "a test").unwrap() };
        let _: Value = self.change(token, Method::POST, "/v1/account/keys", &add).await;
        let written = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let review = Review {
            registry: about.registry,
            plugin: published.plugin.clone(),
            version: published.version.clone(),
            package: published.package,
            author: author.name.clone(),
            stars,
            text: text.to_owned(),
            written,
        };
        let signed = sign(&review, &[&author.key], "a test").unwrap();
        self.change(token, Method::PUT, &format!("/v1/plugins/{}/reviews", published.plugin), &signed).await
    }

    /// Writes a package and its signature to files, as an author has them.
    pub(crate) fn files(&self, author: &Author, name: &str, package: &[u8]) -> (String, String) {
        let at = |end: &str| self.folder.path().join(format!("{name}{end}"));
        std::fs::write(at(".hal9"), package).unwrap();
        std::fs::write(at(".hal9.minisig"), author.key.sign(package, "a test").unwrap()).unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        (text(&at(".hal9")), text(&at(".hal9.minisig")))
    }
}

/// The manifest of a tool, with some keys of it changed.
pub(crate) fn tool(id: &str, version: &str, changes: Value) -> Value {
    let mut manifest = json!({
        "api_version": 1,
        "metadata": {
            "id": id,
            "name": id.rsplit('.').next().unwrap(),
            "version": version,
            "author": "Ada Lovelace",
            "description": "Gives back what it is given",
            "license": "Apache-2.0",
        },
        "capabilities": [{"ToolProvider": {"tool_name": "echo", "description": "Gives back its parameters"}}],
        "files": {"wasm": "plugin.wasm", "readme": "README.md"},
    });
    merge(&mut manifest, changes);
    manifest
}

/// A package of a manifest, with the component of one of the published fixtures and a README.
pub(crate) fn package(manifest: &Value, component: &str, readme: &str) -> Vec<u8> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/0.1.0");
    let wasm = std::fs::read(fixtures.join(format!("{component}.wasm"))).unwrap();
    let manifest = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
    let files =
        BTreeMap::from([("plugin.wasm".to_owned(), wasm), ("README.md".to_owned(), readme.as_bytes().to_vec())]);
    hal9_package::pack(&manifest, &files).unwrap()
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// Asserts a status, with the body where it is another.
pub(crate) async fn assert_status(answer: reqwest::Response, status: StatusCode) -> String {
    let (found, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(found, status, "{text}");
    text
}
