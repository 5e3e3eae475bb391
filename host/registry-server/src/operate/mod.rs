//! Running a registry: saved, brought back, tidied up, mirrored and kept clean, each while it may be served. It does not know who asks for it, or over which
//! network another registry is reached.

mod archive;
mod backup;
mod mirror;
mod moderate;
mod people;
mod prune;
mod restore;

pub use backup::{Backup, backup};
pub use mirror::{Fetch, Mirrored, mirror};
pub use moderate::{unwarn, warn, withdraw};
pub use people::{disable, enable, set_password};
pub use prune::{Pruned, Retention, prune};
pub use restore::{Restored, restore};

pub(crate) use prune::prune_with;
