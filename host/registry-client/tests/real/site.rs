//! A registry that is served for a test, and who uses it.

use std::{collections::BTreeMap, net::SocketAddr, path::Path};

use hal9_package::{Manifest, SecretKey, pack};
use hal9_registry_client::{Registry, RegistrySettings, Secret};
use hal9_registry_index::api::{Credentials, NewToken, Published, Scope};
use hal9_registry_server::{Config, Server};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

pub(crate) const ID: &str = "ai.hal9.word-count";

/// A registry that is served.
pub(crate) struct Site {
    data: TempDir,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::on(TempDir::new().unwrap(), "127.0.0.1:0", |_| {}).await
    }

    pub(crate) async fn on(data: TempDir, address: &str, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new(data.path());
        // Tests ask more often than people do.
        (config.rates.reads, config.rates.sign_ins, config.rates.writes) = (10_000, 10_000, 10_000);
        change(&mut config);
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server::open(config).unwrap();
        let (stop, stopped) = oneshot::channel();
        let task =
            tokio::spawn(async move { server.serve(listener, async { stopped.await.unwrap_or(()) }).await.unwrap() });
        Self { data, address, stop, task }
    }

    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) async fn stop(self) -> TempDir {
        drop(self.stop);
        self.task.await.unwrap();
        self.data
    }

    /// A client of it, without a token.
    pub(crate) fn client(&self, folder: &TempDir) -> Registry {
        Registry::open(self.settings(), folder.path()).unwrap()
    }

    pub(crate) fn settings(&self) -> RegistrySettings {
        RegistrySettings::new("test", format!("http://{}", self.address))
    }

    /// A client of it, signed in with a new account that may do everything.
    pub(crate) async fn account(&self, folder: &TempDir, name: &str) -> Registry {
        let mut registry = self.client(folder);
        let credentials = Credentials { name: name.parse().unwrap(), password: "correct horse battery".to_owned() };
        registry.register(&credentials).await.unwrap();
        let token = NewToken { label: "test".to_owned(), scopes: Scope::ALL.to_vec(), days: 1 };
        let made = registry.log_in(credentials, token).await.unwrap();
        registry.set_token(Some(Secret::new(made.secret)));
        registry
    }
}

pub(crate) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

pub(crate) fn key() -> SecretKey {
    SecretKey::from_text(&SecretKey::generate(None).unwrap().0, None).unwrap()
}

pub(crate) fn package(id: &str, version: &str, asset: &[u8]) -> Vec<u8> {
    let manifest = format!(
        r#"{{"api_version": 1,
            "metadata": {{"id": "{id}", "name": "Word Count", "version": "{version}", "author": "Ada", "license": "MIT"}},
            "capabilities": [{{"ToolProvider": {{"tool_name": "word-count", "description": "Counts words"}}}}],
            "permissions": ["Hal9Memory:notes/", "network:api.example.com"],
            "dependencies": [{{"plugin_id": "ai.hal9.base", "version": "^1.0"}}],
            "files": {{"wasm": "plugin.wasm", "readme": "README.md", "assets": ["data.bin"]}}}}"#
    );
    let component = include_bytes!("../../../../tests/fixtures/0.1.0/tool.wasm").as_slice();
    let files = [("plugin.wasm", component), ("README.md", b"# Word Count".as_slice()), ("data.bin", asset)];
    let files: BTreeMap<_, _> = files.into_iter().map(|(path, content)| (path.to_owned(), content.to_vec())).collect();
    pack(&Manifest::parse(manifest.as_bytes()).unwrap(), &files).unwrap()
}

/// Publishes a package as its author does.
pub(crate) async fn publish(registry: &Registry, author: &SecretKey, package: &[u8]) -> Published {
    let signature = author.sign(package, "test").unwrap();
    registry.publish(package, author.public(), &signature, "Notes", &|_| {}).await.unwrap()
}
