//! The tool `fetch_page`: what a page says of itself, its text and its links. It knows what a caller asks and is given, and
//! neither how pages are got nor how they are read.

use crate::charset;
use crate::media::Media;
use crate::page::{Link, Page, links};
use crate::params::{BYTES, MAX_BYTES, Params};
use crate::transport::Transport;
use crate::visit::{Visit, Visitor};
use crate::wasi_http::WasiHttp;
use hal9_plugin_sdk::{HashMap, PluginError, ToolDescription, ToolPlugin, Value, json};
use url::Url;

/// The longest text that is given, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// Reads a web page.
#[derive(Debug, Default)]
pub struct FetchPage(Visitor<WasiHttp>);

struct Arguments {
    url: Url,
    max_bytes: usize,
}

fn read(values: &HashMap<String, Value>) -> Result<Arguments, PluginError> {
    let mut params = Params::new(values, &["url", "max_bytes"]);
    let (url, max_bytes) = (params.url("url"), params.integer("max_bytes", 1..=MAX_BYTES, BYTES));
    let arguments = url.zip(max_bytes).map(|(url, max_bytes)| Arguments { url, max_bytes });
    params.finish(arguments)
}

impl ToolPlugin for FetchPage {
    fn describe(&self) -> ToolDescription {
        ToolDescription {
            name: "fetch_page".to_owned(),
            description: "Reads a web page (HTML or plain text) and gives its status, final URL, content type, character set, title, description, language, visible text and links (absolute, each once, with their text). Follows up to five redirects and respects robots.txt. No script runs. `truncated` says that something was left out: the body is longer than `max_bytes`, or there are more links or text than are given.".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "url": { "type": "string", "description": "The page: an absolute URL with http or https, without user name" },
                    "max_bytes": { "type": "integer", "minimum": 1, "maximum": MAX_BYTES, "default": BYTES, "description": "How much of the page to read, in bytes" }
                },
                "required": ["url"],
                "additionalProperties": false
            }),
        }
    }

    fn validate_params(&self, params: &HashMap<String, Value>) -> Result<(), PluginError> {
        read(params).map(drop)
    }

    fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError> {
        fetch_page(&mut self.0, &params)
    }
}

fn fetch_page(visitor: &mut Visitor<impl Transport>, params: &HashMap<String, Value>) -> Result<Value, PluginError> {
    let Arguments { url, max_bytes } = read(params)?;
    let Visit { url, media, response } = visitor.visit(&url, max_bytes)?;
    let content_type = response.head.header("content-type");
    let encoding = charset::find(content_type.as_deref(), &response.body, media == Media::Html);
    let Content { title, description, lang, text, links, truncated } = match media {
        Media::Html => Content::of_page(&Page::parse(&response.body, encoding, !response.truncated), &url),
        Media::Text | Media::Other => {
            Content::of_text(charset::decode(encoding, &response.body, !response.truncated), response.truncated)
        }
    };
    let links: Vec<Value> = links.into_iter().map(|link| json!({ "url": link.url, "text": link.text })).collect();
    Ok(json!({
        "status": response.head.status,
        "url": url.as_str(),
        "content_type": content_type,
        "charset": encoding.name(),
        "title": title,
        "description": description,
        "lang": lang,
        "text": text,
        "links": links,
        "truncated": truncated,
    }))
}

/// What was read.
#[derive(Default)]
struct Content {
    title: Option<String>,
    description: Option<String>,
    lang: Option<String>,
    text: String,
    links: Vec<Link>,
    truncated: bool,
}

impl Content {
    fn of_page(page: &Page, at: &Url) -> Self {
        let text = page.text(MAX_TEXT);
        let (links, more) = links(page, at);
        Self {
            title: page.title(),
            description: page.description(),
            lang: page.lang(),
            text: text.text,
            links,
            truncated: page.truncated || text.truncated || more,
        }
    }

