//! Batches on their way: which rows go in one call, and what a neuron made of them. It refuses to know where a batch goes next:
//! that is the same for a signal.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use hal9_package::PluginId;

use super::routing::{Load, Routed};
use super::{Manager, Provider};
use crate::bindings::hal9::plugin::types::{Signal, SignalBatch};
use crate::imports::signals::Emission;
use crate::plugin::invalid_batch;
use crate::{Call, Error, Limit, Plugin};

/// The most rows of one call. More would win nothing, as a call costs what a few rows do, and a deadline or a failure would
/// concern them all.
const ROWS: usize = 4_096;

/// One call gets at most this part of the plugin's memory, as the guest makes a reply of it and needs room to work.
const SHARE_OF_MEMORY: u64 = 8;

/// And at most this part of what one call may carry, as the reply comes back with more than was sent.
const SHARE_OF_CARRIED: u64 = 2;

/// A batch that one neuron got, and what it answered.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchDelivery {
    /// The neuron's plugin.
    pub plugin: PluginId,
    /// The neuron's type.
    pub neuron: String,
    /// The layer that it was sent to.
    pub layer: String,
    /// How often its signals were sent on before: 0 for the batch that was given.
    pub hop: u32,
    /// What it was sent. All neurons of the layer were sent the same.
    pub batch: Arc<SignalBatch>,
    /// What it answered: a part for each call, in the order of rows. Together they are all rows.
    pub parts: Vec<BatchPart>,
}

/// The rows of one call, and what the neuron answered. What it fails with concerns all of these rows.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchPart {
    /// Which rows of [`BatchDelivery::batch`] these are.
    pub rows: Range<usize>,
    /// What the neuron answered: a row for each, in order.
    pub outcome: Result<SignalBatch, Error>,
    /// How long that took.
    pub elapsed: Duration,
    /// The most bytes that the neuron's instance has had in use in its life.
    pub peak_memory: u64,
}

/// What became of a batch.
pub type RoutedBatch = Routed<BatchDelivery>;

impl BatchDelivery {
    /// Every reply, with the row of [`batch`](Self::batch) that it answers, in order; none for rows of a call that failed.
    pub fn replies(&self) -> impl Iterator<Item = (usize, Signal)> {
        let answered = self.parts.iter().filter_map(|part| Some((part.rows.clone(), part.outcome.as_ref().ok()?)));
        answered.flat_map(|(rows, replies)| rows.zip(replies.signals()))
    }

    /// The rows that it failed, and why.
    pub fn failures(&self) -> impl Iterator<Item = (Range<usize>, &Error)> {
        self.parts.iter().filter_map(|part| Some((part.rows.clone(), part.outcome.as_ref().err()?)))
    }
}

impl Manager {
    /// Sends many signals at once, as [`send`](Manager::send) sends one: every active neuron of a layer, or those whose type or
    /// plugin id is `neuron`, get all rows in one call, and so does who gets what these emit to their layers on one hop.
    ///
    /// - **Calls.** A neuron gets up to 4 096 rows a call, and as many bytes as fit an eighth of its `memory` and half of its
    ///   `host_memory`; what is more goes in further calls, in order. One that took more than half of its `call_time` gets half
    ///   as many rows in the next. A row over its `signal_bytes` is not sent to it, and fails alone.
    /// - **Failures.** What a neuron fails with concerns all rows of that call (see [`BatchDelivery::failures`]), and nothing else:
    ///   its further calls are made, and other neurons get theirs. No row is sent to a neuron twice, as the first time may have had effects.
    /// - **Emissions** of all neurons of a layer go on together, in order. Which row caused one is not known. Those of a call that failed are dropped.
    /// - **Bounds.** 8 hops; 1 024 deliveries of a row for each row that is given, and 1 048 576 in all. All of it is kept until the end: whoever has
    ///   millions of signals sends some thousands at once.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a batch that is not valid (see [`SignalBatch::check`]); [`Error::NotFound`] where no neuron is, with the
    /// layers that there are. What a neuron did is in its delivery.
    pub async fn send_batch(
        &self,
        layer: &str,
        neuron: Option<&str>,
        batch: SignalBatch,
    ) -> Result<RoutedBatch, Error> {
        batch.check().map_err(|what| invalid_batch(None, &what))?;
        self.route(layer, neuron, Arc::new(batch)).await
    }
}

