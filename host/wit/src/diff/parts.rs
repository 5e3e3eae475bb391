//! Owns what became of a list of named parts: the parameters of a function, the fields of a record, the cases of a variant.
//! It refuses to know which of them it is.

/// What became of the parts, as places in the old and the new list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// In both, under one name.
    pub(super) kept: Vec<(usize, usize)>,
    /// At one place, of one type, under two names.
    pub(super) renamed: Vec<(usize, usize)>,
    /// In the new list alone.
    pub(super) added: Vec<usize>,
    /// In the old list alone.
    pub(super) removed: Vec<usize>,
    /// Whether those in both are in another order.
    pub(super) reordered: bool,
}

/// Compares two lists of names. `same` says whether an old and a new part are of one type, as a part with another name at the
/// place of an old one has only been renamed then.
pub(super) fn parts(old: &[&str], new: &[&str], same: impl Fn(usize, usize) -> bool) -> Parts {
    let mut parts = Parts::default();
    let place = |names: &[&str], name: &str| names.iter().position(|other| *other == name);
    for (index, name) in old.iter().enumerate() {
        match place(new, name) {
            Some(found) => parts.kept.push((index, found)),
            None => {
                let is_new = new.get(index).is_some_and(|other| place(old, other).is_none());
                if old.len() == new.len() && is_new && same(index, index) {
                    parts.renamed.push((index, index));
                } else {
                    parts.removed.push(index);
                }
            }
        }
    }
    let is_renamed = |index: usize| parts.renamed.iter().any(|(_, new)| *new == index);
    parts.added = (0..new.len()).filter(|index| place(old, new[*index]).is_none() && !is_renamed(*index)).collect();
    parts.reordered = parts.kept.iter().zip(parts.kept.iter().skip(1)).any(|((_, before), (_, after))| before > after);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_kept_renamed_added_removed_and_reordered() {
        let of = |old: &[&str], new: &[&str]| parts(old, new, |_, _| true);
        assert_eq!(of(&["a", "b"], &["a", "b"]), Parts { kept: vec![(0, 0), (1, 1)], ..Parts::default() });
        assert_eq!(of(&["a"], &["b"]).renamed, [(0, 0)]);
        assert!(of(&["a", "b"], &["b", "a"]).reordered);
        let added = of(&["a"], &["b", "a"]);
        assert_eq!((added.added, added.reordered), (vec![0], false));
        let other = parts(&["a"], &["b"], |_, _| false);
        assert_eq!((other.removed, other.added), (vec![0], vec![0]));
        // One of two goes: which of them was renamed cannot be known.
        let fewer = of(&["a", "b", "c"], &["x", "c"]);
        assert_eq!((fewer.removed, fewer.added, fewer.kept), (vec![0, 1], vec![0], vec![(2, 1)]));
    }
}
