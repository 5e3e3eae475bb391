//! Which sort of failure each error is, and what to do about it. It does not know exit statuses or how errors are shown.

use hal9_package::PluginId;
use hal9_registry_index::{Distrust, api::ProblemCode};

use crate::Error;

impl Error {
    /// Which sort of failure it is, as in the answers of registries.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Settings { .. } | Self::Text(_) => ProblemCode::Usage,
            Self::Unreachable { .. }
            | Self::Offline { .. }
            | Self::Expired { .. }
            | Self::Redirected { .. }
            | Self::Unexpected { .. }
            | Self::Busy { .. } => ProblemCode::Unavailable,
            Self::TooLarge { .. } => ProblemCode::LimitExceeded,
            Self::Refused { problem, .. } => problem.code,
            Self::SignedOut { .. } | Self::Exposed { .. } => ProblemCode::PermissionDenied,
            Self::Distrust { .. }
            | Self::Broken { .. }
            | Self::ChangedPackage { .. }
            | Self::BadSignature { .. }
            | Self::Misdescribed { .. }
            | Self::OtherRegistry { .. } => ProblemCode::Signature,
            Self::Package { .. } => ProblemCode::InvalidPackage,
            Self::Unknown { .. } | Self::Withdrawn { .. } => ProblemCode::NotFound,
            Self::Ambiguous { .. } | Self::ClaimedElsewhere { .. } | Self::Unlisted { .. } => ProblemCode::Conflict,
            Self::Damaged { .. } | Self::File { .. } => ProblemCode::Internal,
        }
    }

    /// The word for programs, within the code.
    pub fn reason(&self) -> Option<&str> {
        Some(match self {
            Self::Settings { .. } => "settings",
            Self::Text(_) | Self::Package { .. } => return None,
            Self::Unreachable { .. } => "unreachable",
            Self::Offline { .. } => "offline",
            Self::Expired { .. } => "stale-index",
            Self::Redirected { .. } => "redirected",
            Self::TooLarge { .. } => "size",
            Self::Unexpected { .. } => "not-a-registry",
            Self::Refused { problem, .. } => return problem.reason.as_deref(),
            Self::SignedOut { .. } => "signed-out",
            Self::Distrust { source, .. } => source.reason(),
            Self::Broken { source, .. } => source.reason(),
            Self::ChangedPackage { .. } => "changed-package",
            Self::BadSignature { .. } => "bad-signature",
            Self::Misdescribed { .. } => "misdescribed",
            Self::Unknown { .. } => "plugin",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Ambiguous { .. } => "ambiguous",
            Self::ClaimedElsewhere { .. } | Self::Unlisted { .. } => "bound-elsewhere",
            Self::OtherRegistry { .. } => "other-registry",
            Self::Exposed { .. } => "exposed",
            Self::Damaged { .. } => "damaged",
            Self::Busy { .. } => "busy",
            Self::File { .. } => "file",
        })
    }

    /// The plugin that it is about.
    pub fn plugin(&self) -> Option<&str> {
        match self {
            Self::Broken { plugin, .. }
            | Self::ChangedPackage { plugin, .. }
            | Self::BadSignature { plugin, .. }
            | Self::Misdescribed { plugin, .. }
            | Self::Unknown { plugin, .. }
            | Self::Withdrawn { plugin, .. }
            | Self::Ambiguous { plugin, .. }
            | Self::ClaimedElsewhere { plugin, .. }
            | Self::Unlisted { plugin, .. }
            | Self::OtherRegistry { plugin, .. } => Some(plugin.as_str()),
            Self::Package { plugin, .. } => plugin.as_ref().map(PluginId::as_str),
            Self::Refused { problem, .. } => problem.plugin.as_deref(),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let text = match self {
            Self::Settings { .. } => "mend what `hal9.toml` says of it",
            Self::Unreachable { .. } => "look at its address in `hal9.toml` and at the network, and try again",
            Self::Offline { .. } => "leave out `--offline`",
            Self::Expired { .. } => {
                "try again when the registry can be reached, or accept the old index, knowing that notices and yanked versions may be missing"
            }
            Self::Redirected { .. } => "if it has moved, change its address in `hal9.toml`",
            Self::TooLarge { .. } | Self::Unexpected { .. } => {
                "look at its address in `hal9.toml`: this is no registry, or one of another version"
            }
            Self::SignedOut { registry } => return Some(format!("log in: hal9 auth login NAME --registry {registry}")),
            Self::Refused { problem, .. } => return problem.help.clone(),
            Self::Distrust { source, .. } if matches!(**source, Distrust::Stale { .. }) => {
                "ask who runs the registry, and look at this machine's clock"
            }
            Self::Distrust { .. } | Self::OtherRegistry { .. } => {
                "nothing was changed here: ask who runs the registry, by another way than the registry"
            }
            Self::Broken { .. } | Self::BadSignature { .. } | Self::Misdescribed { .. } => {
                "nothing was installed: ask the plugin's author, by another way than the registry"
            }
            Self::ChangedPackage { .. } => "nothing was installed: tell who runs the registry or mirror",
            Self::Withdrawn { .. } => "take another version",
            Self::Ambiguous { registries, plugin } => {
                let first = registries.first().map_or("NAME", String::as_str);
                return Some(format!(
                    "say which with `--registry {first}`, or for good in `hal9.toml`: `plugins = [\"{plugin}\"]` below that registry"
                ));
            }
            Self::ClaimedElsewhere { plugin, .. } => {
                return Some(format!(
                    "change `plugins` in `hal9.toml`, or run `hal9 plugin uninstall {plugin} --purge` and install it again"
                ));
            }
            Self::Unlisted { .. } => {
                "put it into `hal9.toml` again, or uninstall the plugin and install it from another"
            }
            Self::Exposed { path, .. } => {
                return Some(format!(
                    "run `chmod 600 {}`, and revoke the tokens if somebody has read them",
                    path.display()
                ));
            }
            Self::Damaged { .. } => {
                "move the file away if you believe what the registry says now: it is then used as for the first time"
            }
            Self::Busy { .. } => "try again when it is done",
            Self::Text(_) | Self::Package { .. } | Self::Unknown { .. } | Self::File { .. } => return None,
        };
        Some(text.to_owned())
    }

    /// Whether the registry was not there, so that what is kept may answer in its place.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Offline { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
            _ => false,
        }
    }
}
