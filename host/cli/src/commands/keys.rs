//! `hal9 plugin keygen|sign|verify`: key pairs, and what they are for. Who is trusted is no matter here.

use std::path::{Path, PathBuf};

use hal9_package::{Package, SecretKey, Signature, SignatureError};
use serde_json::json;

use crate::failure::{Code, Failure};
use crate::keys;
use crate::output::{Output, bold, dim, green, plain, word};
use crate::password;
use crate::source;
use crate::untrusted;

/// The most that a file may have whose signature is checked, in bytes: more than any package has.
const MOST: u64 = Package::MAX_BYTES;

pub(super) fn keygen(output: Output, name: Option<&Path>, no_password: bool) -> Result<(), Failure> {
    let secret = match name {
        Some(name) => with_suffix(name, "key")?,
        None => {
            let path = keys::default_key()?;
            if let Some(folder) = path.parent() {
                make_private(folder)?;
            }
            path
        }
    };
    let public = secret.with_extension("pub");
    // Asked before the password is; what counts is that neither is written over below.
    for path in [&secret, &public] {
        if path.symlink_metadata().is_ok() {
            return Err(keys::exists(path));
        }
    }
    let shown = secret.display().to_string();
    let password = if no_password { None } else { Some(password::choose(password::Of::Key(&shown))?) };
    let (text, key) = {
        let _spinner = output.spinner("making a key");
        SecretKey::generate(password.as_deref()).map_err(|error| keys::of_key(&shown, &error))?
    };
    keys::write_secret(&secret, &text)?;
    keys::write(&public, key.to_text().as_bytes())?;
    let value = json!({ "secret_key": secret, "public_key": public, "key": key, "key_id": key.id().to_string(), "encrypted": password.is_some() });
    output.result(&value, || {
        let kept = if no_password { "not encrypted: keep it to yourself" } else { "encrypted: it stays with you" };
        let mut text = format!("{} key {} is made\n", green("✓"), bold(key.id()));
        text.push_str(&format!("  secret  {shown}  {}\n", dim(kept)));
        text.push_str(&format!("  public  {}  {}\n", public.display(), dim("give it to who installs your plugins")));
        text.push_str(&format!("  {key}\n"));
        let with = if name.is_some() { format!(" --key {}", word(&secret)) } else { String::new() };
        text.push_str(&format!("{}\n", dim(format!("sign a package: hal9 plugin sign FILE{with}"))));
        text
    })
}

/// A name with a suffix behind it, rather than in place of what follows its last dot.
fn with_suffix(name: &Path, suffix: &str) -> Result<PathBuf, Failure> {
    let Some(last) = name.file_name() else {
        return Err(Failure::usage(format!("{} is no name of a file", name.display()), "give one, such as -o keys/me"));
    };
    if Path::new(last).extension().is_some_and(|extension| extension == suffix) {
        return Ok(name.to_owned());
    }
    let mut last = last.to_owned();
    last.push(".");
    last.push(suffix);
    Ok(name.with_file_name(last))
}

/// A folder for its owner alone.
fn make_private(folder: &Path) -> Result<(), Failure> {
    let mut make = std::fs::DirBuilder::new();
    make.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut make, 0o700);
    make.create(folder).map_err(|error| Failure::file(folder, &error))
}

pub(super) fn sign(output: Output, file: &Path, key: Option<&Path>) -> Result<(), Failure> {
    let package = source::package(file)?;
    let key_file = match key {
        Some(path) => path.to_owned(),
        None => keys::default_key()?,
    };
    let key = keys::secret_key(&key_file, output)?;
    let public = key.public();
    let signature = keys::sign(&package, file, &key)?;
    let metadata = &package.manifest().metadata;
    let value = json!({
        "package": file,
        "signature": signature,
        "id": metadata.id,
        "version": metadata.version,
        "digest": package.digest(),
        "key": public,
        "key_id": public.id().to_string(),
    });
    output.result(&value, || {
        let mut text = format!("{} {} {} is signed\n", green("✓"), bold(&metadata.id), metadata.version);
        text.push_str(&format!("  signature  {}\n", signature.display()));
        text.push_str(&format!("  digest     {}\n", package.digest()));
        text.push_str(&format!("  key        {} {}\n", public, dim(public.id())));
        text.push_str(&format!("{}\n", dim(keys::install_line(&package, file, &key, &key_file))));
        text
    })
}

pub(super) fn verify(output: Output, file: &Path, key: &str, signature: Option<&Path>) -> Result<(), Failure> {
    let key = keys::public_key(key)?;
    let bytes = read(file)?;
    let beside = signature.map_or_else(|| keys::signature_path(file), Path::to_owned);
    let Some(text) = keys::signature_text(&beside)? else {
        let message = format!("{} is not signed: there is no {}", file.display(), beside.display());
        return Err(Failure::signature("unsigned", message)
            .help("get the .minisig from where the file is from, or sign it: hal9 plugin sign"));
    };
    let refused = |error: SignatureError| {
        let failure = Failure::from(error);
        Failure { message: format!("{}: {}", beside.display(), failure.message), ..failure }
    };
    let signature: Signature = text.parse().map_err(refused)?;
    key.verify(&bytes, &signature).map_err(refused)?;
    let value = json!({ "file": file, "valid": true, "key": key, "key_id": key.id().to_string(), "trusted_comment": signature.trusted_comment() });
    output.result(&value, || {
        let mut text = format!("{} {} is what the holder of this key signed\n", green("✓"), file.display());
        text.push_str(&format!("  key      {key}\n"));
        text.push_str(&format!("  comment  {}\n", plain(&signature.trusted_comment())));
        text
    })
}

/// All of a file, once, and no more than a package may have.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::file(file, &error);
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(Failure::usage(format!("{} is no file", file.display()), "give a package"));
    }
    let bytes = untrusted::read_up_to(file, MOST).map_err(failed)?;
    if bytes.len() as u64 > MOST {
        let message = format!("{} has more than {}", file.display(), hal9_package::ByteSize(MOST));
        return Err(Failure::new(Code::InvalidPackage, message).help("give a package: none is larger"));
    }
    Ok(bytes)
}
