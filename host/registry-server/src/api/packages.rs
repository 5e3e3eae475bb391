//! Packages by digest, whole or in part. It does not know which plugin one is of.

use std::io::SeekFrom;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use hal9_package::Digest;
use hal9_registry_index::api::Problem;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::{
    Client, Named,
    layers::PACKAGE,
    openapi::Octets,
    registry::{IMMUTABLE, is_known, tag},
};
use crate::{AppState, Refusal};

/// So much of a file is held at once.
const CHUNK: usize = 64 << 10;

/// A package by its digest. With `Range: bytes=…` a part of it, so that a download that broke off goes on.
#[utoipa::path(get, path = "/v1/blobs/{digest}", tag = "plugins",
    params(("digest" = String, Path, description = "The digest.", pattern = "^sha256:[0-9a-f]{64}$"),
        ("Range" = Option<String>, Header, description = "One range of bytes.", example = "bytes=1048576-")),
    responses((status = 200, description = "The package.", content_type = PACKAGE, body = Octets),
        (status = 206, description = "A part of it.", content_type = PACKAGE, body = Octets),
        (status = 304, description = "It is the one of `If-None-Match`."),
        (status = 404, body = Problem), (status = 416, body = Problem)))]
pub(super) async fn blob(
    State(state): State<AppState>,
    Client(address): Client,
    Named(digest): Named<Digest>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let packaged = state.read(move |catalogue| catalogue.packaged(&digest)).await?;
    let tag = tag(&digest);
    if is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let mut file = tokio::fs::File::open(state.store().path(&digest)).await.map_err(Refusal::internal)?;
    let size = file.metadata().await.map_err(Refusal::internal)?.len();
    let range = headers.get(header::RANGE).filter(|_| {
        // A part of something else is not wanted.
        headers.get(header::IF_RANGE).is_none_or(|known| *known == tag)
    });
    let part = range.and_then(|value| value.to_str().ok()).map(|value| part_of(value, size));
    let (status, from, to) = match part {
        None | Some(Part::Whole) => (StatusCode::OK, 0, size),
        Some(Part::Of(from, to)) => (StatusCode::PARTIAL_CONTENT, from, to),
        Some(Part::None) => {
            let code = hal9_registry_index::api::ProblemCode::Usage;
            let refusal = Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, code, format!("it has {size} bytes"));
            let range = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            return Ok((range, refusal.reason("range")).into_response());
        }
    };
    file.seek(SeekFrom::Start(from)).await.map_err(Refusal::internal)?;
    let mut response = Body::from_stream(chunks(file, to - from)).into_response();
    *response.status_mut() = status;
    let about = response.headers_mut();
    about.insert(header::CONTENT_TYPE, HeaderValue::from_static(PACKAGE));
    about.insert(header::CONTENT_LENGTH, (to - from).into());
    about.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    about.insert(header::CACHE_CONTROL, HeaderValue::from_static(IMMUTABLE));
    about.insert(header::ETAG, tag);
    let name = format!("attachment; filename=\"{}.hal9\"", packaged.name);
    about.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).map_err(Refusal::internal)?);
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {from}-{}/{size}", to - 1);
        about.insert(header::CONTENT_RANGE, HeaderValue::from_str(&range).map_err(Refusal::internal)?);
    }
    // One that goes on was counted when it began.
    if from == 0 && to == size && method == Method::GET {
        state.count_download(packaged.version, address);
    }
    Ok(response)
}

/// What a range asks for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// Nothing that is understood: then all is given (RFC 9110, 14.2).
    Whole,
    /// From this byte to before that one.
    Of(u64, u64),
    /// Nothing that is there.
    None,
}

fn part_of(range: &str, size: u64) -> Part {
    let Some((from, to)) = range.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Part::Whole;
    };
    let (from, to) = match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to => (from, to.saturating_add(1).min(size)),
        (Ok(from), Err(_)) if to.is_empty() => (from, size),
        (Err(_), Ok(last)) if from.is_empty() => (size.saturating_sub(last), size),
        _ => return Part::Whole,
    };
    if from >= to { Part::None } else { Part::Of(from, to) }
}

/// So many bytes of a file, a few at a time.
fn chunks(file: tokio::fs::File, length: u64) -> impl futures::Stream<Item = std::io::Result<bytes::Bytes>> {
    futures::stream::try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let mut chunk = bytes::BytesMut::zeroed(most);
        let read = file.read(&mut chunk).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        chunk.truncate(read);
        Ok(Some((chunk.freeze(), (file, left - read as u64))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        for (range, part) in [
            ("bytes=0-9", Part::Of(0, 10)),
            ("bytes=5-", Part::Of(5, 100)),
            ("bytes=-10", Part::Of(90, 100)),
            ("bytes=90-200", Part::Of(90, 100)),
            ("bytes=-200", Part::Of(0, 100)),
            ("bytes=0-18446744073709551615", Part::Of(0, 100)),
            ("bytes=100-", Part::None),
            ("bytes=-0", Part::None),
            ("bytes=9-5", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("lines=0-1", Part::Whole),
        ] {
            assert_eq!(part_of(range, 100), part, "{range}");
        }
    }
}
