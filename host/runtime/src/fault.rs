//! Owns the reading of what ended a call: a limit, an exit, a trap, or the host's own fault. It refuses to know what
//! becomes of the instance.

use std::io;

use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::{I32Exit, ResourceTableError};

use crate::admission::NoRoom;
use crate::instance::State;
use crate::limits::Breach;
use crate::quota::Full;
use crate::text::{MESSAGE_BYTES, escape};
use crate::version::Version;
use crate::{Error, Limit, link};

/// The most frames of a backtrace that are shown.
const FRAMES: usize = 16;

/// Says what ended a call that did not end by itself.
pub(crate) fn classify(plugin: &Version, error: wasmtime::Error, state: &mut State) -> Error {
    let stderr = state.finish_output();
    state.signals.outbox.clear();
    let refused = state.limiter.take_refused();
    let error = read(plugin, &error, &stderr, refused);
    plugin.record(&error);
    error
}

fn read(plugin: &Version, error: &wasmtime::Error, stderr: &[String], refused: Option<Full>) -> Error {
    if let Some(I32Exit(status)) = error.downcast_ref::<I32Exit>() {
        return Error::Exited { plugin: plugin.id.clone(), status: *status };
    }
    match limit(error, refused.is_some()) {
        Some(Limit::Memory) if refused == Some(Full::All) => {
            return no_memory(plugin);
        }
        Some(limit) => return exceeded(plugin, limit),
        None => {}
    }
    if error.is::<wasmtime::PoolConcurrencyLimitError>() || is_kernels(error) {
        return Error::Unavailable {
            plugin: Some(plugin.id.clone()),
            limit: Some(Limit::Instances),
            what: format!("{}: there is no room for another instance: {}", plugin.id, error.root_cause()),
            help: FEWER.to_owned(),
        };
    }
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default();
    Error::Trapped {
        plugin: plugin.id.clone(),
        trap: escape(&error.root_cause().to_string(), MESSAGE_BYTES),
        stderr: stderr.join("\n"),
        backtrace,
    }
}

/// Which limit it was, if it was one.
fn limit(error: &wasmtime::Error, refused: bool) -> Option<Limit> {
    if let Some(Breach(limit)) = error.downcast_ref::<Breach>() {
        return Some(*limit);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => return Some(Limit::Stack),
        // What a language runtime does when it gets no memory: Rust aborts, C returns null and goes wrong with it.
        Some(_) if refused => return Some(Limit::Memory),
        _ => {}
    }
    if matches!(error.downcast_ref::<ResourceTableError>(), Some(ResourceTableError::Full)) {
        return Some(Limit::Resources);
    }
    // wasmtime 48 gives these no type of their own; a test holds each of the texts.
    let text = error.root_cause().to_string();
    if text.contains("fuel allocated for hostcalls has been exhausted") {
        Some(Limit::HostMemory)
    } else if text.contains("requested len") && text.contains("exceeds limit") {
        Some(Limit::Random)
    } else if text.contains("store handle limit exceeded") {
        Some(Limit::Handles)
    } else if refused {
        // Instantiation fails with an error rather than a trap when the first pages are refused.
        Some(Limit::Memory)
    } else {
        None
    }
}

/// Whether the kernel had no memory, address space or maps for it.
fn is_kernels(error: &wasmtime::Error) -> bool {
    let is_no_memory = |cause: &io::Error| cause.raw_os_error() == Some(rustix::io::Errno::NOMEM.raw_os_error());
    error.chain().filter_map(|cause| cause.downcast_ref()).any(is_no_memory)
}

const FEWER: &str = "unload plugins that are not needed, or raise `max_instances` of the host's engine: in hal9.toml, \
                     `instances` under [host]";

/// The error for an instance that would be one too many, with the bound that it would pass.
pub(crate) fn no_room(plugin: &Version, full: NoRoom) -> Error {
    let (why, help) = match full {
        NoRoom::Instances(most) => {
            (format!("{most} live, and `max_instances` of the host's engine lets no more"), FEWER)
        }
        NoRoom::Maps(used, bound) => (
            format!(
                "the process has {used} memory maps, and the kernel lets it have {bound}, of which a fifth is kept free"
            ),
            "unload plugins that are not needed, or raise the kernel's bound: sysctl -w vm.max_map_count=1048576",
        ),
    };
    Error::Unavailable {
        plugin: Some(plugin.id.clone()),
        limit: Some(Limit::Instances),
        what: format!("{}: there is no room for another instance: {why}", plugin.id),
        help: help.to_owned(),
    }
}

/// The error for a plugin that would have to take from others what it needs.
pub(crate) fn no_memory(plugin: &Version) -> Error {
    Error::Unavailable {
        plugin: Some(plugin.id.clone()),
        limit: None,
        what: format!("{}: all plugins together use as much memory as they may", plugin.id),
        help: "unload plugins that are not needed, or raise `memory` of the host's totals".to_owned(),
    }
}

pub(crate) fn exceeded(plugin: &Version, limit: Limit) -> Error {
    let set = limit.setting().and_then(|setting| plugin.limits.iter().find(|limit| limit.name == setting));
    let allowed = set.map_or_else(
        || hal9_package::ByteSize(plugin.host.shared.config.stack_size as u64).to_string(),
        |limit| limit.value.to_string(),
    );
    let help = match limit.setting() {
        Some(setting) => link::limit_line(&plugin.id, setting),
        None => "let the plugin recurse less, or raise `stack_size` of the host's engine".to_owned(),
    };
    Error::LimitExceeded { plugin: plugin.id.clone(), limit, allowed, help }
}

fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    backtrace
        .frames()
        .iter()
        .take(FRAMES)
        .map(|frame| match frame.func_name() {
            Some(name) => escape(&format!("{:#}", rustc_demangle::demangle(name)), 256),
            None => format!("function {}", frame.func_index()),
        })
        .collect()
}
