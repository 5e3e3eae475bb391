//! What one plugin may do: what was declared and granted, less what was denied. It does not know how any of it is
//! enforced.

use std::net::IpAddr;

use crate::{Host, HostPattern, Permission, PermissionKind, Permissions};

/// What a plugin may do. Whoever holds this can tell for every use whether it is allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    granted: Permissions,
    denied: Permissions,
    /// What is denied, as it is meant.
    meant: Permissions,
}

impl Rights {
    /// What is left of `granted` where `denied` takes away. A denial without a scope takes away all of its kind.
    pub fn new(granted: &Permissions, denied: &Permissions) -> Self {
        let meant: Permissions = denied.iter().map(Permission::as_denial).collect();
        let denied_as = |kind: PermissionKind, permission: &Permission| {
            meant.scopes(kind).any(|scope| match (scope, &permission.scope) {
                (None, _) => true,
                (Some(denied), Some(granted)) => kind.covers(denied, granted),
                (Some(_), None) => false,
            })
        };
        // Whoever writes files reads them as well.
        let is_denied = |permission: &Permission| {
            denied_as(permission.kind, permission)
                || (permission.kind == PermissionKind::FileWrite && denied_as(PermissionKind::FileRead, permission))
        };
        let granted: Permissions = granted.iter().filter(|permission| !is_denied(permission)).cloned().collect();
        let denied = denied.iter().filter(|denied| granted.contains(denied.kind)).cloned().collect();
        Self { granted, denied, meant }
    }

    /// What is granted.
    pub fn granted(&self) -> &Permissions {
        &self.granted
    }

    /// What is taken away again from what is granted.
    pub fn denied(&self) -> &Permissions {
        &self.denied
    }

    /// Whether anything of this kind is granted.
    pub fn contains(&self, kind: PermissionKind) -> bool {
        self.granted.contains(kind)
    }

    /// Whether `name` may be used: a layer, a key, a metric, a variable or a plugin's id.
    pub fn allows(&self, kind: PermissionKind, name: &str) -> bool {
        let names = |scope: Option<&str>| scope.is_none_or(|scope| kind.names(scope, name));
        self.granted.scopes(kind).any(names) && !self.denied.scopes(kind).any(names)
    }

    /// Whether one permission is within these rights.
    pub fn covers(&self, permission: &Permission) -> bool {
        let covers = |scope: Option<&str>| match (scope, &permission.scope) {
            (None, _) => true,
            (Some(outer), Some(inner)) => permission.kind.covers(outer, inner),
            (Some(_), None) => false,
        };
        self.granted.scopes(permission.kind).any(covers) && !self.meant.scopes(permission.kind).any(covers)
    }

    /// Whether all keys that begin with `prefix` may be used.
    pub fn allows_prefix(&self, kind: PermissionKind, prefix: &str) -> bool {
        self.allows(kind, prefix) && !self.denied.scopes(kind).flatten().any(|denied| denied.starts_with(prefix))
    }

    /// Whether a request may go to `host` at `port`: by `NetworkHttps` where it is `secure`, else by `NetworkHttp`. The
    /// addresses that a name resolves to are held against [`Rights::names_address`] besides.
    pub fn allows_host(&self, secure: bool, host: &Host, port: u16) -> bool {
        let (kind, usual) = network(secure);
        let allows = |scope: Option<&str>| scope.is_none_or(|scope| pattern(scope, |it| it.allows(host, port, usual)));
        self.granted.scopes(kind).any(allows) && !self.meant.scopes(kind).any(allows)
    }

    /// Whether an address is granted by address: then it need not be a public one.
    pub fn names_address(&self, secure: bool, address: IpAddr, port: u16) -> bool {
        let (kind, usual) = network(secure);
        let names = |scope: &str| pattern(scope, |it| it.names_address(address, port, usual));
        self.granted.scopes(kind).flatten().any(names) && !self.denies_address(secure, address, port)
    }

    /// Whether an address is denied by address, whatever name led there.
    pub fn denies_address(&self, secure: bool, address: IpAddr, port: u16) -> bool {
        let (kind, usual) = network(secure);
        let names = |scope: &str| pattern(scope, |it| it.names_address(address, port, usual));
        self.meant.scopes(kind).flatten().any(names)
    }
}

