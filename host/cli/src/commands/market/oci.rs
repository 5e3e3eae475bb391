//! `hal9 plugin push|pull`: packages in OCI registries.

use std::path::Path;

use hal9_package::{Package, Signature};
use hal9_registry_client::oci::{self, Auth, OciReference};
use serde_json::json;

use super::Desk;
use crate::args::OciArgs;
use crate::failure::{Code, Failure};
use crate::keys::{signature_path, signature_text, write};
use crate::output::{bold, dim, green, plain, yellow};
use crate::password::{self, Of};

pub(super) async fn push(desk: &Desk, file: &Path, reference: &str, args: &OciArgs) -> Result<(), Failure> {
    let (reference, auth) = asked(reference, args)?;
    let package = Package::open(file)?;
    let signature = signature_text(&signature_path(file))?;
    let id = package.manifest().metadata.id.clone();
    let bar = desk.output.bytes(format!("pushing {id}"));
    let digest =
        oci::push(&reference, &package, signature.as_deref(), &auth, &|done, total| bar.done(done, total)).await?;
    drop(bar);
    let version = &package.manifest().metadata.version;
    let place = format!("oci://{}/{}@{digest}", reference.registry(), reference.repository());
    let value = json!({
        "id": id, "version": version, "package": package.digest(), "reference": reference.to_string(), "digest": digest, "pinned": place,
        "signed": signature.is_some(),
    });
    desk.output.result(&value, || {
        let mut text = format!(
            "{} {} {version} is at {}\n  {}\n",
            green("✓"),
            bold(&id),
            plain(&reference.to_string()),
            dim(&place)
        );
        if signature.is_none() {
            text.push_str(&format!(
                "  {}\n",
                yellow("without a signature: nobody takes it as it is; sign it, and push it again")
            ));
        }
        text
    })
}

pub(super) async fn pull(desk: &Desk, reference: &str, folder: &Path, args: &OciArgs) -> Result<(), Failure> {
    let (reference, auth) = asked(reference, args)?;
    let bar = desk.output.bytes(format!("pulling {}", reference.repository()));
    let pulled = oci::pull(&reference, &auth, &|done, total| bar.done(done, total)).await?;
    drop(bar);
    let metadata = &pulled.package.manifest().metadata;
    let path = folder.join(format!("{}-{}.hal9", metadata.id.short(), metadata.version));
    // One of several is put beside it: that of a key which is trusted for the plugin, where there is one.
    let trusted = desk.settings.trust().keys.remove(&metadata.id).unwrap_or_default();
    let is_trusted = |text: &&String| {
        text.parse::<Signature>().is_ok_and(|signature| trusted.iter().any(|key| key.id() == signature.key_id()))
    };
    let signature = pulled.signatures.iter().find(is_trusted).or(pulled.signatures.first());
    if path.exists() && std::fs::read(&path).ok().as_deref() != Some(pulled.package.bytes()) {
        let message = format!("{} is there, with other content", path.display());
        return Err(Failure::new(Code::Conflict, message)
            .help("move it away, or pull into another folder: -o DIR")
            .plugin(&metadata.id));
    }
    write(&path, pulled.package.bytes())?;
    if let Some(signature) = signature {
        write(&signature_path(&path), signature.as_bytes())?;
    }
    let value = json!({
        "id": metadata.id, "version": metadata.version, "package": pulled.package.digest(), "digest": pulled.digest, "path": path,
        "signatures": pulled.signatures.len(),
    });
    desk.output.result(&value, || {
        let next = format!("hal9 plugin install {}", path.display());
        let mut text = format!("{} {} {} is in {}\n", green("✓"), bold(&metadata.id), metadata.version, path.display());
        if signature.is_none() {
            text.push_str(&format!("  {}\n", yellow("it has no signature")));
        }
        text.push_str(&format!("  {}\n", dim(next)));
        text
    })
}

/// Where, and who asks.
fn asked(reference: &str, args: &OciArgs) -> Result<(OciReference, Auth), Failure> {
    let mut reference: OciReference = reference.parse()?;
    if args.insecure {
        reference = reference.allow_plain_http();
    }
    let auth = match &args.user {
        Some(user) => {
            let account = format!("{user} at {}", reference.registry());
            Auth::Basic { user: user.clone(), password: password::ask(Of::Account(&account))? }
        }
        None => Auth::from_docker(reference.registry())?,
    };
    Ok((reference, auth))
}
