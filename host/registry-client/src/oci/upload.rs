//! What a push sends: blobs and manifests. It does not know what is in them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use hal9_package::Digest;
use reqwest::{
    Body, Method, StatusCode, Url,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION},
};
use tokio::time::{self, MissedTickBehavior};

use super::{
    OciError,
    session::{LONG, SHORT, Session, Told, again, request},
};

const PART: usize = 64 << 10;

impl Session<'_> {
    /// Sends a blob, unless it is there.
    pub(super) async fn put_blob(
        &mut self,
        digest: &Digest,
        bytes: &Bytes,
        told: &mut Told<'_>,
    ) -> Result<(), OciError> {
        let head = request(Method::HEAD, self.url(&format!("blobs/{digest}"))?, SHORT);
        if self.send(|| again(&head)).await?.status().is_success() {
            told.add(bytes.len() as u64);
            return Ok(());
        }
        let mut begin = request(Method::POST, self.url("blobs/uploads/")?, SHORT);
        begin.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        let begun = self.send(|| again(&begin)).await?;
        let begun = self.expect(begun, StatusCode::ACCEPTED, "an upload").await?;
        let mut url = self.location(begun.headers())?;
        url.query_pairs_mut().append_pair("digest", &digest.to_string());
        let sent = Arc::new(AtomicU64::new(0));
        let before = told.done;
        let put = || {
            sent.store(0, Ordering::Relaxed);
            let mut put = request(Method::PUT, url.clone(), LONG);
            put.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
            put.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            *put.body_mut() = Some(counted(bytes.clone(), sent.clone()));
            put
        };
        let answer = {
            let mut ticks = time::interval(Duration::from_millis(100));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            let sending = self.send(put);
            tokio::pin!(sending);
            loop {
                tokio::select! {
                    answer = &mut sending => break answer?,
                    _ = ticks.tick() => (told.progress)(before + sent.load(Ordering::Relaxed), told.total),
                }
            }
        };
        self.expect(answer, StatusCode::CREATED, "a blob").await?;
        told.add(bytes.len() as u64);
        Ok(())
    }

    /// Stores a manifest under a tag or its digest. Whether the registry has taken note of its subject.
    pub(super) async fn put_manifest(
        &mut self,
        name: &str,
        media_type: &'static str,
        bytes: &Bytes,
    ) -> Result<bool, OciError> {
        let mut request = request(Method::PUT, self.url(&format!("manifests/{name}"))?, SHORT);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        *request.body_mut() = Some(bytes.clone().into());
        let answer = self.send(|| again(&request)).await?;
        let answer = self.expect(answer, StatusCode::CREATED, "a manifest").await?;
        Ok(answer.headers().contains_key(HeaderName::from_static("oci-subject")))
    }

    /// Where an upload goes to, which may be another host.
    fn location(&self, headers: &HeaderMap) -> Result<Url, OciError> {
        let wrong = |reason: &str| self.not_a_registry(reason);
        let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.ok_or_else(|| wrong("it does not say where to upload to"))?;
        let url = self.base.join(location).map_err(|_| wrong("where it wants uploads is no address"))?;
        match url.scheme() {
            "https" => Ok(url),
            "http" if self.reference.is_plain_http() => Ok(url),
            _ => Err(wrong("it wants uploads where nothing is encrypted")),
        }
    }
}

/// A body that tells how much of it was taken.
fn counted(bytes: Bytes, sent: Arc<AtomicU64>) -> Body {
    let parts = (0..bytes.len()).step_by(PART).map(move |at| bytes.slice(at..bytes.len().min(at + PART)));
    Body::wrap_stream(stream::iter(parts).map(move |part| {
        sent.fetch_add(part.len() as u64, Ordering::Relaxed);
        Ok::<_, std::io::Error>(part)
    }))
}
