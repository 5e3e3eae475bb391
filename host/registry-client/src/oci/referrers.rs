//! Which manifests belong to another, as a registry tells by its own account or by a tag. It does not know what is in them.

use bytes::Bytes;
use hal9_package::Digest;
use oci_client::manifest::{ImageIndexEntry, OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE, OciImageIndex};

use super::{ARTIFACT_TYPE, OciError, OciReference, layout::Blob, session::Session};

/// No more of them are looked at: each costs a request, and anybody who may push can add some.
const MAX: usize = 32;

/// The manifests of the type [`ARTIFACT_TYPE`] that say that they belong to `subject`; what they are is to be looked at.
pub(super) async fn list(session: &mut Session<'_>, subject: &Digest) -> Result<Vec<Digest>, OciError> {
    let path = format!("referrers/{subject}?artifactType={ARTIFACT_TYPE}");
    let api = session.document(&path, OCI_IMAGE_INDEX_MEDIA_TYPE).await?;
    let index = match api.and_then(|json| serde_json::from_slice::<OciImageIndex>(&json).ok()) {
        Some(index) => Some(index),
        None => by_tag(session, subject).await?,
    };
    let entries = index.map(|index| index.manifests).unwrap_or_default();
    let ours = entries.into_iter().filter(|entry| entry.artifact_type.as_deref() == Some(ARTIFACT_TYPE));
    Ok(ours.filter_map(|entry| entry.digest.parse().ok()).take(MAX).collect())
}

/// Notes under the tag that `manifest` belongs to `subject`, beside what stands there; for registries that do not do so themselves.
pub(super) async fn note(
    session: &mut Session<'_>,
    reference: &OciReference,
    subject: &Digest,
    manifest: &Blob,
) -> Result<(), OciError> {
    const TIMES: usize = 4;
    let digest = manifest.digest.to_string();
    // Registries have no way to change an index only if it is still the one that was read. So it is read again afterwards.
    for _ in 0..TIMES {
        let index = by_tag(session, subject).await?;
        let mut index = index.unwrap_or_else(|| OciImageIndex {
            schema_version: 2,
            media_type: Some(OCI_IMAGE_INDEX_MEDIA_TYPE.to_owned()),
            manifests: Vec::new(),
            artifact_type: None,
            annotations: None,
        });
        if index.manifests.iter().any(|entry| entry.digest == digest) {
            return Ok(());
        }
        let described = manifest.descriptor();
        index.manifests.push(ImageIndexEntry {
            media_type: OCI_IMAGE_MEDIA_TYPE.to_owned(),
            digest: described.digest,
            size: described.size,
            platform: None,
            annotations: None,
            artifact_type: Some(ARTIFACT_TYPE.to_owned()),
        });
        let json = serde_json::to_vec(&index).unwrap_or_default();
        session.put_manifest(&tag(subject), OCI_IMAGE_INDEX_MEDIA_TYPE, &Bytes::from(json)).await?;
    }
    Err(OciError::Busy { reference: reference.to_string() })
}

async fn by_tag(session: &mut Session<'_>, subject: &Digest) -> Result<Option<OciImageIndex>, OciError> {
    let json = session.manifest(&tag(subject), OCI_IMAGE_INDEX_MEDIA_TYPE).await?;
    Ok(json.and_then(|json| serde_json::from_slice(&json).ok()))
}

/// The *referrers tag schema* of the distribution specification.
fn tag(subject: &Digest) -> String {
    subject.to_string().replace(':', "-")
}
