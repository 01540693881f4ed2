//! Mail about the job.

use leptos::prelude::*;
use pbsweb_shared::script::directive;

use super::section::{Section, n_given};
use crate::pages::compose::field::{DraftField, GroupFindings, slot};
use crate::pages::compose::findings::control_id;
use crate::pages::compose::form::Form;
use crate::ui::{Bind, Checkbox};

const FIELDS: &[&str] = &["mail_users", "mail_events"];

/// The letters of `-m`, in the order in which they are written.
const LETTERS: [(char, &str); 4] =
    [('a', "it is aborted"), ('b', "it begins"), ('e', "it ends"), ('j', "also for each subjob of an array")];

/// Adds or takes away a letter of `-m`. Never (`n`) stands alone.
fn with_event(events: &str, letter: char, is_wanted: bool) -> String {
    match (letter, is_wanted) {
        ('n', true) => "n".to_owned(),
        ('n', false) => events.replace('n', ""),
        _ => LETTERS
            .into_iter()
            .map(|(known, _)| known)
            .filter(|known| if *known == letter { is_wanted } else { events.contains(*known) })
            .collect(),
    }
}

/// The section.
#[component]
pub(in crate::pages::compose) fn Mail() -> impl IntoView {
    let form = Form::of_page();
    let event = move |letter: char| -> Bind<bool> {
        form.bind(
            "/mail_events".to_owned(),
            move |draft| draft.mail_events.contains(letter),
            move |draft, is_wanted| draft.mail_events = with_event(&draft.mail_events, letter, is_wanted),
        )
    };
    view! {
        <Section title="Mail" fields=FIELDS n_set=|draft| n_given(&[&draft.mail_users, &draft.mail_events])>
            <DraftField name="mail_users" value=slot!(form, mail_users) />
            <fieldset class="radio-group" id=control_id("/mail_events") tabindex="-1">
                <legend class="field-label">"Send mail when"</legend>
                <div class="radio-group-choices">
                    {LETTERS
                        .into_iter()
                        .map(|(letter, label)| view! { <Checkbox label=label name="mail_events" value=event(letter) /> })
                        .collect_view()}
                    <Checkbox label="never, not even when it is aborted" name="mail_events" value=event('n') />
                </div>
                <GroupFindings pointer="/mail_events" />
                <p class="field-help">{directive::help("mail_events")}</p>
            </fieldset>
        </Section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_keep_their_order_and_never_stands_alone() {
        assert_eq!(with_event("e", 'a', true), "ae");
        assert_eq!(with_event("abej", 'b', false), "aej");
        assert_eq!(with_event("ae", 'n', true), "n");
        assert_eq!(with_event("n", 'n', false), "");
        assert_eq!(with_event("n", 'e', true), "e");
    }
}
