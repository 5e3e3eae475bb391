//! Owns what belongs to one call and not to the plugin: who waits for it, what it emitted, what it took. It refuses to
//! know what is called.

use std::time::Duration;

use hal9_package::PluginId;

use crate::Emission;

/// Who waits for what an instance does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Waiting<'a> {
    /// These plugins, outermost first.
    Chain(&'a [PluginId]),
    /// Perhaps anybody: all calls of the plugin are kept waiting.
    Anybody,
}

impl Waiting<'_> {
    /// No plugin waits.
    pub(crate) const NOBODY: Self = Self::Chain(&[]);
}

/// What one call brings along and takes home. Can be used for one call after another; what was emitted adds up.
#[derive(Debug, Default)]
pub struct Call {
    pub(crate) chain: Vec<PluginId>,
    pub(crate) measured: bool,
    pub(crate) emitted: Vec<Emission>,
    pub(crate) elapsed: Option<Duration>,
    pub(crate) peak_memory: u64,
}

impl Call {
    /// A call of nobody else's.
    pub fn new() -> Self {
        Self::default()
    }

    /// A call whose time is taken. (Others are timed one in 64, as two readings of the clock cost more than all else
    /// that the host does for a short call.)
    pub fn measured() -> Self {
        Self { measured: true, ..Self::default() }
    }

    /// A call that the last of `chain` makes while the others wait for it, outermost first.
    pub(crate) fn behind(chain: &[PluginId]) -> Self {
        Self { chain: chain.to_vec(), measured: true, ..Self::default() }
    }

    /// How long the last call took, with waiting in host calls and without waiting for the plugin's turn; none, where
    /// it was not timed.
    pub fn elapsed(&self) -> Option<Duration> {
        self.elapsed
    }

    /// The most bytes that the instance of the last call has had in use in its life.
    pub fn peak_memory(&self) -> u64 {
        self.peak_memory
    }

    /// What was emitted by all calls that went well, in order. The host delivers none of it by itself: a
    /// [`Manager`](crate::Manager) does.
    pub fn take_emitted(&mut self) -> Vec<Emission> {
        std::mem::take(&mut self.emitted)
    }
}
