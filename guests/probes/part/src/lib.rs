//! A component that is no plugin: it exports what `uses-part` imports, and is composed with it.

// The names of its exports are none for a native library.
#![cfg(target_family = "wasm")]
#![expect(unsafe_code, reason = "the exports of generated bindings")]

mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "part", generate_all });
}

use bindings::exports::test::part::speech::{Guest, Voice};

struct Part;

impl Guest for Part {
    fn shout(text: String, voice: Voice) -> String {
        vec![text.to_uppercase(); voice.times as usize].join(" ")
    }
}

bindings::export!(Part with_types_in bindings);
