//! The layout of an archive: that its records and contents fill it from the first byte to the last, and that all of them
//! say the same. It does not look into the contents.

use std::{collections::HashMap, ops::Range};

use super::{
    Package, PackageError,
    header::{self, Central, End, Local},
};
use crate::{Manifest, path};

/// One file or folder of an archive whose layout is good.
#[derive(Debug)]
pub(super) struct Entry {
    /// The path; without the `/` at a folder's end.
    pub(super) path: String,
    pub(super) folder: bool,
    /// Whether the content is compressed; stored as it is, otherwise.
    pub(super) deflated: bool,
    /// The checksum of the unpacked content that both records claim.
    pub(super) crc: u32,
    /// The unpacked size that both records claim.
    pub(super) size: u32,
    /// Where the packed content is.
    pub(super) content: Range<usize>,
}

/// What is larger than 1 MiB and 200 times its packed size is there to cost its readers time. Code and texts pack into a third
/// to a tenth.
const LARGE: u64 = 1024 * 1024;
const MAX_RATIO: u64 = 200;

/// Whether content of `size` bytes that packs into `packed` bytes unpacks into suspiciously much.
pub(super) fn is_bomb(size: u64, packed: u64) -> bool {
    size > LARGE && size / MAX_RATIO >= packed
}

/// The entries of an archive in their order there.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Entry>, PackageError> {
    let (mut directory, count, directory_start) = directory(bytes)?;
    let mut entries = Vec::new();
    let mut tree = Tree::default();
    let (mut at, mut unpacked) = (0, 0);
    for _ in 0..count {
        let (central, rest) = Central::read(directory)
            .ok_or_else(|| PackageError::archive("has a directory that breaks off or has something else in it"))?;
        directory = rest;
        let entry = entry(bytes, &central, at, directory_start)?;
        unpacked += u64::from(entry.size);
        if unpacked > Package::MAX_UNPACKED {
            let most = Package::MAX_UNPACKED >> 20;
            return Err(PackageError::entry(
                &entry.path,
                format!(
                    "with it the files have more than {most} MiB unpacked: leave out what the plugin does not need"
                ),
            ));
        }
        tree.add(&entry)?;
        at = entry.content.end;
        entries.push(entry);
    }
    if !directory.is_empty() {
        return Err(PackageError::archive("has a directory with more entries than its end says"));
    }
    if at != directory_start {
        return Err(PackageError::archive("has data between its last entry and its directory"));
    }
    Ok(entries)
}

/// The directory, the number of its entries, and where it begins.
fn directory(bytes: &[u8]) -> Result<(&[u8], u16, usize), PackageError> {
    let no_end = || {
        PackageError::archive(
            "has no end of a ZIP's directory as its last bytes: it is cut off, has data or a comment behind it, or is something else",
        )
    };
    let end_at = bytes.len().checked_sub(End::LENGTH).ok_or_else(no_end)?;
    let end = End::read(&bytes[end_at..]).ok_or_else(no_end)?;
    if end.comment != 0 {
        return Err(PackageError::archive("claims a comment that is not there"));
    }
    if (end.disk, end.directory_disk) != (0, 0) || end.entries_here != end.entries {
        return Err(PackageError::archive("is one part of several"));
    }
    if end.entries == u16::MAX || end.size == u32::MAX || end.offset == u32::MAX {
        return Err(PackageError::archive("is of the ZIP64 kind"));
    }
    if usize::from(end.entries) > Package::MAX_FILES {
        let problem = format!("has {} files and folders, and {} are allowed", end.entries, Package::MAX_FILES);
        return Err(PackageError::Archive { problem, fix: "pack fewer of them" });
    }
    let start = end.offset as usize;
    let directory = bytes[..end_at].get(start..).filter(|directory| directory.len() == end.size as usize);
    let directory = directory.ok_or_else(|| {
        PackageError::archive(
            "has a directory that is not where its end says: there is data before, behind or in between",
        )
    })?;
    Ok((directory, end.entries, start))
}

