//! What can go wrong between the page and the server, and the one function that puts it in words.

use pbsweb_shared::problem::{Problem, ProblemCode};

/// Why a client function has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClientError {
    /// The server said so.
    Problem(Box<Problem>),
    /// The server did not answer at all.
    Offline,
    /// Something answered, but not as this page understands; a proxy, or a server of another version.
    Unreadable {
        /// The HTTP status.
        status: u16,
    },
    /// The browser refused before anything was sent.
    Browser(String),
    /// Nobody waits for the answer any more.
    Aborted,
}

impl ClientError {
    /// What the server's problem is, if the server named one.
    pub(crate) fn code(&self) -> Option<ProblemCode> {
        match self {
            Self::Problem(problem) => Some(problem.code),
            Self::Offline | Self::Unreadable { .. } | Self::Browser(_) | Self::Aborted => None,
        }
    }

    /// What is wrong with the field at this JSON pointer, or with something in it.
    pub(crate) fn field(&self, pointer: &str) -> Option<String> {
        match self {
            Self::Problem(problem) => problem
                .errors
                .iter()
                .find(|error| match error.pointer.strip_prefix(pointer) {
                    Some(rest) => rest.is_empty() || (rest.starts_with('/') && !pointer.is_empty()),
                    None => false,
                })
                .map(|error| error.message.clone()),
            Self::Offline | Self::Unreadable { .. } | Self::Browser(_) | Self::Aborted => None,
        }
    }

    /// Whether the same request may succeed later without a change.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Problem(problem) => problem.status == 429 || problem.status >= 500,
            Self::Offline | Self::Unreadable { .. } => true,
            Self::Browser(_) | Self::Aborted => false,
        }
    }

    /// A few words, for a heading.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Problem(problem) => problem.title.clone(),
            Self::Offline => "No connection to the server".to_owned(),
            Self::Unreadable { .. } => "The answer cannot be read".to_owned(),
            Self::Browser(_) => "The browser refused".to_owned(),
            Self::Aborted => "Stopped".to_owned(),
        }
    }

    /// A sentence or two, for a person.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Problem(problem) => problem_message(problem),
            Self::Offline => "The server did not answer. Look at the network, then try again.".to_owned(),
            Self::Unreadable { status } => {
                format!("An unexpected answer came (status {status}). Reload the page and try again.")
            }
            Self::Browser(reason) => reason.clone(),
            Self::Aborted => "It was stopped before it ended.".to_owned(),
        }
    }
}

impl std::fmt::Display for ClientError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message())
    }
}

/// Puts a problem in words. The server's own detail comes first, since it names the thing; what is said here is for
/// problems that come without one. Field errors are shown at their fields and only named here when there is no more.
pub(crate) fn problem_message(problem: &Problem) -> String {
    if let Some(detail) = problem.detail.as_deref().filter(|detail| !detail.is_empty()) {
        return as_sentence(detail);
    }
    if let Some(error) = problem.errors.first() {
        let more = problem.errors.len().saturating_sub(1);
        let rest = match more {
            0 => String::new(),
            1 => " One more field needs a look.".to_owned(),
            n => format!(" {n} more fields need a look."),
        };
        return format!("{}{rest}", as_sentence(&error.message));
    }
    advice(problem.code).to_owned()
}

/// What to say when the server gives no detail.
fn advice(code: ProblemCode) -> &'static str {
    use ProblemCode as P;
    match code {
        P::MalformedRequest | P::MethodNotAllowed => {
            "The server did not understand the page. Reload it and try again."
        }
        P::NotSignedIn => "You are not signed in any more. Sign in again to go on.",
        P::WrongPassword => "This name and password do not go together.",
        P::Forbidden => "Your account may not do this. Ask an administrator.",
        P::NotFound => "It does not exist, or it is not yours to see.",
        P::AlreadyExists => "The name is taken already. Choose another one.",
        P::StateForbids => "Its present state does not allow that. Reload to see how it is now.",
        P::RevisionConflict => "Somebody saved it meanwhile. Reload to see what, and merge your changes.",
        P::IdempotencyKeyReused => "This form was sent before with other content. Reload the page.",
        P::TooLarge => "It is larger than this server takes.",
        P::BadArchive => "The archive cannot be unpacked safely.",
        P::Invalid => "A field breaks a rule.",
        P::InvalidScript => "The job script has errors.",
        P::NoHostAccount => "You have no checked account on this host. Open Hosts and run the check.",
        P::TooManyRequests => "Too many tries. Wait a minute.",
        P::Internal => "It is not your input. The mistake was written to the server's log.",
        P::HostKeyChanged => {
            "The host shows another key than the confirmed one. Nothing is sent to it until an administrator has looked."
        }
        P::HostKeyUnknown => "No administrator has confirmed the host's key yet.",
        P::KeyNotAccepted => {
            "The host does not accept your PBSWeb key. Install the key line and check again."
        }
        P::HostCommandFailed => "A command on the host failed.",
        P::HostUnreachable => "The host cannot be reached at the moment.",
        P::Busy => "The server is busy. Try again in a moment.",
        P::DatabaseFull => {
            "The server has no room to store anything. Nothing that was accepted is lost; tell an administrator."
        }
        P::PageNotBuilt => "This server was built without its page.",
    }
}

/// Begins with a capital and ends with a full stop, whatever the server's or the checks' text does.
pub(crate) fn as_sentence(text: &str) -> String {
    let mut sentence = text.trim().to_owned();
    if let Some(first) = sentence.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    if !sentence.is_empty() && !sentence.ends_with(['.', '!', '?', ':', '…']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use pbsweb_shared::problem::FieldError;

    use super::*;

    fn problem(code: ProblemCode, detail: Option<&str>, errors: &[(&str, &str)]) -> Problem {
        Problem {
            kind: "about:blank".to_owned(),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.map(str::to_owned),
            instance: "/".to_owned(),
            code,
            request_id: "r".to_owned(),
            errors: errors
                .iter()
                .map(|(pointer, message)| FieldError {
                    pointer: (*pointer).to_owned(),
                    code: "x".to_owned(),
                    message: (*message).to_owned(),
                })
                .collect(),
            current: None,
        }
    }

    #[test]
    fn the_servers_detail_comes_first_and_reads_as_a_sentence() {
        let problem = problem(ProblemCode::NotFound, Some("there is no host \"x\""), &[]);
        assert_eq!(problem_message(&problem), "There is no host \"x\".");
    }

    #[test]
    fn fields_are_named_when_there_is_no_detail() {
        let problem = problem(
            ProblemCode::Invalid,
            None,
            &[("/name", "is empty"), ("/port", "is no number"), ("/keys/1", "is no key")],
        );
        assert_eq!(problem_message(&problem), "Is empty. 2 more fields need a look.");
        let error = ClientError::Problem(Box::new(problem));
        assert_eq!(error.field("/port").as_deref(), Some("is no number"));
        assert_eq!(error.field("/keys").as_deref(), Some("is no key"));
        for elsewhere in ["/host", "/key", ""] {
            assert_eq!(error.field(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn every_code_has_words() {
        for code in ProblemCode::ALL {
            assert!(problem_message(&problem(*code, None, &[])).ends_with('.'), "{}", code.as_str());
        }
    }

    #[test]
    fn what_may_pass_is_retryable() {
        let retryable = |code| ClientError::Problem(Box::new(problem(code, None, &[]))).is_retryable();
        assert!(retryable(ProblemCode::Busy) && retryable(ProblemCode::TooManyRequests));
        assert!(!retryable(ProblemCode::Invalid));
        assert!(ClientError::Offline.is_retryable());
    }
}
