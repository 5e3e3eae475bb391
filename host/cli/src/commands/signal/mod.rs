//! `hal9 signal send`: a signal through every neuron of a layer, or many.

mod batch;

use hal9_host::{Delivery, Dropped, Signal};
use serde_json::{Value, json};

use super::standard_input_text;
use crate::args::{SendArgs, SignalCommand};
use crate::failure::Failure;
use crate::output::{bold, count, dim, plain, red, size, time, yellow};
use crate::session::Session;

pub(super) async fn run(session: &mut Session, command: SignalCommand) -> Result<(), Failure> {
    let SignalCommand::Send(args) = command;
    match &args.batch {
        Some(path) => batch::send(session, &args, path).await,
        None => send(session, args).await,
    }
}

/// What one neuron did with the signal, or why its plugin could not be started.
pub(super) struct Reply {
    plugin: String,
    neuron: Option<String>,
    layer: String,
    hop: u32,
    outcome: Result<Signal, Failure>,
    elapsed: std::time::Duration,
    peak_memory: u64,
}

impl From<Delivery> for Reply {
    fn from(delivery: Delivery) -> Self {
        Self {
            plugin: delivery.plugin.to_string(),
            neuron: Some(delivery.neuron),
            layer: delivery.layer,
            hop: delivery.hop,
            outcome: delivery.outcome.map_err(Failure::from),
            elapsed: delivery.elapsed,
            peak_memory: delivery.peak_memory,
        }
    }
}

async fn send(session: &mut Session, args: SendArgs) -> Result<(), Failure> {
    let content = match args.content.or(args.text) {
        Some(content) => content,
        None => standard_input_text()?,
    };
    let mut signal = Signal::text(&content);
    signal.signal_type = args.signal_type;
    signal.metadata = args.meta;

    let mut replies = start(session, &args.layer, args.neuron.as_deref()).await?;
    let mut dropped = Vec::new();
    match session.manager.send(&args.layer, args.neuron.as_deref(), signal.clone()).await {
        Ok(routed) => {
            replies.extend(routed.deliveries.into_iter().map(Reply::from));
            dropped = routed.dropped;
        }
        // Where plugins could not be started, that is the reason, and not that nobody is there.
        Err(error) if replies.is_empty() => return Err(error.into()),
        Err(_) => {}
    }
    for reply in &replies {
        if let Err(failure) = &reply.outcome {
            session.note_error(failure);
        }
    }
    if let [Reply { outcome: Err(failure), .. }] = replies.as_slice() {
        return Err(failure.clone());
    }
    show(session, &signal, &replies, &dropped)?;
    // Others got through where one did; where none did, the first reason is the command's.
    match replies
        .into_iter()
        .map(|reply| reply.outcome)
        .reduce(|first, next| if first.is_ok() { first } else { next.or(first) })
    {
        Some(Err(failure)) => Err(failure),
        _ => Ok(()),
    }
}

/// Starts the neurons of a layer; a reply for each that cannot be.
async fn start(session: &mut Session, layer: &str, neuron: Option<&str>) -> Result<Vec<Reply>, Failure> {
    let mut replies = Vec::new();
    let mut plugins = session.plugins()?;
    plugins.retain(|plugin| {
        plugin.active && plugin.manifest.capabilities.iter().any(|capability| capability.layer() == Some(layer))
    });
    if let Some(neuron) = neuron {
        plugins.retain(|plugin| {
            plugin.id().as_str() == neuron
                || plugin
                    .manifest
                    .capabilities
                    .iter()
                    .any(|capability| capability.layer() == Some(layer) && capability.name() == neuron)
        });
    }
    if plugins.is_empty() {
        return Err(nobody(session, layer, neuron)?);
    }
    let outcomes = session.activate_all(&plugins).await?;
    for (plugin, outcome) in plugins.iter().zip(outcomes) {
        if let Err(failure) = outcome {
            replies.push(Reply {
                plugin: plugin.id().to_string(),
                neuron: None,
                layer: layer.to_owned(),
                hop: 0,
                outcome: Err(failure),
                elapsed: std::time::Duration::ZERO,
                peak_memory: 0,
            });
        }
    }
    Ok(replies)
}

