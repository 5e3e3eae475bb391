//! Sets of permissions, and what is left where one side declares and the other grants. It does not know where either
//! set came from.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::{Permission, PermissionKind};

/// An ordered set of permissions, in serde a list of their written forms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(BTreeSet<Permission>);

impl Permissions {
    /// The empty set.
    pub const fn new() -> Self {
        Self(BTreeSet::new())
    }

    /// Whether there is a permission of this kind, scoped or not.
    pub fn contains(&self, kind: PermissionKind) -> bool {
        self.scopes(kind).next().is_some()
    }

    /// The scopes of this kind in order; `None` stands for everything of the kind and comes first.
    pub fn scopes(&self, kind: PermissionKind) -> impl Iterator<Item = Option<&str>> {
        self.0
            .range(Permission::unscoped(kind)..)
            .take_while(move |permission| permission.kind == kind)
            .map(|permission| permission.scope.as_deref())
    }

    /// All permissions in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Permission> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a permission; `false` if it was there already.
    pub fn insert(&mut self, permission: Permission) -> bool {
        self.0.insert(permission)
    }

    /// Removes a permission; `false` if it was not there.
    pub fn remove(&mut self, permission: &Permission) -> bool {
        self.0.remove(permission)
    }

    /// What `self` declares and `granted` grants: of each kind, an unscoped permission on one side meets whatever the
    /// other side has, and of two scopes the narrower one is left, where one lies within the other. Folders meet where the
    /// guest's path is the same; the host's path is then the grant's.
    pub fn meet(&self, granted: &Permissions) -> Permissions {
        let narrower = |declared: &Permission, granted: &Permission| match (&declared.scope, &granted.scope) {
            (_, None) => Some(declared.clone()),
            (None, Some(_)) => Some(granted.clone()),
            (Some(outer), Some(inner)) if declared.kind.covers(outer, inner) => Some(granted.clone()),
            (Some(inner), Some(outer)) if !declared.kind.is_path() && declared.kind.covers(outer, inner) => {
                Some(declared.clone())
            }
            _ => None,
        };
        // Whoever declares that it writes reads as well, and may be granted no more than that.
        let fits = |declared: &Permission, granted: &Permission| {
            granted.kind == declared.kind
                || (granted.kind == PermissionKind::FileRead && declared.kind == PermissionKind::FileWrite)
        };
        self.iter()
            .flat_map(|declared| {
                let fitting = granted.iter().filter(move |granted| fits(declared, granted));
                fitting.filter_map(move |granted| narrower(declared, granted))
            })
            .collect()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().collect())
    }
}

impl Extend<Permission> for Permissions {
    fn extend<I: IntoIterator<Item = Permission>>(&mut self, permissions: I) {
        self.0.extend(permissions);
    }
}

impl IntoIterator for Permissions {
    type Item = Permission;
    type IntoIter = std::collections::btree_set::IntoIter<Permission>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Permissions {
    type Item = &'a Permission;
    type IntoIter = std::collections::btree_set::Iter<'a, Permission>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// The written forms with commas between them; `none` for the empty set.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        for (at, permission) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{permission}")?;
        }
        Ok(())
    }
}
