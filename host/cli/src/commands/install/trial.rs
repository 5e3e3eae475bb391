//! Owns trying a version before it serves: it is loaded and started as it would be to run, secrets and all, and ended again. It
//! refuses to know what becomes of it then.

use hal9_host::{Component, Plugin};
use hal9_package::{Manifest, Permissions};

use crate::failure::Failure;
use crate::secrets::GIVEN;
use crate::session::Session;

/// Loads a version under what is said of its plugin now.
///
/// # Errors
///
/// Code `usage` for a configuration that does not do, or whose secrets are not there.
pub(super) fn load(
    session: &Session,
    component: &Component,
    manifest: &Manifest,
    granted: &Permissions,
) -> Result<Plugin, Failure> {
    let id = &manifest.metadata.id;
    let mut options = session.options(id, manifest, granted);
    options.config = session.with_secrets(id, options.config)?;
    Ok(session.manager.host().load(component, options)?)
}

/// Starts a version, and ends it.
pub(super) async fn start(session: &Session, plugin: &Plugin) -> Result<(), Failure> {
    plugin.start().await?;
    if let Err(error) = plugin.stop().await {
        // It may quote what it was given in confidence.
        let failure = GIVEN.failure(&error.into());
        session.output.note(format!("{}: at its end: {}", plugin.id(), failure.message));
    }
    Ok(())
}
