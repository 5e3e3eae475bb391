//! How long a peer takes for an ordinary request of each job. It refuses to know whether the answers are right.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use tokio::runtime::Runtime;

use crate::inputs::{KEYS, Ordinary, ROWS};
use crate::peer::Peer;
use crate::peers::{Hal9, columns};

/// The group of all ids.
pub(crate) const GROUP: &str = "peers";

/// How many requests are made, and how many replies are kept, around one measurement: few enough to stay in the cache.
const AT_ONCE: u64 = 64;

/// Times all jobs of a peer: `peers/<job>-<peer>`.
pub(crate) fn measure<P: Peer>(criterion: &mut Criterion, runtime: &Runtime, peer: &mut P, inputs: &Ordinary) {
    let mut group = criterion.benchmark_group(GROUP);
    let id = |job: &str| format!("{job}-{}", P::NAME);
    group.bench_function(id("signal"), |bencher| {
        let make = |_| inputs.signal.clone();
        bencher.iter_custom(|times| runtime.block_on(timed(times, make, async |signal| peer.signal(signal).await)));
    });
    group.bench_function(id("tool"), |bencher| {
        bencher.iter_custom(|times| runtime.block_on(timed(times, |_| (), async |()| peer.tool(&inputs.params).await)));
    });
    group.bench_function(id("store"), |bencher| {
        let make = |at: u64| &inputs.pairs[at as usize % KEYS];
        bencher.iter_custom(|times| {
            runtime.block_on(timed(times, make, async |(key, value)| {
                peer.put(key, value).await;
                peer.get(key).await
            }))
        });
    });
    group.bench_function(id("predict"), |bencher| {
        bencher.iter_custom(|times| {
            runtime.block_on(timed(times, |_| (), async |()| peer.predict(black_box(&inputs.vector)).await))
        });
    });
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function(id("predict-all"), |bencher| {
        bencher.iter_custom(|times| {
            runtime.block_on(timed(times, |_| (), async |()| peer.predict_all(black_box(&inputs.vectors)).await))
        });
    });
    group.finish();
}

/// Times signals in columns, which only ours takes.
pub(crate) fn measure_batch(criterion: &mut Criterion, runtime: &Runtime, hal9: &mut Hal9, inputs: &Ordinary) {
    let batch = columns(&vec![inputs.signal.clone(); ROWS]);
    let mut group = criterion.benchmark_group(GROUP);
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("signal-batch-hal9", |bencher| {
        bencher.iter_custom(|times| runtime.block_on(timed(times, |_| (), async |()| hal9.batch(&batch).await)));
    });
    group.finish();
}

/// The time of so many calls, without that for making what they take and freeing what they give.
async fn timed<I, O>(times: u64, make: impl Fn(u64) -> I, mut call: impl AsyncFnMut(&mut I) -> O) -> Duration {
    let (mut elapsed, mut done) = (Duration::ZERO, 0);
    while done < times {
        let now = AT_ONCE.min(times - done);
        let mut inputs: Vec<_> = (done..done + now).map(&make).collect();
        let mut outputs = Vec::with_capacity(inputs.len());
        let started = Instant::now();
        for input in &mut inputs {
            outputs.push(call(black_box(input)).await);
        }
        elapsed += started.elapsed();
        black_box(outputs);
        done += now;
    }
    elapsed
}
