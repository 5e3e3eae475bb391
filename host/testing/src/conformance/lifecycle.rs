//! The laws of `lifecycle`, beside whatever else a plugin exports. It refuses to know what is in a plugin's state.

use hal9_host::{Call, HealthReport, Kind, Plugin, Signal};

use super::inputs::{long, signal};
use super::lab::{Failed, Lab, answer, ask, equal, value};
use super::{Breach, Law, Verdict, law};
use crate::report::Finding;
use crate::values;

pub(super) const LAWS: &[Law] = &[
    law!("lifecycle.wit", "The first call to every instance.", "an instance begins and ends in good order", begins),
    law!("lifecycle.wit", "How it feels now.", "it says how it feels", feels),
    law!(
        "lifecycle.wit",
        "All that the next instance, perhaps of the plugin's next version, needs to go on.",
        "what is exported can be imported",
        moves
    ),
    law!("lifecycle.wit", "needs to go on", "the next instance answers as the one before would", goes_on),
    law!("lifecycle.wit", "A failure means that it was not taken", "state that is none is taken or refused", nonsense),
];

async fn health(plugin: &Plugin, what: &str) -> Result<HealthReport, Breach> {
    value(what, plugin.health(&mut Call::new()).await)
}

async fn export(plugin: &Plugin) -> Result<Vec<u8>, Breach> {
    value("export-state", plugin.export_state(&mut Call::new()).await)
}

async fn begins(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    value("init", plugin.start().await)?;
    value("shutdown", plugin.stop().await)?;
    value("init of the next instance", plugin.start().await)
}

async fn feels(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let first = health(&plugin, "health").await?;
    let second = health(&plugin, "health again").await?;
    equal("how it feels, asked for twice", &values::health(&first).to_string(), &values::health(&second).to_string())
}

async fn moves(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let new = export(&plugin).await?;
    busy(lab, &plugin).await?;
    for (what, state) in [("of a new instance", new), ("of one that has worked", export(&plugin).await?)] {
        let next = lab.another()?;
        // As the host does it: state of no bytes is none.
        if !state.is_empty() {
            value(format!("import-state {what}"), next.import_state(&mut Call::new(), &state).await)?;
        }
        health(&next, "health after it").await?;
    }
    Ok(())
}

/// Gives it something to keep in mind.
async fn busy(lab: &Lab<'_>, plugin: &Plugin) -> Verdict {
    let has = |kind| lab.rig.kinds().contains(&kind);
    if has(Kind::Neuron) {
        for number in 0..3 {
            ask(plugin, format!("signal {number}"), &signal(number, "The kettle is blue.")).await?.ok();
        }
    }
    if has(Kind::MemoryProvider) {
        let result = plugin.store(&mut Call::new(), "key", b"The kettle is blue.", &vec![]).await;
        answer("store", result)?.ok();
    }
    Ok(())
}

/// What it says when it is asked something, as far as anybody can tell whether that is the same.
async fn probe(lab: &Lab<'_>, plugin: &Plugin) -> Result<Vec<String>, Breach> {
    let has = |kind| lab.rig.kinds().contains(&kind);
    let mut said = Vec::new();
    if has(Kind::Neuron) {
        let reply = ask(plugin, "a signal", &signal(9, "The kettle is blue.")).await?;
        said.push(reply.map_or_else(refused, |Signal { content, signal_type, metadata, .. }| {
            format!("{signal_type} {content:?} {metadata:?}")
        }));
    }
    if has(Kind::MemoryProvider) {
        let entry = answer("retrieve", plugin.retrieve(&mut Call::new(), "key").await)?;
        said.push(entry.map_or_else(refused, |entry| values::entry(entry.as_ref()).to_string()));
    }
    if has(Kind::Tool) {
        let tools = value("describe", plugin.describe_tools(&mut Call::new()).await)?;
        said.extend(tools.into_iter().map(|tool| format!("{} {}", tool.name, tool.parameters)));
    }
    Ok(said)
}

fn refused(failed: Failed) -> String {
    failed.to_string()
}

async fn goes_on(lab: &Lab<'_>) -> Verdict {
    let (plugin, id, stage) = (lab.fresh()?, lab.rig.id(), &lab.rig.stage);
    busy(lab, &plugin).await?;
    let state = export(&plugin).await?;
    let memory = |error: hal9_host::BackendError| Finding::new("HAL9's memory", "to be there", error.to_string());
    // Both go on from the same memory of HAL9.
    let kept = stage.kept(id).await.map_err(memory)?;
    let expected = probe(lab, &plugin).await?;
    stage.keep(id, &kept).await.map_err(memory)?;
    let next = lab.another()?;
    if !state.is_empty() {
        value("import-state", next.import_state(&mut Call::new(), &state).await)?;
    }
    let got = probe(lab, &next).await?;
    if expected.is_empty() {
        return Err(Breach::Silent("it exports nothing that can be asked".to_owned()));
    }
    equal("what the next instance answers", &expected, &got)
}

async fn nonsense(lab: &Lab<'_>) -> Verdict {
    let long = long(100_000);
    for (what, state) in [
        ("no bytes", &b""[..]),
        ("a text", b"nonsense"),
        ("bytes of 255", &[0xff; 64]),
        ("zeros", &[0; 64]),
        ("a long text", long.as_bytes()),
    ] {
        let plugin = lab.fresh()?;
        let taken = answer(format!("import-state of {what}"), plugin.import_state(&mut Call::new(), state).await)?;
        health(&plugin, "health after it").await?;
        if taken.is_err() {
            busy(lab, &plugin).await?;
        }
    }
    Ok(())
}
