//! Which of the listed jobs are shown, as the address says.

use leptos::prelude::*;
use pbsweb_shared::host::ListedJob;
use pbsweb_shared::ids::HostId;
use pbsweb_shared::job::JobState;

use crate::components::job_state_label;
use crate::paths;
use crate::state::Hosts;
use crate::ui::{Bind, Checkbox, Choice, SelectField, TextField};

/// The states that a scheduler lists.
const LISTED: [JobState; 6] = [
    JobState::Queued,
    JobState::Held,
    JobState::Waiting,
    JobState::Running,
    JobState::Suspended,
    JobState::Exiting,
];

/// By what the rows stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Owner,
    Queue,
    State,
}

impl Group {
    const ALL: [(Self, &str, &str); 3] = [
        (Self::Owner, "owner", "By owner"),
        (Self::Queue, "queue", "By queue"),
        (Self::State, "state", "By state"),
    ];

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(group, _, _)| *group == self).map_or("", |(_, word, _)| word)
    }

    fn read(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == word).map(|(group, _, _)| *group)
    }

    /// What the rows of a group have in common.
    pub(super) fn key(self, job: &ListedJob) -> &str {
        match self {
            Self::Owner => &job.owner,
            Self::Queue => &job.queue,
            Self::State => match job.state {
                Some(state) => job_state_label(state),
                None => &job.state_letter,
            },
        }
    }
}

/// The filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Filter {
    /// Of this host only.
    pub(super) host: Option<HostId>,
    state: Option<JobState>,
    /// In lower case.
    text: String,
    is_own: bool,
    /// By what the rows stand together.
    pub(super) group: Option<Group>,
}

/// Whether `text` has `part` in it, whatever the case of ASCII letters; `part` is in lower case.
fn has(text: &str, part: &str) -> bool {
    text.len() >= part.len()
        && text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

impl Filter {
    /// From the address; what is no filter there is none.
    pub(super) fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            host: get("host").and_then(|id| id.parse().ok()),
            state: get("state").and_then(|word| word.parse().ok()),
            text: get("text").unwrap_or_default(),
            is_own: get("own").as_deref() == Some("1"),
            group: get("group").and_then(|word| Group::read(&word)),
        }
    }

    /// The page with this filter.
    pub(super) fn to_address(&self) -> String {
        let fields = [
            ("host", self.host.map(|id| id.to_string())),
            ("state", self.state.map(|state| state.to_string())),
            ("text", Some(self.text.clone())),
            ("own", self.is_own.then(|| "1".to_owned())),
            ("group", self.group.map(|group| group.word().to_owned())),
        ];
        paths::with_query(paths::QUEUES, &fields)
    }

    /// Some jobs are left out.
    pub(super) fn leaves_out(&self) -> bool {
        self.state.is_some() || !self.text.trim().is_empty() || self.is_own
    }

    fn takes(&self, job: &ListedJob, words: &[String]) -> bool {
        (!self.is_own || job.is_own)
            && self.state.is_none_or(|state| job.state == Some(state))
            && words.iter().all(|word| {
                [job.name.as_str(), &job.owner, &job.queue, job.pbs_id.as_str()]
                    .into_iter()
                    .chain(job.comment.as_deref())
                    .any(|text| has(text, word))
            })
    }

    /// The places of the jobs to show: group by group, own ones first, else in the scheduler's order.
    pub(super) fn select(&self, jobs: &[ListedJob]) -> Vec<usize> {
        let words: Vec<String> =
            self.text.to_ascii_lowercase().split_whitespace().map(str::to_owned).collect();
        let (mut own, others): (Vec<_>, Vec<_>) = jobs
            .iter()
            .enumerate()
            .filter(|(_, job)| self.takes(job, &words))
            .partition(|(_, job)| job.is_own);
        own.extend(others);
        if let Some(group) = self.group {
            // Own ones stay first within their group.
            own.sort_by(|(_, a), (_, b)| group.key(a).cmp(group.key(b)));
        }
        own.into_iter().map(|(index, _)| index).collect()
    }
}

