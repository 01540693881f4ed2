//! The page that explains every problem code: what it means and what to do about it.

use std::fmt::Write as _;

use pbsweb_shared::problem::ProblemCode;

/// What a code means, and what the caller can do.
pub(crate) const fn explanation(code: ProblemCode) -> &'static str {
    match code {
        ProblemCode::MalformedRequest => {
            "The body is not JSON of the expected form, a parameter has a wrong type, or the content type is wrong. The \
             detail says where reading stopped. The same request will fail again."
        }
        ProblemCode::NotSignedIn => {
            "There is no token, or it is not (or no longer) good: the session was ended, its time is over, the password \
             was changed, or the user was disabled. Sign in again, or make a new token."
        }
        ProblemCode::WrongPassword => {
            "Name and password do not go together. A name that does not exist gets the same answer."
        }
        ProblemCode::Forbidden => {
            "The caller is known, but this is for others: for administrators, for a group's managers or those with another role \
             in it, or for a site with other rules. With the cookie of a browser it also means that the header X-PBSWeb is missing."
        }
        ProblemCode::NotFound => {
            "There is nothing under this address or id, or it belongs to somebody else. Ids are never reused."
        }
        ProblemCode::MethodNotAllowed => {
            "The path exists, but not with this method. The API document lists those it has."
        }
        ProblemCode::AlreadyExists => "The name is taken. Choose another one.",
        ProblemCode::StateForbids => {
            "The thing is in a state in which this cannot be done: a finished job cannot be held, the last administrator \
             cannot be disabled. The detail names the state."
        }
        ProblemCode::RevisionConflict => {
            "Another revision of the script was saved since the one that made_from names. Nothing was saved: merge your \
             changes into current, the latest revision, and save the result as made from that."
        }
        ProblemCode::IdempotencyKeyReused => {
            "The Idempotency-Key came before with another body. A repeat of a request has the same key and the same \
             body; a new request has a new key."
        }
        ProblemCode::TooLarge => {
            "The body is larger than this site takes. /api/v1/info tells the largest archive."
        }
        ProblemCode::BadArchive => {
            "The archive is damaged, of an unknown kind, or holds what must not be unpacked: absolute paths, paths or \
             links that leave the tree, devices, too many entries or bytes. The detail names the entry. Nothing was \
             changed on the host."
        }
        ProblemCode::Invalid => {
            "Fields break rules. errors names each with a JSON pointer into the body, the code of the rule, and what \
             would be right."
        }
        ProblemCode::InvalidScript => {
            "The job script has errors, so it was not sent. errors names each with a JSON pointer; \
             POST /api/v1/scripts/check finds the same before a submission."
        }
        ProblemCode::NoHostAccount => {
            "The caller has not told a login name on this host, or the last check of it failed. Give the login name, \
             install the key there, and check."
        }
        ProblemCode::TooManyRequests => {
            "Too many tries in a short time, such as wrong passwords. Retry-After says how many seconds to wait; each \
             further failure makes it longer."
        }
        ProblemCode::Internal => {
            "The server made a mistake; the request may or may not have had an effect. The server's log tells more under \
             the request id. Requests with an Idempotency-Key may be repeated safely."
        }
        ProblemCode::HostKeyChanged => {
            "The host showed another key than the one an administrator confirmed. It may have been installed anew, or \
             somebody is in between: all traffic to it stopped. An administrator compares both keys with the host's \
             operators and confirms the new one."
        }
        ProblemCode::HostKeyUnknown => {
            "No administrator has confirmed this host's key yet, so nothing is sent to it."
        }
        ProblemCode::KeyNotAccepted => {
            "The host refused the caller's key: its line is not (or no longer) in ~/.ssh/authorized_keys there, the \
             login name is another, or the host allows no keys. Install the key and check again."
        }
        ProblemCode::HostCommandFailed => {
            "The host was reached, but a command on it failed. The detail has the host's own words."
        }
        ProblemCode::HostUnreachable => {
            "The host does not answer, or not in time. What was submitted is kept and settled when the host is back. \
             Retry-After says when another try makes sense."
        }
        ProblemCode::Busy => {
            "The database or the server has too much to do at the moment. Retry-After says when another try makes sense."
        }
        ProblemCode::DatabaseFull => {
            "The database has no room left: nothing can be stored until an administrator makes some. Nothing that was \
             accepted is lost. Try again after Retry-After."
        }
        ProblemCode::PageNotBuilt => {
            "This binary was built without the page for browsers; the API works. Build the page and then the server."
        }
    }
}

/// The page, with an anchor for each code: a problem's `type` leads here.
pub(super) fn page() -> String {
    let mut sections = String::new();
    for code in ProblemCode::ALL {
        let (name, status, title) = (code.as_str(), code.status(), code.title());
        let text = escape(explanation(*code));
        // Writing to a String does not fail.
        let _ = write!(
            sections,
            "<section id=\"{name}\">\n<h2>{title}</h2>\n<p><code>{name}</code>, status {status}</p>\n<p>{text}</p>\n</section>\n"
        );
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Problems – PBSWeb API</title>\n\
         <link rel=\"stylesheet\" href=\"/api/docs/errors.css\">\n</head>\n<body>\n<main>\n<h1>Problems</h1>\n\
         <p>An answer that is not a success has the content type <code>application/problem+json</code> (RFC 9457). \
         Programs switch on <code>code</code>, never on text; <code>request_id</code> names the request in the server's \
         log. <a href=\"/api/docs/\">The API</a></p>\n{sections}</main>\n</body>\n</html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