fn nobody(session: &Session, layer: &str, neuron: Option<&str>) -> Result<Failure, Failure> {
    let mut layers = std::collections::BTreeSet::new();
    for plugin in session.plugins()?.iter().filter(|plugin| plugin.active) {
        layers
            .extend(plugin.manifest.capabilities.iter().filter_map(|capability| capability.layer().map(str::to_owned)));
    }
    let what = neuron.map_or_else(
        || format!("no active neuron is in layer {}", plain(layer)),
        |neuron| format!("no active neuron `{}` is in layer {}", plain(neuron), plain(layer)),
    );
    let help = if layers.is_empty() {
        "load a neuron: hal9 plugin load --dev DIR".to_owned()
    } else {
        format!("layers with neurons: {}", layers.into_iter().collect::<Vec<_>>().join(", "))
    };
    Ok(Failure::not_found(what, help))
}

fn show(session: &Session, signal: &Signal, replies: &[Reply], dropped: &[Dropped]) -> Result<(), Failure> {
    let dropped_json: Vec<_> = dropped.iter().map(dropped_json).collect();
    let replies_json: Vec<_> = replies.iter().map(reply_json).collect();
    let value = json!({ "signal": signal_json(signal), "replies": replies_json, "dropped": dropped_json });
    session.output.result(&value, || {
        let mut text: String = replies.iter().map(|reply| reply_text(reply, true)).collect();
        dropped.iter().for_each(|it| text.push_str(&dropped_text(it)));
        text
    })
}

fn dropped_json(dropped: &Dropped) -> Value {
    json!({"plugin": dropped.plugin, "layer": dropped.layer, "reason": dropped.reason, "signals": dropped.signals})
}

fn dropped_text(dropped: &Dropped) -> String {
    let signals = count(dropped.signals as u64, "signal");
    let what =
        format!("dropped: {signals} of {} for layer {}: {}", dropped.plugin, plain(&dropped.layer), dropped.reason);
    format!("{}\n", yellow(what))
}

fn signal_json(signal: &Signal) -> Value {
    let metadata: serde_json::Map<_, _> =
        signal.metadata.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    json!({
        "id": signal.uuid(),
        "content": signal.content,
        "type": signal.signal_type,
        "metadata": metadata,
        "timestamp": signal.timestamp,
    })
}

pub(super) fn reply_json(reply: &Reply) -> Value {
    let mut value = json!({
        "plugin": reply.plugin,
        "neuron": reply.neuron,
        "layer": reply.layer,
        "hop": reply.hop,
        "time_us": u64::try_from(reply.elapsed.as_micros()).unwrap_or(u64::MAX),
        "peak_memory": reply.peak_memory,
    });
    match &reply.outcome {
        Ok(signal) => value["signal"] = signal_json(signal),
        Err(failure) => value["error"] = json!(failure),
    }
    value
}

/// What a reply tells people: with the whole of a failure, or with its first line where what the plugin wrote is told besides.
pub(super) fn reply_text(reply: &Reply, is_whole: bool) -> String {
    let hop = if reply.hop == 0 { String::new() } else { format!(" · hop {} to {}", reply.hop, plain(&reply.layer)) };
    let about = format!(
        "{}{}{hop} · {} · {}",
        reply.plugin,
        reply.neuron.as_ref().map_or_else(String::new, |neuron| format!(" · {neuron}")),
        time(reply.elapsed),
        size(reply.peak_memory),
    );
    match &reply.outcome {
        Ok(signal) => {
            let width = signal.metadata.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
            let mut text = format!("{}  {}\n", bold(plain(&signal.content)), dim(about));
            for (name, value) in &signal.metadata {
                let value = if value.is_empty() { dim("(empty)") } else { plain(value) };
                text.push_str(&format!("  {:<width$}  {value}\n", plain(name)));
            }
            text
        }
        Err(failure) => {
            let first = failure.message.lines().next().unwrap_or_default();
            let message = if is_whole { &failure.message } else { first };
            format!("{} {message}  {}\n", red("failed:"), dim(about))
        }
    }
}
