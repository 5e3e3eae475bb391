//! Keeping a registry: backups, mirrors, new keys, by the command and while it serves.
