//! Taking a submission: every check of the server, then the job.

use std::collections::{BTreeMap, BTreeSet};

use super::job::{Array, Job, Run, format_indices, parse_range};
use super::resources::{check_value, complete};
use super::submission::Submission;
use super::{Accepted, Site, refusal};
use crate::protocol::Refusal;

impl Site {
    /// Accepts or refuses a submission; an accepted one has its id.
    ///
    /// # Errors
    /// The server's refusal. A sequence number is used up all the same, as OpenPBS does.
    pub(crate) fn submit(&mut self, user: &str, asked: Submission, now: i64) -> Result<String, Refusal> {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let job = self.make_job(sequence, user, asked, now)?;
        let id = format!("{}.{}", job.short_id(), self.name);
        self.accepted.push(Accepted {
            id: id.clone(),
            name: job.name.clone(),
            owner: job.owner.clone(),
            queue: job.queue.clone(),
            variables: job.variables.clone(),
        });
        self.jobs.insert(sequence, job);
        self.resolve_dependencies_of(sequence, now);
        self.settle(sequence, now);
        Ok(id)
    }

    fn make_job(&self, sequence: u64, user: &str, asked: Submission, now: i64) -> Result<Job, Refusal> {
        let wanted_queue = asked.queue.clone().unwrap_or_else(|| self.default_queue.clone());
        if asked.user_list.as_deref().is_some_and(|list| list.split('@').next() != Some(user)) {
            return Err(refusal::bad_uid());
        }
        if asked.project.as_deref().is_some_and(|p| p.contains([' ', '+', '/', '[', ']'])) {
            return Err(refusal::illegal_value("project"));
        }
        let mut checked = BTreeMap::new();
        for (name, value) in &asked.resources {
            checked.insert(name.clone(), check_value(name, value)?);
        }
        let queue = self.queue(&wanted_queue).ok_or_else(refusal::unknown_queue)?;
        if !queue.enabled {
            return Err(refusal::queue_not_enabled());
        }
        if !queue.admits(user) {
            return Err(refusal::unauthorized());
        }
        let candidates = if queue.routes.is_empty() {
            vec![queue]
        } else {
            queue.routes.iter().filter_map(|name| self.queue(name)).filter(|q| q.enabled).collect()
        };
        let mut refused = refusal::over_limits();
        let mut taken = None;
        for candidate in candidates {
            let mut wants = checked.clone();
            candidate.apply_defaults(&mut wants);
            let list = complete(&wants)?;
            match candidate.check_limits(&list) {
                Ok(()) => {
                    taken = Some((candidate, list));
                    break;
                }
                Err(reason) => refused = reason,
            }
        }
        let (queue, resources) = taken.ok_or(refused)?;
        if let Some(limit) = queue.max_queued {
            let owned = |job: &&Job| job.owner == user && job.queue == queue.name && !job.is_finished();
            if self.jobs.values().filter(owned).count() >= usize::try_from(limit).unwrap_or(usize::MAX) {
                return Err(refusal::too_many_queued("generic"));
            }
        }
        let array = match &asked.array {
            None => None,
            Some(range) => {
                let indices = parse_range(range).ok_or_else(refusal::invalid_request)?;
                if indices.len() > self.max_array_size {
                    return Err(refusal::array_too_big());
                }
                Some(Array {
                    range: format_indices(&indices),
                    subjobs: indices.into_iter().map(|index| (index, Run::new(now))).collect(),
                })
            }
        };
        let depends = self.read_dependencies(asked.depend.as_deref())?;
        let suffix = if array.is_some() { ".^array_index^" } else { "" };
        let default_path = |letter: char| {
            format!(
                "{}:{}/{}.{letter}{sequence}{suffix}",
                self.name,
                asked.working_directory.trim_end_matches('/'),
                asked.name
            )
        };
        // A place given without host is on the host of qsub, which is the server's here.
        let placed = |path: &Option<String>, letter: char| match path {
            None => default_path(letter),
            Some(path) if path.starts_with('/') => format!("{}:{path}", self.name),
            Some(path) => path.clone(),
        };
        let mut variables = asked.origin.clone();
        variables.extend(asked.variables.clone());
        variables.push(("PBS_O_QUEUE".to_owned(), wanted_queue));
        variables.push(("PBS_O_HOST".to_owned(), self.name.clone()));
        Ok(Job {
            sequence,
            output_path: placed(&asked.output_path, 'o'),
            error_path: placed(&asked.error_path, 'e'),
            name: asked.name,
            owner: user.to_owned(),
            home: asked.home,
            shell: asked.shell,
            queue: queue.name.clone(),
            ctime: now,
            etime: None,
            rank: sequence,
            holds: asked.holds.chars().collect::<BTreeSet<char>>(),
            depends,
            resources,
            variables,
            script: asked.script,
            executable: asked.executable,
            join: asked.join,
            keep: asked.keep,
            remove: asked.remove,
            mail_points: asked.mail_points,
            mail_users: asked.mail_users,
            account: asked.account,
            project: asked.project.unwrap_or_else(|| "_pbs_project_default".to_owned()),
            priority: asked.priority,
            rerunable: asked.rerunable,
            checkpoint: asked.checkpoint,
            execution_time: asked.execution_time,
            shell_path: asked.shell_path,
            user_list: asked.user_list,
            umask: asked.umask,
            other: asked.other,
            moved_to: None,
            submit_arguments: asked.submit_arguments,
            submit_host: self.name.clone(),
            run: Run::new(now),
            array,
        })
    }
}
