//! Owns what a form with files has sent, within bounds. It refuses to know what the files hold.

use axum::extract::{Multipart, multipart::Field};
use hal9_package::Signature;
use hal9_registry_index::api::{ProblemBody, ProblemCode, Publish};

use crate::pages::{failure::Refused, words};

/// More than the form has.
const MAX_FIELDS: usize = 12;

/// What was sent.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(super) nonce: String,
    pub(super) package: Vec<u8>,
    pub(super) signature: String,
    pub(super) key: String,
    pub(super) notes: String,
}

impl Sent {
    /// Reads the fields. What was read is there also where a later one is refused.
    pub(super) async fn read(&mut self, mut multipart: Multipart, max_package: u64) -> Result<(), Refused> {
        let max_package = usize::try_from(max_package).unwrap_or(usize::MAX);
        for _ in 0..MAX_FIELDS {
            let Some(field) = multipart.next_field().await.map_err(broken)? else {
                return Ok(());
            };
            match field.name().unwrap_or_default() {
                "nonce" => self.nonce = text(field, "The form", 1024).await?,
                "package" => self.package = bytes(field, "The package", max_package).await?,
                "signature" => self.signature = text(field, "The signature", Signature::MAX_BYTES).await?,
                "key" => self.key = text(field, "The public key", 4096).await?.trim().to_owned(),
                // A browser sends a line's end as two characters.
                "notes" => {
                    self.notes = text(field, "What is new", 2 * Publish::MAX_NOTES).await?.replace("\r\n", "\n");
                }
                _ => drop(bytes(field, "The form", 1024).await?),
            }
        }
        Err(Refused::usage("The form has more fields than this page.", "Load the page again."))
    }
}

/// The text of a field.
pub(crate) async fn text(field: Field<'_>, what: &str, max: usize) -> Result<String, Refused> {
    String::from_utf8(bytes(field, what, max).await?)
        .map_err(|_| Refused::usage(&format!("{what} is no text."), "Choose the file that its place asks for."))
}

async fn bytes(mut field: Field<'_>, what: &str, max: usize) -> Result<Vec<u8>, Refused> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        if bytes.len() + chunk.len() > max {
            let problem = ProblemBody {
                code: ProblemCode::LimitExceeded,
                reason: Some("size".to_owned()),
                plugin: None,
                message: format!("{what} is larger than {}.", words::size(max as u64)),
                help: Some("Send less, or a smaller file.".to_owned()),
            };
            return Err(Refused {
                status: axum::http::StatusCode::PAYLOAD_TOO_LARGE,
                problem: problem.into(),
                retry_after: None,
            });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

pub(crate) fn broken(error: axum::extract::multipart::MultipartError) -> Refused {
    Refused::usage(&format!("The form did not arrive whole ({error})."), "Send it again.")
}
