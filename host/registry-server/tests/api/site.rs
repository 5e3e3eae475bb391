//! A registry that is served for a test, and what clients send it.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Once,
};

use hal9_package::{Manifest, PublicKey, SecretKey, pack};
use hal9_registry_index::{Head, Record, Root, Shard, ShardId, Signed, api::Published};
use hal9_registry_server::{Config, Server};
use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// The password of every account.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Every scope.
pub(crate) const ALL: [&str; 6] = ["read", "publish", "maintain", "own", "review", "tokens"];

/// A component that is one, and a tool.
pub(crate) const TOOL: &[u8] = include_bytes!("../../../../tests/fixtures/0.1.0/tool.wasm");

/// A registry that is served.
pub(crate) struct Site {
    folder: TempDir,
    pub(crate) address: SocketAddr,
    client: Client,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A key pair of an author or reviewer.
pub(crate) struct Author {
    pub(crate) secret: SecretKey,
    pub(crate) public: PublicKey,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings than usual.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(tempfile::tempdir().unwrap(), change).await
    }

    /// On a folder that is there.
    pub(crate) async fn on(folder: TempDir, change: impl FnOnce(&mut Config)) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| rustls::crypto::ring::default_provider().install_default().unwrap());
        let mut config = Config::new(folder.path());
        // Tests ask more often than people do.
        (config.rates.reads, config.rates.sign_ins, config.rates.writes) = (10_000, 10_000, 10_000);
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server::open(config).unwrap();
        let (stop, stopped) = oneshot::channel();
        let task =
            tokio::spawn(async move { server.serve(listener, async { stopped.await.unwrap_or(()) }).await.unwrap() });
        let client =
            Client::builder().no_proxy().no_gzip().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { folder, address, client, stop: Some(stop), task: Some(task) }
    }

    /// Stops the server, as a signal does, and gives its folder.
    pub(crate) async fn stop(mut self) -> TempDir {
        drop(self.stop.take());
        self.task.take().unwrap().await.unwrap();
        self.folder
    }

    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn request(&self, method: Method, path: &str, token: Option<&str>) -> RequestBuilder {
        let request = self.client.request(method, self.url(path));
        token.into_iter().fold(request, |request, token| request.bearer_auth(token))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path, None)).await
    }

    pub(crate) async fn nonce(&self) -> String {
        let answer = Answer::of(self.request(Method::POST, "/v1/nonces", None)).await;
        answer.json::<Value>()["nonce"].as_str().unwrap().to_owned()
    }

    /// A request that changes something, with a fresh number.
    pub(crate) async fn send(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
        let request = self.request(method, path, token).header("replay-nonce", self.nonce().await);
        Answer::of(body.into_iter().fold(request, |request, body| request.json(&body))).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(token), Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, token: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(token), Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str, token: &str) -> Answer {
        self.send(Method::DELETE, path, Some(token), None).await
    }

    /// Makes an account, and gives a token of it that may do everything.
    pub(crate) async fn account(&self, name: &str) -> String {
        let credentials = json!({"name": name, "password": PASSWORD});
        let made = self.send(Method::POST, "/v1/accounts", None, Some(credentials)).await;
        assert_eq!(made.status, 201, "{}", made.text());
        self.token(name, &ALL).await
    }

    pub(crate) async fn token(&self, name: &str, scopes: &[&str]) -> String {
        let credentials = json!({"name": name, "password": PASSWORD});
        let wanted = json!({"credentials": credentials, "token": {"label": "test", "scopes": scopes, "days": 1}});
        let made = self.send(Method::POST, "/v1/tokens", None, Some(wanted)).await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.json::<Value>()["secret"].as_str().unwrap().to_owned()
    }

    /// Uploads a package in one part; gives the upload's number.
    pub(crate) async fn upload(&self, token: &str, package: &[u8]) -> String {
        let digest = hal9_package::Digest::of(package).to_string();
        let begun = self.post("/v1/uploads", token, json!({"package": digest, "size": package.len()})).await;
        assert_eq!(begun.status, 201, "{}", begun.text());
        let begun = begun.json::<Value>();
        let id = begun["id"].as_str().unwrap().to_owned();
        let offset = begun["offset"].as_u64().unwrap();
        let sent = self.part(token, &id, offset, &package[offset as usize..]).await;
        assert_eq!(sent.status, 200, "{}", sent.text());
        id
    }

    pub(crate) async fn part(&self, token: &str, id: &str, offset: u64, bytes: &[u8]) -> Answer {
        let request = self.request(Method::PATCH, &format!("/v1/uploads/{id}"), Some(token));
        let request = request.header("upload-offset", offset).header("content-type", "application/offset+octet-stream");
        Answer::of(request.body(bytes.to_vec())).await
    }

    /// Uploads and publishes a package.
    pub(crate) async fn publish(&self, token: &str, author: &Author, package: &[u8]) -> Answer {
        let upload = self.upload(token, package).await;
        let body = json!({
            "upload": upload, "key": author.public, "signature": author.sign(package), "notes": "What is *new*.",
        });
        self.post("/v1/plugins", token, body).await
    }

    /// As [`publish`](Self::publish), where it is to work.
    pub(crate) async fn published(&self, token: &str, author: &Author, package: &[u8]) -> Published {
        let answer = self.publish(token, author, package).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// The index as a client believes it, of one plugin.
    pub(crate) async fn record(&self, id: &str) -> Option<Record> {
        let (head, _) = self.head().await;
        let id = id.parse().unwrap();
        let shard = ShardId::of(&id);
        let digest = head.shards.get(&shard)?;
        let bytes = self.get(&format!("/v1/index/shards/{digest}")).await;
        assert_eq!(bytes.status, 200, "the head names what is there");
        let mut shard = Shard::read(&bytes.body, shard, digest).unwrap();
        let record = shard.plugins.remove(&id)?;
        record.check(&id).unwrap();
        Some(record)
    }

    /// The verified head of the index, and the root that it is verified with.
    pub(crate) async fn head(&self) -> (Head, Root) {
        let mut root = Root::first(&self.get("/v1/root/1").await.json(), None).unwrap();
        for version in 2.. {
            let next = self.get(&format!("/v1/root/{version}")).await;
            if next.status == 404 {
                break;
            }
            root = root.next(&next.json()).unwrap();
        }
        let signed: Signed = self.get("/v1/index").await.json();
        (Head::verify(&signed, &root, None, now()).unwrap(), root)
    }

    /// The registry's identity.
    pub(crate) async fn identity(&self) -> String {
        self.get("/v1/registry").await.json::<Value>()["registry"].as_str().unwrap().to_owned()
    }
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{} {}: {error}", self.status, self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The status, code and reason of a refusal, with the same form everywhere.
    pub(crate) fn refusal(&self) -> (u16, String, String) {
        let problem: Value = self.json();
        let word = |name: &str| problem["error"][name].as_str().unwrap_or_default().to_owned();
        assert!(!word("message").is_empty(), "{problem}");
        (self.status.as_u16(), word("code"), word("reason"))
    }

    /// Checks a refusal.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str, reason: &str) {
        let found = self.refusal();
        assert_eq!(found, (status, code.to_owned(), reason.to_owned()), "{}", self.text());
    }
}

