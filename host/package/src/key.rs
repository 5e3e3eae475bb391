//! The keys that sign packages and check signatures, in minisign's own formats, so that the `minisign` program reads ours
//! and we read its. It does not know who is trusted, or where keys are kept.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    io::Cursor,
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{ParseError, text};

/// Longer texts are no key files.
const MAX_TEXT: usize = 4096;

/// The number of a key pair, which its signatures carry: 16 hexadecimal digits, as `minisign` prints it.
///
/// It says which key to try and proves nothing: whoever makes a key may give it any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u64);

impl KeyId {
    pub(crate) fn of(number: &[u8]) -> Self {
        Self(number.iter().rev().fold(0, |id, byte| id << 8 | u64::from(*byte)))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:016X}", self.0))
    }
}

/// The public half of a key pair, which checks signatures. Written as one line of Base64 that begins with `RW`.
///
/// Two keys are equal that check the same signatures, whatever their [`KeyId`]s: a key that is revoked under one number is
/// revoked under each.
#[derive(Clone)]
pub struct PublicKey(pub(crate) minisign::PublicKey);

impl PublicKey {
    /// The number of the key pair.
    pub fn id(&self) -> KeyId {
        KeyId::of(self.0.keynum())
    }

    /// The text of a `.pub` file: a comment with the key's number, and the key.
    pub fn to_text(&self) -> String {
        format!("untrusted comment: minisign public key {}\n{self}\n", self.id())
    }

    /// The point on the curve, behind the algorithm and the number.
    fn point(&self) -> Vec<u8> {
        self.0.to_bytes().split_off(10)
    }
}

impl FromStr for PublicKey {
    type Err = ParseError;

    /// Reads the line of Base64, or the whole text of a `.pub` file.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = || {
            let fix = if SecretKey::is_in(text) {
                "it is for its owner alone; give the `.pub` file that was made with it"
            } else {
                "write the line that begins with `RW`, or give the `.pub` file that `hal9 plugin keygen` or `minisign -G` made"
            };
            ParseError::new(text, "a public key", fix)
        };
        if text.len() > MAX_TEXT {
            return Err(refuse());
        }
        let mut lines = text.trim().lines().map(str::trim);
        let line = match (lines.next(), lines.next(), lines.next()) {
            (Some(line), None, None) => line,
            (Some(comment), Some(line), None) if comment.starts_with("untrusted comment:") => line,
            _ => return Err(refuse()),
        };
        let key = minisign::PublicKey::from_base64(line).map_err(|_| refuse())?;
        // The crate reads any algorithm's name, and more bytes than a key has.
        if !key.to_bytes().starts_with(b"Ed") || key.to_base64() != line {
            return Err(refuse());
        }
        Ok(Self(key))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_base64())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.point() == other.point()
    }
}

impl Eq for PublicKey {}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.point().cmp(&other.point())
    }
}

impl Hash for PublicKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.point().hash(state);
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::from_str(deserializer)
    }
}

/// Why a secret key cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is no secret key.
    #[error(
        "this is no secret key of minisign's format: give the `.key` file that `hal9 plugin keygen` or `minisign -G` made"
    )]
    Malformed,

    /// The key is encrypted, and there is no password.
    #[error("the secret key is encrypted: give its password")]
    PasswordNeeded,

    /// The key is not encrypted, and there is a password.
    #[error("the secret key is not encrypted, and a password was given: leave the password out")]
    PasswordUnused,

    /// The password is another, or the key is damaged.
    #[error("the password does not open the secret key: give the one it was made with")]
    WrongPassword,

    /// The comment cannot be written in one line of a signature.
    #[error("the comment cannot be signed: {0}")]
    Comment(String),

    /// The system gave no random numbers, or no memory.
    #[error("the key could not be used: {0}")]
    System(String),
}

/// The secret half of a key pair, which signs. Neither shown nor written by anything but [`generate`](Self::generate).
pub struct SecretKey {
    key: minisign::SecretKey,
    public: PublicKey,
}

impl SecretKey {
    /// The longest trusted comment in bytes; `minisign` reads 8 KiB.
    pub const MAX_COMMENT: usize = 4096;

    /// Makes a key pair: the text of its `.key` file, encrypted where there is a password, and its public half. Deriving a
    /// key from a password takes a moment and 32 MiB.
    ///
    /// # Errors
    ///
    /// [`KeyError::System`].
    pub fn generate(password: Option<&str>) -> Result<(String, PublicKey), KeyError> {
        let pair = match password {
            Some(password) => minisign::KeyPair::generate_encrypted_keypair(Some(password.to_owned())),
            None => minisign::KeyPair::generate_unencrypted_keypair(),
        };
        let pair = pair.map_err(system)?;
        let kind = if password.is_some() { "encrypted" } else { "unencrypted" };
        let text = pair.sk.to_box(Some(&format!("minisign {kind} secret key"))).map_err(system)?;
        Ok((text.into_string(), PublicKey(pair.pk)))
    }