/// The entry of a directory's record, which must begin at `at` and end before the directory.
fn entry(bytes: &[u8], central: &Central<'_>, at: usize, directory_start: usize) -> Result<Entry, PackageError> {
    let shown = String::from_utf8_lossy(central.name);
    let refuse = |problem: &str| Err(PackageError::entry(&shown, format!("it {problem}: make the package again")));
    if central.offset as usize != at {
        return refuse(
            "does not begin where the entry before it ends, so that two overlap or there is data in between",
        );
    }
    let Some(local) = bytes.get(at..directory_start).and_then(Local::read) else {
        return refuse("has no local header where the directory says");
    };
    check_headers(central, &local, &shown)?;
    let folder = central.name.ends_with(b"/");
    check_kind(central, folder, &shown)?;
    let path = name(central, folder)?;
    path::check(&path).map_err(|problem| PackageError::entry(&shown, problem))?;
    let common = &central.common;
    let start = at + local.length;
    let Some(end) = start.checked_add(common.packed as usize).filter(|end| *end <= directory_start) else {
        return refuse("has content that reaches into the directory");
    };
    if is_bomb(common.size.into(), common.packed.into()) {
        let problem = format!(
            "it unpacks to more than {MAX_RATIO} times its size: store it without compression, or leave it out"
        );
        return Err(PackageError::entry(&shown, problem));
    }
    if path == Package::MANIFEST && common.size as usize > Manifest::MAX_BYTES {
        let source = crate::ManifestError::TooLarge { size: common.size as usize, max: Manifest::MAX_BYTES };
        return Err(PackageError::Manifest { source });
    }
    Ok(Entry { path, folder, deflated: common.method == 8, crc: common.crc, size: common.size, content: start..end })
}

/// The directory and the record in front of the content say the same, and nothing unusual.
fn check_headers(central: &Central<'_>, local: &Local<'_>, shown: &str) -> Result<(), PackageError> {
    let refuse = |problem: &str| {
        Err(PackageError::entry(
            shown,
            format!("it {problem}: make the package with `hal9 plugin pack`, or with a plain `zip -r`"),
        ))
    };
    let (here, there) = (&central.common, &local.common);
    if here.flags & 0x2041 != 0 || there.flags & 0x2041 != 0 {
        return refuse("is encrypted");
    }
    if here.flags & 8 != 0 || there.flags & 8 != 0 {
        return refuse("has its sizes behind its content (a data descriptor)");
    }
    // What is left: how hard the packer tried, and that the name is UTF-8.
    if here.flags & !0x0806 != 0 {
        return refuse("has flags that no package needs");
    }
    for (what, same) in [
        ("name", central.name == local.name),
        ("method", here.method == there.method),
        ("flags", here.flags == there.flags),
        ("packed size", here.packed == there.packed),
        ("size", here.size == there.size),
        ("checksum", here.crc == there.crc),
        ("time", (here.time, here.date) == (there.time, there.date)),
        ("version", here.needed == there.needed),
    ] {
        if !same {
            return refuse(&format!("has one {what} in the directory and another in its local header"));
        }
    }
    if here.packed == u32::MAX || here.size == u32::MAX || here.needed & 0xff > 20 {
        return refuse("is of the ZIP64 kind, or needs a newer reader than a plain ZIP");
    }
    match here.method {
        0 if here.packed == here.size => {}
        0 => return refuse("is stored without compression, with a packed size that is not its size"),
        8 => {}
        method => return refuse(&format!("is compressed with method {method}, and deflate is what packages use")),
    }
    if !central.comment.is_empty() {
        return refuse("has a comment");
    }
    if central.disk != 0 {
        return refuse("is on another disk");
    }
    for extra in [central.extra, local.extra] {
        check_extra(extra).or_else(|problem| refuse(&problem))?;
    }
    Ok(())
}

