//! Jobs, queues, nodes and the server as the lists of attributes that OpenPBS gives, in its order.

use super::Site;
use super::job::{Array, Job, Run, State, format_indices};
use super::node::{Node, Room};
use super::queue::Queue;
use super::resources::format_duration;
use crate::protocol::{Attribute, Item};

struct List(Vec<Attribute>);

impl List {
    fn add(&mut self, name: &str, value: impl ToString) {
        self.0.push(Attribute { name: name.to_owned(), resource: None, value: value.to_string() });
    }

    fn maybe(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    fn resource(&mut self, name: &str, resource: &str, value: impl ToString) {
        self.0.push(Attribute {
            name: name.to_owned(),
            resource: Some(resource.to_owned()),
            value: value.to_string(),
        });
    }
}

/// What a listing looks at once for all of its jobs.
pub(crate) struct Moment<'a> {
    pub(crate) now_ms: i64,
    /// The jobs that wait for others.
    waiting: Vec<&'a Job>,
}

impl Site {
    /// The site as it is now.
    pub(crate) fn moment(&self, now_ms: i64) -> Moment<'_> {
        Moment { now_ms, waiting: self.jobs.values().filter(|job| !job.depends.is_empty()).collect() }
    }

    /// A job or array as `qstat -f` shows it.
    pub(crate) fn job_item(&self, job: &Job, moment: &Moment<'_>) -> Item {
        self.item(job, None, &job.run, moment)
    }

    /// A subjob as `qstat -f` shows it.
    pub(crate) fn subjob_item(&self, job: &Job, index: u32, run: &Run, moment: &Moment<'_>) -> Item {
        self.item(job, Some(index), run, moment)
    }

    fn item(&self, job: &Job, index: Option<u32>, run: &Run, moment: &Moment<'_>) -> Item {
        let mut list = List(Vec::with_capacity(64));
        // A subjob that never ran shows what its array shows, cut short.
        let queued_subjob = index.is_some() && run.state == State::Queued && run.run_count == 0;
        let mut of_array = job.run.clone();
        of_array.set(run.state, run.substate, job.run.mtime);
        let run = if queued_subjob { &of_array } else { run };
        let is_array = job.array.is_some() && (index.is_none() || queued_subjob);
        let shown_whole = index.is_none() || queued_subjob;
        list.add("Job_Name", &job.name);
        list.add("Job_Owner", format!("{}@{}", job.owner, job.submit_host));
        if !is_array && run.started_ms.is_some() && (run.session.is_some() || run.exit_status.is_some()) {
            resources_used(&mut list, job, run, moment.now_ms);
        }
        list.add("job_state", run.state.letter());
        list.add("queue", &job.queue);
        list.add("server", &self.name);
        list.maybe("Account_Name", job.account.as_ref());
        if shown_whole {
            list.add("Checkpoint", &job.checkpoint);
        }
        list.add("ctime", job.ctime);
        if shown_whole {
            list.maybe("depend", self.depend_text(job, &moment.waiting));
        }
        let indexed = |path: &str| match index {
            Some(index) if !queued_subjob => path.replace("^array_index^", &index.to_string()),
            Some(_) | None => path.to_owned(),
        };
        list.add("Error_Path", indexed(&job.error_path));
        if !run.placements.is_empty() {
            list.add("exec_host", exec_host(run));
            list.add("exec_vnode", exec_vnode(run));
        }
        list.maybe("Execution_Time", job.execution_time.filter(|_| run.state == State::Waiting));
        let other = |name: &str| job.other.iter().find(|(n, _)| n == name).map(|(_, value)| value);
        list.maybe("group_list", other("group_list"));
        if shown_whole {
            list.add("Hold_Types", hold_types(job));
        }
        list.add("Join_Path", &job.join);
        list.add("Keep_Files", &job.keep);
        list.add("Mail_Points", &job.mail_points);
        list.maybe("Mail_Users", job.mail_users.as_ref());
        list.add("mtime", run.mtime);
        list.add("Output_Path", indexed(&job.output_path));
        list.add("Priority", job.priority);
        list.add("qtime", job.ctime);
        list.maybe("Remove_Files", job.remove.as_ref());
        list.add("Rerunable", if job.rerunable { "True" } else { "False" });
        for (name, value) in &job.resources {
            list.resource("Resource_List", name, value);
        }
        list.maybe("stime", run.started_ms.map(|ms| ms / 1000));
        list.maybe("obittime", run.ended.filter(|_| run.started_ms.is_some()));
        list.maybe("session_id", run.session);
        list.maybe("Shell_Path_List", job.shell_path.as_ref());
        list.maybe("User_List", job.user_list.as_ref());
        for name in ["sandbox", "stagein", "stageout"] {
            list.maybe(name, other(name));
        }
        if run.session.is_some() || (run.exit_status.is_some() && !is_array) {
            list.add("jobdir", &job.home);
        }
        list.add("substate", run.substate);
        list.add("Variable_List", variable_list(&job.variables));
        list.maybe("umask", job.umask.as_ref().map(|u| u.trim_start_matches('0')));
        list.maybe("comment", run.comment.as_ref());
        list.maybe("etime", job.etime);
        if run.run_count > 0 && !is_array {
            list.add("run_count", run.run_count);
        }
        list.maybe("Stageout_status", run.stageout);
        list.maybe("Exit_status", run.exit_status);
        if shown_whole {
            list.add("Submit_arguments", &job.submit_arguments);
        }
        if let Some((program, arguments)) = job.executable.split_first() {
            list.add("executable", jsdl("Executable", program));
            list.add("argument_list", arguments.iter().map(|a| jsdl("Argument", a)).collect::<String>());
        }
        let name = match index {
            Some(index) => format!("{}[{index}].{}", job.sequence, self.name),
            None => format!("{}.{}", job.short_id(), self.name),
        };
        if queued_subjob {
            return Item { name, attributes: list.0 };
        }
        match (&job.array, index) {
            (Some(array), None) => array_attributes(&mut list, array),
            (Some(_), Some(index)) => {
                list.add("array_id", format!("{}[].{}", job.sequence, self.name));
                list.add("array_index", index);
            }
            (None, _) => {}
        }
        list.maybe("history_timestamp", run.history_timestamp);
        list.add("project", &job.project);
        list.add("Submit_Host", &job.submit_host);
        Item { name, attributes: list.0 }
    }

    /// `depend`: what the job waits for, and (as `before…`) who waits for it.
    fn depend_text(&self, job: &Job, waiting: &[&Job]) -> Option<String> {
        let mut texts: Vec<String> = Vec::new();
        for dependency in &job.depends {
            texts.push(format!("{}:{}@{}", dependency.kind, dependency.shown, self.name));
        }
        for waiting in waiting {
            for dependency in waiting.depends.iter().filter(|d| d.on == job.sequence) {
                let kind = dependency.kind.replacen("after", "before", 1);
                texts.push(format!("{kind}:{}.{}@{}", waiting.short_id(), self.name, self.name));
            }
        }
        if texts.is_empty() { None } else { Some(texts.join(",")) }
    }

    /// A queue as `qstat -Qf` shows it.
    pub(crate) fn queue_item(&self, queue: &Queue) -> Item {
        let mut list = List(Vec::new());
        let jobs: Vec<&Job> =
            self.jobs.values().filter(|j| j.queue == queue.name && !j.is_finished()).collect();
        list.add("queue_type", if queue.routes.is_empty() { "Execution" } else { "Route" });
        list.add("total_jobs", jobs.len());
        list.add("state_count", state_count(&jobs));
        for (name, value) in &queue.max {
            list.resource("resources_max", name, value);
        }
        for (name, value) in &queue.min {
            list.resource("resources_min", name, value);
        }
        for (name, value) in &queue.default {
            list.resource("resources_default", name, value);
        }
        if !queue.acl_users.is_empty() {
            list.add("acl_user_enable", "True");
            list.add(
                "acl_users",
                queue.acl_users.iter().map(|u| format!("{u}@*")).collect::<Vec<_>>().join(","),
            );
        }
        let (ncpus, nodes) = assigned(&jobs);
        if nodes > 0 {
            list.resource("resources_assigned", "ncpus", ncpus);
            list.resource("resources_assigned", "nodect", nodes);
        }
        list.maybe("max_queued", queue.max_queued.map(|n| format!("[u:PBS_GENERIC={n}]")));
        if !queue.routes.is_empty() {
            list.add("route_destinations", queue.routes.join(","));
        }
        list.add("enabled", if queue.enabled { "True" } else { "False" });
        list.add("started", if queue.started { "True" } else { "False" });
        Item { name: queue.name.clone(), attributes: list.0 }
    }

    /// The server as `qstat -Bf` shows it.
    pub(crate) fn server_item(&self) -> Item {
        let mut list = List(Vec::new());
        let jobs: Vec<&Job> = self.jobs.values().filter(|j| !j.is_finished()).collect();
        let (ncpus, nodes) = assigned(&jobs);
        list.add("server_state", if self.scheduling { "Active" } else { "Idle" });
        list.add("server_host", &self.name);
        list.add("scheduling", if self.scheduling { "True" } else { "False" });
        list.add("total_jobs", self.jobs.len());
        list.add("state_count", state_count(&jobs));
        list.add("default_queue", &self.default_queue);
        list.add("log_events", 511);
        list.add("mailer", "/usr/sbin/sendmail");
        list.add("mail_from", "adm");
        list.add("query_other_jobs", "True");
        list.resource("resources_default", "ncpus", 1);
        list.resource("default_chunk", "ncpus", 1);
        if nodes > 0 {
            list.resource("resources_assigned", "ncpus", ncpus);
            list.resource("resources_assigned", "nodect", nodes);
        }
        list.add("scheduler_iteration", 15);
        list.add("flatuid", "True");
        list.add("resv_enable", "True");
        list.add("node_fail_requeue", 310);
        list.add("max_array_size", self.max_array_size);
        list.add("resend_term_delay", 5);
        list.add("pbs_license_min", 0);
        list.add("pbs_license_max", 2_147_483_647_u32);
        list.add("pbs_license_linger_time", 31_536_000);
        list.add("license_count", "Avail_Global:1000000 Avail_Local:1000000 Used:0 High_Use:0");
        list.add("pbs_version", crate::PBS_VERSION);
        list.add("eligible_time_enable", "False");
        if self.history {
            list.add("job_history_enable", "True");
            list.add("job_history_duration", "24:00:00");
        }
        list.add("max_concurrent_provision", 5);
        list.add("clear_topjob_estimates_enable", "False");
        list.add("max_job_sequence_id", 9_999_999);
        Item { name: self.name.clone(), attributes: list.0 }
    }

    /// A node as `pbsnodes -a` shows it.
    pub(crate) fn node_item(&self, node: &Node, room: &Room) -> Item {
        let mut list = List(Vec::new());
        let taken = room.on(&node.name);
        let used = taken.map_or(0, |taken| taken.ncpus);
        let state = if node.offline {
            "offline"
        } else if used >= node.ncpus {
            "job-busy"
        } else {
            "free"
        };
        list.add("Mom", &node.name);
        list.add("ntype", "PBS");
        list.add("state", state);
        list.add("pcpus", node.ncpus);
        let runs = taken.into_iter().flat_map(|taken| &taken.runs);
        let jobs: Vec<String> = runs.map(|(id, task)| format!("{id}.{}/{task}", self.name)).collect();
        if !jobs.is_empty() {
            list.add("jobs", jobs.join(", "));
        }
        list.resource("resources_available", "arch", "linux");
        list.resource("resources_available", "host", &node.name);
        list.resource("resources_available", "mem", "24684092kb");
        list.resource("resources_available", "ncpus", node.ncpus);
        list.resource("resources_available", "vnode", &node.name);
        for name in ["accelerator_memory", "hbmem", "mem"] {
            list.resource("resources_assigned", name, "0kb");
        }
        list.resource("resources_assigned", "naccelerators", 0);
        list.resource("resources_assigned", "ncpus", used);
        list.resource("resources_assigned", "vmem", "0kb");
        list.maybe("comment", node.comment.as_ref());
        list.add("resv_enable", "True");
        list.add("sharing", "default_shared");
        list.add("license", "l");
        list.add("last_state_change_time", node.state_changed);
        if node.last_used > 0 {
            list.add("last_used_time", node.last_used);
        }
        Item { name: node.name.clone(), attributes: list.0 }
    }
}

