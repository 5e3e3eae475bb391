//! Gets the robots.txt of origins and keeps the last few. It knows when a missing file means yes and when it means no, and
//! leaves the rules to its parent.

use super::{PRODUCT, Robots};
use crate::charset;
use crate::transport::{Head, Transport};
use crate::visit::{MAX_REDIRECTS, redirected};
use encoding_rs::UTF_8;
use hal9_plugin_sdk::{ErrorCode, PluginError, err};
use url::Url;

/// As much of a file as is read; the standard asks for 500 KiB.
const MAX_FILE: usize = 512 * 1024;
const MAX_ORIGINS: usize = 16;
/// What the rules of all of them may take together, in bytes; those of the last one are kept whatever they take.
const MAX_SIZE: usize = 4 * 1024 * 1024;
/// Pages for which a file is good. Nobody tells a plugin without `SystemTime` when a day is over.
const GOOD_FOR: u32 = 100;

/// What the last few origins allow.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// The last one in came last.
    known: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    origin: String,
    robots: Robots,
    uses: u32,
}

impl Cache {
    /// Refuses what the robots.txt of the URL's origin forbids.
    pub(crate) fn check(&mut self, transport: &mut impl Transport, url: &Url) -> Result<(), PluginError> {
        let origin = url.origin().ascii_serialization();
        self.known.retain(|known| known.uses < GOOD_FOR);
        let at = match self.known.iter().position(|known| known.origin == origin) {
            Some(at) => at,
            None => {
                let robots = get(transport, url)?;
                let (mut size, mut kept) = (robots.size(), 0);
                let fit = self.known.iter().rev().take_while(|known| {
                    (size, kept) = (size + known.robots.size(), kept + 1);
                    kept < MAX_ORIGINS && size <= MAX_SIZE
                });
                let forgotten = self.known.len() - fit.count();
                self.known.drain(..forgotten);
                self.known.push(Known { origin, robots, uses: 0 });
                self.known.len() - 1
            }
        };
        let known = &mut self.known[at];
        known.uses += 1;
        match known.robots.forbids(url) {
            None => Ok(()),
            Some(rule) => {
                let origin = &known.origin;
                let rule = shortened(&rule.to_string());
                err(ErrorCode::Denied, format!("{origin}/robots.txt forbids {url} to {PRODUCT}: \"{rule}\""))
            }
        }
    }
}

/// The file of an origin. None there means that all is allowed; none to be had, that nothing is.
fn get(transport: &mut impl Transport, url: &Url) -> Result<Robots, PluginError> {
    let mut file = url.clone();
    file.set_path("/robots.txt");
    file.set_query(None);
    file.set_fragment(None);
    let wanted = |head: &Head| if (200..300).contains(&head.status) { MAX_FILE } else { 0 };
    for _ in 0..=MAX_REDIRECTS {
        let response = transport.get(&file, &wanted).map_err(|error| match error.code {
            ErrorCode::Denied => error.context(format!("the robots.txt of {url}")),
            _ => closed(url, &error.message),
        })?;
        if let Some(location) = response.head.redirect() {
            file = redirected(&file, &location)?;
            continue;
        }
        return match response.head.status {
            200..300 => {
                let text = charset::decode(UTF_8, &response.body, !response.truncated);
                let whole = if response.truncated { text.rfind(['\r', '\n']).unwrap_or_default() } else { text.len() };
                Ok(Robots::parse(&text[..whole]))
            }
            400..500 => Ok(Robots::default()),
            status => Err(closed(url, &format!("{file} answers with status {status}"))),
        };
    }
    // As the standard allows: whoever sends robots in circles has none.
    Ok(Robots::default())
}

/// Nobody knows what is allowed, so nothing is.
fn closed(url: &Url, reason: &str) -> PluginError {
    let message =
        format!("nobody knows whether robots may read {url}, so this one does not: {reason}; try again later");
    PluginError::new(ErrorCode::Unavailable, message)
}

fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).chain(['…']).collect() }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::stand_in::{StandIn, answer, text};

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_forbidden_page_is_refused_with_the_rule() {
        let file = "User-agent: *\nDisallow: /private";
        let mut web = StandIn::of([("https://a.test/robots.txt", text(file))]);
        let mut cache = Cache::default();
        let error = cache.check(&mut web, &url("https://a.test/private/x?y#z")).unwrap_err();
        assert_eq!(error.code, ErrorCode::Denied);
        assert!(error.message.contains("https://a.test/robots.txt"), "{}", error.message);
        assert!(error.message.contains("\"Disallow: /private\""), "{}", error.message);
        cache.check(&mut web, &url("https://a.test/public")).unwrap();
        assert_eq!(web.asked, ["https://a.test/robots.txt"], "one file does for an origin");
    }

    /// Guards the way from a status to yes or no: RFC 9309, 2.3.1.
    #[test]
    fn no_file_allows_everything_and_no_answer_nothing() {
        for (status, allowed) in
            [(200, true), (404, true), (403, true), (429, true), (304, false), (500, false), (503, false)]
        {
            let mut web = StandIn::of([("http://a.test/robots.txt", answer(status, &[], ""))]);
            let checked = Cache::default().check(&mut web, &url("http://a.test/x"));
            assert_eq!(checked.is_ok(), allowed, "{status}");
            if let Err(error) = checked {
                assert_eq!(error.code, ErrorCode::Unavailable);
                assert!(error.message.contains(&status.to_string()), "{}", error.message);
            }
        }
        let mut unreachable = StandIn::default().failing("http://a.test/robots.txt", ErrorCode::Unavailable);
        let error = Cache::default().check(&mut unreachable, &url("http://a.test/x")).unwrap_err();
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert!(error.message.contains("nobody knows"), "{}", error.message);
    }

    /// A server that was away for a moment is asked again; what it then says counts.
    #[test]
    fn a_file_that_was_not_to_be_had_is_asked_for_again() {
        let mut cache = Cache::default();
        let mut web = StandIn::of([("http://a.test/robots.txt", answer(503, &[], ""))]);
        cache.check(&mut web, &url("http://a.test/x")).unwrap_err();
        let mut web = StandIn::of([("http://a.test/robots.txt", text(""))]);
        cache.check(&mut web, &url("http://a.test/x")).unwrap();
    }

    #[test]
    fn a_host_that_refuses_says_why() {
        let mut web = StandIn::default().failing("http://a.test/robots.txt", ErrorCode::Denied);
        let error = Cache::default().check(&mut web, &url("http://a.test/x")).unwrap_err();
        assert!(error.message.starts_with("the robots.txt of http://a.test/x: "), "{}", error.message);
    }

    #[test]
    fn the_file_may_be_elsewhere_and_counts_for_the_origin_that_was_asked() {
        let mut web = StandIn::of([
            ("http://a.test/robots.txt", answer(301, &[("location", "https://b.test/r")], "")),
            ("https://b.test/r", text("User-agent: *\nDisallow: /x")),
        ]);
        Cache::default().check(&mut web, &url("http://a.test/x")).unwrap_err();
        let mut circle = StandIn::of([("http://a.test/robots.txt", answer(302, &[("location", "/robots.txt")], ""))]);
        Cache::default().check(&mut circle, &url("http://a.test/x")).unwrap();
        assert_eq!(circle.asked.len(), MAX_REDIRECTS + 1);
    }

    /// Guards the cache's size, and that a file does not count for ever.
    #[test]
    fn the_cache_forgets_the_oldest_origin_and_the_file_that_has_served_long() {
        let names: Vec<String> = (0..=MAX_ORIGINS).map(|n| format!("http://a{n}.test/robots.txt")).collect();
        let mut web = StandIn::of(names.iter().map(|name| (name.as_str(), text(""))));
        let mut cache = Cache::default();
        for name in names.iter().chain(&names[..1]) {
            cache.check(&mut web, &url(name).join("/page").unwrap()).unwrap();
            assert!(cache.known.len() <= MAX_ORIGINS);
        }
        assert_eq!(web.asked.len(), MAX_ORIGINS + 2, "the first was forgotten, and asked for again");
        let asked = web.asked.len();
        for _ in 0..GOOD_FOR {
            cache.check(&mut web, &url("http://a0.test/page")).unwrap();
        }
        assert_eq!(web.asked.len(), asked + 1);
    }

    /// Guards the memory that rules take; the benign twin is above, where small files of as many origins are kept.
    #[test]
    fn the_cache_forgets_what_is_large() {
        let file = format!("User-agent: *\n{}", "Allow: /a\n".repeat(40_000));
        let names: Vec<String> = (0..5).map(|n| format!("http://a{n}.test/robots.txt")).collect();
        let mut web = StandIn::of(names.iter().map(|name| (name.as_str(), text(&file))));
        let mut cache = Cache::default();
        for name in &names {
            cache.check(&mut web, &url(name).join("/page").unwrap()).unwrap();
            assert!(cache.known.iter().map(|known| known.robots.size()).sum::<usize>() <= MAX_SIZE);
        }
        assert!(!cache.known.is_empty() && cache.known.len() < names.len());
    }

    /// A file that is cut inside a rule does not gain one that forbids more than was written.
    #[test]
    fn a_file_that_is_too_long_counts_up_to_its_last_whole_line() {
        let file = format!("User-agent: *\nDisallow: /a\n{}\nDisallow: /long", "#".repeat(MAX_FILE - 39));
        assert!(file.len() > MAX_FILE, "{}", file.len());
        let mut web = StandIn::of([("http://a.test/robots.txt", text(&file))]);
        let mut cache = Cache::default();
        cache.check(&mut web, &url("http://a.test/b")).unwrap();
        cache.check(&mut web, &url("http://a.test/a")).unwrap_err();
    }
}
