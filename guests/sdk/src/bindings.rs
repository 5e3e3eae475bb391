//! The generated bindings of `hal9:plugin`: one module for what the host offers, and one for each kind of plugin.
//! Knows nothing of the traits that authors write against.

/// Everything that the host offers. The other modules share its types.
pub mod imports {
    wit_bindgen::generate!({ world: "imports", path: "../../wit", generate_all });
}

/// Bindings of one kind's world. Only the world whose export macro a plugin calls ends up in its component.
macro_rules! kind {
    ($(#[$doc:meta])* $module:ident, $world:literal, $export:literal) => {
        $(#[$doc])*
        pub mod $module {
            wit_bindgen::generate!({
                world: $world,
                path: "../../wit",
                pub_export_macro: true,
                export_macro_name: $export,
                with: {
                    "hal9:plugin/types@0.1.0": crate::bindings::imports::hal9::plugin::types,
                    "hal9:plugin/logging@0.1.0": crate::bindings::imports::hal9::plugin::logging,
                    "hal9:plugin/config@0.1.0": crate::bindings::imports::hal9::plugin::config,
                    "hal9:plugin/clock@0.1.0": crate::bindings::imports::hal9::plugin::clock,
                    "hal9:plugin/memory@0.1.0": crate::bindings::imports::hal9::plugin::memory,
                    "hal9:plugin/signals@0.1.0": crate::bindings::imports::hal9::plugin::signals,
                    "hal9:plugin/metrics@0.1.0": crate::bindings::imports::hal9::plugin::metrics,
                    "hal9:plugin/learning@0.1.0": crate::bindings::imports::hal9::plugin::learning,
                    "hal9:plugin/plugins@0.1.0": crate::bindings::imports::hal9::plugin::plugins,
                },
            });
        }
    };
}

kind!(
    /// The world of a neuron.
    neuron, "neuron-plugin", "export_neuron"
);
kind!(
    /// The world of a provider of tools.
    tool, "tool-plugin", "export_tool"
);
kind!(
    /// The world of a memory provider.
    memory, "memory-plugin", "export_memory"
);
kind!(
    /// The world of a learning algorithm.
    learning, "learning-plugin", "export_learning"
);
kind!(
    /// What a plugin is told about its own life.
    lifecycle, "lifecycle-plugin", "export_lifecycle"
);
