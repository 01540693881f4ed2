//! The processes of a job: everything in the session that its first process leads.

use rustix::process::{Pid, Signal, getpgid, kill_process, kill_process_group};

/// The process ids in a session.
pub(crate) fn members(session: u32) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbers.filter(|pid| session_of(*pid) == Some(session)).collect()
}

/// Session of a process that is alive; a zombie has none.
fn session_of(pid: i32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything, so the fields are counted from the last bracket.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    match fields.as_slice() {
        ["Z" | "X", ..] => None,
        [_state, _parent, _group, session, ..] => session.parse().ok(),
        _ => None,
    }
}

/// Sends a signal to every process of a session.
pub(crate) fn signal_session(session: u32, signal: i32) {
    let Some(signal) = Signal::from_named_raw(signal) else { return };
    let mut targets = members(session);
    // The first process may not lead its session yet.
    if let Ok(leader) = i32::try_from(session)
        && !targets.contains(&leader)
    {
        targets.push(leader);
    }
    for pid in targets.into_iter().filter_map(Pid::from_raw) {
        // A process that has just ended needs no signal.
        let _gone = kill_process(pid, signal);
    }
}

/// Kills every process of a session. One that is just being forked escapes a single look, so it looks again until
/// nothing is left; a process that cannot be killed is given up.
pub(crate) fn kill_session(session: u32) {
    signal_session(session, 9);
    for _ in 0..50 {
        if members(session).is_empty() {
            return;
        }
        signal_session(session, 9);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    tracing::warn!(session, "processes of a job cannot be killed");
}

/// Kills the process that runs a command; or all of the remote command that it belongs to.
pub(crate) fn kill_command(process: Option<i32>, whole: bool) {
    let Some(process) = process.and_then(Pid::from_raw) else { return };
    let killed = match getpgid(Some(process)) {
        Ok(group) if whole => kill_process_group(group, Signal::KILL),
        Ok(_) | Err(_) => kill_process(process, Signal::KILL),
    };
    if let Err(error) = killed {
        tracing::debug!(%error, "a command had ended already");
    }
}
