//! What is believed of a registry, and kept: the chain of its roots from the first one on, and the newest head that was seen. It refuses to
//! know how documents come here.

use hal9_package::PublicKey;
use hal9_registry_index::{Distrust, Head, Root, Seen, Signed, Statement};
use serde::{Deserialize, Serialize};

use crate::{Error, folder::Folder, folder::Writer};

/// The file; what stands in it is checked each time that it is read.
const FILE: &str = "trust.json";
/// The greatest length of the file in bytes.
const MAX_BYTES: u64 = 64 << 20;
/// No registry changes its keys more often.
pub(crate) const MAX_ROOTS: usize = 1024;

/// What is believed.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    roots: Vec<Signed>,
    /// The newest root.
    pub(crate) root: Root,
    /// The newest head that was seen.
    pub(crate) seen: Option<Seen>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    roots: Vec<Signed>,
    seen: Option<Seen>,
}

impl Trust {
    /// The first root of a registry, on its own word.
    pub(crate) fn first(signed: Signed) -> Result<Self, Distrust> {
        let root = Root::first(&signed, None)?;
        check(&root, 1)?;
        Ok(Self { roots: vec![signed], root, seen: None })
    }

    /// Goes on to the next root.
    pub(crate) fn advance(&mut self, signed: Signed) -> Result<(), Distrust> {
        if self.roots.len() == MAX_ROOTS {
            let reason = format!("there are more than {MAX_ROOTS}");
            return Err(Distrust::Malformed { what: Root::WHAT, reason });
        }
        let root =
            self.root.next(&signed).map_err(|error| self.name_other::<Root>(&signed, error, |root| &root.registry))?;
        check(&root, self.root.version + 1)?;
        self.root = root;
        self.roots.push(signed);
        Ok(())
    }

    /// Checks that one of the roots has a key that somebody has named, and is signed with it.
    pub(crate) fn hold(&self, key: Option<&PublicKey>) -> Result<(), Distrust> {
        let Some(key) = key else { return Ok(()) };
        let mut first = None;
        for signed in &self.roots {
            match Root::first(signed, Some(key)) {
                Ok(_) => return Ok(()),
                Err(error) => first = first.or(Some(error)),
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// The head, if it is believed and, at `now`, not expired.
    pub(crate) fn head(&self, signed: &Signed, now: Option<u64>) -> Result<Head, Distrust> {
        let seen = self.seen.as_ref();
        let verified = match now {
            Some(now) => Head::verify(signed, &self.root, seen, now),
            None => Head::verify_expired(signed, &self.root, seen),
        };
        verified.map_err(|error| self.name_other::<Head>(signed, error, |head| &head.registry))
    }

    /// This, and that a head was seen.
    pub(crate) fn having_seen(self, seen: Seen) -> Self {
        Self { seen: Some(seen), ..self }
    }

    /// Whoever does not know the keys of a document had better be told that it is another registry's, where it says so itself.
    fn name_other<T: Statement>(&self, signed: &Signed, error: Distrust, registry: impl Fn(&T) -> &String) -> Distrust {
        match (&error, signed.read::<T>()) {
            (Distrust::Unsigned { .. }, Ok(read)) if *registry(&read) != self.root.registry => {
                Distrust::OtherRegistry {
                    what: T::WHAT,
                    expected: self.root.registry.clone(),
                    found: crate::text::printable(registry(&read)),
                }
            }
            _ => error,
        }
    }

    /// What is kept; `None` before the registry was used.
    pub(crate) fn read(folder: &Folder) -> Result<Option<Self>, Error> {
        let Some(bytes) = folder.read(FILE, MAX_BYTES)? else { return Ok(None) };
        let damaged = |reason: String| Error::Damaged { path: folder.path(FILE), reason };
        let file: File = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        let mut roots = file.roots.into_iter();
        let first = roots.next().ok_or_else(|| damaged("it has no root".to_owned()))?;
        let mut trust = Self::first(first).map_err(|error| damaged(error.to_string()))?;
        for signed in roots {
            trust.advance(signed).map_err(|error| damaged(error.to_string()))?;
        }
        trust.seen = file.seen;
        Ok(Some(trust))
    }

    /// Keeps this, unless somebody else has kept something newer meanwhile: gives what is kept then. Two chains of roots that
    /// differ are not both this registry's.
    pub(crate) fn keep(mut self, writer: &Writer<'_>, folder: &Folder) -> Result<Result<Self, Distrust>, Error> {
        if let Some(kept) = Self::read(folder)? {
            if kept.roots.iter().zip(&self.roots).any(|(kept, new)| kept.document != new.document) {
                let (expected, found) = (kept.root.registry, self.root.registry);
                return Ok(Err(Distrust::OtherRegistry { what: Root::WHAT, expected, found }));
            }
            if kept.seen.map(|seen| seen.version) > self.seen.map(|seen| seen.version) {
                self.seen = kept.seen;
            }
            if kept.roots.len() > self.roots.len() {
                (self.roots, self.root) = (kept.roots, kept.root);
            }
        }
        let file = File { roots: self.roots, seen: self.seen };
        // As when it is read: two texts and a number.
        let bytes = serde_json::to_vec(&file).unwrap_or_default();
        writer.put(FILE, &bytes)?;
        Ok(Ok(Self { roots: file.roots, ..self }))
    }
}

/// What `Root` itself does not ask for: that it is the one with this number, and that its registry's name is fit to be kept.
fn check(root: &Root, version: u64) -> Result<(), Distrust> {
    let malformed = |reason: String| Distrust::Malformed { what: Root::WHAT, reason };
    if root.version != version {
        return Err(malformed(format!("it has version {}, and version {version} was asked for", root.version)));
    }
    let is_uuid = root.registry.len() == 36 && root.registry.bytes().all(|c| c.is_ascii_hexdigit() || c == b'-');
    if !is_uuid { Err(malformed("its registry is no UUID".to_owned())) } else { Ok(()) }
}
