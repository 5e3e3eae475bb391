//! Owns how a command fails: the codes, their exit statuses, and what every library's errors are among them. It refuses to
//! know how a failure is shown.

use hal9_host::{Error as HostError, FailureCode};
use hal9_package::{PackageError, PluginId, SignatureError};
use hal9_registry::{Error as RegistryError, LockError, Unsolvable};
use hal9_registry_client::{Error as ClientError, oci::OciError};
use hal9_registry_index::api::{ProblemBody, ProblemCode};
use hal9_registry_server::{Error as ServerError, Refusal};

/// What sort of failure; programs branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Code {
    Internal = 1,
    Usage = 2,
    NotFound = 3,
    InvalidPackage = 4,
    Signature = 5,
    PermissionDenied = 6,
    LimitExceeded = 7,
    PluginError = 8,
    PluginTrapped = 9,
    Conflict = 10,
    Unavailable = 11,
}

impl Code {
    /// The status that the process exits with.
    pub(crate) fn status(self) -> u8 {
        self as u8
    }
}

/// Why a command failed. The error object of `--json` has exactly these members.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    /// What within the code, such as the limit that was reached.
    pub(crate) reason: Option<String>,
    pub(crate) plugin: Option<String>,
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) help: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, reason: None, plugin: None, message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        let help = help.into();
        self.help = (!help.is_empty()).then_some(help);
        self
    }

    pub(crate) fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    pub(crate) fn plugin(mut self, plugin: impl std::fmt::Display) -> Self {
        self.plugin = Some(plugin.to_string());
        self
    }

    /// The command line, a file or its text is not what it should be.
    pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Code::Usage, message).help(help)
    }

    pub(crate) fn not_found(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message).help(help)
    }

    /// A signature that is missing, or not to be believed; `reason` says which.
    pub(crate) fn signature(reason: &str, message: impl Into<String>) -> Self {
        let mut failure = Self::new(Code::Signature, message);
        failure.reason = Some(reason.to_owned());
        failure
    }

    /// Something that should not go wrong did.
    pub(crate) fn internal(what: &str, error: &dyn std::error::Error) -> Self {
        Self::new(Code::Internal, format!("{what}: {error}"))
    }

    /// A file or folder that cannot be read or written.
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        let code = if error.kind() == std::io::ErrorKind::NotFound { Code::NotFound } else { Code::Unavailable };
        Self::new(code, format!("{}: {error}", path.display())).help("check the path and its permissions")
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        if let HostError::NotReplaced { plugin, version, step, serving, source } = error {
            let mut failure = Self::from(*source);
            failure.message =
                format!("{plugin}: version {version} did not take over, {step}: {}; {serving}", failure.message);
            return failure;
        }
        let (code, reason) = match &error {
            HostError::Widened { .. } => (Code::PermissionDenied, Some("widened".to_owned())),
            HostError::InvalidComponent { .. } => (Code::InvalidPackage, None),
            HostError::Ungranted { declared, .. } => {
                (Code::PermissionDenied, Some(if *declared { "ungranted" } else { "undeclared" }.to_owned()))
            }
            HostError::NotFound { .. } => (Code::NotFound, None),
            HostError::InvalidInput { .. } => (Code::Usage, None),
            HostError::LimitExceeded { limit, .. } | HostError::NotCompiled { limit, .. } => {
                (Code::LimitExceeded, Some(limit.to_string()))
            }
            HostError::Failed { code: FailureCode::Denied, .. } => {
                (Code::PermissionDenied, Some(FailureCode::Denied.to_string()))
            }
            HostError::Failed { code, .. } => (Code::PluginError, Some(code.to_string())),
            HostError::BadReply { .. } => (Code::PluginError, Some("bad-reply".to_owned())),
            HostError::Trapped { .. } => (Code::PluginTrapped, Some("trap".to_owned())),
            HostError::Exited { .. } => (Code::PluginTrapped, Some("exit".to_owned())),
            HostError::Conflict { .. } => (Code::Conflict, None),
            HostError::Unavailable { limit: Some(limit), .. } => (Code::LimitExceeded, Some(limit.to_string())),
            HostError::Unavailable { .. } => (Code::Unavailable, None),
            _ => (Code::Internal, None),
        };
        let mut failure = Self::new(code, error.to_string()).help(error.help().unwrap_or_default());
        failure.reason = reason;
        // Of what was never loaded, the host knows the file alone.
        failure.plugin = error.plugin().filter(|plugin| plugin.parse::<PluginId>().is_ok()).map(str::to_owned);
        match error {
            HostError::Trapped { stderr, backtrace, .. } => {
                for line in stderr.lines() {
                    failure.message.push_str(&format!("\n  it wrote: {line}"));
                }
                for frame in backtrace {
                    failure.message.push_str(&format!("\n  in {frame}"));
                }
                failure.help("the plugin's log has more: hal9 plugin logs")
            }
            HostError::Failed { plugin, code: FailureCode::Denied, .. } => {
                failure.help(format!("if the host refused it, this says what would allow it: hal9 why-denied {plugin}"))
            }
            HostError::Internal { source, .. } => {
                failure.message.push_str(&format!(": {source}"));
                failure
            }
            _ => failure,
        }
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        let code = match &error {
            RegistryError::Unknown { .. } | RegistryError::NoVersion { .. } | RegistryError::Gone { .. } => {
                Code::NotFound
            }
            RegistryError::AmbiguousName { .. } => Code::Conflict,
            RegistryError::Changed { .. } | RegistryError::Different { .. } => Code::Conflict,
            RegistryError::NotInstalled { .. } => Code::Conflict,
            RegistryError::Foreign { .. } | RegistryError::Package { .. } => Code::InvalidPackage,
            RegistryError::Damaged { .. } | RegistryError::Locked { .. } => Code::Unavailable,
            RegistryError::Store { .. } | RegistryError::Component { .. } => Code::Unavailable,
            // A full disk, or a missing right.
            RegistryError::Database { .. } | RegistryError::Folder { .. } => Code::Unavailable,
            RegistryError::Path { .. } => Code::Usage,
            RegistryError::Busy { .. } | RegistryError::Home { .. } => Code::Unavailable,
            RegistryError::Corrupt { .. } | RegistryError::Newer { .. } => Code::Unavailable,
            RegistryError::Stored { .. } => Code::Unavailable,
            _ => Code::Internal,
        };
        let mut failure = Self::new(code, error.to_string());
        failure.reason = match &error {
            RegistryError::Changed { .. } => Some("changed".to_owned()),
            RegistryError::Different { .. } => Some("different".to_owned()),
            RegistryError::Damaged { .. } | RegistryError::Stored { .. } => Some("damaged".to_owned()),
            _ => None,
        };
        match error {
            RegistryError::Path { plugin, .. } | RegistryError::Unknown { plugin } => failure.plugin(plugin),
            RegistryError::NoVersion { plugin, .. } | RegistryError::Changed { plugin, .. } => failure.plugin(plugin),
            RegistryError::Different { plugin, .. } | RegistryError::Foreign { plugin } => failure.plugin(plugin),
            RegistryError::Package { plugin, .. } | RegistryError::Damaged { plugin, .. } => failure.plugin(plugin),
            RegistryError::Component { plugin, .. } | RegistryError::NotInstalled { plugin } => failure.plugin(plugin),
            RegistryError::Stored { plugin, .. } => failure.plugin(plugin),
            _ => failure,
        }
    }
}

