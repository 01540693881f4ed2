//! The queue: buttons with their limits while there are few, a menu when there are many.

use leptos::prelude::*;
use pbsweb_shared::host::Queue;
use pbsweb_shared::script::directive;

use crate::pages::compose::field::{GroupFindings, slot};
use crate::pages::compose::findings::control_id;
use crate::pages::compose::form::Form;
use crate::ui::{Choice, For, SelectField, TextField, field::unique_id, format};

/// More queues than this are a menu.
const MOST_BUTTONS: usize = 4;

const POINTER: &str = "/queue";

/// What a queue allows, in words.
fn limits(queue: &Queue) -> String {
    let mut parts = Vec::new();
    if let Some(seconds) = queue.max_walltime_seconds {
        parts.push(format!("up to {}", format::walltime(i64::try_from(seconds).unwrap_or(i64::MAX))));
    }
    match (queue.min_ncpus, queue.max_ncpus) {
        (Some(min), Some(max)) => parts.push(format!("{min} to {max} processors")),
        (None, Some(1)) => parts.push("one processor".to_owned()),
        (None, Some(max)) => parts.push(format!("up to {max} processors")),
        (Some(min), None) => parts.push(format!("{min} processors or more")),
        (None, None) => {}
    }
    if parts.is_empty() { "no limits known".to_owned() } else { parts.join(", ") }
}

/// How busy it is, and whether it takes jobs at all.
fn load(queue: &Queue) -> String {
    match (queue.is_enabled, queue.is_started) {
        (false, _) => "takes no jobs now".to_owned(),
        (true, false) => format!("does not run jobs now, {} waiting", queue.n_queued),
        (true, true) => format!("{} running, {} waiting", queue.n_running, queue.n_queued),
    }
}

/// The queues to offer, and the default one's name.
fn offered(queues: &[Queue]) -> (Vec<Queue>, Option<String>) {
    let offered = queues.iter().filter(|queue| queue.is_offered).cloned().collect();
    let default = queues.iter().find(|queue| queue.is_default).map(|queue| queue.name.clone());
    (offered, default)
}

/// The text for leaving it to the host.
fn default_label(default: Option<&str>) -> String {
    default.map_or_else(
        || "The host's default".to_owned(),
        |name| format!("The host's default, which is {name}"),
    )
}

/// The field.
#[component]
pub(super) fn QueueChoice() -> impl IntoView {
    let form = Form::of_page();
    let known = Memo::new(move |_| {
        form.queues
            .read()
            .as_ref()
            .map(|known| offered(&known.queues))
            .filter(|(offered, _)| !offered.is_empty())
    });
    let kind = Memo::new(move |_| known.read().as_ref().map(|(offered, _)| offered.len() <= MOST_BUTTONS));
    move || match kind.get() {
        Some(true) => {
            view! { <QueueButtons known=Signal::derive(move || known.get().unwrap_or_default()) /> }
                .into_any()
        }
        Some(false) => {
            view! { <QueueMenu known=Signal::derive(move || known.get().unwrap_or_default()) /> }.into_any()
        }
        None => {
            let help = Signal::derive(move || match form.queues_error.get() {
                Some(error) => Some(format!("The queues of the host are not known. {}", error.message())),
                None => Some(directive::help("queue").to_owned()),
            });
            view! {
                <TextField
                    id=control_id(POINTER)
                    label=directive::label("queue")
                    name="queue"
                    value=slot!(form, queue)
                    is_code=true
                    help=help
                    note=form.note_at(POINTER.to_owned())
                    error=form.error_at(POINTER.to_owned())
                />
            }
            .into_any()
        }
    }
}

type Known = (Vec<Queue>, Option<String>);

