//! Owns what a policy comes to for one plugin: what it declares, what it is granted and denied, and what is left. It refuses
//! to know where a policy is kept.

use std::path::Path;

use hal9_host::Rule;
use hal9_package::{Permission, PermissionKind, Permissions, Rights};

/// What is said of one plugin's permissions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) declared: Permissions,
    pub(crate) granted: Permissions,
    pub(crate) denied: Permissions,
}

impl Standing {
    /// What is left.
    pub(crate) fn rights(&self) -> Rights {
        Rights::new(&self.declared.meet(&self.granted), &self.denied)
    }

    /// Whether the manifest declares any of it.
    pub(crate) fn declares(&self, permission: &Permission) -> bool {
        !self.declared.meet(&Permissions::from_iter([permission.clone()])).is_empty()
    }

    /// What to grant for a use to be allowed that a rule refused; nothing, where it is allowed.
    pub(crate) fn remedy(&self, wanted: &Permission, rule: Option<Rule>) -> Permissions {
        let wanted = self.with_host_path(wanted);
        let parts = self.declared.meet(&Permissions::from_iter([wanted.clone()]));
        let denials = |meets: &dyn Fn(&Permission) -> bool| -> Permissions {
            self.denied.iter().filter(|denied| meets(denied)).cloned().collect()
        };
        let mut remedy = Permissions::new();
        let rights = self.rights();
        let is_open = |part: &Permission| match rule {
            Some(Rule::Private) => rights.granted().iter().any(|granted| names(granted, part)),
            _ => rights.covers(part),
        };
        if !parts.iter().any(is_open) {
            let is_granted = |part| match rule {
                Some(Rule::Private) => self.granted.iter().any(|granted| names(granted, part)),
                _ => self.granted.iter().any(|granted| covers(granted, part) || covers(part, granted)),
            };
            if !parts.iter().any(is_granted) {
                remedy.insert(wanted.clone());
            }
            // One part that is not denied is enough.
            if parts.iter().all(|part| self.denied.iter().any(|denied| denies(denied, part))) {
                remedy.extend(denials(&|denied| parts.iter().any(|part| denies(denied, part))));
            }
        }
        if remedy.is_empty() && rule == Some(Rule::Denied) {
            // It wanted all of it at once, as a list of keys does, and a part is denied.
            remedy = denials(&|denied| covers(&wanted, denied));
        }
        remedy
    }

    /// A folder as the guest sees it gets the folder of the host that it is granted or declared with.
    pub(crate) fn with_host_path(&self, wanted: &Permission) -> Permission {
        let known = self.granted.iter().chain(&self.declared);
        let same_folder = |other: &&Permission| match (&other.scope, &wanted.scope) {
            (Some(other_scope), Some(scope)) if is_path(other.kind) => other.kind.names(other_scope, scope),
            _ => false,
        };
        match known.filter(|_| is_path(wanted.kind)).find(same_folder) {
            Some(known) => Permission { kind: wanted.kind, scope: known.scope.clone() },
            None => wanted.clone(),
        }
    }
}

/// Whether a permission is about folders.
pub(crate) fn is_path(kind: PermissionKind) -> bool {
    matches!(kind, PermissionKind::FileRead | PermissionKind::FileWrite)
}

/// Whether one permission includes all that another does.
pub(crate) fn covers(outer: &Permission, inner: &Permission) -> bool {
    outer.kind == inner.kind
        && match (&outer.scope, &inner.scope) {
            (None, _) => true,
            (Some(outer_scope), Some(inner_scope)) => outer.kind.covers(outer_scope, inner_scope),
            (Some(_), None) => false,
        }
}

/// Whether a denial takes a permission away. Whoever may not read a folder may not write to it, and a host is denied on every
/// port.
pub(crate) fn denies(denied: &Permission, permission: &Permission) -> bool {
    let (denied, read) = (&denied.as_denial(), Permission { kind: PermissionKind::FileRead, ..permission.clone() });
    covers(denied, permission) || (permission.kind == PermissionKind::FileWrite && covers(denied, &read))
}

/// Whether a grant includes all that a permission does, an address that is not public among it: that must be granted by
/// address, and all hosts are none.
pub(crate) fn names(granted: &Permission, permission: &Permission) -> bool {
    let is_network = matches!(permission.kind, PermissionKind::NetworkHttp | PermissionKind::NetworkHttps);
    covers(granted, permission) && (granted.scope.is_some() || permission.scope.is_none() || !is_network)
}

/// A permission whose host path, if it has one, begins at the root: taken from `folder`, if it does not.
pub(crate) fn absolute(permission: Permission, folder: &Path) -> Permission {
    let Some(scope) = permission.scope.as_deref().filter(|_| is_path(permission.kind)) else { return permission };
    let (host, guest) = scope.split_once("=>").unwrap_or((scope, scope));
    let (host, guest) = (Path::new(host.trim()), guest.trim());
    if host.is_absolute() {
        return permission;
    }
    // Without the `.` of `./data`; `..` stays, as what stands before it may be a link.
    let host: std::path::PathBuf = folder.join(host).components().collect();
    Permission { kind: permission.kind, scope: Some(format!("{}=>{guest}", host.display())) }
}

