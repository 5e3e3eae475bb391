//! Owns what a change is: where, of which kind, and whom it breaks. It refuses to know how changes are found.

use std::collections::BTreeSet;

use serde::Serialize;

/// Somebody whom a change can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Party {
    /// Plugins that were built with the old side: they do not load where the new side is, or are not called there.
    BuiltPlugins,
    /// Authors: the source of a plugin for the old side has to be changed before it can be built with the new side.
    PluginSource,
    /// Hosts of the old side: plugins that are built with the new side, and use what changed, do not load there, or are
    /// not called.
    OlderHosts,
    /// Hosts and callers: their source, made for the old side, has to be changed before it can be built with the new side.
    HostSource,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// Of which item, without its package's version: `hal9:plugin/types/error`.
    pub path: String,
    /// What sort of change.
    pub kind: Kind,
    /// It in words: "case `busy` was added".
    pub what: String,
    /// Why it breaks whom it breaks, in words; empty where it breaks nobody.
    pub why: String,
    /// Whom it breaks; empty where it breaks nobody.
    pub breaks: BTreeSet<Party>,
    /// The functions, as paths, whose parameters or results have the changed type in them.
    pub reaches: Vec<String>,
}

/// What sort of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is called what it is")]
pub enum Kind {
    /// The package's version changed, and hosts take one for the other by semantic versioning.
    VersionCompatible,
    /// The package's version changed to one that is another package to hosts.
    VersionIncompatible,
    WorldAdded,
    WorldRemoved,
    WorldImportAdded,
    WorldImportRemoved,
    WorldExportAdded,
    WorldExportRemoved,
    InterfaceAdded,
    InterfaceRemoved,
    FunctionAdded,
    FunctionRemoved,
    MethodAdded,
    MethodRemoved,
    StaticAdded,
    StaticRemoved,
    ConstructorAdded,
    ConstructorRemoved,
    ParameterAdded,
    ParameterRemoved,
    ParameterRenamed,
    ParametersReordered,
    ParameterRetyped,
    ResultChanged,
    BecameAsync,
    BecameSync,
    ResourceAdded,
    ResourceRemoved,
    TypeAdded,
    TypeRemoved,
    TypeRenamed,
    /// A record became a variant, and the like.
    TypeKindChanged,
    /// A name stands for another type.
    AliasChanged,
    FieldAdded,
    FieldRemoved,
    FieldRenamed,
    FieldsReordered,
    FieldRetyped,
    CaseAdded,
    CaseRemoved,
    CaseRenamed,
    CasesReordered,
    /// A case of a variant has another payload, or has one now, or none.
    CaseRetyped,
    EnumCaseAdded,
    EnumCaseRemoved,
    EnumCaseRenamed,
    EnumCasesReordered,
    FlagAdded,
    FlagRemoved,
    FlagRenamed,
    FlagsReordered,
    DocumentationChanged,
    SinceChanged,
    DeprecationChanged,
}
