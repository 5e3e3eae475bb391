//! Which character set a body is in, and its text. It knows where a page may say so, and nothing else of HTML.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

/// How far into a page its own word on the matter is looked for, as the HTML standard has it.
const PRESCAN: usize = 1024;

/// The character set: by byte order mark, else `Content-Type`, else, in a page, `<meta>`, else UTF-8.
pub(crate) fn find(content_type: Option<&str>, body: &[u8], is_page: bool) -> &'static Encoding {
    let marked = Encoding::for_bom(body).map(|(encoding, _)| encoding);
    let told = || label_in(content_type?.as_bytes()).and_then(Encoding::for_label);
    let meta = || if is_page { in_meta(&body[..body.len().min(PRESCAN)]) } else { None };
    marked.or_else(told).or_else(meta).unwrap_or(UTF_8)
}

/// A body as text, `complete` unless something behind it was cut off.
pub(crate) fn decode(encoding: &'static Encoding, body: &[u8], complete: bool) -> String {
    let mut text = String::new();
    let mut decoder = encoding.new_decoder_with_bom_removal();
    for_each_piece(&mut decoder, body, complete, |piece| {
        text.push_str(piece);
        true
    });
    text
}

/// Hands on a body's text piece by piece, until there is no more or nobody wants more.
pub(crate) fn for_each_piece(
    decoder: &mut encoding_rs::Decoder,
    body: &[u8],
    complete: bool,
    mut taken: impl FnMut(&str) -> bool,
) {
    /// Small, so that whoever stops does so in time.
    const PIECE: usize = 1024;
    let mut text = String::with_capacity(4 * PIECE);
    let mut rest = body;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(rest.len().min(PIECE));
        rest = behind;
        let mut piece = piece;
        loop {
            text.clear();
            let last = complete && rest.is_empty();
            let (result, read, _) = decoder.decode_to_string(piece, &mut text, last);
            if !text.is_empty() && !taken(&text) {
                return;
            }
            piece = &piece[read..];
            if result == encoding_rs::CoderResult::InputEmpty {
                break;
            }
        }
    }
}

/// What a page's first `<meta>` with a character set says.
fn in_meta(start: &[u8]) -> Option<&'static Encoding> {
    let start = start.to_ascii_lowercase();
    let mut rest = start.as_slice();
    while let Some(at) = position(rest, b"<") {
        rest = &rest[at..];
        if rest.starts_with(b"<!--") {
            rest = &rest[position(rest, b"-->")?..];
        } else if rest.starts_with(b"<meta") {
            let tag = &rest[..position(rest, b">").unwrap_or(rest.len())];
            if let Some(encoding) = label_in(tag).and_then(Encoding::for_label) {
                // Whoever could read that was not reading UTF-16; the other name is a browser's secret.
                return Some(match encoding {
                    _ if encoding == UTF_16LE || encoding == UTF_16BE => UTF_8,
                    _ if encoding == X_USER_DEFINED => WINDOWS_1252,
                    _ => encoding,
                });
            }
        }
        rest = &rest[1..];
    }
    None
}

/// What stands behind `charset=`, quoted or not.
fn label_in(text: &[u8]) -> Option<&[u8]> {
    let text = &text[position_ignoring_case(text, b"charset")? + b"charset".len()..];
    let text = text.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (text, quoted) = match text {
        [b'"' | b'\'', rest @ ..] => (rest, true),
        _ => (text, false),
    };
    let ends = |byte: &u8| match byte {
        b'"' | b'\'' => true,
        b';' | b'/' | b'>' => !quoted,
        byte => !quoted && byte.is_ascii_whitespace(),
    };
    Some(&text[..text.iter().position(ends).unwrap_or(text.len())])
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn position_ignoring_case(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_character_set_is_found_where_it_is_said() {
        for (content_type, body, name) in [
            (None, "", "UTF-8"),
            (Some("text/html"), "<p>", "UTF-8"),
            (Some("text/html; charset=ISO-8859-1"), "<meta charset=utf-8>", "windows-1252"),
            (Some("text/html; Charset=\"euc-jp\""), "", "EUC-JP"),
            (Some("text/html; charset=nonsense"), "<meta charset='shift_jis'>", "Shift_JIS"),
            (None, "<META CHARSET = koi8-r >", "KOI8-R"),
            (None, "<meta http-equiv=Content-Type content='text/html; charset=gbk'>", "GBK"),
            (None, "<!-- <meta charset=gbk> --><meta charset=big5>", "Big5"),
            (None, "<!-- <meta charset=gbk>", "UTF-8"),
            (None, "<meta charset=utf-16le>", "UTF-8"),
            (None, "<meta charset", "UTF-8"),
            (None, "<meta charset=", "UTF-8"),
            (Some("text/html; charset=gbk"), "\u{FEFF}<p>", "UTF-8"),
        ] {
            assert_eq!(find(content_type, body.as_bytes(), true).name(), name, "{content_type:?} {body}");
        }
        assert_eq!(find(None, b"<meta charset=gbk>", false).name(), "UTF-8");
        assert_eq!(find(None, &[&[b' '; PRESCAN][..], b"<meta charset=gbk>"].concat(), true).name(), "UTF-8");
        assert_eq!(find(None, b"\xFF\xFE<\0", true).name(), "UTF-16LE");
    }

    #[test]
    fn text_is_decoded_across_pieces_and_what_is_no_text_is_marked() {
        let long = "Zażółć gęślą jaźń 北京 ".repeat(500);
        assert_eq!(decode(UTF_8, long.as_bytes(), true), long);
        let (legacy, _, _) = encoding_rs::SHIFT_JIS.encode("日本語のページ");
        assert_eq!(decode(encoding_rs::SHIFT_JIS, &legacy, true), "日本語のページ");
        assert_eq!(decode(UTF_8, b"\xEF\xBB\xBFa\xFFb", true), "a\u{FFFD}b");
    }

    /// A page that is cut inside a character does not end in a mark of what it never had.
    #[test]
    fn half_a_character_at_a_cut_is_left_out() {
        let body = "aé".as_bytes();
        assert_eq!(decode(UTF_8, &body[..2], false), "a");
        assert_eq!(decode(UTF_8, &body[..2], true), "a\u{FFFD}");
    }

    #[test]
    fn whoever_has_enough_gets_no_more() {
        let mut pieces = 0;
        for_each_piece(&mut UTF_8.new_decoder(), &[b'a'; 10_000], true, |_| {
            pieces += 1;
            pieces < 3
        });
        assert_eq!(pieces, 3);
    }
}
