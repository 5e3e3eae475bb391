//! One permission: a kind, and a scope that narrows it, with their written form. It does not know who grants it or
//! how it is enforced.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{HostPattern, ParseError, PluginId, text};

/// Makes the enum and everything that lists its cases, so that none can be forgotten.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident, $scope:ident, $description:literal;)+) => {
        /// What a permission is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum PermissionKind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl PermissionKind {
            /// Every kind, in the order in which people read them.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// The name that a manifest and a policy write.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => stringify!($kind),)+ }
            }

            /// What a plugin may do with it, for people who decide about it.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$kind => $description,)+ }
            }

            const fn scope(self) -> Scope {
                match self { $(Self::$kind => Scope::$scope,)+ }
            }
        }
    };
}

kinds! {
    /// Plain HTTP requests. Scope: a [`HostPattern`](crate::HostPattern), such as `example.com` or `10.0.0.0/8:8080`.
    NetworkHttp, Host, "send plain HTTP requests";
    /// HTTPS requests. Scope: a [`HostPattern`](crate::HostPattern), such as `*.example.com` or `example.com:8443`.
    NetworkHttps, Host, "send HTTPS requests";
    /// Reading files. Scope, required: `HOST_PATH` or `HOST_PATH=>GUEST_PATH`.
    FileRead, Path, "read files below a folder";
    /// Reading and writing files. Scope, required: as for [`FileRead`](Self::FileRead).
    FileWrite, Path, "read and write files below a folder";
    /// Real clocks. No scope.
    SystemTime, Nothing, "read the real time";
    /// Real randomness. No scope.
    SystemRandom, Nothing, "use real random numbers";
    /// An environment variable of the host. Scope, required: its name.
    SystemEnv, Variable, "read an environment variable";
    /// Calls to another plugin. Scope, required: its id.
    PluginCall, Plugin, "call another plugin";
    /// Emitting signals. Scope: a layer.
    Hal9Signal, Layer, "emit signals to layers";
    /// HAL9's memory. Scope: a key prefix.
    Hal9Memory, Prefix, "read and write HAL9's memory";
    /// Metrics. Scope: a name prefix.
    Hal9Metrics, Prefix, "report metrics";
    /// Experience and feedback. No scope.
    Hal9Learning, Nothing, "report experience and feedback to the learning system";
}

/// The interfaces that a permission opens, without their versions. All others are there without one, and inert where nothing is granted.
const INTERFACES: [(&str, &[PermissionKind]); 7] = [
    ("hal9:plugin/clock", &[PermissionKind::SystemTime]),
    ("hal9:plugin/memory", &[PermissionKind::Hal9Memory]),
    ("hal9:plugin/signals", &[PermissionKind::Hal9Signal]),
    ("hal9:plugin/metrics", &[PermissionKind::Hal9Metrics]),
    ("hal9:plugin/learning", &[PermissionKind::Hal9Learning]),
    ("hal9:plugin/plugins", &[PermissionKind::PluginCall]),
    // Either of them opens the network.
    ("wasi:http/outgoing-handler", &[PermissionKind::NetworkHttps, PermissionKind::NetworkHttp]),
];

/// What a kind's scope names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Nothing,
    /// Optional: the name of a layer.
    Layer,
    /// Optional: what names or keys begin with.
    Prefix,
    /// Optional: a host pattern and port.
    Host,
    Path,
    Variable,
    Plugin,
}

impl PermissionKind {
    /// Whether what `scope` names includes `name`: a key under a prefix, a layer, a variable, a plugin's id, or, for
    /// files, a folder as the guest sees it. Hosts have a form of their own: see [`HostPattern`].
    pub fn names(self, scope: &str, name: &str) -> bool {
        match self.scope() {
            Scope::Prefix => name.starts_with(scope),
            Scope::Path => guest_path(scope) == guest_path(name),
            _ => scope == name,
        }
    }

    /// Whether scope `outer` allows all that scope `inner` does.
    pub fn covers(self, outer: &str, inner: &str) -> bool {
        match self.scope() {
            Scope::Host => match (outer.parse::<HostPattern>(), inner.parse::<HostPattern>()) {
                (Ok(outer), Ok(inner)) => outer.covers(&inner, if self == Self::NetworkHttp { 80 } else { 443 }),
                _ => false,
            },
            _ => self.names(outer, inner),
        }
    }

    /// Whether its scopes are folders, of which the guest's path is what an author declares and the host's path what an
    /// operator decides.
    pub(crate) const fn is_path(self) -> bool {
        matches!(self.scope(), Scope::Path)
    }

    /// The permissions one of which an interface needs that a component imports, such as `hal9:plugin/memory`; none for one that needs none.
    pub fn of_interface(interface: &str) -> &'static [Self] {
        let name = interface.split('@').next().unwrap_or_default();
        INTERFACES.iter().find(|(known, _)| *known == name).map_or(&[], |(_, kinds)| *kinds)
    }

    /// The interfaces that a permission of this kind opens, without their versions; none for one that opens what WASI has anyway.
    pub fn interfaces(self) -> impl Iterator<Item = &'static str> {
        INTERFACES.iter().filter(move |(_, kinds)| kinds.contains(&self)).map(|(name, _)| *name)
    }

    /// Whether this permission always needs a scope.
    pub const fn needs_scope(self) -> bool {
        matches!(self.scope(), Scope::Path | Scope::Variable | Scope::Plugin)
    }
}

