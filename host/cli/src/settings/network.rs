//! Owns what the settings say of the network. It refuses to know which plugin may reach what.

use std::path::PathBuf;

use hal9_host::NetworkConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;

use super::Settings;
use crate::failure::Failure;

/// How plugins reach the network, where they may.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkSettings {
    /// PEM files with certificates of authorities that are trusted beside the usual ones.
    #[serde(default)]
    pub(super) extra_roots: Vec<PathBuf>,
}

impl Settings {
    /// How plugins reach the network.
    ///
    /// # Errors
    ///
    /// A file of certificates that cannot be read, or has none.
    pub(crate) fn network(&self) -> Result<NetworkConfig, Failure> {
        let mut network = NetworkConfig::default();
        for path in &self.network.extra_roots {
            let pem = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
            let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().unwrap_or_default();
            if certificates.is_empty() {
                return Err(Failure::usage(
                    format!("{} has no certificates in PEM form", path.display()),
                    "correct the file, or remove it from `extra_roots` in hal9.toml",
                ));
            }
            network.extra_roots.extend(certificates.iter().map(|certificate| certificate.to_vec()));
        }
        Ok(network)
    }
}
