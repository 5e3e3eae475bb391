//! Owns what a permission means to whoever decides about a plugin: what it allows, what it does not, and how far it reaches. It refuses to know what an
//! operator has granted.

use hal9_package::{Permission, PermissionKind, Permissions};

/// How far a permission reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Other machines.
    Network,
    /// What is on this one.
    Machine,
    /// Other plugins, and what HAL9 holds.
    Inside,
    /// Clocks and random numbers.
    Harmless,
}

impl Reach {
    /// A heading for permissions that reach so far.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Network => "Beyond this machine",
            Self::Machine => "This machine’s files and settings",
            Self::Inside => "Inside HAL9",
            Self::Harmless => "Time and chance",
        }
    }

    /// The word that style sheets know.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Machine => "machine",
            Self::Inside => "inside",
            Self::Harmless => "harmless",
        }
    }
}

/// A permission in plain words.
#[derive(Debug, Clone)]
pub(crate) struct Plain {
    /// As manifests write it.
    pub(crate) written: String,
    /// What it allows.
    pub(crate) allows: String,
    /// What it does not allow.
    pub(crate) not: &'static str,
    /// How far it reaches.
    pub(crate) reach: Reach,
    /// Whether it has no bounds where it could have some.
    pub(crate) unbounded: bool,
}

/// Permissions that reach equally far.
pub(crate) struct Group {
    pub(crate) reach: Reach,
    pub(crate) permissions: Vec<Plain>,
}

/// Permissions by how far they reach, the farthest first.
pub(crate) fn grouped<'a>(written: impl IntoIterator<Item = &'a str>) -> Vec<Group> {
    let mut all: Vec<Plain> = written.into_iter().map(plain).collect();
    all.sort_by(|one, other| (one.reach, &one.written).cmp(&(other.reach, &other.written)));
    let mut groups: Vec<Group> = Vec::new();
    for permission in all {
        match groups.last_mut() {
            Some(group) if group.reach == permission.reach => group.permissions.push(permission),
            _ => groups.push(Group { reach: permission.reach, permissions: vec![permission] }),
        }
    }
    groups
}

/// What a plugin cannot do, as it does not even ask: the things that people worry about.
pub(crate) fn never<'a>(written: impl IntoIterator<Item = &'a str>) -> Vec<&'static str> {
    let asked: Vec<PermissionKind> =
        written.into_iter().filter_map(|one| one.parse::<Permission>().ok()).map(|one| one.kind).collect();
    let lacks = |kinds: &[PermissionKind]| !kinds.iter().any(|kind| asked.contains(kind));
    let mut never = Vec::new();
    for (kinds, words) in [
        (&[PermissionKind::NetworkHttp, PermissionKind::NetworkHttps][..], "reach the network"),
        (&[PermissionKind::FileRead, PermissionKind::FileWrite], "see any file"),
        (&[PermissionKind::FileWrite], "change any file"),
        (&[PermissionKind::SystemEnv], "read environment variables"),
        (&[PermissionKind::Hal9Memory], "touch HAL9’s memory"),
        (&[PermissionKind::PluginCall], "call other plugins"),
    ] {
        if lacks(kinds) && !(words == "change any file" && never.contains(&"see any file")) {
            never.push(words);
        }
    }
    never.push("start programs");
    never
}

/// Short words for a list: each kind once, the farthest reach first.
pub(crate) fn brief(permissions: &Permissions) -> Vec<(&'static str, &'static str)> {
    let mut all: Vec<_> = permissions.iter().map(|one| (reach(one.kind), word(one.kind))).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(|(reach, word)| (word, reach.class())).collect()
}

/// A permission in plain words, from how manifests write it.
pub(crate) fn plain(written: &str) -> Plain {
    let written = written.to_owned();
    match written.parse::<Permission>() {
        Ok(permission) => {
            let (allows, not) = sentences(&permission);
            let could = !matches!(
                permission.kind,
                PermissionKind::SystemTime | PermissionKind::SystemRandom | PermissionKind::Hal9Learning
            );
            let unbounded = permission.scope.is_none() && could;
            Plain { written, allows, not, reach: reach(permission.kind), unbounded }
        }
        // A registry that is newer than this one names it.
        Err(_) => {
            let allows = format!("Something that this registry does not know: {written}");
            Plain { written, allows, not: "", reach: Reach::Network, unbounded: true }
        }
    }
}

/// What a permission allows.
pub(crate) fn allows(written: &str) -> String {
    plain(written).allows
}

/// The filter of a search that a kind of permission is counted under.
pub(crate) fn word_of(kind: &str) -> &str {
    kind.parse().map(word).unwrap_or(kind)
}

fn word(kind: PermissionKind) -> &'static str {
    match kind {
        PermissionKind::NetworkHttp => "plain HTTP",
        PermissionKind::NetworkHttps => "network",
        PermissionKind::FileRead => "reads files",
        PermissionKind::FileWrite => "changes files",
        PermissionKind::SystemTime => "clock",
        PermissionKind::SystemRandom => "randomness",
        PermissionKind::SystemEnv => "environment",
        PermissionKind::PluginCall => "calls plugins",
        PermissionKind::Hal9Signal => "signals",
        PermissionKind::Hal9Memory => "memory",
        PermissionKind::Hal9Metrics => "metrics",
        PermissionKind::Hal9Learning => "learning",
        other => other.as_str(),
    }
}

