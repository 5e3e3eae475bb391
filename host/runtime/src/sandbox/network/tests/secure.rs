//! TLS: whom a server must prove to be, and to whom.

use super::*;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// An authority of the test's own.
struct Authority {
    certificate: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().to_vec();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// A server that says hello, with a certificate of this authority for some names.
    fn server(&self, names: &[&str]) -> Serve {
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Arc::new(move |stream| {
            let acceptor = acceptor.clone();
            Box::pin(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = hyper::service::service_fn(|_| async {
                    Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello")))
                });
                drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
            })
        })
    }

    fn trusted(&self) -> NetworkConfig {
        NetworkConfig { extra_roots: vec![self.certificate.clone()], ..NetworkConfig::default() }
    }
}

const GRANTED: [&str; 2] = ["NetworkHttps:allowed.example", "NetworkHttps:10.0.0.1"];

/// Holds the guard against servers that are not who they must be.
#[tokio::test]
async fn a_server_proves_to_be_the_host_of_the_request() {
    let (ours, other) = (Authority::new(), Authority::new());
    for (serve, expected) in [
        (ours.server(&["allowed.example", "10.0.0.1"]), "200 hello"),
        (ours.server(&["evil.example"]), "TlsCertificateError"),
        (other.server(&["allowed.example", "10.0.0.1"]), "TlsCertificateError"),
        (hello(), "TlsProtocolError"),
    ] {
        let stand = Stand::new(serve);
        let plugin = stand.plugin(&GRANTED, &Limits::default(), ours.trusted());
        assert_eq!(got(&plugin, "https://ALLOWED.example./").await, expected);
        assert_eq!(got(&plugin, "https://10.0.0.1/").await, expected);
        assert_eq!(stand.connected(), ["93.184.216.34:443", "10.0.0.1:443"]);
    }
    let stand = Stand::new(ours.server(&["allowed.example"]));
    let untrusting = stand.plugin(&GRANTED, &Limits::default(), NetworkConfig::default());
    assert_eq!(got(&untrusting, "https://allowed.example/").await, "TlsCertificateError");
}

/// Holds the guard against a server that accepts a connection and never agrees on TLS.
#[tokio::test]
async fn tls_takes_no_longer_than_it_may() {
    let stand = Stand::new(writing("", b"", Duration::ZERO));
    let config = NetworkConfig { connect_time: Duration::from_millis(50), ..NetworkConfig::default() };
    let plugin = stand.plugin(&GRANTED, &Limits::default(), config);
    assert_eq!(got(&plugin, "https://allowed.example/").await, "ConnectionTimeout");
}

#[test]
fn an_authority_that_is_none_is_an_error() {
    let config = NetworkConfig { extra_roots: vec![b"no certificate".to_vec()], ..NetworkConfig::default() };
    let setup = NetworkSetup { config, ..NetworkSetup::default() };
    assert!(matches!(Network::new(setup), Err(crate::Error::InvalidInput { .. })));
}

#[tokio::test]
async fn a_scheme_needs_its_own_permission() {
    let ours = Authority::new();
    let stand = Stand::new(ours.server(&["allowed.example"]));
    let plugin = stand.plugin(&["NetworkHttps:allowed.example"], &Limits::default(), ours.trusted());
    assert_eq!(got(&plugin, "http://allowed.example/").await, "HttpRequestDenied");
    assert_eq!(got(&plugin, "http://allowed.example:443/").await, "HttpRequestDenied");
    assert_eq!(stand.connected(), [""; 0]);
    assert_eq!(got(&plugin, "https://allowed.example/").await, "200 hello");
}
