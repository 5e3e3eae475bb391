//! What a component costs that does nothing of its own: for the benchmarks. On bare bindings, so that what is measured is
//! the crossing and the host, and not what the SDK adds to them.

// The names of its exports are none for a native library.
#![cfg(target_family = "wasm")]
#![expect(unsafe_code, reason = "the exports of generated bindings")]

mod bindings {
    wit_bindgen::generate!({
        inline: "package test:plain;
            world plain {
                include hal9:plugin/neuron-plugin@0.1.0;
                include hal9:plugin/memory-plugin@0.1.0;
            }",
        path: "../../../wit",
        world: "test:plain/plain",
        generate_all,
    });
}

use bindings::exports::hal9::plugin::memory_provider::{Entry, Guest as MemoryGuest, SearchHit};
use bindings::exports::hal9::plugin::neuron::{Guest as NeuronGuest, NeuronState};
use bindings::hal9::plugin::types::{Failure, Metadata, Signal, SignalBatch};

hal9_plugin_sdk::hal9_plugin! {
    metadata: { id: "test.plain", name: "Plain", version: "0.1.0", author: "HAL9", description: "Does nothing", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "B1", neuron_type: "plain", description: "Gives back what it gets" }],
    permissions: [],
    limits: { cpu_share: "100%" },
}

struct Plain;

impl NeuronGuest for Plain {
    fn process_signal(signal: Signal) -> Result<Signal, Failure> {
        Ok(signal)
    }

    fn process_batch(batch: SignalBatch) -> Result<SignalBatch, Failure> {
        Ok(batch)
    }

    fn state() -> NeuronState {
        NeuronState { processed: 0, failed: 0, details: Vec::new() }
    }
}

impl MemoryGuest for Plain {
    /// As many bytes as the key says.
    fn retrieve(key: String) -> Result<Option<Entry>, Failure> {
        Ok(key.parse().ok().map(|bytes| Entry { value: vec![7; bytes], metadata: Vec::new() }))
    }

    fn search(_query: String, _limit: u32) -> Result<Vec<SearchHit>, Failure> {
        Ok(Vec::new())
    }

    fn delete(_key: String) -> Result<bool, Failure> {
        Ok(false)
    }

    fn store(_key: String, _value: Vec<u8>, _metadata: Metadata) -> Result<(), Failure> {
        Ok(())
    }
}

bindings::export!(Plain with_types_in bindings);
