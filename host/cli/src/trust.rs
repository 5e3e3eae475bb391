//! Owns whom packages are taken from: which keys may sign which plugin, which may sign nothing any more, and what has no
//! signature at all. It refuses to know what is in a package beyond the plugin's id.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hal9_host::{AuditEvent, AuditKind, escape};
use hal9_package::{KeyId, Package, PluginId, PublicKey, Signature};
use hal9_registry::{Plugin, Source};

use crate::failure::{Code, Failure};
use crate::keys;
use crate::untrusted;

/// The longest signature or key file that is read, in bytes; they have a few hundred.
const TEXT_BYTES: u64 = 16 << 10;

/// The most of a refusal that is recorded, in bytes.
const MESSAGE_BYTES: usize = 1 << 10;

/// What `hal9.toml` says of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust {
    /// Whether a package without a signature may be installed, by who says so.
    pub(crate) allow_unsigned: bool,
    /// Keys that may sign nothing.
    pub(crate) revoked: BTreeSet<PublicKey>,
    /// Who may sign a plugin, for those of which anybody has said so; where that is nobody, it is nobody.
    pub(crate) keys: BTreeMap<PluginId, BTreeSet<PublicKey>>,
}

/// A package as it was read, once: what is looked at here is what is installed.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) path: PathBuf,
    pub(crate) package: Package,
    /// The text of its signature, where there is one.
    pub(crate) signature: Option<String>,
    /// What a registry says of it, where it is from one.
    pub(crate) published: Option<Published>,
}

/// What a registry says of a package, as far as that was verified.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    /// Where it is from, for people.
    pub(crate) origin: String,
    /// The author's key that has signed it: the first that was seen of the plugin, or one that it has endorsed.
    pub(crate) key: PublicKey,
    /// All keys of the author that are believed.
    pub(crate) keys: Vec<PublicKey>,
    /// What to look at twice: it is deprecated, or dangerous.
    pub(crate) warnings: Vec<String>,
    /// What makes it so dangerous that nobody should have it.
    pub(crate) danger: Option<String>,
}

/// What was said on the command line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Leave<'a> {
    /// A key that is to be trusted for the plugin from now on.
    pub(crate) key: Option<&'a PublicKey>,
    /// Whether a package without a signature will do.
    pub(crate) unsigned: bool,
}

impl Offer {
    /// Reads a package and its signature. Where a key that is known has signed it, the signature is held against the bytes
    /// before anything is made of them.
    pub(crate) fn read(
        path: &Path,
        signature: Option<&Path>,
        trust: &Trust,
        leave: Leave<'_>,
    ) -> Result<Self, Failure> {
        let path = std::path::absolute(path).map_err(|error| Failure::file(path, &error))?;
        if path.is_dir() {
            let help = format!("pack it first: hal9 plugin pack {}", path.display());
            return Err(Failure::usage(format!("{} is a folder, and no package", path.display()), help));
        }
        let bytes: Arc<[u8]> = package_bytes(&path)?.into();
        let beside = keys::signature_path(&path);
        let signature = match signature {
            Some(named) => Some(text_of(named)?),
            None => keys::signature_text(&beside)?,
        };
        trust.signer(&path, &bytes, signature.as_deref(), leave.key.into_iter())?;
        let package = Package::read(bytes).map_err(|error| invalid(&path, &error))?;
        Ok(Self { path, package, signature, published: None })
    }

    /// Where it is from.
    pub(crate) fn origin(&self) -> String {
        match &self.published {
            Some(published) => published.origin.clone(),
            None => self.path.display().to_string(),
        }
    }

    pub(crate) fn id(&self) -> &PluginId {
        &self.package.manifest().metadata.id
    }

    pub(crate) fn version(&self) -> &semver::Version {
        &self.package.manifest().metadata.version
    }
}

impl Trust {
    /// Who signed a package, if he may: none for one without a signature that is allowed to have none.
    ///
    /// # Errors
    ///
    /// Code `signature`, with the reason `unsigned`, `untrusted-key`, `revoked-key` or `bad-signature`.
    pub(crate) fn judge(&self, offer: &Offer, leave: Leave<'_>) -> Result<Option<PublicKey>, Failure> {
        let (id, path) = (offer.id(), offer.path.display().to_string());
        let signer = match offer.signature.as_deref() {
            None => None,
            Some(text) => {
                let named = leave.key.into_iter().chain(offer.published.as_ref().map(|published| &published.key));
                let signed = self.signer(&offer.path, offer.package.bytes(), Some(text), named);
                match signed.map_err(|failure| failure.plugin(id))? {
                    Some(key) => Some(key),
                    None => return Err(self.untrusted(id, parse(&offer.path, text)?.key_id(), &path)),
                }
            }
        };
        if !self.is_vouched_for(offer, signer.as_ref()) {
            self.may(id, signer.as_ref(), leave, &path)?;
        }
        Ok(signer)
    }

