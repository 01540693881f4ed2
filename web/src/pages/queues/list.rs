//! The rows of one host that are looked at, fetched as the list is scrolled: a host may list tens of thousands.
//!
//! What is looked at stays where it is while rows around it come and go, and so does the keyboard's focus.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::{html, leptos_dom::helpers::request_animation_frame};
use pbsweb_shared::api::hosts::{HostJobsQuery, ListedGroup};
use pbsweb_shared::host::{HostJobs, ListedJob, Queue};
use pbsweb_shared::ids::HostId;
use pbsweb_shared::job::JobState;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use super::filter::Filter;
use super::part::{Part, ROWS};
use crate::client::{self, ClientError};
use crate::components::job_state_label;

/// How high a row is before one was drawn.
const ROW_HEIGHT: f64 = 64.0;

/// Closer to the end than this counts as being there, in pixels.
const NEAR_END: i32 = 2;

/// A row, and the head of the group that begins with it.
#[derive(Clone, PartialEq)]
pub(super) struct Row {
    /// 0 for the first of the list.
    pub(super) index: u32,
    pub(super) job: ListedJob,
    pub(super) head: Option<String>,
}

/// How many jobs there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) n_listed: u32,
    pub(super) n_own: u32,
    pub(super) n_matching: u32,
}

/// What of the view must not change when other rows come.
struct Held {
    /// The first row in sight, and where it stands.
    row: Option<(String, f64)>,
    /// How far it was scrolled, in pixels.
    scrolled: i32,
    is_at_end: bool,
    has_focus: bool,
}

/// The list.
#[derive(Clone, Copy)]
pub(super) struct List {
    host: HostId,
    filter: Memo<Filter>,
    pub(super) queues: Memo<Vec<Queue>>,
    pub(super) rows: RwSignal<Vec<ArcRwSignal<Row>>>,
    pub(super) part: RwSignal<Part>,
    pub(super) sums: RwSignal<Option<Sums>>,
    pub(super) error: RwSignal<Option<ClientError>>,
    pub(super) as_of: RwSignal<Option<DateTime<Utc>>>,
    pub(super) row_height: RwSignal<f64>,
    /// The first and the last row in sight.
    pub(super) in_sight: RwSignal<(u32, u32)>,
    /// The box that scrolls, and the rows in it.
    pub(super) frame: NodeRef<html::Div>,
    pub(super) body: NodeRef<html::Tbody>,
    is_reading: StoredValue<bool>,
    /// Tells the answer to the last question from one to earlier ones.
    turn: StoredValue<u32>,
}

impl List {
    pub(super) fn new(host: HostId, filter: Memo<Filter>, queues: Memo<Vec<Queue>>) -> Self {
        Self {
            host,
            filter,
            queues,
            rows: RwSignal::new(Vec::new()),
            part: RwSignal::new(Part::default()),
            sums: RwSignal::new(None),
            error: RwSignal::new(None),
            as_of: RwSignal::new(None),
            row_height: RwSignal::new(ROW_HEIGHT),
            in_sight: RwSignal::new((0, 0)),
            frame: NodeRef::new(),
            body: NodeRef::new(),
            is_reading: StoredValue::new(false),
            turn: StoredValue::new(0),
        }
    }

    /// Reads the beginning: another filter or order holds.
    pub(super) fn begin(self) {
        self.read(0, true);
    }

    /// Reads what is shown again: it may be other jobs by now.
    pub(super) fn refresh(self) {
        self.read(self.part.get_untracked().offset, false);
    }

    fn read(self, offset: u32, is_begin: bool) {
        let turn = self.turn.get_value().wrapping_add(1);
        self.turn.set_value(turn);
        self.is_reading.set_value(true);
        let query = HostJobsQuery {
            offset: Some(offset),
            limit: Some(ROWS),
            ..self.filter.with_untracked(Filter::to_query)
        };
        spawn_local(async move {
            let answer = client::hosts::get_host_jobs(self.host, &query).await;
            // The page may be gone by now.
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            self.is_reading.set_value(false);
            match answer {
                Ok(answer) => self.take(answer, offset, is_begin),
                Err(error) => self.error.set(Some(error)),
            }
        });
    }

    fn take(self, answer: HostJobs, offset: u32, is_begin: bool) {
        // It has become shorter.
        if answer.jobs.is_empty() && answer.n_matching > 0 {
            return self.read(answer.n_matching.saturating_sub(ROWS), is_begin);
        }
        let held = self.hold();
        let group = self.filter.with_untracked(|filter| filter.group);
        let known = self.rows.get_untracked();
        let known = |id: &str| {
            known.iter().find(|row| row.with_untracked(|row| row.job.pbs_id.as_str() == id)).cloned()
        };
        let n_rows = u32::try_from(answer.jobs.len()).unwrap_or(u32::MAX);
        let mut last: Option<String> = None;
        let rows: Vec<ArcRwSignal<Row>> = (offset..)
            .zip(answer.jobs)
            .map(|(index, job)| {
                let key = group.map(|group| key(group, &job).to_owned());
                let head = key.clone().filter(|_| key != last);
                last = key;
                let row = Row { index, job, head };
                match known(row.job.pbs_id.as_str()) {
                    // A row that is there stays, and so does the focus in it.
                    Some(known) => {
                        if known.with_untracked(|known| *known != row) {
                            known.set(row);
                        }
                        known
                    }
                    None => ArcRwSignal::new(row),
                }
            })
            .collect();
        self.error.set(None);
        self.as_of.set(answer.as_of);
        self.part.set(Part { offset, n_rows, n_all: answer.n_matching });
        self.rows.set(rows);
        let HostJobs { n_listed, n_own, n_matching, .. } = answer;
        self.sums.set(Some(Sums { n_listed, n_own, n_matching }));
        request_animation_frame(move || self.settle(&held, is_begin));
    }

