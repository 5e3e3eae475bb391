//! A server that answers what it was told to, well or badly, and remembers what it was asked. It does not know what its answers mean.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use futures::{StreamExt as _, stream};
use hal9_package::Digest;
use hal9_registry_client::{Registry, RegistrySettings};
use hal9_registry_index::{Record, Shard, Signed, sign};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::documents::{Keys, shards};

/// How something is answered.
#[derive(Clone)]
pub(crate) enum Reply {
    /// With these bytes; a range of them where one is asked for.
    Bytes(Vec<u8>),
    /// With this status, headers and text.
    Status(u16, Vec<(&'static str, String)>, String),
    /// With so many of these bytes, and then the connection ends though all were promised.
    Cut(Vec<u8>, usize),
    /// With so many of these bytes, and then with nothing, though the connection stays.
    Stall(Vec<u8>, usize),
    /// With bytes that never end, in spite of what length they are said to have.
    Endless,
    /// With these bytes, which are said to be packed in this way.
    Encoded(&'static str, Vec<u8>),
    /// With nothing, ever.
    Silent,
    /// With these bytes, whatever range is asked for.
    Whole(Vec<u8>),
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

#[derive(Default)]
struct Content {
    /// By method and path; the last of several answers stays.
    replies: BTreeMap<String, VecDeque<Reply>>,
    asked: Vec<Asked>,
}

pub(crate) struct Server {
    pub(crate) url: String,
    content: Arc<Mutex<Content>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let content = Arc::new(Mutex::new(Content::default()));
        let router = Router::new().fallback(answer).with_state(content.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, content, task }
    }

    /// A registry with some plugins, as version `version` of its index.
    pub(crate) async fn with(keys: &Keys, version: u64, plugins: &[(&str, Record)]) -> Self {
        let server = Self::start().await;
        server.root(1, &sign(&keys.root(), &[&keys.root], "root").unwrap());
        server.index(keys, version, plugins);
        server
    }

    pub(crate) fn root(&self, version: u64, signed: &Signed) {
        self.document(&format!("/v1/root/{version}"), signed);
    }

    pub(crate) fn index(&self, keys: &Keys, version: u64, plugins: &[(&str, Record)]) {
        let shards = shards(plugins);
        self.head(&keys.sign_head(&keys.head(version, &shards)));
        shards.iter().for_each(|shard| self.shard(shard));
    }

    pub(crate) fn head(&self, signed: &Signed) {
        self.document("/v1/index", signed);
    }

    pub(crate) fn shard(&self, shard: &Shard) {
        let bytes = shard.to_bytes();
        self.get(&format!("/v1/index/shards/{}", Digest::of(&bytes)), Reply::Bytes(bytes));
    }

    pub(crate) fn blob(&self, bytes: &[u8]) {
        self.get(&blob_path(bytes), Reply::Bytes(bytes.to_vec()));
    }

    pub(crate) fn document(&self, path: &str, signed: &Signed) {
        self.get(path, Reply::Bytes(serde_json::to_vec(signed).unwrap()));
    }

    pub(crate) fn get(&self, path: &str, reply: Reply) {
        self.replies("GET", path, [reply]);
    }

    /// One answer after the other; the last one stays.
    pub(crate) fn replies(&self, method: &str, path: &str, replies: impl IntoIterator<Item = Reply>) {
        let replies = replies.into_iter().collect();
        self.content.lock().unwrap().replies.insert(format!("{method} {path}"), replies);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.content.lock().unwrap().asked.clone()
    }

    /// The paths that were asked for, and forgets them.
    pub(crate) fn paths(&self) -> Vec<String> {
        std::mem::take(&mut self.content.lock().unwrap().asked).into_iter().map(|asked| asked.path).collect()
    }

    /// Stops: nobody answers any more.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

pub(crate) fn blob_path(bytes: &[u8]) -> String {
    format!("/v1/blobs/{}", Digest::of(bytes))
}

/// A client of it, with a folder of its own, which does not wait as long as people would.
pub(crate) fn client(url: &str, folder: &TempDir) -> Registry {
    Registry::open(settings(url), folder.path()).unwrap()
}

pub(crate) fn settings(url: &str) -> RegistrySettings {
    let mut settings = RegistrySettings::new("test", url);
    settings.patience.idle = Duration::from_secs(2);
    settings.patience.document = Duration::from_secs(3);
    settings.patience.package = Duration::from_secs(3);
    settings.patience.too_often = Duration::from_secs(2);
    settings.patience.lock = Duration::from_secs(5);
    settings
}

async fn answer(State(content): State<Arc<Mutex<Content>>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let body = axum::body::to_bytes(body, 16 << 20).await.unwrap().to_vec();
    let reply = {
        let mut content = content.lock().unwrap();
        let key = format!("{} {path}", head.method);
        content.asked.push(Asked { method: head.method, path, headers: head.headers.clone(), body });
        match content.replies.get_mut(&key) {
            Some(replies) if replies.len() > 1 => replies.pop_front(),
            Some(replies) => replies.front().cloned(),
            None => None,
        }
    };
    let answer = Response::builder();
    match reply {
        None => answer.status(404).body(Body::empty()),
        Some(Reply::Bytes(bytes)) => {
            let range =
                head.headers.get(header::RANGE).and_then(|range| range.to_str().unwrap().strip_prefix("bytes="));
            match range.map(|range| range.trim_end_matches('-').parse::<usize>().unwrap()) {
                None => answer.body(bytes.into()),
                Some(from) if from < bytes.len() => {
                    let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
                    let answer = answer.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, range);
                    answer.body(bytes[from..].to_vec().into())
                }
                Some(_) => answer.status(StatusCode::RANGE_NOT_SATISFIABLE).body(Body::empty()),
            }
        }
        Some(Reply::Encoded(how, bytes)) => answer.header(header::CONTENT_ENCODING, how).body(bytes.into()),
        Some(Reply::Whole(bytes)) => answer.body(bytes.into()),
        Some(Reply::Status(status, headers, text)) => {
            let answer = headers.into_iter().fold(answer, |answer, (name, value)| answer.header(name, value));
            answer.status(status).body(text.into())
        }
        Some(Reply::Cut(bytes, at)) => {
            let part = stream::iter([Ok(Bytes::copy_from_slice(&bytes[..at]))]);
            // What was given is sent once there is nothing more for a moment.
            let broken = stream::once(async {
                tokio::task::yield_now().await;
                Err(io::Error::other("the connection is lost"))
            });
            let body = Body::from_stream(part.chain(broken));
            answer.header(header::CONTENT_LENGTH, bytes.len()).body(body)
        }
        Some(Reply::Stall(bytes, at)) => {
            let part = stream::iter([Ok::<_, io::Error>(Bytes::copy_from_slice(&bytes[..at]))]);
            let body = Body::from_stream(part.chain(stream::pending()));
            answer.header(header::CONTENT_LENGTH, bytes.len()).body(body)
        }
        Some(Reply::Endless) => {
            let body = stream::repeat_with(|| Ok::<_, io::Error>(Bytes::from_static(&[b'['; 64 << 10])));
            answer.body(Body::from_stream(body))
        }
        Some(Reply::Silent) => answer.body(Body::from_stream(stream::pending::<Result<Bytes, io::Error>>().boxed())),
    }
    .unwrap()
}
