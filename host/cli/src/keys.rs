//! Owns where keys and signatures lie, and how they are read from there and written. It refuses to know who is trusted.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use hal9_package::{KeyError, Package, PublicKey, SecretKey, Signature};

use crate::failure::{Code, Failure};
use crate::home::{Home, UNFINISHED};
use crate::output::Output;
use crate::password;
use crate::untrusted;

/// The most that a file of a key or a signature may have, in bytes.
const MOST: u64 = Signature::MAX_BYTES as u64;

/// What a signature's file is called: as what it signs, and `.minisig`.
pub(crate) fn signature_path(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".minisig");
    path.into()
}

/// The text of a signature's file; none, where there is no file.
///
/// # Errors
///
/// Code `signature`, reason `bad-signature`, for a file that is there and cannot be read as text.
pub(crate) fn signature_text(path: &Path) -> Result<Option<String>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    let unreadable = |failure: Failure| {
        Failure::signature("bad-signature", failure.message)
            .help("get the file and its signature again from where they are from")
    };
    read(path).map(Some).map_err(unreadable)
}

/// The key that signs where none is named: in the home.
pub(crate) fn default_key() -> Result<PathBuf, Failure> {
    Ok(Home::find()?.keys().join("default.key"))
}

/// A public key as somebody gave it: the key itself, or its file.
pub(crate) fn public_key(given: &str) -> Result<PublicKey, Failure> {
    if let Ok(key) = given.parse() {
        return Ok(key);
    }
    let path = Path::new(given);
    if SecretKey::is_in(given) && !path.exists() {
        return Err(secret("this", "the .pub file that was made with it"));
    }
    if !path.exists() {
        let help = "give a key, the line that begins with `RW`, or its file, such as NAME.pub of `hal9 plugin keygen`";
        return Err(Failure::not_found(
            format!("{} is neither a public key nor a file", hal9_host::escape(given, 256)),
            help,
        ));
    }
    let text = read(path)?;
    if SecretKey::is_in(&text) {
        let public = path.with_extension("pub").display().to_string();
        return Err(secret(&path.display().to_string(), &public));
    }
    text.parse().map_err(|error| {
        Failure::usage(
            format!("{}: {error}", path.display()),
            "give the .pub file of `hal9 plugin keygen` or `minisign -G`",
        )
    })
}

/// A secret key was given to be shown to others, or was about to be.
fn secret(name: &str, public: &str) -> Failure {
    Failure::usage(format!("{name} is a secret key, which signs, and is for its owner alone"), format!("give {public}"))
}

/// A secret key, opened: with the password that it needs, which is asked for.
pub(crate) fn secret_key(path: &Path, output: Output) -> Result<SecretKey, Failure> {
    if !path.exists() {
        let message = format!("there is no key {}", path.display());
        return Err(Failure::not_found(message, "make one: hal9 plugin keygen; or name another: --key FILE"));
    }
    let text = read(path)?;
    let of_file = |error: KeyError| of_key(&path.display().to_string(), &error);
    match SecretKey::from_text(&text, None) {
        Ok(key) => Ok(key),
        Err(KeyError::PasswordNeeded) => {
            let password = password::ask(password::Of::Key(&path.display().to_string()))?;
            let _spinner = output.spinner("opening the key");
            SecretKey::from_text(&text, Some(&password)).map_err(of_file)
        }
        Err(error) => Err(of_file(error)),
    }
}

/// Signs a package beside it: the path of the signature.
pub(crate) fn sign(package: &Package, file: &Path, key: &SecretKey) -> Result<PathBuf, Failure> {
    let metadata = &package.manifest().metadata;
    let comment = format!("{} {} {}", metadata.id, metadata.version, package.digest());
    let text = key.sign(package.bytes(), &comment).map_err(|error| of_key("the key", &error))?;
    let path = signature_path(file);
    write(&path, text.as_bytes())?;
    Ok(path)
}

/// What is typed next with a package that was signed: as somebody types it who has not trusted its key before.
pub(crate) fn install_line(package: &Package, file: &Path, key: &SecretKey, key_file: &Path) -> String {
    let public = key_file.with_extension("pub");
    let named = if public.is_file() { public.display().to_string() } else { key.public().to_string() };
    let accept = if package.manifest().permissions.is_empty() { "" } else { " --accept" };
    format!("install it: hal9 plugin install {} --key {named}{accept}", file.display())
}

/// What is typed next with a package that was not.
pub(crate) fn sign_line(file: &Path) -> String {
    let sign = format!("sign it: hal9 plugin sign {}", file.display());
    match default_key() {
        Ok(key) if !key.exists() => format!("make a key: hal9 plugin keygen; and {sign}"),
        _ => sign,
    }
}

/// Why a key cannot be used.
pub(crate) fn of_key(name: &str, error: &KeyError) -> Failure {
    let message = format!("{name}: {error}");
    match error {
        KeyError::WrongPassword => {
            Failure::usage(message, format!("type it again, or set {}", password::Of::Key("").variable()))
        }
        KeyError::Malformed => {
            Failure::usage(message, "give another file with --key, or make a key: hal9 plugin keygen")
        }
        _ => Failure::new(Code::Unavailable, message),
    }
}

/// Writes a file, whole or not at all, so that it is there after a power cut; one that was there before is replaced.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    check_folder(path)?;
    let write = || -> std::io::Result<()> {
        let mut builder = tempfile::Builder::new();
        // What anybody may read; the process's mask takes away what its user does not want.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.prefix(UNFINISHED).tempfile_in(folder_of(path))?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        std::fs::File::open(folder_of(path))?.sync_all()
    };
    write().map_err(|error| Failure::file(path, &error))
}

/// Writes a file that only its owner may read, unless there is one.
pub(crate) fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    check_folder(path)?;
    let write = || -> std::io::Result<()> {
        // These are their owner's alone.
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder_of(path))?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path)?;
        std::fs::File::open(folder_of(path))?.sync_all()
    };
    write().map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => exists(path),
        _ => Failure::file(path, &error),
    })
}

/// A key that would be written over.
pub(crate) fn exists(path: &Path) -> Failure {
    Failure::new(Code::Conflict, format!("{} is there already, and stays as it is", path.display())).help(
        "name another: hal9 plugin keygen -o NAME; or move it away: what it signed can be checked with its .pub only",
    )
}

/// Whether the folder of a file is there: what is written first has a name of its own, which nobody has typed.
fn check_folder(path: &Path) -> Result<(), Failure> {
    let folder = folder_of(path);
    if folder.is_dir() {
        return Ok(());
    }
    let message = format!("{}: there is no folder {}", path.display(), folder.display());
    Err(Failure::not_found(message, format!("make it: mkdir -p {}", folder.display())))
}

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A small file of text.
fn read(path: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::file(path, &error);
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(Failure::usage(format!("{} is no file", path.display()), "give a file"));
    }
    let bytes = untrusted::read_up_to(path, MOST).map_err(failed)?;
    let too_long = bytes.len() as u64 > MOST;
    match String::from_utf8(bytes) {
        Ok(text) if !too_long => Ok(text),
        _ => Err(Failure::usage(
            format!("{} is no key or signature", path.display()),
            "give a file of minisign's format",
        )),
    }
}
