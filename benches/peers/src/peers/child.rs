//! A process of its own, a JSON text a line in and out. It refuses to know how the process is kept in bounds: the system can.

use std::borrow::Cow;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};

use peer_child::{Reply, Request, decode, encode};
use peer_jobs::{Signal, model};

use crate::peer::Peer;

/// The process, its pipes, and the lines that are on their way.
pub(crate) struct Child {
    process: process::Child,
    /// None once there is nothing more to ask.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    request: Vec<u8>,
    reply: String,
}

impl Child {
    pub(crate) fn open(program: &Path) -> Self {
        let mut process = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Self {
            input: process.stdin.take(),
            output: BufReader::new(process.stdout.take().unwrap()),
            process,
            request: Vec::new(),
            reply: String::new(),
        }
    }

    fn ask(&mut self, request: &Request<'_>) -> Reply {
        self.request.clear();
        serde_json::to_writer(&mut self.request, request).unwrap();
        self.request.push(b'\n');
        self.input.as_mut().unwrap().write_all(&self.request).unwrap();
        self.reply.clear();
        self.output.read_line(&mut self.reply).unwrap();
        match serde_json::from_str(&self.reply).unwrap() {
            Reply::Failed(why) => panic!("the child: {why}"),
            reply => reply,
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // The end of its input is its end.
        self.input = None;
        let _ = self.process.wait();
    }
}

impl Peer for Child {
    const NAME: &str = "child-process";
    const BOUNDS: &str =
        "memory: its own address space, and what the system is told to limit; time: can be killed; rights: the host's";

    async fn signal(&mut self, signal: &mut Signal) -> Signal {
        let Reply::Signal(reply) = self.ask(&Request::Signal(Cow::Borrowed(signal))) else { panic!("no signal") };
        reply
    }

    async fn tool(&mut self, params: &str) -> String {
        let Reply::Tool(result) = self.ask(&Request::Tool(params.into())) else { panic!("no result") };
        result
    }

    async fn put(&mut self, key: &str, value: &[u8]) {
        let Reply::Kept = self.ask(&Request::Put(key.into(), encode(value))) else { panic!("not kept") };
    }

    async fn get(&mut self, key: &str) -> Option<Vec<u8>> {
        let Reply::Value(value) = self.ask(&Request::Get(key.into())) else { panic!("no value") };
        value.map(|value| decode(&value).unwrap())
    }

    async fn predict(&mut self, vector: &[f32; model::WIDTH]) -> f32 {
        self.predict_all(vector).await[0]
    }

    async fn predict_all(&mut self, vectors: &[f32]) -> Vec<f32> {
        let Reply::Numbers(numbers) = self.ask(&Request::Predict(vectors.into())) else { panic!("no numbers") };
        numbers
    }
}
