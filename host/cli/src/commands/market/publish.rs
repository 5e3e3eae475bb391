//! `hal9 plugin publish`: a package, for everybody who uses a registry.

use hal9_package::{Package, PublicKey, Signature};
use hal9_registry_index::api;
use serde_json::json;

use super::Desk;
use crate::args::PublishArgs;
use crate::failure::{Code, Failure};
use crate::keys::{default_key, public_key, sign_line, signature_path, signature_text};
use crate::output::{bold, dim, green, plain, yellow};
use crate::trust::{read_up_to, text_of};

pub(super) async fn run(desk: &Desk, args: PublishArgs) -> Result<(), Failure> {
    let file = &args.file;
    let package = Package::open(file).map_err(|error| match error {
        hal9_package::PackageError::Io { .. } => Failure::from(error),
        error => Failure::new(Code::InvalidPackage, format!("{}: {error}", file.display()))
            .help(format!("see all that is wrong with it: hal9 plugin validate {}", file.display())),
    })?;
    let (id, version) = (&package.manifest().metadata.id, &package.manifest().metadata.version);
    let text = match &args.signature {
        Some(path) => Some(text_of(path)?),
        None => signature_text(&signature_path(file))?,
    };
    let Some(text) = text else {
        let message = format!("{id}: {} is not signed, and nobody could tell that it is yours", file.display());
        return Err(Failure::signature("unsigned", message).help(sign_line(file)).plugin(id));
    };
    let signature: Signature = text.parse().map_err(|error| Failure::from(error).plugin(id))?;
    let key = key(&args, &signature).map_err(|failure| failure.plugin(id))?;
    // What is refused there is refused here first, before anything is sent.
    key.verify(package.bytes(), &signature).map_err(|error| Failure::from(error).plugin(id))?;
    let notes = match &args.notes {
        Some(path) => notes(path)?,
        None => String::new(),
    };
    let registries = desk.registries(&args.at)?;
    let registry = registries.signed_in(&args.at, Some(id)).await?;
    let bar = desk.output.bytes(format!("{id} {version}"));
    let watch = |progress: hal9_registry_client::Progress| bar.done(progress.done, progress.total);
    let published = registry.publish(package.bytes(), &key, &text, &notes, &watch).await?;
    drop(bar);
    let page = format!("{}plugins/{id}/{version}", registry.url());
    let value = json!({
        "id": id, "version": version, "package": package.digest(), "registry": registry.name(), "index": published.index,
        "new": published.new, "page": page, "warnings": published.warnings,
    });
    desk.output.result(&value, || {
        let done = if published.new { "is published" } else { "was published before, as it is" };
        let mut text = format!("{} {} {version} {done}\n  {}\n", green("✓"), bold(id), dim(&page));
        for warning in &published.warnings {
            text.push_str(&format!("  {}\n", yellow(plain(warning))));
        }
        text
    })
}

/// The public key that a signature says it was made with: the one that is named, or the default one.
fn key(args: &PublishArgs, signature: &Signature) -> Result<PublicKey, Failure> {
    if let Some(key) = &args.key {
        return Ok(key.clone());
    }
    let path = default_key()?.with_extension("pub");
    let key = if path.exists() { Some(public_key(&path.display().to_string())?) } else { None };
    key.filter(|key| key.id() == signature.key_id()).ok_or_else(|| {
        let message = format!("the signature is by the key {}, and that key is not known here", signature.key_id());
        Failure::signature("untrusted-key", message).help("name the public key that was made with it: --key ME.pub")
    })
}

fn notes(path: &std::path::Path) -> Result<String, Failure> {
    let most = api::Publish::MAX_NOTES;
    let bytes = read_up_to(path, most as u64)?;
    let wrong = |why: &str| Failure::usage(format!("{}: {why}", path.display()), "write less, as plain Markdown");
    if bytes.len() > most {
        return Err(wrong("it has more than 64 KiB"));
    }
    String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8"))
}
