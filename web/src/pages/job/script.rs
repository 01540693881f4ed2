//! The script of the job: as its author saw it, and as it went to the host.

use leptos::prelude::*;
use pbsweb_shared::ids::{JobId, RevisionId, ScriptId};

use super::revisions::Revisions;
use crate::client;
use crate::paths;
use crate::ui::{CodeBlock, LinkButton, Load, LocalResource, Panel};

/// The arguments as one would type them; for reading, not for a shell.
fn command_line(arguments: &[String]) -> String {
    let mut line = "qsub".to_owned();
    for argument in arguments {
        line.push(' ');
        let is_plain = !argument.is_empty()
            && argument.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c));
        if is_plain {
            line.push_str(argument);
        } else {
            line.push('\'');
            line.push_str(&argument.replace('\'', "'\\''"));
            line.push('\'');
        }
    }
    line
}

/// The panels.
#[component]
pub(super) fn Script(
    /// Whose.
    job: JobId,
    /// The script that it is a job of.
    script: ScriptId,
    /// Which state of it.
    revision: RevisionId,
) -> impl IntoView {
    let loaded = LocalResource::new(move || client::jobs::get_job_script(job));
    view! {
        <Load resource=loaded what="the script" let:loaded>
            <div class="stack">
                <Panel
                    title="Script"
                    lead="As it was composed."
                    actions=move || view! { <LinkButton href=paths::jobs_of(script)>"Jobs of this script"</LinkButton> }
                >
                    <CodeBlock text=loaded.text what="the script" />
                </Panel>
                <Panel
                    title="What went to the host"
                    lead="The same with PBSWeb's own lines, which note how it ends, and the command that submitted it."
                >
                    <CodeBlock text=command_line(&loaded.qsub_arguments) what="the qsub command" wraps=true />
                    <CodeBlock text=loaded.submitted_text what="the submitted script" />
                </Panel>
                <Revisions script=script own=revision />
            </div>
        </Load>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_shown_as_one_would_type_them() {
        let arguments = ["-N", "heat", "-v", "A=it's", ""].map(str::to_owned);
        assert_eq!(command_line(&arguments), "qsub -N heat -v 'A=it'\\''s' ''");
    }
}
