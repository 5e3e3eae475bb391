//! What passes between the host and the child, one JSON text a line. It refuses to know how either is connected.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use peer_jobs::Signal;
use serde::{Deserialize, Serialize};

/// What the host asks.
#[derive(Serialize, Deserialize)]
pub enum Request<'a> {
    /// Answer a signal.
    Signal(Cow<'a, Signal>),
    /// Run the tool; its parameters as JSON text.
    Tool(Cow<'a, str>),
    /// Keep a value under a key. JSON has no bytes: they are Base64.
    Put(Cow<'a, str>, String),
    /// Tell the value of a key.
    Get(Cow<'a, str>),
    /// Weigh vectors, one after the other.
    Predict(Cow<'a, [f32]>),
}

/// What the child answers.
#[derive(Serialize, Deserialize)]
pub enum Reply {
    /// The signal, answered.
    Signal(Signal),
    /// The tool's result as JSON text.
    Tool(String),
    /// The value is kept.
    Kept,
    /// The value, in Base64; none, where there is none.
    Value(Option<String>),
    /// A number each vector.
    Numbers(Vec<f32>),
    /// What was wrong with the request.
    Failed(String),
}

/// Bytes as JSON can have them.
pub fn encode(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// Bytes from [`encode`]'s text.
///
/// # Errors
///
/// What is wrong with the text.
pub fn decode(text: &str) -> Result<Vec<u8>, String> {
    BASE64_STANDARD.decode(text).map_err(|error| format!("not Base64: {error}"))
}
