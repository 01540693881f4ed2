//! The commands that steer jobs and differ little: `qdel`, `qhold`, `qrls`, `qsig`, `qmove`, `qrerun`, `qmsg`, `qorder`.

use super::{CommandContext, Failure, parse};
use crate::protocol::Request;
use crate::site::job_id::JobId;

fn usage(name: &str) -> &'static str {
    match name {
        "qdel" => "usage:\n\tqdel [-W force|suppress_email=X] [-x] job_identifier...\n\tqdel --version",
        "qhold" => "usage: qhold [-h hold_list] job_identifier...\n       qhold --version",
        "qrls" => "usage: qrls [-h hold_list] job_identifier...\n       qrls --version",
        "qsig" => "usage: qsig [-s signal] job_identifier...\n       qsig --version",
        "qmove" => "usage: qmove destination job_identifier...\n       qmove --version",
        "qrerun" => "usage: qrerun [-W force] job_identifier...\n       qrerun --version",
        "qmsg" => "usage: qmsg [-O] [-E] msg_string job_identifier...\n       qmsg --version",
        _ => "usage: qorder job_identifier job_identifier\n       qorder --version",
    }
}

fn letters(name: &str) -> &'static str {
    match name {
        "qdel" => "W:x",
        "qhold" | "qrls" => "h:",
        "qsig" => "s:",
        "qrerun" => "W:",
        "qmsg" => "OE",
        _ => "",
    }
}

pub(super) fn run(command: &CommandContext, arguments: &[String]) -> i32 {
    let name = command.name.as_str();
    let options = parse(arguments, letters(name));
    for wrong in &options.wrong {
        command.complain(wrong);
    }
    let mut ids = options.operands.clone();
    ids.extend(options.after_dashes.clone().unwrap_or_default());
    // The first operand of some is no job.
    let first = match name {
        "qmove" | "qmsg" if ids.len() > 1 => Some(ids.remove(0)),
        "qmove" | "qmsg" => return command.usage(None, usage(name)),
        _ => None,
    };
    if !options.wrong.is_empty() || ids.is_empty() || (name == "qorder" && ids.len() != 2) {
        return command.usage(None, usage(name));
    }
    let holds = options.value('h').unwrap_or("u").to_owned();
    if holds.is_empty() || !holds.chars().all(|c| "uosnp".contains(c)) {
        return command.usage(Some("illegal -h value"), usage(name));
    }
    let force = match options.value('W') {
        Some("force") => true,
        Some(other) if !other.starts_with("suppress_email=") => {
            return command.usage(Some("illegal -W value"), usage(name));
        }
        Some(_) | None => false,
    };
    if name == "qorder" {
        return order(command, &ids);
    }
    let signal = options.value('s').unwrap_or("SIGTERM").to_owned();
    let request = |id: String| match name {
        "qdel" => Request::Delete { id, force, history: options.has('x') },
        "qhold" => Request::Hold { id, holds: holds.clone() },
        "qrls" => Request::Release { id, holds: holds.clone() },
        "qsig" => Request::Signal { id, signal: signal.clone() },
        "qmove" => Request::Move { id, queue: first.clone().unwrap_or_default() },
        "qrerun" => Request::Rerun { id },
        _ => Request::Message {
            id,
            text: first.clone().unwrap_or_default(),
            to_output: options.has('O') && !options.has('E'),
        },
    };
    for_each_job(command, &ids, request)
}

/// Asks about each id in turn; the status is that of the last error.
pub(super) fn for_each_job(
    command: &CommandContext,
    ids: &[String],
    request: impl Fn(String) -> Request,
) -> i32 {
    let server = command.server();
    let mut status = 0;
    let mut connection = None;
    for id in ids {
        if JobId::parse(id, &server).is_none() {
            command.complain(&format!("illegally formed job identifier: {id}"));
            status = 1;
            continue;
        }
        if connection.is_none() {
            connection = command.connect().ok();
        }
        let Some(connection) = &mut connection else { return command.report_down() };
        match connection.ask(request(id.clone())) {
            Ok(_) => {}
            Err(Failure::Down) => return command.report_down(),
            Err(Failure::Refused(refusal)) => {
                status = refusal.exit_status();
                let id = JobId::shown(id, &server);
                // Only qdel names a job that is in the history.
                if refusal.code == 15139 && command.name != "qdel" {
                    command.complain(&refusal.text);
                } else {
                    command.complain(&format!("{} {id}", refusal.text));
                }
            }
        }
    }
    status
}

fn order(command: &CommandContext, ids: &[String]) -> i32 {
    let server = command.server();
    if let Some(id) = ids.iter().find(|id| JobId::parse(id, &server).is_none()) {
        command.complain(&format!("illegally formed job identifier: {id}"));
        return 1;
    }
    let [first, second] = ids else { return 2 };
    let Ok(mut connection) = command.connect() else { return command.report_down() };
    match connection.ask(Request::Order { ids: [first.clone(), second.clone()] }) {
        Ok(_) => 0,
        Err(Failure::Down) => command.report_down(),
        Err(Failure::Refused(refusal)) => {
            if refusal.code == 15139 {
                command.complain(&refusal.text);
            } else {
                let (first, second) = (JobId::shown(first, &server), JobId::shown(second, &server));
                command.complain(&format!("{} {first} or {second}", refusal.text));
            }
            refusal.exit_status()
        }
    }
}
