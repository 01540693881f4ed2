//! The tables of `qstat`: short listings of jobs, queues and servers.

use crate::protocol::Item;
use crate::site::resources::parse_duration;

/// Cuts a text to a column, ending in `*` when something is missing.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('*');
    short
}

fn owner(item: &Item) -> &str {
    let owner = item.get("Job_Owner").unwrap_or_default();
    owner.split_once('@').map_or(owner, |(name, _)| name)
}

/// `qstat`
pub(crate) fn jobs(items: &[Item], wide: bool) -> String {
    if items.is_empty() {
        return String::new();
    }
    let mut out = String::new();
    if wide {
        out.push_str("Job id                         Name            User             Time Use S Queue\n");
        out.push_str(
            "-----------------------------  --------------- ---------------  -------- - ---------------\n",
        );
    } else {
        out.push_str("Job id            Name             User              Time Use S Queue\n");
        out.push_str("----------------  ---------------- ----------------  -------- - -----\n");
    }
    for item in items {
        let name = item.get("Job_Name").unwrap_or_default();
        let time = item.resource("resources_used", "cput").unwrap_or("0");
        let state = item.get("job_state").unwrap_or_default();
        let queue = item.get("queue").unwrap_or_default();
        let line = if wide {
            format!(
                "{:<29}  {:<15} {:<15}  {time:>8} {state} {:<15}\n",
                cut(&item.name, 29),
                cut(name, 15),
                cut(owner(item), 15),
                cut(queue, 15)
            )
        } else {
            format!(
                "{:<16}  {:<16} {:<16}  {time:>8} {state} {:<16}\n",
                cut(&item.name, 16),
                cut(name, 16),
                cut(owner(item), 16),
                cut(queue, 16)
            )
        };
        out.push_str(&line);
    }
    out
}

/// What the long table shows beside its columns.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LongTable {
    pub(crate) wide: bool,
    pub(crate) nodes: bool,
    pub(crate) comments: bool,
    pub(crate) one_line: bool,
}

/// `qstat -a` and its relatives.
pub(crate) fn long_jobs(server: &str, items: &[Item], table: LongTable) -> String {
    if items.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{server}: \n");
    if table.wide {
        let gap = " ".repeat(99);
        out.push_str(&format!("{gap}Req'd  Req'd   Elap\n"));
        out.push_str("Job ID                         Username        Queue           Jobname         SessID   NDS  TSK   Memory Time  S Time\n");
        out.push_str("------------------------------ --------------- --------------- --------------- -------- ---- ----- ------ ----- - -----\n");
    } else {
        let gap = " ".repeat(60);
        out.push_str(&format!("{gap}Req'd  Req'd   Elap\n"));
        out.push_str("Job ID          Username Queue    Jobname    SessID NDS TSK Memory Time  S Time\n");
        out.push_str("--------------- -------- -------- ---------- ------ --- --- ------ ----- - -----\n");
    }
    for item in items {
        out.push_str(&long_line(item, table));
    }
    out
}

fn long_line(item: &Item, table: LongTable) -> String {
    let resource = |name: &str| item.resource("Resource_List", name);
    let widths = if table.wide { [30, 15, 15, 15, 8, 4, 5] } else { [15, 8, 8, 10, 6, 3, 3] };
    let [id, user, queue, name, session, nodes, tasks] = widths;
    let session_text = item.get("session_id").unwrap_or("-- ");
    let memory = resource("mem").map_or_else(|| "-- ".to_owned(), str::to_owned);
    let required = resource("walltime").and_then(parse_duration).map_or_else(|| "-- ".to_owned(), hours);
    let elapsed = item
        .resource("resources_used", "walltime")
        .and_then(parse_duration)
        .map_or_else(|| " -- ".to_owned(), hours);
    let mut line = format!(
        "{:<id$} {:<user$} {:<queue$} {:<name$} {session_text:>session$} {:>nodes$} {:>tasks$} {memory:>6} {required:>5} {} {elapsed:>5}",
        cut(&item.name, id),
        cut(owner(item), user),
        cut(item.get("queue").unwrap_or_default(), queue),
        cut(item.get("Job_Name").unwrap_or_default(), name),
        resource("nodect").unwrap_or("--"),
        resource("ncpus").unwrap_or("--"),
        item.get("job_state").unwrap_or_default(),
    );
    if table.nodes {
        let host = item.get("exec_host").unwrap_or(" -- ");
        line.push_str(&if table.one_line { format!(" {host}") } else { format!("\n   {host}") });
    }
    if table.comments {
        let comment = item.get("comment").unwrap_or(" -- ");
        line.push_str(&if table.one_line { format!("    {comment}") } else { format!("\n   {comment}") });
    }
    line.push('\n');
    line
}

fn hours(seconds: u64) -> String {
    format!("{:02}:{:02}", seconds / 3600, seconds / 60 % 60)
}

/// The number of a state in a `state_count`.
fn count(item: &Item, state: &str) -> u64 {
    let counts = item.get("state_count").unwrap_or_default();
    let found = counts.split_whitespace().find_map(|part| part.strip_prefix(state)?.strip_prefix(':'));
    found.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// `qstat -Q`
pub(crate) fn queues(items: &[Item]) -> String {
    let mut out = String::new();
    out.push_str("Queue              Max   Tot Ena Str   Que   Run   Hld   Wat   Trn   Ext Type\n");
    out.push_str("---------------- ----- ----- --- --- ----- ----- ----- ----- ----- ----- ----\n");
    for item in items {
        let yes = |name: &str| if item.get(name) == Some("True") { "yes" } else { "no" };
        out.push_str(&format!(
            "{:<16} {:>5} {:>5} {:>3} {:>3} {:>5} {:>5} {:>5} {:>5} {:>5} {:>5} {}\n",
            cut(&item.name, 16),
            0,
            item.get("total_jobs").unwrap_or("0"),
            yes("enabled"),
            yes("started"),
            count(item, "Queued"),
            count(item, "Running"),
            count(item, "Held"),
            count(item, "Waiting"),
            count(item, "Transit"),
            count(item, "Exiting"),
            cut(item.get("queue_type").unwrap_or_default(), 4),
        ));
    }
    out
}

/// `qstat -B`
pub(crate) fn servers(items: &[Item]) -> String {
    let mut out = String::new();
    out.push_str("Server             Max   Tot   Que   Run   Hld   Wat   Trn   Ext Status\n");
    out.push_str("---------------- ----- ----- ----- ----- ----- ----- ----- ----- -----------\n");
    for item in items {
        out.push_str(&format!(
            "{:<16} {:>5} {:>5} {:>5} {:>5} {:>5} {:>5} {:>5} {:>5} {:<10}\n",
            cut(&item.name, 16),
            0,
            item.get("total_jobs").unwrap_or("0"),
            count(item, "Queued"),
            count(item, "Running"),
            count(item, "Held"),
            count(item, "Waiting"),
            count(item, "Transit"),
            count(item, "Exiting"),
            item.get("server_state").unwrap_or_default(),
        ));
    }
    out
}
