//! Where a page leads: absolute URLs, each once, with what stands on the link. It knows how URLs are resolved, and nothing
//! of whether they may be visited.

use super::{Page, text, visible};
use crate::visit::MAX_URL;
use scraper::ElementRef;
use std::collections::BTreeMap;
use url::Url;

const MAX_LINKS: usize = 1000;
/// The longest text of a link, in bytes.
const MAX_TEXT: usize = 256;

/// One way out of a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// With http or https, without fragment.
    pub(crate) url: String,
    /// May be empty.
    pub(crate) text: String,
}

/// The links of a page that was found at a URL, in its order; and whether there were more.
pub(crate) fn links(page: &Page, at: &Url) -> (Vec<Link>, bool) {
    let base = base(page, at);
    let mut links: Vec<Link> = Vec::new();
    let mut known = BTreeMap::new();
    let mut truncated = false;
    for element in page.elements().filter(|element| matches!(element.value().name(), "a" | "area")) {
        let Some(href) = element.attr("href") else { continue };
        if href.len() > MAX_URL {
            truncated |= !is_data(href);
            continue;
        }
        let Some(url) = target(&base, href, at) else { continue };
        if let Some(&index) = known.get(url.as_str()) {
            // The picture first, the words behind it: both lead there.
            let link: &mut Link = &mut links[index];
            if link.text.is_empty() {
                link.text = label(element);
            }
        } else if links.len() == MAX_LINKS || url.as_str().len() > MAX_URL {
            truncated = true;
        } else {
            known.insert(url.to_string(), links.len());
            links.push(Link { url: url.into(), text: label(element) });
        }
    }
    (links, truncated)
}

/// What the page's relative URLs are relative to.
fn base(page: &Page, at: &Url) -> Url {
    let href = page.elements().filter(|element| element.value().name() == "base").find_map(|base| base.attr("href"));
    let base = href.filter(|href| href.len() <= MAX_URL).and_then(|href| at.join(href).ok());
    base.filter(is_web).unwrap_or_else(|| at.clone())
}

/// Where a link leads, if that is a page of the web, and not another place on this one.
fn target(base: &Url, href: &str, at: &Url) -> Option<Url> {
    let mut url = base.join(href).ok().filter(is_web)?;
    let within = url.fragment().is_some();
    url.set_fragment(None);
    if within && url == *at { None } else { Some(url) }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Long things that are no link at all.
fn is_data(href: &str) -> bool {
    let scheme = href.trim_start().split(':').next().unwrap_or_default();
    ["data", "javascript", "mailto"].iter().any(|other| scheme.eq_ignore_ascii_case(other))
}

/// What a reader, or a reader's machine, is told of a link.
fn label(element: ElementRef<'_>) -> String {
    let seen = visible(*element, MAX_TEXT, false).text;
    if !seen.is_empty() {
        return seen;
    }
    let pictured = || element.descendent_elements().find_map(|inner| inner.attr("alt"));
    text::line(element.attr("aria-label").or_else(pictured).unwrap_or_default(), MAX_TEXT)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::page::parsed;

    fn found(html: &str) -> Vec<(String, String)> {
        let at = Url::parse("https://a.test/dir/page?q").unwrap();
        links(&parsed(html), &at).0.into_iter().map(|link| (link.url, link.text)).collect()
    }

    fn urls(html: &str) -> Vec<String> {
        found(html).into_iter().map(|(url, _)| url).collect()
    }

    #[test]
    fn links_are_absolute_and_once() {
        let html = "<a href='x'> The\n <b>x</b> </a><a href=/y>y</a><a href=//b.test>b</a><a href='?r'>r</a>\
                    <a href=x#part>again</a><a href=' HTTP://C.test:80/%7e '>c</a><area href=z alt=Z><a>none</a>";
        let expected = [
            ("https://a.test/dir/x", "The x"),
            ("https://a.test/y", "y"),
            ("https://b.test/", "b"),
            ("https://a.test/dir/page?r", "r"),
            ("http://c.test/%7e", "c"),
            ("https://a.test/dir/z", "Z"),
        ];
        assert_eq!(found(html), expected.map(|(url, text)| (url.to_owned(), text.to_owned())));
    }

    #[test]
    fn what_is_no_way_to_another_page_is_left_out() {
        let html = "<a href=mailto:a@b.test>m</a><a href='javascript:void(0)'>j</a><a href=data:text/html,x>d</a>\
                    <a href=tel:1>t</a><a href='#top'>f</a><a href='page?q#x'>f</a><a href='http://['>b</a>\
                    <a href='ftp://a.test/'>ftp</a><a href=''>self</a>";
        // The last is no other place on the page: it asks for the page again.
        assert_eq!(urls(html), ["https://a.test/dir/page?q"]);
    }

    #[test]
    fn the_first_base_counts_if_it_is_of_the_web() {
        assert_eq!(urls("<base href=/other/><base href=/no/><a href=x>"), ["https://a.test/other/x"]);
        assert_eq!(urls("<base target=_top><base href='http://b.test/d/e'><a href=x>"), ["http://b.test/d/x"]);
        for base in ["javascript:alert(1)", "data:text/html,x", "http://["] {
            assert_eq!(urls(&format!("<base href='{base}'><a href=x>")), ["https://a.test/dir/x"]);
        }
    }

    #[test]
    fn a_link_without_words_has_those_of_its_picture_or_of_its_twin() {
        assert_eq!(found("<a href=x><img alt=' A  cat '></a>")[0].1, "A cat");
        assert_eq!(found("<a href=x aria-label=Home><svg></svg></a>")[0].1, "Home");
        assert_eq!(found("<a href=x></a><a href=x>words</a>")[0].1, "words");
        assert_eq!(found("<a href=x></a>")[0].1, "");
    }

    #[test]
    fn names_of_all_scripts_are_written_as_the_network_has_them() {
        let html = "<a href='//bücher.test/straße?ä=ö'>ü</a><a href='http://١.test/'>n</a>";
        assert_eq!(urls(html)[0], "https://xn--bcher-kva.test/stra%C3%9Fe?%C3%A4=%C3%B6");
    }

    /// Guards the size of what is given: a long base makes every link as long.
    #[test]
    fn too_many_and_too_long_links_are_left_out_and_that_is_said() {
        let at = Url::parse("https://a.test/").unwrap();
        let many: String = (0..=MAX_LINKS).map(|n| format!("<a href={n}>{n}</a>")).collect();
        let (all, truncated) = links(&parsed(&many), &at);
        assert_eq!((all.len(), truncated), (MAX_LINKS, true));
        let base = format!("<base href='/{}/'><a href={}>x</a>", "b".repeat(3000), "c".repeat(3000));
        assert_eq!(links(&parsed(&base), &at), (Vec::new(), true));
        let long = format!("<a href='data:,{0}'>d</a><a href=x>{0}</a>", "d".repeat(5000));
        let (all, truncated) = links(&parsed(&long), &at);
        assert_eq!((all.len(), all[0].text.len(), truncated), (1, MAX_TEXT, false));
    }
}
