//! A registry with ten thousand plugins: what a search over HTTP takes, alone and while somebody publishes, against the least that the same server answers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use criterion::Criterion;
use hal9_benches::{Group, Row, Unit, is_measuring, record};
use hal9_package::{Manifest, SecretKey, pack};
use hal9_registry_index::api::{Credentials, NewToken, Scope};
use hal9_registry_server::accounts::Caller;
use hal9_registry_server::{AppState, Config, Offer, Server};
use tokio::runtime::{Builder, Runtime};

/// How many plugins there are.
const PLUGINS: usize = 10_000;

/// What a percentile is taken of.
const REQUESTS: usize = 4_000;

/// So many ask at once.
const ASKING: usize = 4;

const MILLIS: f64 = 1e6;

/// What plugins are about: their names, tags and texts are made of it.
const WORDS: [&str; 64] = [
    "sentiment",
    "translate",
    "summary",
    "weather",
    "calendar",
    "invoice",
    "image",
    "audio",
    "speech",
    "vector",
    "graph",
    "search",
    "index",
    "cache",
    "memory",
    "store",
    "queue",
    "stream",
    "signal",
    "neuron",
    "metric",
    "report",
    "chart",
    "table",
    "text",
    "token",
    "parser",
    "json",
    "markdown",
    "html",
    "feed",
    "mail",
    "chat",
    "bot",
    "agent",
    "planner",
    "router",
    "filter",
    "ranker",
    "cluster",
    "anomaly",
    "forecast",
    "price",
    "stock",
    "news",
    "map",
    "route",
    "travel",
    "recipe",
    "health",
    "fitness",
    "sleep",
    "music",
    "video",
    "game",
    "quiz",
    "language",
    "grammar",
    "spelling",
    "password",
    "secret",
    "audit",
    "backup",
    "sync",
];

/// What is asked for: words that are frequent and rare, beginnings of words, filters, orders, and pages further on.
const QUERIES: [&str; 16] = [
    "q=sentiment",
    "q=text",
    "q=weather%20forecast",
    "q=se",
    "q=s",
    "q=plugin",
    "q=plugin%20that%20works",
    "q=",
    "q=&order=downloads",
    "q=&without=network&kind=tool",
    "q=audio&without=network,files",
    "q=json%20parser&order=updated",
    "q=music&tag=music",
    "q=&imports=wasi:cli/environment",
    "q=com.example.neuron-metric-0042",
    "q=agent&skip=40&limit=20",
];

pub(crate) const GROUP: Group = Group {
    name: "registry",
    about: "A registry with 10 000 plugins, asked over HTTP on loopback by four at once, sixteen sorts of searches in turn. The floor is what the same \
            server takes to say that it is well. Everything else runs on the same two cores: the server, who asks, and who publishes.",
    benchmarks,
    rows: &[
        Row::ratio("search / health", "registry/search", "registry/health"),
        Row::time("search", "registry/search"),
        Row::time("page of results", "registry/search-page"),
        Row::time("page of a plugin", "registry/plugin-page"),
        Row::time("publish: examined, written, signed, on the disk", "registry/publish"),
        Row::figure("search, 99th percentile", "registry/search-p99", Unit::Nanos).at_most(50.0 * MILLIS),
        Row::figure("search, 99th percentile, while somebody publishes", "registry/search-p99-publishing", Unit::Nanos)
            .at_most(50.0 * MILLIS),
        Row::figure(
            "page of results, 99th percentile, while somebody publishes",
            "registry/page-p99-publishing",
            Unit::Nanos,
        )
        .at_most(100.0 * MILLIS),
        Row::figure("versions published meanwhile in a second", "registry/publishes", Unit::Count),
    ],
};

