//! Owns what a reader sees of an author's Markdown: text, links and tables, and nothing that runs or is loaded. It refuses to know where the text came from.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use ammonia::UrlRelative;
use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};

/// What is beyond is not shown.
const MAX_SHOWN: usize = 256 << 10;

/// So many bytes of rendered texts are kept.
const MAX_KEPT: usize = 16 << 20;

/// Deeper quotes and lists than anybody reads cost time that grows with their square.
const MAX_DEPTH: usize = 64;

/// What was rendered before: versions never change.
#[derive(Default)]
pub(crate) struct Rendered(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    texts: HashMap<blake3::Hash, Arc<str>>,
    bytes: usize,
}

impl Rendered {
    /// The HTML of a text, rendered once.
    pub(crate) async fn html(self: &Arc<Self>, markdown: &str) -> Arc<str> {
        let hash = blake3::hash(markdown.as_bytes());
        let kept = |this: &Self| this.0.lock().unwrap_or_else(PoisonError::into_inner).texts.get(&hash).cloned();
        if let Some(html) = kept(self) {
            return html;
        }
        let (this, markdown) = (Arc::clone(self), markdown.to_owned());
        let rendered = tokio::task::spawn_blocking(move || {
            let html: Arc<str> = render(&markdown).into();
            let mut kept = this.0.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.bytes + html.len() > MAX_KEPT {
                *kept = Kept::default();
            }
            if kept.texts.insert(hash, Arc::clone(&html)).is_none() {
                kept.bytes += html.len();
            }
            html
        });
        // A text that cannot be rendered is left out, and the rest of the page stays.
        rendered.await.unwrap_or_else(|_| Arc::from(""))
    }
}

/// The HTML of a text: headings below those of the page, images as links, links that carry nothing, and nothing else that HTML has beyond text.
pub(crate) fn render(markdown: &str) -> String {
    let end = markdown.floor_char_boundary(MAX_SHOWN);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut depth = 0_usize;
    let events = Parser::new_ext(&markdown[..end], options).filter(move |event| {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth + usize::from(matches!(event, Event::End(_))) <= MAX_DEPTH
    });
    let mut unsafe_html = String::new();
    html::push_html(&mut unsafe_html, Images::new(events.map(lowered)));
    if end < markdown.len() {
        unsafe_html.push_str("<p><em>The rest is in the package.</em></p>");
    }
    sanitizer().clean(&unsafe_html).to_string()
}

/// The page has a heading of the first level, and the text's section one of the second.
fn lowered(event: Event<'_>) -> Event<'_> {
    let lower = |level| match level {
        HeadingLevel::H1 => HeadingLevel::H3,
        HeadingLevel::H2 => HeadingLevel::H4,
        HeadingLevel::H3 => HeadingLevel::H5,
        _ => HeadingLevel::H6,
    };
    match event {
        Event::Start(Tag::Heading { level, .. }) => {
            Event::Start(Tag::Heading { level: lower(level), id: None, classes: Vec::new(), attrs: Vec::new() })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        // A box to tick is an `input`, which is none of a text's.
        Event::TaskListMarker(done) => Event::Text(CowStr::Borrowed(if done { "☑ " } else { "☐ " })),
        other => other,
    }
}

/// Shows an image as a link to where it is, so that no page loads what its author can watch being loaded.
struct Images<'a, I> {
    events: I,
    waiting: Option<Event<'a>>,
}

impl<I> Images<'_, I> {
    fn new(events: I) -> Self {
        Self { events, waiting: None }
    }
}

impl<'a, I: Iterator<Item = Event<'a>>> Iterator for Images<'a, I> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if let Some(event) = self.waiting.take() {
            return Some(event);
        }
        match self.events.next()? {
            Event::Start(Tag::Image { dest_url, title, id, .. }) => {
                self.waiting = Some(Event::Text(CowStr::Borrowed("Image: ")));
                let dest_url = if dest_url.starts_with("https://") { dest_url } else { CowStr::Borrowed("") };
                Some(Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url, title, id }))
            }
            Event::End(TagEnd::Image) => Some(Event::End(TagEnd::Link)),
            event => Some(event),
        }
    }
}

