//! `hal9 plugin lock`, and installing from one. (Waits for the registry's `Lock`.)

use std::path::{Path, PathBuf};

use super::plan::Plan;
use crate::failure::Failure;
use crate::session::Session;
use crate::trust::Leave;

pub(super) fn print(_session: &Session, _output: Option<&Path>) -> Result<(), Failure> {
    Err(Failure::usage("not yet", ""))
}

pub(super) fn plan(_session: &Session, _path: &Path, _from: &[PathBuf], _leave: Leave<'_>) -> Result<Plan, Failure> {
    Err(Failure::usage("not yet", ""))
}
