//! What the benchmarks share: the floor, which is the same component on bare wasmtime with the same engine settings, and the
//! table of ratios to it that ends every run. It refuses to know absolute times: machines differ, ratios travel.

mod floor;
mod report;

pub use floor::Floor;
pub use report::{Group, Ratio, run};
