//! `qsub`

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use super::qsub_options::{Collected, Wrong, check_name, whole_path};
use super::time::parse_date_time;
use super::{CommandContext, Connection, Failure, directives, eprint_line, parse, say, variables};
use crate::protocol::{JobTarget, Reply, Request};
use crate::site::submission::Submission;

const LETTERS: &str = "a:A:c:C:e:fGhIj:J:k:l:m:M:N:o:p:P:q:r:R:S:u:v:VW:Xz";

const USAGE: &str = "usage: qsub [-a date_time] [-A account_string] [-c interval]
	[-C directive_prefix] [-e path] [-f ] [-h ] [-I [-X]] [-j oe|eo] [-J X-Y[:Z]]
	[-k keep] [-l resource_list] [-m mail_options] [-M user_list]
	[-N jobname] [-o path] [-p priority] [-P project] [-q queue] [-r y|n]
	[-R o|e|oe] [-S path] [-u user_list] [-W otherattributes=value...]
	[-v variable_list] [-V ] [-z] [script | -- command [arg1 ...]]
       qsub --version";

pub(super) fn run(command: &CommandContext, arguments: &[String]) -> i32 {
    let server = command.server();
    let options = parse(arguments, LETTERS);
    if !options.wrong.is_empty() {
        for wrong in &options.wrong {
            command.complain(wrong);
        }
        return command.usage(None, USAGE);
    }
    let mut collected = Collected::default();
    if let Err(wrong) = collected.add(&options.given, &server) {
        return report(command, &wrong);
    }
    if options.operands.len() > 1 {
        return command.usage(None, USAGE);
    }
    if options.has('I') {
        eprint_line("qsub:\tstandard input and output must be a terminal for\n\tinteractive job submission");
        return 1;
    }
    let executable = options.after_dashes.clone().unwrap_or_default();
    let script_path = options.operands.first().map(String::as_str).filter(|path| *path != "-");
    let script = if executable.is_empty() {
        match read_script(script_path) {
            Ok(script) => script,
            Err((text, status)) => {
                command.complain(&text);
                return status;
            }
        }
    } else {
        Vec::new()
    };
    if script.windows(2).any(|pair| pair == b"\r\n") {
        command.complain("script contains cr, lf");
        return 1;
    }
    let prefix = collected.owned('C').unwrap_or_else(|| "#PBS".to_owned());
    for (line, words) in directives::find(&script, &prefix) {
        let options = parse(&words, LETTERS);
        // A directive may be a word that only looks like an option; each letter of it is complained about.
        for wrong in &options.wrong {
            command.complain(wrong);
        }
        let added = collected.add(&options.given, &server);
        if !options.wrong.is_empty() || added.is_err() || options.after_dashes.is_some() {
            if let Err(Wrong::Illegal(letter)) = added {
                command.complain(&format!("illegal -{letter} value"));
            }
            command.complain(&format!("directive error: {line} "));
            return 1;
        }
    }
    match submission(&collected, script_path, script, executable, arguments) {
        Ok(submission) => submit(command, &collected, submission),
        Err(wrong) => report(command, &wrong),
    }
}

fn report(command: &CommandContext, wrong: &Wrong) -> i32 {
    match wrong {
        Wrong::Illegal(letter) => command.usage(Some(&format!("illegal -{letter} value")), USAGE),
        Wrong::Message(text, status) => {
            if text.starts_with("Failed to recv") {
                eprint_line(text);
            } else {
                command.complain(text);
            }
            *status
        }
    }
}

fn read_script(path: Option<&str>) -> Result<Vec<u8>, (String, i32)> {
    let mut script = Vec::new();
    let Some(path) = path else {
        io::stdin().lock().read_to_end(&mut script).map_err(|_| ("cannot read script".to_owned(), 3))?;
        return Ok(script);
    };
    let kind = std::fs::metadata(path).map_err(|error| (format!("script file:: {}", os_text(&error)), 1))?;
    if !kind.is_file() {
        return Err(("script not a file".to_owned(), 1));
    }
    std::fs::read(path).map_err(|error| (format!("opening script file:: {}", os_text(&error)), 8))
}

