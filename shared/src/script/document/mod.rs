//! A script as its author wrote it, changed in as few places as can be.
//!
//! A [`JobScriptDraft`] that was read from a text carries the text. Here the two are brought together again: [`apply`] gives the
//! text that says what the fields say. What nobody changed stays to the byte, a changed field changes its own line, and what is
//! new comes behind the last directive. [`to_send`] puts right, for the way to a host, what PBS would not take.

mod edit;

use super::draft::JobScriptDraft;
use super::parse::{Reading, rewrap, unwrap};
use super::render::{normal_fields, prefix_of, render_fields};
use edit::Edit;

/// The text of a draft that has one, with its fields brought into it.
pub(crate) fn apply(draft: &JobScriptDraft) -> String {
    let plain = unwrap(&draft.text);
    let reading = Reading::of(&plain, prefix_of(draft));
    if reading.says(draft) {
        return draft.text.clone();
    }
    let wanted = normal_fields(draft);
    match changed(&reading, &wanted, false) {
        Some(edited) => rewrap(edited, &draft.text),
        None => draft.text.clone(),
    }
}

/// The text that goes to a host, and where in it the part that is run begins. It has the line ends of Unix and no byte order
/// mark, names its interpreter, holds no comment behind a directive, and says in PBS's words what was said in Torque's.
pub(crate) fn to_send(draft: &JobScriptDraft) -> (String, usize) {
    let plain = unwrap(&draft.text);
    let wanted = normal_fields(draft);
    let prefix = prefix_of(draft);
    let edited = changed(&Reading::of(&plain, prefix), &wanted, true);
    let mut text = edited.unwrap_or_else(|| plain.into_owned());
    let mut begin = Reading::of(&text, prefix).header.end;
    // The last directive may be the end of the text.
    if text.get(..begin).is_some_and(|head| !head.is_empty() && !head.ends_with('\n')) {
        text.insert(begin, '\n');
        begin += 1;
    }
    (text, begin)
}

/// The text with the wanted fields; `None` if it says them already.
fn changed(reading: &Reading<'_>, wanted: &JobScriptDraft, is_sent: bool) -> Option<String> {
    let prefix = reading.prefix;
    let edited = Edit::new(reading, is_sent, false).make(wanted)?;
    if says(&edited, prefix, wanted) {
        return Some(edited);
    }
    // Commands that begin with a change of folder are told from the script's own by that standing before them.
    if let Some(edited) =
        Edit::new(reading, is_sent, true).make(wanted).filter(|text| says(text, prefix, wanted))
    {
        return Some(edited);
    }
    // Rather the fields than the layout. (What neither can say, such as a line end in a name, leaves the layout.)
    let rendered = render_fields(wanted);
    Some(if says(&rendered, prefix, wanted) { rendered } else { edited })
}

fn says(text: &str, prefix: &str, wanted: &JobScriptDraft) -> bool {
    normal_fields(&Reading::of(text, prefix).draft) == *wanted
}

#[cfg(test)]
mod tests;