impl Load for Arc<SignalBatch> {
    type Delivery = BatchDelivery;
    const JOINS: bool = true;
    const CAUSED_ENOUGH: &'static str = "the first signals have caused 1024 deliveries each, or 1048576 together";

    fn rows(&self) -> usize {
        SignalBatch::rows(self)
    }

    fn of(signal: Signal) -> Option<Self> {
        SignalBatch::from_signals([&signal]).ok().map(Arc::new)
    }

    fn join(&mut self, signal: Signal) -> Result<(), Signal> {
        // Nobody has it but who waits for it, so nothing is copied.
        Arc::make_mut(self).push_signal(&signal).map_err(|_| signal)
    }

    async fn deliver(&self, neuron: Provider, layer: &str, hop: u32) -> (BatchDelivery, Vec<Emission>) {
        let plugin = &neuron.plugin;
        let mut cuts = Cuts::of(plugin, self);
        let (mut parts, mut emitted) = (Vec::new(), Vec::new());
        let mut next = 0;
        while next < self.rows() {
            let mut call = Call::measured();
            let (rows, outcome) = match cuts.next(self, next) {
                Cut::TooLarge(rows) => (rows, Err(plugin.too_large(Limit::Size))),
                Cut::Call(rows) if rows.len() == self.rows() => (rows, plugin.process_batch(&mut call, self).await),
                Cut::Call(rows) => {
                    let part = self.slice(rows.clone());
                    (rows, plugin.process_batch(&mut call, &part).await)
                }
            };
            next = rows.end;
            let elapsed = call.elapsed().unwrap_or_default();
            cuts.took(rows.len(), elapsed);
            emitted.append(&mut call.take_emitted());
            parts.push(BatchPart { rows, outcome, elapsed, peak_memory: call.peak_memory() });
        }
        let plugin = plugin.id().clone();
        let delivery =
            BatchDelivery { plugin, neuron: neuron.name, layer: layer.to_owned(), hop, batch: self.clone(), parts };
        (delivery, emitted)
    }
}

/// Rows that come next.
#[derive(Debug, PartialEq)]
enum Cut {
    /// They go in one call.
    Call(Range<usize>),
    /// Each is larger than the plugin takes.
    TooLarge(Range<usize>),
}

/// How much of a batch goes in one call of a plugin.
struct Cuts {
    rows: usize,
    bytes: u64,
    row_bytes: u64,
    /// What a row takes beside its texts: an id, a time, and an end or a number in each column.
    fixed: u64,
    /// Whether no row has to be weighed.
    light: bool,
    call_time: Duration,
}

impl Cuts {
    fn of(plugin: &Plugin, batch: &SignalBatch) -> Self {
        let limits = plugin.limits();
        let bytes = (limits.memory.0 / SHARE_OF_MEMORY).min(limits.host_memory.0 / SHARE_OF_CARRIED);
        let row_bytes = limits.signal_bytes.0;
        let names: usize = batch.metadata.iter().map(|column| column.name.len()).sum();
        let all = batch.bytes() + names as u64;
        Self {
            rows: ROWS,
            bytes,
            row_bytes,
            fixed: 32 + 4 * batch.metadata.len() as u64,
            light: all <= bytes.min(row_bytes),
            call_time: limits.call_time,
        }
    }

