//! The laws of `neuron`. It refuses to know what a neuron answers, as long as it answers as one.

use futures::future;
use hal9_host::{Call, NeuronState, Plugin, Signal};

use super::inputs::{CONTROLS, SCRIPTS, long, odd_metadata, signal};
use super::lab::{Lab, ask, equal, value};
use super::{Law, Verdict, law};
use crate::report::Finding;

/// How many calls are made at once.
const AT_ONCE: u64 = 8;

pub(super) const LAWS: &[Law] = &[
    law!(
        "neuron.wit",
        "The reply MUST carry the id of the signal, or the nil id, which stands for it",
        "a reply keeps the id of its signal",
        keeps_ids
    ),
    law!("types.wit", "`(0, 0)` is the nil UUID: valid, and never chosen by the host.", "the nil id is an id", nil_id),
    law!("types.wit", "The text. May be empty.", "an empty text is answered", empty),
    law!(
        "types.wit",
        "The host refuses to deliver more than its `signal_bytes` limit.",
        "a text as large as may be is answered",
        large
    ),
    law!("types.wit", "One message on its way through HAL9.", "texts of any script are answered", scripts),
    law!(
        "types.wit",
        "what breaks the contract (a passed limit, a string that is not UTF-8) traps instead.",
        "NUL and control characters are answered",
        controls
    ),
    law!(
        "types.wit",
        "A name MUST occur once at most; where one occurs twice, the last one counts.",
        "odd facts are answered",
        facts
    ),
    law!(
        "types.wit",
        "When it was made, in milliseconds since the Unix epoch; 0 where nobody knows.",
        "any time and any type are answered",
        times_and_types
    ),
    law!(
        "neuron.wit",
        "A failure concerns this signal alone; the next one is tried as usual.",
        "one signal does not spoil the next",
        next
    ),
    law!("neuron.wit", "How it is doing. Does not change anything.", "asking for the state changes nothing", asking),
    law!(
        "neuron.wit",
        "Signals answered since the instance was made.",
        "the state counts what the instance answered",
        counts
    ),
    law!(
        "neuron.wit",
        "Signals answered with a failure since the instance was made.",
        "instances do not count for each other",
        instances
    ),
    law!("neuron.wit", "Answers one signal.", "calls at once are answered each for itself", at_once),
];

/// One that any neuron can take.
fn plain(number: u64) -> Signal {
    signal(number, "The kettle is blue.")
}

/// Has each be answered by one instance, and after it a plain one: what breaks the instance breaks that too.
async fn take(lab: &Lab<'_>, inputs: impl IntoIterator<Item = (String, Signal)>) -> Verdict {
    let plugin = lab.fresh()?;
    for (number, (what, input)) in inputs.into_iter().enumerate() {
        ask(&plugin, &what, &input).await?.ok();
        let after = plain(1_000 + number as u64);
        ask(&plugin, format!("the signal after {what}"), &after).await?.ok();
    }
    Ok(())
}

fn texts(texts: &[(&str, &str)]) -> Vec<(String, Signal)> {
    let one = |(number, (what, text)): (usize, &(&str, &str))| {
        let named = vec![("text".to_owned(), (*text).to_owned())];
        ((*what).to_owned(), Signal { metadata: named, ..signal(number as u64, text) })
    };
    texts.iter().enumerate().map(one).collect()
}

async fn keeps_ids(lab: &Lab<'_>) -> Verdict {
    let mut inputs: Vec<_> = (0..4).map(|number| (format!("signal {number}"), plain(number))).collect();
    inputs.push(("the largest id".to_owned(), Signal { id: (u64::MAX, u64::MAX), ..plain(5) }));
    inputs.push(("an id of one half".to_owned(), Signal { id: (1 << 63, 0), ..plain(6) }));
    take(lab, inputs).await
}

async fn nil_id(lab: &Lab<'_>) -> Verdict {
    take(lab, [("the nil id".to_owned(), Signal { id: (0, 0), ..plain(0) })]).await
}

async fn empty(lab: &Lab<'_>) -> Verdict {
    let named = vec![("lang".to_owned(), "en".to_owned())];
    let inputs = [
        ("an empty text".to_owned(), signal(0, "")),
        ("an empty text with a fact".to_owned(), Signal { metadata: named, ..signal(1, "") }),
    ];
    take(lab, inputs).await
}

