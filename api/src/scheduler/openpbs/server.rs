//! Queues and the server, from `qstat -Qf` and `qstat -Bf`, text or JSON.

use super::json::{NoDocument, read_objects};
use super::text::{Block, lossy, read_blocks};
use crate::scheduler::records::{QueueRecord, ServerRecord, parse_duration};

/// All queues of a `qstat -Qf` text.
#[must_use]
pub fn read_queues(text: &[u8]) -> Vec<QueueRecord> {
    let mut queues = Vec::new();
    read_blocks("Queue: ", text, |block| queues.push(read_queue(block)));
    queues
}

/// All queues of a `qstat -Qf -F json` document.
///
/// # Errors
/// It is no document, or has no end.
pub fn read_queues_json(text: &[u8]) -> Result<Vec<QueueRecord>, NoDocument> {
    let mut queues = Vec::new();
    read_objects("Queue", text, |block| queues.push(read_queue(block)))?;
    Ok(queues)
}

fn read_queue(block: &Block<'_>) -> QueueRecord {
    let mut queue = QueueRecord {
        name: block.name.to_string(),
        max: block.group("resources_max"),
        min: block.group("resources_min"),
        default: block.group("resources_default"),
        assigned: block.group("resources_assigned"),
        ..QueueRecord::default()
    };
    for (name, value) in &block.attributes {
        let value = lossy(value.trim_ascii());
        match &**name {
            "queue_type" => queue.is_route = value == "Route",
            "enabled" => queue.is_enabled = value == "True",
            "started" => queue.is_started = value == "True",
            "total_jobs" => queue.total_jobs = value.parse().ok(),
            "state_count" => queue.state_count = state_count(&value),
            name if is_grouped(name) => {}
            name => queue.other.push((name.to_owned(), value)),
        }
    }
    queue
}

fn is_grouped(name: &str) -> bool {
    ["resources_max.", "resources_min.", "resources_default.", "resources_assigned."]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// `Transit:0 Queued:2 Held:10 …`
fn state_count(text: &str) -> Vec<(String, u32)> {
    text.split_ascii_whitespace()
        .filter_map(|word| {
            let (name, n) = word.split_once(':')?;
            Some((name.to_owned(), n.parse().ok()?))
        })
        .collect()
}

/// The server of a `qstat -Bf` text.
#[must_use]
pub fn read_server(text: &[u8]) -> Option<ServerRecord> {
    let mut found = None;
    read_blocks("Server: ", text, |block| {
        found.get_or_insert_with(|| server_of(block));
    });
    found
}

/// The server of a `qstat -Bf -F json` document; nothing if it names none.
///
/// # Errors
/// It is no document, or has no end.
pub fn read_server_json(text: &[u8]) -> Result<Option<ServerRecord>, NoDocument> {
    let mut found = None;
    read_objects("Server", text, |block| {
        found.get_or_insert_with(|| server_of(block));
    })?;
    Ok(found)
}

fn server_of(block: &Block<'_>) -> ServerRecord {
    let mut server = ServerRecord { name: block.name.to_string(), ..ServerRecord::default() };
    for (name, value) in &block.attributes {
        let value = lossy(value.trim_ascii());
        match &**name {
            "server_state" => server.state = value,
            "pbs_version" => server.version = Some(value),
            "default_queue" => server.default_queue = Some(value),
            "scheduling" => server.is_scheduling = Some(value == "True"),
            "job_history_enable" => server.has_history = value == "True",
            "job_history_duration" => server.history_seconds = parse_duration(&value),
            "max_array_size" => server.max_array_size = value.parse().ok(),
            name => server.other.push((name.to_owned(), value)),
        }
    }
    server
}
