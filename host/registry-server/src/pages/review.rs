//! Owns the page on which a review is written: it is signed in the browser, by a key that never leaves it, or by the command. It refuses to know whether a
//! signature is good, which the API says.

use askama::Template;
use axum::{
    extract::{Form as Fields, Multipart, Path, Query},
    http::Method,
    response::{IntoResponse as _, Redirect, Response},
};
use hal9_registry_index::{
    Signed,
    api::{Account, AddKey, PluginPage, SignedReview},
};
use serde::Deserialize;

use super::{
    ask::encoded,
    assets,
    failure::Refused,
    form::Form,
    frame::{Frame, Visit, page},
    publish::sent,
    words,
};

/// More than the form has.
const MAX_FIELDS: usize = 8;

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewForm {
    frame: Frame,
    account: Account,
    plugin: PluginPage,
    form: Form,
    /// The version that is chosen at first.
    chosen: String,
    now: u64,
    /// Whether the plugin is the visitor's own, which he does not judge.
    own: bool,
}

/// Which version is to be reviewed.
#[derive(Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    version: String,
}

/// What is sent for taking reviews back.
#[derive(Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    nonce: String,
}

/// What was sent.
#[derive(Default)]
struct Written {
    nonce: String,
    signed: String,
    key: String,
    proof: String,
}

/// The form.
pub(super) async fn form(
    visit: Visit,
    Path(id): Path<String>,
    Query(Chosen { version }): Query<Chosen>,
) -> Result<Response, Refused> {
    visit.account()?;
    let form = Form::new(&visit.caller).await?;
    show(visit, &id, form, version).await
}

/// Hands a signed review on, and the key that has signed it where the account does not have it yet.
pub(super) async fn send(visit: Visit, Path(id): Path<String>, multipart: Multipart) -> Result<Response, Refused> {
    visit.account()?;
    match hand_on(&visit, &id, multipart).await {
        Ok(()) => Ok(Redirect::to(&format!("/plugins/{}#reviews", encoded(&id))).into_response()),
        Err(refused) => {
            let form = Form::again(&visit.caller, refused).await?;
            show(visit, &id, form, String::new()).await
        }
    }
}

/// Takes the visitor's reviews of a plugin back.
pub(super) async fn remove(
    visit: Visit,
    Path(id): Path<String>,
    Fields(Sent { nonce }): Fields<Sent>,
) -> Result<Response, Refused> {
    visit.account()?;
    match visit.caller.delete(&format!("/v1/plugins/{}/reviews", encoded(&id)), &nonce).await {
        Ok(()) => Ok(Redirect::to(&format!("/plugins/{}#reviews", encoded(&id))).into_response()),
        Err(refused) => {
            let form = Form::again(&visit.caller, refused).await?;
            show(visit, &id, form, String::new()).await
        }
    }
}

async fn show(visit: Visit, id: &str, form: Form, chosen: String) -> Result<Response, Refused> {
    let plugin = super::plugin::of_plugin(&visit, id).await?;
    let chosen = if chosen.is_empty() { plugin.summary.version.to_string() } else { chosen };
    let account = visit.account()?.clone();
    let own = super::plugin::owns(&account, &plugin);
    Ok(page(form.status, &ReviewForm { frame: visit.frame, account, plugin, form, chosen, now: words::now(), own }))
}

async fn hand_on(visit: &Visit, id: &str, multipart: Multipart) -> Result<(), Refused> {
    let written = read(multipart).await?;
    if written.signed.trim().is_empty() {
        return Err(Refused::usage("There is no review.", "Choose the file that the command wrote."));
    }
    let signed = document(&written.signed)?;
    if !written.key.is_empty() {
        let key = written
            .key
            .parse()
            .map_err(|error: hal9_package::ParseError| Refused::usage(&error.to_string(), "Load the page again."))?;
        if !visit.account()?.keys.contains(&key) {
            let add = AddKey { key, proof: document(&written.proof)? };
            let nonce = visit.caller.nonce().await?;
            visit.caller.send::<serde_json::Value>(Method::POST, "/v1/account/keys", &add, &nonce).await?;
        }
    }
    let path = format!("/v1/plugins/{}/reviews", encoded(id));
    visit.caller.send::<SignedReview>(Method::PUT, &path, &signed, &written.nonce).await.map(drop)
}

async fn read(mut multipart: Multipart) -> Result<Written, Refused> {
    let mut written = Written::default();
    for _ in 0..MAX_FIELDS {
        let Some(field) = multipart.next_field().await.map_err(sent::broken)? else {
            return Ok(written);
        };
        let name = field.name().unwrap_or_default().to_owned();
        let text = sent::text(field, "The review", 64 << 10).await?;
        match name.as_str() {
            "nonce" => written.nonce = text,
            "signed" => written.signed = text,
            "key" => written.key = text,
            "proof" => written.proof = text,
            _ => {}
        }
    }
    Ok(written)
}

fn document(json: &str) -> Result<Signed, Refused> {
    serde_json::from_str(json).map_err(|error| {
        let help = "Choose the file that `hal9 plugin review` wrote, or write the review here.";
        Refused::usage(&format!("This is no signed review: {error}."), help)
    })
}
