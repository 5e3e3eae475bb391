//! A registry's server that is killed at any moment of a publish: what the index names is there, and what was acknowledged is in the index.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use hal9_package::{PluginId, SecretKey};
use hal9_registry_client::{Registry, RegistrySettings, Secret};
use hal9_registry_index::api::{Credentials, NewToken, Scope};
use hal9_registry_server::{Config, Server};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::runtime::{Builder, Runtime};

use super::prepared::{copy, package};
use super::tracer::{Fault, Traced, run_with};

/// How many moments the server is killed at, at least.
const KILLS: usize = 200;

/// The plugin that has a version before, and one that has none.
const OLD: &str = "test.published";
const NEW: &str = "test.never-seen";

/// A registry with one version of one plugin, and what is published next.
struct Prepared {
    /// Deletes the folder at the end.
    _folder: tempfile::TempDir,
    data: PathBuf,
    token: String,
    key: SecretKey,
    /// The next version of the one, and the first of the other.
    next: [(PluginId, Vec<u8>); 2],
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

impl Prepared {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let data = path.join("registry");
        let component = fs::read(hal9_tests::guest("raw-neuron")).unwrap();
        let packed = |id: &str, version: &str| fs::read(package(&path, id, version, "", &component)).unwrap();
        let key = SecretKey::from_text(&SecretKey::generate(None).unwrap().0, None).unwrap();
        let first = packed(OLD, "1.0.0");
        let next = [(OLD, "1.1.0"), (NEW, "1.0.0")].map(|(id, version)| (id.parse().unwrap(), packed(id, version)));
        let token = runtime().block_on(async {
            let server = Server::open(Config::new(&data)).unwrap();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let credentials =
                Credentials { name: "ada".parse().unwrap(), password: "correct horse battery".to_owned() };
            server.state().make_account(credentials.clone()).await.unwrap();
            let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
            let serving = tokio::spawn(server.serve(listener, async {
                let _ = stopped.await;
            }));
            let mut registry = Registry::open(RegistrySettings::new("test", url), &path.join("client")).unwrap();
            let token = NewToken { label: "test".to_owned(), scopes: vec![Scope::Publish], days: 30 };
            let token = registry.log_in(credentials, token).await.unwrap().secret;
            registry.set_token(Some(Secret::new(token.clone())));
            publish(&registry, &key, &first).await.unwrap();
            stop.send(()).unwrap();
            serving.await.unwrap().unwrap();
            token
        });
        Self { _folder: folder, data, token, key, next }
    }

    fn client(&self, url: &str, folder: &Path) -> Registry {
        let mut settings = RegistrySettings::new("test", url);
        settings.token = Some(Secret::new(self.token.clone()));
        Registry::open(settings, folder).unwrap()
    }

    /// Publishes to a server that is treated so: how it ended, and whether it said that it was done.
    fn trace(&self, data: &Path, package: &[u8], fault: Fault) -> (Traced, bool) {
        // Free a moment ago; the server's own choice would be known after its first line alone, which a killed one never writes.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (pid, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            let published = scope.spawn(|| {
                while TcpStream::connect(address).is_err() {
                    if ended.load(Ordering::Acquire) {
                        return false;
                    }
                    thread::yield_now();
                }
                let folder = tempfile::tempdir().unwrap();
                let registry = self.client(&format!("http://{address}"), folder.path());
                let published = runtime().block_on(publish(&registry, &self.key, package)).is_ok();
                if !ended.load(Ordering::Acquire) {
                    let server = Pid::from_raw(pid.load(Ordering::Acquire).try_into().unwrap());
                    let _ = kill(server, Signal::SIGTERM);
                }
                published
            });
            let mut command = serve(data);
            command.args(["--listen", &address.to_string()]);
            let started = |child: Pid| pid.store(usize::try_from(child.as_raw()).unwrap(), Ordering::Release);
            let traced = run_with(&command, data, fault, started);
            ended.store(true, Ordering::Release);
            (traced, published.join().unwrap())
        })
    }

    /// What is wrong with a registry after that, if anything.
    fn judge(&self, data: &Path, at: usize, acknowledged: bool) -> Result<(), String> {
        let (id, package) = &self.next[at];
        let folder = tempfile::tempdir().unwrap();
        let mut server = Served::start(data)?;
        let registry = self.client(&server.url, &folder.path().join("client"));
        runtime().block_on(async {
            let there = whole(&registry).await?;
            let is_there = there.iter().any(|(one, bytes)| one == id && bytes == package);
            ensure(there.len() == 1 + usize::from(is_there), &format!("there are {} versions", there.len()))?;
            ensure(is_there || !acknowledged, "it was acknowledged, and the index does not name it")?;
            publish(&registry, &self.key, package).await.map_err(|error| format!("publishing again: {error}"))?;
            ensure(whole(&registry).await?.len() == 2, "it was published again, and is not there")
        })?;
        ensure(server.end(), "it does not end when it is told to")
    }
}

