//! Looking into a package that somebody offers, bounded in time and in number at once. It does not know who offers it, or what is published already.

use std::{sync::Arc, time::Duration};

use hal9_package::{Package, Signature};
use hal9_registry_index::api::{FileSummary, Publish, check_text};

use super::{Examined, Offer, component::Component};
use crate::{AppState, Refusal};

/// The longest README in bytes.
const MAX_README: u64 = 512 << 10;

/// A package that takes longer is refused; what looks into it keeps its place until it is done.
const TIME: Duration = Duration::from_secs(60);

/// Whoever has waited so long for a place may as well come again.
const PATIENCE: Duration = Duration::from_secs(60);

impl AppState {
    /// Looks into a package on a thread of its own.
    pub(crate) async fn examine(&self, bytes: Vec<u8>, offer: Offer) -> Result<Examined, Refusal> {
        let place = tokio::time::timeout(PATIENCE, Arc::clone(self.inspections()).acquire_owned()).await;
        let place = place
            .map_err(|_| Refusal::unavailable("busy", "too much is published at once: try again"))?
            .map_err(Refusal::internal)?;
        let looking = tokio::task::spawn_blocking(move || {
            let _place = place;
            examine(bytes, offer)
        });
        match tokio::time::timeout(TIME, looking).await {
            Ok(Ok(examined)) => examined,
            // Whatever it is that a library stumbles over, nobody needs it in a package.
            Ok(Err(error)) => {
                tracing::error!(%error, "looking into a package panicked");
                Err(Refusal::package("the package cannot be looked into").reason("unreadable"))
            }
            Err(_) => {
                let message = format!("looking into the package takes more than {} s", TIME.as_secs());
                Err(Refusal::package(message).reason("slow").help("make the component smaller"))
            }
        }
    }
}

/// Reads a package once: what was checked is what is published.
pub(crate) fn examine(bytes: Vec<u8>, offer: Offer) -> Result<Examined, Refusal> {
    check_text("the change notes", &offer.notes, Publish::MAX_NOTES)?;
    let package = Package::read(bytes).map_err(|error| {
        Refusal::package(error.to_string()).help("pack it with `hal9 plugin pack`, which checks the same")
    })?;
    let manifest = package.manifest().clone();
    let id = &manifest.metadata.id;
    let signature: Signature = offer.signature.parse().map_err(|error: hal9_package::SignatureError| {
        Refusal::signature("bad-signature", error.to_string()).plugin(id)
    })?;
    offer
        .key
        .verify(package.bytes(), &signature)
        .map_err(|error| Refusal::signature("bad-signature", error.to_string()).plugin(id))?;
    let component = package.component().map_err(|error| Refusal::package(error.to_string()))?;
    let component = Component::read(&component).map_err(|refusal| refusal.plugin(id))?;
    let mut warnings = component.check(&manifest)?;
    let readme = readme(&package, &mut warnings)?;
    let files =
        package.files().map(|file| FileSummary { path: file.path.to_owned(), size: file.size }).collect::<Vec<_>>();
    let Component { imports, exports, wit } = component;
    Ok(Examined { package, offer, imports, exports, wit, readme, files, warnings })
}

fn readme(package: &Package, warnings: &mut Vec<String>) -> Result<Option<String>, Refusal> {
    let path = package.manifest().files.as_ref().and_then(|files| files.readme.as_deref());
    let Some(path) = path else {
        warnings.push("it has no README, which is what people read first".to_owned());
        return Ok(None);
    };
    let id = &package.manifest().metadata.id;
    if package.files().any(|file| file.path == path && file.size > MAX_README) {
        let message = format!("{path} has more than {MAX_README} bytes");
        return Err(Refusal::package(message).reason("readme").help("say less, or link to more").plugin(id));
    }
    let bytes = package.file(path).map_err(|error| Refusal::package(error.to_string()))?.unwrap_or_default();
    let text = String::from_utf8(bytes)
        .map_err(|_| Refusal::package(format!("{path} is no text in UTF-8")).reason("readme").plugin(id))?;
    Ok(Some(text))
}
