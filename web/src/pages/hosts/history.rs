//! How a host was over the last two weeks, for who asks.

use leptos::prelude::*;
use pbsweb_shared::host::HealthSample;
use pbsweb_shared::ids::HostId;

use crate::client;
use crate::components::HostStatusBadge;
use crate::ui::{Columns, Load, LocalResource, Show, Table, Time, format};

/// Periods that are shown.
const MOST: usize = 50;

/// Read when it is opened.
#[component]
pub(super) fn History(
    /// The host.
    host: HostId,
) -> impl IntoView {
    let is_open = RwSignal::new(false);
    view! {
        <details on:toggle=move |_| is_open.update(|is_open| *is_open = !*is_open)>
            <summary>"The last two weeks"</summary>
            <Show when=move || is_open.get()>
                <Load
                    resource=LocalResource::new(move || client::hosts::get_host_history(host))
                    what="the history"
                    children=|history| periods(history.samples)
                />
            </Show>
        </details>
    }
}

/// As long as nothing changed: what was found first, and the least and most that an answer took, in milliseconds.
fn unchanged(samples: Vec<HealthSample>) -> Vec<(HealthSample, Option<(u32, u32)>)> {
    let mut periods: Vec<(HealthSample, Option<(u32, u32)>)> = Vec::new();
    for sample in samples {
        let took = sample.latency_ms.map(|ms| (ms, ms));
        match periods.last_mut() {
            Some((known, range)) if known.status == sample.status && known.detail == sample.detail => {
                known.at = sample.at;
                let widest = |(least, most): (u32, u32), (ms, _): (u32, u32)| (least.min(ms), most.max(ms));
                *range = range.zip(took).map(|(range, took)| widest(range, took)).or(*range).or(took);
            }
            Some(_) | None => periods.push((sample, took)),
        }
    }
    periods
}

/// `12 ms`, or `12 ms to 85 ms`.
fn took_words((least, most): (u32, u32)) -> String {
    let ms = |ms: u32| format::duration_ms(ms.into());
    if least == most { ms(least) } else { format!("{} to {}", ms(least), ms(most)) }
}

fn periods(samples: Vec<HealthSample>) -> impl IntoView {
    let all = unchanged(samples);
    let is_part = all.len() > MOST;
    let rows = all.into_iter().take(MOST).map(|(found, took)| {
        view! {
            <tr>
                <td data-label="Since"><Time at=found.at is_absolute=true /></td>
                <td data-label="State">
                    <span class="cell-lines">
                        <span><HostStatusBadge status=Signal::stored(found.status) /></span>
                        {found.detail.map(|detail| view! { <span class="muted cell-small">{detail}</span> })}
                    </span>
                </td>
                <td data-label="Answered in">{took.map(took_words)}</td>
            </tr>
        }
    });
    view! {
        <Table caption="The last two weeks" stacks=true>
            <Columns names=["Since", "State", "Answered in"] />
            <tbody>{rows.collect_view()}</tbody>
        </Table>
        {is_part.then(|| view! { <p class="muted">{format!("The {MOST} latest periods; the API has all.")}</p> })}
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use pbsweb_shared::host::HostStatus;

    use super::*;

    #[test]
    fn how_long_answers_took() {
        assert_eq!((took_words((12, 85)), took_words((12, 12))), ("12 ms to 85 ms".into(), "12 ms".into()));
    }

    #[test]
    fn what_did_not_change_is_one_period() {
        let sample = |minute: i64, status, latency_ms| HealthSample {
            at: DateTime::from_timestamp(minute * 60, 0).unwrap(),
            status,
            detail: None,
            latency_ms,
        };
        let found = unchanged(vec![
            sample(9, HostStatus::Up, Some(30)),
            sample(8, HostStatus::Up, None),
            sample(7, HostStatus::Up, Some(12)),
            sample(6, HostStatus::Unreachable, None),
            sample(1, HostStatus::Up, Some(40)),
        ]);
        let told: Vec<_> =
            found.iter().map(|(found, took)| (found.at.timestamp() / 60, found.status, *took)).collect();
        assert_eq!(
            told,
            [
                (7, HostStatus::Up, Some((12, 30))),
                (6, HostStatus::Unreachable, None),
                (1, HostStatus::Up, Some((40, 40)))
            ]
        );
    }
}
