//! The content of one entry, unpacked within its bounds and held against its size and its sum. It does not know what the
//! content is for.

use std::{
    cell::Cell,
    io::{self, ErrorKind, Read},
};

use super::{PackageError, layout::Entry};

/// Hands out the content of an entry part by part, never more than its headers claim.
pub(super) fn inflate(bytes: &[u8], entry: &Entry, mut part: impl FnMut(&[u8])) -> Result<(), PackageError> {
    let refuse = |problem: String| PackageError::entry(&entry.path, format!("{problem}: make the package again"));
    let broken = |error: &dyn std::fmt::Display| refuse(format!("it cannot be unpacked ({error})"));
    let content = &bytes[entry.content.clone()];
    let taken = Cell::new(0);
    let header = header(entry);
    let mut packed = header.as_slice().chain(Content { content, taken: &taken });
    // Not the crate's reader of whole archives: this is the entry that was checked, and nothing else is in its reach.
    let file = zip::read::read_zipfile_from_stream(&mut packed).map_err(|error| broken(&error))?;
    let mut file = file.ok_or_else(|| refuse("it has no header".to_owned()))?;

    let claimed = u64::from(entry.size);
    let mut buffer = vec![0; 64 * 1024];
    let (mut size, mut ends) = (0, 0);
    // The decoder says twice that it is at the end: what it has not asked for by then, it does not need.
    while ends < 2 && size <= claimed {
        match file.read(&mut buffer) {
            Ok(0) => ends += 1,
            Ok(read) => {
                size += read as u64;
                if size <= claimed {
                    part(&buffer[..read]);
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(broken(&error)),
        }
    }
    if size != claimed {
        let than = if size > claimed { "more" } else { "less" };
        return Err(refuse(format!("it unpacks to {than} than the {claimed} bytes that its headers claim")));
    }
    let needed = content.len() + usize::from(entry.deflated);
    match taken.get() {
        taken if taken < needed => Err(refuse("it has data behind the end of its compressed content".to_owned())),
        taken if taken > needed => Err(refuse("its compressed content has no end".to_owned())),
        _ => Ok(()),
    }
}

/// A record to read the content behind, of what both records of the entry say, and with room for what [`Content`] adds.
fn header(entry: &Entry) -> Vec<u8> {
    let packed = entry.content.len() as u32 + if entry.deflated { ADDED } else { 0 };
    let method: u16 = if entry.deflated { 8 } else { 0 };
    let mut header = b"PK\x03\x04\x14\0\0\0".to_vec();
    header.extend(method.to_le_bytes());
    header.extend([0; 4]);
    header.extend([entry.crc, packed, entry.size].into_iter().flat_map(u32::to_le_bytes));
    header.extend([0; 4]);
    header
}

/// How many bytes follow the content.
const ADDED: u32 = 2;

/// The compressed content with some bytes behind it that do not belong to it, and how much of that was taken.
///
/// The crate ends where the compressed data says so, or where there is no more of it, and tells neither from the other nor that
/// it left something over. Its buffer is filled when it is empty and not before. So the last byte comes alone, and the added
/// ones too: of content that ends where it should, one added byte is taken into the buffer and never looked at.
struct Content<'a> {
    content: &'a [u8],
    taken: &'a Cell<usize>,
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let taken = self.taken.get();
        let read = match self.content.get(taken..).unwrap_or_default() {
            [rest @ .., _] if !rest.is_empty() => {
                let mut rest = rest;
                rest.read(buffer)?
            }
            [last] => [*last].as_slice().read(buffer)?,
            _ => [0].as_slice().read(buffer)?,
        };
        self.taken.set(taken + read);
        Ok(read)
    }
}