/// The fields.
#[component]
pub(super) fn FilterBar(
    /// What the address says.
    filter: Memo<Filter>,
    /// Called with what it should say.
    on_change: Callback<Filter>,
) -> impl IntoView {
    let hosts = Hosts::of_page();
    let host = Bind::new(
        move || filter.read().host.map(|id| id.to_string()).unwrap_or_default(),
        move |id: String| on_change.run(Filter { host: id.parse().ok(), ..filter.get_untracked() }),
    );
    let state = Bind::new(
        move || filter.read().state.map(|state| state.to_string()).unwrap_or_default(),
        move |word: String| on_change.run(Filter { state: word.parse().ok(), ..filter.get_untracked() }),
    );
    let text = Bind::new(
        move || filter.read().text.clone(),
        move |text: String| on_change.run(Filter { text, ..filter.get_untracked() }),
    );
    let group = Bind::new(
        move || filter.read().group.map_or("", Group::word).to_owned(),
        move |word: String| on_change.run(Filter { group: Group::read(&word), ..filter.get_untracked() }),
    );
    let mut group_choices = vec![Choice::new("", "Own jobs first")];
    group_choices.extend(Group::ALL.iter().map(|(_, word, label)| Choice::new(*word, *label)));
    let own = Bind::new(
        move || filter.read().is_own,
        move |is_own| on_change.run(Filter { is_own, ..filter.get_untracked() }),
    );
    let host_choices = Signal::derive(move || {
        let mut choices = vec![Choice::new("", "All hosts")];
        choices.extend(
            hosts
                .list()
                .iter()
                .filter(|host| host.is_enabled)
                .map(|host| Choice::new(host.id.to_string(), host.name.to_string())),
        );
        choices
    });
    let mut state_choices = vec![Choice::new("", "All states")];
    state_choices.extend(LISTED.iter().map(|state| Choice::new(state.as_str(), job_state_label(*state))));
    view! {
        <search class="filter-bar">
            <TextField
                label="Search"
                name="text"
                input_type="search"
                value=text
                placeholder="name, owner, queue, id or comment"
            />
            <SelectField label="State" name="state" value=state choices=state_choices />
            <SelectField label="Host" name="host" value=host choices=host_choices />
            <SelectField label="Order" name="group" value=group choices=group_choices />
            <Checkbox label="Only my jobs" name="own" value=own />
        </search>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: &str, name: &str, state: JobState, is_own: bool) -> ListedJob {
        ListedJob {
            pbs_id: id.parse().unwrap(),
            name: name.to_owned(),
            owner: "ada".to_owned(),
            queue: "workq".to_owned(),
            state: Some(state),
            state_letter: "R".to_owned(),
            ncpus: None,
            nodect: None,
            walltime_seconds: None,
            used_walltime_seconds: None,
            queued_at: None,
            started_at: None,
            comment: Some("Not Running: no CPUs".to_owned()),
            hold_types: None,
            depend: None,
            estimated_start_at: None,
            array_states: None,
            is_own,
            job: None,
        }
    }

    fn filter(pairs: &[(&str, &str)]) -> Filter {
        Filter::read(|name| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn own_jobs_come_first_and_filters_hold_together() {
        let jobs = [
            job("1.pbs", "heat", JobState::Running, false),
            job("2.pbs", "relax", JobState::Queued, true),
            job("3.pbs", "heat2", JobState::Running, true),
        ];
        let check = |pairs: &[(&str, &str)], expected: &[usize]| {
            assert_eq!(filter(pairs).select(&jobs), expected, "{pairs:?}");
        };
        check(&[], &[1, 2, 0]);
        check(&[("state", "running")], &[2, 0]);
        check(&[("text", "HEAT workq")], &[2, 0]);
        check(&[("text", "no cpus 2.pbs")], &[1]);
        check(&[("own", "1"), ("state", "queued")], &[1]);
        check(&[("group", "state")], &[1, 2, 0]);
        check(&[("group", "owner")], &[1, 2, 0]);
    }

    #[test]
    fn the_address_is_read_and_written() {
        let address = "/queues?state=running&text=a%20b&own=1";
        assert_eq!(filter(&[("state", "running"), ("text", "a b"), ("own", "1")]).to_address(), address);
        assert_eq!(filter(&[("state", "gone")]).to_address(), "/queues");
        assert!(filter(&[("own", "1")]).leaves_out() && !filter(&[("text", " ")]).leaves_out());
    }
}