fn sanitizer() -> ammonia::Builder<'static> {
    let tags: HashSet<&str> = [
        "a",
        "b",
        "blockquote",
        "br",
        "code",
        "dd",
        "del",
        "details",
        "dl",
        "dt",
        "em",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "kbd",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
    .into();
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(tags)
        .tag_attributes(HashMap::from([("a", ["href", "title"].into()), ("ol", ["start"].into())]))
        .clean_content_tags(["script", "style", "template", "noscript", "iframe", "object", "svg", "math"].into())
        .url_schemes(["https", "http", "mailto"].into())
        // Where a relative address would lead to, only the author's own host knows.
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow ugc"))
        // What scrolls can be reached with the keyboard.
        .set_tag_attribute_value("pre", "tabindex", "0");
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_runs_or_is_loaded_is_left() {
        let hostile = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<svg onload=alert(1)><script>alert(1)</script></svg>",
            "<a href=\"javascript:alert(1)\">a</a>",
            "[a](javascript:alert(1))",
            "[a](JaVaScRiPt:alert(1))",
            "[a](java&#x0A;script:alert(1))",
            "[a](data:text/html;base64,PHNjcmlwdD4=)",
            "[a](vbscript:x)",
            "![a](javascript:alert(1))",
            "![a](https://e.test/\"onerror=alert(1)//)",
            "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
            "<style>*{display:none}</style><p style=\"position:fixed\" class=hero id=main onclick=alert(1)>x</p>",
            "<form action=/account/tokens><input name=a><button>x</button></form>",
            "<math><mtext></p><style><img src onerror=alert(1)></style></math>",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "<base href=https://e.test><meta http-equiv=refresh content=0><link rel=stylesheet href=x>",
            "[a]: javascript:alert(1)\n\n[a]",
            "<details open ontoggle=alert(1)><summary>s</summary></details>",
        ];
        for text in hostile {
            let html = render(text).to_lowercase();
            assert!(!html.contains("script:") || !html.contains("href"), "{text:?} became {html:?}");
            // What stands between quotes is an address or a title.
            let tags = html.split('<').skip(1).filter_map(|part| part.split('>').next());
            let tags: String = tags.flat_map(|tag| tag.split('"').step_by(2)).collect();
            for word in [
                "script", "onerror", "onload", "onclick", "ontoggle", "style", "img", "iframe", "form", "input",
                "base", "meta", "link ", "class", "id=", "data:", "svg",
            ] {
                assert!(!tags.contains(word), "{text:?} became {html:?}, with {word:?}");
            }
        }
    }

    #[test]
    fn text_keeps_its_shape_below_the_headings_of_the_page() {
        let html = render(
            "# One\n\n## Two\n\n[a](https://e.test/a) ![shot](https://e.test/s.png)\n\n- [x] done\n\n| a |\n|---|\n| b |\n",
        );
        assert!(html.contains("<h3>One</h3>") && html.contains("<h4>Two</h4>"), "{html}");
        assert!(html.contains(r#"<a href="https://e.test/a" rel="noopener noreferrer nofollow ugc">a</a>"#), "{html}");
        assert!(
            html.contains(r#"<a href="https://e.test/s.png" title="" rel="#)
                || html.contains(r#"<a href="https://e.test/s.png" rel="#),
            "{html}"
        );
        assert!(html.contains("Image: shot") && html.contains("☑ done") && html.contains("<td>b</td>"), "{html}");
    }

    #[test]
    fn deep_and_long_texts_are_cut() {
        for text in [
            ">".repeat(100_000),
            "- ".repeat(50_000),
            "*a **b ".repeat(20_000),
            "[".repeat(100_000),
            "<b>".repeat(50_000),
        ] {
            assert!(render(&text).len() < 8 << 20);
        }
        assert!(render(&"word ".repeat(100_000)).contains("The rest is in the package."));
    }
}
