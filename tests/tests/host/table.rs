//! Every permission, three times: granted, declared without a grant, and not declared. Run with `--nocapture` to see the table.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::fmt;

use hal9_host::{Component, Error, LoadOptions};
use hal9_package::PermissionKind;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::lab::{Lab, ask, granted, manifest, neuron};
use crate::raw::Raw;

/// What came of a permission, or of its absence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Did {
    /// It can.
    Can,
    /// It runs, and cannot.
    Cannot,
    /// It was refused at load.
    Refused,
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Can => "can",
            Self::Cannot => "cannot",
            Self::Refused => "refused at load",
        })
    }
}

/// A permission, a guest that uses it as it is asked, and how its answer shows that it could.
struct Row {
    permission: String,
    guest: &'static str,
    order: String,
    shows: Box<dyn Fn(&str) -> bool>,
    /// The interface that is linked by it; none for what opens WASI.
    interface: Option<&'static str>,
}

fn row(permission: &str, guest: &'static str, order: &str, shows: impl Fn(&str) -> bool + 'static) -> Row {
    let shows = Box::new(shows);
    Row { permission: permission.to_owned(), guest, order: order.to_owned(), shows, interface: None }
}

fn linked(interface: &'static str, row: Row) -> Row {
    Row { interface: Some(interface), ..row }
}

fn rows(folder: &str, address: &str, seeded: String) -> Vec<Row> {
    vec![
        row(&format!("NetworkHttp:{address}"), "uses-http", &format!("get http {address}"), |it| it.contains("200")),
        // No TLS is spoken there: that the handshake fails shows that a connection was made.
        row(&format!("NetworkHttps:{address}"), "uses-http", &format!("get https {address}"), |it| {
            it.contains("TLS") || it.contains("Tls")
        }),
        row(&format!("FileRead:{folder}=>/data"), "wasi", "read /data/file", |it| it.contains("content")),
        row(&format!("FileWrite:{folder}=>/data"), "wasi", "write /data/new", |it| it == "ok ()"),
        linked("clock", row("SystemTime", "uses-clock", "", |_| true)),
        row("SystemTime", "wasi", "time", |it| it != "Ok(0)"),
        row("SystemRandom", "wasi", "random", move |it| it != seeded),
        row("SystemEnv:CARGO_MANIFEST_DIR", "wasi", "env CARGO_MANIFEST_DIR", |it| it.starts_with("Some")),
        linked("plugins", row("PluginCall:test.echo", "uses-plugins", "ask test.echo hello", |it| it == "hello")),
        linked("signals", row("Hal9Signal:L3", "uses-signals", r#"{"layer":"L3","content":""}"#, |it| it == "None")),
        linked("memory", row("Hal9Memory:notes/", "uses-memory", "set notes/1 x", |it| it == "Ok(())")),
        linked("metrics", row("Hal9Metrics:work.", "uses-metrics", "gauge work.x 1", |it| it.starts_with("gauge"))),
        linked("learning", row("Hal9Learning", "uses-learning", "feedback good 1", |it| it == "Ok(())")),
    ]
}

impl Row {
    async fn did(&self, lab: &Lab, component: &Component, declared: &[&str], given: &[&str]) -> Did {
        let manifest = match self.interface {
            Some(_) if declared.is_empty() => manifest("test.raw", json!([]), &[]),
            _ => neuron("test.probe", "L2", declared),
        };
        let options = LoadOptions { manifest: Some(manifest), ..granted(given) };
        let plugin = match lab.manager.load(component, options) {
            Ok(plugin) => plugin,
            Err(Error::Ungranted { .. }) => return Did::Refused,
            Err(error) => panic!("{}: {error}", self.permission),
        };
        lab.manager.activate(plugin.id()).await.unwrap();
        let reply = ask(&plugin, &self.order).await;
        lab.manager.unload(plugin.id()).await.unwrap();
        match reply {
            Ok(reply) if (self.shows)(&reply.content) => Did::Can,
            _ => Did::Cannot,
        }
    }
}

/// Answers every connection with a page.
async fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi").await;
        }
    });
    address
}

#[tokio::test]
async fn every_permission_is_there_if_it_was_declared_and_granted() {
    let lab = Lab::new();
    lab.activate("echo", LoadOptions::default()).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "content").unwrap();
    let address = server().await;
    let options = || LoadOptions { manifest: Some(neuron("test.probe", "L2", &[])), ..LoadOptions::default() };
    let seeded = ask(&lab.load_with("wasi", options()).unwrap(), "random").await.unwrap().content;
    let rows = rows(folder.path().to_str().unwrap(), &address, seeded);
    for kind in PermissionKind::ALL {
        assert!(rows.iter().any(|row| row.permission.starts_with(kind.as_str())), "{kind} has a row");
    }
    println!("{:<42} {:<16} {:<16} {:<16}", "permission", "granted", "declared only", "not declared");
    for row in &rows {
        let guest = lab.guest(row.guest);
        let permission: &[&str] = &[&row.permission];
        let undeclared = match row.interface {
            // The guests for these carry manifests of their own.
            Some(interface) => {
                let world = format!("import hal9:plugin/{interface}@0.1.0; export hal9:plugin/tool@0.1.0;");
                lab.manager.host().compile("raw", &Raw { world: &world, ..Raw::default() }.component()).unwrap()
            }
            None => guest.clone(),
        };
        let did = [
            row.did(&lab, &guest, permission, permission).await,
            row.did(&lab, &guest, permission, &[]).await,
            row.did(&lab, &undeclared, &[], permission).await,
        ];
        let shown = row.permission.replace(folder.path().to_str().unwrap(), "FOLDER").replace(&address, "HOST");
        println!("{shown:<42} {:<16} {:<16} {:<16}", did[0], did[1], did[2]);
        let without = match row.interface {
            Some(_) => [Did::Refused, Did::Refused],
            // The network is linked where it is declared; the rest of WASI is always linked, and inert.
            None if row.guest == "uses-http" => [Did::Cannot, Did::Refused],
            None => [Did::Cannot, Did::Cannot],
        };
        assert_eq!(did, [Did::Can, without[0], without[1]], "{}", row.permission);
    }
}