impl Author {
    pub(crate) fn new() -> Self {
        let (text, public) = SecretKey::generate(None).unwrap();
        Self { secret: SecretKey::from_text(&text, None).unwrap(), public }
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> String {
        self.secret.sign(bytes, "test").unwrap()
    }
}

pub(crate) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// The manifest of a tool.
pub(crate) fn manifest(id: &str, version: &str) -> Value {
    json!({
        "api_version": 1,
        "metadata": {
            "id": id, "name": format!("Name of {id}"), "version": version, "author": "Ada", "license": "MIT",
            "description": "Counts the words of a text.", "tags": ["text"],
        },
        "capabilities": [{"ToolProvider": {"tool_name": "word-count", "description": "Counts words"}}],
        "permissions": [],
        "files": {"wasm": "plugin.wasm", "readme": "README.md"},
    })
}

/// A package of a manifest, with the tool as its component.
pub(crate) fn package_of(manifest: &Value) -> Vec<u8> {
    package_with(manifest, TOOL, "# Read me\n\nIt counts *hummingbirds*.\n")
}

pub(crate) fn package_with(manifest: &Value, component: &[u8], readme: &str) -> Vec<u8> {
    let manifest = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
    let files = BTreeMap::from([
        ("plugin.wasm".to_owned(), component.to_vec()),
        ("README.md".to_owned(), readme.as_bytes().to_vec()),
    ]);
    pack(&manifest, &files).unwrap()
}

/// A package of a tool.
pub(crate) fn package(id: &str, version: &str) -> Vec<u8> {
    package_of(&manifest(id, version))
}

/// The files below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
