//! The connection check of a host with OpenPBS.

use super::{RUN, bindings, server};
use crate::scheduler::Site;
use crate::scheduler::command::{Command, CommandError, Marker};
use crate::scheduler::frames::{Frame, Frames};
use crate::scheduler::probe::{Probe, ProbeProblem};

const PROGRAM: &str = include_str!("programs/probe.sh");

pub(super) fn command(site: &Site, marker: &Marker) -> Result<Command, CommandError> {
    bindings(site, marker).into_command(format!("{RUN}{PROGRAM}"))
}

pub(super) fn read(marker: &Marker, stdout: &[u8]) -> Probe {
    let frames = Frames::read(marker, stdout);
    let fact = |name: &str| frames.find(&["fact", name]).map(Frame::text).filter(|text| !text.is_empty());
    let mut probe = Probe {
        login: fact("login"),
        home: fact("home"),
        shell: fact("shell"),
        host_name: fact("host_name"),
        system: fact("system"),
        clock: fact("clock").and_then(|text| text.parse().ok()),
        bin: fact("bin"),
        is_writable: fact("writable").as_deref() == Some("yes"),
        free_kb: fact("free_kb").and_then(|text| text.parse().ok()),
        quota: fact("quota"),
        ..Probe::default()
    };
    if !frames.is_whole {
        probe.problems.push(ProbeProblem::Unreadable);
        return probe;
    }
    if fact("has_home").as_deref() != Some("yes") {
        probe.problems.push(ProbeProblem::NoHome { home: probe.home.clone().unwrap_or_default() });
    }
    if !probe.is_writable {
        let words = fact("not_writable").unwrap_or_default();
        probe.problems.push(ProbeProblem::NotWritable { words });
    }
    let Some(bin) = probe.bin.clone() else {
        probe.problems.push(ProbeProblem::NoCommands);
        return probe;
    };
    let version = frames.command("version");
    probe.version = version.map(|ran| {
        let printed = String::from_utf8_lossy(ran.stdout).trim().to_owned();
        if printed.is_empty() { ran.stderr } else { printed }
    });
    let says_slurm = probe.version.as_deref().is_some_and(|words| words.to_lowercase().contains("slurm"));
    if says_slurm || fact("slurm").is_some() {
        probe.problems.push(ProbeProblem::Slurm { bin });
        return probe;
    }
    // `pbs_version = 23.06.06` (qstat-version); Torque says `Version: 6.1.2` and a commit.
    match &probe.version {
        Some(version) if !version.contains("pbs_version") => {
            probe.problems.push(ProbeProblem::OtherScheduler { version: version.clone() });
            return probe;
        }
        Some(_) | None => {}
    }
    match frames.command("server") {
        Some(ran) if ran.status == 0 => {
            if let Some(server) = server::read_server(ran.stdout) {
                probe.has_history = server.has_history;
                probe.server = Some(server.name);
            } else {
                probe.problems.push(ProbeProblem::ServerDown { words: "it names no server".to_owned() });
            }
        }
        Some(ran) => probe.problems.push(ProbeProblem::ServerDown { words: ran.stderr }),
        None => probe.problems.push(ProbeProblem::Unreadable),
    }
    probe
}
