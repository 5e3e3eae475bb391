//! A page of HTML as a tree, of bounded size whatever is sent, and what its head says of it. It knows nothing of where the
//! page comes from; `text`, `links` and `markup` read parts of the tree.

mod links;
mod markup;
mod text;

use crate::charset;
use encoding_rs::Encoding;
use html5ever::driver::{ParseOpts, parse_document};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::TreeBuilderOpts;
pub(crate) use links::{Link, links};
pub(crate) use markup::markup;
use scraper::{ElementRef, Html, HtmlTreeSink, Selector};
pub(crate) use text::{Excerpt, visible};

/// The parser stops behind so many elements, texts and comments: they are what a tree's memory is.
const MAX_NODES: usize = 200_000;
/// And where elements are nested so deep. Browsers show no deeper tree either, and what the parser does at every tag takes
/// as long as its elements are nested.
const MAX_DEPTH: usize = 512;
/// The longest title or description, in bytes.
const MAX_LINE: usize = 4096;
const HTML: &str = "http://www.w3.org/1999/xhtml";

/// A page.
pub(crate) struct Page {
    html: Html,
    /// Whether there was more than is in the tree.
    pub(crate) truncated: bool,
}

impl Page {
    /// Reads a body, `complete` unless something behind it was cut off. There is a tree for everything.
    pub(crate) fn parse(body: &[u8], encoding: &'static Encoding, complete: bool) -> Self {
        // No script runs here, so what a page has for readers without scripts is what it has for us.
        let tree_builder = TreeBuilderOpts { scripting_enabled: false, ..TreeBuilderOpts::default() };
        let options = ParseOpts { tree_builder, ..ParseOpts::default() };
        let mut parser = parse_document(HtmlTreeSink::new(Html::new_document()), options);
        let mut known = 0;
        let mut stopped = false;
        let mut decoder = encoding.new_decoder_with_bom_removal();
        charset::for_each_piece(&mut decoder, body, complete, |piece| {
            parser.process(StrTendril::from_slice(piece));
            let html = parser.tokenizer.sink.sink.0.borrow();
            let nodes = html.tree.values().len();
            let mut new = html.tree.nodes().rev().take(nodes - known);
            stopped = nodes > MAX_NODES || new.any(|node| node.ancestors().nth(MAX_DEPTH).is_some());
            known = nodes;
            !stopped
        });
        Self { html: parser.finish(), truncated: stopped || !complete }
    }

    /// The elements, in the order of the page.
    pub(crate) fn elements(&self) -> impl Iterator<Item = ElementRef<'_>> {
        self.html.tree.root().descendants().filter_map(ElementRef::wrap)
    }

    /// The elements that a selector finds.
    pub(crate) fn select<'p>(&'p self, selector: &'p Selector) -> impl Iterator<Item = ElementRef<'p>> {
        self.html.select(selector)
    }

    /// All that a reader sees, a line for each block.
    pub(crate) fn text(&self, most: usize) -> Excerpt {
        visible(self.html.tree.root(), most, true)
    }

    /// The first title, not of a drawing but of the page.
    pub(crate) fn title(&self) -> Option<String> {
        let mut titles = self.elements().filter(|element| &*element.value().name.ns == HTML);
        filled(visible(*titles.find(|element| element.value().name() == "title")?, MAX_LINE, false).text)
    }

    /// What the page says of itself, for search engines or for those who share it.
    pub(crate) fn description(&self) -> Option<String> {
        let named = |attribute: &str, name: &str| {
            let mut metas = self.elements().filter(|element| element.value().name() == "meta");
            let meta = metas.find(|meta| meta.attr(attribute).is_some_and(|value| value.eq_ignore_ascii_case(name)))?;
            filled(text::line(meta.attr("content")?, MAX_LINE))
        };
        named("name", "description").or_else(|| named("property", "og:description"))
    }

    /// The language, as the page names it.
    pub(crate) fn lang(&self) -> Option<String> {
        let html = self.elements().find(|element| element.value().name() == "html")?;
        filled(text::line(html.attr("lang").or_else(|| html.attr("xml:lang"))?, 64))
    }
}

fn filled(text: String) -> Option<String> {
    if text.is_empty() { None } else { Some(text) }
}

