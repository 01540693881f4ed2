//! `pbsnodes`: the nodes, as text and as JSON.

use super::render::{self, Json};
use super::time::ctime;
use super::{CommandContext, Failure, eprint_line, parse, print_all};
use crate::protocol::{Item, Reply, Request};

const USAGE: &str = "usage:	pbsnodes [-{o|r}][-C comment][-s server] host host ...
	pbsnodes -l [-s server]
	pbsnodes [-s server] -v vnode vnode ...
	pbsnodes -a[v][S[j][L]][-F format][-D delim][-s server]
	pbsnodes -[H][S[j][L]][-F format][-D delim] host host ...
	pbsnodes --version
";

pub(super) fn run(command: &CommandContext, arguments: &[String]) -> i32 {
    let options = parse(arguments, "aC:D:F:HjLlors:Sv");
    let json = options.value('F') == Some("json");
    if !options.wrong.is_empty() || (options.given.is_empty() && options.operands.is_empty()) {
        for wrong in &options.wrong {
            command.complain(wrong);
        }
        eprint_line(USAGE);
        return 1;
    }
    let Ok(mut connection) = command.connect() else { return command.report_down() };
    let mut items: Vec<Item> = Vec::new();
    let mut status = 0;
    let wanted: Vec<Option<String>> = if options.has('a') || options.has('l') || options.operands.is_empty() {
        vec![None]
    } else {
        options.operands.iter().cloned().map(Some).collect()
    };
    for node in wanted {
        match connection.ask(Request::NodeStatus { node: node.clone() }) {
            Ok(Reply::Items(found)) => items.extend(found),
            Ok(_) => {}
            Err(Failure::Down) => return command.report_down(),
            Err(Failure::Refused(refusal)) => {
                eprint_line(&format!("Node: {},  Error: {} ", node.unwrap_or_default(), refusal.text));
                status = 1;
            }
        }
    }
    if options.has('o') || options.has('r') {
        // Only the manager may; nobody is one here.
        for item in &items {
            eprint_line(&format!("Error marking node {} - Unauthorized Request ", item.name));
        }
        return 1;
    }
    if options.has('l') {
        items.retain(|item| item.get("state").is_some_and(|s| s.contains("offline") || s.contains("down")));
        for item in &items {
            let state = item.get("state").unwrap_or_default();
            super::say(&format!("{:<20} {state:<20}{}", item.name, item.get("comment").unwrap_or_default()));
        }
    } else if json {
        let nodes: Vec<_> = items.iter().map(|item| (item.name.clone(), json_of(item))).collect();
        print_all(render::document(&command.server(), "nodes", &nodes).as_bytes());
    } else {
        print_all(items.iter().map(text).collect::<String>().as_bytes());
    }
    status
}

fn text(item: &Item) -> String {
    let mut out = format!("{}\n", item.name);
    for attribute in &item.attributes {
        let name = match &attribute.resource {
            Some(resource) => format!("{}.{resource}", attribute.name),
            None => attribute.name.clone(),
        };
        let value = match (attribute.name.as_str(), attribute.value.parse::<i64>()) {
            ("last_state_change_time" | "last_used_time", Ok(seconds)) => ctime(seconds),
            (_, _) => attribute.value.clone(),
        };
        out.push_str(&format!("     {name} = {value}\n"));
    }
    out.push('\n');
    out
}

/// The JSON of a node: jobs as a list without slots, and only what is assigned.
fn json_of(item: &Item) -> Json {
    let kept: Vec<_> = item
        .attributes
        .iter()
        .filter(|a| {
            let nothing = matches!(a.value.as_str(), "0" | "0kb");
            !(a.name == "resources_assigned" && nothing && a.resource.as_deref() != Some("ncpus"))
        })
        .cloned()
        .collect();
    let Json::Object(members) = render::json_of(&kept) else { return Json::Object(Vec::new()) };
    let members = members.into_iter().map(|(name, value)| match (name.as_str(), value) {
        ("jobs", Json::Text(jobs)) => {
            let ids = jobs.split(", ").map(|job| job.split('/').next().unwrap_or(job));
            let quoted: Vec<String> = ids.map(|id| format!("\"{id}\"")).collect();
            (name, Json::Bare(format!("[{}]", quoted.join(", "))))
        }
        (_, value) => (name, value),
    });
    Json::Object(members.collect())
}
