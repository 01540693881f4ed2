//! Which jobs are shown, as the address says.

use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use pbsweb_shared::api::job_actions::JobActionFilter;
use pbsweb_shared::api::jobs::{Job, JobsQuery};
use pbsweb_shared::ids::{ApplicationId, HostId};
use pbsweb_shared::job::JobState;

use super::searches::SavedSearches;
use crate::client::{self, PageQuery};
use crate::components::job_state_label;
use crate::paths;
use crate::state::Hosts;
use crate::ui::{Bind, Choice, LocalResource, SelectField, TextField, effect};

/// The word for all jobs that have not ended.
const ACTIVE: &str = "active";

/// How long typing must pause before the list is read.
const TYPING_PAUSE: Duration = Duration::from_millis(300);

/// The filters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Filters {
    host: Option<HostId>,
    application: Option<ApplicationId>,
    /// A state's word, or `active`.
    state: Option<String>,
    text: Option<String>,
}

impl Filters {
    /// From the address; what is no filter there is none.
    pub(super) fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            host: get("host").and_then(|id| id.parse().ok()),
            application: get("application").and_then(|id| id.parse().ok()),
            state: get("state").filter(|word| word == ACTIVE || word.parse::<JobState>().is_ok()),
            text: get("text").filter(|text| !text.is_empty()),
        }
    }

    /// Everything is shown.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The page with these filters.
    pub(super) fn to_address(&self) -> String {
        let fields = [
            ("host", self.host.map(|id| id.to_string())),
            ("state", self.state.clone()),
            ("application", self.application.map(|id| id.to_string())),
            ("text", self.text.clone()),
        ];
        paths::with_query(paths::JOBS, &fields)
    }

    /// For the server.
    pub(super) fn to_query(&self) -> JobsQuery {
        JobsQuery {
            host: self.host,
            application: self.application,
            state: self.state.clone(),
            text: self.text.clone(),
            ..JobsQuery::default()
        }
    }

    /// From a search; nothing where it looks for more than this page has fields for.
    pub(super) fn of(query: &JobsQuery) -> Option<Self> {
        let filters = Self::read(|name| match name {
            "host" => query.host.map(|id| id.to_string()),
            "application" => query.application.map(|id| id.to_string()),
            "state" => query.state.clone(),
            _ => query.text.clone(),
        });
        (filters.to_query() == *query).then_some(filters)
    }

    /// For an action on all that match. To what has ended nothing can be done.
    pub(super) fn to_action_filter(&self) -> JobActionFilter {
        JobActionFilter {
            host: self.host,
            application: self.application,
            state: self.state.clone().or_else(|| Some(ACTIVE.to_owned())),
            text: self.text.clone(),
            submitted_until: None,
        }
    }

    /// Whether a job that just came may belong here; of the text only the server knows.
    pub(super) fn takes(&self, job: &Job) -> bool {
        self.host.is_none_or(|host| host == job.host)
            && self.application.is_none_or(|application| Some(application) == job.application)
            && match self.state.as_deref() {
                None => true,
                Some(ACTIVE) => !job.state.has_ended(),
                Some(word) => word == job.state.as_str(),
            }
    }
}

/// The fields. The text takes effect when typing pauses.
#[component]
pub(super) fn FilterBar(
    /// What the address says.
    filters: Memo<Filters>,
    /// Called with what it should say.
    on_change: Callback<Filters>,
) -> impl IntoView {
    let hosts = Hosts::of_page();
    let applications = LocalResource::new(|| async {
        let query = PageQuery { limit: Some(200), page_token: None };
        client::applications::list_applications(&query).await.map(|page| page.items).unwrap_or_default()
    });
    let host = Bind::new(
        move || filters.read().host.map(|id| id.to_string()).unwrap_or_default(),
        move |id: String| on_change.run(Filters { host: id.parse().ok(), ..filters.get_untracked() }),
    );
    let application = Bind::new(
        move || filters.read().application.map(|id| id.to_string()).unwrap_or_default(),
        move |id: String| on_change.run(Filters { application: id.parse().ok(), ..filters.get_untracked() }),
    );
    let state = Bind::new(
        move || filters.read().state.clone().unwrap_or_default(),
        move |word: String| {
            let state = Some(word).filter(|word| !word.is_empty());
            on_change.run(Filters { state, ..filters.get_untracked() });
        },
    );
    let typed = RwSignal::new(None::<String>);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop_timer = move || {
        timer.try_update_value(|timer| {
            if let Some(timer) = timer.take() {
                timer.clear();
            }
        });
    };
    on_cleanup(stop_timer);
    let text = Bind::new(
        move || typed.get().unwrap_or_else(|| filters.read().text.clone().unwrap_or_default()),
        move |text: String| {
            typed.set(Some(text.clone()));
            stop_timer();
            let search = move || {
                let text = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
                on_change.run(Filters { text, ..filters.get_untracked() });
            };
            timer.set_value(set_timeout_with_handle(search, TYPING_PAUSE).ok());
        },
    );
    // Filters that were taken away elsewhere are taken away here.
    effect(move || {
        if filters.read().text.is_none()
            && typed.read_untracked().as_deref().is_some_and(|text| !text.is_empty())
        {
            typed.set(None);
        }
    });
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
        stop_timer();
        typed.set(None);
        on_change.run(filters);
    });
    view! {
        <search class="filter-bar">
            <TextField
                label="Search"
                name="text"
                input_type="search"
                value=text
                placeholder="name, job id or script text"
            />
            <SelectField label="State" name="state" value=state choices=state_choices />
            <SelectField label="Host" name="host" value=host choices=host_choices />
            <SelectField label="Application" name="application" value=application choices=application_choices />
            <SavedSearches filters=filters on_choose=on_choose />
        </search>
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
    }

    #[test]
    fn what_has_ended_is_not_acted_on() {
        assert_eq!(read(&[("text", "heat")]).to_action_filter().state.as_deref(), Some(ACTIVE));
        assert_eq!(read(&[("state", "held")]).to_action_filter().state.as_deref(), Some("held"));
    }

    #[test]
    fn a_search_is_taken_whole_or_not_at_all() {
        let query = JobsQuery {
            state: Some("held".to_owned()),
            text: Some("heat".to_owned()),
            ..JobsQuery::default()
        };
        assert_eq!(Filters::of(&query), Some(read(&[("state", "held"), ("text", "heat")])));
        assert_eq!(Filters::of(&JobsQuery { queue: Some("workq".to_owned()), ..query.clone() }), None);
        assert_eq!(Filters::of(&JobsQuery { state: Some("held,queued".to_owned()), ..query }), None);
    }

    #[test]
    fn what_is_no_filter_is_ignored() {
        assert!(read(&[("state", "gone"), ("text", ""), ("application", "x")]).is_empty());
    }
}