async fn large(lab: &Lab<'_>) -> Verdict {
    let most = lab.fresh()?.limits().signal_bytes.as_usize();
    // What a neuron adds to its reply counts for no limit of the signal that it got.
    let inputs =
        [most / 16, most - 4].map(|bytes| (format!("a text of {bytes} bytes"), signal(bytes as u64, &long(bytes))));
    take(lab, inputs).await
}

async fn scripts(lab: &Lab<'_>) -> Verdict {
    take(lab, texts(SCRIPTS)).await
}

async fn controls(lab: &Lab<'_>) -> Verdict {
    take(lab, texts(CONTROLS)).await
}

async fn facts(lab: &Lab<'_>) -> Verdict {
    let inputs = odd_metadata().into_iter().enumerate();
    let inputs = inputs.map(|(at, (what, metadata))| (what.to_owned(), Signal { metadata, ..plain(at as u64) }));
    take(lab, inputs.collect::<Vec<_>>()).await
}

async fn times_and_types(lab: &Lab<'_>) -> Verdict {
    let typed = |signal_type: &str| Signal { signal_type: signal_type.to_owned(), ..plain(0) };
    let inputs = [
        ("the time 0", Signal { timestamp: 0, ..plain(0) }),
        ("the largest time", Signal { timestamp: u64::MAX, ..plain(1) }),
        ("no type", typed("")),
        ("a type in another script", typed("тип-🙂")),
        ("a long type", typed(&"t".repeat(1_000))),
    ];
    take(lab, inputs.map(|(what, signal)| (what.to_owned(), signal))).await
}

async fn next(lab: &Lab<'_>) -> Verdict {
    let (before, after) = (lab.fresh()?, lab.fresh()?);
    let expected = ask(&before, "a plain signal", &plain(0)).await?.map(|reply| reply.id);
    for (what, text) in CONTROLS.iter().chain(SCRIPTS) {
        ask(&after, what, &signal(1, text)).await?.ok();
    }
    let got = ask(&after, "a plain signal after odd ones", &plain(0)).await?.map(|reply| reply.id);
    equal("a plain signal after odd ones", &expected.is_ok(), &got.is_ok())
}

async fn state(plugin: &Plugin, what: &str) -> Result<NeuronState, super::Breach> {
    value(what, plugin.neuron_state(&mut Call::new()).await)
}

async fn asking(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    ask(&plugin, "a plain signal", &plain(0)).await?.ok();
    let first = state(&plugin, "the state").await?;
    let second = state(&plugin, "the state again").await?;
    equal("the state, asked for twice", &(first.processed, first.failed), &(second.processed, second.failed))
}

/// Has a plugin answer some signals: how many there were, and how many failed.
async fn work(plugin: &Plugin, signals: u64) -> Result<(u64, u64), super::Breach> {
    let mut failed = 0;
    for number in 0..signals {
        failed += u64::from(ask(plugin, format!("signal {number}"), &plain(number)).await?.is_err());
    }
    Ok((signals, failed))
}

async fn counts(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let before = state(&plugin, "the state of a new instance").await?;
    equal("the state of a new instance", &(0, 0), &(before.processed, before.failed))?;
    let (all, failed) = work(&plugin, 3).await?;
    let after = state(&plugin, "the state").await?;
    equal("`failed` after 3 signals", &failed, &after.failed)?;
    // Whether those that failed are among those that were answered is not said.
    if after.processed != all && after.processed != all - failed {
        let expected = format!("{} of 3 signals, {failed} of which failed", all - failed);
        return Err(Finding::new("`processed` after 3 signals", expected, after.processed.to_string()).into());
    }
    Ok(())
}

async fn instances(lab: &Lab<'_>) -> Verdict {
    let (busy, idle) = (lab.fresh()?, lab.another()?);
    work(&busy, 3).await?;
    let idle = state(&idle, "the state of another instance").await?;
    equal(
        "the state of an instance that answered nothing, beside one that answered 3",
        &(0, 0),
        &(idle.processed, idle.failed),
    )
}

async fn at_once(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.parallel(4)?;
    let signals: Vec<_> = (0..AT_ONCE).map(|number| signal(number, &long(64 * (1 + number as usize)))).collect();
    let asked = signals.iter().map(|signal| ask(&plugin, "one of several calls at once", signal));
    for answer in future::join_all(asked).await {
        answer?.ok();
    }
    Ok(())
}
