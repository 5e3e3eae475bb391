//! The demo's steps in their order, from sources to plugins that are refused and stopped. It owns what is expected of each,
//! and refuses to know how that is shown.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hal9_host::{
    Call, Component, Error, Kind, Limit, LoadOptions, Manager, Plugin, Signal, SignalBatch, TrainingBatch,
};
use hal9_package::LimitOverrides;
use serde_json::{Value, json};

use super::stage::{Stage, Told, unexpected};
use super::{FAULTS, GUESTS, LEARNER, MEMORY, packages, registry};
use crate::dataset::Dataset;
use crate::failure::Failure;
use crate::home::Home;
use crate::languages::rust::{Build, Toolchain, Way};
use crate::output::{Output, bold, dim, green, plain, red, size, time, yellow};
use crate::session::manager;
use crate::source;

/// Texts with the label that each must get.
const TEXTS: [(&str, &str); 6] = [
    ("positive", "What a wonderful surprise, I love it!"),
    ("negative", "The food was cold, and the waiter was rude and angry."),
    ("negative", "This is not a good idea, and I am not happy with it."),
    ("positive", "The update is not bad at all."),
    ("negative", "I am afraid that the deadline will be a disaster."),
    ("neutral", "The meeting is on Tuesday at three."),
];

/// Signals in the batch.
const BATCH: u64 = 1_000;

/// What is to be kept.
const NOTES: [(&str, &str); 5] = [
    ("kettle", "The blue kettle boils a litre of water in two minutes."),
    ("roof", "The roof was repaired in March; the invoice is in the green folder."),
    ("train", "The night train to Vienna leaves at 22:10 from platform 7."),
    ("tomatoes", "Tomatoes want sun and water every day; plant them after the last frost."),
    ("wifi", "The password of the guest network is on the fridge."),
];

/// What is looked for, and the note that must come first.
const QUERIES: [(&str, &str); 3] =
    [("trains leaving for Vienna", "train"), ("repairing roofs", "roof"), ("watering the tomato plants", "tomatoes")];

/// Rows that are learned at once.
const ROWS: usize = 32;

/// The least share of digits that must be read right. They are those of other writers: a linear model gets to 0.88 or so,
/// and guessing to 0.1.
const ACCURACY: f64 = 0.85;

/// What the plugin that loops is given.
const RUNAWAY: Duration = Duration::from_millis(250);

pub(super) async fn play(stage: &mut Stage, guests: &Path, home: &Home) -> Result<(), Failure> {
    let toolchain = Toolchain::find();
    let output = stage.output();
    let way = toolchain.way();
    stage
        .step("prepare", "Look for what builds plugins", async |told| prepare(told, &toolchain, guests, output))
        .await?;
    let title = format!("Build {} plugins with {}", GUESTS.len() + 1, way.name());
    let files = stage
        .step("build", &title, async |told| {
            let members: Vec<_> = GUESTS.into_iter().chain([FAULTS]).map(PathBuf::from).collect();
            let files = Build::new(&toolchain, output).members(guests, &members)?;
            told.fact("built_with", way.name());
            told.fact("components", files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>());
            let about = |(guest, file): (&str, &PathBuf)| {
                format!("{guest} {}", file.metadata().map_or_else(|_| String::new(), |file| size(file.len())))
            };
            told.line(dim(GUESTS.into_iter().zip(&files).map(about).collect::<Vec<_>>().join(" · ")));
            Ok(files)
        })
        .await?;

    let host = manager(home)?;
    let loaded = stage
        .step("load", "Load them, with what each declares and no more", async |told| {
            load(told, &host, &files, output).await
        })
        .await?;
    let [neuron, _, memory, learner] = &loaded;
    stage.step("signals", "Send sentences to the neurons of layer L2", async |told| signals(told, &host).await).await?;
    stage.step("batch", "Send many at once, as columns", async |told| batch(told, &neuron.plugin).await).await?;
    stage.step("tools", "Call tools", async |told| tools(told, &host).await).await?;
    stage.step("remember", "Keep notes, and find them", async |told| remember(told, &memory.plugin).await).await?;
    stage
        .step("restart", "Find them again with a fresh host", async |told| {
            let again = manager(home)?;
            let memory = start(&again, &files[MEMORY]).await?.plugin;
            find(told, &memory).await?;
            Ok(again.unload(memory.id()).await?)
        })
        .await?;
    let data = guests.join(GUESTS[LEARNER]).join("data");
    stage
        .step("learn", "Learn to read handwritten digits", async |told| {
            learn(told, &learner.plugin, &data, output).await
        })
        .await?;
    stage
        .step("install", "Pack one, sign it, and install it", async |told| {
            packages::install(told, home, &neuron.plugin, &source::read(&files[0])?).await
        })
        .await?;
    stage
        .step("publish", "Publish it to a registry, and have it from there", async |told| {
            registry::publish(told, home, &neuron.plugin, &source::read(&files[0])?).await
        })
        .await?;
    stage
        .step("reload", "Replace it while it is called", async |told| {
            packages::reload(told, &host, &neuron.plugin, &neuron.component).await
        })
        .await?;
    stage
        .step("denied", "Load a plugin that is granted nothing", async |told| denied(told, &host, &memory.component))
        .await?;
    stage
        .step("runaway", "Call a plugin that never returns", async |told| {
            runaway(told, &host, &files[GUESTS.len()]).await
        })
        .await?;
    stage.step("after", "Go on with the others", async |told| after(told, &host).await).await?;
    for summary in host.list() {
        host.unload(summary.plugin.id()).await?;
    }
    Ok(())
}

