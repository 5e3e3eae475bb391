//! Why nothing can be chosen, and what to change. It does not know exit codes, or how errors are shown.

use std::fmt;

use hal9_package::PluginId;
use semver::Version;

use super::Obstacle;
use crate::Error;

/// Why there are no versions that go together. The message says who needs what, [`help`](Self::help) what to change.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unsolvable {
    /// Something that is needed is not there, or cannot be there for all that need it.
    Unmet {
        /// What stands in the way, by plugin. Taking one of them away may be enough, where they are of different versions
        /// of the same plugin; or all of them may have to go.
        obstacles: Vec<Obstacle>,
    },

    /// Plugins need each other in a circle, so that none of them can be first.
    Cycle {
        /// The circle: each needs the next, and the last is the first again.
        path: Vec<(PluginId, Version)>,
    },

    /// The search took too long, or there is too much to search.
    TooHard {
        /// What there is too much of, such as `versions`.
        what: &'static str,
        /// How many of it are allowed.
        limit: usize,
    },

    /// A catalogue could not be read.
    Catalogue(Error),
}

/// How many obstacles a message tells of.
const TOLD: usize = 3;

impl Unsolvable {
    /// The plugin that it is about: the one that cannot be there as it is needed, or the first of a circle.
    pub fn plugin(&self) -> Option<&PluginId> {
        match self {
            Self::Unmet { obstacles } => obstacles.first().map(|obstacle| &obstacle.plugin),
            Self::Cycle { path } => path.first().map(|(id, _)| id),
            Self::TooHard { .. } | Self::Catalogue(_) => None,
        }
    }

    /// What to change, in sentences.
    pub fn help(&self) -> String {
        match self {
            Self::Unmet { obstacles } if obstacles.is_empty() => {
                "Ask for less at once, to see which plugins do not go together.".to_owned()
            }
            Self::Unmet { obstacles } => {
                let mut help: Vec<_> = obstacles.iter().take(TOLD).map(Obstacle::help).collect();
                help.dedup();
                help.join(" ")
            }
            Self::Cycle { path } => {
                let mut names: Vec<_> = path.iter().skip(1).map(|(id, _)| id.to_string()).collect();
                names.sort();
                format!(
                    "Ask the author of {} to remove the dependency, or use a version that does not have it.",
                    names.join(" or ")
                )
            }
            Self::TooHard { .. } => "Ask for exact versions, such as `=1.2.0`: they leave less to try.".to_owned(),
            Self::Catalogue(_) => "Mend what the message names and try again.".to_owned(),
        }
    }
}

impl fmt::Display for Unsolvable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmet { obstacles } if obstacles.is_empty() => {
                f.write_str("no versions of what was asked for and of what it needs go together")
            }
            Self::Unmet { obstacles } => {
                let told: Vec<_> = obstacles.iter().take(TOLD).map(ToString::to_string).collect();
                f.write_str(&told.join(". And "))?;
                match obstacles.len().saturating_sub(TOLD) {
                    0 => Ok(()),
                    more => write!(f, ". And {more} more such obstacles"),
                }
            }
            Self::Cycle { path } => {
                let shown: Vec<_> = path.iter().map(|(id, version)| format!("{id} {version}")).collect();
                write!(f, "these plugins need each other in a circle: {}", shown.join(" → "))
            }
            Self::TooHard { what, limit } => {
                write!(f, "no versions that go together were found after looking at {limit} {what}")
            }
            Self::Catalogue(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Unsolvable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Catalogue(error) => error.source(),
            _ => None,
        }
    }
}