impl fmt::Display for PermissionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for PermissionKind {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if let Some(kind) = Self::ALL.iter().find(|kind| kind.as_str() == text) {
            return Ok(*kind);
        }
        let fix = if text == "process" {
            "a plugin cannot start processes, so remove it".to_owned()
        } else {
            let names: Vec<_> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
            format!("write one of {}", names.join(", "))
        };
        Err(ParseError::new(text, "a permission", fix))
    }
}

/// One right that a plugin asks for or was given, written `Kind` or `Kind:scope`, such as `Hal9Memory` or
/// `PluginCall:ai.hal9.text-tools`.
///
/// Reading accepts short forms as well: `fs_read:PATH`, `fs_write:PATH`, `env:NAME`, and `network:HOST` for HTTPS.
/// `Display` always writes the long one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission {
    /// What it is about.
    pub kind: PermissionKind,
    /// What it is narrowed to; without one it holds for everything of its kind.
    pub scope: Option<String>,
}

impl Permission {
    /// The greatest length of a scope in bytes.
    pub const MAX_SCOPE_BYTES: usize = 4096;

    /// This, as a denial means it: nobody who denies a host means one of its ports, unless it is named.
    #[must_use]
    pub fn as_denial(&self) -> Self {
        let any_port = |scope: &String| match scope.parse::<HostPattern>() {
            Ok(pattern) if pattern.clone().on_every_port() != pattern => format!("{scope}:*"),
            _ => scope.clone(),
        };
        match self.kind.scope() {
            Scope::Host => Self { kind: self.kind, scope: self.scope.as_ref().map(any_port) },
            _ => self.clone(),
        }
    }

    /// A permission for everything of its kind.
    pub const fn unscoped(kind: PermissionKind) -> Self {
        Self { kind, scope: None }
    }
}

impl FromStr for Permission {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (kind, scope) = match text.split_once(':') {
            Some((kind, scope)) => (kind, Some(scope)),
            None => (text, None),
        };
        let kind = match kind {
            "fs_read" => PermissionKind::FileRead,
            "fs_write" => PermissionKind::FileWrite,
            "network" => PermissionKind::NetworkHttps,
            "env" => PermissionKind::SystemEnv,
            kind => kind.parse()?,
        };
        check_scope(kind, scope).map_err(|fix| ParseError::new(text, "a permission", fix))?;
        Ok(Self { kind, scope: scope.map(str::to_owned) })
    }
}

/// What to write for a host.
const HOST_FORM: &str = "write the host alone, such as \"api.example.com\" or \"*.example.com:8443\"";

/// The path that the guest sees, of a scope for files.
fn guest_path(scope: &str) -> &str {
    scope.split_once("=>").map_or(scope, |(_, guest)| guest).trim()
}

/// Says what to write where `scope` is not one for `kind`.
fn check_scope(kind: PermissionKind, scope: Option<&str>) -> Result<(), String> {
    let wanted = match kind.scope() {
        Scope::Nothing => "",
        Scope::Layer => ":LAYER",
        Scope::Prefix => ":PREFIX",
        Scope::Host => ":HOST",
        Scope::Path => ":HOST_PATH=>GUEST_PATH",
        Scope::Variable => ":VARIABLE",
        Scope::Plugin => ":PLUGIN_ID",
    };
    let Some(scope) = scope else {
        return if kind.needs_scope() { Err(format!("it needs a scope, write \"{kind}{wanted}\"")) } else { Ok(()) };
    };
    if kind.scope() == Scope::Nothing {
        return Err(format!("it takes no scope, write \"{kind}\""));
    }
    if scope.is_empty() || scope.trim() != scope {
        return Err(format!("its scope is empty or has white space at an end, write \"{kind}{wanted}\""));
    }
    text::check_line(scope, Permission::MAX_SCOPE_BYTES)?;
    let good = match kind.scope() {
        Scope::Nothing | Scope::Layer | Scope::Prefix => true,
        Scope::Host => match scope.parse::<HostPattern>() {
            Ok(_) => true,
            Err(fault) => return Err(format!("{fault}; {HOST_FORM}")),
        },
        Scope::Path => match scope.split_once("=>") {
            Some((host, guest)) => !host.trim().is_empty() && !guest.trim().is_empty(),
            None => true,
        },
        Scope::Variable => !scope.contains('='),
        Scope::Plugin => scope.parse::<PluginId>().is_ok(),
    };
    if good {
        return Ok(());
    }
    Err(match kind.scope() {
        Scope::Plugin => "write the other plugin's id, such as \"PluginCall:ai.hal9.text-tools\"".to_owned(),
        _ => format!("write \"{kind}{wanted}\""),
    })
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            Some(scope) => write!(f, "{}:{scope}", self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}

impl Serialize for Permission {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::from_str(deserializer)
    }
}
