//! The client of registries of plugins: what they say is verified, kept, and held against what they said before.
//! It does not know what is installed, and asks nobody for anything.
