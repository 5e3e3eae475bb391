//! A neuron that asks WASI for more than it may have: `random BYTES` in one request, `pollables COUNT` at once.

use hal9_plugin_sdk::*;

/// What the standard library does not hand out as it is. Whole interfaces, as they are merged with the library's own.
mod wasi {
    wit_bindgen::generate!({
        inline: "
            package test:hoard;
            world hoard {
                import wasi:random/random@0.2.0;
                import wasi:clocks/monotonic-clock@0.2.0;
            }
            package wasi:random@0.2.0 {
                interface random { get-random-bytes: func(len: u64) -> list<u8>; get-random-u64: func() -> u64; }
            }
            package wasi:io@0.2.0 {
                interface poll {
                    resource pollable { ready: func() -> bool; block: func(); }
                    poll: func(in: list<borrow<pollable>>) -> list<u32>;
                }
            }
            package wasi:clocks@0.2.0 {
                interface monotonic-clock {
                    use wasi:io/poll@0.2.0.{pollable};
                    type instant = u64;
                    type duration = u64;
                    now: func() -> instant;
                    resolution: func() -> duration;
                    subscribe-instant: func(when: instant) -> pollable;
                    subscribe-duration: func(when: duration) -> pollable;
                }
            }
        ",
        generate_all,
    });
}
use wasi::wasi::{clocks::monotonic_clock::subscribe_duration, random::random::get_random_bytes};

hal9_plugin! {
    metadata: { id: "test.hoard", name: "Hoard", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "L2", neuron_type: "hoard" }],
}

#[derive(Default)]
struct Hoard;

impl NeuronPlugin for Hoard {
    fn process_signal(&mut self, mut signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        let Some((what, much)) = signal.content.split_once(' ') else { return Ok(signal) };
        let much: u64 = much.parse().unwrap_or_default();
        let got = match what {
            "random" => get_random_bytes(much).len(),
            _ => (0..much).map(|_| subscribe_duration(1)).collect::<Vec<_>>().len(),
        };
        signal.content = got.to_string();
        Ok(signal)
    }
}

neuron_plugin!(Hoard);
