//! The OpenAPI document: made from the handlers themselves, with what holds for all of them. It does not know their paths.

use axum::{
    Extension,
    body::Bytes,
    http::header,
    response::{IntoResponse, Response},
};
use hal9_registry_index::api::{Order, Problem};
use utoipa::{
    Modify, OpenApi, ToSchema,
    openapi::{
        ContentBuilder, Ref, ResponseBuilder, SecurityRequirement,
        path::{Operation, PathItem},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
        server::Server,
    },
};

use crate::AppState;

/// What stands in front of the paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "HAL9 plugin registry",
        description = "Publish, find, judge and install HAL9 plugins. Everything that is installed is verified by the client against the signed index \
            (`/v1/index`): what a search answers is a hint.\n\nEvery request that changes something carries a `Replay-Nonce` of `/v1/nonces`, good once; \
            where it is refused with the reason `bad-nonce`, get another and try again once. Refused requests are answered with a `Problem`.",
        license(name = "Apache-2.0"),
    ),
    components(schemas(Problem, Order)),
    modifiers(&Security),
)]
struct Front;

/// Bytes as they are.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it stands in the document alone")]
pub(super) struct Octets(Vec<u8>);

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("hal9_<id>_<secret>")
            .description(Some("A token of `/v1/tokens`; what it may do is said by its scopes."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token));
    }
}

/// The document that handlers are added to.
pub(super) fn begin() -> utoipa::openapi::OpenApi {
    Front::openapi()
}

/// Adds what holds for every operation, and gives the document's text.
pub(super) fn finish(mut document: utoipa::openapi::OpenApi, state: &AppState) -> Bytes {
    if let Some(url) = &state.config().url {
        document.servers = Some(vec![Server::new(url.clone())]);
    }
    let private = state.config().private;
    for item in document.paths.paths.values_mut() {
        for (operation, changes) in operations(item) {
            let signed_in = operation.security.as_ref().is_some_and(|security| !security.is_empty());
            let mut add = |status: &str, what: &str| {
                let responses = &mut operation.responses.responses;
                responses.entry(status.to_owned()).or_insert_with(|| problem(what).into());
            };
            add("400", "The request is not what this asks for.");
            add("429", "Too often: again after the seconds of `Retry-After`.");
            add("500", "The server's own fault.");
            add("503", "Not now: again after the seconds of `Retry-After`.");
            if signed_in || private {
                add("401", "Nobody is signed in.");
                add("403", "The token may not do this.");
            }
            if changes {
                add("405", "This is a mirror, which only answers.");
                add(
                    "409",
                    "Something stands against it; with the reason `bad-nonce` the number was used before, or is too old.",
                );
                add("413", "The body is too large.");
                add("415", "The body is of another media type.");
            }
            if private && !signed_in {
                operation.security = Some(vec![SecurityRequirement::new("token", ["read"])]);
            }
        }
    }
    // A document of texts and lists can always be written.
    document.to_pretty_json().unwrap_or_default().into()
}

/// What this registry answers, as an OpenAPI document.
#[utoipa::path(get, path = "/openapi.json", tag = "registry",
    responses((status = 200, description = "This document.", content_type = "application/json", body = Object)))]
pub(super) async fn document(Extension(document): Extension<Bytes>) -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")], document)
        .into_response()
}

/// The operations of a path, and whether each changes something.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&mut Operation, bool)> {
    let reads = [&mut item.get, &mut item.head].into_iter().map(|one| (one, false));
    let writes = [&mut item.put, &mut item.post, &mut item.patch, &mut item.delete].into_iter().map(|one| (one, true));
    reads.chain(writes).filter_map(|(operation, changes)| operation.as_mut().map(|operation| (operation, changes)))
}

fn problem(what: &str) -> utoipa::openapi::Response {
    let schema = Ref::from_schema_name(Problem::name());
    ResponseBuilder::new()
        .description(what)
        .content("application/json", ContentBuilder::new().schema(Some(schema)).build())
        .build()
}
