//! What the robots.txt of an origin allows this plugin (RFC 9309): its rules, and which of them decides about a URL. It
//! knows nothing of how the file is got; that is `robots/cache`.

mod cache;

pub(crate) use cache::Cache;
use std::fmt;
use url::{Position, Url};

/// What this plugin calls itself.
pub(crate) const PRODUCT: &str = "hal9-web-scraper";

/// The rules of a robots.txt that are for this plugin.
#[derive(Debug, Default)]
pub(crate) struct Robots {
    rules: Vec<Rule>,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    allows: bool,
    /// As it is written, for people.
    written: String,
    /// With one spelling for each character, for comparing.
    pattern: String,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.allows { "Allow" } else { "Disallow" }, self.written)
    }
}

impl Robots {
    /// Reads a file: the rules for `hal9-web-scraper`, or where it is not named, those for everybody.
    pub(crate) fn parse(text: &str) -> Self {
        let (mut ours, mut everybodys) = (Vec::new(), Vec::new());
        let mut named = false;
        // Which the group at hand is for, and whether it has rules already.
        let (mut for_us, mut for_all, mut has_rules) = (false, false, false);
        for line in text.trim_start_matches('\u{FEFF}').split(['\r', '\n']) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "user-agent" => {
                    if has_rules {
                        (for_us, for_all, has_rules) = (false, false, false);
                    }
                    let product = value.split(['/', ' ', '\t']).next().unwrap_or_default();
                    for_us |= product.eq_ignore_ascii_case(PRODUCT);
                    for_all |= product == "*";
                    named |= for_us;
                }
                key @ ("allow" | "disallow") => {
                    has_rules = true;
                    // An empty one says nothing.
                    if !value.is_empty() && (for_us || for_all) {
                        let rule = Rule { allows: key == "allow", written: value.to_owned(), pattern: normal(value) };
                        if for_all {
                            everybodys.push(rule.clone());
                        }
                        if for_us {
                            ours.push(rule);
                        }
                    }
                }
                _ => {}
            }
        }
        Self { rules: if named { ours } else { everybodys } }
    }

    /// What the rules take of memory, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.rules.iter().map(|rule| size_of::<Rule>() + rule.written.len() + rule.pattern.len()).sum()
    }

    /// The rule that forbids a URL, if one does: of those that match, the longest decides, and of two as long the one
    /// that allows.
    pub(crate) fn forbids(&self, url: &Url) -> Option<&Rule> {
        let path = normal(&url[Position::BeforePath..Position::AfterQuery]);
        if path == "/robots.txt" {
            return None;
        }
        let matching = self.rules.iter().filter(|rule| matches(&rule.pattern, &path));
        matching.max_by_key(|rule| (rule.pattern.len(), rule.allows)).filter(|rule| !rule.allows)
    }
}

