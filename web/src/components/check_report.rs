//! What a check of a host account found, step by step.

use leptos::prelude::*;
use pbsweb_shared::api::hosts::{CheckReport, Verdict};

use crate::ui::{Badge, Shape, Time, Tone, format};

/// The topic of a finding in words; a new one of the server is shown as it is.
fn topic_label(topic: &str) -> String {
    let label = match topic {
        "connection" => "Connection",
        "host_key" => "Host key",
        "login" => "Login",
        "home" => "Home folder",
        "shell" => "Login shell",
        "scheduler" => "Scheduler",
        "write_access" => "Write access",
        "clock" => "Clock",
        other => {
            let mut label = other.replace('_', " ");
            if let Some(first) = label.get_mut(0..1) {
                first.make_ascii_uppercase();
            }
            return label;
        }
    };
    label.to_owned()
}

const fn look(verdict: Verdict) -> (Tone, Shape, &'static str) {
    match verdict {
        Verdict::Good => (Tone::Good, Shape::Check, "Good"),
        Verdict::Warning => (Tone::Warning, Shape::Warning, "Note"),
        Verdict::Failed => (Tone::Bad, Shape::Cross, "Failed"),
    }
}

/// The findings of a check.
#[component]
pub(crate) fn CheckFindings(
    /// The report.
    report: CheckReport,
    /// It was asked for just now. An older one that went well is folded.
    #[prop(optional)]
    is_fresh: bool,
) -> impl IntoView {
    let is_open = is_fresh || !report.is_ok;
    let summary = if report.is_ok { "All that is needed works." } else { "Something must be mended first." };
    let findings = report
        .findings
        .into_iter()
        .map(|finding| {
            let (tone, shape, word) = look(finding.verdict);
            let advice = (!finding.advice.is_empty())
                .then(|| view! { <p class="check-report-advice">{finding.advice}</p> });
            view! {
                <li class="check-report-finding" data-tone=tone.as_str()>
                    <Badge tone=tone shape=shape text=word />
                    <div>
                        <p><strong>{topic_label(&finding.topic)}</strong>": "{finding.message}</p>
                        {advice}
                    </div>
                </li>
            }
        })
        .collect_view();
    view! {
        <details class="check-report" open=is_open>
            <summary class="check-report-summary">
                {summary}
                <span class="muted">
                    " Checked "<Time at=report.checked_at />" in "{format::duration_ms(report.duration_ms)}"."
                </span>
            </summary>
            <ol class="check-report-findings">{findings}</ol>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_shown_in_words_even_when_they_are_new() {
        assert_eq!(topic_label("host_key"), "Host key");
        assert_eq!(topic_label("disk_quota"), "Disk quota");
        assert_eq!(topic_label(""), "");
    }
}