    /// Whether a registry has shown that a key is the author's, and nobody here has said that he may not sign the plugin.
    fn is_vouched_for(&self, offer: &Offer, signer: Option<&PublicKey>) -> bool {
        let key = offer.published.as_ref().map(|published| &published.key);
        let is_barred = self.keys.get(offer.id()).is_some_and(BTreeSet::is_empty);
        key.is_some() && key == signer && !is_barred && key.is_some_and(|key| !self.revoked.contains(key))
    }

    /// Whether something of a plugin that a key has signed, or nobody has, may take the plugin's place: by being installed,
    /// by being locked, by being made the version that serves, or by lying in a folder. `what` is what people call it.
    ///
    /// # Errors
    ///
    /// Code `signature`, with the reason `unsigned`, `untrusted-key` or `revoked-key`.
    pub(crate) fn may(
        &self,
        id: &PluginId,
        key: Option<&PublicKey>,
        leave: Leave<'_>,
        what: &str,
    ) -> Result<(), Failure> {
        let said = self.keys.get(id);
        match (key, said) {
            (None, _) => self.unsigned(id, leave, what),
            (Some(key), _) if self.revoked.contains(key) => Err(revoked(key, what).plugin(id)),
            (Some(key), Some(keys)) if keys.contains(key) => Ok(()),
            (Some(key), None) if leave.key == Some(key) => Ok(()),
            (Some(key), _) => Err(self.untrusted(id, key.id(), what)),
        }
    }

    fn untrusted(&self, id: &PluginId, by: KeyId, what: &str) -> Failure {
        let message = match self.keys.get(id) {
            Some(keys) if keys.is_empty() => {
                format!("{id}: {what} is signed by the key {by}, and hal9.toml says that nobody may sign this plugin")
            }
            Some(keys) => {
                let trusted = keys.iter().map(|key| key.id().to_string()).collect::<Vec<_>>().join(", ");
                format!("{id}: {what} is signed by the key {by}, and only {trusted} is trusted for it")
            }
            None => format!("{id}: {what} is signed by the key {by}, and no key is trusted for this plugin"),
        };
        let help = format!("get its author's key from where you trust it: hal9 policy trust {id} KEY");
        refused(message, "untrusted-key").help(help).plugin(id)
    }

    fn unsigned(&self, id: &PluginId, leave: Leave<'_>, what: &str) -> Result<(), Failure> {
        let get = "get its signature from its author, and put it beside the package as FILE.hal9.minisig";
        let (why, help) = match (self.keys.get(id), self.allow_unsigned, leave.unsigned) {
            (Some(keys), ..) if keys.is_empty() => (
                ", and hal9.toml says that nobody may sign this plugin",
                format!("have it signed, and trust who has signed it: hal9 policy trust {id} KEY"),
            ),
            // Whoever can take a signature away could install anything.
            (Some(_), ..) => (", and a key is trusted for this plugin", get.to_owned()),
            (None, true, true) => return Ok(()),
            (None, false, true) => (
                ", and hal9.toml does not allow that",
                "have it signed, or put `allow_unsigned = true` under [trust] in hal9.toml".to_owned(),
            ),
            (None, true, false) => {
                ("", "have it signed, or say that this one may be unsigned: --allow-unsigned".to_owned())
            }
            (None, false, false) => ("", format!("{get}, or sign it: hal9 plugin sign")),
        };
        Err(refused(format!("{id}: {what} is not signed{why}"), "unsigned").help(help).plugin(id))
    }