fn prepare(told: &mut Told, toolchain: &Toolchain, guests: &Path, output: Output) -> Result<(), Failure> {
    let mut targets = vec![Way::Cargo.target()];
    if toolchain.cargo_component.is_some() {
        targets.push(Way::CargoComponent.target());
    }
    for target in &targets {
        toolchain.ensure_target(target, guests, output)?;
    }
    let version = |program: &Option<PathBuf>| program.as_deref().and_then(Toolchain::version);
    let rustc = version(&toolchain.rustc);
    let component = version(&toolchain.cargo_component);
    told.fact("rustc", rustc.clone());
    told.fact("targets", targets.clone());
    told.fact("cargo_component", component.clone());
    let component = component.map_or_else(
        || "no cargo-component, so plain cargo".to_owned(),
        |version| format!("cargo-component {version}"),
    );
    told.line(dim(format!("rustc {} · {} · {component}", rustc.unwrap_or_default(), targets.join(" · "))));
    Ok(())
}

/// A plugin at work, and what it was loaded from.
struct Loaded {
    plugin: Plugin,
    component: Component,
}

/// Loads and activates a plugin, granted what it declares.
async fn start(host: &Manager, file: &Path) -> Result<Loaded, Failure> {
    let component = host.host().compile_file(file)?;
    let plugin = host.load(&component, LoadOptions::declared())?;
    host.activate(plugin.id()).await?;
    plugin.start().await?;
    Ok(Loaded { plugin, component })
}

/// The guests, in their order.
async fn load(
    told: &mut Told,
    host: &Manager,
    files: &[PathBuf],
    output: Output,
) -> Result<[Loaded; GUESTS.len()], Failure> {
    let mut all = Vec::new();
    let mut facts = Vec::new();
    let spinner = output.spinner("compiling to machine code");
    // What comes after them goes wrong on purpose.
    for file in files.iter().take(GUESTS.len()) {
        let started = Instant::now();
        let loaded = start(host, file).await?;
        let plugin = &loaded.plugin;
        let kinds: Vec<_> = plugin.kinds().iter().map(ToString::to_string).collect();
        let granted = plugin.granted();
        let granted_text = if granted.is_empty() { "nothing".to_owned() } else { granted.to_string() };
        told.line(format!(
            "{:<26} {:<18} {}",
            plugin.id().as_str(),
            kinds.join(", "),
            dim(format!("may use {granted_text}"))
        ));
        facts.push(json!({
            "id": plugin.id(),
            "kinds": kinds,
            "granted": granted,
            "time_us": u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        }));
        all.push(loaded);
    }
    drop(spinner);
    told.fact("plugins", facts);
    <[Loaded; GUESTS.len()]>::try_from(all).map_err(|_| unexpected("not every plugin was built"))
}

async fn signals(told: &mut Told, host: &Manager) -> Result<(), Failure> {
    let mut facts = Vec::new();
    for (expected, text) in TEXTS {
        let reply = send(host, text).await?;
        let fact = |name: &str| reply.get(name).unwrap_or_default().to_owned();
        let (label, score, emotions) = (fact("label"), fact("score"), fact("emotions"));
        let number: f64 = score.parse().unwrap_or_default();
        let coloured = match label.as_str() {
            "positive" => green(format!("{label:<8}")),
            "negative" => red(format!("{label:<8}")),
            _ => yellow(format!("{label:<8}")),
        };
        told.line(format!("{coloured} {number:>+5.2}  {}", plain(text)));
        if !emotions.is_empty() {
            told.line(dim(format!("                {}", plain(&emotions.replace(',', ", ")))));
        }
        facts.push(json!({ "text": text, "label": label, "score": number, "emotions": emotions }));
        if label != expected {
            return Err(unexpected(format!("`{text}` is {expected}, and the neuron says {label}")));
        }
    }
    told.fact("replies", facts);
    Ok(())
}

