//! Permissions as an author writes them, and as a manifest has them: `Kind` or `Kind:scope`.
//! Knows which kinds there are and what their scopes look like.

use crate::check;
use crate::node::{Data, Node};
use syn::{Error, Result};

/// What the scope of a kind names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Nothing,
    Word,
    Host,
    Path,
    Variable,
    Plugin,
}

const KINDS: [(&str, Scope); 12] = [
    ("NetworkHttp", Scope::Host),
    ("NetworkHttps", Scope::Host),
    ("FileRead", Scope::Path),
    ("FileWrite", Scope::Path),
    ("SystemTime", Scope::Nothing),
    ("SystemRandom", Scope::Nothing),
    ("SystemEnv", Scope::Variable),
    ("PluginCall", Scope::Plugin),
    ("Hal9Signal", Scope::Word),
    ("Hal9Memory", Scope::Word),
    ("Hal9Metrics", Scope::Word),
    ("Hal9Learning", Scope::Nothing),
];

/// One permission, in its written form.
pub(crate) fn read(node: &Node) -> Result<String> {
    let (kind, scope, scope_span) = match &node.data {
        Data::Case(kind, None) => (kind.as_str(), None, node.span),
        Data::Case(kind, Some(scope)) => match &scope.data {
            Data::Text(text) => (kind.as_str(), Some(text.as_str()), scope.span),
            _ => return Err(Error::new(scope.span, "the scope is a text in quotes")),
        },
        Data::Text(text) => match text.split_once(':') {
            Some((kind, scope)) => (kind, Some(scope), node.span),
            None => (text.as_str(), None, node.span),
        },
        _ => return Err(Error::new(node.span, "expected a permission, such as `Permission::Hal9Memory`")),
    };
    let long = match kind {
        "fs_read" => "FileRead",
        "fs_write" => "FileWrite",
        "network" => "NetworkHttps",
        "env" => "SystemEnv",
        kind => kind,
    };
    let Some((kind, form)) = KINDS.iter().find(|(name, _)| *name == long) else {
        let names = KINDS.map(|(name, _)| name);
        let meant =
            check::nearest(kind, names).map(|name| format!("; perhaps `Permission::{name}`")).unwrap_or_default();
        return Err(Error::new(
            node.span,
            format!("there is no permission `{kind}`{meant}; there are {}", names.join(", ")),
        ));
    };
    match scope_fault(kind, *form, scope) {
        Some(fault) => Err(Error::new(scope_span, fault)),
        None => Ok(scope.map_or_else(|| (*kind).to_string(), |scope| format!("{kind}:{scope}"))),
    }
}

fn scope_fault(kind: &str, form: Scope, scope: Option<&str>) -> check::Fault {
    let example = match form {
        Scope::Nothing => return scope.map(|_| format!("this permission takes no scope: write `Permission::{kind}`")),
        Scope::Word => "notes",
        Scope::Host => "api.example.com",
        Scope::Path => "./data=>/data",
        Scope::Variable => "LANG",
        Scope::Plugin => "ai.hal9.text-tools",
    };
    let write = format!("write `Permission::{kind}(\"{example}\")`");
    let Some(scope) = scope else {
        let needed = matches!(form, Scope::Path | Scope::Variable | Scope::Plugin);
        return needed.then(|| format!("this permission needs a scope: {write}"));
    };
    if let Some(fault) = check::name(scope, 4096) {
        return Some(format!("the scope: {fault}"));
    }
    let good = match form {
        Scope::Nothing | Scope::Word => true,
        Scope::Host => !scope.contains("//") && !scope.contains('@') && !scope.contains(char::is_whitespace),
        Scope::Path => {
            scope.split_once("=>").is_none_or(|(host, guest)| !host.trim().is_empty() && !guest.trim().is_empty())
        }
        Scope::Variable => !scope.contains('='),
        Scope::Plugin => check::id(scope).is_none(),
    };
    if good {
        return None;
    }
    Some(match form {
        Scope::Host => format!("the scope is a host alone, without scheme, path or user: {write}"),
        Scope::Plugin => format!("the scope is the id of a plugin: {write}"),
        _ => format!("this is no scope for `{kind}`: {write}"),
    })
}
