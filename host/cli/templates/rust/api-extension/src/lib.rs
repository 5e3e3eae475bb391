//! An extension of HAL9's HTTP interface: says how many words the text has that was sent.
//!
//! HAL9 recognises such a plugin, checks it, packs and installs it. It does not serve requests to it yet.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: {
        id: "local.example-plugin",
        name: "Example Plugin",
        version: env!("CARGO_PKG_VERSION"),
        author: "The authors of Example Plugin",
        description: "Counts the words of texts that are sent to it over HTTP.",
        license: "Apache-2.0",
    },
    capabilities: [
        PluginCapability::ApiExtension { path: "/example-plugin", description: "POST a text, and get {\"words\": 3}." },
    ],
}

/// The answer to a text: its status, and what it says.
#[cfg(any(target_family = "wasm", test))]
fn answer(method: &str, text: &[u8]) -> (u16, Value) {
    match (method, std::str::from_utf8(text)) {
        ("POST", Ok(text)) => (200, json!({ "words": text.split_ascii_whitespace().count() })),
        ("POST", Err(error)) => (400, json!({ "error": format!("the text is not UTF-8: {error}") })),
        _ => (405, json!({ "error": "POST a text" })),
    }
}

/// The way of requests and responses through `wasi:http`.
#[cfg(target_family = "wasm")]
mod http {
    use wasip2::http::types::{
        ErrorCode, Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
    };
    use wasip2::io::streams::StreamError;

    /// More than this of a text is not read.
    const MOST: usize = 1 << 20;

    struct Extension;

    impl wasip2::exports::http::incoming_handler::Guest for Extension {
        fn handle(request: IncomingRequest, reply: ResponseOutparam) {
            let method = if matches!(request.method(), Method::Post) { "POST" } else { "another" };
            let (status, body) = match read(&request) {
                Some(text) => super::answer(method, &text),
                None => (413, hal9_plugin_sdk::json!({ "error": format!("send {MOST} bytes at most") })),
            };
            let headers = Fields::from_list(&[("content-type".to_owned(), b"application/json".to_vec())]);
            let response = OutgoingResponse::new(headers.unwrap_or_else(|_| Fields::new()));
            let (Ok(()), Ok(out)) = (response.set_status_code(status), response.body()) else {
                return ResponseOutparam::set(reply, Err(ErrorCode::InternalError(None)));
            };
            ResponseOutparam::set(reply, Ok(response));
            // Whoever asked may be gone.
            if let Ok(stream) = out.write() {
                let _ = stream.blocking_write_and_flush(body.to_string().as_bytes());
            }
            let _ = OutgoingBody::finish(out, None);
        }
    }

    /// The body of a request; none, where it is too long.
    fn read(request: &IncomingRequest) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        let Ok(body) = request.consume() else { return Some(text) };
        let Ok(stream) = body.stream() else { return Some(text) };
        loop {
            match stream.blocking_read(64 << 10) {
                Ok(bytes) => text.extend(bytes),
                Err(StreamError::Closed) => return Some(text),
                Err(StreamError::LastOperationFailed(_)) => return None,
            }
            if text.len() > MOST {
                return None;
            }
        }
    }

    wasip2::http::proxy::export!(Extension);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_posted_is_counted() {
        assert_eq!(answer("POST", b"  two\n words "), (200, json!({ "words": 2 })));
        assert_eq!(answer("POST", b"").1, json!({ "words": 0 }));
        assert_eq!(answer("POST", b"\xff").0, 400);
        assert_eq!(answer("another", b"one").0, 405);
    }
}
