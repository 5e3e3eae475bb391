//! Owns how the bytes of a component become code that can run: found in the cache, or compiled here or in a child that can
//! be killed. It refuses to know what the component is for: imports, kinds and manifests are `component`'s.

mod cache;
mod child;
mod folder;
mod protocol;
mod sealed;
mod worker;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use hal9_package::ByteSize;
use wasmtime::component::Component as Compiled;

use crate::audit::{AuditEvent, AuditKind, AuditSink};
use crate::component::{REBUILD, invalid};
use crate::engine::{Engine, Fingerprint, Init, Place};
use crate::text::{MESSAGE_BYTES, escape};
use crate::{Error, Limit};
use cache::{Cache, Found};
use child::Ended;
use sealed::Name;

pub use child::Child;
pub(crate) use sealed::Artifact;
pub use worker::compile_child;

/// Where components are compiled. Compiling is work on bytes that nobody has to trust: it can take minutes and gigabytes.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum CompileIn {
    /// In this process, as long and with as much memory as it takes. For components that one trusts.
    #[default]
    Process,
    /// In a child that has so much time and memory and no more. One child at a time: it uses all processors by itself.
    Child(Child),
}

/// What a host is told of the cache.
#[derive(Clone, Debug)]
pub(crate) struct CacheAt {
    pub(crate) folder: PathBuf,
    pub(crate) most: ByteSize,
}

/// Turns bytes into code.
pub(crate) struct Compiler {
    place: CompileIn,
    cache: Option<Cache>,
    audit: Arc<dyn AuditSink>,
    turn: Mutex<()>,
}

impl Compiler {
    /// A cache that cannot be used is told to `tracing`, and done without.
    pub(crate) fn new(place: CompileIn, cache: Option<&CacheAt>, audit: Arc<dyn AuditSink>) -> Self {
        let mut compiler = Self { place, cache: None, audit, turn: Mutex::default() };
        let Some(at) = cache else { return compiler };
        match Cache::open(&at.folder, at.most.0) {
            Ok((cache, dropped)) => {
                compiler.cache = Some(cache);
                if let Some(reason) = dropped {
                    compiler.record(
                        AuditKind::Cache,
                        None,
                        &format!("all compiled code was dropped: {reason}"),
                        RENEWED,
                    );
                }
            }
            Err(error) => {
                tracing::warn!(folder = %at.folder.display(), "there is no cache of compiled code: {error}");
            }
        }
        compiler
    }

    /// The code of a component, and where it is to run. `name` is what errors call it.
    pub(crate) fn compile(
        &self,
        engine: &Engine,
        name: &str,
        bytes: &[u8],
        init: Init,
    ) -> Result<(Place, Compiled), Error> {
        let fingerprint = engine.fingerprint(init).map_err(|error| refused(name, &error))?;
        let entry = self.cache.as_ref().map(|cache| (cache, cache.name(&fingerprint, bytes)));
        if let Some((cache, entry)) = &entry
            && let Some(found) = self.find(engine, name, init, cache, entry)
        {
            return Ok(found);
        }
        let artifact = self.make(engine, name, bytes, init, &fingerprint)?;
        // wasmtime holds a component against its pool only here.
        let placed =
            engine.place(init, |engine| artifact.deserialize(engine)).map_err(|error| refused(name, &error))?;
        if let Some((cache, entry)) = &entry
            && let Err(error) = cache.put(entry, artifact.bytes())
        {
            tracing::warn!(plugin = name, "compiled code could not be kept: {error}");
        }
        Ok(placed)
    }

    /// What the cache has. An entry that is not what was put there is dropped, and that is recorded.
    fn find(&self, engine: &Engine, name: &str, init: Init, cache: &Cache, entry: &Name) -> Option<(Place, Compiled)> {
        let wrong = match cache.get(entry) {
            Found::Nothing => return None,
            Found::Wrong(reason) => reason,
            Found::Code(artifact) => match engine.place(init, |engine| artifact.deserialize(engine)) {
                Ok(placed) => return Some(placed),
                Err(error) => format!("{error:#}"),
            },
        };
        cache.remove(entry);
        let message = format!("{name}: compiled code in the cache was dropped: {wrong}");
        self.record(AuditKind::Cache, Some(name), &message, REPLACED);
        None
    }

    /// Compiles.
    fn make(
        &self,
        engine: &Engine,
        name: &str,
        bytes: &[u8],
        init: Init,
        fingerprint: &Fingerprint,
    ) -> Result<Artifact, Error> {
        let CompileIn::Child(child) = &self.place else {
            let code = engine.compile(init, bytes).map_err(|error| refused(name, &error))?;
            return Ok(Artifact::compiled(code, 0));
        };
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = child.run(fingerprint, init, bytes);
        drop(turn);
        Err(match ended {
            Ended::Done(artifact) => return Ok(artifact),
            Ended::Invalid(reason) => invalid(name, reason, REBUILD),
            Ended::Crashed(how) => invalid(name, format!("the compiler broke at it: {how}"), CRASHED),
            Ended::Time => self.exceeded(name, Limit::CompileTime, format!("{:?}", child.time), "time"),
            Ended::Memory => self.exceeded(name, Limit::CompileMemory, child.memory.to_string(), "memory"),
            Ended::Lost(what) => Error::Unavailable {
                plugin: name.parse().ok(),
                limit: None,
                what: format!("{name}: {} cannot compile: {what}", child.program.display()),
                help: "give the host a program that calls `hal9_host::compile_child`, of the same version".to_owned(),
            },
        })
    }

    /// A bound of compiling that was reached, on record.
    fn exceeded(&self, name: &str, limit: Limit, allowed: String, setting: &str) -> Error {
        let help = format!("{SMALLER}; the bound is `{setting}` of the child that the host compiles in");
        self.refuse(name, limit, allowed, help)
    }

    /// A component that has more bytes than it may have, on record.
    pub(crate) fn too_large(&self, name: &str, most: usize) -> Error {
        let help = format!("{SMALLER}; the bound is `max_component` of the host's engine");
        self.refuse(name, Limit::ComponentSize, ByteSize(most as u64).to_string(), help)
    }

    fn refuse(&self, name: &str, limit: Limit, allowed: String, help: String) -> Error {
        let error = Error::NotCompiled { plugin: escape(name, MESSAGE_BYTES), limit, allowed, help };
        self.record(AuditKind::Limit, Some(name), &error.to_string(), error.help().unwrap_or_default());
        error
    }

    fn record(&self, kind: AuditKind, name: Option<&str>, message: &str, help: &str) {
        self.audit.record(&AuditEvent {
            kind,
            plugin: name.and_then(|name| name.parse().ok()),
            message: escape(message, MESSAGE_BYTES),
            permission: None,
            rule: None,
            help: help.to_owned(),
        });
    }
}

fn refused(name: &str, error: &wasmtime::Error) -> Error {
    invalid(name, format!("{error:#}"), REBUILD)
}

const SMALLER: &str =
    "make the component smaller: build it with `opt-level = \"s\"`, and leave out what it does not need";
const CRASHED: &str = "build it with another version of its compiler; if that does not help, report it to wasmtime";
const REPLACED: &str =
    "it was compiled again; if this happens more than once, check the disk and who else writes there";
const RENEWED: &str =
    "there is a new key, and plugins are compiled again; check who else could read or write the folder";

#[cfg(test)]
mod tests;
