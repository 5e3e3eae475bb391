//! The web scraper against real servers, over HTTP and HTTPS, from the refusal to the grant that was asked for.

use std::sync::Arc;
use std::sync::mpsc::channel;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::home::Home;

const PAGE: &str = "<!doctype html><title>Tea &amp; kettles</title><h1>Kettles</h1>\
    <p class=note>The kettle is blue.</p><a href=/more>More of them</a><script>evil()</script>";

const ROBOTS: &str = "User-agent: *\nDisallow: /private";

/// Answers one request.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut head = vec![0; 4096];
    let Ok(length) = stream.read(&mut head).await else { return };
    let head = String::from_utf8_lossy(&head[..length]).into_owned();
    let (kind, body) = match head.split(' ').nth(1) {
        Some("/robots.txt") => ("text/plain", ROBOTS),
        _ => ("text/html; charset=utf-8", PAGE),
    };
    let length = body.len();
    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    let _ = stream.write_all(reply.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Starts a server on a thread of its own; its address.
fn server(tls: Option<Arc<ServerConfig>>) -> String {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap().to_string()).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                match &tls {
                    None => drop(tokio::spawn(answer(stream))),
                    Some(config) => {
                        if let Ok(stream) = TlsAcceptor::from(config.clone()).accept(stream).await {
                            drop(tokio::spawn(answer(stream)));
                        }
                    }
                }
            }
        });
    });
    receiver.recv().unwrap()
}

/// An authority's certificate as PEM, and a server that has one of it for the loopback address.
fn authority() -> (String, Arc<ServerConfig>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (pem, Arc::new(config))
}

/// A home with the web scraper, granted nothing.
fn home() -> Home {
    let home = Home::new();
    let file = hal9_tests::guest("web-scraper");
    // Without a grant it would not be loaded at all.
    home.hal9(["plugin".as_ref(), "load".as_ref(), "--dev".as_ref(), file.as_os_str()]).ok();
    home.hal9(["policy", "revoke", "ai.hal9.web-scraper", "NetworkHttp", "NetworkHttps"]).ok();
    home
}

/// The command that `why-denied` prints, as its arguments.
fn way_out(home: &Home) -> Vec<String> {
    let shown = home.hal9(["why-denied", "ai.hal9.web-scraper"]).ok().stdout;
    let line =
        shown.lines().find_map(|line| line.split_once("hal9 policy grant ")).unwrap_or_else(|| panic!("{shown}"));
    let line = line.1.split(", or ").next().unwrap_or_default();
    ["policy", "grant"]
        .into_iter()
        .chain(line.split_whitespace())
        .map(|word| word.trim_matches('\'').to_owned())
        .collect()
}

/// Guards the link of `wasi:http`, `Guard::allows_host` and `Guard::allows_address`; what they refuse, the printed line allows.
#[test]
fn a_page_is_scraped_once_its_host_is_granted_and_over_tls_too() {
    let home = home();
    let (pem, config) = authority();
    std::fs::write(home.path().join("ca.pem"), pem).unwrap();
    let settings = home.path().join("hal9.toml");
    let text = std::fs::read_to_string(&settings).unwrap() + "\n[network]\nextra_roots = [\"ca.pem\"]\n";
    std::fs::write(settings, text).unwrap();
    for (scheme, kind, address) in
        [("http", "NetworkHttp", server(None)), ("https", "NetworkHttps", server(Some(config)))]
    {
        let url = format!("{scheme}://{address}/");
        let params = serde_json::json!({ "url": url }).to_string();
        let fetch = || home.hal9(["--json", "tool", "call", "fetch_page", "--params", &params]);
        let error = fetch().error(6);
        assert!(error["message"].as_str().unwrap().contains(&address), "{error}");
        let way_out = way_out(&home);
        assert!(way_out.contains(&format!("{kind}:{address}")), "{way_out:?}");
        home.hal9(&way_out).ok();
        let value = fetch().json();
        let page = &value["result"];
        assert_eq!((&page["status"], &page["title"]), (&200.into(), &"Tea & kettles".into()), "{value}");
        let text = page["text"].as_str().unwrap();
        assert!(text.contains("The kettle is blue.") && !text.contains("evil"), "{text}");
        assert!(page["links"].to_string().contains(&format!("{url}more")), "{page}");

        let params = serde_json::json!({ "url": url, "selector": "p.note" }).to_string();
        let value = home.hal9(["--json", "tool", "call", "select", "--params", &params]).json();
        assert!(value["result"].to_string().contains("The kettle is blue."), "{value}");

        let params = serde_json::json!({ "url": format!("{url}private/x") }).to_string();
        let error = home.hal9(["--json", "tool", "call", "fetch_page", "--params", &params]).error(6);
        assert!(error["message"].as_str().unwrap().contains("robots.txt"), "{error}");
    }
}

#[test]
fn an_authority_that_is_not_trusted_is_not_believed() {
    let home = home();
    let (_, config) = authority();
    let address = server(Some(config));
    home.hal9(["policy", "grant", "ai.hal9.web-scraper", &format!("NetworkHttps:{address}")]).ok();
    let params = serde_json::json!({ "url": format!("https://{address}/") }).to_string();
    let error = home.hal9(["--json", "tool", "call", "fetch_page", "--params", &params]).error(8);
    assert_eq!(error["reason"], "unavailable", "{error}");
}
