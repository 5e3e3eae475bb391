//! Owns what publishing a package would do: which version it would be, what that asks for, and what is new in it. It refuses to know how it is published.

use hal9_package::{Digest, Manifest, Package, PublicKey, Signature};
use hal9_registry_index::api::{PluginPage, ProblemBody, ProblemCode, VersionPage, VersionSummary};

use super::sent::Sent;
use crate::pages::{
    ask::encoded,
    failure::Refused,
    frame::Visit,
    permissions::{self, Group, Plain},
};

/// A package that was looked at.
pub(crate) struct Looked {
    pub(super) manifest: Manifest,
    pub(super) digest: Digest,
    pub(super) size: u64,
    pub(super) key: PublicKey,
    /// The version that it comes after; none for the first.
    pub(super) before: Option<VersionSummary>,
    /// Whether the plugin has a version already.
    pub(super) known: bool,
    /// Whether the newest version stays the newest.
    pub(super) behind: bool,
    pub(super) groups: Vec<Group>,
    pub(super) never: Vec<&'static str>,
    /// What it asks for that the version before it does not.
    pub(super) more: Vec<Plain>,
    /// What the version before it asks for, and it does not.
    pub(super) less: Vec<Plain>,
    /// Capabilities by kind and name, and whether they come or go.
    pub(super) capabilities: Vec<(String, String, bool)>,
}

impl Looked {
    /// Reads the package and holds it against what is published.
    pub(super) async fn at(visit: &Visit, sent: &mut Sent) -> Result<Self, Refused> {
        if sent.package.is_empty() {
            return Err(Refused::usage("There is no package.", "Choose the .hal9 file that `hal9 plugin pack` made."));
        }
        if sent.signature.trim().is_empty() {
            let help = "Choose the .minisig file that `hal9 plugin sign` made beside the package.";
            return Err(Refused::usage("There is no signature.", help));
        }
        let signature: Signature = sent.signature.parse().map_err(|error| signature_problem(&error))?;
        let bytes = std::mem::take(&mut sent.package);
        let read = tokio::task::spawn_blocking(move || (Package::read(bytes.as_slice()), bytes));
        let (package, bytes) = read.await.map_err(|error| Refused::internal(&error))?;
        sent.package = bytes;
        let package = package.map_err(|error| {
            let help = "Pack it again with `hal9 plugin pack`, which checks the same things.";
            problem(ProblemCode::InvalidPackage, error.to_string(), help)
        })?;
        let manifest = package.manifest().clone();
        let id = manifest.metadata.id.as_str();
        let known: Option<PluginPage> = match visit.caller.get(&format!("/v1/plugins/{}", encoded(id))).await {
            Ok(known) => Some(known),
            Err(refused) if refused.status == axum::http::StatusCode::NOT_FOUND => None,
            Err(refused) => return Err(refused),
        };
        let key = key(known.as_ref(), &sent.key, &signature)?;
        key.verify(&sent.package, &signature).map_err(|error| signature_problem(&error))?;
        if let Some(known) = &known {
            may(visit, known, &manifest, package.digest())?;
        }
        Self::against(visit, known, &package, manifest, key).await
    }

