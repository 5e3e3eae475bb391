//! What people can type to configure plugins. It owns names, help and examples, and refuses to know what any of it does.

use clap::{Args as Group, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show what a plugin is configured with, and where each value comes from
    #[command(after_help = "Examples:
  hal9 plugin config get sentiment-analyzer
  hal9 --env production plugin config get sentiment-analyzer positive_threshold

Values come from hal9.toml, from the environment's section in there, or are defaults of the plugin's schema. \
Secrets are never shown: only where they are.")]
    Get {
        /// Its id, or its name or the last part of its id
        plugin: String,
        /// Only this member and what is in it; `server.port` is one within another
        key: Option<String>,
    },
    /// Set a value in hal9.toml, once the plugin's schema allows it
    #[command(after_help = "Examples:
  hal9 plugin config set sentiment-analyzer positive_threshold 0.2
  hal9 --env production plugin config set web-search server.hosts '[\"a\", \"b\"]'
  hal9 plugin config set web-search api_key --from-env SEARCH_API_KEY
  hal9 plugin config set web-search token --from-file /run/secrets/token

With --env, the value is for that environment only, which is made where hal9.toml has none of that name. Comments and
order of hal9.toml stay. A secret, by --from-env or --from-file, is masked in what the plugin logs, unless it is shorter
than 8 bytes.")]
    Set(SetArgs),
    /// Take a value out of hal9.toml: the default holds again
    Unset {
        /// Its id, or its name or the last part of its id
        plugin: String,
        /// The member; `server.port` is one within another
        key: String,
    },
}

#[derive(Debug, Group)]
pub(crate) struct SetArgs {
    /// Its id, or its name or the last part of its id
    pub(crate) plugin: String,
    /// The member; `server.port` is one within another, and `"a.b"` in quotes is one with a dot in its name
    pub(crate) key: String,
    /// The value as JSON; where the schema says text, as it is
    #[arg(allow_hyphen_values = true, required_unless_present_any = ["from_env", "from_file"])]
    pub(crate) value: Option<String>,
    /// The value is in this environment variable whenever the plugin is loaded
    #[arg(long, value_name = "NAME", conflicts_with_all = ["value", "from_file"])]
    pub(crate) from_env: Option<String>,
    /// The value is in this file whenever the plugin is loaded; a relative path begins at the folder of hal9.toml
    #[arg(long, value_name = "PATH", conflicts_with = "value")]
    pub(crate) from_file: Option<String>,
}
