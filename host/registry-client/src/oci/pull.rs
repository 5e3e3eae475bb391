//! Pulling a package. It does not know which keys are believed.

use hal9_package::{Digest, Package, Signature};
use oci_client::manifest::OCI_IMAGE_MEDIA_TYPE;

use super::{
    Auth, OciError, OciReference, Progress, layout, referrers,
    session::{Session, Told},
};

/// What was pulled.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Pulled {
    /// The package; its component is the one under the tag.
    pub package: Package,
    /// The texts of the signatures that stand beside it, in the registry's order; none is verified. Several, where several keys
    /// signed it.
    pub signatures: Vec<String>,
    /// The digest of the component's manifest: `oci://…@` it is this very package for ever.
    pub digest: Digest,
}

/// Pulls a package and its signatures.
///
/// # Errors
///
/// [`OciError`]: also where what the parts name each other by does not hold.
pub async fn pull(reference: &OciReference, auth: &Auth, progress: Progress<'_>) -> Result<Pulled, OciError> {
    let mut session = Session::open(reference, auth, "pull")?;
    let changed = |what, found: &Digest, expected: &Digest| {
        let reason = format!("its digest is {found}, and {expected} was asked for");
        OciError::Changed { reference: reference.to_string(), what, reason }
    };
    let name = match (reference.digest(), reference.tag()) {
        (Some(digest), _) => digest.to_string(),
        (None, Some(tag)) => tag.to_owned(),
        (None, None) => return Err(reference.wrong("name a version: put `:` and its tag behind it")),
    };
    let manifest = session.manifest(&name, OCI_IMAGE_MEDIA_TYPE).await?;
    let manifest = manifest.ok_or_else(|| OciError::NotFound { reference: reference.to_string() })?;
    let digest = Digest::of(&manifest);
    if let Some(expected) = reference.digest().filter(|expected| **expected != digest) {
        return Err(changed("the manifest", &digest, expected));
    }
    let pinned = layout::read_component(reference, &manifest)?;

    let mut signatures = Vec::new();
    let mut found = false;
    for referrer in referrers::list(&mut session, &digest).await? {
        let Some(manifest) = session.manifest(&referrer.to_string(), OCI_IMAGE_MEDIA_TYPE).await? else { continue };
        let is = Digest::of(&manifest);
        if is != referrer {
            return Err(changed("the manifest of the package", &is, &referrer));
        }
        if let Some(signature) = layout::read_package(&manifest, &digest, &pinned.package) {
            found = true;
            signatures.extend(signature.filter(|signature| !signatures.contains(signature)));
        }
    }
    let mut told = Told { done: 0, total: 0, progress };
    let missing = || OciError::NoPackage { reference: reference.to_string() };
    let bytes = match found {
        true => session.blob("the package", &pinned.package, Package::MAX_BYTES, &mut told).await?,
        false => None,
    };
    let package = Package::read(bytes.ok_or_else(missing)?)?;
    let component = Digest::of(&package.component()?);
    if component != pinned.component {
        return Err(changed("the component", &component, &pinned.component));
    }
    let mut texts = Vec::new();
    for signature in signatures {
        let bytes = session.blob("the signature", &signature, Signature::MAX_BYTES as u64, &mut told).await?;
        // What is no signature signs nothing: somebody may add such, and must not keep the package from those who trust another.
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        texts.extend(text.filter(|text| text.parse::<Signature>().is_ok()));
    }
    Ok(Pulled { package, signatures: texts, digest })
}
