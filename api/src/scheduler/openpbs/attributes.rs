//! What a job's attributes are now, for the form that alters them.

use std::collections::BTreeMap;

use pbsweb_shared::api::job_actions::AttributeValue;
use pbsweb_shared::names::PbsJobId;
use pbsweb_shared::steering::Attribute;

use super::jobs::parse_time;
use super::status::explain_status;
use super::text::{Block, read_blocks};
use super::{RUN, bindings};
use crate::scheduler::command::{Command, CommandError, Marker};
use crate::scheduler::frames::Frames;
use crate::scheduler::status::{CommandKind, Explanation, Meaning};
use crate::scheduler::{AttributesReply, Site};

pub(super) fn command(site: &Site, marker: &Marker, job: &PbsJobId) -> Result<Command, CommandError> {
    let mut bindings = bindings(site, marker);
    bindings.bind("id", job.as_str());
    // Times are shown by the clock of the host, because `qalter -a` reads them so.
    bindings.into_command(format!(
        "{RUN}{{ pbsweb_run job \"${{pbsweb_bin}}qstat\" -f \"$PBSWEB_id\"; }} 3>&1\n\
         printf '%s done\\n' \"$PBSWEB_marker\"\n"
    ))
}

pub(super) fn read(marker: &Marker, stdout: &[u8]) -> Result<AttributesReply, Explanation> {
    let frames = Frames::read(marker, stdout);
    let Some(ran) = frames.command("job") else {
        return Err(Explanation { meaning: Meaning::NoAnswer, status: None, words: String::new() });
    };
    let mut found = None;
    if ran.status == 0 {
        read_blocks("Job Id: ", ran.stdout, |block| {
            if found.is_none() {
                found = Some(read_block(block));
            }
        });
    }
    found.ok_or_else(|| {
        explain_status(CommandKind::List, if ran.status == 0 { 153 } else { ran.status }, &ran.stderr)
    })
}

fn read_block(block: &Block<'_>) -> AttributesReply {
    let value = |attribute: Attribute| {
        let value = block.get(name_of(attribute)).unwrap_or_default();
        if attribute == Attribute::StartAfter {
            let time = parse_time(value.as_bytes());
            time.map_or_else(|| value.to_string(), |time| time.format("%Y-%m-%dT%H:%M").to_string())
        } else if attribute == Attribute::Rerunnable {
            // `y` and `n` are asked for, `True` and `False` are printed.
            if value == "True" { "y" } else { "n" }.to_owned()
        } else {
            value.into_owned()
        }
    };
    AttributesReply {
        is_running: block
            .get("job_state")
            .is_some_and(|letter| matches!(&*letter, "R" | "B" | "S" | "U" | "E")),
        attributes: Attribute::ALL
            .iter()
            .map(|attribute| AttributeValue { attribute: *attribute, value: value(*attribute) })
            .collect(),
        resources: BTreeMap::from_iter(block.group("Resource_List")),
    }
}

/// As `qstat -f` names it.
const fn name_of(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::Name => "Job_Name",
        Attribute::Priority => "Priority",
        Attribute::StartAfter => "Execution_Time",
        Attribute::Dependencies => "depend",
        Attribute::Account => "Account_Name",
        Attribute::Project => "project",
        Attribute::MailEvents => "Mail_Points",
        Attribute::MailUsers => "Mail_Users",
        Attribute::OutputPath => "Output_Path",
        Attribute::ErrorPath => "Error_Path",
        Attribute::Join => "Join_Path",
        Attribute::Keep => "Keep_Files",
        Attribute::Remove => "Remove_Files",
        Attribute::Rerunnable => "Rerunable",
        Attribute::Shell => "Shell_Path_List",
        Attribute::Checkpoint => "Checkpoint",
        Attribute::UserList => "User_List",
        Attribute::GroupList => "group_list",
        Attribute::StageIn => "stagein",
        Attribute::StageOut => "stageout",
        Attribute::Umask => "umask",
        Attribute::Sandbox => "sandbox",
        Attribute::MaxRunSubjobs => "max_run_subjobs",
        Attribute::RunCount => "run_count",
        Attribute::ReleaseNodes => "release_nodes_on_stageout",
        Attribute::TolerateNodeFailures => "tolerate_node_failures",
    }
}
