//! Owns what granting, revoking and denying do to one plugin's policy. It refuses to know how a policy is written down.
//!
//! A grant only ever adds, and undoes a denial of the same; revoking and denying only ever take away. So nobody who wants to take a right
//! away gives one by it.

use hal9_package::{Permission, Permissions};

use crate::grants::{covers, denies, is_path, names};

/// What an operator may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Grant,
    Revoke,
    Deny,
}

impl Change {
    /// What was done, in a word.
    pub(crate) fn done(self) -> &'static str {
        match self {
            Self::Grant => "granted",
            Self::Revoke => "revoked",
            Self::Deny => "denied",
        }
    }
}

/// One plugin's policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) granted: Permissions,
    pub(crate) denied: Permissions,
    /// What is denied in every environment, where it is one environment's policy that is changed.
    pub(crate) denied_everywhere: Permissions,
}

/// Why a change would not do what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// A wider denial stands against the grant.
    Denied(Permission),
    /// A denial stands against the grant, in every environment.
    DeniedEverywhere(Permission),
    /// What is to be revoked is a part of what is granted.
    Wider(Permission),
}

impl Policy {
    /// Makes a change, or nothing.
    pub(crate) fn change(&mut self, change: Change, permission: &Permission) -> Result<(), Obstacle> {
        match change {
            Change::Grant => self.grant(permission),
            Change::Revoke => self.revoke(permission),
            Change::Deny => {
                if !self.denied.iter().any(|denied| covers(denied, permission)) {
                    self.denied.insert(permission.clone());
                }
                Ok(())
            }
        }
    }

    fn grant(&mut self, permission: &Permission) -> Result<(), Obstacle> {
        if let Some(denied) = self.denied_everywhere.iter().find(|denied| denies(denied, permission)) {
            return Err(Obstacle::DeniedEverywhere(denied.clone()));
        }
        let wider = |denied: &&Permission| denies(denied, permission) && !covers(permission, denied);
        if let Some(denied) = self.denied.iter().find(wider) {
            return Err(Obstacle::Denied(denied.clone()));
        }
        // A part of it that is denied stays denied.
        let same = |denied: &&Permission| covers(denied, permission) && covers(permission, denied);
        self.denied = self.denied.iter().filter(|denied| !same(denied)).cloned().collect();
        if is_path(permission.kind) {
            // The guest's folder is another folder of the host from now on.
            self.granted = without(&self.granted, permission);
        }
        if !self.granted.iter().any(|granted| names(granted, permission)) {
            self.granted.insert(permission.clone());
        }
        Ok(())
    }

    fn revoke(&mut self, permission: &Permission) -> Result<(), Obstacle> {
        let wider = |granted: &&Permission| covers(granted, permission) && !covers(permission, granted);
        if let Some(granted) = self.granted.iter().find(wider) {
            return Err(Obstacle::Wider(granted.clone()));
        }
        self.granted = without(&self.granted, permission);
        Ok(())
    }
}

/// The permissions that `permission` does not include.
fn without(permissions: &Permissions, permission: &Permission) -> Permissions {
    permissions.iter().filter(|other| !covers(permission, other)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(texts: &[&str]) -> Permissions {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// What is granted and denied after a change; the obstacle, where there is one.
    fn after(granted: &[&str], denied: &[&str], change: Change, permission: &str) -> String {
        let before = Policy { granted: set(granted), denied: set(denied), ..Policy::default() };
        let mut policy = before.clone();
        match policy.change(change, &permission.parse().unwrap()) {
            Ok(()) => format!("{} - {}", policy.granted, policy.denied),
            Err(obstacle) => {
                assert_eq!(policy, before, "a change that fails changes nothing");
                format!("{obstacle:?}").split('(').next().unwrap().to_owned()
            }
        }
    }

    #[test]
    fn a_grant_adds_and_undoes_denials() {
        use Change::Grant;
        assert_eq!(after(&[], &[], Grant, "Hal9Memory:a"), "Hal9Memory:a - none");
        assert_eq!(after(&["Hal9Memory"], &[], Grant, "Hal9Memory:a"), "Hal9Memory - none");
        assert_eq!(after(&["Hal9Memory"], &["Hal9Memory:a"], Grant, "Hal9Memory:a"), "Hal9Memory - none");
        assert_eq!(
            after(&["Hal9Memory:b"], &["Hal9Memory:a"], Grant, "Hal9Memory"),
            "Hal9Memory, Hal9Memory:b - Hal9Memory:a"
        );
        assert_eq!(after(&["Hal9Memory"], &["Hal9Memory:a"], Grant, "Hal9Memory:a/b"), "Denied");
        assert_eq!(after(&[], &["FileRead:/a=>/data"], Grant, "FileWrite:/a=>/data"), "Denied");
        assert_eq!(after(&["FileRead:/a=>/data"], &[], Grant, "FileRead:/b=>/data"), "FileRead:/b=>/data - none");
    }

    #[test]
    fn revoking_and_denying_take_away() {
        use Change::{Deny, Revoke};
        assert_eq!(after(&["Hal9Memory:a", "SystemTime"], &[], Revoke, "Hal9Memory"), "SystemTime - none");
        assert_eq!(after(&["Hal9Memory"], &["Hal9Memory:a"], Revoke, "Hal9Memory"), "none - Hal9Memory:a");
        assert_eq!(after(&["Hal9Memory"], &[], Revoke, "Hal9Memory:a"), "Wider");
        assert_eq!(
            after(&[], &["Hal9Memory:a"], Revoke, "Hal9Memory:a"),
            "none - Hal9Memory:a",
            "it gives nothing back"
        );
        assert_eq!(after(&["Hal9Memory"], &[], Deny, "Hal9Memory:a"), "Hal9Memory - Hal9Memory:a");
        assert_eq!(after(&["Hal9Memory"], &["Hal9Memory"], Deny, "Hal9Memory:a"), "Hal9Memory - Hal9Memory");
    }

    #[test]
    fn what_is_denied_everywhere_is_not_granted_in_one_environment() {
        let mut policy = Policy { denied_everywhere: set(&["Hal9Memory:a"]), ..Policy::default() };
        let obstacle = policy.change(Change::Grant, &"Hal9Memory:a/b".parse().unwrap()).unwrap_err();
        assert!(matches!(obstacle, Obstacle::DeniedEverywhere(_)));
        policy.change(Change::Grant, &"Hal9Memory:b".parse().unwrap()).unwrap();
    }
}
