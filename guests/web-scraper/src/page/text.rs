//! What a reader sees of a tree, with white space as a browser collapses it. It knows the elements that are not shown and
//! those that stand in lines of their own; it knows no style sheet.

use ego_tree::NodeRef;
use ego_tree::iter::Edge;
use scraper::Node;
use scraper::node::Element;

/// A text, up to a number of bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) text: String,
    /// Whether there was more.
    pub(crate) truncated: bool,
}

/// The visible text under a node, in `lines` or all in one. The node itself is always shown: who asks for a script gets it.
pub(crate) fn visible(root: NodeRef<'_, Node>, most: usize, lines: bool) -> Excerpt {
    let mut flow = Flow { most, lines, ..Flow::default() };
    let mut hidden = None;
    for edge in root.traverse() {
        match edge {
            Edge::Open(node) if hidden.is_none() => match node.value() {
                Node::Text(text) => flow.push(text),
                Node::Element(element) if node.id() != root.id() && is_hidden(element) => hidden = Some(node.id()),
                Node::Element(element) => flow.part(around(element.name())),
                _ => {}
            },
            Edge::Close(node) if hidden == Some(node.id()) => hidden = None,
            Edge::Close(node) if hidden.is_none() => {
                if let Node::Element(element) = node.value() {
                    flow.part(around(element.name()));
                }
            }
            _ => {}
        }
        if flow.truncated {
            break;
        }
    }
    Excerpt { text: flow.text, truncated: flow.truncated }
}

/// A text on one line, cut where it is too long.
pub(crate) fn line(text: &str, most: usize) -> String {
    let mut flow = Flow { most, ..Flow::default() };
    flow.push(text);
    flow.text
}

/// What parts two words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
}

/// Text that is being laid out.
#[derive(Default)]
struct Flow {
    text: String,
    /// What comes before the next word.
    gap: Gap,
    most: usize,
    lines: bool,
    truncated: bool,
}

impl Flow {
    fn push(&mut self, text: &str) {
        for letter in text.chars() {
            if letter.is_whitespace() {
                self.part(Gap::Space);
                continue;
            }
            // Nobody sees these, and a terminal might obey them.
            if letter.is_control() {
                continue;
            }
            let gap = if self.text.is_empty() { Gap::None } else { self.gap };
            if self.text.len() + letter.len_utf8() + usize::from(gap != Gap::None) > self.most {
                self.truncated = true;
                return;
            }
            match gap {
                Gap::None => {}
                Gap::Line if self.lines => self.text.push('\n'),
                Gap::Space | Gap::Line => self.text.push(' '),
            }
            self.gap = Gap::None;
            self.text.push(letter);
        }
    }

    fn part(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }
}

fn is_hidden(element: &Element) -> bool {
    let name = element.name();
    element.attr("hidden").is_some()
        || matches!(
            name,
            "head" | "title" | "script" | "style" | "template" | "iframe" | "noembed" | "noframes" | "datalist"
        )
}

/// What stands before and behind an element.
fn around(name: &str) -> Gap {
    match name {
        "address" | "article" | "aside" | "blockquote" | "body" | "br" | "caption" | "center" | "dd" | "details"
        | "dialog" | "dir" | "div" | "dl" | "dt" | "fieldset" | "figcaption" | "figure" | "footer" | "form" | "h1"
        | "h2" | "h3" | "h4" | "h5" | "h6" | "header" | "hgroup" | "hr" | "legend" | "li" | "main" | "menu" | "nav"
        | "ol" | "optgroup" | "option" | "p" | "pre" | "search" | "section" | "summary" | "table" | "tbody"
        | "tfoot" | "thead" | "tr" | "ul" => Gap::Line,
        "button" | "input" | "select" | "td" | "textarea" | "th" => Gap::Space,
        _ => Gap::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::parsed;

    fn text(html: &str) -> String {
        parsed(html).text(10_000).text
    }

    #[test]
    fn blocks_are_lines_and_white_space_is_one_space() {
        for (html, seen) in [
            ("<h1>A  title</h1><p>One\n <b>bo</b>ld&nbsp; word.<p>Two", "A title\nOne bold word.\nTwo"),
            ("<p> a </p> <p> b </p>", "a\nb"),
            ("a<br>b<div><div>c</div></div>d", "a\nb\nc\nd"),
            ("<ul><li>one<li>two</ul>", "one\ntwo"),
            ("<table><tr><td>a<td>b<tr><td>c<td>d</table>", "a b\nc d"),
            ("<pre>a\n  b</pre>", "a b"),
            ("Größe \u{1F980} 北京 e\u{301}", "Größe \u{1F980} 北京 e\u{301}"),
            ("&#1;a&#27;[31mb", "a[31mb"),
            ("", ""),
        ] {
            assert_eq!(text(html), seen, "{html}");
        }
    }

    #[test]
    fn what_no_reader_sees_is_left_out() {
        let html = "<title>t</title><style>p{}</style><p>a<script>x</script><!-- c --><template>d</template>\
                    <span hidden>e<b>f</b></span><iframe>g</iframe><noscript>h</noscript></p>i";
        assert_eq!(text(html), "ah\ni");
    }

    /// Guards the size of what is given, to the byte.
    #[test]
    fn a_text_is_cut_between_letters() {
        let page = parsed("<p>äöü</p><p>x</p>");
        let cut = |most| page.text(most);
        assert_eq!(cut(8), Excerpt { text: "äöü\nx".to_owned(), truncated: false });
        assert_eq!(cut(7), Excerpt { text: "äöü".to_owned(), truncated: true });
        assert_eq!(cut(5), Excerpt { text: "äö".to_owned(), truncated: true });
        assert_eq!(cut(0), Excerpt { text: String::new(), truncated: true });
    }

    #[test]
    fn the_element_that_is_asked_for_is_shown_whatever_it_is() {
        let page = parsed("<script>let a;</script>");
        let script = page.elements().find(|element| element.value().name() == "script");
        assert_eq!(script.map(|script| visible(*script, 100, true).text).as_deref(), Some("let a;"));
    }
}
