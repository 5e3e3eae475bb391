//! A memory provider.