    async fn against(
        visit: &Visit,
        known: Option<PluginPage>,
        package: &Package,
        manifest: Manifest,
        key: PublicKey,
    ) -> Result<Self, Refused> {
        let id = manifest.metadata.id.as_str();
        let version = &manifest.metadata.version;
        let versions = known.as_ref().map_or(&[][..], |known| &known.versions);
        let before =
            versions.iter().filter(|one| one.version < *version).max_by(|a, b| a.version.cmp(&b.version)).cloned();
        let behind = versions.iter().any(|one| one.version > *version);
        let earlier: Option<VersionPage> = match &before {
            Some(before) => {
                let path = format!("/v1/plugins/{}/versions/{}", encoded(id), encoded(&before.version.to_string()));
                Some(visit.caller.get(&path).await?)
            }
            None => None,
        };
        let asked: Vec<String> = manifest.permissions.iter().map(ToString::to_string).collect();
        let (mut more, mut less, mut capabilities) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(earlier) = &earlier {
            let was = |one: &String| earlier.permissions.iter().any(|known| known.permission == *one);
            more = asked.iter().filter(|one| !was(one)).map(|one| permissions::plain(one)).collect();
            let gone = earlier.permissions.iter().filter(|one| !asked.contains(&one.permission));
            less = gone.map(|one| permissions::plain(&one.permission)).collect();
            let now: Vec<_> =
                manifest.capabilities.iter().map(|one| (one.kind().to_owned(), one.name().to_owned())).collect();
            let then: Vec<_> = earlier.capabilities.iter().map(|one| (one.kind.clone(), one.name.clone())).collect();
            let changes = |from: &[(String, String)], to: &[(String, String)], comes: bool| -> Vec<_> {
                to.iter()
                    .filter(|one| !from.contains(one))
                    .map(|(kind, name)| (kind.clone(), name.clone(), comes))
                    .collect()
            };
            capabilities = [changes(&then, &now, true), changes(&now, &then, false)].concat();
        }
        Ok(Self {
            digest: *package.digest(),
            size: package.bytes().len() as u64,
            known: known.is_some(),
            groups: permissions::grouped(asked.iter().map(String::as_str)),
            never: permissions::never(asked.iter().map(String::as_str)),
            manifest,
            key,
            before,
            behind,
            more,
            less,
            capabilities,
        })
    }
}

/// The key that has signed it: the one that was sent, or the one of the plugin's that the signature names.
fn key(known: Option<&PluginPage>, sent: &str, signature: &Signature) -> Result<PublicKey, Refused> {
    if !sent.is_empty() {
        let told = |error: hal9_package::ParseError| problem(ProblemCode::Signature, error.to_string(), "");
        return sent.parse().map_err(told);
    }
    let Some(known) = known else {
        let help = "Paste the public key that it is signed with: later versions are held against it.";
        return Err(Refused::usage("This is the first version of the plugin, and there is no public key.", help));
    };
    let found = known.keys.iter().find(|one| one.key.id() == signature.key_id());
    found.map(|one| one.key.clone()).ok_or_else(|| {
        let message = format!("The signature is by the key {}, which is none of this plugin’s.", signature.key_id());
        let keys: Vec<_> = known.keys.iter().map(|one| one.key.id().to_string()).collect();
        let help = format!("Sign with {}, or have an owner endorse the other key first.", keys.join(" or "));
        problem(ProblemCode::Signature, message, &help)
    })
}

/// Says early what the API would say at the end.
fn may(visit: &Visit, known: &PluginPage, manifest: &Manifest, digest: &Digest) -> Result<(), Refused> {
    let account = visit.account()?.name.as_str();
    let id = &manifest.metadata.id;
    if !known.owners.iter().any(|owner| owner.account == account) {
        let message = format!("The name {id} belongs to {}.", known.summary.owners.join(", "));
        let help = "Ask to be added as an owner, or give your plugin an id of its own in its manifest.";
        return Err(problem(ProblemCode::PermissionDenied, message, help));
    }
    let version = &manifest.metadata.version;
    match known.versions.iter().find(|one| one.version == *version) {
        Some(one) if one.package == *digest => {
            let message = format!("Version {version} of {id} is published already, with this very package.");
            Err(problem(ProblemCode::Conflict, message, "There is nothing to do."))
        }
        Some(_) => {
            let message = format!(
                "Version {version} of {id} is published already, with another package: a version never changes."
            );
            Err(problem(ProblemCode::Conflict, message, "Raise the version in the manifest, pack and sign again."))
        }
        None => Ok(()),
    }
}

fn signature_problem(error: &hal9_package::SignatureError) -> Refused {
    let help = "Choose the package, the .minisig file beside it and the key that belong together.";
    problem(ProblemCode::Signature, format!("The signature cannot be believed: {error}."), help)
}

fn problem(code: ProblemCode, message: String, help: &str) -> Refused {
    let status = match code {
        ProblemCode::Conflict => axum::http::StatusCode::CONFLICT,
        ProblemCode::PermissionDenied => axum::http::StatusCode::FORBIDDEN,
        _ => axum::http::StatusCode::UNPROCESSABLE_ENTITY,
    };
    // Some errors say themselves what to write.
    let help = (!help.is_empty()).then(|| help.to_owned());
    let problem = ProblemBody { code, reason: None, plugin: None, message, help };
    Refused { status, problem: problem.into(), retry_after: None }
}