/// A registry that is served by threads of its own.
struct Site {
    runtime: Runtime,
    state: AppState,
    caller: Caller,
    key: SecretKey,
    component: Vec<u8>,
    url: String,
    client: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl Site {
    fn new(plugins: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut config = Config::new(folder.path().join("registry"));
        (config.rates.reads, config.rates.writes) = (10_000_000, 10_000_000);
        let key = SecretKey::from_text(&SecretKey::generate(None).unwrap().0, None).unwrap();
        let (state, caller, url) = runtime.block_on(async {
            let server = Server::open(config).unwrap();
            let state = server.state().clone();
            let credentials =
                Credentials { name: "ada".parse().unwrap(), password: "correct horse battery".to_owned() };
            state.make_account(credentials.clone()).await.unwrap();
            let token = NewToken { label: "bench".to_owned(), scopes: vec![Scope::Publish], days: 1 };
            let made = state.token_by_password(credentials, token).await.unwrap();
            let caller = state.authenticate(&made.secret).await.unwrap();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(server.serve(listener, std::future::pending()));
            (state, caller, url)
        });
        let component =
            std::fs::read(hal9_tests::guests_dir().with_file_name("tests/fixtures/0.1.0/tool.wasm")).unwrap();
        // A client wants a provider also for what it asks in the clear.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Loopback needs no certificates, and who asks is not what is measured.
        let client = reqwest::Client::builder().tls_certs_only([]).build().unwrap();
        let site = Self { runtime, state, caller, key, component, url, client, _folder: folder };
        site.runtime.block_on(async {
            for number in 0..plugins {
                site.publish(number, "1.0.0").await;
            }
        });
        site
    }

    /// A version of a plugin that is about some words.
    async fn publish(&self, number: usize, version: &str) {
        let word = |step: usize| WORDS[(number * step + number / WORDS.len()) % WORDS.len()];
        let (one, two, three) = (word(1), word(7), word(13));
        let permissions = match number % 4 {
            0 => r#"["NetworkHttps:api.example.com"]"#,
            1 => r#"["Hal9Memory:notes/"]"#,
            2 => r#"["FileRead:./data"]"#,
            _ => "[]",
        };
        let manifest = format!(
            r#"{{"api_version": 1,
                "metadata": {{"id": "com.example.{one}-{two}-{number:04}", "name": "{one} {two}", "version": "{version}", "author": "Ada",
                    "description": "A plugin that works on {one} and {two}, with {three}", "license": "MIT", "tags": ["{one}", "works-on-{three}"]}},
                "capabilities": [{{"ToolProvider": {{"tool_name": "{one}-{number}", "description": "Does {two}"}}}}],
                "permissions": {permissions},
                "files": {{"wasm": "plugin.wasm", "readme": "README.md"}}}}"#
        );
        let readme =
            format!("# {one} {two}\n\n{}", format!("It finds {one}, keeps {two} and tells {three}.\n").repeat(12));
        let files = BTreeMap::from([
            ("plugin.wasm".to_owned(), self.component.clone()),
            ("README.md".to_owned(), readme.into_bytes()),
        ]);
        let bytes = pack(&Manifest::parse(manifest.as_bytes()).unwrap(), &files).unwrap();
        let signature = self.key.sign(&bytes, "bench").unwrap();
        let offer = Offer { key: self.key.public().clone(), signature, notes: String::new() };
        self.state.publish(&self.caller, bytes, offer).await.unwrap();
    }

    async fn get(&self, path: &str) -> usize {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.bytes().await.unwrap().len()
    }

    /// How long requests take, asked by several at once; in order.
    fn times(&self, requests: usize, path: impl Fn(usize) -> String + Sync) -> Vec<Duration> {
        let asked = |from: usize| {
            let path = &path;
            async move {
                let mut times = Vec::new();
                for number in (from..requests).step_by(ASKING) {
                    let started = Instant::now();
                    self.get(&path(number)).await;
                    times.push(started.elapsed());
                }
                times
            }
        };
        let all = self.runtime.block_on(futures::future::join_all((0..ASKING).map(asked)));
        let mut times: Vec<Duration> = all.into_iter().flatten().collect();
        times.sort();
        times
    }
}

/// The time that 99 of 100 are within.
fn p99(times: &[Duration]) -> f64 {
    times[(times.len() * 99 / 100).min(times.len() - 1)].as_nanos() as f64
}

fn search(number: usize) -> String {
    format!("/v1/plugins?{}", QUERIES[number % QUERIES.len()])
}

fn page(number: usize) -> String {
    format!("/search?{}", QUERIES[number % QUERIES.len()])
}

fn benchmarks(criterion: &mut Criterion) {
    let plugins = if is_measuring() { PLUGINS } else { 40 };
    let requests = if is_measuring() { REQUESTS } else { 2 * QUERIES.len() };
    let site = Site::new(plugins);
    let mut group = criterion.benchmark_group("registry");
    group.sample_size(20);
    let some = format!("/plugins/com.example.{}-{}-0000", WORDS[0], WORDS[0]);
    let paths: [(&str, &(dyn Fn(usize) -> String + Sync)); 4] = [
        ("health", &|_| "/health".to_owned()),
        ("search", &search),
        ("search-page", &page),
        ("plugin-page", &|_| some.clone()),
    ];
    for (name, path) in paths {
        let mut number = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                number += 1;
                site.runtime.block_on(site.get(&path(number)))
            });
        });
    }
    let mut number = 0;
    group.bench_function("publish", |bencher| {
        bencher.iter(|| {
            number += 1;
            site.runtime.block_on(site.publish(number % plugins, &format!("1.1.{number}")));
        });
    });
    group.finish();

    record("registry/search-p99", p99(&site.times(requests, search)));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let publishing = scope.spawn(|| {
            let (started, mut published) = (Instant::now(), 0_u32);
            while !done.load(Ordering::Relaxed) {
                site.runtime.block_on(site.publish(published as usize % plugins, &format!("2.0.{published}")));
                published += 1;
            }
            f64::from(published) / started.elapsed().as_secs_f64()
        });
        record("registry/search-p99-publishing", p99(&site.times(requests, search)));
        record("registry/page-p99-publishing", p99(&site.times(requests, page)));
        done.store(true, Ordering::Relaxed);
        record("registry/publishes", publishing.join().unwrap());
    });
}