/// The package of every version that the index names, each verified.
async fn whole(registry: &Registry) -> Result<Vec<(PluginId, Vec<u8>)>, String> {
    let synced = registry.sync(1).await.map_err(|error| format!("the index: {error}"))?;
    let (mut packages, mut plugins) = (Vec::new(), 0);
    for id in [OLD, NEW] {
        let id: PluginId = id.parse().unwrap();
        let Some(listed) = registry.find(&id).await.map_err(|error| error.to_string())? else { continue };
        plugins += 1;
        for version in &listed.record.versions {
            let keys = [version.key.clone()];
            let got = registry.download(&id, version, &keys, &|_| {}).await;
            let got = got.map_err(|error| format!("the index names {id} {}: {error}", version.version))?;
            packages.push((id.clone(), got.package.bytes().to_vec()));
        }
    }
    ensure(plugins == synced.plugins, &format!("the index says that it has {} plugins", synced.plugins))?;
    Ok(packages)
}

async fn publish(registry: &Registry, key: &SecretKey, package: &[u8]) -> Result<(), hal9_registry_client::Error> {
    let signature = key.sign(package, "for a test").unwrap();
    registry.publish(package, key.public(), &signature, "", &|_| {}).await.map(drop)
}

fn serve(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hal9-under-test"));
    command.args(["--json", "registry", "serve", "--data"]).arg(data).env("HAL9_HOME", data).env("HAL9_LOG", "off");
    command
}

/// A server that nobody traces.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn start(data: &Path) -> Result<Self, String> {
        let mut command = serve(data);
        command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let said: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        match said["url"].as_str() {
            Some(url) => Ok(Self { url: url.to_owned(), child }),
            None => Err(format!("it does not start again: {:?}", child.wait_with_output())),
        }
    }

    fn end(&mut self) -> bool {
        let _ = kill(Pid::from_raw(self.child.id().try_into().unwrap()), Signal::SIGTERM);
        self.child.wait().is_ok_and(|status| status.success())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "how many moments were tried is what the test is about")]
fn the_index_never_names_what_is_not_there() {
    let prepared = Prepared::new();
    let mut jobs = Vec::new();
    for at in 0..prepared.next.len() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().canonicalize().unwrap().join("registry");
        copy(&prepared.data, &data);
        let (traced, acknowledged) = prepared.trace(&data, &prepared.next[at].1, Fault::None);
        assert!(acknowledged && traced.status == Some(0), "{traced:#?}");
        let all = traced.changes.len();
        println!("publish {}: {all} changes", prepared.next[at].0);
        // How many there are differs by some from run to run, as tasks come one before the other: so more are tried than are wanted.
        let wanted = (KILLS / 2 + 20).min(all);
        jobs.extend((0..wanted).map(|job| (at, job * all / wanted)));
    }
    let (next, struck, failures) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, |threads| threads.get().clamp(2, 8)) {
            scope.spawn(|| {
                while let Some((at, moment)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let folder = tempfile::tempdir().unwrap();
                    let data = folder.path().canonicalize().unwrap().join("registry");
                    copy(&prepared.data, &data);
                    let (traced, done) = prepared.trace(&data, &prepared.next[*at].1, Fault::Kill(*moment));
                    struck.fetch_add(usize::from(traced.struck.is_some()), Ordering::Relaxed);
                    if let Err(problem) = prepared.judge(&data, *at, done) {
                        let change = traced.struck.and_then(|at| traced.changes.get(at));
                        failures.lock().unwrap().push(format!("killed at {moment}, {change:?}: {problem}"));
                    }
                }
            });
        }
    });
    let (struck, failures) = (struck.into_inner(), failures.into_inner().unwrap());
    println!("{struck} moments were tried");
    assert!(failures.is_empty(), "{} of {struck}:\n{}", failures.len(), failures.join("\n"));
    assert!(struck >= KILLS, "only {struck} moments were tried");
}

fn ensure(holds: bool, problem: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem.to_owned()) }
}
