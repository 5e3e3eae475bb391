//! The two manifests of a plugin: written, and read from a registry that may be hostile. It does not know how they are sent.

use std::collections::BTreeMap;

use bytes::Bytes;
use hal9_package::{Digest, Manifest, Package, Signature};
use oci_client::{
    annotations,
    manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest},
};
use serde::Serialize;

use super::{OciError, OciReference, error::printable};

/// The type of the manifest that carries a package and its signature.
pub const ARTIFACT_TYPE: &str = "application/vnd.hal9.package.v1";
/// The media type of a package.
pub const PACKAGE_TYPE: &str = "application/vnd.hal9.package.v1+zip";
/// The media type of a signature over a package.
pub const SIGNATURE_TYPE: &str = "application/vnd.hal9.signature.v1";
/// The annotation of the component's manifest that names the package, `sha256:…`.
pub const PACKAGE_ANNOTATION: &str = "ai.hal9.package.digest";
/// The annotation of both manifests that names the plugin.
const ID_ANNOTATION: &str = "ai.hal9.plugin.id";

const CONFIG_TYPE: &str = "application/vnd.wasm.config.v0+json";
const COMPONENT_TYPE: &str = "application/wasm";
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";

/// Bytes, and what describes them.
pub(super) struct Blob {
    pub(super) bytes: Bytes,
    pub(super) digest: Digest,
    media_type: &'static str,
    title: Option<String>,
}

/// A manifest, as it is stored, and the blobs that it names.
pub(super) struct Artifact {
    pub(super) manifest: Blob,
    pub(super) blobs: Vec<Blob>,
}

/// The config of the *Wasm OCI Artifact layout*.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    created: &'static str,
    author: &'a str,
    architecture: &'static str,
    os: &'static str,
    layer_digests: [String; 1],
    component: World,
}

/// What a component imports and exports, by the names of the interfaces.
#[derive(Serialize)]
pub(super) struct World {
    exports: Vec<String>,
    imports: Vec<String>,
}

impl World {
    /// Reads it off a component.
    pub(super) fn of(component: &[u8]) -> Result<Self, OciError> {
        let decoded =
            wit_component::decode(component).map_err(|error| OciError::Component(printable(&format!("{error:#}"))))?;
        let wit_component::DecodedWasm::Component(resolve, world) = decoded else {
            return Err(OciError::Component("it is a WIT package, which nothing can run".to_owned()));
        };
        let world = &resolve.worlds[world];
        let exports = world.exports.keys().map(|key| resolve.name_world_key(key)).collect();
        let imports = world.imports.keys().map(|key| resolve.name_world_key(key)).collect();
        Ok(Self { exports, imports })
    }
}

impl Blob {
    fn new(bytes: impl Into<Bytes>, media_type: &'static str, title: Option<String>) -> Self {
        let bytes = bytes.into();
        Self { digest: Digest::of(&bytes), bytes, media_type, title }
    }

    fn json(document: &impl Serialize, media_type: &'static str) -> Self {
        // Structures of texts and maps with text keys, which is what always can be written.
        Self::new(serde_json::to_vec(document).unwrap_or_default(), media_type, None)
    }

    pub(super) fn descriptor(&self) -> OciDescriptor {
        OciDescriptor {
            media_type: self.media_type.to_owned(),
            digest: self.digest.to_string(),
            size: i64::try_from(self.bytes.len()).unwrap_or(i64::MAX),
            urls: None,
            annotations: self.title.clone().map(titled),
            artifact_type: None,
        }
    }
}

fn titled(title: String) -> BTreeMap<String, String> {
    BTreeMap::from([(annotations::ORG_OPENCONTAINERS_IMAGE_TITLE.to_owned(), title)])
}

/// The component of a package, as the *Wasm OCI Artifact layout* has it.
pub(super) fn component(package: &Package, component: Vec<u8>, world: World) -> Artifact {
    let manifest = package.manifest();
    let name = format!("{}.wasm", manifest.metadata.id);
    let layer = Blob::new(component, COMPONENT_TYPE, Some(name));
    let config = Config {
        // A package knows no time, and with that of the push the same package would be another artifact each time.
        created: "1970-01-01T00:00:00Z",
        author: &manifest.metadata.author,
        architecture: "wasm",
        os: "wasip2",
        layer_digests: [layer.digest.to_string()],
        component: world,
    };
    let config = Blob::json(&config, CONFIG_TYPE);
    let mut annotations = for_people(manifest);
    annotations.insert(PACKAGE_ANNOTATION.to_owned(), package.digest().to_string());
    let manifest = OciImageManifest {
        media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
        config: config.descriptor(),
        layers: vec![layer.descriptor()],
        annotations: Some(annotations),
        ..OciImageManifest::default()
    };
    Artifact { manifest: Blob::json(&manifest, OCI_IMAGE_MEDIA_TYPE), blobs: vec![layer, config] }
}

