//! What is known of a registry without asking it. It does not know how it came here.

use hal9_registry_index::{Head, Root};

use crate::{Error, Registry};

impl Registry {
    /// The newest root that was believed: which keys speak for the registry. None before it was asked the first time.
    ///
    /// # Errors
    ///
    /// [`Error::Distrust`] where it is not what the settings name, [`Error::Damaged`], [`Error::File`].
    pub fn root(&self) -> Result<Option<Root>, Error> {
        Ok(self.trust()?.map(|trust| trust.root))
    }

    /// The newest head that was believed. None before the index was asked for the first time.
    ///
    /// # Errors
    ///
    /// Those of [`root`](Self::root).
    pub fn last_index(&self) -> Result<Option<Head>, Error> {
        match self.trust()? {
            Some(trust) => Ok(self.last_head(&trust)?.map(|(_, head)| head)),
            None => Ok(None),
        }
    }
}
