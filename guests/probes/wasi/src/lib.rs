//! A neuron that tries what the standard library offers, `DO WHAT`, and answers with what came of it. It carries no
//! manifest: its tests grant it directories that exist for their time only.

use hal9_plugin_sdk::*;
use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

#[derive(Default)]
struct Wasi;

impl NeuronPlugin for Wasi {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        let (what, with) = signal.content.split_once(' ').unwrap_or((&signal.content, ""));
        let answer = match what {
            "env" => format!("{:?}", std::env::var(with).ok()),
            "environment" => format!("{} {}", std::env::vars().count(), std::env::args().count()),
            "read" => shown(fs::read_to_string(with)),
            "write" => shown(fs::write(with, "written")),
            "remove" => shown(fs::remove_file(with)),
            "list" => shown(
                fs::read_dir(with).map(|entries| entries.flatten().map(|entry| entry.file_name()).collect::<Vec<_>>()),
            ),
            "time" => format!("{:?}", SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs())),
            "instant" => {
                let before = Instant::now();
                std::thread::sleep(std::time::Duration::from_millis(1));
                format!("{:?}", before.elapsed())
            }
            "random" => format!("{:x} {}", RandomState::new().hash_one(0), Uuid::new_v4()),
            "connect" => shown(std::net::TcpStream::connect(with).map(drop)),
            "stdin" => shown(std::io::read_to_string(std::io::stdin())),
            _ => format!("cannot {what}"),
        };
        Ok(PluginSignal { content: answer, ..signal })
    }
}

fn shown<T: std::fmt::Debug>(result: std::io::Result<T>) -> String {
    match result {
        Ok(value) => format!("ok {value:?}"),
        Err(error) => format!("{:?}", error.kind()),
    }
}

neuron_plugin!(Wasi);
