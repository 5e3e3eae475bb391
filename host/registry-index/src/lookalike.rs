//! Owns which ids of plugins people take for each other. It refuses to know which of the two is the right one.

use hal9_package::PluginId;

/// One wrong letter shows in a short id, and hides in one of so many bytes.
const LONG: usize = 12;

/// Signs that look like another one, in the fonts of terminals.
const CONFUSABLE: [(&str, &str); 6] = [("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s")];

/// The first of some ids that people take for this one, and that is another.
pub fn of<'a>(id: &PluginId, others: impl IntoIterator<Item = &'a PluginId>) -> Option<&'a PluginId> {
    others.into_iter().find(|other| *other != id && is_alike(id.as_str(), other.as_str()))
}

fn is_alike(one: &str, other: &str) -> bool {
    // Nobody reads the digits of a UUID.
    let is_named = |id: &str| id.contains('.');
    is_named(one)
        && is_named(other)
        && (shape(one) == shape(other) || (one.len().max(other.len()) >= LONG && is_one_edit(one, other)))
}

/// What is left of an id where one does not look closely: without separators, and with one sign for all that look like it.
fn shape(id: &str) -> String {
    let mut shape = id.replace(['.', '-'], "");
    for (sign, as_seen) in CONFUSABLE {
        shape = shape.replace(sign, as_seen);
    }
    shape
}

/// Whether one byte more, less, other or moved by one place makes one of the other. Numbers at the end, as in `probe-1` and
/// `probe-2`, are meant.
fn is_one_edit(one: &str, other: &str) -> bool {
    let number = |id: &str| id.trim_end_matches(|sign: char| sign.is_ascii_digit()).len();
    if one[..number(one)] == other[..number(other)] {
        return false;
    }
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let (short, long) = (short.as_bytes(), long.as_bytes());
    let same = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let (short, long) = (&short[same..], &long[same..]);
    match long.len() - short.len() {
        0 => match (short, long) {
            ([a, b, rest @ ..], [c, d, other @ ..]) if a == d && b == c => rest == other,
            ([_, rest @ ..], [_, other @ ..]) => rest == other,
            _ => false,
        },
        1 => short == &long[1..],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_one_takes_for_each_other_are_found_and_others_are_not() {
        for (one, other) in [
            ("ai.hal9.text-tools", "ai.hal9.texttools"),
            ("ai.hal9.text-tools", "ai.hal9.text.tools"),
            ("ai.hal9.text-tools", "ai.hal9.text-too1s"),
            ("ai.hal9.modern", "ai.hal9.modem"),
            ("ai.hal9.text-tools", "ai.hal9.text-tool"),
            ("ai.hal9.text-tools", "ai.hal9.text-toosl"),
            ("ai.hal9.text-tools", "ai.hal8.text-tools"),
        ] {
            assert!(is_alike(one, other) && is_alike(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("test.a", "test.b"),
            ("ai.hal9.text-tools", "ai.hal9.test-pools"),
            ("ai.hal9.some-probe-1", "ai.hal9.some-probe-2"),
            ("550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440001"),
        ] {
            assert!(!is_alike(one, other), "{one} {other}");
        }
        let ids: Vec<PluginId> = ["ai.hal9.x", "ai.hal9.text-tools"].map(|id| id.parse().unwrap()).to_vec();
        assert_eq!(of(&ids[1], &ids), None, "nobody is taken for himself");
        assert_eq!(of(&"ai.hal9.text-t00ls".parse().unwrap(), &ids), Some(&ids[1]));
    }
}