#[cfg(test)]
pub(crate) fn parsed(html: &str) -> Page {
    Page::parse(html.as_bytes(), encoding_rs::UTF_8, true)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// Runs on a stack of the size that the host gives a guest, where native frames are the larger ones.
    fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
        std::thread::Builder::new().stack_size(512 * 1024).spawn(body).unwrap().join().unwrap();
    }

    #[test]
    fn what_the_head_says() {
        let page = parsed(
            "<!doctype html><html lang=' de-AT '><head><meta name=Description content=' Ein\n Test '>\
             <title> Tests &amp;\n mehr </title></head><body><svg><title>Bild</title></svg>",
        );
        assert_eq!(page.title().as_deref(), Some("Tests & mehr"));
        assert_eq!(page.description().as_deref(), Some("Ein Test"));
        assert_eq!(page.lang().as_deref(), Some("de-AT"));
        let shared = parsed("<meta property='og:description' content='Shared'><svg><title>Drawing</title></svg>");
        assert_eq!((shared.title(), shared.description().as_deref()), (None, Some("Shared")));
        assert_eq!(shared.lang(), None);
    }

    #[test]
    fn there_is_a_page_in_everything() {
        for html in [
            "",
            "   ",
            "no tags",
            "<",
            "<>",
            "</p></div>",
            "<html",
            "<!--",
            "<title>",
            "<a href=",
            "<table><a>x<tr>y<td>z</table>",
            "<b><i></b>text</i>",
            "<select><option><select>",
            "<template><template><p>",
            "<svg><p><math><mi><table>",
            "<frameset><frame></frameset>x",
            "&#x110000;&#0;&notanentity;&amp",
            "\0<p\0>\u{FEFF}\u{202E}",
            "<script>if (a < b) { '</p>' }",
            "<plaintext></plaintext><p>",
        ] {
            let page = parsed(html);
            assert!(!page.truncated, "{html}");
            page.text(100);
            assert_eq!(page.select(&Selector::parse("html").unwrap()).count(), 1, "{html}");
        }
    }

    /// Guards the stack, and the time that each tag takes in a deep tree. Its benign twin is nested as pages are.
    #[test]
    fn a_hundred_thousand_nested_elements_end_the_page_and_not_the_guest() {
        on_a_small_stack(|| {
            for tag in ["<div>", "<b>", "<p><b id=x>", "<a><table><tr><td>", "<svg>", "<ul><li>", "<span a=b>"] {
                let html = format!("<title>Deep</title><p>before</p>{}core", tag.repeat(100_000));
                let page = parsed(&html);
                assert!(page.truncated, "{tag}");
                assert_eq!(page.title().as_deref(), Some("Deep"), "{tag}");
                assert!(page.text(1000).text.starts_with("before"), "{tag}");
                let selector = Selector::parse("div div, b b, li:nth-child(2)").unwrap();
                for element in page.select(&selector).take(3) {
                    markup(element, 1000);
                }
            }
        });
        let page = parsed(&format!("{}core", "<div>".repeat(MAX_DEPTH - 10)));
        assert!(!page.truncated);
        assert_eq!(page.text(100).text, "core");
    }

    /// Guards the memory that a tree takes.
    #[test]
    fn a_page_of_too_many_elements_is_cut() {
        let page = parsed(&"<i></i>".repeat(MAX_NODES + 1000));
        assert!(page.truncated);
        assert!(page.html.tree.values().len() < MAX_NODES + 1000);
        assert!(!parsed(&"<i></i>".repeat(MAX_NODES / 2)).truncated);
    }

    #[test]
    fn large_attributes_and_many_of_them_are_kept() {
        let large = "x".repeat(1 << 20);
        let many: String = (0..2000).map(|n| format!(" a{n}={n}")).collect();
        let page = parsed(&format!("<p id='{large}'{many}>text"));
        let paragraph = page.elements().find(|element| element.value().name() == "p").unwrap();
        assert_eq!(paragraph.attr("id").map(str::len), Some(large.len()));
        assert_eq!(paragraph.attr("a1999"), Some("1999"));
        assert_eq!(page.text(100).text, "text");
    }

    #[test]
    fn a_page_that_was_cut_says_so() {
        let page = Page::parse("<p>Stra\u{DF}".as_bytes(), encoding_rs::UTF_8, false);
        assert!(page.truncated);
        assert_eq!(page.text(100).text, "Straß");
    }
}
