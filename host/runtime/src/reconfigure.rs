//! Owns the change of a plugin's configuration while it works. It refuses to know where configurations are kept.

use std::sync::Arc;
use std::time::Instant;

use crate::call::Waiting;
use crate::instance::Live;
use crate::resident::{Resident, shut_down};
use crate::version::Version;
use crate::{Call, Error, Kind, Plugin, configuration};

impl Plugin {
    /// Gives it another configuration, between two calls: each instance by `hal9:plugin/lifecycle.reconfigure`, or a fresh one where it
    /// does not have that. Where no instance lives, one is made with the new configuration, so that it is seen to work; also one
    /// that could not begin with the old.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for what the plugin's schema refuses, and whatever ends a call; the old configuration then holds.
    pub async fn reconfigure(&self, call: &mut Call, config: serde_json::Value) -> Result<(), Error> {
        let started = call.measured.then(Instant::now);
        let resident = self.resident.clone();
        // In a task of its own, so that a caller who gives up leaves no instance between two configurations.
        let task = tokio::spawn(async move {
            let _changing = resident.changing.lock().await;
            let version = resident.current();
            let config = Arc::new(configuration::check(&version.manifest, config)?);
            if version.kinds.contains(&Kind::Lifecycle) {
                return reconfigure(&resident, config).await;
            }
            version.set_config(config);
            resident.forgive();
            resident.stop().await
        });
        let result = task.await.unwrap_or_else(|error| Err(Error::internal("changing a configuration", error)));
        call.elapsed = started.map(|started| started.elapsed());
        result
    }
}

async fn reconfigure(resident: &Resident, config: Arc<serde_json::Value>) -> Result<(), Error> {
    let mut turns = resident.seats.all_turns().await;
    let version = resident.current();
    let old = version.set_config(config.clone());
    let mut taken = Vec::new();
    let mut result = Ok(());
    for slot in turns.slots.iter_mut() {
        let Some(mut live) = slot.take_if(|live| resident.is_current(live)) else { continue };
        result = live.reconfigure(&config).await;
        let lost = live.lost;
        if !lost {
            **slot = Some(live);
        }
        if let Err(error) = &result {
            if lost {
                resident.note(version.number, Some(error), None);
            }
            break;
        }
        taken.push(slot);
    }
    if result.is_err() {
        version.set_config(old.clone());
        for slot in taken {
            take_back(slot, &old).await;
        }
        return result;
    }
    if taken.is_empty() {
        begin_anew(&version, &mut turns.slots[0], old).await?;
    }
    resident.forgive();
    // It began with the old configuration.
    if let Some(spare) = resident.take_spare() {
        shut_down(spare, Waiting::Anybody).await;
    }
    Ok(())
}

/// Gives an instance its old configuration again; one that does not take it makes room for a fresh one.
async fn take_back(slot: &mut Option<Box<Live>>, old: &Arc<serde_json::Value>) {
    let Some(mut live) = slot.take() else { return };
    match live.reconfigure(old).await {
        Ok(()) => *slot = Some(live),
        Err(error) => {
            tracing::warn!(plugin = error.plugin(), "does not take its old configuration back: {error}");
            if !live.lost {
                shut_down(live, Waiting::Anybody).await;
            }
        }
    }
}

/// Makes an instance with the new configuration; the old one holds where that cannot begin.
async fn begin_anew(
    version: &Arc<Version>,
    slot: &mut Option<Box<Live>>,
    old: Arc<serde_json::Value>,
) -> Result<(), Error> {
    match Live::start(version, Waiting::Anybody).await {
        Ok(live) => *slot = Some(live),
        Err(error) => {
            version.set_config(old);
            return Err(error);
        }
    }
    Ok(())
}
