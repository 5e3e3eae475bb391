//! Publishing: a package goes up in parts, each where the last one ended, and is then published. Run again after any failure it goes on where
//! it was. It refuses to know who may.

use bytes::Bytes;
use hal9_package::{Digest, Package, PublicKey, Signature};
use hal9_registry_index::{
    InvalidText,
    api::{Begin, Publish, Published, Upload, check_text},
};
use reqwest::{Method, header::HeaderValue};

use crate::{
    Error, Progress, Registry, Watch,
    http::{RETRIES, backoff},
};

/// How many bytes a part has, where the registry takes as many.
const PART: u64 = 1 << 20;

impl Registry {
    /// Publishes a package with its author's key and signature, both checked before anything is sent, and change notes in Markdown. The very same
    /// may be published again, which changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Package`], [`Error::Text`], [`Error::SignedOut`], [`Error::Refused`] and others. What was sent is not sent again where this is called
    /// another time.
    pub async fn publish(
        &self,
        package: &[u8],
        key: &PublicKey,
        signature: &str,
        notes: &str,
        watch: Watch<'_>,
    ) -> Result<Published, Error> {
        let read = Package::read(package).map_err(|source| Error::Package {
            what: "the package".to_owned(),
            plugin: None,
            source: Box::new(source),
        })?;
        let metadata = &read.manifest().metadata;
        let verified = signature.parse().and_then(|signature: Signature| key.verify(package, &signature));
        verified.map_err(|source| Error::BadSignature {
            registry: self.name().to_owned(),
            plugin: metadata.id.clone(),
            version: Box::new(metadata.version.clone()),
            source,
        })?;
        check_text("the change notes", notes, Publish::MAX_NOTES)?;
        self.signed_in(Method::POST, &["v1", "plugins"], "the package")?;
        let about = self.about().await?;
        let size = package.len() as u64;
        if size > about.max_package {
            let reason = format!("it has {size} bytes, and the registry takes {} at most", about.max_package);
            return Err(InvalidText { what: "the package", reason }.into());
        }
        let begin = Begin { package: *read.digest(), size };
        // An upload may be forgotten while it is sent: then it is begun once more.
        for _ in 0..2 {
            let upload = self.upload(&begin, package, about.max_part.clamp(1, PART), watch).await?;
            let publish =
                Publish { upload, key: key.clone(), signature: signature.to_owned(), notes: notes.to_owned() };
            let ask = self.signed_in(Method::POST, &["v1", "plugins"], "the package")?.json(&publish).repeatable();
            let published: Published = match self.http.get(&ask).await {
                Err(Error::Refused { status: 404, .. }) => continue,
                published => published?,
            };
            let is_that = published.plugin == metadata.id && published.version == metadata.version;
            if !is_that || published.package != begin.package {
                return Err(self.http.unexpected("the package", "it says that it has published another one"));
            }
            return Ok(published);
        }
        Err(self.http.unexpected("the package", "it forgets the upload"))
    }

    /// Sends what is not there yet; gives the number of the upload.
    async fn upload(&self, begin: &Begin, package: &[u8], part: u64, watch: Watch<'_>) -> Result<String, Error> {
        let ask = self.signed_in(Method::POST, &["v1", "uploads"], "an upload")?.json(begin).repeatable();
        let mut upload: Upload = self.http.get(&ask).await?;
        let mut tries = 0;
        loop {
            self.check(&upload, begin)?;
            watch(Progress { done: upload.offset, total: begin.size });
            if upload.offset == begin.size {
                return Ok(upload.id);
            }
            let before = upload.offset;
            let sent = self.send_part(&upload, package, part).await;
            upload = match sent {
                Ok(Some(offset)) => Upload { offset, ..upload },
                Err(error) if !is_passing(&error) => return Err(error),
                // Nobody knows how far it came but the registry.
                Ok(None) | Err(_) => {
                    let path = ["v1", "uploads", &upload.id];
                    self.http.get(&self.signed_in(Method::GET, &path, "an upload")?).await?
                }
            };
            if upload.offset > before {
                tries = 0;
            } else if tries == RETRIES {
                return Err(self.http.unreachable(format!("nothing is taken after {before} bytes")));
            } else {
                backoff(tries).await;
                tries += 1;
            }
        }
    }

    /// Sends one part; gives the offset after it, where the registry tells.
    async fn send_part(&self, upload: &Upload, package: &[u8], part: u64) -> Result<Option<u64>, Error> {
        let end = (upload.offset + part).min(upload.size);
        // Both are within the package, which is in memory.
        let bytes = package.get(upload.offset as usize..end as usize).unwrap_or_default();
        let path = ["v1", "uploads", &upload.id];
        let ask = self
            .signed_in(Method::PATCH, &path, "a part")?
            .body("application/offset+octet-stream", Bytes::copy_from_slice(bytes))
            .header("upload-offset", HeaderValue::from(upload.offset));
        let answer = self.http.send(&ask).await?;
        let offset = answer.headers.get("upload-offset").and_then(|offset| offset.to_str().ok()?.parse().ok());
        Ok(offset.filter(|offset| *offset == end))
    }

    fn check(&self, upload: &Upload, begin: &Begin) -> Result<(), Error> {
        let is_that = upload.package == begin.package && upload.size == begin.size && upload.offset <= begin.size;
        if is_that && !upload.id.is_empty() && upload.id.len() <= 128 {
            return Ok(());
        }
        Err(self.http.unexpected("an upload", "it is another one than was begun"))
    }

    /// Takes back an upload that was begun and not published.
    ///
    /// # Errors
    ///
    /// [`Error::SignedOut`], [`Error::Refused`], [`Error::Unreachable`] and others.
    pub async fn abandon(&self, package: &Digest, size: u64) -> Result<(), Error> {
        let begin = Begin { package: *package, size };
        let ask = self.signed_in(Method::POST, &["v1", "uploads"], "an upload")?.json(&begin).repeatable();
        let upload: Upload = self.http.get(&ask).await?;
        self.check(&upload, &begin)?;
        let path = ["v1", "uploads", &upload.id];
        self.http.send(&self.signed_in(Method::DELETE, &path, "an upload")?).await.map(drop)
    }
}

/// Whether a part may be sent again: the connection was lost, or the registry is elsewhere in the package.
fn is_passing(error: &Error) -> bool {
    error.is_unreachable() || matches!(error, Error::Refused { status: 409, .. })
}
