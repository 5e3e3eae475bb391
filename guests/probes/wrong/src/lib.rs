//! A plugin of every kind that keeps every law of its interfaces, but for the one that its configuration names with `fault`: what the
//! conformance suite is held against. Without the SDK, which would not let it.

mod life;
mod model;
mod neuron;
mod shelf;
mod tools;

mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit",
        inline: "
            package test:wrong;
            world wrong {
                import hal9:plugin/config@0.1.0;
                import hal9:plugin/memory@0.1.0;
                export hal9:plugin/neuron@0.1.0;
                export hal9:plugin/tool@0.1.0;
                export hal9:plugin/memory-provider@0.1.0;
                export hal9:plugin/learning-algorithm@0.1.0;
                export hal9:plugin/lifecycle@0.1.0;
            }
        ",
        generate_all,
    });
}

use bindings::hal9::plugin::config;
use bindings::hal9::plugin::types::{Failure, FailureCode};

/// What the exports are of.
struct Wrong;

/// Whether it is wrong in this way.
fn is(fault: &str) -> bool {
    config::get("fault").is_some_and(|named| named.trim_matches('"') == fault)
}

fn invalid<T>(message: &str) -> Result<T, Failure> {
    Err(Failure { code: FailureCode::InvalidInput, message: message.to_string() })
}

#[cfg(target_family = "wasm")]
#[expect(unsafe_code, reason = "an export is a C function")]
mod export {
    use super::{Wrong, bindings};

    bindings::export!(Wrong with_types_in bindings);
}
