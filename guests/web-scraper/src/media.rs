//! What a body is, by its head: a page, a text, or something that this plugin does not read.

use crate::transport::Head;

/// A kind of body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Html,
    Text,
    Other,
}

impl Media {
    /// By `Content-Type`; without one it is taken for a page, as most are.
    pub(crate) fn of(head: &Head) -> Self {
        let Some(value) = head.header("content-type") else {
            return Self::Html;
        };
        let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "" | "text/html" | "application/xhtml+xml" => Self::Html,
            "text/plain" => Self::Text,
            _ => Self::Other,
        }
    }
}

/// The coding of a body that nobody asked for, such as `gzip`.
pub(crate) fn coding(head: &Head) -> Option<String> {
    head.header("content-encoding").filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(name: &str, value: &str) -> Head {
        Head { status: 200, headers: vec![(name.to_owned(), value.as_bytes().to_vec())] }
    }

    #[test]
    fn a_body_is_what_its_head_says() {
        for (value, media) in [
            ("text/html", Media::Html),
            ("Text/HTML ; charset=utf-8", Media::Html),
            ("application/xhtml+xml", Media::Html),
            ("text/plain;charset=us-ascii", Media::Text),
            ("application/pdf", Media::Other),
            ("text/html+evil", Media::Other),
            ("", Media::Html),
        ] {
            assert_eq!(Media::of(&head("Content-Type", value)), media, "{value}");
        }
        assert_eq!(Media::of(&Head::default()), Media::Html);
    }

    #[test]
    fn only_a_coding_that_changes_the_body_counts() {
        assert_eq!(coding(&head("content-encoding", "gzip")).as_deref(), Some("gzip"));
        assert_eq!(coding(&head("content-encoding", "Identity")), None);
        assert_eq!(coding(&Head::default()), None);
    }
}
