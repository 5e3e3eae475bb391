//! Owns what every form has: the number that makes it good for one time, and what was wrong with it. It refuses to know its fields.

use axum::http::StatusCode;
use hal9_registry_index::api::ProblemBody;

use super::{ask::Caller, failure::Refused};

/// What every form has.
pub(crate) struct Form {
    /// The number for sending it.
    pub(crate) nonce: String,
    /// Why it was not taken, where it was sent before.
    pub(crate) problem: Option<ProblemBody>,
    /// The status to show it with.
    pub(crate) status: StatusCode,
}

impl Form {
    /// A form that was not sent.
    pub(crate) async fn new(caller: &Caller) -> Result<Self, Refused> {
        Ok(Self { nonce: caller.nonce().await?, problem: None, status: StatusCode::OK })
    }

    /// The form again, with what was wrong with it; passes on what the visitor cannot mend in it.
    pub(crate) async fn again(caller: &Caller, refused: Refused) -> Result<Self, Refused> {
        if !refused.is_about_form() {
            return Err(refused);
        }
        let mut problem = *refused.problem;
        if problem.reason.as_deref() == Some("bad-nonce") {
            problem.message = "This form was open for too long, or was sent twice.".to_owned();
            problem.help = Some("Send it again.".to_owned());
        }
        Ok(Self { nonce: caller.nonce().await?, problem: Some(problem), status: refused.status })
    }
}

/// An address of this registry to go to, out of a form or an address; the front page where it is none.
pub(crate) fn local(to: &str) -> &str {
    let is_local =
        to.starts_with('/') && !to.starts_with("//") && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_local { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for elsewhere in
            ["https://evil.test/", "//evil.test", "/\\evil.test", "", "javascript:alert(1)", "/\t/evil.test", "/a\r\nb"]
        {
            assert_eq!(local(elsewhere), "/", "{elsewhere:?}");
        }
        assert_eq!(local("/plugins/a.b?x=%20#y"), "/plugins/a.b?x=%20#y");
    }
}
