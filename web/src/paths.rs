//! Every address of the page. Links are made here and nowhere else; the routes in `app` are their other half.

use pbsweb_shared::ids::{ApplicationId, HostId, JobId, ScriptId};

use crate::client::percent_encode;

/// The start page.
pub(crate) const HOME: &str = "/";
/// Creating an account.
pub(crate) const CREATE_ACCOUNT: &str = "/create-account";
/// The applications and the upload.
pub(crate) const APPLICATIONS: &str = "/applications";
/// A new job.
pub(crate) const COMPOSE: &str = "/compose";
/// One's own jobs.
pub(crate) const JOBS: &str = "/jobs";
/// What all hosts list.
pub(crate) const QUEUES: &str = "/queues";
/// The nodes of all hosts.
pub(crate) const NODES: &str = "/nodes";
/// The hosts and one's accounts on them.
pub(crate) const HOSTS: &str = "/hosts";
/// One's own settings.
pub(crate) const SETTINGS: &str = "/settings";
/// One's groups, among the settings.
pub(crate) const GROUPS: &str = "/settings?tab=groups";
/// Administration: users.
pub(crate) const ADMIN_USERS: &str = "/admin/users";
/// Administration: hosts.
pub(crate) const ADMIN_HOSTS: &str = "/admin/hosts";
/// Administration: activity.
pub(crate) const ADMIN_ACTIVITY: &str = "/admin/activity";
/// The reader page of the API document; not a page of this client.
pub(crate) const API_DOCS: &str = "/api/docs";
/// Where one signs in.
pub(crate) const SIGN_IN: &str = "/sign-in";

/// Signing in, to go on at `next` afterwards.
pub(crate) fn sign_in(next: &str) -> String {
    if next == HOME || next.is_empty() || next.starts_with(SIGN_IN) {
        SIGN_IN.to_owned()
    } else {
        format!("{SIGN_IN}?next={}", percent_encode(next))
    }
}

/// Where to go after signing in: only to a place within this page, whatever the address says.
pub(crate) fn next_or_home(next: Option<&str>) -> String {
    match next {
        Some(next)
            if next.starts_with('/')
                && !next.starts_with("//")
                && !next.contains('\\')
                && !next.starts_with(SIGN_IN) =>
        {
            next.to_owned()
        }
        Some(_) | None => HOME.to_owned(),
    }
}

/// One application: its builds.
pub(crate) fn application(application: ApplicationId) -> String {
    format!("{APPLICATIONS}/{application}")
}

/// One job.
pub(crate) fn job(job: JobId) -> String {
    format!("{JOBS}/{job}")
}

/// A tab of a job's page.
pub(crate) fn job_tab(job: JobId, tab: &str) -> String {
    format!("{JOBS}/{job}?tab={tab}")
}

/// The output of one job of an array, in a tab of the array's page; an empty index is that of none.
pub(crate) fn job_output(job: JobId, tab: &str, index: &str) -> String {
    format!("{}&index={}", job_tab(job, tab), percent_encode(index))
}

/// The jobs of one script.
pub(crate) fn jobs_of(script: ScriptId) -> String {
    with_query(JOBS, &[("script", Some(script.to_string()))])
}

/// A tab of the settings.
pub(crate) fn settings(tab: &str) -> String {
    format!("{SETTINGS}?tab={}", percent_encode(tab))
}

/// What a new job starts from; all of it is in the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ComposeFrom {
    /// The application it belongs to.
    pub(crate) application: Option<ApplicationId>,
    /// The host it is for.
    pub(crate) host: Option<HostId>,
    /// A past script whose fields it takes.
    pub(crate) script: Option<ScriptId>,
    /// A past job whose fields it takes.
    pub(crate) job: Option<JobId>,
}

/// A new job.
pub(crate) fn compose(from: ComposeFrom) -> String {
    let fields = [
        ("application", from.application.map(|id| id.to_string())),
        ("host", from.host.map(|id| id.to_string())),
        ("script", from.script.map(|id| id.to_string())),
        ("job", from.job.map(|id| id.to_string())),
    ];
    with_query(COMPOSE, &fields)
}

/// The queues, perhaps of one host only.
pub(crate) fn queues(host: Option<HostId>) -> String {
    with_query(QUEUES, &[("host", host.map(|id| id.to_string()))])
}

/// The nodes of one host.
pub(crate) fn nodes(host: HostId) -> String {
    with_query(NODES, &[("host", Some(host.to_string()))])
}

/// `path?name=value…`, without what is absent or empty.
pub(crate) fn with_query(path: &str, fields: &[(&str, Option<String>)]) -> String {
    let mut address = path.to_owned();
    let mut separator = '?';
    for (name, value) in fields {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            address.push(separator);
            address.push_str(name);
            address.push('=');
            address.push_str(&percent_encode(value));
            separator = '&';
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_one_wanted_is_remembered() {
        assert_eq!(sign_in("/jobs?text=a b"), "/sign-in?next=%2Fjobs%3Ftext%3Da%20b");
        assert_eq!(sign_in("/"), "/sign-in");
        assert_eq!(sign_in("/sign-in"), "/sign-in");
    }

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert_eq!(next_or_home(Some("/jobs?x=1")), "/jobs?x=1");
        for next in
            ["//evil.example", "https://evil.example", "/\\evil.example", "jobs", "", "/sign-in?next=%2F"]
        {
            assert_eq!(next_or_home(Some(next)), "/", "{next}");
        }
    }

    #[test]
    fn absent_fields_leave_no_trace() {
        assert_eq!(compose(ComposeFrom::default()), "/compose");
        let job: JobId = "00000000-0000-0000-0000-000000000007".parse().unwrap();
        let from = ComposeFrom { job: Some(job), ..ComposeFrom::default() };
        assert_eq!(compose(from), format!("/compose?job={job}"));
    }
}
