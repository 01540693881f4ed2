//! Which jobs are shown, as the address says.

use leptos::prelude::*;
use pbsweb_shared::api::job_actions::JobActionFilter;
use pbsweb_shared::api::jobs::{ExportFormat, Job, JobsQuery};
use pbsweb_shared::job::JobState;

use super::searches::SavedSearches;
use crate::client::{self, PageQuery};
use crate::components::job_state_label;
use crate::paths;
use crate::state::{CurrentUser, Hosts};
use crate::ui::time::{from_field, to_field};
use crate::ui::{
    Bind, Button, ButtonKind, Choice, LocalResource, SelectField, Show, TextField, Typed, effect,
};

/// The word for all jobs that have not ended.
const ACTIVE: &str = "active";

/// The filters: a query without a place in its list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Filters(JobsQuery);

fn is_state(word: &str) -> bool {
    word == ACTIVE || word.parse::<JobState>().is_ok()
}

impl Filters {
    /// From the address; what is no filter there is none.
    pub(super) fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name| get(name).filter(|text| !text.is_empty());
        Self(JobsQuery {
            host: get("host").and_then(|id| id.parse().ok()),
            application: get("application").and_then(|id| id.parse().ok()),
            script: get("script").and_then(|id| id.parse().ok()),
            revision: get("revision").and_then(|id| id.parse().ok()),
            state: text("state").filter(|words| words.split(',').map(str::trim).all(is_state)),
            queue: text("queue"),
            exit_status: get("exit_status").and_then(|status| status.parse().ok()),
            since: get("since").and_then(|time| time.parse().ok()),
            until: get("until").and_then(|time| time.parse().ok()),
            text: text("text"),
            person: get("person").and_then(|id| id.parse().ok()),
            limit: None,
            page_token: None,
        })
    }

    /// Everything is shown.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The page with these filters.
    pub(super) fn to_address(&self) -> String {
        let filter = &self.0;
        let fields = [
            ("host", filter.host.map(|id| id.to_string())),
            ("state", filter.state.clone()),
            ("application", filter.application.map(|id| id.to_string())),
            ("script", filter.script.map(|id| id.to_string())),
            ("revision", filter.revision.map(|id| id.to_string())),
            ("queue", filter.queue.clone()),
            ("exit_status", filter.exit_status.map(|status| status.to_string())),
            ("since", filter.since.map(|time| time.to_rfc3339())),
            ("until", filter.until.map(|time| time.to_rfc3339())),
            ("text", filter.text.clone()),
            ("person", filter.person.map(|id| id.to_string())),
        ];
        paths::with_query(paths::JOBS, &fields)
    }

    /// For the server.
    pub(super) fn to_query(&self) -> JobsQuery {
        self.0.clone()
    }

    /// From a search.
    pub(super) fn of(query: &JobsQuery) -> Self {
        Self(JobsQuery { limit: None, page_token: None, ..query.clone() })
    }

    /// For an action on all that match. To what has ended nothing can be done.
    pub(super) fn to_action_filter(&self) -> JobActionFilter {
        let filter = self.0.clone();
        JobActionFilter {
            host: filter.host,
            application: filter.application,
            script: filter.script,
            revision: filter.revision,
            state: filter.state.or_else(|| Some(ACTIVE.to_owned())),
            queue: filter.queue,
            exit_status: filter.exit_status,
            since: filter.since,
            until: filter.until,
            text: filter.text,
            submitted_until: None,
        }
    }

    /// Whose jobs are shown, if not the caller's because they are.
    pub(super) const fn person(&self) -> Option<pbsweb_shared::ids::UserId> {
        self.0.person
    }

    /// Filters that are not among the common ones.
    fn n_rare(&self) -> usize {
        let filter = &self.0;
        [
            filter.script.is_some() || filter.revision.is_some(),
            filter.queue.is_some(),
            filter.exit_status.is_some(),
            filter.since.is_some(),
            filter.until.is_some(),
            filter.person.is_some(),
        ]
        .into_iter()
        .filter(|is_set| *is_set)
        .count()
    }

    /// Whether a job of the caller that just came may belong here; of the text only the server knows.
    pub(super) fn takes(&self, job: &Job) -> bool {
        let filter = &self.0;
        let is_in = |word: &str| match word.trim() {
            ACTIVE => !job.state.has_ended(),
            word => word == job.state.as_str(),
        };
        filter.person.is_none()
            && filter.host.is_none_or(|host| host == job.host)
            && filter.application.is_none_or(|application| Some(application) == job.application)
            && filter.script.is_none_or(|script| script == job.script)
            && filter.revision.is_none_or(|revision| revision == job.revision)
            && filter.queue.as_ref().is_none_or(|queue| Some(queue) == job.queue.as_ref())
            && filter.exit_status.is_none_or(|status| Some(status) == job.exit_status)
            && filter.since.is_none_or(|since| job.submitted_at >= since)
            && filter.until.is_none_or(|until| job.submitted_at < until)
            && filter.state.as_deref().is_none_or(|words| words.split(',').any(is_in))
    }
}