    /// The key that signed some bytes, of those that are known here, whatever for; none, where none of them did.
    fn signer<'a>(
        &'a self,
        path: &Path,
        bytes: &[u8],
        signature: Option<&str>,
        named: impl Iterator<Item = &'a PublicKey>,
    ) -> Result<Option<PublicKey>, Failure> {
        let Some(text) = signature else { return Ok(None) };
        let signature = parse(path, text)?;
        // Two keys can be made to have one number.
        let known = self.revoked.iter().chain(self.keys.values().flatten()).chain(named);
        let mut of_that_number = known.filter(|key| key.id() == signature.key_id()).peekable();
        if of_that_number.peek().is_none() {
            return Ok(None);
        }
        let mut error = None;
        for key in of_that_number {
            match key.verify(bytes, &signature) {
                Ok(()) => return self.check_revoked(path, key).map(|()| Some(key.clone())),
                Err(failed) => error = Some(failed),
            }
        }
        let why = error.map_or_else(String::new, |error| format!(": {error}"));
        Err(refused(format!("{}: the signature is not of this file{why}", path.display()), "bad-signature")
            .help("the file or its signature was changed: get both again from where they are published"))
    }

    fn check_revoked(&self, path: &Path, key: &PublicKey) -> Result<(), Failure> {
        match self.revoked.contains(key) {
            true => Err(revoked(key, &path.display().to_string())),
            false => Ok(()),
        }
    }

    /// Whether a plugin may run still, by the key that it was installed with. Less is asked than by [`may`](Self::may): what
    /// was installed goes on when keys are changed, and only what was signed by a key that is somebody else's now does not.
    pub(crate) fn may_run(&self, id: &PluginId, key: Option<&PublicKey>) -> Result<(), Failure> {
        let Some(key) = key.filter(|key| self.revoked.contains(key)) else { return Ok(()) };
        let message =
            format!("{id}: it was installed by the signature of the key {}, which is revoked since", key.id());
        Err(refused(message, "revoked-key")
            .help(format!("install a version that another key has signed, or take it out: hal9 plugin uninstall {id}"))
            .plugin(id))
    }
}

/// The key that a plugin was installed by; none for one that is not signed, or that is developed.
pub(crate) fn key_of(plugin: &Plugin) -> Option<&PublicKey> {
    match &plugin.source {
        Source::Installed(installed) => installed.key.as_ref(),
        Source::Linked(_) => None,
    }
}

/// What is recorded of a plugin that was refused for what it is: one that is no package, is not signed by who may, asks for
/// what nobody granted, or stands against another.
pub(crate) fn refusal(failure: &Failure) -> Option<AuditEvent> {
    if !matches!(failure.code, Code::InvalidPackage | Code::Signature | Code::PermissionDenied | Code::Conflict) {
        return None;
    }
    // What the host refuses a version that is tried, it has recorded itself.
    if matches!(failure.reason.as_deref(), Some("ungranted" | "undeclared")) {
        return None;
    }
    let plugin: Option<PluginId> = failure.plugin.as_deref().and_then(|plugin| plugin.parse().ok());
    let help = failure.help.clone().unwrap_or_default();
    let message = escape(&failure.message, MESSAGE_BYTES);
    Some(AuditEvent { kind: AuditKind::Deny, plugin, message, permission: None, rule: None, help })
}

/// The text of a signature or a key.
pub(crate) fn text_of(path: &Path) -> Result<String, Failure> {
    let bytes = read_up_to(path, TEXT_BYTES)?;
    let text = if bytes.len() as u64 > TEXT_BYTES { None } else { String::from_utf8(bytes).ok() };
    text.ok_or_else(|| {
        refused(format!("{} is neither a key nor a signature", path.display()), "bad-signature")
            .help("give a file that minisign or hal9 has made")
    })
}

fn package_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    // One byte more than there may be is enough for the reader to refuse it.
    read_up_to(path, Package::MAX_BYTES)
}

/// The first bytes of a file: one more than there may be, where there are more.
pub(crate) fn read_up_to(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    untrusted::read_up_to(path, most).map_err(|error| Failure::file(path, &error))
}

fn parse(path: &Path, text: &str) -> Result<Signature, Failure> {
    text.parse().map_err(|error| {
        refused(format!("{}: its signature cannot be read: {error}", path.display()), "bad-signature")
            .help("get the signature again, or sign it again: hal9 plugin sign")
    })
}

fn invalid(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Code::InvalidPackage, format!("{}: {error}", path.display()))
        .help(format!("see all that is wrong with it: hal9 plugin validate {}", path.display()))
}

fn revoked(key: &PublicKey, what: &str) -> Failure {
    refused(format!("{what} is signed by the key {}, which is revoked", key.id()), "revoked-key")
        .help("get a version that its author has signed with another key")
}

fn refused(message: String, reason: &str) -> Failure {
    Failure::new(Code::Signature, message).reason(reason)
}