/// The kind of permission for a scheme, and the scheme's port.
const fn network(secure: bool) -> (PermissionKind, u16) {
    if secure { (PermissionKind::NetworkHttps, 443) } else { (PermissionKind::NetworkHttp, 80) }
}

/// A scope that is no pattern names nothing; parsing a permission has refused it before.
fn pattern(scope: &str, check: impl FnOnce(&HostPattern) -> bool) -> bool {
    scope.parse::<HostPattern>().is_ok_and(|pattern| check(&pattern))
}

#[cfg(test)]
mod tests {
    use super::*;
    use PermissionKind::{Hal9Memory, Hal9Signal, NetworkHttps};

    fn rights(granted: &[&str], denied: &[&str]) -> Rights {
        let set = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Rights::new(&set(granted), &set(denied))
    }

    #[test]
    fn none_grants_nothing_and_a_denial_takes_away() {
        assert!(!rights(&[], &[]).allows(Hal9Memory, "k"));
        let some = rights(&["Hal9Memory:a/"], &["Hal9Memory:a/secret/"]);
        assert!(some.allows(Hal9Memory, "a/x") && !some.allows(Hal9Memory, "b"));
        assert!(!some.allows(Hal9Memory, "a/secret/x"));
        assert!(some.allows_prefix(Hal9Memory, "a/x"));
        assert!(!some.allows_prefix(Hal9Memory, "a/"), "what is denied lies below it");
        assert!(!rights(&["Hal9Memory:a"], &["Hal9Memory"]).contains(Hal9Memory));
        assert!(!rights(&["Hal9Signal:L3"], &["Hal9Signal:L3"]).contains(Hal9Signal));
        assert!(rights(&["Hal9Signal"], &["Hal9Signal:L3"]).allows(Hal9Signal, "L4"));
    }

    #[test]
    fn a_folder_that_may_not_be_read_may_not_be_written() {
        let of = |denied: &str| rights(&["FileWrite:/a=>/data"], &[denied]);
        assert!(of("FileRead:/b=>/data").granted().is_empty());
        assert!(!of("FileRead:/a=>/other").granted().is_empty());
        assert!(of("FileWrite:/a=>/data").granted().is_empty());
        assert!(!rights(&["FileRead:/a=>/data"], &["FileWrite:/a=>/data"]).granted().is_empty());
    }

    #[test]
    fn hosts_are_granted_by_name_and_addresses_by_address() {
        let all = rights(&["NetworkHttps"], &["NetworkHttps:*.evil.com", "NetworkHttps:192.0.2.0/24"]);
        let host = |text: &str| text.parse::<Host>().unwrap();
        assert!(all.allows_host(true, &host("good.com"), 8443));
        assert!(!all.allows_host(true, &host("a.evil.com"), 443));
        assert!(!all.allows_host(false, &host("good.com"), 80), "the schemes are apart");
        let address: IpAddr = "127.0.0.1".parse().unwrap();
        assert!(!all.names_address(true, address, 443));
        assert!(rights(&["NetworkHttps:127.0.0.1"], &[]).names_address(true, address, 443));
        assert!(all.denies_address(true, "192.0.2.7".parse().unwrap(), 443));
        assert!(rights(&["NetworkHttps:*.evil.com"], &["NetworkHttps"]).granted().is_empty());
        assert!(all.contains(NetworkHttps));
        // A denial that names no port is one of all ports; one that names a port is of that port.
        assert!(!all.allows_host(true, &host("a.evil.com"), 8443));
        assert!(all.denies_address(true, "192.0.2.7".parse().unwrap(), 8443));
        let port = rights(&["NetworkHttps"], &["NetworkHttps:a.com:8443"]);
        assert!(port.allows_host(true, &host("a.com"), 443) && !port.allows_host(true, &host("a.com"), 8443));
        let nowhere = rights(&["NetworkHttps"], &["NetworkHttps:*"]);
        assert!(!nowhere.allows_host(true, &host("a.com"), 8443));
    }
}