/// [`absolute`] for each of them.
pub(crate) fn all_absolute(permissions: Permissions, folder: &Path) -> Permissions {
    permissions.into_iter().map(|permission| absolute(permission, folder)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Change, Policy};

    fn set(texts: &[&str]) -> Permissions {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn remedy(declared: &[&str], granted: &[&str], denied: &[&str], wanted: &str) -> String {
        let standing = Standing { declared: set(declared), granted: set(granted), denied: set(denied) };
        let rule = Some(if granted.is_empty() { Rule::Ungranted } else { Rule::Denied });
        let wanted = wanted.parse().unwrap();
        let remedy = standing.remedy(&wanted, rule);
        // It is one: with it, the use is allowed.
        let mut policy = Policy { granted: standing.granted, denied: standing.denied, ..Policy::default() };
        // What undoes a denial comes before what would change nothing beside it.
        for permission in &remedy {
            policy.change(Change::Grant, permission).unwrap();
        }
        let after = Standing { declared: standing.declared, granted: policy.granted, denied: policy.denied };
        assert!(after.remedy(&wanted, rule).is_empty(), "{after:?}");
        remedy.to_string()
    }

    #[test]
    fn a_remedy_grants_what_is_wanted_or_undoes_what_denies_it() {
        assert_eq!(remedy(&["Hal9Memory"], &[], &[], "Hal9Memory:a"), "Hal9Memory:a");
        assert_eq!(remedy(&["Hal9Memory:a/", "Hal9Memory:b/"], &[], &[], "Hal9Memory"), "Hal9Memory");
        assert_eq!(remedy(&["Hal9Memory"], &["Hal9Memory"], &[], "Hal9Memory:a"), "none");
        assert_eq!(remedy(&["Hal9Memory"], &["Hal9Memory"], &["Hal9Memory:a"], "Hal9Memory:a/b"), "Hal9Memory:a");
        assert_eq!(remedy(&["Hal9Memory"], &[], &["Hal9Memory:a"], "Hal9Memory:a/b"), "Hal9Memory:a, Hal9Memory:a/b");
        assert_eq!(
            remedy(&["Hal9Memory"], &[], &["Hal9Memory:a"], "Hal9Memory"),
            "Hal9Memory",
            "but for what is denied"
        );
        assert_eq!(remedy(&["Hal9Signal:L3"], &["Hal9Signal:L3"], &["Hal9Signal"], "Hal9Signal:L3"), "Hal9Signal");
        assert_eq!(remedy(&["Hal9Signal:L3"], &["Hal9Signal:L3"], &["Hal9Signal:L3"], "Hal9Signal"), "Hal9Signal:L3");
        assert_eq!(remedy(&["Hal9Memory"], &["Hal9Memory"], &["Hal9Memory:a/b"], "Hal9Memory:a/"), "Hal9Memory:a/b");
        let (read, write) = ("FileRead:/a=>/data", "FileWrite:/a=>/data");
        assert_eq!(remedy(&[write], &[write], &[read], write), read, "who may not read may not write");
        assert_eq!(remedy(&["NetworkHttps:a.com"], &[], &[], "NetworkHttps:a.com:443"), "NetworkHttps:a.com:443");
    }

    #[test]
    fn an_address_that_is_not_public_is_granted_by_address() {
        let wanted = "NetworkHttps:127.0.0.1:8443".parse().unwrap();
        let mut policy = Policy { granted: set(&["NetworkHttps"]), ..Policy::default() };
        let remedy = |granted: &Permissions| {
            let standing =
                Standing { declared: set(&["NetworkHttps"]), granted: granted.clone(), ..Standing::default() };
            standing.remedy(&wanted, Some(Rule::Private)).to_string()
        };
        assert_eq!(remedy(&policy.granted), "NetworkHttps:127.0.0.1:8443");
        policy.change(Change::Grant, &wanted).unwrap();
        assert_eq!(remedy(&policy.granted), "none");
    }

    #[test]
    fn a_folder_is_granted_with_the_hosts_path() {
        let (read, write) = ("FileRead:/srv/x=>/data", "FileWrite:./x=>/data");
        assert_eq!(remedy(&[read, write], &[read], &[], "FileWrite:/data"), "FileWrite:/srv/x=>/data");
        assert_eq!(remedy(&[write], &[], &[], "FileWrite:/data"), "FileWrite:./x=>/data");
    }

    #[test]
    fn relative_paths_begin_at_a_folder() {
        for (text, expected) in [
            ("FileRead:./data=>/data", "FileRead:/home/data=>/data"),
            ("FileWrite:data", "FileWrite:/home/data=>data"),
            ("FileRead:../up=>/up", "FileRead:/home/../up=>/up"),
            ("FileRead:/srv=>/data", "FileRead:/srv=>/data"),
            ("FileRead:/srv", "FileRead:/srv"),
            ("Hal9Memory:data", "Hal9Memory:data"),
        ] {
            assert_eq!(absolute(text.parse().unwrap(), Path::new("/home")).to_string(), expected);
        }
    }
}