/// Whether a path begins as a pattern has it, where `*` is anything and `$` at the end is the end. Each part between stars
/// is looked for once, so that a pattern of many stars takes no longer than one of few.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, to_the_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return !to_the_end || rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if to_the_end && parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// A path or pattern with one spelling for each character: percent-encoded unless it is a character of ASCII that may
/// stand for itself everywhere.
fn normal(path: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut normal = String::with_capacity(path.len());
    let encoded = |byte: u8| ['%', char::from(HEX[usize::from(byte >> 4)]), char::from(HEX[usize::from(byte & 15)])];
    let mut bytes = path.as_bytes();
    while let [byte, rest @ ..] = bytes {
        bytes = rest;
        if let (b'%', [high, low, behind @ ..]) = (byte, rest)
            && let (Some(high), Some(low)) = (char::from(*high).to_digit(16), char::from(*low).to_digit(16))
        {
            bytes = behind;
            let meant = u8::try_from(high * 16 + low).unwrap_or_default();
            if meant.is_ascii_alphanumeric() || b"-._~".contains(&meant) {
                normal.push(char::from(meant));
            } else {
                normal.extend(encoded(meant));
            }
        } else if byte.is_ascii_graphic() {
            normal.push(char::from(*byte));
        } else {
            normal.extend(encoded(*byte));
        }
    }
    normal
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn forbidden(text: &str, path: &str) -> Option<String> {
        let url = Url::parse("https://example.org").unwrap().join(path).unwrap();
        Robots::parse(text).forbids(&url).map(ToString::to_string)
    }

    #[test]
    fn the_group_that_names_us_is_the_only_one_that_counts() {
        let text = "User-agent: *\nDisallow: /\n\nuser-agent: HAL9-Web-Scraper/9.9 # us\nUser-Agent: other\n\
                    Crawl-delay: 5\nDisallow: /private\n\nUser-agent: other\nDisallow: /other\n\n\
                    User-agent: hal9-web-scraper\nDisallow: /more";
        assert_eq!(forbidden(text, "/"), None);
        assert_eq!(forbidden(text, "/other"), None);
        assert_eq!(forbidden(text, "/private/x").as_deref(), Some("Disallow: /private"));
        assert_eq!(forbidden(text, "/more").as_deref(), Some("Disallow: /more"));
        // A group that names us, and forbids nothing, lets us in where others are kept out.
        assert_eq!(forbidden("User-agent: *\nDisallow: /\nUser-agent: hal9-web-scraper\nDisallow:\n", "/a"), None);
    }

    #[test]
    fn everybodys_rules_are_ours_where_we_are_not_named() {
        let text = "Disallow: /before-any-group\r\nUser-agent: hal9\rDisallow: /hal9\nUser-agent: *\nDisallow: /a\n";
        assert_eq!(forbidden(text, "/before-any-group"), None);
        assert_eq!(forbidden(text, "/hal9"), None);
        assert_eq!(forbidden(text, "/a").as_deref(), Some("Disallow: /a"));
        assert_eq!(forbidden("User-agent: *\nDisallow: /\n", "/robots.txt"), None);
        assert_eq!(forbidden("\u{FEFF}User-agent: *\nDisallow: /\n", "/x").as_deref(), Some("Disallow: /"));
        for nothing in ["", "\0\0", "<html>User-agent</html>", "User-agent: *", ":::\n:", "Disallow: /"] {
            assert_eq!(forbidden(nothing, "/a"), None, "{nothing}");
        }
    }

    #[test]
    fn the_longest_rule_decides_and_of_two_as_long_the_one_that_allows() {
        let text = "User-agent: *\nDisallow: /shop\nAllow: /shop/open\nDisallow: /shop/open/not\nAllow: /page\nDisallow: /page\n";
        assert!(forbidden(text, "/shop/x").is_some());
        assert!(forbidden(text, "/shop/open/x").is_none());
        assert!(forbidden(text, "/shop/open/not/x").is_some());
        assert!(forbidden(text, "/page").is_none());
    }

    #[test]
    fn patterns_match_as_the_standard_has_it() {
        for (pattern, path, matched) in [
            ("/fish", "/fish.html", true),
            ("/fish", "/Fish", false),
            ("/fish/", "/fish", false),
            ("/*.php", "/a/b.php?c", true),
            ("/*.php$", "/a/b.php?c", false),
            ("/*.php$", "/a.php/b.php", true),
            ("/a$", "/a", true),
            ("/a$", "/ab", false),
            ("*", "/", true),
            ("/*/b*c", "/a/b/x/c/d", true),
            ("/*b*b$", "/ab", false),
            ("/a?q=*&x", "/a?q=1&x", true),
            ("/%7Ejoe", "/~joe", true),
            ("/a%2fb", "/a%2Fb", true),
            ("/a%2fb", "/a/b", false),
            ("/Ärger", "/%C3%84rger/x", true),
        ] {
            let text = format!("User-agent: *\nDisallow: {pattern}");
            assert_eq!(forbidden(&text, path).is_some(), matched, "{pattern} {path}");
        }
    }

    /// Guards against patterns that take exponential time where each star tries every place.
    #[test]
    fn a_pattern_of_many_stars_is_done_at_once() {
        let text = format!("User-agent: *\nDisallow: /{}b\nDisallow: /{}$", "*a".repeat(2000), "a*".repeat(2000));
        assert_eq!(forbidden(&text, &format!("/{}", "a".repeat(1999))), None);
        assert!(forbidden(&text, &format!("/{}", "a".repeat(2001))).is_some());
    }
}