    fn hold(self) -> Held {
        let nothing = Held { row: None, scrolled: 0, is_at_end: false, has_focus: false };
        let (Some(frame), Some(body)) = (self.frame.get_untracked(), self.body.get_untracked()) else {
            return nothing;
        };
        let top = frame.get_bounding_client_rect().top();
        let rows = body.query_selector_all("[data-job]").ok();
        let rows = (0..rows.as_ref().map_or(0, web_sys::NodeList::length))
            .filter_map(|n| rows.as_ref()?.get(n)?.dyn_into::<Element>().ok());
        let row = rows
            .map(|row| (row.get_bounding_client_rect(), row))
            .find(|(place, _)| place.bottom() > top)
            .and_then(|(place, row)| Some((row.get_attribute("data-job")?, place.top())));
        let scrolled = frame.scroll_top();
        Held { row, scrolled, is_at_end: scrolled > 0 && is_at_end(&frame), has_focus: focused_in(&body) }
    }

    /// After the rows were drawn.
    fn settle(self, held: &Held, is_begin: bool) {
        let (Some(frame), Some(body)) =
            (self.frame.try_get_untracked().flatten(), self.body.try_get_untracked().flatten())
        else {
            return;
        };
        if is_begin {
            let n_rows = self.part.get_untracked().n_rows;
            if n_rows > 0 {
                self.row_height.set((body.get_bounding_client_rect().height() / f64::from(n_rows)).max(1.0));
            }
            frame.set_scroll_top(0);
        // Where one has scrolled since then, one stays.
        } else if held.is_at_end && (frame.scroll_top() == held.scrolled || is_at_end(&frame)) {
            frame.set_scroll_top(frame.scroll_height());
        } else if let Some((id, top)) = &held.row
            && let Ok(Some(row)) = body.query_selector(&format!("[data-job=\"{id}\"]"))
        {
            let scrolled = frame.scroll_top().saturating_sub(held.scrolled);
            let moved =
                ((row.get_bounding_client_rect().top() - top).round() as i32).saturating_add(scrolled);
            // Setting what it is would cut off the part of a pixel each time.
            if moved != 0 {
                frame.set_scroll_top(frame.scroll_top().saturating_add(moved));
            }
        }
        // The row with the focus has gone far out of sight: the keyboard goes on with the list.
        if held.has_focus && !focused_in(&body) {
            let _ = frame.focus();
        }
        self.look();
    }

    /// To the beginning or the end at once, by the keys for it. A browser would move there over many rows, and stop where others are
    /// put in meanwhile.
    pub(super) fn jump(self, event: &KeyboardEvent) {
        let Some(frame) = self.frame.get_untracked() else { return };
        // With Alt they are the browser's.
        if event.alt_key() {
            return;
        }
        let to = match event.key().as_str() {
            "Home" => 0,
            "End" => frame.scroll_height(),
            _ => return,
        };
        event.prevent_default();
        frame.set_scroll_top(to);
    }

    /// Looks which rows are in sight, and fetches others if these come to an end.
    pub(super) fn look(self) {
        let (Some(frame), Some(body)) = (self.frame.get_untracked(), self.body.get_untracked()) else {
            return;
        };
        let (part, row_height) = (self.part.get_untracked(), self.row_height.get_untracked());
        let drawn = body.get_bounding_client_rect().height();
        let top = frame.scroll_top();
        let at = |y: i32| part.row_at(f64::from(y), row_height, drawn);
        let in_sight = (at(top), at(top.saturating_add(frame.client_height())));
        if self.in_sight.get_untracked() != in_sight {
            self.in_sight.set(in_sight);
        }
        if !self.is_reading.get_value()
            && let Some(offset) = part.wanted(in_sight.0, in_sight.1)
        {
            self.read(offset, false);
        }
    }
}

fn is_at_end(frame: &Element) -> bool {
    frame.scroll_height() - frame.scroll_top() - frame.client_height() <= NEAR_END
}

/// What the rows of a group have in common.
fn key(group: ListedGroup, job: &ListedJob) -> &str {
    match group {
        ListedGroup::Owner => &job.owner,
        ListedGroup::Queue => &job.queue,
        ListedGroup::State => {
            job.state.map_or(job.state_letter.as_str(), |state: JobState| job_state_label(state))
        }
    }
}

fn focused_in(body: &Element) -> bool {
    document().active_element().is_some_and(|element| body.contains(Some(&element)))
}
