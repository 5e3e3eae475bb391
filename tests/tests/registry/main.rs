//! Plugins from registries, as users of the command have them: from registries that lie, and from real ones.
#![expect(clippy::unwrap_used, reason = "tests say with their names what they are about")]

#[expect(dead_code, reason = "the client's own tests make more documents of it")]
#[path = "../../../host/registry-client/tests/hostile/documents.rs"]
mod documents;
#[expect(dead_code, reason = "the command's own tests do more with a home")]
#[path = "../cli/home.rs"]
mod home;
mod market;
mod operate;
mod refusals;
#[expect(dead_code, reason = "the client's own tests have more sorts of answers")]
#[path = "../../../host/registry-client/tests/hostile/server.rs"]
mod server;
mod site;
