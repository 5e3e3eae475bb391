//! A neuron, a tool and a memory provider whose replies break the contract: the SDK would not let them.

mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit",
        inline: "
            package test:bad-reply;
            world bad-reply {
                export hal9:plugin/neuron@0.1.0;
                export hal9:plugin/tool@0.1.0;
                export hal9:plugin/memory-provider@0.1.0;
            }
        ",
        generate_all,
    });
}
use bindings::exports::hal9::plugin::{memory_provider, neuron, tool};
use bindings::hal9::plugin::types::{ColumnValues, Failure, Metadata, Signal, SignalBatch};

struct BadReply;

impl neuron::Guest for BadReply {
    fn process_signal(signal: Signal) -> Result<Signal, Failure> {
        // The nil id would stand for the signal's.
        Ok(Signal { id: if signal.content == "nil" { (0, 0) } else { (1, 2) }, ..signal })
    }

    fn process_batch(mut batch: SignalBatch) -> Result<SignalBatch, Failure> {
        match batch.contents.text.as_str() {
            "idsx" => batch.ids = vec![0; batch.ids.len()],
            "nonex" => {
                batch.ids.clear();
                return Ok(batch);
            }
            "columns" => batch.metadata.iter_mut().for_each(|column| column.values = ColumnValues::Numbers(vec![])),
            "rowsx" => batch.timestamps.push(0),
            _ => batch.contents.ends.reverse(),
        }
        Ok(batch)
    }

    fn state() -> neuron::NeuronState {
        neuron::NeuronState { processed: 0, failed: 0, details: vec![] }
    }
}

impl tool::Guest for BadReply {
    fn describe() -> Vec<tool::ToolDescription> {
        vec![]
    }

    fn validate(_name: String, _params: String) -> Result<(), Vec<tool::Violation>> {
        Err(vec![])
    }

    fn execute(_name: String, params: String) -> Result<String, Failure> {
        Ok(params)
    }
}

impl memory_provider::Guest for BadReply {
    fn retrieve(_key: String) -> Result<Option<memory_provider::Entry>, Failure> {
        Ok(None)
    }

    fn search(query: String, _limit: u32) -> Result<Vec<memory_provider::SearchHit>, Failure> {
        let hit = |n: u32| memory_provider::SearchHit {
            key: n.to_string(),
            score: 0.0,
            snippet: query.clone(),
            metadata: vec![],
        };
        Ok((0..100).map(hit).collect())
    }

    fn delete(_key: String) -> Result<bool, Failure> {
        Ok(false)
    }

    fn store(_key: String, _value: Vec<u8>, _metadata: Metadata) -> Result<(), Failure> {
        Ok(())
    }
}

#[cfg(target_family = "wasm")]
#[expect(unsafe_code, reason = "an export is a C function")]
mod export {
    use super::{BadReply, bindings};

    bindings::export!(BadReply with_types_in bindings);
}
