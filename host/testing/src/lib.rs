//! Tests of HAL9 plugins, whatever their language: a plugin on the real host ([`hal9_host`]), whose memory, clock, randomness, log and
//! other plugins are fakes. [`Bench`] runs the cases that its author wrote, and the conformance suite of what it exports; what comes
//! of that is data ([`Report`]).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = hal9_tests::guest("sentiment-analyzer");
//! use hal9_testing::{Bench, Selection};
//!
//! let bench = Bench::new(hal9_host::Host::builder(), "sentiment", &std::fs::read(path)?, None)?;
//! let report = bench.run(&Selection::default(), |_| ()).await;
//! assert_eq!(report.sums().failed, 0);
//! # Ok(())
//! # }
//! ```
//!
//! This crate does not know packages, projects or the command line. The format of case files is described in guests/TESTING.md.

mod bench;
mod cases;
mod compare;
mod conformance;
mod golden;
mod junit;
mod report;
mod rig;
mod run;
mod stage;
mod text;
mod values;

pub use bench::{Bench, Selection};
pub use cases::CaseError;
pub use report::{CaseReport, Contract, Finding, Outcome, Place, Report, Suite, Sums};
