//! What the benchmarks share: the floor, which is the same component on bare wasmtime with the same engine settings; the rows
//! that say what is held against what; and the report of them. It refuses to know what is measured: that is the benchmarks'.

mod floor;
mod report;
mod results;
mod row;
mod run;

pub use floor::{Floor, Prepared, State};
pub use results::{is_measuring, record};
pub use row::{KIB, MIB, Measure, Row, Target, Unit};
pub use run::{Group, run};
