//! `hal9 memory store|get|search|delete`: what memory providers keep.

use std::io::Write as _;

use hal9_host::{Call, Plugin};
use serde_json::json;

use super::standard_input;
use crate::args::{MemoryCommand, ProviderArg};
use crate::failure::Failure;
use crate::output::{bold, dim, green, lines, plain, time};
use crate::session::Session;

pub(super) async fn run(session: &mut Session, command: MemoryCommand) -> Result<(), Failure> {
    match command {
        MemoryCommand::Store { provider, key, value, file, meta } => {
            let value = match (value, file) {
                (Some(text), _) => text.into_bytes(),
                (None, Some(path)) => std::fs::read(&path).map_err(|error| Failure::file(&path, &error))?,
                (None, None) => standard_input()?,
            };
            store(session, &provider, &key, &value, &meta).await
        }
        MemoryCommand::Get { provider, key } => get(session, &provider, &key).await,
        MemoryCommand::Search { provider, query, limit } => search(session, &provider, &query, limit).await,
        MemoryCommand::Delete { provider, key } => delete(session, &provider, &key).await,
    }
}

/// Starts the provider of that name, or the only one.
async fn start(session: &mut Session, provider: &ProviderArg) -> Result<Plugin, Failure> {
    let plugin = super::only(session, "MemoryProvider", "memory provider", "--provider", provider.provider.as_deref())?;
    session.activate(&plugin).await
}

async fn store(
    session: &mut Session,
    provider: &ProviderArg,
    key: &str,
    value: &[u8],
    metadata: &Vec<(String, String)>,
) -> Result<(), Failure> {
    let plugin = start(session, provider).await?;
    let call = &mut Call::measured();
    plugin.store(call, key, value, metadata).await?;
    let elapsed = call.elapsed().unwrap_or_default();
    session.output.result(&json!({ "plugin": plugin.id(), "key": key, "bytes": value.len() }), || {
        let about = dim(format!("{} · {}", plugin.id(), time(elapsed)));
        format!("{} {} is stored, {} bytes  {about}", green("✓"), plain(key), value.len())
    })
}

async fn get(session: &mut Session, provider: &ProviderArg, key: &str) -> Result<(), Failure> {
    let plugin = start(session, provider).await?;
    let Some(entry) = plugin.retrieve(&mut Call::measured(), key).await? else {
        let what = format!("{} has nothing under `{}`", plugin.id(), plain(key));
        return Err(Failure::not_found(what, "look for it: hal9 memory search WORDS").plugin(plugin.id()));
    };
    if !session.output.json() {
        // As it was stored: into a file or another program. A terminal gets text that cannot harm it.
        return if std::io::IsTerminal::is_terminal(&std::io::stdout()) {
            let text = String::from_utf8_lossy(&entry.value);
            session.output.line(lines(&text));
            Ok(())
        } else {
            let written = std::io::stdout().lock().write_all(&entry.value);
            written.map_err(|error| Failure::internal("the value could not be written", &error))
        };
    }
    let metadata: serde_json::Map<_, _> =
        entry.metadata.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let text = String::from_utf8(entry.value);
    let value = match &text {
        Ok(text) => json!({ "plugin": plugin.id(), "key": key, "value": text, "metadata": metadata }),
        // No text: as numbers, so that nothing is lost.
        Err(error) => json!({ "plugin": plugin.id(), "key": key, "bytes": error.as_bytes(), "metadata": metadata }),
    };
    session.output.result(&value, String::new)
}

async fn search(session: &mut Session, provider: &ProviderArg, query: &str, limit: u32) -> Result<(), Failure> {
    let plugin = start(session, provider).await?;
    let call = &mut Call::measured();
    let hits = plugin.search(call, query, limit).await?;
    let elapsed = call.elapsed().unwrap_or_default();
    let value: Vec<_> = hits
        .iter()
        .map(|hit| {
            let metadata: serde_json::Map<_, _> =
                hit.metadata.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
            json!({ "key": hit.key, "score": hit.score, "snippet": hit.snippet, "metadata": metadata })
        })
        .collect();
    session.output.note(format!("{} · {}", plugin.id(), time(elapsed)));
    session.output.result(&json!({ "plugin": plugin.id(), "query": query, "hits": value }), || {
        if hits.is_empty() {
            return "Nothing fits.".to_owned();
        }
        let hit = |hit: &hal9_host::SearchHit| {
            format!("{:>7.3}  {}\n         {}\n", hit.score, bold(plain(&hit.key)), plain(&hit.snippet))
        };
        hits.iter().map(hit).collect()
    })
}

async fn delete(session: &mut Session, provider: &ProviderArg, key: &str) -> Result<(), Failure> {
    let plugin = start(session, provider).await?;
    if !plugin.delete(&mut Call::measured(), key).await? {
        let what = format!("{} has nothing under `{}`", plugin.id(), plain(key));
        return Err(Failure::not_found(what, "look for it: hal9 memory search WORDS").plugin(plugin.id()));
    }
    session.output.result(&json!({ "plugin": plugin.id(), "key": key, "deleted": true }), || {
        format!("{} {} is forgotten", green("✓"), plain(key))
    })
}