impl From<Unsolvable> for Failure {
    fn from(unsolvable: Unsolvable) -> Self {
        if let Unsolvable::Catalogue(error) = unsolvable {
            return error.into();
        }
        let failure = Self::new(Code::Conflict, unsolvable.to_string()).reason("dependencies").help(unsolvable.help());
        match unsolvable.plugin() {
            Some(plugin) => failure.plugin(plugin),
            None => failure,
        }
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        let (code, reason) = match error {
            LockError::Catalogue(error) => return error.into(),
            LockError::Missing { .. } => (Code::NotFound, "locked"),
            LockError::Twice { .. } | LockError::Unmet { .. } | LockError::Cycle { .. } => (Code::Usage, "locked"),
            _ => (Code::Conflict, "locked"),
        };
        let failure = Self::new(code, error.to_string()).reason(reason);
        match &error {
            LockError::Missing { plugin, .. } | LockError::Different { plugin, .. } => failure.plugin(plugin),
            LockError::TooNew { plugin, .. } => failure.plugin(plugin),
            _ => failure,
        }
    }
}

/// The code that a word of a registry's stands for.
fn code_of(word: &str) -> Code {
    match word {
        "usage" => Code::Usage,
        "not-found" => Code::NotFound,
        "invalid-package" => Code::InvalidPackage,
        "signature" => Code::Signature,
        "permission-denied" => Code::PermissionDenied,
        "limit-exceeded" => Code::LimitExceeded,
        "conflict" => Code::Conflict,
        "unavailable" => Code::Unavailable,
        _ => Code::Internal,
    }
}

