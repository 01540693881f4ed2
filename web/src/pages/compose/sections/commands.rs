//! The commands, with those that were used with the application before.

use leptos::prelude::*;
use leptos::task::spawn_local;
use pbsweb_shared::api::applications::{CommandsPin, RecentCommands};
use pbsweb_shared::ids::ApplicationId;

use crate::client;
use crate::pages::compose::field::{DraftArea, slot};
use crate::pages::compose::form::Form;
use crate::pages::compose::lead::focus_control;
use crate::state::Notices;
use crate::ui::field::unique_id;
use crate::ui::{Button, For, LocalResource, Show, Time, depend_on, effect};

/// Most blocks that are offered, but for pinned ones.
const MOST: usize = 8;

/// The commands after a block was put in: alone if there were none, else below them.
fn with_block(commands: &str, block: &str) -> String {
    let commands = commands.trim_end();
    if commands.is_empty() { block.to_owned() } else { format!("{commands}\n{block}") }
}

/// The first lines of a block, for a list.
fn preview(block: &str) -> String {
    let mut lines = block.lines().map(str::trim).filter(|line| !line.is_empty());
    let shown: Vec<&str> = lines.by_ref().take(3).collect();
    let more = if lines.next().is_some() { "\n…" } else { "" };
    format!("{}{more}", shown.join("\n"))
}

/// How often a block was used, before "last" or "since" and a time.
fn uses(block: &RecentCommands, is_pinned: bool) -> String {
    let pinned = if is_pinned { "pinned, " } else { "" };
    match block.n_uses {
        0 => "pinned, not used lately, since ".to_owned(),
        1 => format!("{pinned}once, last "),
        n => format!("{pinned}{n} times, last "),
    }
}

/// Pinned ones, and the latest of the others.
fn offered(mut blocks: Vec<RecentCommands>) -> Vec<RecentCommands> {
    let mut n_others = 0;
    blocks.retain(|block| {
        n_others += usize::from(!block.is_pinned);
        block.is_pinned || n_others <= MOST
    });
    blocks
}

/// What is read: the blocks, and of which application they are.
type Known = LocalResource<Option<(ApplicationId, Vec<RecentCommands>)>>;

/// The section; it is always open.
#[component]
pub(in crate::pages::compose) fn Commands() -> impl IntoView {
    let form = Form::of_page();
    let known: Known = LocalResource::new(move || {
        let application = form.application.get();
        async move {
            // They are an offer; without them the editor is as good.
            let page = client::applications::list_recent_commands(application?).await.ok()?;
            Some((application?, offered(page.items)))
        }
    });
    // While another application's are on their way, those of the one before are not shown as its own.
    let blocks = Memo::new(move |_| {
        let known = known.get().flatten().filter(|(of, _)| Some(*of) == form.application.get());
        known.map(|(_, blocks)| blocks).unwrap_or_default()
    });
    view! {
        <DraftArea name="commands" value=slot!(form, commands) rows=10 />
        <Show when=move || !blocks.read().is_empty()>
            <details class="compose-words" open=untrack(|| blocks.read().iter().any(|block| block.is_pinned))>
                <summary>"Used with this application before"</summary>
                <ul class="recent-commands" aria-label="Commands used before">
                    <For each=move || blocks.get() key=|block| block.commands.clone() let:block>
                        <RecentBlock block=block blocks=blocks known=known />
                    </For>
                </ul>
            </details>
        </Show>
    }
}

#[component]
fn RecentBlock(block: RecentCommands, blocks: Memo<Vec<RecentCommands>>, known: Known) -> impl IntoView {
    let form = Form::of_page();
    let notices = Notices::of_page();
    let shown = preview(&block.commands);
    let first = shown.lines().next().unwrap_or_default().to_owned();
    let name = format!("Insert {first}");
    let commands = block.commands.clone();
    let insert = move |()| {
        form.edit("/commands", |draft| draft.commands = with_block(&draft.commands, &commands));
    };
    let commands = block.commands.clone();
    let is_pinned =
        Memo::new(move |_| blocks.read().iter().any(|block| block.is_pinned && block.commands == commands));
    let commands = block.commands.clone();
    let verb = move || if is_pinned.get() { "Unpin" } else { "Pin" };
    let id = StoredValue::new(unique_id("pin"));
    let is_pressed = StoredValue::new(false);
    // Its row has moved, which takes the focus away.
    effect(move || {
        depend_on(is_pinned);
        if is_pressed.get_value() {
            is_pressed.set_value(false);
            request_animation_frame(move || focus_control(&id.get_value()));
        }
    });
    let toggle = move |_| {
        let Some(application) = form.application.get_untracked() else { return };
        let pin = CommandsPin { commands: commands.clone() };
        let is_pinned = is_pinned.get_untracked();
        spawn_local(async move {
            match client::applications::pin_commands(application, &pin, !is_pinned).await {
                Ok(_) => {
                    is_pressed.try_set_value(true);
                    known.refetch();
                }
                Err(error) => notices.failed(error.field("/commands").unwrap_or_else(|| error.message())),
            }
        });
    };
    let at = block.last_used_at;
    view! {
        <li class="recent-block">
            <pre><code>{shown}</code></pre>
            <span class="muted">{move || uses(&block, is_pinned.get())}<Time at=at /></span>
            <div class="row">
                <button
                    type="button"
                    class="button"
                    data-kind="quiet"
                    id=id.get_value()
                    aria-label=move || format!("{} {first}", verb())
                    on:click=toggle
                >
                    {verb}
                </button>
                <Button label=name on_press=insert>"Insert"</Button>
            </div>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_put_below_what_is_there() {
        assert_eq!(with_block("", "make run"), "make run");
        assert_eq!(with_block("module load mpi\n\n", "make run"), "module load mpi\nmake run");
    }

    #[test]
    fn all_that_are_pinned_are_offered_and_the_latest_others() {
        let block = |is_pinned, n_uses| RecentCommands {
            commands: "make".to_owned(),
            last_used_at: chrono::DateTime::UNIX_EPOCH,
            n_uses,
            is_pinned,
        };
        let all = [vec![block(true, 0); 12], vec![block(false, 1); 12]].concat();
        assert_eq!(offered(all).len(), 12 + MOST);
        assert_eq!(uses(&block(true, 2), true), "pinned, 2 times, last ");
        assert_eq!(uses(&block(false, 1), false), "once, last ");
    }

    #[test]
    fn a_long_block_is_cut() {
        assert_eq!(preview("a\n\nb\n"), "a\nb");
        assert_eq!(preview("a\nb\nc\nd"), "a\nb\nc\n…");
    }
}