    /// The rows from `first` on, which there is.
    fn next(&self, batch: &SignalBatch, first: usize) -> Cut {
        let all = batch.rows();
        let most = first.saturating_add(self.rows).min(all);
        if self.light {
            return Cut::Call(first..most);
        }
        let weights = (first..all).map(|row| batch.row_bytes(row));
        let large = weights.clone().take_while(|bytes| *bytes > self.row_bytes).count();
        if large > 0 {
            return Cut::TooLarge(first..first + large);
        }
        let mut sum = 0_u64;
        let fits = weights.take(most - first).take_while(|bytes| {
            sum = sum.saturating_add(*bytes + self.fixed);
            *bytes <= self.row_bytes && sum <= self.bytes
        });
        // One that fits no part of the memory may fit all of it, and is alone.
        let end = first + fits.count().max(1);
        Cut::Call(first..end)
    }

    /// Takes note of how long a call took.
    fn took(&mut self, rows: usize, elapsed: Duration) {
        if elapsed > self.call_time / 2 {
            self.rows = (rows / 2).max(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cuts(rows: usize, bytes: u64, row_bytes: u64) -> Cuts {
        Cuts { rows, bytes, row_bytes, fixed: 0, light: false, call_time: Duration::from_secs(1) }
    }

    fn all(cuts: &Cuts, batch: &SignalBatch) -> Vec<Cut> {
        let mut next = 0;
        std::iter::from_fn(|| {
            (next < batch.rows()).then(|| {
                let cut = cuts.next(batch, next);
                let (Cut::Call(rows) | Cut::TooLarge(rows)) = &cut;
                assert!(rows.start == next && !rows.is_empty(), "{rows:?} from {next}");
                next = rows.end;
                cut
            })
        })
        .collect()
    }

    fn batch(sizes: &[usize]) -> SignalBatch {
        let mut batch = SignalBatch::new();
        for (row, size) in sizes.iter().enumerate() {
            batch.push((0, row as u64), 0, "", &"x".repeat(*size));
        }
        batch
    }

    #[test]
    fn a_batch_is_cut_by_rows_by_bytes_and_around_what_is_too_large() {
        use Cut::{Call, TooLarge};
        let batch = batch(&[4, 4, 1, 9, 12, 12, 0, 5]);
        assert_eq!(all(&cuts(9, 99, 99), &batch), [Call(0..8)]);
        assert_eq!(all(&cuts(3, 99, 99), &batch), [Call(0..3), Call(3..6), Call(6..8)]);
        assert_eq!(all(&cuts(9, 9, 10), &batch), [Call(0..3), Call(3..4), TooLarge(4..6), Call(6..8)]);
        // Over the bytes of a call and not over those of a row: alone.
        assert_eq!(
            all(&cuts(9, 8, 12), &batch),
            [Call(0..2), Call(2..3), Call(3..4), Call(4..5), Call(5..6), Call(6..8)]
        );
        assert_eq!(all(&cuts(9, 0, 0), &self::batch(&[0, 1])), [Call(0..1), TooLarge(1..2)]);
    }

    #[test]
    fn a_signal_goes_with_others_while_one_batch_has_names_for_all() {
        let wide = |names: Range<u32>| Signal {
            metadata: names.map(|name| (name.to_string(), "x".to_owned())).collect(),
            ..Signal::text("x")
        };
        let mut load = Arc::<SignalBatch>::of(wide(0..200)).unwrap();
        load.join(wide(100..256)).unwrap();
        let refused = load.join(wide(200..257)).unwrap_err();
        assert_eq!((refused.metadata.len(), load.rows()), (57, 2));
        assert_eq!(Arc::<SignalBatch>::of(refused).unwrap().rows(), 1);
        assert_eq!(Arc::<SignalBatch>::of(wide(0..257)), None);
    }

    #[test]
    fn who_is_slow_gets_half_as_many_rows() {
        let mut cuts = cuts(4_096, 99, 99);
        cuts.took(4_096, Duration::from_millis(500));
        assert_eq!(cuts.rows, 4_096);
        cuts.took(3_000, Duration::from_millis(501));
        assert_eq!(cuts.rows, 1_500);
        cuts.took(1, Duration::from_secs(9));
        assert_eq!(cuts.rows, 1);
    }
}
