//! Nodes, from `pbsnodes -a`, text or JSON. The text has a name in column 0, attributes indented by five blanks, and blocks
//! divided by an empty line.

use super::json::{NoDocument, elements, read_objects};
use super::listing::whole;
use super::text::{lines, lossy};
use super::{RUN, bindings};
use crate::scheduler::Site;
use crate::scheduler::command::{Command, CommandError, Marker};
use crate::scheduler::frames::Frames;
use crate::scheduler::records::{NodeRecord, Unavailable};

const PROGRAM: &str = include_str!("programs/nodes.sh");

pub(super) fn command(site: &Site, marker: &Marker) -> Result<Command, CommandError> {
    bindings(site, marker).into_command(format!("{RUN}{PROGRAM}"))
}

pub(super) fn read(marker: &Marker, stdout: &[u8]) -> Result<Vec<NodeRecord>, Unavailable> {
    let frames = Frames::read(marker, stdout);
    Ok(read_nodes(whole(&frames, "nodes")?.stdout))
}

/// Reads all nodes of a text. A value with a line break of its own ends there: what follows is no attribute.
#[must_use]
pub fn read_nodes(text: &[u8]) -> Vec<NodeRecord> {
    let mut nodes: Vec<NodeRecord> = Vec::new();
    let mut is_between = true;
    for line in lines(text) {
        if line.trim_ascii().is_empty() {
            is_between = true;
        } else if line.starts_with(b" ") {
            is_between = false;
            let line = lossy(line.trim_ascii());
            if let (Some(node), Some((name, value))) = (nodes.last_mut(), line.split_once(" = ")) {
                set(node, name, value);
            }
        } else if is_between {
            is_between = false;
            nodes.push(NodeRecord { name: lossy(line.trim_ascii()), ..NodeRecord::default() });
        }
    }
    // Words that are no node have no state (a wrapper's greeting, an error).
    nodes.retain(|node| !node.state.is_empty());
    nodes
}

/// Reads all nodes of a `pbsnodes -a -F json` document. Its times are seconds, where the text has words.
///
/// # Errors
/// It is no document, or has no end.
pub fn read_nodes_json(text: &[u8]) -> Result<Vec<NodeRecord>, NoDocument> {
    let mut nodes = Vec::new();
    read_objects("nodes", text, |block| {
        let mut node = NodeRecord { name: block.name.to_string(), ..NodeRecord::default() };
        for (name, value) in &block.attributes {
            match &**name {
                "jobs" => node.jobs = elements(value),
                name => set(&mut node, name, &lossy(value)),
            }
        }
        nodes.push(node);
    })?;
    Ok(nodes)
}

fn set(node: &mut NodeRecord, name: &str, value: &str) {
    match name {
        "state" => value.clone_into(&mut node.state),
        "jobs" => node.jobs = value.split(',').map(|job| job.trim().to_owned()).collect(),
        "comment" => node.comment = Some(value.to_owned()),
        _ => {
            let (list, name) = if let Some(name) = name.strip_prefix("resources_available.") {
                (&mut node.available, name)
            } else if let Some(name) = name.strip_prefix("resources_assigned.") {
                (&mut node.assigned, name)
            } else {
                (&mut node.other, name)
            };
            list.push((name.to_owned(), value.to_owned()));
        }
    }
}
