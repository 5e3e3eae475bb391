//! Owns what whoever loads a plugin says about it. It refuses to know what becomes of that.

use hal9_package::{LimitOverrides, Manifest, Permissions, RuntimeOverrides};

use crate::Breaker;

/// What a plugin gets of what its manifest declares.
#[derive(Clone, Debug)]
pub enum Grant {
    /// All of it. For one's own plugins.
    Declared,
    /// What is in here and declared as well.
    Only(Permissions),
}

/// How a plugin is loaded. The default grants nothing.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Its manifest, for a component that carries none. One that carries its own is described by that.
    pub manifest: Option<Manifest>,
    /// What it gets of what it declares.
    pub grant: Grant,
    /// What it does not get, whatever is granted.
    pub deny: Permissions,
    /// Caps on its limits: the smaller of each and what the manifest says is what holds.
    pub caps: LimitOverrides,
    /// Its configuration, a JSON object that its schema allows.
    pub config: serde_json::Value,
    /// How its instances are kept, in place of what its manifest says.
    pub runtime: RuntimeOverrides,
    /// When it is given a rest for breaking again and again.
    pub breaker: Breaker,
    /// What its randomness begins with where it may have any, the same for every instance; none for real randomness. For tests:
    /// what is drawn so can be foreseen.
    pub seed: Option<u64>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            manifest: None,
            grant: Grant::Only(Permissions::default()),
            deny: Permissions::default(),
            caps: LimitOverrides::default(),
            config: serde_json::json!({}),
            runtime: RuntimeOverrides::default(),
            breaker: Breaker::default(),
            seed: None,
        }
    }
}

impl LoadOptions {
    /// Grants all that the plugin declares.
    pub fn declared() -> Self {
        Self { grant: Grant::Declared, ..Self::default() }
    }
}
