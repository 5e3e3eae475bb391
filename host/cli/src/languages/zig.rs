//! Owns building plugins in Zig: the bindings for C, which zig translates, and one compilation of both. It refuses to know what
//! the author wrote.

use super::work::Work;
use super::{c, not_built};
use crate::failure::Failure;

pub(super) fn build(work: &Work<'_>) -> Result<(), Failure> {
    c::write_bindings(work)?;
    Err(not_built("zig"))
}
