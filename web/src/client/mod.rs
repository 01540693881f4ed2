//! The one way from the page to the server: a typed function for each operation of the API, one file per resource.
//!
//! Only this folder fetches. It keeps nothing and decides nothing; what is loaded lives in `state` or in the page that
//! asked. Reads are aborted when the component that asked goes away; changes are not, since the user meant them.

pub(crate) mod accounts;
pub(crate) mod activity;
pub(crate) mod applications;
pub(crate) mod builds;
mod error;
pub(crate) mod events;
pub(crate) mod groups;
pub(crate) mod hosts;
mod http;
pub(crate) mod job_actions;
pub(crate) mod job_sets;
pub(crate) mod jobs;
pub(crate) mod json;
pub(crate) mod me;
mod query;
pub(crate) mod scripts;
pub(crate) mod searches;
pub(crate) mod sessions;
mod text_stream;
mod upload;
pub(crate) mod users;

pub(crate) use error::{ClientError, as_sentence};
pub(crate) use http::{IdempotencyKey, Reply, on_session_lost, session_began};
pub(crate) use query::percent_encode;
pub(crate) use text_stream::TextStream;
pub(crate) use upload::{Upload, UploadAbort, UploadProgress};

/// What a client function answers.
pub(crate) type Answer<T> = Result<T, ClientError>;

/// An answer of which only counts whether it is a success.
pub(crate) type Done = Reply<serde::de::IgnoredAny>;

/// Where a list goes on, for the resources that have no filters of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct PageQuery {
    /// Most items on a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u32>,
    /// From the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) page_token: Option<String>,
}
