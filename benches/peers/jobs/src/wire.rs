//! Requests and replies as bytes, for peers whose boundary is a pointer and a length: numbers little-endian, texts behind their
//! length. It is as plain as such code is where it is written by hand, and refuses to know any version but this one.

use crate::Signal;

/// A signal as bytes, at the end of `bytes`.
pub fn put_signal(bytes: &mut Vec<u8>, signal: &Signal) {
    for number in [signal.id.0, signal.id.1, signal.timestamp] {
        bytes.extend(number.to_le_bytes());
    }
    put_text(bytes, &signal.content);
    put_text(bytes, &signal.signal_type);
    bytes.extend((signal.metadata.len() as u32).to_le_bytes());
    for (name, value) in &signal.metadata {
        put_text(bytes, name);
        put_text(bytes, value);
    }
}

/// A signal from [`put_signal`]'s bytes; none from others.
pub fn signal(mut bytes: &[u8]) -> Option<Signal> {
    let bytes = &mut bytes;
    let id = (u64_of(bytes)?, u64_of(bytes)?);
    let timestamp = u64_of(bytes)?;
    let (content, signal_type) = (text(bytes)?.to_owned(), text(bytes)?.to_owned());
    let entries = u32_of(bytes)?;
    let entries = (0..entries).map(|_| Some((text(bytes)?.to_owned(), text(bytes)?.to_owned())));
    Some(Signal { id, content, signal_type, metadata: entries.collect::<Option<_>>()?, timestamp })
}

/// A key and a value as bytes, at the end of `bytes`.
pub fn put_pair(bytes: &mut Vec<u8>, key: &str, value: &[u8]) {
    put_text(bytes, key);
    bytes.extend(value);
}

/// A key and a value from [`put_pair`]'s bytes; none from others.
pub fn pair(mut bytes: &[u8]) -> Option<(&str, &[u8])> {
    let key = text(&mut bytes)?;
    Some((key, bytes))
}

/// What may be there as bytes: one that tells, and the value.
pub fn maybe(value: Option<&[u8]>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + value.map_or(0, <[u8]>::len));
    bytes.push(u8::from(value.is_some()));
    bytes.extend(value.unwrap_or_default());
    bytes
}

/// What may be there from [`maybe`]'s bytes.
pub fn maybe_of(bytes: &[u8]) -> Option<Vec<u8>> {
    match bytes.split_first() {
        Some((1, value)) => Some(value.to_vec()),
        _ => None,
    }
}

/// Numbers as bytes, at the end of `bytes`.
pub fn put_floats(bytes: &mut Vec<u8>, floats: &[f32]) {
    bytes.extend(floats.iter().flat_map(|float| float.to_le_bytes()));
}

/// Numbers from [`put_floats`]'s bytes.
pub fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(text.as_bytes());
}

fn text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let length = u32_of(bytes)? as usize;
    let text = bytes.split_off(..length)?;
    std::str::from_utf8(text).ok()
}

fn u32_of(bytes: &mut &[u8]) -> Option<u32> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*number))
}

fn u64_of(bytes: &mut &[u8]) -> Option<u64> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u64::from_le_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let expected = Signal {
            id: (1, u64::MAX),
            content: "Grüße".to_owned(),
            signal_type: String::new(),
            metadata: vec![("lang".to_owned(), "de".to_owned())],
            timestamp: 7,
        };
        let mut bytes = Vec::new();
        put_signal(&mut bytes, &expected);
        assert_eq!(signal(&bytes), Some(expected));
        assert!((0..bytes.len()).all(|length| signal(&bytes[..length]).is_none()));
        for value in [None, Some(&b""[..]), Some(&b"\0x"[..])] {
            assert_eq!(maybe_of(&maybe(value)).as_deref(), value);
        }
    }
}