fn resources_used(list: &mut List, job: &Job, run: &Run, now_ms: i64) {
    let running = run.started_ms.filter(|_| run.exit_status.is_none());
    let walltime = match running {
        Some(started) => u64::try_from((now_ms - started) / 1000).unwrap_or(0),
        None => run.walltime_used,
    };
    let mut add = |name: &str, value: String| list.resource("resources_used", name, value);
    add("cpupercent", "0".to_owned());
    add("cput", "00:00:00".to_owned());
    add("mem", "0kb".to_owned());
    add("ncpus", job.resources.get("ncpus").cloned().unwrap_or_else(|| "1".to_owned()));
    add("vmem", "0kb".to_owned());
    add("walltime", format_duration(walltime));
}

fn exec_host(run: &Run) -> String {
    let parts = run.placements.iter().map(|p| {
        let times = if p.ncpus > 1 { format!("*{}", p.ncpus) } else { String::new() };
        format!("{}/{}{times}", p.node, p.task)
    });
    parts.collect::<Vec<_>>().join("+")
}

pub(crate) fn exec_vnode(run: &Run) -> String {
    run.placements.iter().map(|p| format!("({}:ncpus={})", p.node, p.ncpus)).collect::<Vec<_>>().join("+")
}

fn hold_types(job: &Job) -> String {
    let mut holds: String = job.holds.iter().filter(|h| **h == 's').collect();
    if holds.is_empty() && !job.depends.is_empty() {
        holds.push('s');
    }
    holds.extend(job.holds.iter().filter(|h| **h != 's').rev());
    if holds.is_empty() { "n".to_owned() } else { holds }
}

