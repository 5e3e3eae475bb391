//! Owns the lines of standard input while a plugin is developed: what each asks of the plugin, and asking it. It refuses to
//! know which version answers.

use std::io::{BufRead, IsTerminal as _, Read as _};

use hal9_host::{Call, Manager, Signal};
use hal9_package::{Capability, Manifest, PluginId};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::events::Event;
use crate::commands::signal::Reply;
use crate::failure::Failure;
use crate::output::{Output, plain};

/// A line that is longer is not taken.
const LINE_BYTES: u64 = 1 << 20;

/// So many lines wait at most; whoever writes more waits himself.
const WAITING: usize = 64;

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Request<'a> {
    Signal(&'a str),
    /// A tool with its parameters; the first one, where none is named.
    Tool(Option<&'a str>, &'a str),
}

impl<'a> Request<'a> {
    /// `tools` are those that the plugin has.
    fn of(line: &'a str, tools: &[&str]) -> Self {
        let Some(rest) = line.strip_prefix("tool ").map(str::trim) else { return Self::Signal(line) };
        // One that takes nothing, or is told what it takes.
        if tools.contains(&rest) {
            return Self::Tool(Some(rest), "{}");
        }
        match (rest.starts_with('{'), rest.split_once(char::is_whitespace).map(|(name, rest)| (name, rest.trim()))) {
            (true, _) => Self::Tool(None, rest),
            (false, Some((name, params))) if params.starts_with('{') => Self::Tool(Some(name), params),
            // A sentence that begins with the word.
            _ => Self::Signal(line),
        }
    }
}

/// A line, or why it could not be read.
pub(super) type Line = Result<String, Failure>;

/// The lines as they come, and the end of them; a terminal's never ends. They are read on a thread of their own, which nobody
/// waits for: reading cannot be given up.
pub(super) fn lines() -> (mpsc::Receiver<Line>, oneshot::Receiver<()>) {
    let (line, lines) = mpsc::channel(WAITING);
    let (end, ended) = oneshot::channel();
    std::thread::spawn(move || {
        let stdin = std::io::stdin();
        let is_terminal = stdin.is_terminal();
        read_lines(stdin.lock(), &line);
        if is_terminal {
            // Whoever ends it by hand still sees the plugin run.
            std::mem::forget((line, end));
        } else {
            drop(line);
            let _ = end.send(());
        }
    });
    (lines, ended)
}

fn read_lines(mut from: impl BufRead, to: &mpsc::Sender<Line>) {
    loop {
        let mut bytes = Vec::new();
        match (&mut from).take(LINE_BYTES + 1).read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = if bytes.len() as u64 > LINE_BYTES {
            let rest = if bytes.ends_with(b"\n") { Ok(0) } else { from.skip_until(b'\n') };
            if rest.is_err() {
                return;
            }
            Err(Failure::usage("a line of standard input has more than 1 MiB", "give less at once"))
        } else {
            String::from_utf8(bytes)
                .map(|text| text.trim_end_matches(['\n', '\r']).to_owned())
                .map_err(|_| Failure::usage("a line of standard input is not UTF-8", "convert it, as with iconv"))
        };
        if line.as_ref().is_ok_and(String::is_empty) {
            continue;
        }
        if to.blocking_send(line).is_err() {
            return;
        }
    }
}

/// Has the plugin answer one line after the other, whichever of its versions is there then.
pub(super) async fn answer(manager: Manager, id: PluginId, output: Output, mut lines: mpsc::Receiver<Line>) {
    while let Some(line) = lines.recv().await {
        let answered = match &line {
            Ok(line) => asked(&manager, &id, line).await,
            Err(failure) => Err(failure.clone()),
        };
        match answered {
            Ok(events) => events.iter().for_each(|event| event.tell(output)),
            Err(error) => Event::Refused { error }.tell(output),
        }
    }
}

