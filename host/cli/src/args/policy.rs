//! What people can type about what plugins may do, and about what they were refused.

use std::time::SystemTime;

use clap::{Args as Group, Subcommand};
use hal9_host::AuditKind;
use hal9_package::{Permission, PublicKey};

use super::{TrustArgs, key};

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Show what plugins declare, were granted and denied, and may do
    Show {
        /// Its id, or its name or the last part of its id; all plugins, where none is given
        plugin: Option<String>,
    },
    /// Let a plugin do something; a denial of the same is undone
    #[command(after_help = "\
A grant only ever adds. `revoke` and `deny` only ever take away: `revoke` what is granted, `deny` a part of it. \
What a plugin does not declare has no effect. The first change begins with what the plugin was granted when it was loaded.

Examples:
  hal9 policy grant sentiment-analyzer Hal9Memory SystemTime
  hal9 policy grant my-plugin 'NetworkHttps:*.example.com' 'FileRead:./data=>/data'
  hal9 --env production policy grant my-plugin Hal9Memory:cache/")]
    Grant(ChangeArgs),
    /// Take back what a plugin was granted; what is denied stays denied
    #[command(after_help = "\
Takes back the permission and all that it includes: `revoke PLUGIN Hal9Memory` also `Hal9Memory:notes/`. A part of what is granted \
cannot be revoked; deny it.")]
    Revoke(ChangeArgs),
    /// Keep a plugin from something, whatever it is granted, now or later; `grant` undoes it
    #[command(after_help = "\
Examples:
  hal9 policy deny my-plugin Hal9Memory:secrets/        all of its memory but that
  hal9 policy deny my-plugin NetworkHttp                no plain HTTP, whatever hosts are granted
  hal9 policy grant my-plugin Hal9Memory:secrets/       undoes it")]
    Deny(ChangeArgs),
    /// Let a key sign a plugin's packages
    #[command(after_help = "\
Examples:
  hal9 policy trust ai.hal9.sentiment-analyzer publisher.pub
  hal9 policy trust ai.hal9.sentiment-analyzer RWQ...")]
    Trust(TrustArgs),
    /// Let a key sign no more packages of a plugin; what is installed goes on
    Distrust(TrustArgs),
    /// Let a key sign nothing any more, and keep every plugin that is installed by it from running
    #[command(after_help = "\
For a key that is stolen or lost. It cannot be undone by another command: take the key out of `revoked` in [trust] of hal9.toml.")]
    RevokeKey {
        /// The key: the line of a public key file, or the file
        #[arg(value_name = "KEY|FILE", value_parser = key)]
        key: PublicKey,
    },
    /// Run a command, see what its plugins use, and grant them that and no more
    #[command(after_help = "\
The command runs twice: once with all that the plugins declare and is not denied, and then under the new policy, to prove that \
it is enough; then hal9.toml says so. Plugins that the command does not call keep what they have. Another run may need more than this one: `hal9 why-denied` tells.

Examples:
  hal9 policy learn -- signal send --layer L2 \"I love this!\"
  hal9 policy learn --dry-run -- tool call slugify --params '{\"text\": \"A b\"}'")]
    Learn {
        /// Show what would be granted, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// The command, without `hal9`
        #[arg(last = true, required = true, value_name = "COMMAND")]
        command: Vec<String>,
    },
}

#[derive(Debug, Group)]
pub(crate) struct ChangeArgs {
    /// Its id, or its name or the last part of its id; of a plugin that is not loaded yet, its id
    pub(crate) plugin: String,
    /// Such as Hal9Memory, Hal9Memory:PREFIX, NetworkHttps:HOST, FileRead:HOST_PATH=>GUEST_PATH
    #[arg(required = true, value_name = "PERMISSION")]
    pub(crate) permissions: Vec<Permission>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Show what plugins were refused, how they broke, and what was done with them
    #[command(after_help = "\
Examples:
  hal9 audit show --kind deny --since 1h
  hal9 audit show --plugin my-plugin --since 2026-01-31 --until 2026-02-01T12:00:00Z --limit 1000")]
    Show(AuditShow),
    /// Check that no record was changed, moved or taken away
    #[command(after_help = "\
Every record has the hash of the one before it, and audit.head the newest. So this finds what was changed, moved, taken away or cut \
off by anybody who has not made all the hashes again; against one who has, keep the hash that this prints somewhere else. \
Status 0: nothing is wrong. Status 10: something is, and where.")]
    Verify,
}

#[derive(Debug, Group)]
pub(crate) struct AuditShow {
    /// Only records of this plugin: its id, or its name or the last part of its id; of one that is not loaded, its id
    #[arg(long, value_name = "PLUGIN")]
    pub(crate) plugin: Option<String>,
    /// Only records of this kind; repeatable
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub(crate) kind: Vec<AuditKind>,
    /// Only records since then: a time, or how long ago
    #[arg(long, value_name = "TIME|DURATION", value_parser = moment)]
    pub(crate) since: Option<SystemTime>,
    /// Only records until then: a time, or how long ago
    #[arg(long, value_name = "TIME|DURATION", value_parser = moment)]
    pub(crate) until: Option<SystemTime>,
    /// How many of the last records
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
}

#[derive(Debug, Group)]
pub(crate) struct WhyDeniedArgs {
    /// Its id, or its name or the last part of its id; all plugins, where none is given
    pub(crate) plugin: Option<String>,
    /// How many of the last refusals
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) limit: usize,
}

fn kind(text: &str) -> Result<AuditKind, String> {
    AuditKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| format!("there are: {}", AuditKind::ALL.map(AuditKind::as_str).join(", ")))
}

/// `1h`, `2026-01-31` or `2026-01-31T12:00:00Z`.
pub(super) fn moment(text: &str) -> Result<SystemTime, String> {
    if let Ok(ago) = humantime::parse_duration(text) {
        return SystemTime::now().checked_sub(ago).ok_or_else(|| "that is before all time".to_owned());
    }
    let time =
        humantime::parse_rfc3339_weak(text).or_else(|_| humantime::parse_rfc3339_weak(&format!("{text}T00:00:00")));
    time.map_err(|_| {
        "write how long ago, such as 1h or 2days, or a time in UTC, such as 2026-01-31 or 2026-01-31T12:00:00Z"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_times_or_how_long_ago() {
        let day = moment("2026-01-31").unwrap();
        assert_eq!(moment("2026-01-31T00:00:00Z").unwrap(), day);
        assert_eq!(moment("2026-01-31 01:00:00").unwrap().duration_since(day).unwrap().as_secs(), 3_600);
        assert!(moment("1h").unwrap() < SystemTime::now());
        for wrong in ["", "yesterday", "2026-13-01", "-1h", "99999999999999years"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