/// The reply of the one neuron of the layer.
async fn send(host: &Manager, text: &str) -> Result<Signal, Failure> {
    let routed = host.send("L2", None, Signal::text(text)).await?;
    let Some(delivery) = routed.deliveries.into_iter().next() else {
        return Err(unexpected("no neuron got the signal"));
    };
    Ok(delivery.outcome?)
}

async fn batch(told: &mut Told, neuron: &Plugin) -> Result<(), Failure> {
    let mut batch = SignalBatch::new();
    for (row, (_, text)) in (0..BATCH).zip(TEXTS.iter().cycle()) {
        batch.push((0, row), 0, "text", text);
    }
    let call = &mut Call::measured();
    let reply = neuron.process_batch(call, &batch).await?;
    let elapsed = call.elapsed().unwrap_or_default();
    let each = elapsed / u32::try_from(BATCH).unwrap_or(1);
    told.line(format!("{} replies to one call, {} each", reply.rows(), time(each)));
    told.fact("rows", reply.rows());
    told.fact("time_us_per_row", each.as_secs_f64() * 1e6);
    Ok(())
}

/// A tool's result.
async fn call(host: &Manager, tool: &str, params: &Value) -> Result<(Value, Duration), Failure> {
    let call = &mut Call::measured();
    let result = host.find(Kind::Tool, tool)?.execute_tool(call, tool, &params.to_string()).await?;
    let result = serde_json::from_str(&result).map_err(|error| Failure::internal("a tool's result", &error))?;
    Ok((result, call.elapsed().unwrap_or_default()))
}

async fn tools(told: &mut Told, host: &Manager) -> Result<(), Failure> {
    let (title, slug) = ("Ärger im Büro: was nun?", "arger-im-buro-was-nun");
    let (result, elapsed) = call(host, "slugify", &json!({ "text": title })).await?;
    told.line(format!(
        "slugify     {title} → {}  {}",
        bold(plain(result["slug"].as_str().unwrap_or_default())),
        dim(time(elapsed))
    ));
    told.fact("slugify", result.clone());
    if result["slug"] != slug {
        return Err(unexpected(format!("slugify gave {result} instead of {slug}")));
    }
    let text = "Write to ada@example.org by 2026-12-01, or see https://example.org/plan (10.0.0.7 answers).";
    let (result, elapsed) = call(host, "extract", &json!({ "text": text })).await?;
    let kinds = ["emails", "urls", "ip_addresses", "dates"];
    let found: Vec<_> = kinds.iter().filter_map(|kind| text_of(result[kind].get(0)?)).collect();
    told.line(format!("extract     {}  {}", plain(&found.join(", ")), dim(time(elapsed))));
    told.fact("extract", result.clone());
    if found.len() != kinds.len() {
        return Err(unexpected(format!("extract should find one each of {}, and found {result}", kinds.join(", "))));
    }
    Ok(())
}

/// A finding as it stands in the text.
fn text_of(finding: &Value) -> Option<String> {
    finding.as_str().or_else(|| finding["text"].as_str()).map(str::to_owned)
}

async fn remember(told: &mut Told, memory: &Plugin) -> Result<(), Failure> {
    let mut elapsed = Duration::ZERO;
    for (key, text) in NOTES {
        let call = &mut Call::measured();
        memory.store(call, key, text.as_bytes(), &Vec::new()).await?;
        elapsed += call.elapsed().unwrap_or_default();
    }
    told.line(format!("{} notes kept, {} each, written to the disk", NOTES.len(), time(elapsed / NOTES.len() as u32)));
    find(told, memory).await
}

/// Looks for what was kept.
async fn find(told: &mut Told, memory: &Plugin) -> Result<(), Failure> {
    let mut facts = Vec::new();
    for (query, expected) in QUERIES {
        let call = &mut Call::measured();
        let hits = memory.search(call, query, 3).await?;
        let Some(best) = hits.first() else {
            return Err(unexpected(format!("nothing was found for `{query}`")));
        };
        let elapsed = dim(time(call.elapsed().unwrap_or_default()));
        told.line(format!("{query:<26}  {}  {:>5.2}  {elapsed}", bold(format!("{:<8}", plain(&best.key))), best.score));
        facts.push(json!({ "query": query, "key": best.key, "score": best.score }));
        if best.key != expected {
            return Err(unexpected(format!("`{query}` is about {expected}, and found {} first", plain(&best.key))));
        }
    }
    told.fact("searches", facts);
    Ok(())
}

