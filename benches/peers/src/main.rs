//! What a plugin costs here and elsewhere: four jobs, done by a HAL9 plugin and by what one might pick instead. All give the same
//! results before anything is timed, and the run ends in a table. It refuses to know what a machine should reach: ratios travel.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing better to do than to stop")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark's results are its output")]

mod artefacts;
mod check;
mod inputs;
mod measure;
mod peer;
mod peers;
mod table;

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use criterion::Criterion;
use tokio::runtime::{Builder, Runtime};

use crate::artefacts::{Artefacts, criterion_dir};
use crate::check::Difference;
use crate::inputs::{Inputs, Ordinary};
use crate::peer::Peer;
use crate::peers::{Child, Extism, Hal9, Library, Lua, Module, Native, Rhai};
use crate::table::Row;

struct Peers {
    native: Native,
    library: Library,
    module: Module,
    extism: Extism,
    lua: Lua,
    rhai: Rhai,
    child: Child,
    hal9: Hal9,
}

/// Does the same with every peer: each is a type of its own, so that nothing but a peer's own layers is between a call and it.
macro_rules! each {
    ($peers:ident, $peer:ident => $body:expr) => {
        each!($peers, $peer => $body, native library module extism lua rhai child hal9)
    };
    ($peers:ident, $peer:ident => $body:expr, $($name:ident)*) => {
        [$({
            let $peer = &mut $peers.$name;
            $body
        }),*]
    };
}

fn main() -> ExitCode {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut peers = runtime.block_on(open(&Artefacts::build()));
    if let Err(difference) = runtime.block_on(check(&mut peers, &Inputs::odd())) {
        eprintln!("{difference}");
        return ExitCode::FAILURE;
    }
    let folder = criterion_dir();
    let mut criterion = Criterion::default()
        .output_directory(&folder)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let started = SystemTime::now();
    measure(&mut criterion, &runtime, &mut peers);
    criterion.final_summary();
    let rows = each!(peers, peer => row(peer));
    table::print(&folder, started, &rows, Hal9::NAME);
    ExitCode::SUCCESS
}

async fn open(artefacts: &Artefacts) -> Peers {
    Peers {
        native: Native::open(),
        library: Library::open(&artefacts.library),
        module: Module::open(&artefacts.module),
        extism: Extism::open(&artefacts.extism),
        lua: Lua::open(),
        rhai: Rhai::open(),
        child: Child::open(&artefacts.child),
        hal9: Hal9::open(&artefacts.component).await,
    }
}

async fn check(peers: &mut Peers, inputs: &Inputs) -> Result<(), Difference> {
    each!(peers, peer => check::check(peer, inputs).await?);
    check::check_batch(&mut peers.hal9, inputs).await
}

fn measure(criterion: &mut Criterion, runtime: &Runtime, peers: &mut Peers) {
    let inputs = Ordinary::new();
    each!(peers, peer => measure::measure(criterion, runtime, peer, &inputs));
    measure::measure_batch(criterion, runtime, &mut peers.hal9, &inputs);
}

fn row<P: Peer>(_: &P) -> Row {
    Row { peer: P::NAME, bounds: P::BOUNDS }
}
