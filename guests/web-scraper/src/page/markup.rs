//! The HTML of an element, up to a number of bytes. It writes what the parser read, and so not always what was sent.

use super::Excerpt;
use html5ever::serialize::{SerializeOpts, TraversalScope, serialize};
use scraper::ElementRef;
use std::io::{self, Write};

/// An element with all that is in it.
pub(crate) fn markup(element: ElementRef<'_>, most: usize) -> Excerpt {
    let mut cut = Cut { bytes: Vec::new(), most };
    let options = SerializeOpts {
        traversal_scope: TraversalScope::IncludeNode,
        // As it was read: what stands in `<noscript>` is elements, and escaped like others.
        scripting_enabled: false,
        create_missing_parent: false,
    };
    let truncated = serialize(&mut cut, &element, options).is_err();
    let text = match String::from_utf8(cut.bytes) {
        Ok(text) => text,
        Err(error) => {
            let whole = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            bytes.truncate(whole);
            String::from_utf8(bytes).unwrap_or_default()
        }
    };
    Excerpt { text, truncated }
}

/// Takes so many bytes, and then fails, so that nothing is written that nobody reads.
struct Cut {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Cut {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.most - self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..taken]);
        if taken < bytes.len() { Err(io::ErrorKind::WriteZero.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::page::parsed;

    #[test]
    fn what_is_escaped_stays_escaped() {
        let page = parsed("<div><noscript>&lt;b&gt;</noscript></div>");
        let element = page.elements().find(|element| element.value().name() == "noscript").unwrap();
        assert_eq!(markup(element, 100).text, "<noscript>&lt;b&gt;</noscript>");
    }

    #[test]
    fn an_element_is_written_with_what_is_in_it_up_to_a_length() {
        let page = parsed("<P CLASS='a \"b\"'>x &lt; <B>ä</p>");
        let paragraph = page.elements().find(|element| element.value().name() == "p").unwrap();
        let whole = "<p class=\"a &quot;b&quot;\">x &lt; <b>ä</b></p>";
        assert_eq!(markup(paragraph, 1000), Excerpt { text: whole.to_owned(), truncated: false });
        assert_eq!(markup(paragraph, whole.len()), Excerpt { text: whole.to_owned(), truncated: false });
        for most in 0..whole.len() {
            let Excerpt { text, truncated } = markup(paragraph, most);
            assert!(truncated && whole.starts_with(&text) && most - text.len() < 2, "{most} {text}");
        }
    }
}
