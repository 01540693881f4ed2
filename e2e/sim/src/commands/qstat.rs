//! `qstat`

use super::render::{self, Subject};
use super::tables::{self, LongTable};
use super::{CommandContext, Connection, Failure, Options, parse, print_all};
use crate::protocol::{Item, JobTarget, Refusal, Reply, Request};
use crate::site::job_id::JobId;

const USAGE: &str = "usage: 
qstat [-f] [-J] [-p] [-t] [-x] [-E] [-F format | -w] [-D delim] [ job_identifier... | destination... ]
qstat [-a|-i|-r|-H|-T] [-J] [-t] [-u user] [-n] [-s] [-G|-M] [-1] [-w]
	[ job_identifier... | destination... ]
qstat -Q [-f] [-F format] [-D delim] [ destination... ]
qstat -q [-G|-M] [ destination... ]
qstat -B [-f] [-F format] [-D delim] [ server_name... ]
qstat --version";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Dsv,
    Json,
}

pub(super) fn run(command: &CommandContext, arguments: &[String]) -> i32 {
    let options = parse(arguments, "aBD:EfF:GHiJMnpQqrsTtu:wx1");
    if !options.wrong.is_empty() {
        for wrong in &options.wrong {
            command.complain(wrong);
        }
        return command.usage(None, USAGE);
    }
    let format = match options.value('F') {
        None | Some("default") => Format::Text,
        Some("dsv") => Format::Dsv,
        Some("json") => Format::Json,
        Some(_) => return command.usage(None, USAGE),
    };
    let full = options.has('f');
    let conflict = (format != Format::Text && !full)
        || (full && ['a', 'i', 'r', 'u', 'n', 's', 'H', 'T', '1'].iter().any(|o| options.has(*o)))
        || (options.has('Q') && options.has('B'));
    if conflict {
        return command.usage(Some("conflicting options."), USAGE);
    }
    let mut listing =
        Listing { command, options: &options, format, items: Vec::new(), status: 0, said: false };
    let subject = if options.has('Q') {
        Subject::Queue
    } else if options.has('B') {
        Subject::Server
    } else {
        Subject::Job
    };
    match command.connect() {
        Ok(mut connection) => listing.collect(subject, &mut connection),
        Err(_) => listing.down(),
    }
    listing.print(subject);
    listing.status
}

struct Listing<'a> {
    command: &'a CommandContext,
    options: &'a Options,
    format: Format,
    items: Vec<Item>,
    status: i32,
    /// Something was printed as an error about the server as a whole.
    said: bool,
}

