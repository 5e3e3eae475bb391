//! Pushing a package. It does not know who signed it.

use hal9_package::{Digest, Package, Signature};
use oci_client::manifest::OCI_IMAGE_MEDIA_TYPE;

use super::{
    Auth, OciError, OciReference, Progress,
    layout::{self, World},
    referrers,
    session::{Session, Told},
};

/// Pushes a package, and its signature where it has one: the digest of the component's manifest, by which [`pull`](super::pull) finds
/// this very package again. The tag is the reference's, or the package's version; it is set last.
///
/// # Errors
///
/// [`OciError`]; the tag is then what it was.
pub async fn push(
    reference: &OciReference,
    package: &Package,
    signature: Option<&str>,
    auth: &Auth,
    progress: Progress<'_>,
) -> Result<Digest, OciError> {
    if reference.digest().is_some() {
        return Err(reference.wrong("a push is to a tag: leave the digest out, it is told afterwards"));
    }
    if let Some(text) = signature {
        text.parse::<Signature>()?;
    }
    // A tag has no `+`: as Helm does it.
    let version = package.manifest().metadata.version.to_string().replace('+', "_");
    let tag = reference.tag().unwrap_or(&version);
    let bytes = package.component()?;
    // On a thread of its own, where a component that trips the decoder takes nothing with it.
    let decoded = tokio::task::spawn_blocking(move || World::of(&bytes).map(|world| (bytes, world))).await;
    let (bytes, world) = decoded.map_err(|_| OciError::Component("it is malformed".to_owned()))??;
    let component = layout::component(package, bytes, world);
    let beside = layout::package(package, signature, &component.manifest);

    let mut session = Session::open(reference, auth, "pull,push")?;
    let blobs = || component.blobs.iter().chain(&beside.blobs);
    let total = blobs().map(|blob| blob.bytes.len() as u64).sum();
    let mut told = Told { done: 0, total, progress };
    for blob in blobs() {
        session.put_blob(&blob.digest, &blob.bytes, &mut told).await?;
    }
    let subject = component.manifest.digest;
    session.put_manifest(&subject.to_string(), OCI_IMAGE_MEDIA_TYPE, &component.manifest.bytes).await?;
    let digest = beside.manifest.digest.to_string();
    if !session.put_manifest(&digest, OCI_IMAGE_MEDIA_TYPE, &beside.manifest.bytes).await? {
        referrers::note(&mut session, reference, &subject, &beside.manifest).await?;
    }
    session.put_manifest(tag, OCI_IMAGE_MEDIA_TYPE, &component.manifest.bytes).await?;
    Ok(subject)
}
