//! `qselect`: the ids of the jobs that fit.

use super::{CommandContext, Failure, parse, say};
use crate::protocol::{Item, JobTarget, Reply, Request};
use crate::site::resources::{check_value, compare};

const USAGE: &str = "usage: qselect [-a [op]date_time] [-A account_string] [-c [op]interval]
	[-h hold_list] [-H] [-J] [-l resource_list] [-N name] [-p [op]priority]
	[-q destination] [-r y|n] [-s states] [-t subopt[op]date_time] [-T] [-P project_name]
	[-x] [-u user_name]
       qselect --version";

pub(super) fn run(command: &CommandContext, arguments: &[String]) -> i32 {
    let options = parse(arguments, "a:A:c:h:HJl:N:p:q:r:s:t:TP:xu:");
    if !options.wrong.is_empty() || !options.operands.is_empty() {
        for wrong in &options.wrong {
            command.complain(wrong);
        }
        return command.usage(None, USAGE);
    }
    if options.value('s').is_some_and(|s| s.is_empty() || !s.chars().all(|c| "BEFHMQRSTUWX".contains(c))) {
        return command.usage(Some("illegal -s value"), USAGE);
    }
    let mut wanted = Vec::new();
    for (_, list) in options.given.iter().filter(|(letter, _)| *letter == 'l') {
        for part in list.split(',') {
            let Some(condition) = Condition::read(part) else {
                command.complain("illegal -l value");
                super::eprint_line(&format!("resource_list: {part}"));
                return command.usage(None, USAGE);
            };
            if let Err(refusal) = check_value(&condition.name, &condition.value) {
                command.complain(&refusal.text);
                return refusal.exit_status();
            }
            wanted.push(condition);
        }
    }
    let priority = match options.value('p').map(|text| Condition::read(&format!("p{}", with_operator(text))))
    {
        Some(None) => return command.usage(Some("illegal -p value"), USAGE),
        Some(condition) => condition,
        None => None,
    };
    let created = match options.value('t').map(read_time) {
        Some(None) => return command.usage(Some("illegal -t value"), USAGE),
        Some(condition) => condition,
        None => None,
    };
    let users: Option<Vec<String>> = options
        .value('u')
        .map(|list| list.split(',').map(|user| user.split('@').next().unwrap_or(user).to_owned()).collect());
    let target = match (options.value('q'), &users) {
        (Some(queue), _) => JobTarget::Queue(queue.split('@').next().unwrap_or(queue).to_owned()),
        // The server chooses, as OpenPBS' own does: one user's jobs are few among tens of thousands.
        (None, Some(users)) => JobTarget::Owners(users.clone()),
        (None, None) => JobTarget::All,
    };
    let history = options.has('x') || options.has('H');
    let Ok(mut connection) = command.connect() else { return command.report_down() };
    let items = match connection.ask(Request::JobStatus { target, history, subjobs: options.has('T') }) {
        Ok(Reply::Items(items)) => items,
        Ok(_) => Vec::new(),
        Err(Failure::Down) => return command.report_down(),
        Err(Failure::Refused(refusal)) => {
            command.complain(&format!("{} destination", refusal.text));
            return refusal.exit_status();
        }
    };
    let is = |item: &Item, letter: char, attribute: &str| {
        options.value(letter).is_none_or(|value| item.get(attribute).unwrap_or("n") == value)
    };
    for item in &items {
        let state = item.get("job_state").unwrap_or_default();
        let owner = item.get("Job_Owner").and_then(|o| o.split('@').next()).unwrap_or_default();
        let fits = users.as_ref().is_none_or(|users| users.iter().any(|user| user == owner))
            && options.value('s').is_none_or(|states| states.contains(state))
            && is(item, 'N', "Job_Name")
            && is(item, 'A', "Account_Name")
            && is(item, 'P', "project")
            && options.value('h').is_none_or(|h| {
                let holds = item.get("Hold_Types").unwrap_or("n");
                h.chars().all(|c| holds.contains(c))
            })
            && options.value('r').is_none_or(|r| (r == "y") == (item.get("Rerunable") == Some("True")))
            && (!options.has('H') || state == "F")
            && (!options.has('J') || item.get("array").is_some())
            && (!options.has('T') || item.get("array").is_none())
            && priority.as_ref().is_none_or(|p| {
                let value = item.get("Priority").and_then(|v| v.parse::<i64>().ok());
                value.zip(p.value.parse().ok()).is_some_and(|(left, right)| p.holds(left.cmp(&right)))
            })
            && created.as_ref().is_none_or(|condition| {
                let value = item.get("ctime").and_then(|seconds| seconds.parse::<i64>().ok());
                value
                    .zip(condition.value.parse().ok())
                    .is_some_and(|(left, right)| condition.holds(left.cmp(&right)))
            })
            && wanted.iter().all(|condition| {
                let value = item.resource("Resource_List", &condition.name);
                let order = value.and_then(|value| compare(&condition.name, value, &condition.value));
                order.is_some_and(|order| condition.holds(order))
            });
        if fits {
            say(&item.name);
        }
    }
    0
}

/// `c.ge.202611222045`: created at that time or later; other times than that of creation are not played.
fn read_time(text: &str) -> Option<Condition> {
    let mut condition = Condition::read(&format!("c{}", with_operator(text.strip_prefix('c')?)))?;
    condition.value = super::time::parse_date_time(&condition.value)?.to_string();
    Some(condition)
}

/// `.gt.5` as it is, `5` as `.eq.5`.
fn with_operator(text: &str) -> String {
    if text.starts_with('.') { text.to_owned() } else { format!(".eq.{text}") }
}

/// `name.OP.value` or `name=value`.
struct Condition {
    name: String,
    operator: String,
    value: String,
}

impl Condition {
    fn read(text: &str) -> Option<Self> {
        for operator in ["eq", "ne", "ge", "gt", "le", "lt"] {
            if let Some((name, value)) = text.split_once(&format!(".{operator}.")) {
                return Some(Self {
                    name: name.to_owned(),
                    operator: operator.to_owned(),
                    value: value.to_owned(),
                });
            }
        }
        let (name, value) = text.split_once('=')?;
        Some(Self { name: name.to_owned(), operator: "eq".to_owned(), value: value.to_owned() })
    }

    fn holds(&self, order: std::cmp::Ordering) -> bool {
        match self.operator.as_str() {
            "ne" => order.is_ne(),
            "ge" => order.is_ge(),
            "gt" => order.is_gt(),
            "le" => order.is_le(),
            "lt" => order.is_lt(),
            _ => order.is_eq(),
        }
    }
}
