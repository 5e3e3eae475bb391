//! Owns TLS: which authorities are trusted, and that a server is the host of the request. It refuses to know what is sent.

use std::io;
use std::sync::Arc;

use hal9_package::Host;
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::Error as HttpError;

use super::NetworkStream;

/// Trusts Mozilla's authorities and `extra` ones, each a certificate in DER.
pub(super) fn config(extra: &[Vec<u8>]) -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for root in extra {
        roots.add(CertificateDer::from(root.as_slice()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A session that is resumed would tell a server that two plugins share a host.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// Puts TLS on a connection, with a server that proves to be `host`.
pub(super) async fn wrap(
    config: &Arc<ClientConfig>,
    host: &Host,
    stream: Box<dyn NetworkStream>,
) -> Result<Box<dyn NetworkStream>, HttpError> {
    let name = match host {
        Host::Address(address) => ServerName::from(*address),
        Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| HttpError::HttpRequestUriInvalid)?,
    };
    let stream = TlsConnector::from(config.clone()).connect(name, stream).await.map_err(|error| failure(&error))?;
    Ok(Box::new(stream))
}

fn failure(error: &io::Error) -> HttpError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
            HttpError::TlsCertificateError
        }
        Some(rustls::Error::AlertReceived(alert)) => {
            HttpError::TlsAlertReceived { alert_id: Some(u8::from(*alert)), alert_message: Some(format!("{alert:?}")) }
        }
        Some(_) => HttpError::TlsProtocolError,
        None => HttpError::ConnectionTerminated,
    }
}
