//! The server's HTTP interface, asked what nobody should ask: by a fuzzer that reads its OpenAPI document, on the wire, and by those who mean
//! harm. It is never its own fault (no status of 5xx), and it goes on answering.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod mutants;
mod pages;
mod requests;
mod schemathesis;
mod served;
mod slow;
mod wire;
