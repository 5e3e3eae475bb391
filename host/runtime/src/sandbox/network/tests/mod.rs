//! Requests on a network that is not there: names, addresses and servers are the test's own, and what is connected to is
//! in sight.

mod bounds;
mod permits;
mod places;
mod secure;

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hal9_package::{Limits, Permissions, Rights};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error as HttpError, RequestOptions, WasiBody, WasiHttpHooks as _};

use super::{Connector, Network, NetworkConfig, NetworkSetup, NetworkStream, Outgoing, Resolver};
use crate::audit::{AuditEvent, AuditSink};
use crate::guard::Guard;
use crate::quota::Pool;

/// An address that is public, and that nobody connects to here.
const PUBLIC: &str = "93.184.216.34";

/// Serves one connection.
type Serve = Arc<dyn Fn(DuplexStream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A network, and all that was asked of it.
struct Stand {
    names: Mutex<HashMap<&'static str, Vec<Vec<IpAddr>>>>,
    serve: Serve,
    resolved: Mutex<Vec<String>>,
    connected: Mutex<Vec<SocketAddr>>,
    records: Mutex<Vec<AuditEvent>>,
}

#[async_trait]
impl Resolver for Stand {
    /// The next answer for a name; the last one stays.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.resolved.lock().unwrap().push(name.to_owned());
        match name {
            "silent.example" => std::future::pending().await,
            "panic.example" => panic!("the resolver of a test"),
            _ => {}
        }
        let mut names = self.names.lock().unwrap();
        let answers = names.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
    }
}

#[async_trait]
impl Connector for Stand {
    async fn connect(&self, to: SocketAddr) -> io::Result<Box<dyn NetworkStream>> {
        self.connected.lock().unwrap().push(to);
        match to.port() {
            1 => return Err(io::ErrorKind::ConnectionRefused.into()),
            2 => std::future::pending().await,
            _ => {}
        }
        let (ours, theirs) = tokio::io::duplex(1 << 10);
        tokio::spawn((self.serve)(theirs));
        Ok(Box::new(ours))
    }
}

impl AuditSink for Stand {
    fn record(&self, event: &AuditEvent) {
        self.records.lock().unwrap().push(event.clone());
    }
}

impl Stand {
    fn new(serve: Serve) -> Arc<Self> {
        let name = |name, answers: &[&[&str]]| {
            let parsed = |answer: &&[&str]| answer.iter().map(|text| text.parse().unwrap()).collect();
            (name, answers.iter().map(parsed).collect())
        };
        let names = [
            name("allowed.example", &[&[PUBLIC]]),
            name("localhost", &[&["127.0.0.1"]]),
            name("inside.example", &[&["127.0.0.1"]]),
            name("mapped.example", &[&["::ffff:10.0.0.1"]]),
            name("wrapped.example", &[&["::ffff:93.184.216.34"]]),
            name("mixed.example", &[&[PUBLIC, "127.0.0.1"]]),
            name("turning.example", &[&[PUBLIC], &["127.0.0.1"]]),
            name("empty.example", &[&[]]),
        ];
        Arc::new(Self {
            names: Mutex::new(names.into()),
            serve,
            resolved: Mutex::default(),
            connected: Mutex::default(),
            records: Mutex::default(),
        })
    }

    /// The network of a plugin that was granted this.
    fn plugin(self: &Arc<Self>, granted: &[&str], limits: &Limits, config: NetworkConfig) -> Outgoing {
        let setup = NetworkSetup { config, resolver: self.clone(), connector: self.clone() };
        let granted: Permissions = granted.iter().map(|text| text.parse().unwrap()).collect();
        let rights = Rights::new(&granted, &Permissions::new());
        let guard = Guard::new("test.a".parse().unwrap(), granted, rights, 1_000, self.clone(), None);
        Outgoing::new(Arc::new(guard), Arc::new(Network::new(setup).unwrap()), limits, Arc::new(Pool::new(100)))
    }

    /// As [`Stand::plugin`], with what is set by default.
    fn granted(self: &Arc<Self>, granted: &[&str]) -> Outgoing {
        self.plugin(granted, &Limits::default(), NetworkConfig::default())
    }

    fn connected(&self) -> Vec<String> {
        self.connected.lock().unwrap().drain(..).map(|address| address.to_string()).collect()
    }

    fn resolved(&self) -> Vec<String> {
        self.resolved.lock().unwrap().drain(..).collect()
    }

    fn records(&self) -> Vec<String> {
        self.records.lock().unwrap().drain(..).map(|event| event.message).collect()
    }
}

/// A server that answers every request.
fn answering(
    answer: impl Fn(&Request<hyper::body::Incoming>) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
) -> Serve {
    Arc::new(move |stream| {
        let answer = answer.clone();
        let service = hyper::service::service_fn(move |request| {
            let answer = answer(&request);
            async move { Ok::<_, Infallible>(answer) }
        });
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        Box::pin(async move { drop(connection.await) })
    })
}

/// A server that says hello.
fn hello() -> Serve {
    answering(|_| Response::new(Full::from("hello")))
}

/// A server that reads the head of a request, writes `first`, and then `again` for as long as somebody reads, with a pause before
/// each; and waits, where that is empty.
fn writing(first: impl Into<Vec<u8>>, again: &'static [u8], pause: Duration) -> Serve {
    let first = first.into();
    Arc::new(move |mut stream| {
        let first = first.clone();
        Box::pin(async move {
            read_head(&mut stream).await;
            let mut written = stream.write_all(&first).await;
            while written.is_ok() && !again.is_empty() {
                tokio::time::sleep(pause).await;
                written = stream.write_all(again).await;
            }
            // Until the other side closes.
            drop(stream.read_to_end(&mut Vec::new()).await);
        })
    })
}

async fn read_head(stream: &mut DuplexStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
}

fn get(uri: &str) -> Request<WasiBody> {
    Request::get(uri).body(body("")).unwrap()
}

fn body(text: &str) -> WasiBody {
    Full::new(Bytes::copy_from_slice(text.as_bytes())).map_err(HttpError::from).boxed_unsync()
}

/// Sends a request as a guest's is sent.
async fn send(outgoing: &Outgoing, request: Request<WasiBody>) -> Result<Response<WasiBody>, HttpError> {
    send_with(outgoing, request, None).await
}

async fn send_with(
    outgoing: &Outgoing,
    request: Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Result<Response<WasiBody>, HttpError> {
    let sending = outgoing.clone().send_request(request, options, Box::new(async { Ok(()) }));
    let sent = tokio::time::timeout(Duration::from_secs(30), Pin::from(sending)).await;
    sent.expect("a request that does not hang").map(|(response, _)| response)
}

/// What came of a request: its status and body, or the error.
async fn outcome(sent: Result<Response<WasiBody>, HttpError>) -> String {
    let response = match sent {
        Ok(response) => response,
        Err(error) => return format!("{error:?}"),
    };
    let (head, body) = response.into_parts();
    match tokio::time::timeout(Duration::from_secs(30), body.collect()).await.expect("a body that does not hang") {
        Ok(body) => format!("{} {}", head.status.as_u16(), String::from_utf8_lossy(&body.to_bytes())),
        Err(error) => format!("{} {error:?}", head.status.as_u16()),
    }
}

/// As [`outcome`], of a GET.
async fn got(outgoing: &Outgoing, uri: &str) -> String {
    outcome(send(outgoing, get(uri)).await).await
}
