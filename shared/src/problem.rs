//! Problems (RFC 9457): what an answer that is not a success says. Clients switch on `code`, never on text.

use serde::{Deserialize, Serialize};

use crate::api::scripts::Revision;

// `tt` for the code, not `literal`: what derives the schema does not see it through the latter.
macro_rules! problem_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:tt, $status:literal, $title:literal;)*) => {
        /// The kinds of problems, each with its status and title; `docs/ERRORS.md` has a paragraph for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum ProblemCode {
            $($(#[$doc])* #[serde(rename = $code)] $variant,)*
        }

        impl ProblemCode {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as clients see it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The HTTP status that goes with the code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// The title, the same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

problem_codes! {
    /// The request cannot be read: not JSON, a bad parameter, a wrong content type.
    MalformedRequest = "malformed_request", 400, "The request cannot be read";
    /// No credentials, or ones that are not (or no longer) good.
    NotSignedIn = "not_signed_in", 401, "Not signed in";
    /// Name and password do not go together.
    WrongPassword = "wrong_password", 401, "Name or password is wrong";
    /// Known, but not allowed.
    Forbidden = "forbidden", 403, "Not allowed";
    /// It does not exist, or the caller may not know that it does.
    NotFound = "not_found", 404, "Not found";
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed";
    /// The name is taken.
    AlreadyExists = "already_exists", 409, "It exists already";
    /// The thing's state does not allow it.
    StateForbids = "state_forbids", 409, "Its state does not allow that";
    /// Another revision of the script was saved meanwhile; `current` is it.
    RevisionConflict = "revision_conflict", 409, "Another revision was saved meanwhile";
    /// The same Idempotency-Key came with another request.
    IdempotencyKeyReused = "idempotency_key_reused", 409, "The key was used for another request";
    /// The body is larger than what is taken.
    TooLarge = "too_large", 413, "Too large";
    /// The archive cannot be unpacked safely.
    BadArchive = "bad_archive", 422, "The archive cannot be used";
    /// Fields of the request break rules; `errors` names them.
    Invalid = "invalid", 422, "The request breaks a rule";
    /// The job script has errors; `errors` names them.
    InvalidScript = "invalid_script", 422, "The job script has errors";
    /// The user has no account on the host, or it was not checked.
    NoHostAccount = "no_host_account", 422, "No usable account on this host";
    /// Too many tries; wait.
    TooManyRequests = "too_many_requests", 429, "Too many requests";
    /// A mistake of the server.
    Internal = "internal", 500, "The server made a mistake";
    /// The host's key is not the one that was confirmed: all traffic to it stopped.
    HostKeyChanged = "host_key_changed", 502, "The host's key has changed";
    /// No administrator has confirmed the host's key yet.
    HostKeyUnknown = "host_key_unknown", 502, "The host's key is not confirmed";
    /// The host refused the user's key.
    KeyNotAccepted = "key_not_accepted", 502, "The host did not accept the key";
    /// The host answered, but a command on it failed.
    HostCommandFailed = "host_command_failed", 502, "The host could not do it";
    /// The host cannot be reached, or did not answer in time.
    HostUnreachable = "host_unreachable", 503, "The host cannot be reached";
    /// The database or the server is too busy.
    Busy = "busy", 503, "Busy; try again";
    /// The database has no room left.
    DatabaseFull = "database_full", 503, "The database is full";
    /// The page is not in this binary.
    PageNotBuilt = "page_not_built", 503, "The page is not built in";
}

/// A problem as it stands in the body of an answer, with content type `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Where the kind of problem is described.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same text for every problem of the kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The path that was asked for.
    pub instance: String,
    /// What programs switch on.
    pub code: ProblemCode,
    /// Names this request in the server's log.
    pub request_id: String,
    /// The fields that are wrong, for input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// With `revision_conflict`: the latest revision, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Box<Revision>>,
}

/// One thing that is wrong with the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Where, as a JSON pointer into the body (RFC 6901), such as `/script/walltime`.
    pub pointer: String,
    /// A short code of the rule, such as `walltime.syntax`.
    pub code: String,
    /// What is wrong and what would be right.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_one_to_one_and_match_their_json() {
        let mut seen = std::collections::BTreeSet::new();
        for code in ProblemCode::ALL {
            assert!(seen.insert(code.as_str()), "{} stands twice", code.as_str());
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{}\"", code.as_str()));
            assert!((400..600).contains(&code.status()));
        }
    }
}