fn reach(kind: PermissionKind) -> Reach {
    match kind {
        PermissionKind::NetworkHttp | PermissionKind::NetworkHttps => Reach::Network,
        PermissionKind::FileRead | PermissionKind::FileWrite | PermissionKind::SystemEnv => Reach::Machine,
        PermissionKind::SystemTime | PermissionKind::SystemRandom => Reach::Harmless,
        _ => Reach::Inside,
    }
}

fn sentences(permission: &Permission) -> (String, &'static str) {
    let scope = permission.scope.as_deref();
    let to = |bounded: &str, unbounded: &str| match scope {
        Some(scope) => format!("{bounded} {scope}"),
        None => unbounded.to_owned(),
    };
    match permission.kind {
        PermissionKind::NetworkHttp => (
            to("Send unencrypted HTTP requests to", "Send unencrypted HTTP requests to any public host"),
            match scope {
                Some(_) => {
                    "No other host, and it cannot wait for connections. Others on the way can read what is sent."
                }
                None => {
                    "No private or local address, and it cannot wait for connections. Others on the way can read what is sent."
                }
            },
        ),
        PermissionKind::NetworkHttps => (
            to("Send HTTPS requests to", "Send HTTPS requests to any public host"),
            match scope {
                Some(_) => "No other host, and it cannot wait for connections.",
                None => "No private or local address, and it cannot wait for connections.",
            },
        ),
        PermissionKind::FileRead => (
            folder("Read every file below", scope),
            "It cannot change them, and sees nothing outside, nor through links that lead out.",
        ),
        PermissionKind::FileWrite => (
            folder("Read, make, change and delete files below", scope),
            "It sees and changes nothing outside, nor through links that lead out.",
        ),
        PermissionKind::SystemTime => {
            ("Read the real date and time".to_owned(), "It cannot set the clock. Without this, its clocks stand still.")
        }
        PermissionKind::SystemRandom => {
            ("Get random numbers that nobody can foresee".to_owned(), "It learns nothing of this machine from them.")
        }
        PermissionKind::SystemEnv => (
            to("Read the environment variable", "Read environment variables"),
            "No other variable, and it cannot change it.",
        ),
        PermissionKind::PluginCall => (
            to("Call the plugin", "Call other plugins"),
            "No plugin but that. The one that is called keeps to its own permissions and lends none.",
        ),
        PermissionKind::Hal9Signal => (
            to("Emit signals to the layer", "Emit signals to any layer"),
            "It receives only the signals that HAL9 gives it.",
        ),
        PermissionKind::Hal9Memory => (
            to(
                "Read, write, list and delete entries of HAL9’s memory whose keys begin with",
                "Read, write, list and delete every entry of HAL9’s memory",
            ),
            if scope.is_some() {
                "No entry whose key begins otherwise, and nothing that is not in that memory."
            } else {
                "Nothing that is not in that memory."
            },
        ),
        PermissionKind::Hal9Metrics => (
            to("Report metrics whose names begin with", "Report metrics of any name"),
            "It cannot read what was reported.",
        ),
        PermissionKind::Hal9Learning => (
            "Report experience and feedback to the learning system".to_owned(),
            "It cannot read what others reported, and trains nothing by itself.",
        ),
        other => (to(other.description(), other.description()), ""),
    }
}

/// What stands on both sides of the arrow of a folder.
fn folder(what: &str, scope: Option<&str>) -> String {
    match scope.map(|scope| scope.split_once("=>").map(|(host, guest)| (host.trim(), guest.trim())).ok_or(scope)) {
        Some(Ok((host, guest))) => format!("{what} {host}, which it knows as {guest}"),
        Some(Err(host)) => format!("{what} {host}"),
        None => format!("{what} a folder"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_says_what_it_allows_and_what_not() {
        for kind in PermissionKind::ALL {
            let plain = plain(&format!("{kind}:ai.hal9.other"));
            let plain = if plain.not.is_empty() { super::plain(kind.as_str()) } else { plain };
            assert!(plain.allows.len() > 10 && plain.not.len() > 5, "{kind}: {plain:?}");
            assert_ne!(word(*kind), kind.as_str(), "{kind} has no word");
        }
        assert_eq!(plain("FileRead:./data=>/data").allows, "Read every file below ./data, which it knows as /data");
        assert!(plain("NetworkHttps").unbounded && !plain("NetworkHttps:example.com").unbounded);
        assert_eq!(plain("Telepathy").reach, Reach::Network, "what is not known is not made little of");
    }

    #[test]
    fn what_is_not_asked_for_is_told() {
        assert_eq!(never([]).len(), 6);
        assert!(never(["FileRead:/x"]).contains(&"change any file"));
        assert!(!never(["NetworkHttps:example.com"]).contains(&"reach the network"));
        let groups = grouped(["SystemTime", "NetworkHttps:a.test", "NetworkHttp:b.test"]);
        assert_eq!(groups.iter().map(|group| group.permissions.len()).collect::<Vec<_>>(), [2, 1]);
    }
}
