//! Why a request is refused: the status, the words for programs and those for people. It does not know which request it was.

use std::fmt::Display;

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hal9_package::PluginId;
use hal9_registry_index::{
    Distrust, InvalidText,
    api::{Problem, ProblemBody, ProblemCode},
};

use crate::Error;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the answer.
    pub status: StatusCode,
    /// What the body says.
    pub problem: Box<ProblemBody>,
    /// A header that says more: seconds to wait, or the offset of an upload.
    header: Option<(&'static str, u64)>,
}

impl Refusal {
    /// A refusal of a sort, with what happened.
    pub fn new(status: StatusCode, code: ProblemCode, message: impl Into<String>) -> Self {
        let problem = ProblemBody { code, reason: None, plugin: None, message: message.into(), help: None };
        Self { status, problem: problem.into(), header: None }
    }

    /// The request is not what this asks for.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ProblemCode::Usage, message)
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, ProblemCode::NotFound, message)
    }

    /// Something else stands against it.
    pub fn conflict(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, ProblemCode::Conflict, message).reason(reason)
    }

    /// The package is no good.
    pub fn package(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::InvalidPackage, message)
    }

    /// A signature is not by who may, or not over this.
    pub fn signature(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::Signature, message).reason(reason)
    }

    /// Nobody is signed in.
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ProblemCode::PermissionDenied, message).reason("unauthenticated")
    }

    /// Who is signed in may not do this.
    pub fn forbidden(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, ProblemCode::PermissionDenied, message).reason(reason)
    }

    /// Too large.
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, ProblemCode::LimitExceeded, message).reason("size")
    }

    /// Too often: again after so many seconds.
    pub fn too_often(seconds: u64) -> Self {
        let message = format!("that were too many requests: wait {seconds} s");
        let mut refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, ProblemCode::LimitExceeded, message).reason("rate");
        refusal.header = Some(("retry-after", seconds));
        refusal
    }

    /// Not now.
    pub fn unavailable(reason: &'static str, message: impl Into<String>) -> Self {
        let mut refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, ProblemCode::Unavailable, message).reason(reason);
        refusal.header = Some(("retry-after", 1));
        refusal
    }

    /// The server's own fault: what it is stands in its log alone.
    pub fn internal(error: impl Display) -> Self {
        tracing::error!(%error, "a request failed");
        let message = "the registry cannot do this now: its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ProblemCode::Internal, message)
    }

    /// With the word for programs.
    #[must_use]
    pub fn reason(mut self, reason: &str) -> Self {
        self.problem.reason = Some(reason.to_owned());
        self
    }

    /// With the plugin that it is about.
    #[must_use]
    pub fn plugin(mut self, plugin: &PluginId) -> Self {
        self.problem.plugin = Some(plugin.to_string());
        self
    }

    /// With what to change.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.problem.help = Some(help.into());
        self
    }

    /// With the offset that an upload is at.
    #[must_use]
    pub(crate) fn offset(mut self, offset: u64) -> Self {
        self.header = Some(("upload-offset", offset));
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(Problem { error: *self.problem })).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some((name, value)) = self.header {
            headers.insert(HeaderName::from_static(name), value.into());
        }
        response
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::from(Error::from(error))
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match &error {
            Error::Store(hal9_registry::Error::Locked { .. }) => {
                tracing::warn!(%error, "the store is held");
                Self::unavailable("busy", "somebody else is changing the registry: try again")
            }
            Error::Database(source)
                if matches!(
                    source.sqlite_error_code(),
                    Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
                ) =>
            {
                tracing::warn!(%error, "the database is held");
                Self::unavailable("busy", "somebody else is changing the registry: try again")
            }
            Error::File { source, .. } | Error::Store(hal9_registry::Error::Store { source, .. })
                if source.kind() == std::io::ErrorKind::StorageFull =>
            {
                tracing::error!(%error, "the disk is full");
                Self::unavailable("disk", "the registry's disk is full: try again later")
            }
            Error::Database(source) if source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) => {
                tracing::error!(%error, "the disk is full");
                Self::unavailable("disk", "the registry's disk is full: try again later")
            }
            _ => Self::internal(error),
        }
    }
}

impl From<hal9_registry::Error> for Refusal {
    fn from(error: hal9_registry::Error) -> Self {
        Error::from(error).into()
    }
}

impl From<InvalidText> for Refusal {
    fn from(error: InvalidText) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<Distrust> for Refusal {
    fn from(error: Distrust) -> Self {
        match &error {
            Distrust::Malformed { .. } => Self::usage(error.to_string()).reason("malformed"),
            Distrust::OtherRegistry { .. } => Self::signature("other-registry", error.to_string()),
            Distrust::Altered { .. } => Self::signature("altered", error.to_string()),
            _ => Self::signature("foreign-key", error.to_string()),
        }
    }
}
