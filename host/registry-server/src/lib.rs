//! The server of a registry of plugins: its HTTP interface, its signed index and its pages, on SQLite and files that are named by their digests.
//! It does not know what is installed anywhere, and runs no plugin.
