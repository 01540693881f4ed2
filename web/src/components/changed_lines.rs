//! The lines that are different between two scripts, and in them the words.

use leptos::prelude::*;
use pbsweb_shared::script::{LineChange, LinePart};

/// The lines, those that are gone before those that came in their place.
#[component]
pub(crate) fn ChangedLines(
    /// What is different.
    lines: Vec<LineChange>,
) -> impl IntoView {
    view! {
        <pre class="changed-lines" tabindex="0" role="group" aria-label="The changed lines">
            {lines
                .into_iter()
                .map(|change| {
                    let number = format!("{}{:>5}  ", if change.is_new { '+' } else { '-' }, change.number);
                    changed_line(number, change)
                })
                .collect_view()}
        </pre>
    }
}

/// One line, after what is to stand before it.
pub(crate) fn changed_line(number: String, change: LineChange) -> AnyView {
    let words = if change.parts.is_empty() { change.text.clone().into_any() } else { parts(change.parts) };
    // The elements say to screen readers what the colour says.
    if change.is_new {
        view! { <ins class="changed-line">{number}{words}</ins> }.into_any()
    } else {
        view! { <del class="changed-line">{number}{words}</del> }.into_any()
    }
}

fn parts(parts: Vec<LinePart>) -> AnyView {
    let mark = |part: LinePart| {
        if part.is_changed { view! { <mark>{part.text}</mark> }.into_any() } else { part.text.into_any() }
    };
    parts.into_iter().map(mark).collect_view().into_any()
}
