//! Owns the files that pages load: one style sheet and a few small scripts, under names that change with what they hold. It refuses to know which page
//! loads which.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse as _, Response},
};

use super::failure::Refused;

/// A file as it is served.
struct Asset {
    kind: &'static str,
    text: String,
}

/// A script stands behind those that it imports.
const FILES: [(&str, &str); 10] = [
    ("mark.svg", include_str!("../../assets/mark.svg")),
    ("style.css", include_str!("../../assets/style.css")),
    ("theme.js", include_str!("../../assets/theme.js")),
    ("page.js", include_str!("../../assets/page.js")),
    ("search.js", include_str!("../../assets/search.js")),
    ("publish.js", include_str!("../../assets/publish.js")),
    ("blake2b.js", include_str!("../../assets/blake2b.js")),
    ("minisign.js", include_str!("../../assets/minisign.js")),
    ("keys.js", include_str!("../../assets/keys.js")),
    ("review.js", include_str!("../../assets/review.js")),
];

/// All of them.
#[derive(Default)]
struct Served {
    /// By the name that has the hash of the content in it.
    files: BTreeMap<String, Asset>,
    /// The addresses by the plain names.
    paths: BTreeMap<&'static str, String>,
}

static SERVED: LazyLock<Served> = LazyLock::new(|| {
    let mut served = Served::default();
    for (name, text) in FILES {
        let mut text = text.to_owned();
        for (imported, path) in &served.paths {
            text = text.replace(&format!("\"./{imported}\""), &format!("\"{path}\""));
        }
        let (stem, kind) = name.rsplit_once('.').unwrap_or((name, ""));
        let hash = blake3::hash(text.as_bytes()).to_hex();
        let file = format!("{stem}-{}.{kind}", &hash[..16]);
        served.paths.insert(name, format!("/assets/{file}"));
        let kind = match kind {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            _ => "image/svg+xml",
        };
        served.files.insert(file, Asset { kind, text });
    }
    served
});

/// Where a file is; a name that is none is a fault of a template, which the tests of the pages find.
pub(crate) fn path(name: &str) -> &'static str {
    SERVED.paths.get(name).map_or("/assets/missing", String::as_str)
}

/// Gives a file, for ever: another content has another name.
pub(super) async fn serve(Path(file): Path<String>) -> Result<Response, Refused> {
    let asset = SERVED.files.get(&file).ok_or_else(Refused::nothing)?;
    let headers = [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, asset.text.as_str()).into_response())
}
