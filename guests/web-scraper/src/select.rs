//! The tool `select`: the elements of a page that a CSS selector finds. It knows what a caller asks and is given, and how
//! much of it.

use crate::charset;
use crate::media::Media;
use crate::page::{Page, markup, visible};
use crate::params::{BYTES, MAX_BYTES, MAX_SELECTOR, Params};
use crate::transport::Transport;
use crate::visit::{Visit, Visitor};
use crate::wasi_http::WasiHttp;
use hal9_plugin_sdk::{ErrorCode, HashMap, PluginError, ToolDescription, ToolPlugin, Value, err, json, serde_json};
use scraper::{ElementRef, Selector};
use url::Url;

const MAX_ELEMENTS: u64 = 200;
/// The most of each part of an element that is given, in bytes: its text, its HTML, its name with its attributes.
const MAX_PART: usize = 4096;

/// Finds elements on a web page.
#[derive(Debug, Default)]
pub struct Select(Visitor<WasiHttp>);

struct Arguments<'p> {
    url: Url,
    selector: Selector,
    attribute: Option<&'p str>,
    limit: usize,
    max_bytes: usize,
}

fn read(values: &HashMap<String, Value>) -> Result<Arguments<'_>, PluginError> {
    let mut params = Params::new(values, &["url", "selector", "attribute", "limit", "max_bytes"]);
    let (url, selector, attribute) = (params.url("url"), params.selector("selector"), params.attribute("attribute"));
    let limit = params.integer("limit", 1..=MAX_ELEMENTS, 20);
    let max_bytes = params.integer("max_bytes", 1..=MAX_BYTES, BYTES);
    let arguments = || {
        Some(Arguments { url: url?, selector: selector?, attribute: attribute?, limit: limit?, max_bytes: max_bytes? })
    };
    params.finish(arguments())
}

impl ToolPlugin for Select {
    fn describe(&self) -> ToolDescription {
        ToolDescription {
            name: "select".to_owned(),
            description: "Reads a web page and gives the elements that a CSS selector finds: name, visible text, HTML and attributes, each cut at 4 KiB; or, with `attribute`, name, text and the value of that attribute, of the elements that have it. `found` counts all; `truncated` says that something was left out: the page was read in part, or an element or a part of one is not given. Follows up to five redirects and respects robots.txt. No script runs.".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "url": { "type": "string", "description": "The page: an absolute URL with http or https, without user name" },
                    "selector": { "type": "string", "maxLength": MAX_SELECTOR, "description": "A CSS selector, such as \"h1\", \"table td.price\" or \"a[href^='/docs']\"" },
                    "attribute": { "type": "string", "minLength": 1, "maxLength": 64, "description": "The attribute to give, such as href, as it is written in the page" },
                    "limit": { "type": "integer", "minimum": 1, "maximum": MAX_ELEMENTS, "default": 20, "description": "Most elements to give" },
                    "max_bytes": { "type": "integer", "minimum": 1, "maximum": MAX_BYTES, "default": BYTES, "description": "How much of the page to read, in bytes" }
                },
                "required": ["url", "selector"],
                "additionalProperties": false
            }),
        }
    }

    fn validate_params(&self, params: &HashMap<String, Value>) -> Result<(), PluginError> {
        read(params).map(drop)
    }

    fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError> {
        select(&mut self.0, &params)
    }
}

fn select(visitor: &mut Visitor<impl Transport>, params: &HashMap<String, Value>) -> Result<Value, PluginError> {
    let Arguments { url, selector, attribute, limit, max_bytes } = read(params)?;
    let Visit { url, media, response } = visitor.visit(&url, max_bytes)?;
    if media == Media::Text {
        return err(ErrorCode::Unsupported, format!("{url} is plain text, which has no elements; use fetch_page"));
    }
    let encoding = charset::find(response.head.header("content-type").as_deref(), &response.body, true);
    let page = Page::parse(&response.body, encoding, !response.truncated);
    let mut truncated = page.truncated;
    let mut elements = Vec::new();
    let mut found = 0;
    for element in page.select(&selector) {
        if attribute.is_some_and(|attribute| value(element, attribute).is_none()) {
            continue;
        }
        found += 1;
        if elements.len() < limit {
            elements.push(given(element, attribute, &mut truncated));
        } else {
            truncated = true;
        }
    }
    Ok(json!({
        "status": response.head.status,
        "url": url.as_str(),
        "elements": elements,
        "found": found,
        "truncated": truncated,
    }))
}

/// An element as it is given; sets `truncated` where some of it is not.
fn given(element: ElementRef<'_>, attribute: Option<&str>, truncated: &mut bool) -> Value {
    let text = visible(*element, MAX_PART, true);
    *truncated |= text.truncated;
    let mut room = MAX_PART;
    let name = cut(element.value().name(), &mut room, truncated);
    if let Some(attribute) = attribute {
        let value = cut(value(element, attribute).unwrap_or_default(), &mut room, truncated);
        return json!({ "name": name, "text": text.text, "value": value });
    }
    let mut attributes = serde_json::Map::new();
    for (name, value) in element.value().attrs() {
        let name = cut(name, &mut room, truncated);
        if !name.is_empty() {
            attributes.insert(name.to_owned(), json!(cut(value, &mut room, truncated)));
        }
    }
    let html = markup(element, MAX_PART);
    *truncated |= html.truncated;
    json!({ "name": name, "text": text.text, "html": html.text, "attributes": attributes })
}

