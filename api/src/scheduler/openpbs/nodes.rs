//! Nodes, from `pbsnodes -a`: a name in column 0, attributes indented by five blanks, blocks divided by an empty line.

use super::listing::whole;
use super::text::lossy;
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

/// Reads all nodes. Lines that are neither a name nor an attribute continue the last value.
fn read_nodes(text: &[u8]) -> Vec<NodeRecord> {
    let mut nodes: Vec<NodeRecord> = Vec::new();
    let mut is_between = true;
    for line in text.split(|byte| *byte == b'\n') {
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
    nodes
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