/// What is set by a field, and shown by it.
#[derive(Clone, Copy)]
struct Draft {
    filters: Memo<Filters>,
    on_change: Callback<Filters>,
}

impl Draft {
    fn read<T>(self, of: impl Fn(&JobsQuery) -> T) -> T {
        self.filters.with(|filters| of(&filters.0))
    }

    fn change(self, change: impl FnOnce(&mut JobsQuery)) {
        let mut filters = self.filters.get_untracked();
        change(&mut filters.0);
        self.on_change.run(filters);
    }

    /// A field with a word for its value, and none for none.
    fn bind(
        self,
        get: fn(&JobsQuery) -> Option<String>,
        set: fn(&mut JobsQuery, Option<String>),
    ) -> Bind<String> {
        Bind::new(
            move || self.read(get).unwrap_or_default(),
            move |word: String| {
                self.change(|query| set(query, Some(word).filter(|word| !word.is_empty())));
            },
        )
    }
}

fn parsed<T: std::str::FromStr>(text: Option<String>) -> Option<T> {
    text.and_then(|text| text.parse().ok())
}

/// The fields: common ones, and the others one click away. What is typed takes effect when typing pauses.
#[component]
pub(super) fn FilterBar(
    /// What the address says.
    filters: Memo<Filters>,
    /// Called with what it should say.
    on_change: Callback<Filters>,
) -> impl IntoView {
    let hosts = Hosts::of_page();
    let draft = Draft { filters, on_change };
    let applications = LocalResource::new(|| async {
        let query = PageQuery { limit: Some(200), page_token: None };
        client::applications::list_applications(&query).await.map(|page| page.items).unwrap_or_default()
    });
    let host = draft.bind(|query| query.host.map(|id| id.to_string()), |query, id| query.host = parsed(id));
    let application = draft
        .bind(|query| query.application.map(|id| id.to_string()), |query, id| query.application = parsed(id));
    let state = draft.bind(|query| query.state.clone(), |query, word| query.state = word);
    let (text, queue, exit_status) = (Typed::new(), Typed::new(), Typed::new());
    let text_field = text.bind(
        move || draft.read(|query| query.text.clone().unwrap_or_default()),
        move |text| draft.change(|query| query.text = Some(text).filter(|text| !text.is_empty())),
    );
    let host_choices = Signal::derive(move || {
        let mut choices = vec![Choice::new("", "All hosts")];
        choices
            .extend(hosts.list().iter().map(|host| Choice::new(host.id.to_string(), host.name.to_string())));
        choices
    });
    let application_choices = Signal::derive(move || {
        let mut choices = vec![Choice::new("", "All applications")];
        let known = applications.get().unwrap_or_default();
        choices.extend(known.iter().map(|known| Choice::new(known.id.to_string(), known.name.to_string())));
        choices
    });
    let mut state_choices = vec![Choice::new("", "All states"), Choice::new(ACTIVE, "Not ended")];
    state_choices
        .extend(JobState::ALL.iter().map(|state| Choice::new(state.as_str(), job_state_label(*state))));
    let on_choose = Callback::new(move |filters| {
        [text, queue, exit_status].into_iter().for_each(Typed::forget);
        on_change.run(filters);
    });
    let export = |format: ExportFormat, label: &'static str| {
        view! {
            // A download is the browser's own affair, not a navigation within the page.
            <a
                class="button"
                data-kind="quiet"
                href=move || filters.with(|filters| client::jobs::export_address(&filters.0, format))
                rel="external"
                download=""
            >
                {label}
            </a>
        }
    };
    view! {
        <search class="filter-bar">
            <TextField
                label="Search"
                name="text"
                input_type="search"
                value=text_field
                placeholder="name, label, id, script, command or output path"
            />
            <SelectField label="State" name="state" value=state choices=state_choices />
            <SelectField label="Host" name="host" value=host choices=host_choices />
            <SelectField label="Application" name="application" value=application choices=application_choices />
            <RareFilters draft=draft queue=queue exit_status=exit_status />
            <div class="saved-searches">
                <SavedSearches filters=filters on_choose=on_choose />
                <span class="exports">
                    {export(ExportFormat::Csv, "Export as CSV")}
                    {export(ExportFormat::Json, "Export as JSON")}
                </span>
            </div>
        </search>
    }
}