/// The package and its signature, which belong to the manifest `subject`.
pub(super) fn package(package: &Package, signature: Option<&str>, subject: &Blob) -> Artifact {
    let metadata = &package.manifest().metadata;
    let name = format!("{}-{}.hal9", metadata.id, metadata.version);
    let mut layers = vec![Blob::new(package.bytes().to_vec(), PACKAGE_TYPE, Some(name.clone()))];
    layers.extend(signature.map(|text| Blob::new(text.to_owned(), SIGNATURE_TYPE, Some(format!("{name}.minisig")))));
    let config = Blob::new(&b"{}"[..], EMPTY_TYPE, None);
    let manifest = OciImageManifest {
        media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
        config: config.descriptor(),
        layers: layers.iter().map(Blob::descriptor).collect(),
        subject: Some(OciDescriptor { annotations: None, ..subject.descriptor() }),
        artifact_type: Some(ARTIFACT_TYPE.to_owned()),
        annotations: Some(for_people(package.manifest())),
        ..OciImageManifest::default()
    };
    layers.push(config);
    Artifact { manifest: Blob::json(&manifest, OCI_IMAGE_MEDIA_TYPE), blobs: layers }
}

/// The annotations that pages and tools show.
fn for_people(manifest: &Manifest) -> BTreeMap<String, String> {
    let metadata = &manifest.metadata;
    let told = [
        (annotations::ORG_OPENCONTAINERS_IMAGE_TITLE, metadata.name.clone()),
        (annotations::ORG_OPENCONTAINERS_IMAGE_VERSION, metadata.version.to_string()),
        (annotations::ORG_OPENCONTAINERS_IMAGE_AUTHORS, metadata.author.clone()),
        (annotations::ORG_OPENCONTAINERS_IMAGE_LICENSES, metadata.license.clone()),
        (annotations::ORG_OPENCONTAINERS_IMAGE_SOURCE, metadata.repository.clone().unwrap_or_default()),
        (annotations::ORG_OPENCONTAINERS_IMAGE_DESCRIPTION, metadata.description.clone()),
        (ID_ANNOTATION, metadata.id.to_string()),
    ];
    told.into_iter().filter(|(_, text)| !text.is_empty()).map(|(key, text)| (key.to_owned(), text)).collect()
}

/// What a component's manifest pins.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pinned {
    /// The component.
    pub(super) component: Digest,
    /// The package.
    pub(super) package: Digest,
}

/// Reads the manifest that a tag names.
pub(super) fn read_component(reference: &OciReference, json: &[u8]) -> Result<Pinned, OciError> {
    let other = |reason: &str| OciError::NotAPlugin { reference: reference.to_string(), reason: reason.to_owned() };
    let manifest: OciImageManifest =
        serde_json::from_slice(json).map_err(|_| other("it has no manifest of a single artifact"))?;
    if manifest.config.media_type != CONFIG_TYPE {
        return Err(other("it is not of the kind that WebAssembly components are"));
    }
    let [layer] = manifest.layers.as_slice() else {
        return Err(other("it has not one layer"));
    };
    if layer.media_type != COMPONENT_TYPE {
        return Err(other("its layer is no WebAssembly"));
    }
    if u64::try_from(layer.size).is_ok_and(|size| size > Package::MAX_UNPACKED) {
        return Err(other("its component is larger than those of packages may be"));
    }
    let component = layer.digest.parse().map_err(|_| other("the digest of its component is not of SHA-256"))?;
    let package = manifest.annotations.as_ref().and_then(|texts| texts.get(PACKAGE_ANNOTATION));
    let package = package.ok_or_else(|| OciError::NoPackage { reference: reference.to_string() })?;
    let package = package.parse().map_err(|_| other("the annotation that names its package has no digest"))?;
    Ok(Pinned { component, package })
}

/// Whether a manifest carries the `package` of `subject`, and its signature where it has one; `None` for one that does not.
pub(super) fn read_package(json: &[u8], subject: &Digest, package: &Digest) -> Option<Option<Digest>> {
    let manifest: OciImageManifest = serde_json::from_slice(json).ok()?;
    let is = |digest: &str, expected: &Digest| digest.parse::<Digest>().is_ok_and(|digest| digest == *expected);
    if manifest.artifact_type.as_deref() != Some(ARTIFACT_TYPE) || !is(&manifest.subject?.digest, subject) {
        return None;
    }
    let (first, others) = manifest.layers.split_first()?;
    if first.media_type != PACKAGE_TYPE || !is(&first.digest, package) {
        return None;
    }
    let signature = others.iter().find(|layer| layer.media_type == SIGNATURE_TYPE);
    let small = |layer: &&OciDescriptor| usize::try_from(layer.size).is_ok_and(|size| size <= Signature::MAX_BYTES);
    Some(signature.filter(small).and_then(|layer| layer.digest.parse().ok()))
}
