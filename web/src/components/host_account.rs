//! One's own account on a host: the login name, the check, and what it found.

use leptos::prelude::*;
use leptos::web_sys::SubmitEvent;
use pbsweb_shared::api::hosts::{Host, HostAccountPut};
use pbsweb_shared::ids::HostId;
use pbsweb_shared::names::LoginName;

use super::{CheckFindings, HostStatusBadge};
use crate::client;
use crate::state::{Hosts, Notices};
use crate::ui::{
    Badge, Button, ButtonKind, ConfirmDialog, EmptyState, ProblemBox, Shape, Spinner, TextField, Tone,
    action_error, field_error, first_error, focus_first_error,
};

/// One's accounts on all enabled hosts, in short.
#[component]
pub(crate) fn HostAccounts() -> impl IntoView {
    let hosts = Hosts::of_page();
    let ids = Memo::new(move |_| {
        hosts.answer().map(|answer| {
            answer.map(|hosts| {
                hosts.iter().filter(|host| host.is_enabled).map(|host| host.id).collect::<Vec<_>>()
            })
        })
    });
    move || match ids.get() {
        None => view! { <Spinner what="Loading hosts" /> }.into_any(),
        Some(Err(error)) => {
            view! { <ProblemBox error=error retry=Callback::new(move |()| hosts.reload()) /> }.into_any()
        }
        Some(Ok(ids)) if ids.is_empty() => view! {
            <EmptyState title="No hosts yet">
                <p>"An administrator adds hosts. You will find them under Hosts."</p>
            </EmptyState>
        }
        .into_any(),
        Some(Ok(ids)) => {
            let items = ids
                .into_iter()
                .map(|id| {
                    let status = Signal::derive(move || {
                        hosts
                            .get(id)
                            .map_or(pbsweb_shared::host::HostStatus::Unknown, |host| host.health.status)
                    });
                    view! {
                        <li class="host-account-item">
                            <h3 class="row">{move || hosts.name(id)} <HostStatusBadge status=status /></h3>
                            <HostAccountForm host=id />
                        </li>
                    }
                })
                .collect_view();
            view! { <ul class="host-account-list">{items}</ul> }.into_any()
        }
    }
}

/// Whether the account can be used, in a word.
#[component]
pub(crate) fn AccountBadge(
    /// The host.
    #[prop(into)]
    host: Signal<Option<Host>>,
) -> impl IntoView {
    let look = move || match host.get().and_then(|host| host.account) {
        None => (Tone::Neutral, Shape::Ring, "No account set"),
        Some(account) if account.is_usable => (Tone::Good, Shape::Check, "Account checked"),
        Some(account) if account.check.is_some() => (Tone::Bad, Shape::Cross, "Check failed"),
        Some(_) => (Tone::Warning, Shape::Question, "Not checked yet"),
    };
    view! {
        <Badge
            tone=Signal::derive(move || look().0)
            shape=Signal::derive(move || look().1)
            text=Signal::derive(move || look().2.to_owned())
        />
    }
}

/// What the login-name field says before anything is sent.
fn login_error(login: &str) -> Option<String> {
    login.trim().parse::<LoginName>().err().map(|error| format!("The login name {error}."))
}

/// The login name on one host, with Check and Forget.
#[component]
pub(crate) fn HostAccountForm(
    /// The host.
    host: HostId,
) -> impl IntoView {
    let hosts = Hosts::of_page();
    let notices = Notices::of_page();
    let account = Memo::new(move |_| hosts.get(host).and_then(|host| host.account));
    let stored =
        Memo::new(move |_| account.get().map(|account| account.login.to_string()).unwrap_or_default());
    let typed = RwSignal::new(None::<String>);
    // What is typed stays as it is, also when the stored name arrives late.
    let login = crate::ui::Bind::new(
        move || typed.get().unwrap_or_else(|| stored.get()),
        move |text| typed.set(Some(text)),
    );
    let is_tried = RwSignal::new(false);
    let here = Signal::derive(move || if is_tried.get() { login_error(&login.get()) } else { None });
    let check = Action::new_local(move |login: &String| {
        let login = login.clone();
        async move {
            if stored.get_untracked() != login {
                client::hosts::put_host_account(host, &HostAccountPut { login }).await?;
            }
            let report = client::hosts::check_host(host).await;
            // Failed or not, what the server now knows of the account is newer than what is shown.
            hosts.put(client::hosts::get_host(host).await?);
            typed.set(None);
            report
        }
    });
    let is_asking = RwSignal::new(false);
    let forget = Action::new_local(move |(): &()| async move {
        client::hosts::delete_host_account(host).await?;
        hosts.put(client::hosts::get_host(host).await?);
        typed.set(None);
        is_tried.set(false);
        is_asking.set(false);
        notices.done("Your login name on this host was forgotten.");
        Ok(())
    });
    let error = action_error(check);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        is_tried.set(true);
        let login = login.get().trim().to_owned();
        if login_error(&login).is_some() {
            focus_first_error(&event);
        } else if !check.pending().get() {
            check.dispatch(login);
        }
    };
    let report = move || match check.value().get() {
        Some(Ok(fresh)) => Some((fresh, true)),
        Some(Err(_)) | None => account.get().and_then(|account| account.check).map(|stored| (stored, false)),
    };
    view! {
        <div class="host-account">
            <form class="host-account-form" on:submit=submit novalidate=true>
                <TextField
                    label="Your login name there"
                    name="login"
                    value=login
                    is_code=true
                    autocomplete="off"
                    error=first_error(here, field_error(error, "/login"))
                />
                <div class="form-actions">
                    <Button kind=ButtonKind::Secondary kind_of_action="submit" busy=check.pending()>
                        {move || {
                            match (check.pending().get(), stored.get() == login.get().trim()) {
                                (true, _) => "Checking…",
                                (false, true) => "Check",
                                (false, false) => "Save and check",
                            }
                        }}
                    </Button>
                    <Show when=move || account.read().is_some()>
                        <Button kind=ButtonKind::Quiet on_press=move |()| is_asking.set(true)>"Forget"</Button>
                    </Show>
                </div>
            </form>
            <div aria-live="polite" class="live-region">
                {move || error.get().map(|error| view! { <ProblemBox error=error has_fields=true /> })}
                {move || {
                    (!check.pending().get()).then(report).flatten().map(|(report, is_fresh)| view! { <CheckFindings report=report is_fresh=is_fresh /> })
                }}
            </div>
            <ConfirmDialog
                open=is_asking
                title="Forget your login name?"
                text=Signal::derive(move || {
                    format!(
                        "PBSWeb will no longer connect to {} as {}. Jobs that run there go on, but are not watched any more. Your key stays in the host's authorized_keys until you remove it.",
                        hosts.name(host),
                        stored.get(),
                    )
                })
                action="Forget"
                busy=forget.pending()
                error=action_error(forget)
                on_confirm=move |()| {
                    forget.dispatch(());
                }
            />
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_name_is_checked_before_it_is_sent() {
        assert_eq!(login_error(" alice "), None);
        assert!(login_error("-rf").unwrap().starts_with("The login name needs"));
    }
}
