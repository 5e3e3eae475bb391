//! Visits a page as a polite guest: asks robots.txt before every request, follows redirects itself, and gives up after
//! five. It knows URLs and heads, and nothing of what is in a page.

use crate::media::{Media, coding};
use crate::robots;
use crate::transport::{Head, Response, Transport};
use hal9_plugin_sdk::{ErrorCode, PluginError, err};
use url::Url;

pub(crate) const MAX_REDIRECTS: usize = 5;
/// The longest URL that is asked for, in bytes.
pub(crate) const MAX_URL: usize = 4096;

/// Gets pages, and keeps what robots.txt said.
#[derive(Debug, Default)]
pub(crate) struct Visitor<T> {
    pub(crate) transport: T,
    robots: robots::Cache,
}

/// What was found at the end of the way.
#[derive(Debug)]
pub(crate) struct Visit {
    /// Where it was found; without fragment.
    pub(crate) url: Url,
    pub(crate) media: Media,
    pub(crate) response: Response,
}

impl<T: Transport> Visitor<T> {
    /// Gets a URL, and `most` bytes of its body at most.
    pub(crate) fn visit(&mut self, start: &Url, most: usize) -> Result<Visit, PluginError> {
        let readable = |head: &Head| {
            let wanted = head.redirect().is_none() && Media::of(head) != Media::Other && coding(head).is_none();
            if wanted { most } else { 0 }
        };
        let mut url = start.clone();
        url.set_fragment(None);
        for _ in 0..=MAX_REDIRECTS {
            self.robots.check(&mut self.transport, &url)?;
            let response = self.transport.get(&url, &readable)?;
            match response.head.redirect() {
                Some(location) => url = redirected(&url, &location)?,
                None => return arrived(url, response),
            }
        }
        err(
            ErrorCode::LimitExceeded,
            format!(
                "{start} redirects more than {MAX_REDIRECTS} times, at last to {url}; ask for the page that it leads to"
            ),
        )
    }
}

/// A page that cannot be read is a failure, unless it is the words of an error, whose status says enough.
fn arrived(url: Url, response: Response) -> Result<Visit, PluginError> {
    let media = Media::of(&response.head);
    if response.head.status < 400 {
        if let Some(coding) = coding(&response.head) {
            let message = format!("{url} comes in the coding {coding}, which was not asked for and is not read");
            return err(ErrorCode::Unsupported, message);
        }
        if media == Media::Other {
            let found = response.head.header("content-type").unwrap_or_default();
            let message =
                format!("{url} is {found}; this plugin reads text/html, application/xhtml+xml and text/plain");
            return err(ErrorCode::Unsupported, message);
        }
    }
    Ok(Visit { url, media, response })
}

/// Where a redirect leads, if that is a place to go to.
pub(crate) fn redirected(from: &Url, location: &str) -> Result<Url, PluginError> {
    let mut to = from.join(location).map_err(|error| {
        PluginError::new(ErrorCode::Unavailable, format!("{from} redirects to something that is no URL: {error}"))
    })?;
    to.set_fragment(None);
    if let Some(reason) = unfit(&to) {
        return err(ErrorCode::Denied, format!("{from} redirects to a URL that is not followed: {reason}"));
    }
    if from.scheme() == "https" && to.scheme() == "http" {
        return err(ErrorCode::Denied, format!("{from} redirects from https to http, which is not followed: {to}"));
    }
    Ok(to)
}

