//! Owns how arguments and bytes are written in reports and case files. It refuses to know what they mean.

use std::fmt::Write as _;

/// The most of one text that a report shows, in bytes.
const SHOWN: usize = 2_000;

/// A word as it is, or as a string of JSON where it is none: empty, or with spaces, quotes or control characters in it.
pub(crate) fn word(text: &str) -> String {
    let is_plain = !text.is_empty()
        && text.chars().all(|sign| !sign.is_whitespace() && !sign.is_control() && !matches!(sign, '"' | '\\'));
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// Bytes as text where they are text, and otherwise as `hex:00ff`.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("hex:{}", hex(bytes)),
    }
}

/// Two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of such digits.
///
/// # Errors
///
/// What is no digit, or half of a byte.
pub(crate) fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<_> = text.chars().filter(|sign| !sign.is_whitespace()).collect();
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some(high.to_digit(16)? << 4 | low.to_digit(16)?),
        _ => None,
    });
    pairs
        .map(|byte| byte.and_then(|byte| u8::try_from(byte).ok()))
        .collect::<Option<_>>()
        .ok_or_else(|| format!("`{text}` is no hex: write two digits (0-9, a-f) a byte"))
}

/// A text cut to what a report shows.
pub(crate) fn cut(text: &str) -> String {
    if text.len() <= SHOWN {
        return text.to_owned();
    }
    let end = (0..=SHOWN).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}… ({} bytes)", &text[..end], text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_text_or_hex_and_come_back() {
        assert_eq!((of_bytes(b"tea"), of_bytes(&[0, 255])), ("tea".to_owned(), "hex:00ff".to_owned()));
        assert_eq!(from_hex("00 fF"), Ok(vec![0, 255]));
        assert!(from_hex("0").is_err() && from_hex("zz").is_err());
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let cut = cut(&"ü".repeat(2_000));
        assert!(cut.ends_with("ü… (4000 bytes)"), "{cut}");
    }
}