#[component]
fn QueueMenu(known: Signal<Known>) -> impl IntoView {
    let form = Form::of_page();
    let choices = Signal::derive(move || {
        let (queues, default) = known.get();
        let mut choices = vec![Choice::new("", default_label(default.as_deref()))];
        choices.extend(queues.iter().map(|queue| {
            Choice::new(queue.name.clone(), format!("{}: {}; {}", queue.name, limits(queue), load(queue)))
        }));
        choices
    });
    view! {
        <SelectField
            id=control_id(POINTER)
            label=directive::label("queue")
            name="queue"
            value=slot!(form, queue)
            choices=choices
            help=directive::help("queue")
            note=form.note_at(POINTER.to_owned())
            error=form.error_at(POINTER.to_owned())
        />
    }
}

#[component]
fn QueueButtons(known: Signal<Known>) -> impl IntoView {
    let form = Form::of_page();
    let value = slot!(form, queue);
    let group = StoredValue::new(unique_id("queue"));
    // The names change seldom, the counts often: a button stays while its counts change.
    let names = Memo::new(move |_| {
        let mut names = vec![String::new()];
        names.extend(known.read().0.iter().map(|queue| queue.name.clone()));
        let current = value.get();
        if !names.contains(&current) {
            names.push(current);
        }
        names
    });
    let detail = move |name: &str| {
        let known = known.read();
        match known.0.iter().find(|queue| queue.name == name) {
            Some(queue) => format!("{}; {}", limits(queue), load(queue)),
            None if name.is_empty() => String::new(),
            None => "not offered on this host".to_owned(),
        }
    };
    let help_id = format!("{}-help", control_id(POINTER));
    let described_by = format!("{}-findings {help_id}", control_id(POINTER));
    view! {
        <fieldset
            class="choice-cards"
            id=control_id(POINTER)
            tabindex="-1"
            aria-describedby=described_by
        >
            <legend class="field-label">{directive::label("queue")}</legend>
            <div class="choice-cards-list">
                <For each=move || names.get() key=Clone::clone let:name>
                    {
                        let stored = name.clone();
                        let shown = name.clone();
                        let about = name.clone();
                        let title = name.clone();
                        view! {
                            <label class="choice-card">
                                <input
                                    type="radio"
                                    name=group.get_value()
                                    value=name
                                    prop:checked=move || value.get() == shown
                                    on:change=move |_| value.set(stored.clone())
                                />
                                <span class="choice-card-title">
                                    {move || {
                                        if title.is_empty() {
                                            default_label(known.read().1.as_deref())
                                        } else {
                                            title.clone()
                                        }
                                    }}
                                </span>
                                <span class="choice-card-detail">{move || detail(&about)}</span>
                            </label>
                        }
                    }
                </For>
            </div>
            <GroupFindings pointer=POINTER />
            <p class="field-help" id=help_id>{directive::help("queue")}</p>
        </fieldset>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue {
        Queue {
            name: "workq".to_owned(),
            is_enabled: true,
            is_started: true,
            is_default: true,
            is_offered: true,
            n_queued: 12,
            n_running: 3,
            max_walltime_seconds: Some(86_400),
            default_walltime_seconds: None,
            max_ncpus: Some(64),
            min_ncpus: None,
            limits: Vec::new(),
        }
    }

    #[test]
    fn a_queue_says_what_it_allows_and_how_busy_it_is() {
        assert_eq!(limits(&queue()), "up to 24:00:00, up to 64 processors");
        assert_eq!(load(&queue()), "3 running, 12 waiting");
        let closed = Queue { is_enabled: false, max_walltime_seconds: None, max_ncpus: None, ..queue() };
        assert_eq!(
            (limits(&closed).as_str(), load(&closed).as_str()),
            ("no limits known", "takes no jobs now")
        );
    }

    #[test]
    fn only_offered_queues_are_offered_and_the_default_is_named() {
        let hidden = Queue { name: "x".to_owned(), is_offered: false, is_default: false, ..queue() };
        let (names, default) = offered(&[hidden, queue()]);
        assert_eq!((names.len(), default.as_deref()), (1, Some("workq")));
    }
}
