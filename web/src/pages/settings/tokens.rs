//! API tokens for programs: make, see once, revoke.

use leptos::prelude::*;
use leptos_router::components::A;
use pbsweb_shared::api::me::TokenCreate;
use pbsweb_shared::api::sessions::Session;

use crate::state::Notices;
use crate::ui::{
    Action, Button, ButtonKind, CodeBlock, Columns, ConfirmDialog, EmptyState, Form, Load, LocalResource,
    Panel, Table, TextField, Time, action_error, field_error, first_error,
};
use crate::{client, paths};

/// The days a token lasts, as typed.
fn parse_days(text: &str) -> Result<u32, String> {
    match text.trim().parse() {
        Ok(days) if (1..=365).contains(&days) => Ok(days),
        Ok(_) | Err(_) => Err("A whole number of days from 1 to 365.".to_owned()),
    }
}

/// The tab.
#[component]
pub(super) fn TokensTab() -> impl IntoView {
    let notices = Notices::of_page();
    let tokens = LocalResource::new(client::me::list_tokens);
    let made = RwSignal::new(None::<String>);
    let to_revoke = RwSignal::new(None::<Session>);
    let is_asking = RwSignal::new(false);
    let revoke = Action::new_local(move |session: &Session| {
        let id = session.id;
        async move {
            client::sessions::delete_session(id).await?;
            tokens.refetch();
            is_asking.set(false);
            notices.done("The token was revoked; it is refused from now on.");
            Ok(())
        }
    });
    let name_of = |session: &Session| session.name.clone().unwrap_or_else(|| "without a name".to_owned());
    view! {
        <Panel
            title="API tokens"
            lead="For programs: each acts as you, and everything it does is recorded with its name."
            actions=|| view! { <A href=paths::API_DOCS attr:rel="external">"API documentation"</A> }
        >
            <Load resource=tokens what="tokens" let:page>
                {if page.items.is_empty() {
                    view! { <EmptyState title="No tokens" /> }.into_any()
                } else {
                    let rows = page
                        .items
                        .into_iter()
                        .map(|session| {
                            let name = name_of(&session);
                            let label = format!("Revoke the token {name}");
                            view! {
                                <tr>
                                    <th scope="row" data-label="Name">{name}</th>
                                    <td data-label="Made"><Time at=session.created_at /></td>
                                    <td data-label="Last used"><Time at=session.last_used_at /></td>
                                    <td data-label="Ends"><Time at=session.expires_at is_absolute=true /></td>
                                    <td>
                                        <div class="table-actions">
                                            <Button
                                                kind=ButtonKind::Danger
                                                label=label
                                                on_press=move |()| {
                                                    to_revoke.set(Some(session.clone()));
                                                    is_asking.set(true);
                                                }
                                            >
                                                "Revoke"
                                            </Button>
                                        </div>
                                    </td>
                                </tr>
                            }
                        })
                        .collect_view();
                    view! {
                        <Table caption="Your API tokens" stacks=true>
                            <Columns names=["Name", "Made", "Last used", "Ends", ""] />
                            <tbody>{rows}</tbody>
                        </Table>
                    }
                        .into_any()
                }}
            </Load>
        </Panel>
        <Panel title="Make a token">
            <div aria-live="polite" class="live-region">
                {move || {
                    made.get()
                        .map(|token| {
                            view! {
                                <div class="stack">
                                    <p>
                                        <strong>"Copy the token now: it is shown this once."</strong>
                                        " Send it in the header "<code>"Authorization: Bearer …"</code>"."
                                    </p>
                                    <CodeBlock text=token what="the token" wraps=true />
                                </div>
                            }
                        })
                }}
            </div>
            <TokenForm
                on_made=move |token| {
                    made.set(Some(token));
                    tokens.refetch();
                }
            />
        </Panel>
        <ConfirmDialog
            open=is_asking
            title="Revoke the token?"
            text=Signal::derive(move || {
                let name = to_revoke.get().map(|session| name_of(&session)).unwrap_or_default();
                format!("Programs that use the token {name} are refused at once. This cannot be undone.")
            })
            action="Revoke"
            busy=revoke.pending()
            error=action_error(revoke)
            on_confirm=move |()| {
                if let Some(session) = to_revoke.get_untracked() {
                    revoke.dispatch(session);
                }
            }
        />
    }
}

#[component]
fn TokenForm(#[prop(into)] on_made: Callback<String>) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let days = RwSignal::new("90".to_owned());
    let is_tried = RwSignal::new(false);
    let create = Action::new_local(move |token: &TokenCreate| {
        let token = token.clone();
        async move {
            let created = client::me::create_token(&token).await?;
            name.set(String::new());
            is_tried.set(false);
            on_made.run(created.token);
            Ok(())
        }
    });
    let error = action_error(create);
    let name_error = Signal::derive(move || {
        (is_tried.get() && name.read().trim().is_empty()).then(|| "Say what the token is for.".to_owned())
    });
    let days_error =
        Signal::derive(move || if is_tried.get() { parse_days(&days.read()).err() } else { None });
    let submit = move |()| {
        is_tried.set(true);
        let name = name.get().trim().to_owned();
        match parse_days(&days.get()) {
            Ok(expires_in_days) if !name.is_empty() => {
                create.dispatch(TokenCreate { name, expires_in_days });
                true
            }
            Ok(_) | Err(_) => false,
        }
    };
    view! {
        <Form action="Make a token" busy=create.pending() error=error on_submit=submit>
            <div class="field-grid">
                <TextField
                    label="What it is for"
                    name="token_name"
                    value=name
                    placeholder="ci"
                    error=first_error(name_error, field_error(error, "/name"))
                />
                <TextField
                    label="Days until it ends"
                    name="expires_in_days"
                    value=days
                    input_type="number"
                    error=first_error(days_error, field_error(error, "/expires_in_days"))
                />
            </div>
        </Form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_a_number_in_range() {
        assert_eq!(parse_days(" 90 "), Ok(90));
        for text in ["", "0", "366", "1.5", "ten"] {
            assert!(parse_days(text).is_err(), "{text}");
        }
    }
}