    /// Reads the text of a `.key` file. Opening an encrypted one that `minisign` made takes a second and 1 GiB.
    ///
    /// # Errors
    ///
    /// [`KeyError`], where the text is no key or the password is not the key's.
    pub fn from_text(text: &str, password: Option<&str>) -> Result<Self, KeyError> {
        // The algorithms in front: of the signature, of the derivation (`Sc`, or none), of the checksum.
        let encrypted = match text.lines().nth(1).map(str::trim) {
            Some(line) if text.len() <= MAX_TEXT && line.starts_with("RWRTY0Iy") => true,
            Some(line) if text.len() <= MAX_TEXT && line.starts_with("RWQAAEIy") => false,
            _ => return Err(KeyError::Malformed),
        };
        let boxed = minisign::SecretKeyBox::from_string(text).map_err(|_| KeyError::Malformed)?;
        let key = match (encrypted, password) {
            // With no password the crate would ask for one on the terminal.
            (true, None) => return Err(KeyError::PasswordNeeded),
            (false, Some(_)) => return Err(KeyError::PasswordUnused),
            (true, Some(password)) => boxed.into_secret_key(Some(password.to_owned())),
            (false, None) => match without_checksum(text) {
                Some(key) => Ok(key),
                None => boxed.into_unencrypted_secret_key(),
            },
        };
        let key = key.map_err(|error| match error.kind() {
            minisign::ErrorKind::Verify if encrypted => KeyError::WrongPassword,
            minisign::ErrorKind::KDF => system(error),
            _ => KeyError::Malformed,
        })?;
        let public = minisign::PublicKey::from_secret_key(&key).map_err(|_| KeyError::Malformed)?;
        Ok(Self { key, public: PublicKey(public) })
    }

    /// Whether a secret key stands anywhere in `text`, or what looks like one: such a text is neither shown nor logged.
    pub fn is_in(text: &str) -> bool {
        // Longer than a signature is nothing else of minisign's; and a key that was cut short is part of one.
        const SIGNATURE: usize = 100;
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
        ["RWRTY0Iy", "RWQAAEIy"].iter().any(|start| text.contains(start))
            || text.split(|c| !is_base64(c)).any(|word| word.len() > SIGNATURE && word.starts_with("RW"))
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs `bytes` and `trusted_comment`: the text of a `.minisig` file.
    ///
    /// # Errors
    ///
    /// [`KeyError::Comment`] for a comment that is not one printable line of at most [`MAX_COMMENT`](Self::MAX_COMMENT)
    /// bytes, [`KeyError::Malformed`] for a key whose halves do not belong together, and [`KeyError::System`].
    pub fn sign(&self, bytes: &[u8], trusted_comment: &str) -> Result<String, KeyError> {
        // Readers trim white space, and would then find the signature of another comment.
        text::check_name(trusted_comment, Self::MAX_COMMENT).map_err(KeyError::Comment)?;
        let untrusted = format!("signature of key {}", self.public.id());
        minisign::sign(Some(&self.public.0), &self.key, Cursor::new(bytes), Some(trusted_comment), Some(&untrusted))
            .map(minisign::SignatureBox::into_string)
            .map_err(|error| match error.kind() {
                minisign::ErrorKind::Verify => KeyError::Malformed,
                _ => system(error),
            })
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public.id())
    }
}

/// A key that is not encrypted, as `minisign -GW` writes it: with zeros for its checksum, which the crate takes for a damaged one.
/// Signing shows whether its halves belong together, as every signature is checked before it is given out.
fn without_checksum(text: &str) -> Option<minisign::SecretKey> {
    // In Base64, what stands in front of the checksum is as long as three public keys, and those the crate decodes.
    const PUBLIC_KEY: usize = 56;
    let (key, checksum) = text.lines().nth(1)?.trim().split_at_checked(3 * PUBLIC_KEY)?;
    let zeros = checksum.strip_suffix('=').is_some_and(|zeros| zeros.len() == 43 && zeros.bytes().all(|c| c == b'A'));
    let mut bytes = Vec::new();
    for start in (0..key.len()).step_by(PUBLIC_KEY).take_while(|_| zeros) {
        let part = key.get(start..start + PUBLIC_KEY)?;
        bytes.extend(minisign::PublicKey::from_base64(part).ok()?.to_bytes());
    }
    bytes.resize(bytes.len() + 32, 0);
    minisign::SecretKey::from_bytes(&bytes).ok()
}

fn system(error: minisign::PError) -> KeyError {
    KeyError::System(error.to_string())
}
