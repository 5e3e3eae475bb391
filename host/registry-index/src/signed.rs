//! A document with the signatures over it. It does not know what the document says, or whose keys are believed.

use hal9_package::{KeyError, PublicKey, SecretKey, Signature};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use crate::Distrust;

/// What can be signed. A signature over a statement of one type is none over one of another, whatever the two say.
pub trait Statement: Serialize + DeserializeOwned {
    /// The word that stands in the document as its `type`.
    const TYPE: &'static str;
    /// What people call it.
    const WHAT: &'static str;
}

/// The text of a document: `{"type":"hal9-review","body":{…}}`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<T> {
    r#type: String,
    body: T,
}

/// A document as the very text that was signed, so that nobody has to write it again in the same way, and minisign signatures over the bytes of that text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The document: JSON, with its `type` within.
    pub document: String,
    /// The texts of `.minisig` files; one of a key that may is enough.
    pub signatures: Vec<String>,
}

/// Signs a statement: its JSON becomes the text of the document.
///
/// # Errors
///
/// [`KeyError::System`], and [`KeyError::Malformed`] for a key whose halves do not belong together.
pub fn sign<T: Statement>(statement: &T, keys: &[&SecretKey], comment: &str) -> Result<Signed, KeyError> {
    let document = Document { r#type: T::TYPE.to_owned(), body: statement };
    let document = serde_json::to_string(&document).map_err(|error| KeyError::System(error.to_string()))?;
    let signatures = keys.iter().map(|key| key.sign(document.as_bytes(), comment)).collect::<Result<_, _>>()?;
    Ok(Signed { document, signatures })
}

impl Signed {
    /// More signatures than these are not looked at.
    pub const MAX_SIGNATURES: usize = 8;

    /// What the document says, if one of `keys` has signed it; gives that key as well.
    ///
    /// # Errors
    ///
    /// [`Distrust::Unsigned`], [`Distrust::Altered`] or [`Distrust::Malformed`].
    pub fn verify<T: Statement>(&self, keys: &[PublicKey]) -> Result<(T, PublicKey), Distrust> {
        let key = self.signer::<T>(keys)?;
        Ok((self.read()?, key))
    }

    /// What the document says, whoever signed it, if anybody.
    ///
    /// # Errors
    ///
    /// [`Distrust::Malformed`].
    pub fn read<T: Statement>(&self) -> Result<T, Distrust> {
        let malformed = |reason: String| Distrust::Malformed { what: T::WHAT, reason };
        let document: Document<T> =
            serde_json::from_str(&self.document).map_err(|error| malformed(error.to_string()))?;
        if document.r#type != T::TYPE {
            return Err(malformed(format!("its type is not `{}`", T::TYPE)));
        }
        Ok(document.body)
    }

    /// Which of `keys` has signed the document.
    ///
    /// # Errors
    ///
    /// [`Distrust::Unsigned`], [`Distrust::Altered`] or [`Distrust::Malformed`].
    pub fn signer<T: Statement>(&self, keys: &[PublicKey]) -> Result<PublicKey, Distrust> {
        let what = T::WHAT;
        if self.signatures.len() > Self::MAX_SIGNATURES {
            let reason = format!("it has more than {} signatures", Self::MAX_SIGNATURES);
            return Err(Distrust::Malformed { what, reason });
        }
        let mut found = Vec::new();
        let mut altered = None;
        for text in &self.signatures {
            let signature: Signature =
                text.parse().map_err(|error| Distrust::Malformed { what, reason: format!("{error}") })?;
            found.push(signature.key_id());
            // Two keys can be made to have one number.
            for key in keys.iter().filter(|key| key.id() == signature.key_id()) {
                match key.verify(self.document.as_bytes(), &signature) {
                    Ok(()) => return Ok(key.clone()),
                    Err(_) => altered = Some(key.id()),
                }
            }
        }
        match altered {
            Some(key) => Err(Distrust::Altered { what, key }),
            None => Err(Distrust::Unsigned { what, expected: keys.iter().map(PublicKey::id).collect(), found }),
        }
    }
}