async fn learn(told: &mut Told, learner: &Plugin, data: &Path, output: Output) -> Result<(), Failure> {
    let (rows, targets) = Dataset::read(&data.join("digits-train.csv"))?.split("label", None, None)?;
    let (held_out, answers) =
        Dataset::read(&data.join("digits-test.csv"))?.split("label", Some(&rows.features), None)?;
    let spinner = output.spinner("training");
    let call = &mut Call::measured();
    let mut model = learner.create_model(call, r#"{"classes": 10}"#).await?;
    let width = rows.dimensions();
    let batches = rows.len().div_ceil(ROWS);
    let mut elapsed = Duration::ZERO;
    let mut accuracies = Vec::new();
    for (done, (features, numbers)) in (1..).zip(rows.batches(ROWS).zip(targets.numbers().chunks(ROWS))) {
        let batch = TrainingBatch { features: features.to_vec(), dimensions: width, targets: numbers.to_vec() };
        let report = model.train(call, &batch).await?;
        elapsed += call.elapsed().unwrap_or_default();
        // Early, halfway and at the end.
        if done == 1 || done == batches / 4 || done == batches {
            let prediction = model.predict(call, held_out.all(), width).await?;
            let right = prediction.targets.iter().zip(answers.numbers()).filter(|(one, other)| one == other).count();
            let accuracy = right as f64 / held_out.len().max(1) as f64;
            told.line(format!(
                "{:>5} images seen   {} of {} others read right: {}",
                report.samples,
                right,
                held_out.len(),
                bold(format!("{:.1} %", accuracy * 100.0)),
            ));
            accuracies.push(json!({ "samples": report.samples, "accuracy": accuracy }));
        }
    }
    drop(spinner);
    let last = accuracies.last().and_then(|it| it["accuracy"].as_f64()).unwrap_or_default();
    told.line(dim(format!(
        "{batches} batches of {ROWS}, {} each",
        time(elapsed / u32::try_from(batches).unwrap_or(1))
    )));
    told.fact("held_out", held_out.len());
    told.fact("accuracies", accuracies);
    if last < ACCURACY {
        return Err(unexpected(format!("the model reads {last:.3} of the digits, and {ACCURACY} was to be reached")));
    }
    Ok(())
}

fn denied(told: &mut Told, host: &Manager, component: &Component) -> Result<(), Failure> {
    match host.host().load(component, LoadOptions::default()) {
        Err(error @ Error::Ungranted { .. }) => {
            refusal(told, error);
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(plugin) => Err(unexpected(format!("{} was loaded without what it needs", plugin.id()))),
    }
}

/// An error that had to come, as the command would show it.
fn refusal(told: &mut Told, error: Error) {
    let failure = Failure::from(error);
    told.line(format!("{} {}", red("error:"), failure.message));
    if let Some(help) = &failure.help {
        told.line(format!("  {} {help}", bold("help:")));
    }
    told.fact("error", json!(failure));
}

async fn runaway(told: &mut Told, host: &Manager, file: &Path) -> Result<(), Failure> {
    let component = host.host().compile_file(file)?;
    let caps = LimitOverrides { call_time: Some(RUNAWAY), ..LimitOverrides::default() };
    // Beside the manager, so that no signal but these reaches it.
    let plugin = host.host().load(&component, LoadOptions { caps, ..LoadOptions::declared() })?;
    let call = &mut Call::measured();
    let error = match plugin.process_signal(call, &Signal::text("spin")).await {
        Err(error @ Error::LimitExceeded { limit: Limit::Deadline, .. }) => error,
        Err(error) => return Err(error.into()),
        Ok(_) => return Err(unexpected("a loop without an end has ended")),
    };
    refusal(told, error);
    told.line(dim(format!("stopped after {}", time(call.elapsed().unwrap_or_default()))));
    plugin.process_signal(call, &Signal::text("Are you well?")).await?;
    told.line(format!(
        "{} answers again, with a fresh instance  {}",
        plugin.id(),
        dim(time(call.elapsed().unwrap_or_default()))
    ));
    Ok(())
}

async fn after(told: &mut Told, host: &Manager) -> Result<(), Failure> {
    let reply = send(host, TEXTS[0].1).await?;
    told.line(format!("{}  {}", reply.content, dim(TEXTS[0].1)));
    told.fact("reply", reply.content);
    Ok(())
}
