//! The jobs in a process of their own: a request a line on standard input, a reply a line on standard output, until the input ends.

use std::io::{BufRead as _, Write as _};

use peer_child::{Reply, Request, decode, encode};
use peer_jobs::{Store, model, signal, tool};

fn main() -> std::io::Result<()> {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let (mut store, mut line) = (Store::default(), String::new());
    while input.read_line(&mut line)? > 0 {
        let reply = serde_json::from_str(&line)
            .map_err(|error| format!("not a request: {error}"))
            .and_then(|request| answer(&mut store, request))
            .unwrap_or_else(Reply::Failed);
        let mut reply = serde_json::to_vec(&reply)?;
        reply.push(b'\n');
        output.write_all(&reply)?;
        output.flush()?;
        line.clear();
    }
    Ok(())
}

fn answer(store: &mut Store, request: Request<'_>) -> Result<Reply, String> {
    Ok(match request {
        Request::Signal(signal) => Reply::Signal(signal::answer(signal.into_owned())),
        Request::Tool(params) => Reply::Tool(tool::call(&params)?),
        Request::Put(key, value) => {
            store.put(key.into_owned(), decode(&value)?);
            Reply::Kept
        }
        Request::Get(key) => Reply::Value(store.get(&key).map(encode)),
        Request::Predict(vectors) => Reply::Numbers(model::predict_all(&vectors)),
    })
}