/// Only what Info-ZIP's `zip` writes by itself: times (`UT`) and the owner (`ux`), each once.
fn check_extra(extra: &[u8]) -> Result<(), String> {
    let fields = header::extra_fields(extra).ok_or("has extra fields that do not fill their room")?;
    let mut seen = Vec::new();
    for (number, content) in fields {
        match number {
            0x5455 if content.len() <= 13 => {}
            0x7875 if content.len() <= 16 => {}
            _ => return Err(format!("has the extra field {number:#06x}, which no package needs")),
        }
        if seen.contains(&number) {
            return Err(format!("has the extra field {number:#06x} twice"));
        }
        seen.push(number);
    }
    Ok(())
}

/// A regular file, or a folder without content.
fn check_kind(central: &Central<'_>, folder: bool, shown: &str) -> Result<(), PackageError> {
    const REGULAR: u32 = 0o100_000;
    const FOLDER: u32 = 0o040_000;
    let refuse = |problem: &str| Err(PackageError::entry(shown, format!("it {problem}: pack regular files only")));
    // DOS has no modes and Unix has; what others write there is unknown.
    if !matches!(central.system, 0 | 3) {
        return refuse("was packed on a system whose attributes HAL9 does not read");
    }
    match central.attributes >> 16 & 0o170_000 {
        0 => {}
        REGULAR if !folder => {}
        FOLDER if folder => {}
        0o120_000 => return refuse("is a symbolic link"),
        FOLDER => return refuse("is a folder, and its name does not end in `/`"),
        REGULAR => return refuse("is a file, and its name ends in `/`"),
        _ => return refuse("is a device, a pipe or a socket"),
    }
    if folder && (central.common.size, central.common.packed, central.common.crc) != (0, 0, 0) {
        return refuse("is a folder with content");
    }
    Ok(())
}

/// The name as text: ASCII, or UTF-8 where the flag says so.
fn name(central: &Central<'_>, folder: bool) -> Result<String, PackageError> {
    let shown = String::from_utf8_lossy(central.name);
    let name =
        std::str::from_utf8(central.name).ok().filter(|name| name.is_ascii() || central.common.flags & 0x0800 != 0);
    let name = name.ok_or_else(|| PackageError::entry(&shown, "its name is not marked as UTF-8 or is none: use ASCII letters, or make the package with `hal9 plugin pack`"))?;
    Ok(if folder { name.strip_suffix('/').unwrap_or(name) } else { name }.to_owned())
}

/// Every path that an archive takes up, its folders among them, by its folded form.
#[derive(Default)]
struct Tree(HashMap<String, (String, Node)>);

#[derive(Clone, Copy, PartialEq)]
enum Node {
    File,
    /// A folder with an entry of its own.
    Folder,
    /// A folder of which only the files are there.
    Implied,
}

impl Tree {
    fn add(&mut self, entry: &Entry) -> Result<(), PackageError> {
        for (at, _) in entry.path.match_indices('/') {
            self.put(entry, &entry.path[..at], Node::Implied)?;
        }
        self.put(entry, &entry.path, if entry.folder { Node::Folder } else { Node::File })
    }

    fn put(&mut self, entry: &Entry, path: &str, node: Node) -> Result<(), PackageError> {
        let refuse = |problem: String| Err(PackageError::entry(&entry.path, problem));
        match self.0.get_mut(&path::folded(path)) {
            None => {
                self.0.insert(path::folded(path), (path.to_owned(), node));
            }
            Some((same, _)) if same != path => {
                let problem = format!("`{path}` and `{same}` are one and the same on some systems: rename one of them");
                return refuse(crate::text::printable(&problem));
            }
            Some((_, there)) => match (*there, node) {
                (Node::Implied, Node::Folder) => *there = Node::Folder,
                (Node::Implied | Node::Folder, Node::Implied) => {}
                (Node::File, Node::File) | (Node::Folder, Node::Folder) => {
                    return refuse("it is there twice: keep one of them".to_owned());
                }
                _ => {
                    return refuse(crate::text::printable(&format!(
                        "`{path}` is a file and another's folder: rename one of them"
                    )));
                }
            },
        }
        Ok(())
    }
}