/// `Variable_List`: commas and backslashes inside values get a backslash.
fn variable_list(variables: &[(String, String)]) -> String {
    let escape = |value: &str| value.replace('\\', "\\\\").replace(',', "\\,");
    variables.iter().map(|(n, v)| format!("{n}={}", escape(v))).collect::<Vec<_>>().join(",")
}

fn jsdl(element: &str, text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    format!("<jsdl-hpcpa:{element}>{text}</jsdl-hpcpa:{element}>")
}

fn array_attributes(list: &mut List, array: &Array) {
    let count = |wanted: &[State]| array.subjobs.values().filter(|run| wanted.contains(&run.state)).count();
    list.add("array", "True");
    list.add(
        "array_state_count",
        format!(
            "Queued:{} Running:{} Exiting:{} Expired:{}",
            count(&[State::Queued]),
            count(&[State::Running, State::Suspended]),
            count(&[State::Exiting]),
            count(&[State::Expired, State::Finished]),
        ),
    );
    list.add("array_indices_submitted", &array.range);
    let left: Vec<u32> =
        array.subjobs.iter().filter(|(_, run)| run.state == State::Queued).map(|(index, _)| *index).collect();
    list.add("array_indices_remaining", format_indices(&left));
}

fn state_count(jobs: &[&Job]) -> String {
    let mut counts = [0_usize; 7];
    let mut add = |position: usize| {
        if let Some(count) = counts.get_mut(position) {
            *count += 1;
        }
    };
    for job in jobs {
        match job.run.state {
            State::Queued => add(1),
            State::Held => add(2),
            State::Waiting => add(3),
            State::Running | State::Suspended => add(4),
            State::Exiting => add(5),
            State::Begun => {
                add(6);
                for run in job.array.iter().flat_map(|a| a.subjobs.values()) {
                    match run.state {
                        State::Queued => add(1),
                        State::Running | State::Suspended => add(4),
                        State::Exiting => add(5),
                        State::Held | State::Waiting | State::Begun | State::Expired | State::Finished => {}
                    }
                }
            }
            State::Expired | State::Finished => {}
        }
    }
    let names = ["Transit", "Queued", "Held", "Waiting", "Running", "Exiting", "Begun"];
    // The blank at the end is OpenPBS's own.
    names.iter().zip(counts).map(|(name, count)| format!("{name}:{count} ")).collect()
}

fn assigned(jobs: &[&Job]) -> (u32, usize) {
    let mut ncpus = 0;
    let mut nodes = 0;
    for job in jobs {
        let runs = std::iter::once(&job.run).filter(|_| job.array.is_none());
        for run in runs.chain(job.array.iter().flat_map(|a| a.subjobs.values())).filter(|r| r.is_active()) {
            ncpus += run.placements.iter().map(|p| p.ncpus).sum::<u32>();
            nodes += run.placements.len();
        }
    }
    (ncpus, nodes)
}
