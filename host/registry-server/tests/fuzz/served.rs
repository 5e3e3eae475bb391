//! The real server on loopback, with an account, a token that may do everything, and plugins with real components.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, time::Duration};

use hal9_package::{Digest, Manifest, Package, SecretKey};
use hal9_registry_server::{Config, Server};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time};

/// A test that waits longer for one answer has found a server that hangs.
pub(crate) const HANGS: Duration = Duration::from_secs(60);
pub(crate) const ACCOUNT: &str = "ada";
pub(crate) const PASSWORD: &str = "correct horse battery";
/// The plugins that are there from the beginning, each in version 0.1.0.
pub(crate) const PLUGINS: [&str; 3] = ["tool", "memory-provider", "learning-algorithm"];

pub(crate) struct Served {
    _folder: TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    /// Of the plugins' author.
    pub(crate) key: SecretKey,
    pub(crate) key_text: String,
    /// The digest of the package of the first plugin.
    pub(crate) digest: Digest,
    http: Client,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), String>>,
}

impl Served {
    pub(crate) async fn open() -> Self {
        Self::with(|_| ()).await
    }

    /// With other settings than those of these tests, which let one address ask as often as it likes.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(folder.path().join("registry"));
        (config.rates.reads, config.rates.sign_ins, config.rates.writes) = (u32::MAX, u32::MAX, u32::MAX);
        config.max_uploads = u32::MAX;
        change(&mut config);
        let server = Server::open(config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move { stopped.await.unwrap_or_default() };
        let task =
            tokio::spawn(async move { server.serve(listener, shutdown).await.map_err(|error| error.to_string()) });
        let http = Client::builder().timeout(HANGS).build().unwrap();
        let key_text = SecretKey::generate(None).unwrap().0;
        let key = SecretKey::from_text(&key_text, None).unwrap();
        let mut served = Self {
            _folder: folder,
            address,
            token: String::new(),
            key,
            key_text,
            digest: Digest::of(b""),
            http,
            stop: Some(stop),
            task,
        };
        served.settle().await;
        served
    }

    async fn settle(&mut self) {
        self.token = self.sign_up(ACCOUNT).await;
        for (at, kind) in PLUGINS.into_iter().enumerate() {
            let package = package(kind, "0.1.0", kind);
            if at == 0 {
                self.digest = *package.digest();
            }
            let (status, published) = self.publish(&package).await;
            assert_eq!(status, StatusCode::CREATED, "{kind}: {published}");
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request by the account; without its token, as long as it has none.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, self.url(path));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    /// A request by nobody.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub(crate) async fn nonce(&self) -> String {
        let answer = self.anonymous(Method::POST, "/v1/nonces").send().await.unwrap();
        let nonce: Value = answer.json().await.unwrap();
        nonce["nonce"].as_str().unwrap().to_owned()
    }

    /// Changes something: with a fresh number, and a body of JSON.
    pub(crate) async fn change(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.request(method, path).header("replay-nonce", self.nonce().await).json(body);
        answer(request).await
    }

    /// Makes an account: a token of it that may do everything.
    pub(crate) async fn sign_up(&self, name: &str) -> String {
        let credentials = json!({"name": name, "password": PASSWORD});
        let (status, made) = self.change(Method::POST, "/v1/accounts", &credentials).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        self.token_for(name, &["read", "publish", "maintain", "own", "review", "tokens"]).await
    }

    pub(crate) async fn token_for(&self, name: &str, scopes: &[&str]) -> String {
        let body = json!({
            "credentials": {"name": name, "password": PASSWORD},
            "token": {"label": "tests", "scopes": scopes, "days": 1},
        });
        let (status, made) = self.change(Method::POST, "/v1/tokens", &body).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made["secret"].as_str().unwrap().to_owned()
    }

    /// The number of the account's token, by which it is revoked.
    pub(crate) fn token_id(&self) -> &str {
        self.token.split('_').nth(1).unwrap()
    }

    /// Uploads bytes: the number of the upload.
    pub(crate) async fn upload(&self, bytes: &[u8]) -> String {
        let begin = json!({"package": Digest::of(bytes).to_string(), "size": bytes.len()});
        let (status, upload) = self.change(Method::POST, "/v1/uploads", &begin).await;
        assert!(status.is_success(), "{upload}");
        let id = upload["id"].as_str().unwrap().to_owned();
        let request = self.request(Method::PATCH, &format!("/v1/uploads/{id}"));
        let request = request.header("content-type", "application/offset+octet-stream").header("upload-offset", 0);
        let (status, upload) = answer(request.body(bytes.to_vec())).await;
        assert!(status.is_success(), "{upload}");
        id
    }

    pub(crate) async fn publish(&self, package: &Package) -> (StatusCode, Value) {
        let upload = self.upload(package.bytes()).await;
        self.change(Method::POST, "/v1/plugins", &self.publication(&upload, package)).await
    }

    /// What publishes an upload.
    pub(crate) fn publication(&self, upload: &str, package: &Package) -> Value {
        let signature = self.key.sign(package.bytes(), "tests").unwrap();
        json!({"upload": upload, "key": self.key.public().to_string(), "signature": signature, "notes": "- new"})
    }

    /// The server answers as it should, whatever it was asked before.
    pub(crate) async fn is_well(&self) {
        let (status, health) = answer(self.anonymous(Method::GET, "/health")).await;
        assert_eq!((status, &health["status"]), (StatusCode::OK, &json!("ok")), "{health}");
        let (status, found) = answer(self.anonymous(Method::GET, "/v1/plugins?q=tool&all=true")).await;
        assert!(status == StatusCode::OK && found["total"].as_u64() >= Some(1), "{status}: {found}");
    }

    /// Stops it in good order.
    pub(crate) async fn stop(mut self) {
        self.is_well().await;
        let _ = self.stop.take().unwrap().send(());
        time::timeout(HANGS, &mut self.task).await.expect("it stops").unwrap().unwrap();
    }
}

/// The status, and the body where it is JSON. A refusal is a problem with a code and a message.
pub(crate) async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    assert!(!status.is_server_error(), "{status}: {text}");
    if status.is_client_error() {
        let error = &body["error"];
        assert!(error["code"].is_string() && error["message"].is_string(), "{status} without a problem: {text}");
    }
    (status, body)
}

/// A package of `fuzz.KIND` with the component of that kind; `readme` tells two of the same version apart.
pub(crate) fn package(kind: &str, version: &str, readme: &str) -> Package {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/0.1.0");
    let component = std::fs::read(fixtures.join(format!("{kind}.wasm"))).unwrap();
    let capability = match kind {
        "tool" => json!({"ToolProvider": {"tool_name": "echo", "description": "Says it again"}}),
        "memory-provider" => json!({"MemoryProvider": {"provider_name": "notes"}}),
        _ => json!({"LearningAlgorithm": {"algorithm_name": "mean"}}),
    };
    let manifest = json!({
        "api_version": 1,
        "metadata": {"id": format!("fuzz.{kind}"), "name": kind, "version": version, "author": "Ada", "license": "MIT",
            "description": "A plugin of tests", "tags": ["tests"]},
        "capabilities": [capability],
        "files": {"wasm": "plugin.wasm", "readme": "README.md"},
    });
    let manifest = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
    let files = BTreeMap::from([
        ("plugin.wasm".to_owned(), component),
        ("README.md".to_owned(), format!("# {readme}\n\n<script>alert(1)</script>").into_bytes()),
    ]);
    Package::read(hal9_package::pack(&manifest, &files).unwrap()).unwrap()
}
