//! The records of a ZIP archive, field by field, as APPNOTE.TXT 6.3 numbers them. It does not know which values are allowed.

/// What is true of both records of an entry: in the directory and in front of its content (4.3.7 and 4.3.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Common {
    pub(super) needed: u16,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) time: u16,
    pub(super) date: u16,
    pub(super) crc: u32,
    pub(super) packed: u32,
    pub(super) size: u32,
}

/// The record in front of an entry's content (4.3.7).
#[derive(Debug)]
pub(super) struct Local<'a> {
    pub(super) common: Common,
    pub(super) name: &'a [u8],
    pub(super) extra: &'a [u8],
    /// How many bytes the record has.
    pub(super) length: usize,
}

/// The record of an entry in the directory (4.3.12).
#[derive(Debug)]
pub(super) struct Central<'a> {
    pub(super) system: u8,
    pub(super) common: Common,
    pub(super) name: &'a [u8],
    pub(super) extra: &'a [u8],
    pub(super) comment: &'a [u8],
    pub(super) disk: u16,
    pub(super) attributes: u32,
    pub(super) offset: u32,
}

/// The end of the directory (4.3.16).
#[derive(Debug)]
pub(super) struct End {
    pub(super) disk: u16,
    pub(super) directory_disk: u16,
    pub(super) entries_here: u16,
    pub(super) entries: u16,
    pub(super) size: u32,
    pub(super) offset: u32,
    pub(super) comment: u16,
}

impl End {
    pub(super) const LENGTH: usize = 22;

    /// The end at the front of `bytes`.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let fields = &mut Fields(bytes);
        fields.signature(b"PK\x05\x06")?;
        Some(Self {
            disk: fields.u16()?,
            directory_disk: fields.u16()?,
            entries_here: fields.u16()?,
            entries: fields.u16()?,
            size: fields.u32()?,
            offset: fields.u32()?,
            comment: fields.u16()?,
        })
    }
}

impl<'a> Central<'a> {
    /// The record at the front of `bytes`, and what is behind it.
    pub(super) fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let mut fields = Fields(bytes);
        fields.signature(b"PK\x01\x02")?;
        let [_, system] = fields.u16()?.to_le_bytes();
        let common = Common::read(&mut fields)?;
        let (name, extra, comment) = (fields.u16()?, fields.u16()?, fields.u16()?);
        let disk = fields.u16()?;
        // The internal attributes: whether someone took the content for text.
        fields.u16()?;
        let (attributes, offset) = (fields.u32()?, fields.u32()?);
        let (name, extra, comment) = (fields.take(name)?, fields.take(extra)?, fields.take(comment)?);
        Some((Self { system, common, name, extra, comment, disk, attributes, offset }, fields.0))
    }
}

impl<'a> Local<'a> {
    /// The record at the front of `bytes`.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        fields.signature(b"PK\x03\x04")?;
        let common = Common::read(&mut fields)?;
        let (name, extra) = (fields.u16()?, fields.u16()?);
        let (name, extra) = (fields.take(name)?, fields.take(extra)?);
        Some(Self { common, name, extra, length: bytes.len() - fields.0.len() })
    }
}

impl Common {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            needed: fields.u16()?,
            flags: fields.u16()?,
            method: fields.u16()?,
            time: fields.u16()?,
            date: fields.u16()?,
            crc: fields.u32()?,
            packed: fields.u32()?,
            size: fields.u32()?,
        })
    }
}

/// The extra fields of a record (4.5): their numbers and contents; `None` where they do not fill their room exactly.
pub(super) fn extra_fields(extra: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let mut fields = Fields(extra);
    let mut found = Vec::new();
    while !fields.0.is_empty() {
        let (number, length) = (fields.u16()?, fields.u16()?);
        found.push((number, fields.take(length)?));
    }
    Some(found)
}

/// What is left of a record; all numbers are little-endian.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn signature(&mut self, signature: &[u8; 4]) -> Option<()> {
        (self.array()? == *signature).then_some(())
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn take(&mut self, length: u16) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(length.into())?;
        self.0 = rest;
        Some(first)
    }
}