    fn of_text(mut text: String, truncated: bool) -> Self {
        let whole = text.floor_char_boundary(MAX_TEXT);
        let truncated = truncated || whole < text.len();
        text.truncate(whole);
        Self { text, truncated, ..Self::default() }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::stand_in::{StandIn, answer, page, text, visitor};
    use hal9_plugin_sdk::{ErrorCode, serde_json};

    fn call(web: StandIn, params: Value) -> Result<Value, PluginError> {
        let mut visitor = visitor(web);
        fetch_page(&mut visitor, &serde_json::from_value(params).unwrap())
    }

    #[test]
    fn a_page_is_given_with_what_is_in_it() {
        let html = "<html lang=en><meta name=description content=About><title>A page</title>\
                    <h1>Hello</h1><p>Read <a href=more#part>more</a>.";
        let web = StandIn::of([("https://a.test/dir/", page(html))]);
        let expected = json!({
            "status": 200,
            "url": "https://a.test/dir/",
            "content_type": "text/html; charset=utf-8",
            "charset": "UTF-8",
            "title": "A page",
            "description": "About",
            "lang": "en",
            "text": "Hello\nRead more.",
            "links": [{ "url": "https://a.test/dir/more", "text": "more" }],
            "truncated": false,
        });
        assert_eq!(call(web, json!({ "url": "https://a.test/dir/#top" })), Ok(expected));
    }

    #[test]
    fn links_are_relative_to_where_the_page_was_found() {
        let web = StandIn::of([
            ("http://a.test/", answer(301, &[("location", "https://b.test/x/")], "")),
            ("https://b.test/x/", page("<a href=y>y</a>")),
        ]);
        let page = call(web, json!({ "url": "http://a.test/" })).unwrap();
        assert_eq!(page["url"], "https://b.test/x/");
        assert_eq!(page["links"][0]["url"], "https://b.test/x/y");
    }

    #[test]
    fn a_page_that_is_not_there_is_no_failure() {
        let web = StandIn::of([("http://a.test/", answer(404, &[("content-type", "text/html")], "<h1>Gone"))]);
        let page = call(web, json!({ "url": "http://a.test/" })).unwrap();
        assert_eq!((&page["status"], &page["text"]), (&json!(404), &json!("Gone")));
        let web = StandIn::of([("http://a.test/", answer(500, &[("content-type", "application/json")], "{}"))]);
        let page = call(web, json!({ "url": "http://a.test/" })).unwrap();
        assert_eq!((&page["status"], &page["text"]), (&json!(500), &json!("")));
    }

    #[test]
    fn a_plain_text_is_given_as_it_is() {
        let web = StandIn::of([("http://a.test/t", text("<b>a</b>\n  b"))]);
        let page = call(web, json!({ "url": "http://a.test/t" })).unwrap();
        assert_eq!(
            (&page["text"], &page["links"], &page["title"]),
            (&json!("<b>a</b>\n  b"), &json!([]), &Value::Null)
        );
        let web = StandIn::of([("http://a.test/t", text(&"ä".repeat(MAX_TEXT)))]);
        let page = call(web, json!({ "url": "http://a.test/t" })).unwrap();
        assert_eq!((page["text"].as_str().unwrap().len(), &page["truncated"]), (MAX_TEXT, &json!(true)));
    }

    /// Guards what a page may take of memory and of the answer; the benign twin has as much as is allowed.
    #[test]
    fn a_long_page_is_cut_at_max_bytes() {
        let web = || StandIn::of([("http://a.test/", page("<p>123456789"))]);
        let cut = call(web(), json!({ "url": "http://a.test/", "max_bytes": 8 })).unwrap();
        assert_eq!((&cut["text"], &cut["truncated"]), (&json!("12345"), &json!(true)));
        let whole = call(web(), json!({ "url": "http://a.test/", "max_bytes": 12 })).unwrap();
        assert_eq!((&whole["text"], &whole["truncated"]), (&json!("123456789"), &json!(false)));
    }

    #[test]
    fn other_character_sets_are_read() {
        let (body, _, _) = encoding_rs::WINDOWS_1251.encode("<title>Привет</title>");
        let head = [("content-type", "text/html; charset=windows-1251")];
        let page =
            call(StandIn::of([("http://a.test/", answer(200, &head, &body))]), json!({ "url": "http://a.test/" }));
        assert_eq!(page.unwrap()["title"], "Привет");
        let (body, _, _) = encoding_rs::EUC_JP.encode("<meta charset=euc-jp><title>日本</title>");
        let page = call(
            StandIn::of([("http://a.test/", answer(200, &[("content-type", "text/html")], &body))]),
            json!({ "url": "http://a.test/" }),
        );
        let page = page.unwrap();
        assert_eq!((&page["title"], &page["charset"]), (&json!("日本"), &json!("EUC-JP")));
    }

    #[test]
    fn what_goes_wrong_has_its_code() {
        let robots = StandIn::of([("http://a.test/robots.txt", text("User-agent: *\nDisallow: /"))]);
        let url = json!({ "url": "http://a.test/x" });
        for (web, params, code) in [
            (StandIn::default(), json!({}), ErrorCode::InvalidInput),
            (
                StandIn::default(),
                json!({ "url": "http://a.test/", "max_bytes": MAX_BYTES + 1 }),
                ErrorCode::InvalidInput,
            ),
            (robots, url.clone(), ErrorCode::Denied),
            (
                StandIn::default().failing("http://a.test/x", ErrorCode::Unavailable),
                url.clone(),
                ErrorCode::Unavailable,
            ),
            (
                StandIn::of([("http://a.test/x", answer(200, &[("content-type", "image/png")], ""))]),
                url,
                ErrorCode::Unsupported,
            ),
        ] {
            assert_eq!(call(web, params).unwrap_err().code, code);
        }
    }
}