async fn asked(manager: &Manager, id: &PluginId, line: &str) -> Result<Vec<Event>, Failure> {
    let manifest = manager.get(id)?.manifest();
    match Request::of(line, &tools(&manifest)) {
        Request::Signal(text) => signal(manager, id, text).await,
        Request::Tool(name, params) => tool(manager, id, name, params).await.map(|event| vec![event]),
    }
}

/// The names of a plugin's tools.
fn tools(manifest: &Manifest) -> Vec<&str> {
    let tools = manifest.capabilities.iter().filter(|capability| capability.kind() == "ToolProvider");
    tools.map(Capability::name).collect()
}

async fn signal(manager: &Manager, id: &PluginId, text: &str) -> Result<Vec<Event>, Failure> {
    let plugin = manager.get(id)?;
    let layer = plugin.manifest().capabilities.iter().find_map(Capability::layer).map(str::to_owned);
    let Some(layer) = layer else {
        let help = match tools(&plugin.manifest()).as_slice() {
            [] => "it is not called from here".to_owned(),
            [name] => format!("call its tool: tool {} {{\"text\": \"hello\"}}", plain(name)),
            names => format!(
                "call one of its tools: tool NAME {{\"text\": \"hello\"}}; there are {}",
                plain(&names.join(", "))
            ),
        };
        return Err(Failure::usage(format!("{id} has no neuron that could take a signal"), help).plugin(id));
    };
    let routed = manager.send(&layer, Some(id.as_str()), Signal::text(text)).await?;
    let replies = routed.deliveries.into_iter().map(|delivery| Event::Reply(Box::new(Reply::from(delivery))));
    Ok(replies.collect())
}

async fn tool(manager: &Manager, id: &PluginId, name: Option<&str>, params: &str) -> Result<Event, Failure> {
    let plugin = manager.get(id)?;
    let manifest = plugin.manifest();
    let Some(name) = name.or_else(|| tools(&manifest).first().copied()).map(str::to_owned) else {
        let help = "send its neuron a signal: any other line is one";
        return Err(Failure::usage(format!("{id} has no tool"), help).plugin(id));
    };
    let call = &mut Call::measured();
    let result = plugin.execute_tool(call, &name, params).await?;
    let result: Value =
        serde_json::from_str(&result).map_err(|error| Failure::internal("the result could not be read", &error))?;
    Ok(Event::Result {
        plugin: id.clone(),
        tool: name,
        result,
        time_us: super::events::micros(call.elapsed().unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_signal_unless_it_calls_a_tool() {
        let of = |line| Request::of(line, &["slugify"]);
        assert_eq!(of("hello"), Request::Signal("hello"));
        assert_eq!(of("tool {\"a\": 1}"), Request::Tool(None, "{\"a\": 1}"));
        assert_eq!(of("tool slugify  {}"), Request::Tool(Some("slugify"), "{}"));
        assert_eq!(of("tool slugify"), Request::Tool(Some("slugify"), "{}"));
        for text in ["tool", "tool time", "tool me about {x}", "toolbox {}"] {
            assert_eq!(of(text), Request::Signal(text));
        }
    }

    #[test]
    fn lines_are_bounded_and_the_next_one_is_read() {
        let (sender, mut lines) = mpsc::channel(8);
        let input = [&vec![b'x'; LINE_BYTES as usize + 9][..], b"\n\nnext\r\n\xff\nlast"].concat();
        read_lines(input.as_slice(), &sender);
        drop(sender);
        let mut read = Vec::new();
        while let Ok(line) = lines.try_recv() {
            read.push(line.map_err(|failure| failure.message));
        }
        assert!(read[0].as_ref().is_err_and(|message| message.contains("1 MiB")));
        assert_eq!(read[1].as_deref(), Ok("next"));
        assert!(read[2].as_ref().is_err_and(|message| message.contains("UTF-8")));
        assert_eq!(read[3].as_deref(), Ok("last"));
    }
}