impl Listing<'_> {
    fn down(&mut self) {
        self.said = true;
        self.status = self.command.report_down();
    }

    fn collect(&mut self, subject: Subject, connection: &mut Connection<'_>) {
        let operands = &self.options.operands;
        match subject {
            Subject::Server => {
                let server = self.command.server();
                if let Some(other) = operands.iter().find(|name| **name != server) {
                    super::eprint_line("Unknown Host.");
                    self.command.complain(&format!("cannot connect to server {other} (errno=15008)"));
                    self.status = 255;
                    return;
                }
                self.ask(connection, Request::ServerStatus, "");
            }
            Subject::Queue if operands.is_empty() => {
                self.ask(connection, Request::QueueStatus { queue: None }, "");
            }
            Subject::Queue => {
                for queue in operands {
                    let name = queue.split('@').next().unwrap_or(queue);
                    self.ask(connection, Request::QueueStatus { queue: Some(name.to_owned()) }, name);
                }
            }
            Subject::Job => self.collect_jobs(connection),
        }
    }

    fn collect_jobs(&mut self, connection: &mut Connection<'_>) {
        let history = self.options.has('x') || self.options.has('H');
        let subjobs = self.options.has('t');
        if history && !self.history_is_kept(connection) {
            self.command.complain("PBS is not configured to maintain job history ");
            if self.options.operands.is_empty() {
                return;
            }
        }
        let server = self.command.server();
        if self.options.operands.is_empty() {
            self.ask(connection, Request::JobStatus { target: JobTarget::All, history, subjobs }, "");
            return;
        }
        for operand in &self.options.operands {
            let starts_with_digit = operand.bytes().next().is_some_and(|b| b.is_ascii_digit());
            let target = if JobId::parse(operand, &server).is_some() {
                JobTarget::Id(operand.clone())
            } else if starts_with_digit {
                self.command.complain(&format!("illegally formed job identifier: {operand}"));
                self.status = 1;
                continue;
            } else {
                JobTarget::Queue(operand.split('@').next().unwrap_or(operand).to_owned())
            };
            self.ask(connection, Request::JobStatus { target, history, subjobs }, operand);
            // The recorded writer of JSON prints what the first id gave and no more.
            if self.format == Format::Json && !self.items.is_empty() {
                self.status_of_the_rest(connection, operand, history, subjobs);
                return;
            }
        }
    }

    /// The other ids of a JSON listing: asked for their errors only.
    fn status_of_the_rest(
        &mut self,
        connection: &mut Connection<'_>,
        done: &str,
        history: bool,
        subjobs: bool,
    ) {
        let shown = self.items.len();
        let server = self.command.server();
        for operand in self.options.operands.iter().skip_while(|o| *o != done).skip(1) {
            if JobId::parse(operand, &server).is_some() {
                let target = JobTarget::Id(operand.clone());
                self.ask(connection, Request::JobStatus { target, history, subjobs }, operand);
            }
        }
        self.items.truncate(shown);
    }

    fn history_is_kept(&self, connection: &mut Connection<'_>) -> bool {
        match connection.ask(Request::ServerStatus) {
            Ok(Reply::Items(items)) => items.iter().any(|s| s.get("job_history_enable") == Some("True")),
            Ok(_) | Err(_) => true,
        }
    }

    fn ask(&mut self, connection: &mut Connection<'_>, request: Request, operand: &str) {
        let is_job = matches!(request, Request::JobStatus { target: JobTarget::Id(_), .. });
        let is_destination = matches!(request, Request::JobStatus { target: JobTarget::Queue(_), .. });
        match connection.ask(request) {
            Ok(Reply::Items(items)) => self.items.extend(items),
            Ok(_) => {}
            Err(Failure::Down) if self.said => {}
            Err(Failure::Down) => self.down(),
            Err(Failure::Refused(refusal)) => {
                self.status = refusal.exit_status();
                let message = self.message(&refusal, operand, is_job, is_destination);
                self.command.complain(&message);
            }
        }
    }

    fn message(&self, refusal: &Refusal, operand: &str, is_job: bool, is_destination: bool) -> String {
        let id = JobId::shown(operand, &self.command.server());
        match refusal.code {
            15139 => format!("{id} Job has finished, use -x or -H to obtain historical job information"),
            _ if is_job => format!("{} {id}", refusal.text),
            _ if is_destination => format!("{} destination {operand}", refusal.text),
            _ => format!("{} {operand}", refusal.text),
        }
    }

    fn print(&mut self, subject: Subject) {
        let server = self.command.server();
        if subject == Subject::Job {
            self.filter();
        }
        let long = ['a', 'i', 'r', 'u', 'n', 's', 'H', 'T', '1'].iter().any(|o| self.options.has(*o));
        let wide = self.options.has('w');
        let full = self.options.has('f');
        let out = match (self.format, subject) {
            (Format::Json, _) => render::json(subject, &server, &self.items),
            (Format::Dsv, _) => {
                let delimiter = self.options.value('D').unwrap_or("|");
                self.items.iter().map(|item| render::dsv(subject, item, delimiter)).collect()
            }
            (Format::Text, _) if full => {
                self.items.iter().map(|item| render::text(subject, item, wide)).collect()
            }
            (Format::Text, _) if self.items.is_empty() => String::new(),
            (Format::Text, Subject::Queue) => tables::queues(&self.items),
            (Format::Text, Subject::Server) => tables::servers(&self.items),
            (Format::Text, Subject::Job) if long => {
                let table = LongTable {
                    wide,
                    nodes: self.options.has('n'),
                    comments: self.options.has('s'),
                    one_line: self.options.has('1'),
                };
                tables::long_jobs(&server, &self.items, table)
            }
            (Format::Text, Subject::Job) => tables::jobs(&self.items, wide),
        };
        print_all(out.as_bytes());
    }

    fn filter(&mut self) {
        let options = self.options;
        let users: Vec<&str> = options
            .value('u')
            .map(|list| list.split(',').map(|u| u.split('@').next().unwrap_or(u)).collect())
            .unwrap_or_default();
        let state = |item: &Item, letters: &str| item.get("job_state").is_some_and(|s| letters.contains(s));
        self.items.retain(|item| {
            let owner = item.get("Job_Owner").and_then(|o| o.split('@').next()).unwrap_or_default();
            (users.is_empty() || users.contains(&owner))
                && (!options.has('r') || state(item, "RS"))
                && (!options.has('i') || state(item, "QHWT"))
                && (!options.has('H') || state(item, "F"))
                && (!options.has('J') || options.has('t') || item.get("array").is_some())
                && (!options.has('J') || !options.has('t') || item.get("array_id").is_some())
        });
    }
}