/// The value of an attribute, whose name HTML writes in either case.
fn value<'p>(element: ElementRef<'p>, attribute: &str) -> Option<&'p str> {
    element.value().attrs().find(|(name, _)| name.eq_ignore_ascii_case(attribute)).map(|(_, value)| value)
}

/// As much of a text as there is room for, which it takes.
fn cut<'v>(text: &'v str, room: &mut usize, truncated: &mut bool) -> &'v str {
    let end = text.floor_char_boundary(*room);
    *truncated |= end < text.len();
    *room -= end;
    &text[..end]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::stand_in::{StandIn, answer, page, text, visitor};

    const URL: &str = "http://a.test/";

    fn call(html: &str, mut params: Value) -> Result<Value, PluginError> {
        params["url"] = json!(URL);
        let mut visitor = visitor(StandIn::of([(URL, page(html))]));
        select(&mut visitor, &serde_json::from_value(params).unwrap())
    }

    #[test]
    fn elements_are_given_with_text_html_and_attributes() {
        let html = "<ul><li class='a b' data-n=1>One <b>x</b><li>Two</ul><li>Three";
        let found = call(html, json!({ "selector": "ul > li:first-child" }));
        let expected = json!({
            "status": 200,
            "url": URL,
            "elements": [{
                "name": "li",
                "text": "One x",
                "html": "<li class=\"a b\" data-n=\"1\">One <b>x</b></li>",
                "attributes": { "class": "a b", "data-n": "1" },
            }],
            "found": 1,
            "truncated": false,
        });
        assert_eq!(found, Ok(expected));
    }

    #[test]
    fn an_attribute_is_given_of_the_elements_that_have_it() {
        let html = "<a href=/x#y>x</a><a name=z>z</a><A HREF=''>e</a>";
        let found = call(html, json!({ "selector": "a", "attribute": "HREF" })).unwrap();
        let expected =
            json!([{ "name": "a", "text": "x", "value": "/x#y" }, { "name": "a", "text": "e", "value": "" }]);
        assert_eq!((&found["elements"], &found["found"]), (&expected, &json!(2)));
    }

    #[test]
    fn scripts_can_be_asked_for_and_nothing_found_is_no_failure() {
        let html = "<script type='application/ld+json'>{\"a\": \"<b>\"}</script>";
        let found = call(html, json!({ "selector": "script[type$=json]" })).unwrap();
        assert_eq!(found["elements"][0]["text"], "{\"a\": \"<b>\"}");
        let found = call(html, json!({ "selector": "p" })).unwrap();
        assert_eq!((&found["elements"], &found["found"], &found["truncated"]), (&json!([]), &json!(0), &json!(false)));
    }

    #[test]
    fn elements_beyond_the_limit_are_counted() {
        let found = call(&"<p>x</p>".repeat(30), json!({ "selector": "p", "limit": 7 })).unwrap();
        assert_eq!(found["elements"].as_array().unwrap().len(), 7);
        assert_eq!((&found["found"], &found["truncated"]), (&json!(30), &json!(true)));
    }

    /// Guards the size of the answer: nested elements each hold all that is in them.
    #[test]
    fn every_part_of_an_element_is_bounded() {
        let inner = "ä".repeat(5000);
        let html = format!("{0}<p id='{inner}' {1}>{inner}", "<div>".repeat(200), "a='&lt;' b=2");
        let found = call(&html, json!({ "selector": "div, p", "limit": MAX_ELEMENTS })).unwrap();
        assert_eq!(found["truncated"], true);
        assert_eq!(found["found"], 201);
        assert!(found.to_string().len() < 4 * MAX_PART * 201);
        let found = call(&html, json!({ "selector": "p", "attribute": "id" })).unwrap();
        assert_eq!(found["elements"][0]["value"].as_str().unwrap().len(), MAX_PART - 2);
        assert_eq!(found["truncated"], true);
    }

    #[test]
    fn a_plain_text_has_no_elements() {
        let mut visitor = visitor(StandIn::of([(URL, text("a"))]));
        let params = serde_json::from_value(json!({ "url": URL, "selector": "p" })).unwrap();
        let error = select(&mut visitor, &params).unwrap_err();
        assert_eq!(error.code, ErrorCode::Unsupported);
        assert!(error.message.contains("fetch_page"), "{}", error.message);
        visitor.transport = StandIn::of([(URL, answer(404, &[("content-type", "text/html")], "<p>no"))]);
        assert_eq!(select(&mut visitor, &params).unwrap()["elements"][0]["text"], "no");
    }
}
