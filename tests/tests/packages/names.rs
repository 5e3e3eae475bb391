//! Faults of names: what escapes, what two systems take for two things, and what one takes for the same.

use crate::cases::{Case, fault, instead};
use crate::plugin::Plugin;
use crate::zip::Entry;

fn subfolder(it: &mut Plugin) {
    it.asset("data/a.txt");
}

fn german(it: &mut Plugin) {
    it.asset("data/größe.txt");
}

pub(crate) const CASES: &[Case] = &[
    instead("a path out of the package", "the part `..`", subfolder, |it| it.asset("../evil")),
    instead("a path out of it and back", "the part `..`", subfolder, |it| it.asset("data/../../x/a.txt")),
    instead("an absolute path", "it is absolute", subfolder, |it| it.asset("/etc/passwd")),
    instead("a backslash", "it has the character `\\`", subfolder, |it| it.asset("..\\evil")),
    instead("a drive", "it has the character `:`", subfolder, |it| it.asset("C:evil")),
    instead("an empty part", "it has an empty part", subfolder, |it| it.asset("data//a.txt")),
    instead("a part that is nothing", "the part `.`", subfolder, |it| it.asset("data/./a.txt")),
    fault("an empty name", "it is empty", |it| it.asset("")),
    fault("a folder of no name", "it is empty", |it| it.unnamed(Entry::folder("/"))),
    instead("a zero in a name", "it has the character \\u{0}", subfolder, |it| it.asset("a.txt\0.png")),
    instead("a line break in a name", "it has the character \\u{a}", subfolder, |it| it.asset("a\nb")),
    instead("a terminal's command in a name", "it has the character \\u{1b}", subfolder, |it| it.asset("\u{1b}[2Ja")),
    instead("a name that reads backwards", "it has the character \\u{202e}", german, |it| it.asset("a\u{202e}txt.exe")),
    instead("a dot at the end of a name", "ends with a space or a dot", subfolder, |it| it.asset("data./a.txt")),
    instead(
        "a long name",
        "it has 241 bytes: write at most 240",
        |it| it.asset(&"x".repeat(240)),
        |it| it.asset(&"x".repeat(241)),
    ),
    instead(
        "deep folders",
        "it has more than 16 parts",
        |it| it.asset(&("d/".repeat(15) + "x")),
        |it| it.asset(&("d/".repeat(16) + "x")),
    ),
    instead("a name that is no text", "its name is not marked as UTF-8 or is none", german, |it| {
        german(it);
        it.entry("data/größe.txt").both(|header| header.name = b"data/gr\xff\xfee.txt".to_vec())
    }),
    instead("a name of unknown letters", "its name is not marked as UTF-8 or is none", german, |it| {
        german(it);
        it.entry("data/größe.txt").both(|header| header.flags = 0)
    }),
    fault("a name twice", "it is there twice", |it| it.unnamed(Entry::stored("README.md", b"other"))),
    fault("a folder twice", "it is there twice", |it| it.unnamed(Entry::folder("examples/"))),
    instead(
        "names that differ in case",
        "`readme.md` and `README.md` are one and the same on some systems",
        |it| it.asset("readme.txt"),
        |it| it.unnamed(Entry::stored("readme.md", b"other")),
    ),
    instead("names that differ in the form of a letter", "are one and the same on some systems", german, |it| {
        german(it);
        it.unnamed(Entry::stored("data/gro\u{308}ße.txt", b"other"));
    }),
    instead("names that differ in how a letter is folded", "are one and the same on some systems", german, |it| {
        german(it);
        it.unnamed(Entry::stored("data/GRÖSSE.TXT", b"other"));
    }),
    fault("folders that differ in case", "`Examples` and `examples` are one and the same on some systems", |it| {
        it.unnamed(Entry::stored("Examples/two.txt", b"two"))
    }),
    fault("a file that is another's folder", "`README.md` is a file and another's folder", |it| {
        it.unnamed(Entry::stored("README.md/x", b"x"))
    }),
    fault("a folder that is a file", "`examples` is a file and another's folder", |it| {
        it.unnamed(Entry::stored("examples", b"x"))
    }),
];
