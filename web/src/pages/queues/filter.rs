//! Which of the listed jobs are shown, and in which order, as the address says.

use leptos::prelude::*;
use pbsweb_shared::api::hosts::{HostJobsQuery, ListedGroup, ListedOrder};
use pbsweb_shared::ids::HostId;
use pbsweb_shared::job::JobState;

use crate::components::job_state_label;
use crate::paths;
use crate::state::Hosts;
use crate::ui::{Bind, Checkbox, Choice, SelectField, TextField, Typed};

/// The states that a scheduler lists.
const LISTED: [JobState; 6] = [
    JobState::Queued,
    JobState::Held,
    JobState::Waiting,
    JobState::Running,
    JobState::Suspended,
    JobState::Exiting,
];

const GROUPS: [(ListedGroup, &str); 3] =
    [(ListedGroup::Owner, "By owner"), (ListedGroup::Queue, "By queue"), (ListedGroup::State, "By state")];

/// The orders, and what each is called from its beginning and from its end.
const ORDERS: [(ListedOrder, &str, &str); 6] = [
    (ListedOrder::Id, "Job id", "Job id, highest first"),
    (ListedOrder::Name, "Name", "Name, from the end"),
    (ListedOrder::Owner, "Owner", "Owner, from the end"),
    (ListedOrder::Queue, "Queue", "Queue, from the end"),
    (ListedOrder::State, "State", "State, from the end"),
    (ListedOrder::Since, "Oldest first", "Newest first"),
];

/// The filter and the order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Filter {
    /// Of this host only.
    pub(super) host: Option<HostId>,
    state: Option<JobState>,
    text: String,
    is_own: bool,
    /// By what the rows stand together.
    pub(super) group: Option<ListedGroup>,
    /// Own jobs come first when absent.
    order: Option<ListedOrder>,
    is_descending: bool,
}

impl Filter {
    /// From the address; what is no filter there is none.
    pub(super) fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let order = get("order").unwrap_or_default();
        let (word, is_descending) =
            order.strip_prefix('-').map_or((order.as_str(), false), |word| (word, true));
        let order = word.parse().ok().filter(|order| ORDERS.iter().any(|(known, _, _)| known == order));
        Self {
            host: get("host").and_then(|id| id.parse().ok()),
            state: get("state").and_then(|word| word.parse().ok()),
            text: get("text").unwrap_or_default(),
            is_own: get("own").as_deref() == Some("1"),
            group: get("group").and_then(|word| word.parse().ok()),
            order,
            is_descending: is_descending && order.is_some(),
        }
    }

    /// The page with this filter.
    pub(super) fn to_address(&self) -> String {
        let fields = [
            ("host", self.host.map(|id| id.to_string())),
            ("state", self.state.map(|state| state.to_string())),
            ("text", Some(self.text.clone())),
            ("own", self.is_own.then(|| "1".to_owned())),
            ("group", self.group.map(|group| group.to_string())),
            ("order", Some(self.order_word())),
        ];
        paths::with_query(paths::QUEUES, &fields)
    }

    /// For the server.
    pub(super) fn to_query(&self) -> HostJobsQuery {
        HostJobsQuery {
            own: self.is_own,
            state: self.state,
            text: Some(self.text.trim().to_owned()).filter(|text| !text.is_empty()),
            order: Some(self.order.unwrap_or(ListedOrder::Own)),
            descending: self.is_descending,
            group: self.group,
            offset: None,
            limit: None,
        }
    }

    /// The word of the order; empty for own jobs first.
    fn order_word(&self) -> String {
        let word = self.order.map_or("", ListedOrder::as_str);
        if self.is_descending { format!("-{word}") } else { word.to_owned() }
    }

    /// How a column is in order, for `aria-sort`.
    pub(super) fn sorted(&self, order: ListedOrder) -> Option<&'static str> {
        (self.order == Some(order)).then_some(if self.is_descending { "descending" } else { "ascending" })
    }

    /// In this order; if it is in it already, from the other end.
    pub(super) fn in_order(&self, order: ListedOrder) -> Self {
        let is_descending = self.order == Some(order) && !self.is_descending;
        Self { order: Some(order), is_descending, ..self.clone() }
    }
}

/// The fields. The text takes effect when typing pauses.
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
    let text = Typed::new().bind(
        move || filter.read().text.clone(),
        move |text| on_change.run(Filter { text, ..filter.get_untracked() }),
    );
    let order = Bind::new(
        move || filter.read().order_word(),
        move |word: String| {
            let read = Filter::read(|name| (name == "order").then(|| word.clone()));
            let (order, is_descending) = (read.order, read.is_descending);
            on_change.run(Filter { order, is_descending, ..filter.get_untracked() });
        },
    );
    let group = Bind::new(
        move || filter.read().group.map_or("", ListedGroup::as_str).to_owned(),
        move |word: String| on_change.run(Filter { group: word.parse().ok(), ..filter.get_untracked() }),
    );
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
    let mut group_choices = vec![Choice::new("", "Not grouped")];
    group_choices.extend(GROUPS.iter().map(|(group, label)| Choice::new(group.as_str(), *label)));
    let mut order_choices = vec![Choice::new("", "Own jobs first")];
    for (order, label, reversed) in ORDERS {
        order_choices.push(Choice::new(order.as_str(), label));
        order_choices.push(Choice::new(format!("-{order}"), reversed));
    }
    view! {
        <search class="filter-bar queue-filter">
            <TextField
                label="Search"
                name="text"
                input_type="search"
                value=text
                placeholder="name, owner, queue, id or comment"
            />
            <Checkbox label="Only my jobs" name="own" value=own />
            <SelectField label="State" name="state" value=state choices=state_choices />
            <SelectField label="Host" name="host" value=host choices=host_choices />
            <SelectField label="Order" name="order" value=order choices=order_choices />
            <SelectField label="Group" name="group" value=group choices=group_choices />
        </search>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(pairs: &[(&str, &str)]) -> Filter {
        Filter::read(|name| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_address_is_read_and_written() {
        let address = "/queues?state=running&text=a%20b&own=1&group=owner&order=-since";
        let pairs =
            [("state", "running"), ("text", "a b"), ("own", "1"), ("group", "owner"), ("order", "-since")];
        assert_eq!(filter(&pairs).to_address(), address);
        for wrong in
            [("state", "gone"), ("order", "-"), ("order", "-own"), ("order", "age"), ("group", "age")]
        {
            assert_eq!(filter(&[wrong]).to_address(), "/queues", "{wrong:?}");
        }
    }

    #[test]
    fn own_jobs_come_first_unless_another_order_is_wanted() {
        assert_eq!(filter(&[]).to_query().order, Some(ListedOrder::Own));
        let by_name = filter(&[]).in_order(ListedOrder::Name);
        assert_eq!(
            (by_name.sorted(ListedOrder::Name), by_name.sorted(ListedOrder::Id)),
            (Some("ascending"), None)
        );
        assert_eq!(by_name.in_order(ListedOrder::Name).sorted(ListedOrder::Name), Some("descending"));
        assert_eq!(by_name.in_order(ListedOrder::Id).to_address(), "/queues?order=id");
    }
}
