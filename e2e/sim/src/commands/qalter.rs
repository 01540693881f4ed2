//! `qalter`

use super::controls::for_each_job;
use super::qsub_options::{Collected, Wrong, whole_path};
use super::time::parse_date_time;
use super::{CommandContext, parse};
use crate::protocol::{Change, Request};

const USAGE: &str = "usage: qalter [-a date_time] [-A account_string] [-c interval] [-e path]
	[-h hold_list] [-j y|n] [-k keep] [-l resource_list]
	[-m mail_options] [-M user_list] [-N jobname] [-o path] [-p priority]
	[-R o|e|oe] [-r y|n] [-S path] [-u user_list] [-W dependency_list]
	[-P project_name] job_identifier...
       qalter --version";

pub(super) fn run(command: &CommandContext, arguments: &[String]) -> i32 {
    let options = parse(arguments, "a:A:c:e:h:j:k:l:m:M:N:o:p:R:r:S:u:W:P:");
    if !options.wrong.is_empty() || options.operands.is_empty() {
        for wrong in &options.wrong {
            command.complain(wrong);
        }
        return command.usage(None, USAGE);
    }
    let mut collected = Collected::default();
    if let Err(wrong) = collected.add(&options.given, &command.server()) {
        return match wrong {
            Wrong::Illegal(letter) => command.usage(Some(&format!("illegal -{letter} value")), USAGE),
            Wrong::Message(text, status) => {
                command.complain(&text);
                status
            }
        };
    }
    let changes = changes(&collected);
    for_each_job(command, &options.operands, |id| Request::Alter { id, changes: changes.clone() })
}

fn changes(collected: &Collected) -> Vec<Change> {
    let folder = std::env::current_dir().unwrap_or_default();
    let mut changes = Vec::new();
    let mut change = |attribute: &str, resource: Option<&str>, value: String| {
        let (attribute, resource) = (attribute.to_owned(), resource.map(str::to_owned));
        changes.push(Change { attribute, resource, value });
    };
    for (letter, value) in &collected.values {
        let value = value.clone();
        match letter {
            'a' => {
                if let Some(time) = parse_date_time(&value) {
                    change("Execution_Time", None, time.to_string());
                }
            }
            'A' => change("Account_Name", None, value),
            'c' => change("Checkpoint", None, value),
            'e' => change("Error_Path", None, whole_path(&value, &folder)),
            'h' => change("Hold_Types", None, value),
            'j' => change("Join_Path", None, value),
            'k' => change("Keep_Files", None, value),
            'm' => change("Mail_Points", None, value),
            'M' => change("Mail_Users", None, value),
            'N' => change("Job_Name", None, value),
            'o' => change("Output_Path", None, whole_path(&value, &folder)),
            'p' => change("Priority", None, value),
            'P' => change("project", None, value),
            'r' => change("Rerunable", None, value),
            'R' => change("Remove_Files", None, value),
            'S' => change("Shell_Path_List", None, value),
            'u' => change("User_List", None, value),
            _ => {}
        }
    }
    for (name, value) in &collected.resources {
        change("Resource_List", Some(name), value.clone());
    }
    for (name, value) in &collected.attributes {
        change(name, None, value.clone());
    }
    changes
}