impl From<OciError> for Failure {
    fn from(error: OciError) -> Self {
        let mut failure = Self::new(code_of(error.code()), chain(&error));
        failure.reason = error.reason().map(str::to_owned);
        match error.code() {
            "permission-denied" => failure.help("say who asks: --user NAME, with HAL9_PASSWORD; or docker login"),
            "unavailable" => {
                failure.help("check the address and the network; plain HTTP needs --insecure but for this machine")
            }
            _ => failure,
        }
    }
}

impl From<ProblemCode> for Code {
    fn from(code: ProblemCode) -> Self {
        match code {
            ProblemCode::Usage => Self::Usage,
            ProblemCode::NotFound => Self::NotFound,
            ProblemCode::InvalidPackage => Self::InvalidPackage,
            ProblemCode::Signature => Self::Signature,
            ProblemCode::PermissionDenied => Self::PermissionDenied,
            ProblemCode::LimitExceeded => Self::LimitExceeded,
            ProblemCode::Conflict => Self::Conflict,
            ProblemCode::Unavailable => Self::Unavailable,
            ProblemCode::Internal => Self::Internal,
        }
    }
}

impl From<Refusal> for Failure {
    fn from(Refusal { problem, .. }: Refusal) -> Self {
        let ProblemBody { code, reason, plugin, message, help } = *problem;
        Self { code: code.into(), reason, plugin, message, help }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let mut failure = Self::new(error.code().into(), error.to_string()).help(error.help().unwrap_or_default());
        failure.reason = error.reason().map(str::to_owned);
        failure.plugin = error.plugin().map(str::to_owned);
        failure
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        if let ServerError::Refused(problem) = error {
            let ProblemBody { code, reason, plugin, message, help } = *problem;
            return Self { code: code.into(), reason, plugin, message, help };
        }
        let code = match &error {
            ServerError::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Code::NotFound,
            ServerError::Folder { .. } => Code::Usage,
            ServerError::Backup { .. } => Code::InvalidPackage,
            ServerError::Distrust(_) | ServerError::Mirror { .. } => Code::Signature,
            ServerError::Broken(_) => Code::Internal,
            _ => Code::Unavailable,
        };
        let mut failure = Self::new(code, error.to_string());
        if let ServerError::Distrust(distrust) = &error {
            failure.reason = Some(distrust.reason().to_owned());
        }
        failure
    }
}

/// An error with what brought it about, one after the other.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(&format!(": {cause_text}"));
        }
        source = cause.source();
    }
    text
}

impl From<PackageError> for Failure {
    fn from(error: PackageError) -> Self {
        match &error {
            PackageError::Io { path, source } => Self::file(path, source),
            _ => Self::new(Code::InvalidPackage, error.to_string())
                .help("get it again from its author, who makes it with: hal9 plugin pack"),
        }
    }
}

impl From<SignatureError> for Failure {
    fn from(error: SignatureError) -> Self {
        let (reason, help) = match &error {
            SignatureError::OtherKey { .. } => ("untrusted-key", "check with its author which key is theirs"),
            _ => ("bad-signature", "get the file and its signature again from where they are from"),
        };
        Self::signature(reason, error.to_string()).help(help)
    }
}

#[cfg(test)]
mod tests {
    use hal9_host::Limit;

    use super::*;

    #[test]
    fn codes_are_written_as_documented_and_statuses_fit() {
        let all = [
            (Code::Internal, "internal", 1),
            (Code::InvalidPackage, "invalid-package", 4),
            (Code::Signature, "signature", 5),
            (Code::Unavailable, "unavailable", 11),
        ];
        for (code, name, status) in all {
            assert_eq!(serde_json::to_value(code).unwrap(), name);
            assert_eq!(code.status(), status);
        }
    }

    #[test]
    fn want_of_room_is_a_limit_where_a_bound_of_the_host_left_none() {
        let failure = |limit| {
            let (what, help) = ("full".to_owned(), "raise it".to_owned());
            Failure::from(HostError::Unavailable { plugin: "test.plugin".parse().ok(), limit, what, help })
        };
        let (full, gone) = (failure(Some(Limit::Instances)), failure(None));
        assert_eq!((full.code.status(), full.reason.as_deref()), (7, Some("instances")));
        assert_eq!((gone.code.status(), gone.reason), (11, None));
    }

    #[test]
    fn the_error_object_has_its_five_members() {
        let failure = Failure::usage("m", "h").plugin("p");
        let expected = serde_json::json!({"code": "usage", "reason": null, "plugin": "p", "message": "m", "help": "h"});
        assert_eq!(serde_json::to_value(failure).unwrap(), expected);
    }
}
