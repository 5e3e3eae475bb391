//! The laws of `neuron.process-batch`. It refuses to know what a neuron answers, as long as a batch is answered row by row.

use hal9_host::{Call, Column, ColumnValues, Plugin, Signal, SignalBatch, TextColumn};

use super::inputs::{CONTROLS, SCRIPTS, signal};
use super::lab::{Failed, Lab, answer, ask, equal};
use super::{Breach, Law, Verdict, law};
use crate::report::Finding;

/// How many rows are many: more than fit a byte.
const MANY: u64 = 300;

pub(super) const LAWS: &[Law] = &[
    law!("neuron.wit", "A batch of no rows gets one of no rows.", "a batch of no rows gets one of no rows", no_rows),
    law!(
        "neuron.wit",
        "the reply has a row for each, in the same order, with the same ids, or without any ids, which stands for the same.",
        "a batch of one row gets one of one",
        one_row
    ),
    law!(
        "neuron.wit",
        "Answers many signals at once",
        "a batch of many rows is answered as its signals are",
        many_rows
    ),
    law!(
        "types.wit",
        "MUST NOT decrease, MUST lie on a character boundary, and the last one MUST be the length of `text` in bytes.",
        "a batch of empty texts and of any script keeps its columns",
        texts
    ),
    law!(
        "types.wit",
        "Metadata, a column for each name.",
        "a batch with columns of numbers and of texts is answered",
        columns
    ),
    law!("neuron.wit", "A failure concerns the whole batch.", "one batch does not spoil the next call", next),
];

/// Has a neuron answer a batch. The host holds the reply against the ids, the rows and the offsets.
async fn send(plugin: &Plugin, what: &str, batch: &SignalBatch) -> Result<Result<SignalBatch, Failed>, Breach> {
    answer(what, plugin.process_batch(&mut Call::new(), batch).await)
}

fn batch(what: &str, signals: &[Signal]) -> Result<SignalBatch, Breach> {
    SignalBatch::from_signals(signals).map_err(|error| Finding::new(what, "a batch to send", error.to_string()).into())
}

/// Has one instance answer signals one by one, and another one as a batch: where it answers each, it must answer them together.
async fn same(lab: &Lab<'_>, what: &str, signals: &[Signal]) -> Verdict {
    let plugin = lab.fresh()?;
    let mut refused = None;
    for signal in signals {
        let alone = ask(&plugin, format!("{what}: a row alone"), signal).await?;
        refused = refused.or(alone.err());
    }
    let together = send(&lab.fresh()?, what, &batch(what, signals)?).await?;
    match together {
        Ok(reply) => {
            let ids: Vec<_> = reply.signals().map(|signal| signal.id).collect();
            equal(format!("{what}: the ids of the rows"), &signals.iter().map(|signal| signal.id).collect(), &ids)
        }
        Err(failed) if refused.is_none() => {
            let expected = "an answer, as each of its signals gets one alone";
            Err(Finding::new(what, expected, failed.to_string()).into())
        }
        Err(_) => Ok(()),
    }
}

async fn no_rows(lab: &Lab<'_>) -> Verdict {
    let reply = send(&lab.fresh()?, "a batch of no rows", &SignalBatch::new()).await?;
    match reply {
        Ok(reply) => equal("the rows of the reply", &0, &reply.rows()),
        Err(failed) => Err(Finding::new("a batch of no rows", "a batch of no rows", failed.to_string()).into()),
    }
}

async fn one_row(lab: &Lab<'_>) -> Verdict {
    same(lab, "a batch of one row", &[signal(7, "The kettle is blue.")]).await
}

async fn many_rows(lab: &Lab<'_>) -> Verdict {
    let signals: Vec<_> = (0..MANY)
        .map(|number| signal(number, &format!("Row {number} is {}.", "very ".repeat(number as usize % 7))))
        .collect();
    same(lab, "a batch of many rows", &signals).await
}

async fn texts(lab: &Lab<'_>) -> Verdict {
    let mut signals = vec![signal(0, ""), signal(1, "")];
    for (number, (_, text)) in SCRIPTS.iter().chain(CONTROLS).enumerate() {
        signals.push(signal(2 + 2 * number as u64, text));
        signals.push(signal(3 + 2 * number as u64, ""));
    }
    same(lab, "a batch of empty texts and of many scripts", &signals).await
}

async fn columns(lab: &Lab<'_>) -> Verdict {
    let mut sent = SignalBatch::new();
    for number in 0..4 {
        let Signal { id, content, signal_type, timestamp, .. } = signal(number, "The kettle is blue.");
        sent.push(id, timestamp, &signal_type, &content);
    }
    let mut texts = TextColumn { text: String::new(), ends: Vec::new() };
    ["", "en", "", "ελ"].iter().for_each(|text| texts.push(text));
    let numbers = vec![1.5, f32::NAN, f32::MAX, -0.0];
    sent.metadata = vec![
        Column { name: "lang".to_owned(), values: ColumnValues::Texts(texts) },
        Column { name: "weight".to_owned(), values: ColumnValues::Numbers(numbers) },
        Column { name: String::new(), values: ColumnValues::Numbers(vec![0.0; 4]) },
    ];
    send(&lab.fresh()?, "a batch with columns of numbers and of texts", &sent).await?.map(drop).or(Ok(()))
}

async fn next(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let signals: Vec<_> = CONTROLS.iter().enumerate().map(|(at, (_, text))| signal(at as u64, text)).collect();
    send(&plugin, "a batch of odd texts", &batch("a batch of odd texts", &signals)?).await?.ok();
    ask(&plugin, "a signal after a batch", &signal(1, "The kettle is blue.")).await?.ok();
    send(&plugin, "a batch after a batch", &batch("a batch after a batch", &signals[..1])?).await?.ok();
    Ok(())
}
