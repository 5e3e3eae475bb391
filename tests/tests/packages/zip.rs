//! ZIP archives written byte by byte, every field of every record as a test sets it. The field's names are those of
//! APPNOTE.TXT, 4.3.

use std::io::Cursor;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// An archive: what is in front of its entries, they, what is behind them, the directory, what is behind that, and the end.
#[derive(Clone, Default)]
pub(crate) struct Archive {
    pub(crate) before: Vec<u8>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) between: Vec<u8>,
    pub(crate) behind_directory: Vec<u8>,
    pub(crate) end: End,
    pub(crate) behind: Vec<u8>,
}

/// One entry: its records and its content.
#[derive(Clone, Default)]
pub(crate) struct Entry {
    pub(crate) local: Header,
    pub(crate) central: Header,
    /// The packed content.
    pub(crate) content: Vec<u8>,
    /// What is between it and the next entry.
    pub(crate) gap: Vec<u8>,
    pub(crate) made_by: u16,
    pub(crate) comment: Vec<u8>,
    pub(crate) disk: u16,
    pub(crate) attributes: u32,
    /// Where the directory says that it begins; where it does, if nothing is said.
    pub(crate) offset: Option<u32>,
    /// Whether only one of the two places has it.
    pub(crate) only: Option<Place>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Directory,
    Content,
}

/// What both records have.
#[derive(Clone, Default)]
pub(crate) struct Header {
    pub(crate) needed: u16,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) time: u16,
    pub(crate) date: u16,
    pub(crate) crc: u32,
    pub(crate) packed: u32,
    pub(crate) size: u32,
    pub(crate) name: Vec<u8>,
    pub(crate) extra: Vec<u8>,
}

/// The end of the directory; what is not said is as it should be.
#[derive(Clone, Default)]
pub(crate) struct End {
    pub(crate) disk: u16,
    pub(crate) directory_disk: u16,
    pub(crate) entries_here: Option<u16>,
    pub(crate) entries: Option<u16>,
    pub(crate) size: Option<u32>,
    pub(crate) offset: Option<u32>,
    pub(crate) comment: Vec<u8>,
    pub(crate) comment_length: Option<u16>,
}

impl Archive {
    /// The entry of this name, which must be there.
    pub(crate) fn entry(&mut self, name: &str) -> &mut Entry {
        self.entries.iter_mut().find(|entry| entry.local.name == name.as_bytes()).unwrap()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.before.clone();
        let mut directory = Vec::new();
        let mut entries = 0;
        for entry in &self.entries {
            let offset = entry.offset.unwrap_or(bytes.len() as u32);
            if entry.only != Some(Place::Directory) {
                bytes.extend(b"PK\x03\x04");
                bytes.extend(entry.local.common());
                bytes.extend(lengths(&[&entry.local.name, &entry.local.extra]));
                bytes.extend([&entry.local.name, &entry.local.extra, &entry.content, &entry.gap].into_iter().flatten());
            }
            if entry.only != Some(Place::Content) {
                let header = &entry.central;
                directory.extend(b"PK\x01\x02");
                directory.extend(entry.made_by.to_le_bytes());
                directory.extend(header.common());
                directory.extend(lengths(&[&header.name, &header.extra, &entry.comment]));
                directory.extend(entry.disk.to_le_bytes());
                directory.extend([0; 2]);
                directory.extend([entry.attributes, offset].into_iter().flat_map(u32::to_le_bytes));
                directory.extend([&header.name, &header.extra, &entry.comment].into_iter().flatten());
                entries += 1;
            }
        }
        bytes.extend(&self.between);
        let (offset, size) = (bytes.len() as u32, directory.len() as u32);
        bytes.extend(directory);
        bytes.extend(&self.behind_directory);
        let end = &self.end;
        bytes.extend(b"PK\x05\x06");
        for field in [end.disk, end.directory_disk, end.entries_here.unwrap_or(entries), end.entries.unwrap_or(entries)]
        {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend([end.size.unwrap_or(size), end.offset.unwrap_or(offset)].into_iter().flat_map(u32::to_le_bytes));
        bytes.extend(end.comment_length.unwrap_or(end.comment.len() as u16).to_le_bytes());
        bytes.extend([&end.comment, &self.behind].into_iter().flatten());
        bytes
    }
}

fn lengths(fields: &[&Vec<u8>]) -> Vec<u8> {
    fields.iter().flat_map(|field| (field.len() as u16).to_le_bytes()).collect()
}

impl Header {
    fn common(&self) -> Vec<u8> {
        let words = [self.needed, self.flags, self.method, self.time, self.date];
        let longs = [self.crc, self.packed, self.size];
        words.into_iter().flat_map(u16::to_le_bytes).chain(longs.into_iter().flat_map(u32::to_le_bytes)).collect()
    }
}

impl Entry {
    /// A regular file as Info-ZIP would store it on Unix.
    pub(crate) fn stored(name: &str, content: &[u8]) -> Self {
        Self::packed(name, content, CompressionMethod::Stored)
    }

    pub(crate) fn deflated(name: &str, content: &[u8]) -> Self {
        Self::packed(name, content, CompressionMethod::Deflated)
    }

    /// A folder; the name ends in `/`.
    pub(crate) fn folder(name: &str) -> Self {
        let mut folder = Self::stored(name, b"");
        folder.attributes = 0o040_755 << 16 | 0x10;
        folder
    }

    fn packed(name: &str, content: &[u8], method: CompressionMethod) -> Self {
        let (packed, crc) = pack(content, method);
        let header = Header {
            needed: 20,
            flags: if name.is_ascii() { 0 } else { 0x0800 },
            method: if method == CompressionMethod::Stored { 0 } else { 8 },
            time: 0x6000,
            date: 0x5a21,
            crc,
            packed: packed.len() as u32,
            size: content.len() as u32,
            name: name.as_bytes().to_vec(),
            extra: Vec::new(),
        };
        Self {
            local: header.clone(),
            central: header,
            content: packed,
            made_by: 3 << 8 | 30,
            attributes: 0o100_644 << 16,
            ..Self::default()
        }
    }

    /// Changes both records.
    pub(crate) fn both(&mut self, change: impl Fn(&mut Header)) {
        change(&mut self.local);
        change(&mut self.central);
    }

    /// Puts other packed bytes in place of the content, and says so.
    pub(crate) fn repack(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.content);
        let packed = self.content.len() as u32;
        self.both(|header| header.packed = packed);
    }
}

/// The packed form of some content, and its checksum: both from the crate that readers are held against elsewhere.
fn pack(content: &[u8], method: CompressionMethod) -> (Vec<u8>, u32) {
    use std::io::Write as _;

    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("x", SimpleFileOptions::default().compression_method(method)).unwrap();
    writer.write_all(content).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    let mut archive = ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let file = archive.by_index_raw(0).unwrap();
    let start = file.data_start().unwrap() as usize;
    (bytes[start..start + file.compressed_size() as usize].to_vec(), file.crc32())
}
