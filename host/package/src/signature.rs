//! Signatures over whole packages, in minisign's format, and what it takes to believe one. It does not know whose key is
//! trusted, or what a package is.

use std::{fmt, io::Cursor, str::FromStr};

use crate::{KeyId, PublicKey, text};

/// Why a signature was not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The text is no signature.
    #[error(
        "this is no signature of minisign's format ({0}): give the `.minisig` file that `hal9 plugin sign` or `minisign -S` made"
    )]
    Malformed(&'static str),

    /// It is a signature of minisign's old kind, over the content and not its hash.
    ///
    /// Such a signature over 64 bytes that someone was brought to sign would be one over any file with that hash.
    #[error("this is a signature of minisign's old kind, as `minisign -Sl` makes it: sign again without `-l`")]
    Legacy,

    /// Another key made it.
    #[error("it was made with the key {found}, and not with {expected}: get the package from who holds that key")]
    OtherKey {
        /// The number of the key that should have made it.
        expected: KeyId,
        /// The number of the key that the signature names.
        found: KeyId,
    },

    /// It is not over these bytes, or its trusted comment was changed.
    #[error(
        "it is not a signature of key {key} over this file with this comment: one of the two was changed, get both again"
    )]
    Bad {
        /// The number of the key that it names.
        key: KeyId,
    },
}

/// A signature as the text of a `.minisig` file holds it. Nothing in it is believed before [`PublicKey::verify`].
#[derive(Clone)]
pub struct Signature(minisign::SignatureBox);

impl Signature {
    /// Longer texts are no signatures.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// The number of the key that it says it was made with.
    pub fn key_id(&self) -> KeyId {
        KeyId::of(self.0.keynum())
    }

    /// The comment that is signed with the content, for people; without what a terminal would obey.
    pub fn trusted_comment(&self) -> String {
        text::printable(&self.0.trusted_comment().unwrap_or_default())
    }
}

impl FromStr for Signature {
    type Err = SignatureError;

    /// Reads the text of a `.minisig` file: a comment, the signature, the trusted comment, and the signature over both.
    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let refuse = |what| Err(SignatureError::Malformed(what));
        if text.len() > Self::MAX_BYTES {
            return refuse("it is too long");
        }
        let lines: Vec<_> = text.lines().collect();
        let [_, signature, _, global] = lines.as_slice() else {
            return refuse("it has not four lines");
        };
        // 74 and 64 bytes in Base64. The crate ignores what is more, and stumbles over less.
        if (signature.len(), global.len()) != (100, 88) || !signature.ends_with('=') || !global.ends_with("==") {
            return refuse("a line of Base64 has another length");
        }
        match minisign::SignatureBox::from_string(text) {
            Ok(signature) if signature.is_prehashed() => Ok(Self(signature)),
            Ok(_) => Err(SignatureError::Legacy),
            Err(_) => refuse("a line is not what its place asks for"),
        }
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({}, {:?})", self.key_id(), self.trusted_comment())
    }
}

impl PublicKey {
    /// Checks that this key's secret half signed `bytes` and the signature's trusted comment.
    ///
    /// # Errors
    ///
    /// [`SignatureError::OtherKey`] or [`SignatureError::Bad`].
    pub fn verify(&self, bytes: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let (expected, found) = (self.id(), signature.key_id());
        if expected != found {
            return Err(SignatureError::OtherKey { expected, found });
        }
        minisign::verify(&self.0, &signature.0, Cursor::new(bytes), true, false, false)
            .map_err(|_| SignatureError::Bad { key: found })
    }
}
