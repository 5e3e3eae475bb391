//! Faults of one entry's records: what they contradict, and what no package needs.

use crate::cases::{Case, fault, instead};
use crate::zip::Entry;

/// The file that most faults are of.
const README: &str = "README.md";

pub(crate) const CASES: &[Case] = &[
    fault("two names", "has one name in the directory and another", |it| {
        it.entry(README).local.name = b"README.MD".to_vec()
    }),
    fault("two methods", "has one method in the directory and another", |it| it.entry(README).local.method = 8),
    fault("two sizes", "has one size in the directory and another", |it| it.entry(README).local.size = 1),
    fault("two packed sizes", "has one packed size in the directory and another", |it| {
        it.entry(README).local.packed = 1
    }),
    fault("two checksums", "has one checksum in the directory and another", |it| it.entry(README).local.crc = 1),
    fault("two times", "has one time in the directory and another", |it| it.entry(README).local.time = 1),
    fault("two sorts of flags", "has one flags in the directory and another", |it| {
        it.entry(README).local.flags = 0x0800
    }),
    fault("two versions", "has one version in the directory and another", |it| it.entry(README).local.needed = 10),
    fault("encryption", "is encrypted", |it| it.entry(README).both(|header| header.flags |= 1)),
    fault("encryption in one record only", "is encrypted", |it| it.entry(README).local.flags |= 1),
    fault("strong encryption", "is encrypted", |it| it.entry(README).both(|header| header.flags |= 0x41)),
    fault("a hidden directory", "is encrypted", |it| it.entry(README).both(|header| header.flags |= 0x2000)),
    fault("sizes behind the content", "a data descriptor", |it| {
        let entry = it.entry(README);
        entry.gap = [entry.local.crc, entry.local.packed, entry.local.size].map(u32::to_le_bytes).concat();
        entry.both(|header| header.flags |= 8);
        (entry.local.crc, entry.local.packed, entry.local.size) = (0, 0, 0);
    }),
    instead(
        "flags of no use",
        "has flags that no package needs",
        // How hard the packer tried.
        |it| it.entry("examples/one.txt").both(|header| header.flags |= 6),
        |it| it.entry("examples/one.txt").both(|header| header.flags |= 0x10),
    ),
    fault("bzip2", "is compressed with method 12", |it| it.entry(README).both(|header| header.method = 12)),
    fault("the method of WinZip's encryption", "is compressed with method 99", |it| {
        it.entry(README).both(|header| header.method = 99)
    }),
    fault("sizes of the ZIP64 kind", "is of the ZIP64 kind", |it| {
        it.entry(README).both(|header| {
            header.extra = [1, 0, 16, 0].into_iter().chain([0; 16]).collect();
            (header.packed, header.size, header.needed) = (u32::MAX, u32::MAX, 45);
        })
    }),
    fault("a need for a newer reader", "needs a newer reader", |it| it.entry(README).both(|header| header.needed = 45)),
    fault("a stored size that is not the size", "with a packed size that is not its size", |it| {
        it.entry(README).both(|header| header.size += 1)
    }),
    fault("a comment", "has a comment", |it| it.entry(README).comment = b"hello".to_vec()),
    fault("another disk", "is on another disk", |it| it.entry(README).disk = 1),
    instead(
        "another name in an extra field",
        "has the extra field 0x7075",
        // What Info-ZIP writes: the times and the owner.
        |it| {
            let entry = it.entry(README);
            let owner = b"ux\x0b\0\x01\x04\0\0\0\0\x04\0\0\0\0";
            entry.local.extra = [b"UT\x09\0\x03\0\0\0\0\0\0\0\0".as_slice(), owner].concat();
            entry.central.extra = [b"UT\x05\0\x03\0\0\0\0".as_slice(), owner].concat();
        },
        |it| it.entry(README).both(|header| header.extra = b"up\x06\0\x01\0\0\0\0x".to_vec()),
    ),
    fault("an extra field twice", "has the extra field 0x5455 twice", |it| {
        it.entry(README).both(|header| header.extra = b"UT\x01\0\0UT\x01\0\0".to_vec())
    }),
    fault("an extra field that is too long", "extra fields that do not fill their room", |it| {
        it.entry(README).both(|header| header.extra = b"UT\x50\0\0".to_vec())
    }),
    fault("a symbolic link", "is a symbolic link", |it| it.entry(README).attributes = 0o120_777 << 16),
    fault("a device", "is a device, a pipe or a socket", |it| it.entry(README).attributes = 0o020_666 << 16),
    fault("a pipe", "is a device, a pipe or a socket", |it| it.entry(README).attributes = 0o010_666 << 16),
    instead(
        "a system that nobody knows",
        "whose attributes HAL9 does not read",
        // DOS, which has no modes.
        |it| (it.entry(README).made_by, it.entry(README).attributes) = (20, 0x20),
        |it| it.entry(README).made_by = 10 << 8 | 20,
    ),
    fault("a folder's mode on a file", "its name does not end in `/`", |it| {
        it.entry(README).attributes = 0o040_755 << 16
    }),
    fault("a file's mode on a folder", "is a file, and its name ends in `/`", |it| {
        it.entry("examples/").attributes = 0o100_644 << 16
    }),
    instead(
        "a folder with content",
        "is a folder with content",
        |it| it.unnamed(Entry::folder("more/")),
        |it| {
            let mut folder = Entry::stored("more/", b"hidden");
            folder.attributes = 0o040_755 << 16;
            it.unnamed(folder);
        },
    ),
];
