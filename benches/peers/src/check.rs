//! Whether a peer gives what the others give, before anybody is timed: a job that is done wrong is done fast. It refuses to know
//! how it is done.

use std::collections::HashMap;
use std::fmt::{self, Debug};

use peer_jobs::{Signal, model, signal, tool};
use serde_json::Value;

use crate::inputs::{Inputs, ROWS};
use crate::peer::Peer;
use crate::peers::{Hal9, columns, rows};

/// A peer that differs.
pub(crate) struct Difference {
    peer: &'static str,
    job: &'static str,
    input: String,
    given: String,
    expected: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { peer, job, input, given, expected } = self;
        write!(f, "{peer} does `{job}` differently\n  input:    {input}\n  gave:     {given}\n  expected: {expected}")
    }
}

/// Gives a peer all the inputs.
///
/// # Errors
///
/// The first result that is not as expected.
pub(crate) async fn check<P: Peer>(peer: &mut P, inputs: &Inputs) -> Result<(), Difference> {
    for signal in &inputs.signals {
        let reply = peer.signal(&mut signal.clone()).await;
        equal::<P, _>("signal", signal, ordered(reply), ordered(signal::answer(signal.clone())))?;
    }
    for params in &inputs.params {
        let given = serde_json::from_str::<Value>(&peer.tool(params).await);
        let expected = tool::call(params).map(|result| serde_json::from_str::<Value>(&result).unwrap());
        equal::<P, _>("tool", params, given.ok(), expected.ok())?;
    }
    let mut expected = HashMap::new();
    for (key, value) in &inputs.pairs {
        equal::<P, _>("get", key, peer.get(key).await.as_ref(), expected.get(key).copied())?;
        peer.put(key, value).await;
        expected.insert(key, value);
        equal::<P, _>("put", key, peer.get(key).await.as_ref(), Some(value))?;
    }
    for (key, value) in expected {
        equal::<P, _>("get", key, peer.get(key).await.as_ref(), Some(value))?;
    }
    for vector in &inputs.vectors {
        equal::<P, _>("predict", vector, peer.predict(vector).await, model::predict(vector))?;
    }
    for vectors in &inputs.batches {
        equal::<P, _>("predict-all", vectors, peer.predict_all(vectors).await, model::predict_all(vectors))?;
    }
    Ok(())
}

/// Gives ours signals in columns.
///
/// # Errors
///
/// As [`check`].
pub(crate) async fn check_batch(hal9: &mut Hal9, inputs: &Inputs) -> Result<(), Difference> {
    // In columns a fact that a signal does not have is an empty one.
    let same = |signal: &&Signal| signal.metadata.len() == inputs.signals[0].metadata.len();
    let signals: Vec<_> = inputs.signals.iter().filter(same).cloned().collect();
    for length in [0, 1, signals.len(), ROWS] {
        let signals: Vec<_> =
            signals.iter().filter(|signal| signal.content.len() < 1_000).cycle().take(length).cloned().collect();
        let replies = rows(&hal9.batch(&columns(&signals)).await);
        equal::<Hal9, _>("batch", length, replies.len(), signals.len())?;
        for (signal, reply) in signals.into_iter().zip(replies) {
            equal::<Hal9, _>("batch", signal.clone(), ordered(reply), ordered(signal::answer(signal)))?;
        }
    }
    Ok(())
}

/// The signal with its metadata by name: no order of it says anything.
fn ordered(mut signal: Signal) -> Signal {
    signal.metadata.sort_unstable();
    signal
}

fn equal<P: Peer, T: Debug + PartialEq>(
    job: &'static str,
    input: impl Debug,
    given: T,
    expected: T,
) -> Result<(), Difference> {
    if given == expected {
        return Ok(());
    }
    let (input, given, expected) = (said(&input), said(&given), said(&expected));
    Err(Difference { peer: P::NAME, job, input, given, expected })
}

/// What a value is, as far as a person wants to read.
fn said(value: &impl Debug) -> String {
    let said = format!("{value:?}");
    match said.char_indices().nth(400) {
        Some((end, _)) => format!("{}… ({} bytes)", &said[..end], said.len()),
        None => said,
    }
}