/// The text of an error without the number that Rust adds.
fn os_text(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

fn submission(
    collected: &Collected,
    script_path: Option<&str>,
    script: Vec<u8>,
    executable: Vec<String>,
    arguments: &[String],
) -> Result<Submission, Wrong> {
    collected.check_shape()?;
    let folder = std::env::current_dir()
        .map_err(|_| Wrong::Message("Failed to recv data from background qsub".to_owned(), 255))?;
    let name = match (collected.owned('N'), script_path) {
        (Some(name), _) => name,
        (None, Some(path)) => {
            let file = Path::new(path).file_name().map(|n| n.to_string_lossy().into_owned());
            let name = file.unwrap_or_else(|| "STDIN".to_owned());
            check_name(&name)?;
            name
        }
        (None, None) => "STDIN".to_owned(),
    };
    let known = ["depend", "umask", "block"];
    let other = collected.attributes.iter().filter(|(name, _)| !known.contains(&name.as_str()));
    let value = |letter: char, default: &str| collected.value(letter).unwrap_or(default).to_owned();
    let hold = collected.values.get(&'h').map(|letters| if letters.is_empty() { "u" } else { letters });
    let environment = |name: &str| std::env::var(name).ok();
    Ok(Submission {
        name,
        queue: collected.owned('q'),
        resources: collected.resources.clone(),
        script,
        executable,
        variables: user_variables(collected)?,
        origin: origin(&folder),
        output_path: collected.value('o').map(|path| whole_path(path, &folder)),
        error_path: collected.value('e').map(|path| whole_path(path, &folder)),
        working_directory: folder.to_string_lossy().into_owned(),
        home: environment("HOME").unwrap_or_else(|| "/".to_owned()),
        shell: environment("SHELL").unwrap_or_else(|| "/bin/sh".to_owned()),
        join: value('j', "n"),
        keep: value('k', "n"),
        remove: collected.owned('R'),
        holds: hold.map(|letters| letters.replace('n', "")).unwrap_or_default(),
        mail_points: value('m', "a"),
        mail_users: collected.owned('M'),
        account: collected.owned('A'),
        project: collected.owned('P'),
        priority: collected.value('p').and_then(|p| p.parse().ok()).unwrap_or(0),
        rerunable: collected.value('r') != Some("n"),
        checkpoint: value('c', "u"),
        execution_time: collected.value('a').and_then(parse_date_time),
        array: collected.owned('J'),
        shell_path: collected.owned('S'),
        user_list: collected.owned('u'),
        depend: collected.attribute("depend").map(str::to_owned),
        umask: collected.attribute("umask").map(str::to_owned),
        other: other.cloned().collect(),
        submit_arguments: arguments.join(" "),
        submit_host: String::new(),
    })
}

/// The variables that tell the job where it came from.
fn origin(folder: &Path) -> Vec<(String, String)> {
    let mut origin = Vec::new();
    for name in ["HOME", "LANG", "LOGNAME", "PATH", "MAIL", "SHELL", "TZ"] {
        if let Ok(value) = std::env::var(name) {
            origin.push((format!("PBS_O_{name}"), value));
        }
    }
    for (name, value) in [
        ("PBS_O_INTERACTIVE_AUTH_METHOD", "resvport"),
        ("PBS_O_INTERACTIVE_ENCRYPT_METHOD", ""),
        ("PBS_O_WORKDIR", &folder.to_string_lossy()),
        ("PBS_O_SYSTEM", "Linux"),
    ] {
        origin.push((name.to_owned(), value.to_owned()));
    }
    origin
}

fn user_variables(collected: &Collected) -> Result<Vec<(String, String)>, Wrong> {
    let refused = |_| Wrong::Message("cannot send environment with the job".to_owned(), 1);
    let mut list = match collected.value('v') {
        Some(list) => variables::parse(list, |name| std::env::var(name).ok()).map_err(refused)?,
        None => Vec::new(),
    };
    if collected.values.contains_key(&'V') {
        for (name, value) in std::env::vars_os() {
            let (name, value) = (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned());
            if !list.iter().any(|(known, _)| *known == name) {
                list.push((name, value));
            }
        }
    }
    Ok(list)
}

fn submit(command: &CommandContext, collected: &Collected, mut submission: Submission) -> i32 {
    let server = command.server();
    if let Some((queue, other)) = submission.queue.clone().as_deref().and_then(|q| q.split_once('@')) {
        if other != server {
            eprint_line("Unknown Host.");
            command.complain(&format!("cannot connect to server {server} (errno=15008)"));
            return 160;
        }
        submission.queue = Some(queue.to_owned()).filter(|queue| !queue.is_empty());
    }
    submission.submit_host.clone_from(&server);
    let Ok(mut connection) = command.connect() else { return command.report_down() };
    let id = match connection.ask(Request::Submit(Box::new(submission))) {
        Ok(Reply::Submitted(id)) => id,
        Ok(_) => return 0,
        Err(Failure::Down) => return command.report_down(),
        Err(Failure::Refused(refusal)) => {
            command.complain(&refusal.text);
            return refusal.exit_status();
        }
    };
    if !collected.values.contains_key(&'z') {
        say(&id);
    }
    if collected.attribute("block") == Some("true") {
        return wait_for_end(&mut connection, &id);
    }
    0
}

/// `-W block=true`: the status of the job, as far as it can be seen.
fn wait_for_end(connection: &mut Connection<'_>, id: &str) -> i32 {
    let mut status = 0;
    loop {
        let target = JobTarget::Id(id.to_owned());
        let Ok(Reply::Items(items)) =
            connection.ask(Request::JobStatus { target, history: true, subjobs: false })
        else {
            return status;
        };
        let Some(job) = items.first() else { return status };
        status = job.get("Exit_status").and_then(|s| s.parse().ok()).unwrap_or(status);
        if job.get("job_state") == Some("F") {
            return status;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
