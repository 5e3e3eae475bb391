//! A neuron that uses up files, `DO HOW-MUCH PATH`, and answers with what came of it. What it holds open it keeps until it
//! lets go. It carries no manifest: its tests grant it directories that exist for their time only.

use hal9_plugin_sdk::*;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};

#[derive(Default)]
struct Files {
    held: Vec<File>,
}

impl NeuronPlugin for Files {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        let mut words = signal.content.splitn(3, ' ');
        let what = words.next().unwrap_or_default();
        let much: usize = words.next().and_then(|much| much.parse().ok()).unwrap_or_default();
        let path = words.next().unwrap_or_default();
        let to_write = || OpenOptions::new().write(true).open(path);
        let answer = match what {
            "fill" => shown(fs::write(path, vec![b'x'; much])),
            "append" => {
                shown(OpenOptions::new().append(true).open(path).and_then(|mut file| file.write_all(&vec![b'x'; much])))
            }
            "grow" => shown(to_write().and_then(|file| file.set_len(much as u64))),
            "skip" => shown(to_write().and_then(|mut file| {
                file.seek(SeekFrom::Start(much as u64))?;
                file.write_all(b"x")
            })),
            "hold" => {
                let opened = (0..much).try_for_each(|_| File::open(path).map(|file| self.held.push(file)));
                format!("{} {}", self.held.len(), shown(opened))
            }
            "release" => {
                self.held.clear();
                "ok".to_owned()
            }
            "count" => shown(fs::read_dir(path).map(Iterator::count)),
            "trap" => std::process::abort(),
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

neuron_plugin!(Files);
