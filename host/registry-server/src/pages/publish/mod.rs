//! Owns publishing by a page: a package is chosen or dropped, looked at and kept apart, shown with what it would change, and published when its author says so.
//! It refuses to know what may be published, which the API says.

mod looked;
pub(super) mod sent;

use askama::Template;
use axum::{
    extract::{Form as Fields, Multipart, State},
    http::{Method, StatusCode},
    response::Response,
};
use bytes::Bytes;
use hal9_registry_index::api::{Begin, Publish, Published, Upload};
use serde::Deserialize;

use super::{
    Pages,
    ask::encoded,
    assets,
    failure::Refused,
    form::Form,
    frame::{Frame, Visit, page},
    words,
};
use looked::Looked;
use sent::Sent;

#[derive(Template)]
#[template(path = "publish.html")]
struct PublishPage {
    frame: Frame,
    form: Form,
    key: String,
    notes: String,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage {
    frame: Frame,
    form: Form,
    looked: Looked,
    upload: String,
    signature: String,
    notes: String,
}

#[derive(Template)]
#[template(path = "published.html")]
struct PublishedPage {
    frame: Frame,
    published: Published,
}

/// What confirms that a package is to be published.
#[derive(Deserialize)]
pub(super) struct Confirmed {
    nonce: String,
    upload: String,
    key: String,
    signature: String,
    #[serde(default)]
    notes: String,
}

/// The form.
pub(super) async fn form(visit: Visit) -> Result<Response, Refused> {
    visit.account()?;
    let form = Form::new(&visit.caller).await?;
    Ok(show(visit.frame, form, String::new(), String::new()))
}

/// Looks at what was sent, keeps it as an upload, and shows what publishing it would do.
pub(super) async fn check(State(pages): State<Pages>, visit: Visit, multipart: Multipart) -> Result<Response, Refused> {
    visit.account()?;
    // Held until the package is out of memory.
    let _permit = pages.packages.acquire().await.map_err(|error| Refused::internal(&error))?;
    let mut sent = Sent::default();
    let looked = async {
        sent.read(multipart, visit.frame.about.max_package).await?;
        let looked = Looked::at(&visit, &mut sent).await?;
        let upload = keep(&visit, &looked, Bytes::from(std::mem::take(&mut sent.package)), &sent.nonce).await?;
        Ok((looked, upload))
    };
    match looked.await {
        Ok((looked, upload)) => {
            let form = Form::new(&visit.caller).await?;
            let (frame, signature, notes) = (visit.frame, sent.signature, sent.notes);
            Ok(page(StatusCode::OK, &ConfirmPage { frame, form, looked, upload: upload.id, signature, notes }))
        }
        Err(refused) => {
            let form = Form::again(&visit.caller, refused).await?;
            Ok(show(visit.frame, form, sent.key, sent.notes))
        }
    }
}

/// Publishes what was looked at.
pub(super) async fn confirm(visit: Visit, Fields(sent): Fields<Confirmed>) -> Result<Response, Refused> {
    visit.account()?;
    let published = async {
        let key = sent.key.parse().map_err(|error: hal9_package::ParseError| {
            Refused::usage(&error.to_string(), "Begin again with the files.")
        })?;
        let (upload, signature, notes) = (sent.upload.clone(), sent.signature.clone(), sent.notes.clone());
        let publish = Publish { upload, key, signature, notes };
        visit.caller.send::<Published>(Method::POST, "/v1/plugins", &publish, &sent.nonce).await
    };
    match published.await {
        Ok(published) => Ok(page(StatusCode::CREATED, &PublishedPage { frame: visit.frame, published })),
        Err(refused) => {
            let form = Form::again(&visit.caller, refused).await?;
            Ok(show(visit.frame, form, sent.key, sent.notes))
        }
    }
}

fn show(frame: Frame, form: Form, key: String, notes: String) -> Response {
    page(form.status, &PublishPage { frame, form, key, notes })
}

/// Uploads a package as the command does, from where an earlier upload of it ended.
async fn keep(visit: &Visit, looked: &Looked, package: Bytes, nonce: &str) -> Result<Upload, Refused> {
    let begin = Begin { package: looked.digest, size: package.len() as u64 };
    let upload: Upload = visit.caller.send(Method::POST, "/v1/uploads", &begin, nonce).await?;
    let path = format!("/v1/uploads/{}", encoded(&upload.id));
    let part = usize::try_from(visit.frame.about.max_part).unwrap_or(usize::MAX).max(1);
    let mut offset = usize::try_from(upload.offset).unwrap_or(usize::MAX).min(package.len());
    while offset < package.len() {
        let end = package.len().min(offset.saturating_add(part));
        visit.caller.send_part(&path, offset as u64, package.slice(offset..end)).await?;
        offset = end;
    }
    Ok(upload)
}
