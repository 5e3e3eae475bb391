//! What `hal9 plugin list` tells of a plugin in one word: whether it takes part, and what keeps it from that. It refuses to
//! start anything.

use hal9_host::check_configuration;
use hal9_registry::{Plugin, Source};
use serde_json::Value;

use crate::failure::Failure;
use crate::secrets::references;
use crate::session::Session;
use crate::trust::key_of;

/// Whether a plugin would answer, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Active,
    Inactive,
    /// The key that it was installed by is revoked.
    Revoked,
    /// Its component is lost or altered.
    Damaged,
    /// Its configuration is not what its schema asks for.
    Unconfigured,
}

impl State {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Revoked => "revoked",
            Self::Damaged => "damaged",
            Self::Unconfigured => "unconfigured",
        }
    }
}

/// The state of a plugin; one that is found in a folder `is_kept` by nobody, and was read when it was found.
pub(super) fn of(session: &Session, plugin: &Plugin, is_kept: bool) -> Result<State, Failure> {
    if session.settings.trust().may_run(plugin.id(), key_of(plugin)).is_err() {
        return Ok(State::Revoked);
    }
    let is_whole = !is_kept
        || match &plugin.source {
            Source::Linked(link) => link.component.is_file(),
            Source::Installed(_) => session.registry.component(plugin).is_ok(),
        };
    if !is_whole {
        return Ok(State::Damaged);
    }
    if !plugin.active {
        return Ok(State::Inactive);
    }
    let config = Value::Object(session.settings.plugin(plugin.id()).config);
    let unknown = references(&config);
    // A schema that is none is told where the plugin is started.
    let is_configured =
        check_configuration(&plugin.manifest, config, &unknown).is_ok_and(|(_, faults)| faults.is_empty());
    Ok(if is_configured { State::Active } else { State::Unconfigured })
}
