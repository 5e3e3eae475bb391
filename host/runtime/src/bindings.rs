//! The one place where WIT becomes Rust: every import interface as a trait, every export interface as typed functions,
//! each export optional. It knows nothing of permissions, limits or instances.
//!
//! The generated code of wasmtime 48 has a local variable `store`; a WIT function of that name must be the last one of its
//! interface, as in `memory-provider`.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "hal9:plugin/host",
    imports: {
        "hal9:plugin/memory": async | trappable,
        "hal9:plugin/plugins": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    additional_derives: [PartialEq, Clone, serde::Serialize, serde::Deserialize],
});