/// Why a URL is not one to ask for.
pub(crate) fn unfit(url: &Url) -> Option<String> {
    if !matches!(url.scheme(), "http" | "https") {
        let scheme: String = url.scheme().chars().take(32).collect();
        return Some(format!("its scheme must be http or https, and is {scheme}"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("it must be without user name and password".to_owned());
    }
    (url.as_str().len() > MAX_URL).then(|| format!("it has {} bytes, and may have {MAX_URL}", url.as_str().len()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::stand_in::{StandIn, answer, page, text, visitor};

    fn visit(web: StandIn, url: &str) -> (Result<Visit, PluginError>, Vec<String>) {
        let mut visitor = visitor(web);
        let visit = visitor.visit(&Url::parse(url).unwrap(), 1000);
        (visit, visitor.transport.asked)
    }

    fn to(location: &str) -> Response {
        answer(302, &[("Location", location)], "moved")
    }

    #[test]
    fn redirects_are_followed_and_robots_asked_at_each_origin() {
        let web = StandIn::of([
            ("http://a.test/x/start", to("../middle?q#fragment")),
            ("http://a.test/middle?q", to("https://b.test/end")),
            ("https://b.test/end", page("<title>End</title>")),
        ]);
        let mut visitor = visitor(web);
        let visit = visitor.visit(&Url::parse("http://a.test/x/start#top").unwrap(), 1000).unwrap();
        assert_eq!(visit.url.as_str(), "https://b.test/end");
        assert_eq!(visit.response.body, b"<title>End</title>");
        let way = [
            "http://a.test/robots.txt",
            "http://a.test/x/start",
            "http://a.test/middle?q",
            "https://b.test/robots.txt",
            "https://b.test/end",
        ];
        assert_eq!(visitor.transport.asked, way);
        assert_eq!(visitor.transport.given, visit.response.body.len(), "the words of a redirect are not read");
    }

    /// Guards against a page that leads where robots.txt says no; its benign twin is the test above.
    #[test]
    fn robots_of_the_new_origin_count() {
        let web = StandIn::of([
            ("http://a.test/", to("http://b.test/secret")),
            ("http://b.test/robots.txt", text("User-agent: *\nDisallow: /secret")),
            ("http://b.test/secret", page("secret")),
        ]);
        let (visit, asked) = visit(web, "http://a.test/");
        assert_eq!(visit.unwrap_err().code, ErrorCode::Denied);
        assert!(!asked.contains(&"http://b.test/secret".to_owned()), "{asked:?}");
    }

    #[test]
    fn five_redirects_are_followed_and_a_sixth_is_not() {
        let chain = |length: usize| {
            let urls: Vec<String> = (0..=length).map(|n| format!("http://a.test/{n}")).collect();
            let mut web = StandIn::default();
            for pair in urls.windows(2) {
                web = web.with(&pair[0], to(&pair[1]));
            }
            visit(web.with(&urls[length], page("there")), "http://a.test/0").0
        };
        assert_eq!(chain(MAX_REDIRECTS).unwrap().url.path(), "/5");
        let error = chain(MAX_REDIRECTS + 1).unwrap_err();
        assert_eq!(error.code, ErrorCode::LimitExceeded);
        assert!(error.message.contains("http://a.test/6"), "{}", error.message);
    }

    /// Guards against redirects that a server could misuse; each is refused before anything is asked of its target.
    #[test]
    fn redirects_to_other_schemes_users_or_back_to_http_are_not_followed() {
        for (from, location) in [
            ("https://a.test/", "http://a.test/plain"),
            ("https://a.test/", "file:///etc/passwd"),
            ("https://a.test/", "ftp://a.test/"),
            ("https://a.test/", "javascript:alert(1)"),
            ("https://a.test/", "data:text/html,x"),
            ("http://a.test/", "http://user:secret@a.test/"),
            ("http://a.test/", "//user@b.test/"),
        ] {
            let (visit, asked) = visit(StandIn::of([(from, to(location))]), from);
            assert_eq!(visit.unwrap_err().code, ErrorCode::Denied, "{location}");
            assert_eq!(asked.len(), 2, "{location}: {asked:?}");
        }
        let long = format!("/{}", "a".repeat(MAX_URL));
        for (location, code) in [("http://[", ErrorCode::Unavailable), (long.as_str(), ErrorCode::Denied)] {
            let (visit, _) = visit(StandIn::of([("http://a.test/", to(location))]), "http://a.test/");
            assert_eq!(visit.unwrap_err().code, code);
        }
    }

    #[test]
    fn a_status_is_not_a_failure_and_needs_no_body_that_can_be_read() {
        for (status, kind) in [(404, "text/html"), (500, "application/json"), (410, "image/png")] {
            let response = answer(status, &[("content-type", kind)], "x");
            let visit = visit(StandIn::of([("http://a.test/", response)]), "http://a.test/").0.unwrap();
            assert_eq!(visit.response.head.status, status);
            assert_eq!(visit.response.body.is_empty(), kind != "text/html");
        }
        // A redirect to nowhere is the page that came.
        let visit = visit(StandIn::of([("http://a.test/", answer(302, &[], "x"))]), "http://a.test/").0.unwrap();
        assert_eq!(visit.response.head.status, 302);
    }

    #[test]
    fn what_is_no_page_is_unsupported_and_stays_where_it_is() {
        for header in [("content-type", "application/pdf"), ("content-encoding", "gzip")] {
            let web = StandIn::of([("http://a.test/", answer(200, &[header], "%PDF"))]);
            let error = visit(web, "http://a.test/").0.unwrap_err();
            assert_eq!(error.code, ErrorCode::Unsupported);
            assert!(error.message.contains(header.1), "{}", error.message);
        }
    }

    #[test]
    fn a_failure_of_the_network_is_handed_on() {
        for code in [ErrorCode::Denied, ErrorCode::Unavailable, ErrorCode::LimitExceeded] {
            let error = visit(StandIn::default().failing("http://a.test/", code), "http://a.test/").0.unwrap_err();
            assert_eq!(error.code, code);
        }
    }
}
