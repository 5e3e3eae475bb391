//! Installed plugins: what goes in comes out whole, whatever happens on the way.

#[path = "../common/mod.rs"]
mod common;
mod damage;
mod install;
mod migration;
mod packages;
mod together;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What stands in the variable when this program runs as another process of a test.
const HOME: &str = "HAL9_REGISTRY_TEST_HOME";