/// The fields that are folded away until one of them is used.
#[component]
fn RareFilters(draft: Draft, queue: Typed, exit_status: Typed) -> impl IntoView {
    let user = CurrentUser::of_page();
    let n_set = Memo::new(move |_| draft.filters.with(Filters::n_rare));
    let is_open = RwSignal::new(false);
    effect(move || {
        // It is not folded when the last of them is cleared: somebody is at work there.
        if n_set.get() > 0 {
            is_open.set(true);
        }
    });
    let queue_field = queue.bind(
        move || draft.read(|query| query.queue.clone().unwrap_or_default()),
        move |name| draft.change(|query| query.queue = Some(name).filter(|name| !name.is_empty())),
    );
    let host = Memo::new(move |_| draft.read(|query| query.host));
    let queues = LocalResource::new(move || {
        let host = host.get();
        async move {
            match host {
                Some(host) => client::hosts::get_host_queues(host).await.map(|listed| listed.queues),
                None => Ok(Vec::new()),
            }
        }
    });
    let queue_names = Signal::derive(move || {
        let queues = queues.get().and_then(Result::ok).unwrap_or_default();
        queues.into_iter().map(|queue| queue.name).collect::<Vec<_>>()
    });
    let exit_field = exit_status.bind(
        move || draft.read(|query| query.exit_status.map(|status| status.to_string()).unwrap_or_default()),
        move |text| {
            let status = text.parse().ok();
            if text.is_empty() || status.is_some() {
                draft.change(|query| query.exit_status = status);
            }
        },
    );
    let exit_error = Signal::derive(move || {
        let text = exit_status.text().unwrap_or_default();
        let is_wrong = !text.trim().is_empty() && text.trim().parse::<i32>().is_err();
        is_wrong.then(|| "A whole number, such as 0, 1 or 271.".to_owned())
    });
    let since = draft.bind(
        |query| query.since.map(to_field),
        |query, time| query.since = time.as_deref().and_then(from_field),
    );
    let until = draft.bind(
        |query| query.until.map(to_field),
        |query, time| query.until = time.as_deref().and_then(from_field),
    );
    let is_admin = Memo::new(move |_| user.is_admin());
    let users = LocalResource::new(move || {
        let is_admin = is_admin.get();
        async move {
            if !is_admin {
                return Vec::new();
            }
            let query = PageQuery { limit: Some(200), page_token: None };
            client::users::list_users(&query).await.map(|page| page.items).unwrap_or_default()
        }
    });
    let person =
        draft.bind(|query| query.person.map(|id| id.to_string()), |query, id| query.person = parsed(id));
    let people = Signal::derive(move || {
        let mut choices = vec![Choice::new("", "You")];
        let users = users.get().unwrap_or_default();
        choices.extend(users.iter().map(|user| Choice::new(user.id.to_string(), user.user_name.to_string())));
        choices
    });
    let of_script =
        Memo::new(move |_| draft.read(|query| (query.script.is_some(), query.revision.is_some())));
    let any_script = move |()| draft.change(|query| (query.script, query.revision) = (None, None));
    view! {
        <details class="more-filters" prop:open=move || is_open.get()>
            <summary>
                "More filters"
                {move || match n_set.get() {
                    0 => String::new(),
                    n => format!(" ({n} in use)"),
                }}
            </summary>
            <div class="more-filters-fields">
                <TextField label="Queue" name="queue" value=queue_field suggestions=queue_names is_code=true />
                <TextField label="Exit status" name="exit_status" value=exit_field error=exit_error is_code=true />
                <TextField label="Submitted from" name="since" input_type="datetime-local" value=since />
                <TextField label="Submitted before" name="until" input_type="datetime-local" value=until />
                <Show when=move || is_admin.get()>
                    <SelectField label="Person" name="person" value=person choices=people />
                </Show>
                <Show when=move || { of_script.get() != (false, false) }>
                    <p class="one-script">
                        {move || match of_script.get() {
                            (_, true) => "Only jobs of one revision of a script.",
                            (_, false) => "Only jobs of one script.",
                        }}
                        <Button kind=ButtonKind::Quiet on_press=any_script>"Of all scripts"</Button>
                    </p>
                </Show>
            </div>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Filters {
        Filters::read(|name| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_address_is_read_and_written() {
        let filters = read(&[("state", "active"), ("text", "heat 2"), ("host", "no id")]);
        assert_eq!(filters.to_address(), "/jobs?state=active&text=heat%202");
        assert_eq!(filters.to_query().state.as_deref(), Some("active"));
        let id = "00000000-0000-0000-0000-000000000007";
        let pairs = [
            ("host", id),
            ("state", "held,queued"),
            ("application", id),
            ("script", id),
            ("revision", id),
            ("queue", "long"),
            ("exit_status", "-29"),
            ("since", "2026-11-01T08:00:00+00:00"),
            ("until", "2026-11-02T08:00:00+00:00"),
            ("text", "heat"),
            ("person", id),
        ];
        let address =
            paths::with_query(paths::JOBS, &pairs.map(|(name, value)| (name, Some(value.to_owned()))));
        let filters = read(&pairs);
        assert_eq!((filters.to_address(), filters.n_rare()), (address, 6));
        assert_eq!(Filters::of(&filters.to_query()), filters);
    }

    #[test]
    fn what_has_ended_is_not_acted_on() {
        assert_eq!(read(&[("text", "heat")]).to_action_filter().state.as_deref(), Some(ACTIVE));
        let held = read(&[("state", "held"), ("queue", "long")]).to_action_filter();
        assert_eq!((held.state.as_deref(), held.queue.as_deref()), (Some("held"), Some("long")));
    }

    #[test]
    fn what_is_no_filter_is_ignored() {
        let pairs =
            [("state", "gone"), ("text", ""), ("application", "x"), ("exit_status", "one"), ("since", "now")];
        assert!(read(&pairs).is_empty());
        assert!(read(&[("state", "held,gone")]).is_empty());
    }
}
