//! The refusals of the server: numbers and texts as OpenPBS gives them.
//!
//! The trailing blank of some texts is OpenPBS's own: its commands put the job id after it.

use crate::protocol::Refusal;

fn refusal(code: u32, text: impl Into<String>) -> Refusal {
    Refusal { code, text: text.into() }
}

pub(crate) fn unknown_job() -> Refusal {
    refusal(15001, "Unknown Job Id")
}
pub(crate) fn read_only(attribute: &str) -> Refusal {
    refusal(15003, format!("Cannot set attribute, read only or insufficient permission  {attribute}"))
}
pub(crate) fn invalid_request() -> Refusal {
    refusal(15004, "Invalid request")
}
pub(crate) fn unauthorized() -> Refusal {
    refusal(15007, "Unauthorized Request ")
}
pub(crate) fn unknown_host() -> Refusal {
    refusal(15008, "Access from host not allowed, or unknown host")
}
pub(crate) fn unknown_signal() -> Refusal {
    refusal(15013, "Unknown/illegal signal name")
}
pub(crate) fn illegal_value(what: &str) -> Refusal {
    let text = "Illegal attribute or resource value";
    refusal(15014, if what.is_empty() { text.to_owned() } else { format!("{text} {what}") })
}
pub(crate) fn cannot_modify_running(attribute: &str) -> Refusal {
    refusal(15015, format!("Cannot modify attribute while job running  {attribute}"))
}
pub(crate) fn bad_state() -> Refusal {
    refusal(15016, "Request invalid for state of job")
}
pub(crate) fn unknown_queue() -> Refusal {
    refusal(15018, "Unknown queue")
}
pub(crate) fn queue_not_enabled() -> Refusal {
    refusal(15021, "Queue is not enabled")
}
pub(crate) fn bad_uid() -> Refusal {
    refusal(15023, "Bad UID for job execution")
}
pub(crate) fn not_for_arrays() -> Refusal {
    refusal(15029, "not supported for Array Jobs")
}
pub(crate) fn unknown_resource(name: &str) -> Refusal {
    refusal(15035, format!("Unknown resource Resource_List.{name}"))
}
pub(crate) fn unknown_chunk_resource(name: &str) -> Refusal {
    refusal(15035, format!("Unknown resource: {name}"))
}
pub(crate) fn over_limits() -> Refusal {
    refusal(15036, "Job violates queue and/or server resource limits")
}
pub(crate) fn finished() -> Refusal {
    refusal(15139, "Job has finished")
}
pub(crate) fn too_many_queued(queue: &str) -> Refusal {
    refusal(15142, format!("would exceed queue {queue}'s per-user limit"))
}
pub(crate) fn array_too_big() -> Refusal {
    // 15107 modulo 256 is the status 3 that was recorded.
    refusal(15107, "Array job exceeds server or queue size limit")
}
pub(crate) fn unknown_node() -> Refusal {
    refusal(15062, "Unknown node")
}
