//! The commands, with those that were used with the application before.

use leptos::prelude::*;
use pbsweb_shared::api::applications::RecentCommands;

use crate::client;
use crate::pages::compose::field::{DraftArea, slot};
use crate::pages::compose::form::Form;
use crate::ui::{Button, Time};

/// Most blocks that are offered.
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

/// The section; it is always open.
#[component]
pub(in crate::pages::compose) fn Commands() -> impl IntoView {
    let form = Form::of_page();
    let recent = LocalResource::new(move || {
        let application = form.application.get();
        async move {
            match application {
                // They are an offer; without them the editor is as good.
                Some(application) => client::applications::list_recent_commands(application)
                    .await
                    .map(|page| page.items)
                    .unwrap_or_default(),
                None => Vec::new(),
            }
        }
    });
    let blocks = Memo::new(move |_| recent.get().unwrap_or_default());
    view! {
        <DraftArea name="commands" value=slot!(form, commands) rows=10 />
        <Show when=move || !blocks.read().is_empty()>
            <details class="compose-words">
                <summary>"Used with this application before"</summary>
                <ul class="recent-commands">
                    {move || {
                        blocks.get().into_iter().take(MOST).map(|block| view! { <RecentBlock block=block /> }).collect_view()
                    }}
                </ul>
            </details>
        </Show>
    }
}

#[component]
fn RecentBlock(block: RecentCommands) -> impl IntoView {
    let form = Form::of_page();
    let shown = preview(&block.commands);
    let name = format!("Insert {}", shown.lines().next().unwrap_or_default());
    let times = if block.n_uses == 1 { "once".to_owned() } else { format!("{} times", block.n_uses) };
    let insert = move |()| {
        form.edit("/commands", |draft| draft.commands = with_block(&draft.commands, &block.commands));
    };
    view! {
        <li class="recent-block">
            <pre><code>{shown}</code></pre>
            <span class="muted">{times}", last "<Time at=block.last_used_at /></span>
            <Button label=name on_press=insert>"Insert"</Button>
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
    fn a_long_block_is_cut() {
        assert_eq!(preview("a\n\nb\n"), "a\nb");
        assert_eq!(preview("a\nb\nc\nd"), "a\nb\nc\n…");
    }
}
