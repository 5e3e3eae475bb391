//! Faults of an archive as a whole: what its records leave over, claim and contradict.

use crate::cases::{Case, fault, instead};
use crate::zip::{Entry, Place};

pub(crate) const CASES: &[Case] = &[
    fault("an empty file", "has no end of a ZIP's directory", |it| it.damage = Vec::clear),
    fault("a text", "has no end of a ZIP's directory", |it| {
        it.damage = |bytes| *bytes = b"{\"api_version\": 1}".to_vec()
    }),
    fault("one byte less", "has no end of a ZIP's directory", |it| {
        it.damage = |bytes| {
            bytes.pop();
        }
    }),
    fault("half of it", "has no end of a ZIP's directory", |it| it.damage = |bytes| bytes.truncate(bytes.len() / 2)),
    fault("data behind it", "has data or a comment behind it", |it| {
        it.finish = |archive| archive.behind = b"more".to_vec()
    }),
    fault("another archive behind it", "there is data before, behind or in between", |it| {
        it.damage = |bytes| bytes.extend(bytes.clone())
    }),
    fault("data in front that the offsets ignore", "there is data before, behind or in between", |it| {
        it.damage = |bytes| drop(bytes.splice(0..0, *b"#!/bin/sh\n"))
    }),
    fault("data in front that the offsets know", "does not begin where the entry before it ends", |it| {
        it.finish = |archive| archive.before = b"#!/bin/sh\n".to_vec()
    }),
    fault("data between two entries", "does not begin where the entry before it ends", |it| {
        it.entry("README.md").gap = b"hidden".to_vec()
    }),
    fault("an entry that the directory hides", "does not begin where the entry before it ends", |it| {
        let mut hidden = Entry::stored("hidden", b"x");
        hidden.only = Some(Place::Content);
        it.entries.insert(1, hidden);
    }),
    instead(
        "a last entry that the directory hides",
        "has data between its last entry and its directory",
        |it| it.asset("last"),
        |it| {
            it.asset("last");
            it.entry("last").only = Some(Place::Content);
        },
    ),
    fault("data in front of the directory", "has data between its last entry and its directory", |it| {
        it.finish = |archive| archive.between = b"hidden".to_vec()
    }),
    fault("data behind the directory", "there is data before, behind or in between", |it| {
        it.finish = |archive| archive.behind_directory = b"hidden".to_vec()
    }),
    fault("a comment", "has data or a comment behind it", |it| {
        it.finish = |archive| archive.end.comment = b"hello".to_vec()
    }),
    fault("a comment that is an end of its own", "there is data before, behind or in between", |it| {
        it.finish = |archive| archive.end.comment = archive.bytes().split_off(archive.bytes().len() - 22)
    }),
    fault("a comment that is not there", "claims a comment that is not there", |it| {
        it.finish = |archive| archive.end.comment_length = Some(7)
    }),
    fault("fewer entries than the directory has", "more entries than its end says", |it| {
        it.finish = |archive| (archive.end.entries, archive.end.entries_here) = (Some(3), Some(3))
    }),
    fault("more entries than the directory has", "a directory that breaks off", |it| {
        it.finish = |archive| (archive.end.entries, archive.end.entries_here) = (Some(6), Some(6))
    }),
    fault("two numbers of entries", "is one part of several", |it| it.finish = |archive| archive.end.entries = Some(6)),
    fault("the second of two disks", "is one part of several", |it| it.finish = |archive| archive.end.disk = 1),
    fault("the directory on another disk", "is one part of several", |it| {
        it.finish = |archive| archive.end.directory_disk = 1
    }),
    fault("a directory beyond the end", "there is data before, behind or in between", |it| {
        it.finish = |archive| archive.end.offset = Some(0x7fff_ffff)
    }),
    fault("a directory of another size", "there is data before, behind or in between", |it| {
        it.finish = |archive| archive.end.size = Some(46)
    }),
    fault("an end that points to a ZIP64 one", "is of the ZIP64 kind", |it| {
        it.finish = |archive| {
            (archive.end.offset, archive.end.size) = (Some(u32::MAX), Some(u32::MAX));
            (archive.end.entries, archive.end.entries_here) = (Some(u16::MAX), Some(u16::MAX));
        }
    }),
    fault("two entries of the directory with one content", "so that two overlap or there is data in between", |it| {
        let mut twice = Entry::stored("twice", b"x");
        (twice.only, twice.offset) = (Some(Place::Directory), Some(0));
        it.unnamed(twice);
    }),
    fault("content that reaches into the directory", "has content that reaches into the directory", |it| {
        it.entry("examples/one.txt").both(|header| header.packed += 40)
    }),
    instead(
        "a thousand files and one",
        "1001 files and folders, and 1000 are allowed",
        |it| (0..990).for_each(|n| it.asset(&format!("f{n}"))),
        |it| (0..996).for_each(|n| it.asset(&format!("f{n}"))),
    ),
];
